//! The published schemas and contract: every schema against its fixtures and its example, and the
//! contract at /openapi.json against the service that it describes.

#![allow(missing_docs, clippy::unwrap_used)]

mod contract;
mod schemas;
mod verdict;

#[path = "../support/mod.rs"]
mod support;

use std::fmt::Display;

use chrono::{DateTime, Utc};
use serde_json::Value;

/// A fixture of a type: a valid event, or an invalid event with its violations.
fn fixture(kind: impl Display, which: &str) -> Value {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/tests/fixtures/schemas/{kind}.{which}.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The instant at which these tests check.
fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}
