//! The refusals of a sender outlive a stop, a kill and a line that was written by half.

use serde_json::Value;

use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::{TIME, person, screening};

fn refusals(server: &Client) -> Vec<Value> {
    let answer = server.get("/v1/refusals?source=urn:v");
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.items()
}

fn wrong(id: &str) -> Value {
    let mut event = screening(person(1), "urn:v", id, TIME);
    event["data"]["instrument"] = "Not a code".into();
    event
}

#[test]
fn refusals_outlive_a_stop_and_a_kill_and_a_torn_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let address = server.address.clone();
    server.send(&wrong("stopped"));
    assert!(server.stop());
    let server = Server::start_at(folder.path(), &address);
    server.send(&wrong("killed"));
    let file = folder.path().join("refusals.ndjson");
    let started = std::time::Instant::now();
    while !std::fs::read_to_string(&file).unwrap().contains("killed") {
        assert!(started.elapsed().as_secs() < 30, "the refusal is not saved");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    server.kill();
    let mut torn = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    std::io::Write::write_all(&mut torn, b"{\"at\":\"2026-").unwrap();
    let server = Server::start_at(folder.path(), &address);
    server.send(&wrong("now"));
    let ids: Vec<Value> = refusals(&server).iter().map(|refusal| refusal["id"].clone()).collect();
    assert_eq!(ids, ["now", "killed", "stopped"]);
    assert!(server.stop());
    let server = Server::start_at(folder.path(), &address);
    assert_eq!(refusals(&server).len(), 3, "the torn line spoiled the next");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    drop(server);
    let server = Server::start_at(folder.path(), &address);
    assert_eq!(
        server.send(&screening(person(1), "urn:v", "b", TIME)).status,
        201,
        "no file, no inbox, but a ledger"
    );
    assert_eq!(refusals(&server).len(), 0);
}
