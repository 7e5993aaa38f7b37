//! Helpers that several test files share.

#![allow(dead_code)]

pub mod audit;
pub mod case;
pub mod client;
pub mod command;
pub mod dice;
pub mod feed;
pub mod folder;
pub mod found;
pub mod known;
pub mod load;
pub mod server;
pub mod service;

use std::time::{Duration, Instant};

use care_ledger::domain::event::Draft;
use care_ledger::domain::id::PersonId;
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::vault::HashKeys;
use serde_json::{Value, json};

/// The keys of the ledgers in these tests.
pub const HASH_KEYS: HashKeys = HashKeys { dedup: [7; 32], stream: [8; 32] };

/// Waits until `done`; fails after a minute.
pub fn until(what: &str, done: impl FnMut() -> bool) {
    until_within(Duration::from_secs(60), what, done);
}

/// Waits until `done`; fails after a time.
pub fn until_within(patience: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < patience, "not {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The time of most events in these tests.
pub const TIME: &str = "2026-03-01T10:00:00+01:00";

/// The n-th made-up person.
pub fn person(n: u32) -> PersonId {
    format!("00000000-0000-4000-8000-{n:012x}").parse().unwrap()
}

/// A screening of a person: a small and valid event that `source` sends as `id`.
pub fn screening(person: PersonId, source: &str, id: &str, time: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": source, "type": "care.screened",
        "subject": person, "time": time,
        "data": {"instrument": "assist", "needIdentified": true}
    })
}

/// The draft of a screening.
pub fn draft_of(person: PersonId, source: &str, id: &str, time: &str) -> Draft {
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    validate(&JsonValue::from(&screening(person, source, id, time)), now).unwrap()
}
