//! From events as a sender writes them to the answer, through the same door as in service.

#![allow(dead_code, missing_docs, clippy::unwrap_used)]

use std::collections::HashSet;
use std::sync::Arc;

use care_ledger::domain::calendar::At;
use care_ledger::domain::credit::{Credit, Query, credit};
use care_ledger::domain::event::{Event, Raw, Recorded};
use care_ledger::domain::history::{History, fold};
use care_ledger::domain::id::{PersonId, Position, RecordedTime, Revision};
use care_ledger::domain::registry::Registry;
use care_ledger::domain::schema;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

pub const PERSON: &str = "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e";

/// When the first record of a test is learned of: 2026-11-23T00:00:00Z.
pub const FIRST_MICROS: i64 = 1_795_392_000_000_000;

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A date by its distance from 1 January 2026.
pub fn day(number: i64) -> NaiveDate {
    date("2026-01-01") + chrono::TimeDelta::days(number)
}

fn now() -> DateTime<Utc> {
    "9999-12-30T00:00:00Z".parse().unwrap()
}

/// An event of the person `PERSON` from `urn:test`.
pub fn event(id: &str, kind: &str, time: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:test", "type": kind, "time": time,
        "subject": PERSON, "data": data
    })
}

/// Takes an event through the door and gives it a place.
pub fn recorded(mut event: Value, place: u64) -> Arc<Recorded> {
    if event.get("subject").is_none() {
        event["subject"] = PERSON.into();
    }
    let draft = schema::check(&Raw(event.clone()), now())
        .unwrap_or_else(|violations| panic!("{event}: {violations:?}"));
    Arc::new(Recorded {
        stream: PERSON.parse::<PersonId>().unwrap(),
        revision: Revision(place),
        position: Position::new(place),
        recorded: RecordedTime::from_micros(FIRST_MICROS + place as i64),
        event: Event::from_canonical(&draft.canonical).unwrap(),
    })
}

/// The events recorded in this order.
pub fn all_recorded(events: &[Value]) -> Vec<Arc<Recorded>> {
    events.iter().zip(0..).map(|(event, place)| recorded(event.clone(), place)).collect()
}

pub fn history(events: &[Value]) -> History {
    fold(all_recorded(events), &HashSet::new(), None)
}

/// A question with the default parameters, put long after.
pub fn query(at: NaiveDate) -> Query {
    Query::new(At::Date(at), date("9999-12-31"))
}

pub fn answer(events: &[Value], query: &Query) -> Credit {
    credit(&history(events), query, Registry::shipped())
}

pub fn json(credit: &Credit) -> Value {
    serde_json::to_value(credit).unwrap()
}
