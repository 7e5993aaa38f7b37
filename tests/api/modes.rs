//! Each way to send an event, and what makes two of them the same.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use super::{event, fixture, history, statuses};
use crate::support::{TIME, person};
use care_ledger::domain::stream::StreamName;

#[test]
fn a_recorded_event_gets_a_receipt_and_again_the_same_one() {
    let (_folder, server) = fixture();
    let first = server.send(&event(1, "a"));
    assert_eq!(first.status, 201, "{}", first.text);
    let receipt = first.json()["receipts"][0].clone();
    assert_eq!(receipt["status"], "recorded");
    assert_eq!(receipt["stream"], StreamName::Person(person(1)).to_string());
    assert_eq!(receipt["revision"], 0);
    assert!(receipt["position"].is_string());
    assert_eq!(receipt["commitment"].as_str().unwrap().len(), 64);
    assert_eq!(first.header("etag"), Some("\"0\""));
    let again = server.send(&event(1, "a"));
    assert_eq!(again.status, 200);
    assert_eq!(again.header("etag"), None, "what is repeated is not the stream's last revision");
    let mut repeated = again.json()["receipts"][0].clone();
    assert_eq!(repeated["status"], "duplicate");
    repeated["status"] = "recorded".into();
    assert_eq!(repeated, receipt, "the first receipt again");
}

#[test]
fn a_pseudonym_in_any_letter_case_is_kept_in_lower_case() {
    let (_folder, server) = fixture();
    let lower = "0cde21f1-e6a6-4383-9193-8201a697988a";
    let of = |subject: &str| {
        let mut event = event(1, "a");
        event["subject"] = subject.into();
        event
    };
    let first = server.send(&of(&lower.to_uppercase()));
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(first.json()["receipts"][0]["subject"], lower);
    let kept = server.get(&format!("/v1/persons/{lower}/history")).json();
    assert_eq!(kept["items"][0]["subject"], lower);
    for again in [lower, "0CDE21f1-e6a6-4383-9193-8201A697988a"] {
        let answer = server.send(&of(again));
        assert_eq!((answer.status, statuses(&answer.json())[0]), (200, "duplicate"), "{again}");
    }
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

#[test]
fn binary_mode_without_a_content_type_is_json() {
    let (_folder, server) = fixture();
    let body = json!({"instrument": "assist", "needIdentified": true}).to_string();
    let request = format!(
        "POST /v1/events HTTP/1.1\r\nhost: localhost\r\nce-specversion: 1.0\r\nce-id: a\r\n\
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
fn attributes_mean_the_same_in_every_form() {
    let (_folder, server) = fixture();
    let mut sent = event(1, "a");
    sent["sequence"] = 5.into();
    sent["anextensionwithaverylongname"] = "kept".into();
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
        ("ce-anextensionwithaverylongname", "kept"),
    ];
    let again = server.post("/v1/events", &headers, sent["data"].to_string().as_bytes());
    assert_eq!(again.status, 200, "binary mode has only text: {}", again.text);
    let encoded = [headers[0], ("content-encoding", "gzip")];
    assert_eq!(server.post("/v1/events", &encoded, b"{}").status, 415);
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
fn the_tag_of_a_recording_answer_holds_as_the_next_precondition() {
    let (_folder, server) = fixture();
    let first = server.send_batch(&[event(1, "a"), event(1, "b")]);
    assert_eq!(first.header("etag"), Some("\"1\""));
    let mixed = server.send_batch(&[event(1, "c"), event(1, "a")]);
    assert_eq!((mixed.status, mixed.header("etag")), (201, Some("\"2\"")));
    let kind = ("content-type", "application/cloudevents+json");
    let tag = ("if-match", mixed.header("etag").unwrap());
    let next = server.post("/v1/events", &[kind, tag], event(1, "d").to_string().as_bytes());
    assert_eq!((next.status, next.header("etag")), (201, Some("\"3\"")));
    let repeated = server.send_batch(&[event(1, "a"), event(1, "b")]);
    assert_eq!((repeated.status, repeated.header("etag")), (200, None));
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
