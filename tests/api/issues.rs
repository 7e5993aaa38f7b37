//! The issues of a refusal: one answer lists all faults, each with its place and name.

use serde_json::{Value, json};

use super::{event, fixture};
use crate::support::client::Answer;
use crate::support::{TIME, person};

/// Place and name of every issue.
fn issues(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let issues = json["issues"].as_array().unwrap_or_else(|| panic!("{}", answer.text)).iter();
    issues.map(|issue| format!("{} {}", issue["in"], issue["name"]).replace('"', "")).collect()
}

#[test]
fn a_precondition_out_of_place_is_told_by_the_header_that_was_sent() {
    let (_folder, server) = fixture();
    let lines = "application/x-ndjson";
    let batch = "application/cloudevents-batch+json";
    let two_persons = json!([event(1, "a"), event(2, "b")]).to_string();
    for (name, value) in [("If-Match", "\"0\""), ("If-None-Match", "*")] {
        for (kind, body) in [(lines, event(1, "a").to_string()), (batch, two_persons.clone())] {
            let headers = [("content-type", kind), (name, value)];
            let answer = server.post("/v1/events", &headers, body.as_bytes());
            assert_eq!(answer.status, 400, "{kind}: {}", answer.text);
            assert_eq!(issues(&answer), [format!("header {name}")], "{kind}");
        }
    }
}

#[test]
fn every_fault_of_path_query_and_headers_is_told_at_once() {
    let (_folder, server) = fixture();
    let rows: [(&str, &[&str]); 11] = [
        (
            "/v1/persons/x/history?foo=1&limit=0&at=z",
            &["path person", "query at", "query foo", "query limit"],
        ),
        ("/v1/persons/x/trajectory?foo=1", &["path person", "query foo"]),
        ("/v1/persons/x/credit?monthDays=1", &["path person", "query monthDays"]),
        ("/v1/events/x?foo=1", &["path position", "query foo"]),
        ("/v1/events/x", &["path position"]),
        ("/v1/events?id=a&foo=1&limit=0", &["query foo", "query limit", "query source"]),
        ("/v1/events?after=x&type=y", &["query after", "query type"]),
        ("/v1/schemas/envelope?version=0", &["query version"]),
        ("/v1/schemas/envelope?version=%2B1", &["query version"]),
        ("/v1/credits?minDays=%2B1", &["query minDays"]),
        ("/v1/persons/x/credit?monthDays=%2B30", &["path person", "query monthDays"]),
    ];
    for (path, expected) in rows {
        let answer = server.get(path);
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        let mut found = issues(&answer);
        found.sort();
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn every_fault_beside_a_body_is_told_before_the_body_is_read() {
    let (_folder, server) = fixture();
    let one = ("content-type", "application/cloudevents+json");
    let lines = ("content-type", "application/x-ndjson");
    let binary = ("content-type", "application/json");
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let rows: [Row<'_>; 7] = [
        ("foo=1", &[one, ("if-match", "zz")], &["header If-Match", "query foo"]),
        (
            "dryRun=x",
            &[one, ("if-match", "zz"), ("if-none-match", "\"1\"")],
            &["header If-Match", "header If-None-Match", "query dryRun"],
        ),
        ("", &[one, ("if-match", "\"1\""), ("if-none-match", "*")], &["header If-None-Match"]),
        ("foo=1", &[lines, ("if-match", "\"1\"")], &["header If-Match", "query foo"]),
        (
            "",
            &[lines, ("if-match", "\"1\""), ("if-none-match", "*")],
            &["header If-Match", "header If-None-Match"],
        ),
        (
            "foo=1",
            &[binary, ("ce-specversion", "1.0"), ("ce-id", "%ff"), ("ce-data", "x")],
            &["header ce-data", "header ce-id", "query foo"],
        ),
        ("foo=1", &[("content-type", "text/plain")], &["query foo"]),
    ];
    for (query, headers, expected) in rows {
        let answer = server.post(&format!("/v1/events?{query}"), headers, b"{broken");
        assert_eq!(answer.status, 400, "{headers:?}: {}", answer.text);
        let mut found = issues(&answer);
        found.sort();
        assert_eq!(found, expected, "{query} {headers:?}");
    }
}

#[test]
fn in_binary_mode_a_fault_is_told_in_the_header_or_the_body_that_has_it() {
    let (_folder, server) = fixture();
    let subject = person(1).to_string();
    let send = |changes: &[(&str, &str)], body: &Value| {
        let mut headers = vec![
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
            ("ce-id", "a"),
            ("ce-source", "urn:test"),
            ("ce-type", "care.screened"),
            ("ce-subject", subject.as_str()),
            ("ce-time", TIME),
        ];
        headers.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        headers.extend(changes.iter().filter(|(_, value)| *value != "absent"));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = server.post("/v1/events", &headers, body.as_bytes());
        (answer.status, issues(&answer))
    };
    let good = json!({"instrument": "assist", "needIdentified": true});
    let other = json!({"instrument": "assist", "needIdentified": false});
    assert_eq!(server.send(&event(1, "a")).status, 201);
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Value, u16, &'a [&'a str]);
    let rows: [Row<'_>; 8] = [
        ("missing", &[("ce-id", "absent")], good.clone(), 422, &["header ce-id"]),
        ("of the wrong form", &[("ce-subject", "x")], good.clone(), 422, &["header ce-subject"]),
        ("the ledger's", &[("ce-position", "1")], good.clone(), 422, &["header ce-position"]),
        ("of no name", &[("ce-a~b", "1")], good.clone(), 422, &["header ce-a~b"]),
        ("a name like data", &[("ce-data-x", "1")], good, 422, &["header ce-data-x"]),
        (
            "in data",
            &[],
            json!({"instrument": "assist", "x/y": 1}),
            422,
            &["body /needIdentified", "body /x~1y"],
        ),
        ("no data", &[], Value::Null, 422, &["body "]),
        ("reused", &[], other, 409, &["header ce-id"]),
    ];
    for (why, changes, body, status, expected) in rows {
        let (found_status, found) = send(changes, &body);
        assert_eq!(
            (found_status, found.iter().map(String::as_str).collect()),
            (status, expected.to_vec()),
            "{why}"
        );
    }
}
