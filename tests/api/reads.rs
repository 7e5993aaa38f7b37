//! Reading back: pages, corrections, merges, and answers as known at an earlier time.

use serde_json::{Value, json};

use super::{event, fixture, history};
use crate::support::person;
use crate::support::service::Service;
use care_ledger::domain::stream::StreamName;
use care_ledger::domain::vocabulary::kind::Kind;

#[test]
fn pages_of_the_log_and_of_a_history_hold_everything_once() {
    let (_folder, server) = fixture();
    let events: Vec<Value> = (0..25).map(|n| event(n % 2, &format!("e{n}"))).collect();
    server.send_batch(&events);
    let all = |path: &str, name: &str, join: char| {
        let mut ids = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let cursor = next.map(|next| format!("{join}{name}={next}")).unwrap_or_default();
            let page = server.get(&format!("{path}{cursor}")).json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 4);
            ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match page.get("next") {
                Some(cursor) => next = Some(cursor.as_str().unwrap().to_owned()),
                None => return ids,
            }
        }
    };
    let log = all("/v1/events?limit=4", "after", '&');
    assert_eq!(log, (0..25).map(|n| format!("e{n}")).collect::<Vec<_>>());
    let one = all(&format!("/v1/persons/{}/history?limit=4", person(1)), "cursor", '&');
    assert_eq!(one.len(), 12);
    let named = server.get("/v1/events?source=urn:test&id=e7").json();
    assert_eq!(named["id"], "e7");
    let position = named["position"].as_str().unwrap();
    assert_eq!(server.get("/v1/events?source=urn:test&id=none").status, 404);
    assert_eq!(server.get(&format!("/v1/events/{position}")).json()["id"], "e7");
}

#[test]
fn a_cursor_behind_the_end_of_a_history_is_refused_also_once_the_log_has_grown() {
    let (_folder, lost) = fixture();
    lost.send_batch(&(0..12).map(|n| event(1, &format!("e{n}"))).collect::<Vec<_>>());
    let path = format!("/v1/persons/{}/history", person(1));
    let cursor = lost.get(&format!("{path}?limit=8")).json()["next"].as_str().unwrap().to_owned();
    let (_folder, restored) = fixture();
    restored.send_batch(&(0..8).map(|n| event(1, &format!("e{n}"))).collect::<Vec<_>>());
    for (query, status) in [
        (format!("cursor={cursor}"), 409),
        (format!("cursor={cursor}&type=care.screened"), 409),
        ("type=death.recorded".to_owned(), 200),
    ] {
        let answer = restored.get(&format!("{path}?{query}"));
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
        if status == 409 {
            assert_eq!(answer.json()["type"], "urn:problem-type:careLedger:positionUnknown");
            assert_eq!(answer.json()["issues"][0]["name"], "cursor", "{}", answer.text);
        }
    }
    restored.send(&event(1, "e8"));
    // The cursor shows what was recorded up to its first page, and nothing of later.
    assert_eq!(restored.get(&format!("{path}?cursor={cursor}")).status, 409);
}

#[test]
fn corrections_and_annulments_are_shown_with_what_was_first_told() {
    let (_folder, server) = fixture();
    server.send(&event(1, "a"));
    server.send(&event(1, "b"));
    let before = history(&server, 1)[1]["recordedtime"].as_str().unwrap().to_owned();
    let target = |id: &str| json!({"source": "urn:test", "id": id, "type": "care.screened"});
    let mut correction = event(1, "c");
    correction["type"] = "record.corrected".into();
    correction["data"] = json!({"corrects": target("a"), "reason": "typing",
        "data": {"instrument": "dudit", "needIdentified": false}});
    let mut annulment = event(1, "d");
    annulment["type"] = "record.annulled".into();
    annulment["data"] = json!({"annuls": target("b"), "reason": "duplicate"});
    assert_eq!(server.send_batch(&[correction, annulment]).status, 201);
    let items = history(&server, 1);
    let find = |id: &str| items.iter().find(|item| item["id"] == id).unwrap();
    assert_eq!(find("a")["data"]["instrument"], "dudit");
    assert_eq!(find("a")["original"]["data"]["instrument"], "assist");
    assert_eq!(find("a")["correctedBy"][0]["id"], "c");
    assert_eq!(find("b")["annulledBy"][0]["reason"], "duplicate");
    let path = format!("/v1/persons/{}/history?known={before}", person(1));
    let then = server.get(&path).json();
    assert_eq!(then["items"].as_array().unwrap().len(), 2);
    assert_eq!(then["items"][0]["data"]["instrument"], "assist", "as known before");
}

#[test]
fn merged_persons_are_one_from_the_merge_on() {
    let (_folder, server) = fixture();
    server.send(&event(1, "a"));
    server.send(&event(2, "b"));
    let before = history(&server, 2)[0]["recordedtime"].as_str().unwrap().to_owned();
    let mut merge = event(1, "m");
    merge["type"] = "person.merged".into();
    merge["data"] = json!({"into": person(2), "reason": "samePerson"});
    let merged = server.send(&merge);
    assert_eq!(merged.status, 201);
    let receipt = merged.json()["receipts"][0]["recordedtime"].as_str().unwrap().to_owned();
    assert_eq!(server.send(&merge).status, 200, "a merge is repeated as one event");
    for n in [1, 2] {
        let ids: Vec<_> = history(&server, n).iter().map(|item| item["id"].clone()).collect();
        assert_eq!(ids, ["a", "b", "m"], "person {n}");
        let path = format!("/v1/persons/{}/history?known={before}", person(n));
        assert_eq!(server.get(&path).json()["items"].as_array().unwrap().len(), 1);
    }
    assert_ne!(history(&server, 1)[0]["stream"], history(&server, 1)[1]["stream"]);
    for n in [1, 2] {
        let shown = history(&server, n)[2]["stream"].clone();
        assert_eq!(
            shown,
            StreamName::Person(person(n)).to_string(),
            "the copy in the stream asked for"
        );
        let path = format!("/v1/persons/{}/history?known={receipt}", person(n));
        let items = server.get(&path).json()["items"].as_array().unwrap().len();
        assert_eq!(items, 3, "person {n}, as known with the receipt of the merge");
    }
    let mut unmerge = event(2, "u");
    unmerge["type"] = "person.unmerged".into();
    unmerge["data"] = json!({"from": person(1), "reason": "mistaken"});
    assert_eq!(server.send(&unmerge).status, 201);
    let ids: Vec<_> = history(&server, 1).iter().map(|item| item["id"].clone()).collect();
    assert_eq!(ids, ["a", "m", "u"], "apart again");
}

#[test]
fn a_precondition_of_a_merge_is_about_the_senders_own_stream() {
    let (_folder, server) = fixture();
    server.send(&event(2, "b"));
    let mut merge = event(1, "m");
    merge["type"] = "person.merged".into();
    merge["data"] = json!({"into": person(2), "reason": "samePerson"});
    let kind = ("content-type", "application/cloudevents+json");
    let send = |path: &str, header: (&str, &str)| {
        server.post(path, &[kind, header], merge.to_string().as_bytes()).status
    };
    for (path, good) in [("/v1/events?dryRun=true", 200), ("/v1/events", 201)] {
        assert_eq!(send(path, ("if-match", "\"0\"")), 412, "{path}: the other stream is there");
        assert_eq!(send(path, ("if-none-match", "*")), good, "{path}: its own is new");
    }
}

#[test]
fn a_ledger_that_begins_with_a_merge_opens_again() {
    let (folder, server) = fixture();
    let mut merge = event(1, "m");
    merge["type"] = "person.merged".into();
    merge["data"] = json!({"into": person(2), "reason": "samePerson"});
    assert_eq!(server.send(&merge).status, 201);
    server.stop();
    let server = Service::start(folder.path());
    assert_eq!(server.send(&merge).status, 200, "known for what it is");
}

#[test]
fn a_page_and_a_pinned_answer_say_what_was_known_when_it_was_first_given() {
    let (_folder, server) = fixture();
    server.send_batch(&[event(1, "a"), event(2, "b"), event(2, "c")]);
    let of_kind = |kind: &str, id: &str, data: Value| {
        let mut event = event(1, id);
        event["type"] = kind.into();
        event["data"] = data;
        event
    };
    let merge = of_kind("person.merged", "m", json!({"into": person(2), "reason": "samePerson"}));
    let target = json!({"source": "urn:test", "id": "m", "type": "person.merged"});
    let undo = of_kind("record.annulled", "u", json!({"annuls": target, "reason": "wrongPerson"}));
    let change = of_kind(
        "record.corrected",
        "x",
        json!({"corrects": target, "reason": "wrongId",
        "data": {"into": person(3), "reason": "samePerson"}}),
    );
    assert_eq!(server.send(&merge).status, 201);
    assert_eq!(server.send(&change).status, 422, "a merge is annulled and told anew");
    assert_eq!(server.send(&undo).status, 201);
    let path = format!("/v1/persons/{}/history", person(2));
    let now = server.get(&path).json();
    let known = now["known"].as_str().unwrap();
    let again = server.get(&format!("{path}?known={known}")).json();
    assert_eq!(again["items"], now["items"]);
    let ids: Vec<&Value> = now["items"].as_array().unwrap().iter().map(|i| &i["id"]).collect();
    assert_eq!(ids, ["b", "c", "m"]);
}

#[test]
fn the_contract_and_its_page_are_served() {
    let (_folder, server) = fixture();
    let contract = server.get("/openapi.json").json();
    assert!(contract["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(server.get("/docs/").status, 200);
    assert!(server.get("/metrics").text.contains("care_ledger_log_position"));
    assert_eq!(
        server.get("/v1/schemas").json()["items"].as_array().unwrap().len(),
        Kind::CODES.len()
    );
}

#[test]
fn a_stop_lets_the_next_start_find_everything() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    server.send(&event(1, "a"));
    server.stop();
    let server = Service::start(folder.path());
    assert_eq!(history(&server, 1).len(), 1);
    assert_eq!(server.send(&event(1, "a")).status, 200);
}

#[test]
fn an_answer_says_which_caches_may_keep_it_and_what_its_form_depends_on() {
    let (_folder, server) = fixture();
    server.send(&event(1, "a"));
    let credit = format!("/v1/persons/{}/credit", person(1));
    let rows = [
        (credit.as_str(), Some("no-store"), Some("accept, accept-language")),
        ("/v1/events", Some("no-store"), Some("accept")),
        ("/v1/events/1", Some("no-store"), None),
        ("/v1/events/99", Some("no-store"), None),
        ("/v1/refusals?source=urn:a", Some("no-store"), None),
        ("/v1/schemas", None, None),
    ];
    for (path, cache_control, vary) in rows {
        let answer = server.get(path);
        assert_eq!(answer.header("cache-control"), cache_control, "{path}");
        assert_eq!(answer.header("vary"), vary, "{path}");
    }
}

#[test]
fn a_form_is_chosen_by_what_the_reader_accepts() {
    let (_folder, server) = fixture();
    server.send(&event(1, "a"));
    let credit = format!("/v1/persons/{}/credit", person(1));
    let rows = [
        (credit.as_str(), "text/*", "text/plain; charset=utf-8"),
        (&credit, "application/json;q=0, */*", "text/plain; charset=utf-8"),
        (&credit, "text/plain;q=0, */*", "application/json"),
        ("/v1/events", "text/*", "application/json"),
        ("/v1/events", "text/event-stream;q=0", "application/json"),
        ("/v1/events", "*/*, application/json;q=0", "application/json"),
    ];
    for (path, accept, kind) in rows {
        let answer = server.get_with(path, &[("accept", accept)]);
        assert_eq!(answer.header("content-type"), Some(kind), "{path} {accept}");
    }
}
