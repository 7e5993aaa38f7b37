//! The HTTP contract from outside: each mode, each status, each promise about duplicates.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};
use support::server::Server;
use support::{person, screening};

const TIME: &str = "2026-03-01T10:00:00+01:00";

fn event(n: u32, id: &str) -> Value {
    screening(person(n), "urn:test", id, TIME)
}

fn fixture() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    (folder, server)
}

fn statuses(answer: &Value) -> Vec<&str> {
    answer["receipts"].as_array().unwrap().iter().map(|r| r["status"].as_str().unwrap()).collect()
}

#[test]
fn a_recorded_event_gets_a_receipt_and_again_the_same_one() {
    let (_folder, server) = fixture();
    let first = server.send(&event(1, "a"));
    assert_eq!(first.status, 201, "{}", first.text);
    let receipt = first.json()["receipts"][0].clone();
    assert_eq!(receipt["status"], "recorded");
    assert_eq!(receipt["stream"], person(1).stream());
    assert_eq!(receipt["revision"], 0);
    assert!(receipt["position"].is_string());
    assert_eq!(receipt["commitment"].as_str().unwrap().len(), 64);
    assert_eq!(first.header("etag"), Some("\"0\""));
    let again = server.send(&event(1, "a"));
    assert_eq!(again.status, 200);
    let mut repeated = again.json()["receipts"][0].clone();
    assert_eq!(repeated["status"], "duplicate");
    repeated["status"] = "recorded".into();
    assert_eq!(repeated, receipt, "the first receipt again");
}

#[test]
fn the_same_event_is_a_duplicate_in_every_mode() {
    let (_folder, server) = fixture();
    let sent = event(1, "é/% a");
    assert_eq!(server.send(&sent).status, 201);
    let subject = person(1).to_string();
    let mut headers = vec![
        ("ce-specversion", "1.0"),
        ("ce-id", "%C3%A9/%25%20a"),
        ("ce-source", "urn:test"),
        ("ce-type", "care.screened"),
        ("ce-subject", &subject),
        ("ce-time", TIME),
    ];
    let data = sent["data"].to_string();
    let line = format!("{sent}\n");
    let batch = json!([sent]).to_string();
    let rows: [(&str, Option<&str>, &str); 4] = [
        ("batch", Some("application/cloudevents-batch+json; charset=utf-8"), &batch),
        ("lines", Some("application/x-ndjson"), &line),
        ("binary", Some("application/json"), &data),
        ("structured, members in another order", Some("application/cloudevents+json"), &{
            let mut text = String::from("{");
            let members = sent.as_object().unwrap().iter().rev();
            let members: Vec<_> = members.map(|(n, v)| format!(" \"{n}\" : {v}")).collect();
            text.push_str(&members.join(" , "));
            text + "}"
        }),
    ];
    for (mode, kind, body) in rows {
        if mode == "binary" {
            headers.push(("content-type", kind.unwrap()));
            let answer = server.post("/v1/events", &headers, body.as_bytes());
            assert_eq!((answer.status, statuses(&answer.json())[0]), (200, "duplicate"), "{mode}");
            continue;
        }
        let answer = server.post("/v1/events", &[("content-type", kind.unwrap())], body.as_bytes());
        assert_eq!(answer.status, 200, "{mode}: {}", answer.text);
        assert!(answer.text.contains("\"duplicate\""), "{mode}: {}", answer.text);
    }
    assert_eq!(history(&server, 1).len(), 1);
}

fn history(server: &Server, n: u32) -> Vec<Value> {
    let answer = server.get(&format!("/v1/persons/{}/history", person(n)));
    answer.json()["items"].as_array().unwrap().clone()
}

#[test]
fn binary_mode_without_a_content_type_is_json() {
    let (_folder, server) = fixture();
    let body = json!({"instrument": "assist", "needIdentified": true}).to_string();
    let request = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nce-specversion: 1.0\r\nce-id: a\r\n\
         ce-source: urn:test\r\nce-type: care.screened\r\nce-subject: {}\r\nce-time: {TIME}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        person(1),
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(&server.address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[test]
fn every_refusal_has_its_status_and_type() {
    let (_folder, server) = fixture();
    assert_eq!(server.send(&event(1, "a")).status, 201);
    let one = "application/cloudevents+json";
    let many = "application/cloudevents-batch+json";
    let good = event(2, "b").to_string();
    let mut other = event(1, "a");
    other["data"]["needIdentified"] = false.into();
    let mut wrong = event(2, "c");
    wrong["data"] = json!({"instrument": "ASSIST!", "extra": 1});
    let mut annulled = event(2, "d");
    annulled["type"] = "record.annulled".into();
    annulled["data"] = json!({"annuls": {"source": "urn:other", "id": "x",
        "type": "care.screened"}, "reason": "notOccurred"});
    let both = json!([event(2, "e"), event(3, "f")]).to_string();
    let mut second = event(2, "g");
    second["data"]["needIdentified"] = false.into();
    let twice = json!([event(2, "g"), second]).to_string();
    let none: &[(&str, &str)] = &[];
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], String, u16, &'a str);
    let rows: Vec<Row<'_>> = vec![
        ("broken", one, none, "{\"id\":".into(), 400, "belgif:badRequest"),
        ("name twice", one, none, "{\"id\":1,\"id\":2}".into(), 400, "belgif:badRequest"),
        ("no array", many, none, good.clone(), 400, "belgif:badRequest"),
        ("weak tag", one, &[("if-match", "W/\"0\"")], good.clone(), 400, "belgif:badRequest"),
        ("two tags", one, &[("if-match", "\"0\", \"1\"")], good.clone(), 400, "belgif:badRequest"),
        ("tag star", one, &[("if-match", "*")], good.clone(), 400, "belgif:badRequest"),
        ("none tag", one, &[("if-none-match", "\"1\"")], good.clone(), 400, "belgif:badRequest"),
        ("several", many, &[("if-none-match", "*")], both, 400, "belgif:badRequest"),
        ("reused", one, none, other.to_string(), 409, "careLedger:idReused"),
        ("reused in batch", many, none, twice, 409, "careLedger:idReused"),
        ("revision", one, &[("if-match", "\"0\"")], good.clone(), 412, "careLedger:wrongRevision"),
        ("no tag", one, &[("if-match", "\"x\"")], good.clone(), 412, "careLedger:wrongRevision"),
        (
            "not new",
            one,
            &[("if-none-match", "*")],
            event(1, "n").to_string(),
            412,
            "careLedger:wrongRevision",
        ),
        (
            "large",
            one,
            none,
            format!("{{\"x\":\"{}\"}}", "y".repeat(1 << 20)),
            413,
            "belgif:payloadTooLarge",
        ),
        (
            "many",
            many,
            none,
            format!("[{}]", vec!["{}"; 10_001].join(",")),
            413,
            "belgif:payloadTooLarge",
        ),
        ("plain", "text/plain", none, good.clone(), 415, "careLedger:unsupportedMediaType"),
        (
            "bare json",
            "application/json",
            none,
            good.clone(),
            415,
            "careLedger:unsupportedMediaType",
        ),
        ("invalid", one, none, wrong.to_string(), 422, "careLedger:invalidEvent"),
        ("other source", one, none, annulled.to_string(), 422, "careLedger:otherSource"),
    ];
    for (why, kind, headers, body, status, problem) in rows {
        let headers = [&[("content-type", kind)], headers].concat();
        let answer = server.post("/v1/events", &headers, body.as_bytes());
        assert_eq!(answer.status, status, "{why}: {}", answer.text);
        let json = answer.json();
        assert_eq!(json["type"], format!("urn:problem-type:{problem}"), "{why}");
        assert_eq!(json["status"], status, "{why}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{why}");
        assert!(json["instance"].as_str().unwrap().starts_with("urn:uuid:"), "{why}");
        assert_eq!(server.get(json["href"].as_str().unwrap()).status, 200, "{why}: its page");
    }
    assert_eq!(history(&server, 1).len(), 1, "nothing refused was written");
    assert_eq!(server.get(&format!("/v1/persons/{}/history", person(2))).status, 404);
}

#[test]
fn a_wrong_revision_is_told_with_the_actual_one() {
    let (_folder, server) = fixture();
    server.send_batch(&[event(1, "a"), event(1, "b")]);
    let kind = ("content-type", "application/cloudevents+json");
    let send = |id: &str, tag: &str| {
        let body = event(1, id).to_string();
        server.post("/v1/events", &[kind, ("if-match", tag)], body.as_bytes())
    };
    let refused = send("c", "\"0\"");
    assert_eq!((refused.status, refused.header("etag")), (412, Some("\"1\"")));
    assert_eq!(send("c", "\"1\"").status, 201);
    // The answer was lost and the sender tries again: the duplicate comes before the precondition.
    assert_eq!(send("c", "\"1\"").status, 200);
}

#[test]
fn one_bad_event_among_ten_thousand_writes_nothing_and_is_named() {
    let (_folder, server) = fixture();
    let mut events: Vec<Value> = (0..10_000).map(|n| event(n % 100, &format!("e{n}"))).collect();
    events[7_321]["data"]["instrument"] = "Not a code".into();
    let refused = server.send_batch(&events);
    assert_eq!(refused.status, 422);
    let issues = refused.json()["issues"].as_array().unwrap().clone();
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0]["index"], 7_321);
    assert_eq!(issues[0]["name"], "/data/instrument");
    assert_eq!(server.get("/v1/events").json()["items"], json!([]));
    events[7_321]["data"]["instrument"] = "assist".into();
    assert_eq!(server.send_batch(&events).status, 201);
}

#[test]
fn a_pair_twice_in_a_batch_is_recorded_once() {
    let (_folder, server) = fixture();
    let answer = server.send_batch(&[event(1, "a"), event(1, "b"), event(1, "a")]);
    assert_eq!(answer.status, 201);
    let answer = answer.json();
    assert_eq!(statuses(&answer), ["recorded", "recorded", "duplicate"]);
    assert_eq!(answer["receipts"][0]["position"], answer["receipts"][2]["position"]);
    assert_eq!(server.send_batch(&[]).status, 200);
}

#[test]
fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    let (_folder, server) = fixture();
    server.send(&event(1, "a"));
    let kind = [("content-type", "application/cloudevents-batch+json")];
    let body = json!([event(1, "a"), event(1, "b"), event(1, "b"), event(2, "c")]).to_string();
    let answer = server.post("/v1/events?dryRun=true", &kind, body.as_bytes());
    assert_eq!(answer.status, 200);
    let json = answer.json();
    assert_eq!(statuses(&json), ["duplicate", "recorded", "duplicate", "recorded"]);
    assert_eq!(json["receipts"][1]["revision"], 1);
    assert!(json["receipts"][1].get("position").is_none());
    assert_eq!(server.get("/v1/events").json()["items"].as_array().unwrap().len(), 1);
    let unknown = server.post("/v1/events?dryrun=true", &kind, b"[]");
    assert_eq!((unknown.status, &unknown.json()["issues"][0]["name"]), (400, &json!("dryrun")));
}

#[test]
fn each_line_has_its_answer_and_a_bad_one_does_not_stop_the_rest() {
    let (_folder, server) = fixture();
    server.send(&event(1, "a"));
    let mut reused = event(1, "a");
    reused["data"]["needIdentified"] = false.into();
    let body = [
        event(1, "b").to_string(),
        "{broken".to_owned(),
        String::new(),
        event(1, "a").to_string(),
        reused.to_string(),
        event(1, "c").to_string(),
    ]
    .join("\n");
    let kind = ("content-type", "application/x-ndjson");
    for prefer in ["none", "receipts=stream"] {
        let answer = server.post("/v1/events", &[kind, ("prefer", prefer)], body.as_bytes());
        assert_eq!(answer.status, 200);
        let lines: Vec<Value> =
            answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let first = if prefer == "none" { "recorded" } else { "duplicate" };
        let told: Vec<&str> = lines.iter().map(|l| l["status"].as_str().unwrap()).collect();
        assert_eq!(told, [first, "refused", "refused", "duplicate", "refused", first]);
        let statuses: Vec<Option<u64>> =
            lines.iter().map(|line| line["problem"]["status"].as_u64()).collect();
        assert_eq!(statuses, [None, Some(400), Some(400), None, Some(409), None]);
        assert_eq!(lines[4]["line"], 5);
    }
}

#[test]
fn a_hundred_thousand_lines_from_a_client_that_reads_only_after_it_has_written() {
    let (_folder, server) = fixture();
    let mut stream = std::net::TcpStream::connect(&server.address).unwrap();
    let head = "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    for chunk in 0..100 {
        let lines: Vec<String> =
            (0..1_000).map(|n| format!("{}\n", event(n % 50, &format!("{chunk}-{n}")))).collect();
        let lines = lines.concat();
        stream.write_all(format!("{:x}\r\n{lines}\r\n", lines.len()).as_bytes()).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"));
    let body = joined(answer.split_once("\r\n\r\n").unwrap().1);
    assert_eq!(body.lines().count(), 100_000);
    assert!(body.lines().all(|line| line.ends_with("\"status\":\"recorded\"}")));
}

/// A chunked body, joined (RFC 9112, 7.1).
fn joined(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        body.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    body
}

#[test]
fn reads_have_their_refusals_too() {
    let (_folder, server) = fixture();
    server.send(&event(1, "a"));
    let one = person(1);
    let rows = [
        ("/v1/persons/nobody/history".to_owned(), 400, "person"),
        (format!("/v1/persons/{one}/history?at=yesterday"), 400, "at"),
        (format!("/v1/persons/{one}/history?at=2026-01-01&at=2026-01-02"), 400, "at"),
        (format!("/v1/persons/{one}/history?limit=0"), 400, "limit"),
        (format!("/v1/persons/{one}/history?cursor=x"), 400, "cursor"),
        (format!("/v1/persons/{one}/credit?boundary=some"), 400, "boundary"),
        (format!("/v1/persons/{one}/credit?monthDays=27"), 400, "monthDays"),
        (format!("/v1/persons/{one}/credit?colour=red"), 400, "colour"),
        ("/v1/events?after=first".to_owned(), 400, "after"),
        ("/v1/events?id=a".to_owned(), 400, "source"),
        ("/v1/events/first".to_owned(), 400, "position"),
        ("/health?x=1".to_owned(), 400, "x"),
    ];
    for (path, status, name) in rows {
        let answer = server.get(&path);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.json()["issues"][0]["name"], name, "{path}");
    }
    for path in ["/v1/events/99", "/v1/schemas/no.such", "/errors/none", "/nowhere"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let delete = server.post("/health", &[], b"");
    assert_eq!((delete.status, delete.header("allow").is_some()), (405, true));
    let limit = server.get(&format!("/v1/persons/{one}/history?limit=99999"));
    assert_eq!(limit.status, 200, "a limit over the maximum is clamped");
}

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
    assert_eq!(server.send(&merge).status, 201);
    assert_eq!(server.send(&merge).status, 200, "a merge is repeated as one event");
    for n in [1, 2] {
        let ids: Vec<_> = history(&server, n).iter().map(|item| item["id"].clone()).collect();
        assert_eq!(ids, ["a", "b", "m"], "person {n}");
        let path = format!("/v1/persons/{}/history?known={before}", person(n));
        assert_eq!(server.get(&path).json()["items"].as_array().unwrap().len(), 1);
    }
    assert_ne!(history(&server, 1)[0]["stream"], history(&server, 1)[1]["stream"]);
    let mut unmerge = event(2, "u");
    unmerge["type"] = "person.unmerged".into();
    unmerge["data"] = json!({"from": person(1), "reason": "mistaken"});
    assert_eq!(server.send(&unmerge).status, 201);
    let ids: Vec<_> = history(&server, 1).iter().map(|item| item["id"].clone()).collect();
    assert_eq!(ids, ["a", "m", "u"], "apart again");
}

#[test]
fn the_contract_and_its_page_are_served() {
    let (_folder, server) = fixture();
    let contract = server.get("/openapi.json").json();
    assert!(contract["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(server.get("/docs/").status, 200);
    assert!(server.get("/metrics").text.contains("care_ledger_log_position"));
    assert_eq!(server.get("/v1/schemas").json()["items"].as_array().unwrap().len(), 55);
}

#[test]
fn a_stop_lets_the_next_start_find_everything() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    server.send(&event(1, "a"));
    assert!(server.stop());
    let server = Server::start(folder.path());
    assert_eq!(history(&server, 1).len(), 1);
    assert_eq!(server.send(&event(1, "a")).status, 200);
}

#[test]
fn the_log_says_which_of_two_contents_is_the_duplicate() {
    let (_folder, server) = fixture();
    let told = event(1, "a");
    server.send(&told);
    let mut other = told.clone();
    other["data"]["needIdentified"] = false.into();
    let lines = format!("{other}\n{told}\n");
    let kind = [("content-type", "application/x-ndjson")];
    let answer = server.post("/v1/events", &kind, lines.as_bytes());
    let statuses: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["status"].clone())
        .collect();
    assert_eq!(statuses, ["refused", "duplicate"]);
    for (batch, at_fault) in [
        (vec![other.clone(), told.clone()], vec![0]),
        (vec![other.clone(), other.clone()], vec![0, 1]),
        (vec![event(1, "n"), told, other], vec![2]),
    ] {
        let refused = server.send_batch(&batch);
        let issues = refused.json()["issues"].as_array().unwrap().clone();
        let places: Vec<u64> = issues.iter().map(|i| i["index"].as_u64().unwrap()).collect();
        assert_eq!((refused.status, places), (409, at_fault));
    }
    assert_eq!(history(&server, 1).len(), 1, "nothing else was written");
}

#[test]
fn attributes_mean_the_same_in_every_form() {
    let (_folder, server) = fixture();
    let mut sent = event(1, "a");
    sent["sequence"] = 5.into();
    sent["correlationid"] = Value::Null;
    assert_eq!(server.send(&sent).status, 201, "a null attribute is one left out");
    let subject = person(1).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "\"a\""),
        ("ce-source", "urn:test"),
        ("ce-type", "care.screened"),
        ("ce-subject", &subject),
        ("ce-time", TIME),
        ("ce-sequence", "5"),
    ];
    let again = server.post("/v1/events", &headers, sent["data"].to_string().as_bytes());
    assert_eq!(again.status, 200, "binary mode has only text: {}", again.text);
    let encoded = [headers[0], ("content-encoding", "gzip")];
    assert_eq!(server.post("/v1/events", &encoded, b"{}").status, 415);
}

#[test]
fn a_page_and_a_pinned_answer_say_what_was_known_when_it_was_first_given() {
    let (_folder, server) = fixture();
    server.send_batch(&[event(1, "a"), event(2, "b"), event(2, "c")]);
    let told = |kind: &str, id: &str, data: Value| {
        let mut told = event(1, id);
        told["type"] = kind.into();
        told["data"] = data;
        told
    };
    let merge = told("person.merged", "m", json!({"into": person(2), "reason": "samePerson"}));
    let target = json!({"source": "urn:test", "id": "m", "type": "person.merged"});
    let undo = told("record.annulled", "u", json!({"annuls": target, "reason": "wrongPerson"}));
    let change = told(
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
fn what_is_not_allowed_says_what_is() {
    let (_folder, server) = fixture();
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let agent: ureq::Agent = config.into();
    for (path, allowed) in [("/v1/events", "GET, HEAD, POST"), ("/health", "GET, HEAD")] {
        let answer = agent.delete(format!("{}{path}", server.url)).call().unwrap();
        assert_eq!(answer.status().as_u16(), 405, "{path}");
        let allow = answer.headers()["allow"].to_str().unwrap();
        let mut allow: Vec<&str> = allow.split(',').map(str::trim).collect();
        allow.sort_unstable();
        assert_eq!(allow.join(", "), allowed, "{path}");
    }
    for path in ["/v1/schemas/%ff", "/errors/%ff"] {
        let answer = server.get(path);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
}

#[test]
fn a_flood_of_violations_is_told_in_part() {
    let (_folder, server) = fixture();
    let mut wrong = event(1, "a");
    wrong["data"]["substances"] = vec![json!(0.5); 100_000].into();
    let refused = server.send(&wrong);
    assert_eq!(refused.status, 422);
    assert!(refused.text.len() < 100_000, "{} bytes", refused.text.len());
}
