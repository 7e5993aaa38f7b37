//! What operators, readers and senders see when somebody else wrote to one stream of the cluster,
//! or marked it, and how the ledger comes out of it.

use std::path::Path;
use std::process::Command;

use care_ledger::domain::stream::StreamName;
use care_ledger::domain::vocabulary::kind::{Class, Kind};
use serde_json::{Value, json};

use super::migrate::migrate;
use super::support::client::Client;
use super::support::command::binary;
use super::support::server::{ANY_PORT, Server};
use super::support::{person, screening, until};
use super::{Cluster, folders};

fn event(number: u32, id: &str) -> Value {
    screening(person(number), "urn:test", id, "2026-03-01T10:00:00+01:00")
}

fn stream(number: u32) -> String {
    StreamName::Person(person(number)).to_string()
}

fn status(client: &Client) -> Value {
    client.get("/health").json()["status"].clone()
}

fn streams(client: &Client) -> Value {
    client.get("/health").json()["components"]["cluster"]["streams"].clone()
}

/// Whether the answers about a person say that the stream is spoiled.
fn is_told(client: &Client, number: u32) -> bool {
    let told = ["trajectory", "credit"].map(|of| {
        let answer = client.get(&format!("/v1/persons/{}/{of}", person(number))).json();
        let findings = answer["findings"].as_array().unwrap().iter();
        findings.filter(|finding| finding["code"] == "streamTampered").count()
    });
    assert!(told == [0; 2] || told == [1; 2], "{told:?}");
    told == [1; 2]
}

#[test]
fn a_spoiled_stream_is_told_and_the_ledger_moves_out_of_it() {
    let cluster = Cluster::start(1);
    let data = tempfile::tempdir().unwrap();
    let server = Server::replica(data.path(), ANY_PORT, &cluster.address());
    for number in [1, 2] {
        assert_eq!(server.send(&event(number, &format!("a{number}"))).status, 201);
    }
    cluster.standin.write(&stream(1), "somethingElse", "x");
    until("DEGRADED", || status(&server) == "DEGRADED");
    assert_eq!(streams(&server), json!([{"stream": stream(1), "tampered": true}]));
    assert_eq!(server.metric("care_ledger_streams_tampered"), 1);
    println!("{}", server.get("/health").json()["components"]["cluster"]);
    assert!(is_told(&server, 1) && !is_told(&server, 2));

    let refused = server.send(&event(1, "b"));
    println!("{}", refused.text);
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["type"], "urn:problem-type:careLedger:streamTampered");
    let batch = server.send_batch(&[event(2, "c"), event(1, "d")]);
    assert_eq!((batch.status, &batch.json()["issues"][0]["index"]), (409, &1.into()));
    let dry = server.post(
        "/v1/events?dryRun=true",
        &[("content-type", "application/cloudevents+json")],
        event(1, "b").to_string().as_bytes(),
    );
    assert_eq!(dry.status, 409, "{}", dry.text);
    let lines = [event(2, "e"), event(1, "f"), event(1, "a1"), event(2, "g"), event(1, "h")];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let kind = [("content-type", "application/x-ndjson")];
    let answers = server.post("/v1/events", &kind, lines.as_bytes()).text;
    let statuses = answers.lines().map(|line| {
        let answer: Value = serde_json::from_str(line).unwrap();
        answer["status"].as_str().unwrap().to_owned()
    });
    let statuses: Vec<String> = statuses.collect();
    assert_eq!(statuses, ["recorded", "refused", "duplicate", "recorded", "refused"]);

    drop(server);
    let [later] = folders(data.path());
    for folder in [data.path(), later.path()] {
        let store = ["--store", &cluster.address()];
        let server = Server::spawn_with(Command::new(binary()), folder, ANY_PORT, &store);
        let server = server.listening();
        until("answering", || server.answers());
        assert_eq!(streams(&server), json!([{"stream": stream(1), "tampered": true}]));
        assert!(is_told(&server, 1));
    }
    moves_out(&cluster, data.path());
}

/// Moves the ledger into a folder, and into an empty cluster: the person can be written to again.
fn moves_out(cluster: &Cluster, data: &Path) {
    let (out, key) = (tempfile::tempdir().unwrap(), data.join("ledger.keys"));
    let folder = out.path().to_str().unwrap();
    let (exit, _, said) = migrate(&cluster.address(), folder, &["--key", key.to_str().unwrap()]);
    assert_eq!(exit, 0, "{said}");
    let empty = Cluster::start(1);
    let (exit, _, said) = migrate(folder, &empty.address(), &[]);
    assert_eq!(exit, 0, "{said}");
    let [data] = folders(data);
    let server = Server::replica(data.path(), ANY_PORT, &empty.address());
    assert_eq!(status(&server), "UP");
    assert!(!is_told(&server, 1));
    assert_eq!(server.send(&event(1, "b")).status, 201);
    assert_eq!(server.send(&event(1, "a1")).status, 200, "known for what it is");
}

#[test]
fn a_mark_is_told_until_it_is_taken_off() {
    let cluster = Cluster::start(1);
    let data = tempfile::tempdir().unwrap();
    let server = Server::replica(data.path(), ANY_PORT, &cluster.address());
    assert_eq!(server.send(&event(1, "a")).status, 201);
    // Another program's facility: no record of the ledger is there.
    cluster.standin.write("$$facility-elsewhere", "$metadata", r#"{"$maxAge": 60}"#);
    let metadata = format!("$${}", stream(1));
    for (text, mark) in [(r#"{"$maxCount": 1}"#, "$maxCount"), (r#"{"$tb": 1}"#, "$tb")] {
        cluster.standin.write(&metadata, "$metadata", text);
        until("DEGRADED", || status(&server) == "DEGRADED" && streams(&server)[0]["mark"] == mark);
        assert_eq!(streams(&server), json!([{"stream": stream(1), "mark": mark}]));
        assert_eq!(server.metric("care_ledger_streams_marked"), 1);
        println!("{}", server.get("/health").json()["components"]["cluster"]);
    }
    assert!(!is_told(&server, 1));
    assert_eq!(server.send(&event(1, "b")).status, 201);
    cluster.standin.write(&metadata, "$metadata", "{}");
    until("UP", || status(&server) == "UP");
    assert_eq!(server.metric("care_ledger_streams_marked"), 0);
}

/// A facility is the ledger's as soon as it has a record: before, it may be another program's.
#[test]
fn the_stream_of_a_facility_is_told_of_once_it_has_a_record() {
    let cluster = Cluster::start(1);
    let data = tempfile::tempdir().unwrap();
    let server = Server::replica(data.path(), ANY_PORT, &cluster.address());
    let kind = Kind::ALL.iter().find(|kind| kind.class() == Some(Class::Organisational));
    let mut event: Value = serde_json::from_str(kind.unwrap().newest().example).unwrap();
    let name = StreamName::of_subject(event["subject"].as_str().unwrap()).unwrap().to_string();
    cluster.standin.write(&format!("$${name}"), "$metadata", r#"{"$maxAge": 60}"#);
    // The mark has been read once a later record has.
    assert_eq!(server.send(&self::event(1, "a")).status, 201);
    assert_eq!(status(&server), "UP");
    let sent = server.send(&event);
    assert_eq!(sent.status, 201, "{}", sent.text);
    assert_eq!(streams(&server), json!([{"stream": name, "mark": "$maxAge"}]));
    cluster.standin.write(&name, "somethingElse", "x");
    let expected = json!([{"stream": name, "mark": "$maxAge", "tampered": true}]);
    until("tampered", || streams(&server) == expected);
    event["id"] = "another".into();
    let refused = server.send(&event);
    assert_eq!(refused.json()["type"], "urn:problem-type:careLedger:streamTampered");
    assert_eq!(server.send(&self::event(1, "b")).status, 201);
}
