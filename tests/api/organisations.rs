//! Events about facilities and projects: recorded in streams of their own, shown by the log and the
//! feed, and by no route about persons.

use care_ledger::domain::id::PersonId;
use care_ledger::domain::stream::Stream;
use care_ledger::vault::LedgerKeys;
use serde_json::{Value, json};

use super::{event, fixture, statuses};
use crate::support::client::{Answer, BATCH, Client, LINES, STRUCTURED};
use crate::support::feed::{Feed, position};
use crate::support::service::Service;
use crate::support::{TIME, person};

fn about(subject: &str, id: &str, kind: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:test", "type": kind, "subject": subject,
        "time": TIME, "data": data
    })
}

fn counted(facility: &str, id: &str, present: u32) -> Value {
    let data = json!({"facility": facility, "present": present, "places": 299});
    about(&format!("facility:{facility}"), id, "facility.counted", data)
}

fn ended(project: &str, id: &str) -> Value {
    let data = json!({"project": project, "reason": "replaced"});
    about(&format!("project:{project}"), id, "project.ended", data)
}

/// An annulment in the stream of this subject.
fn annulled(subject: &str, id: &str, target: &str, kind: &str) -> Value {
    let target = json!({"source": "urn:test", "id": target, "type": kind});
    let data = json!({"annuls": target, "reason": "duplicate"});
    about(subject, id, "record.annulled", data)
}

/// Sends an event in a mode.
fn send(server: &Client, mode: &str, event: &Value) -> Answer {
    let kind = |kind| ("content-type", kind);
    match mode {
        "structured" => server.send(event),
        "batch" => server.send_batch(std::slice::from_ref(event)),
        "lines" => server.post("/v1/events", &[kind(LINES)], event.to_string().as_bytes()),
        _ => {
            let members = event.as_object().unwrap().iter();
            let attributes = members.filter_map(|(name, value)| Some((name, value.as_str()?)));
            let attributes: Vec<(String, &str)> =
                attributes.map(|(name, value)| (format!("ce-{name}"), value)).collect();
            let attributes = attributes.iter().map(|(name, value)| (name.as_str(), *value));
            let headers: Vec<_> = attributes.chain([kind("application/json")]).collect();
            server.post("/v1/events", &headers, event["data"].to_string().as_bytes())
        }
    }
}

const MODES: [&str; 4] = ["structured", "binary", "batch", "lines"];

/// The one receipt in an answer to any mode.
fn receipt(answer: &Answer) -> Value {
    let answer = answer.json();
    answer["receipts"].get(0).unwrap_or(&answer).clone()
}

#[test]
fn each_mode_records_into_the_stream_that_the_subject_names_and_knows_a_repetition() {
    let (_folder, server) = fixture();
    for (revision, mode) in (0..).zip(MODES) {
        let sent = counted("gent", mode, 430);
        let first = receipt(&send(&server, mode, &sent));
        assert_eq!((&first["status"], &first["revision"]), (&json!("recorded"), &json!(revision)));
        assert_eq!(first["subject"], "facility:gent", "{mode}");
        assert_eq!(first["stream"], "facility-gent", "{mode}");
        for again in MODES {
            let mut repeated = receipt(&send(&server, again, &sent));
            assert_eq!(repeated["status"], "duplicate", "{mode} {again}");
            repeated["status"] = "recorded".into();
            assert_eq!(repeated, first, "{mode} {again}");
        }
        let other = send(&server, "structured", &counted("gent", mode, 431));
        assert_eq!(other.status, 409, "{mode}: {}", other.text);
        let elsewhere = send(&server, "structured", &counted("brugge", mode, 430));
        assert_eq!(elsewhere.status, 409, "{mode}: {}", elsewhere.text);
    }
}

#[test]
fn a_batch_may_mix_persons_and_organisations_and_a_precondition_is_about_one_stream() {
    let (_folder, server) = fixture();
    let mixed = [event(1, "a"), counted("gent", "b", 430), ended("gent", "c"), event(1, "d")];
    let answer = server.send_batch(&mixed);
    assert_eq!((answer.status, answer.header("etag")), (201, None), "{}", answer.text);
    let receipts = answer.json()["receipts"].clone();
    let places: Vec<_> = receipts.as_array().unwrap().iter().map(|r| &r["revision"]).collect();
    assert_eq!(places, [0, 0, 0, 1]);
    assert_eq!(receipts[2]["stream"], "project-gent", "a project and a facility of one code");
    let with = |header: (&str, &str), events: &[Value]| {
        let body = Value::from(events.to_vec()).to_string();
        server.post("/v1/events", &[("content-type", BATCH), header], body.as_bytes())
    };
    let next = [counted("gent", "e", 431)];
    let stale = with(("if-none-match", "*"), &next);
    assert_eq!((stale.status, stale.header("etag")), (412, Some("\"0\"")), "{}", stale.text);
    assert_eq!(with(("if-match", "\"1\""), &next).status, 412);
    let taken = with(("if-match", "\"0\""), &next);
    assert_eq!((taken.status, taken.header("etag")), (201, Some("\"1\"")), "{}", taken.text);
    assert_eq!(with(("if-match", "\"0\""), &next).status, 200, "a repetition comes first");
    let two = [counted("gent", "f", 432), counted("brugge", "g", 400)];
    assert_eq!(with(("if-match", "\"1\""), &two).status, 400);
    let both = [counted("gent", "f", 432), event(1, "g")];
    assert_eq!(with(("if-match", "\"1\""), &both).status, 400);
}

#[test]
fn a_wrong_subject_is_told_in_every_mode() {
    let (_folder, server) = fixture();
    let someone = person(1).to_string();
    let count = |subject: &str| {
        let mut event = counted("gent", "a", 430);
        event["subject"] = subject.into();
        event
    };
    let mut screening = event(1, "b");
    screening["subject"] = "facility:gent".into();
    let merge = json!({"into": person(2), "reason": "samePerson"});
    let merge = about("project:cap", "c", "person.merged", merge);
    let rows = [
        ("a count of a person", count(&someone), "/subject", "facility:<code>"),
        ("a count of a project", count("project:gent"), "/subject", "facility:<code>"),
        ("a count of another facility", count("facility:brugge"), "/data/facility", "another"),
        ("a screening of a facility", screening, "/subject", "a UUID"),
        ("a merge of projects", merge, "/subject", "a UUID"),
        (
            "a project's event annulled at a facility",
            annulled("facility:gent", "d", "x", "project.ended"),
            "/subject",
            "project:<code>",
        ),
    ];
    for (why, event, place, words) in rows {
        for mode in MODES {
            let answer = send(&server, mode, &event);
            let told = answer.json();
            let problem = told.get("problem").unwrap_or(&told);
            let issues = problem["issues"].as_array().unwrap();
            assert_eq!((&problem["status"], issues.len()), (&json!(422), 1), "{why}: {told}");
            let in_binary = match place {
                "/subject" => "ce-subject",
                other => other.trim_start_matches("/data"),
            };
            let expected = if mode == "binary" { in_binary } else { place };
            assert_eq!(issues[0]["name"], expected, "{why}, {mode}");
            assert!(issues[0]["detail"].as_str().unwrap().contains(words), "{why}: {told}");
        }
    }
    assert_eq!(server.get("/v1/events").items(), Vec::<Value>::new(), "nothing was recorded");
}

/// The pseudonym that a person would have whose stream had the id of this organisation's stream.
fn as_person(folder: &std::path::Path, name: &str) -> PersonId {
    let key = LedgerKeys::open(folder).unwrap().hash_keys().stream;
    PersonId::from_bytes(*Stream::named(name.parse().unwrap(), &key).id().as_bytes())
}

#[test]
fn no_route_about_persons_shows_them_and_the_lists_go_on_past_them() {
    let (folder, server) = fixture();
    let events = [event(1, "a"), counted("gent", "b", 430), ended("cap", "c")];
    let receipts = server.send_batch(&events).json();
    for name in ["facility-gent", "project-cap"] {
        let hidden = as_person(folder.path(), name);
        for route in ["history", "trajectory", "credit"] {
            let answer = server.get(&format!("/v1/persons/{hidden}/{route}"));
            assert_eq!(answer.status, 404, "{route}: {}", answer.text);
        }
    }
    let last = receipts["receipts"][2]["position"].as_str().unwrap().to_owned();
    let waiting = [("prefer", "wait=30"), ("ledger-position", &*last)];
    for list in ["/v1/trajectories", "/v1/credits"] {
        let page = server.get_with(list, &waiting);
        assert_eq!(page.header("ledger-position"), Some(&*last), "{list}: {}", page.text);
        let persons: Vec<_> = page.items().iter().map(|item| item["person"].clone()).collect();
        assert!(persons.iter().all(|one| *one == json!(person(1))), "{list}: {persons:?}");
    }
    assert!(server.is_up());
}

#[test]
fn pages_filters_the_feed_and_single_events_show_them_also_after_a_restart() {
    let (folder, server) = fixture();
    let sent = [event(1, "a"), counted("gent", "b", 430), ended("cap", "c")];
    server.send_batch(&sent);
    let annulment = annulled("facility:gent", "d", "b", "facility.counted");
    let annulment = receipt(&server.send(&annulment));
    assert_eq!(
        (&annulment["stream"], &annulment["revision"]),
        (&json!("facility-gent"), &json!(1))
    );
    server.stop();
    let server = Service::start(folder.path());
    let all = server.get("/v1/events").items();
    let streams: Vec<_> = all.iter().map(|event| event["stream"].as_str().unwrap()).collect();
    let own = format!("person-{}", person(1));
    assert_eq!(streams, [&*own, "facility-gent", "project-cap", "facility-gent"]);
    let only = server.get("/v1/events?type=facility.counted&source=urn:test").items();
    assert_eq!(only, all[1..2]);
    assert_eq!(server.get("/v1/events?source=urn:test&id=c").json(), all[2]);
    for one in &all {
        assert_eq!(server.get(&format!("/v1/events/{}", position(one))).json(), *one);
    }
    let feed = Feed::open(&format!("{}/v1/events?limit=4", server.url), None);
    assert_eq!(feed.events(), all);
    let feed = Feed::open(&format!("{}/v1/events?limit=1&type=project.ended", server.url), None);
    assert_eq!(feed.events(), all[2..3]);
    let later = receipt(&server.send(&counted("gent", "e", 431)));
    assert_eq!(later["revision"], 2, "the stream goes on");
    assert_eq!(statuses(&server.send_batch(&sent).json()), ["duplicate"; 3]);
}

#[test]
fn a_dry_run_says_the_place_in_the_stream_of_the_organisation() {
    let (_folder, server) = fixture();
    server.send(&counted("gent", "a", 430));
    let batch = json!([counted("gent", "b", 431), counted("gent", "c", 432), ended("gent", "d")]);
    let kind = ("content-type", BATCH);
    let dry = server.post("/v1/events?dryRun=true", &[kind], batch.to_string().as_bytes());
    assert_eq!(dry.status, 200, "{}", dry.text);
    let receipts = dry.json()["receipts"].as_array().unwrap().clone();
    let places: Vec<_> = receipts.iter().map(|r| (&r["stream"], &r["revision"])).collect();
    let (gent, project) = (json!("facility-gent"), json!("project-gent"));
    assert_eq!(places, [(&gent, &json!(1)), (&gent, &json!(2)), (&project, &json!(0))]);
    assert_eq!(server.get("/v1/events").items().len(), 1);
}

#[test]
fn a_person_annuls_no_record_of_an_organisation() {
    let (_folder, server) = fixture();
    server.send_batch(&[event(1, "a"), counted("gent", "b", 430)]);
    let annulment = annulled(&person(1).to_string(), "c", "b", "care.screened");
    assert_eq!(server.send(&annulment).status, 201);
    let trajectory = server.get(&format!("/v1/persons/{}/trajectory", person(1))).json();
    let codes: Vec<_> =
        trajectory["findings"].as_array().unwrap().iter().map(|f| f["code"].clone()).collect();
    assert!(codes.contains(&json!("targetElsewhere")), "{trajectory}");
    let kind = [("content-type", STRUCTURED), ("if-match", "\"0\"")];
    let next = counted("gent", "d", 431).to_string();
    assert_eq!(server.post("/v1/events", &kind, next.as_bytes()).status, 201, "untouched");
}
