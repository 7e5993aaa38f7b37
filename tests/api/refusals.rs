//! Refused requests: status, type and page of the problem, and that nothing was written.

use serde_json::{Value, json};

use super::{event, fixture, history};
use crate::support::person;

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
fn a_flood_of_violations_is_told_in_part() {
    let (_folder, server) = fixture();
    let mut wrong = event(1, "a");
    wrong["data"]["substances"] = vec![json!(0.5); 100_000].into();
    let refused = server.send(&wrong);
    assert_eq!(refused.status, 422);
    assert!(refused.text.len() < 100_000, "{} bytes", refused.text.len());
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
fn a_credit_beyond_all_measure_is_refused_and_the_rest_still_answers() {
    let (_folder, server) = fixture();
    let grant = |n: u32| {
        let mut grant = event(1, &format!("g{n}"));
        grant["type"] = "modality.granted".into();
        grant["data"] = json!({"modality": format!("m{n}"), "kind": "electronicMonitoring",
            "judgment": "J"});
        grant
    };
    let all: Vec<Value> = (0..450).map(grant).collect();
    let credit = |at: &str| server.get(&format!("/v1/persons/{}/credit{at}", person(1)));
    server.send_batch(&all[..440]);
    assert_eq!(credit("").status, 200);
    server.send_batch(&all);
    let refused = credit("");
    assert_eq!((refused.status, &refused.json()["type"]), (422, &json!(TOO_LONG)));
    assert_eq!(server.get(&format!("/v1/persons/{}/trajectory", person(1))).status, 200);
}

const TOO_LONG: &str = "urn:problem-type:careLedger:streamTooLong";

#[test]
fn a_head_that_is_too_large_is_refused_with_a_problem() {
    let (_folder, server) = fixture();
    let long = server.get(&format!("/v1/events?source={}", "x".repeat(17 * 1024)));
    assert_eq!(
        (long.status, &long.json()["type"]),
        (414, &json!("urn:problem-type:careLedger:uriTooLong"))
    );
    let value = "x".repeat(33 * 1024);
    let large = server.get_with("/v1/events", &[("x-large", &value)]);
    let kind = json!("urn:problem-type:careLedger:headersTooLarge");
    assert_eq!((large.status, &large.json()["type"]), (431, &kind));
    let names: Vec<String> = (0..110).map(|n| format!("x-{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let many = server.get_with("/v1/events", &many);
    assert_eq!((many.status, &many.json()["type"]), (431, &kind));
}

#[test]
fn a_sender_with_a_large_body_sees_the_problem_of_a_head_and_no_broken_connection() {
    let (_folder, server) = fixture();
    // More than the buffers of a connection take.
    let body = vec![b' '; 16 * 1024 * 1024];
    let (long, large) = ("x".repeat(17 * 1024), "x".repeat(33 * 1024));
    for (path, headers, status) in [
        (&*format!("/v1/events?{long}"), vec![], 414),
        ("/v1/events", vec![("x-large", &*large)], 431),
        ("/health", vec![], 405),
        ("/nowhere", vec![], 404),
    ] {
        assert_eq!(server.post(path, &headers, &body).status, status);
    }
}
