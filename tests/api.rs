//! The HTTP contract from outside: each mode, each status, each promise about duplicates.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "api/issues.rs"]
mod issues;
#[path = "api/lines.rs"]
mod lines;
#[path = "api/modes.rs"]
mod modes;
#[path = "api/reads.rs"]
mod reads;
#[path = "api/refusals.rs"]
mod refusals;
mod support;

use serde_json::Value;
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

fn history(server: &Server, n: u32) -> Vec<Value> {
    let answer = server.get(&format!("/v1/persons/{}/history", person(n)));
    answer.json()["items"].as_array().unwrap().clone()
}
