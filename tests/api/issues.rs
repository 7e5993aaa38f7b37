//! Where a refusal says that its faults are: each by its place and name, all in one answer.

use serde_json::json;

use super::{event, fixture};
use crate::support::server::Answer;

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
