//! The service over HTTP, served in the test process: each way to send and to read, each status,
//! the live feed, the lists over all persons, and what happens under too much load.

#![allow(missing_docs, clippy::unwrap_used)]

mod feed;
mod heads;
mod issues;
mod lines;
mod lists;
mod modes;
mod organisations;
mod overload;
mod reads;
mod refusals;
mod source_refusals;
mod versions;

#[path = "../support/mod.rs"]
mod support;

use serde_json::Value;
use support::client::Client;
use support::service::fixture;
use support::{TIME, person, screening};

fn event(n: u32, id: &str) -> Value {
    screening(person(n), "urn:test", id, TIME)
}

fn statuses(answer: &Value) -> Vec<&str> {
    answer["receipts"].as_array().unwrap().iter().map(|r| r["status"].as_str().unwrap()).collect()
}

fn history(server: &Client, n: u32) -> Vec<Value> {
    server.get(&format!("/v1/persons/{}/history", person(n))).items()
}
