//! The engine of the ledger as the laws and cases ask it: events in, JSON out, in one process.
//! Always: every event passes the validator of the service; a `recordedtime` in an event stands in
//! for the store's.

use std::sync::Arc;

use care_ledger::domain::credit::{CreditQuery, credit};
use care_ledger::domain::event::{Content, Event, Recorded};
use care_ledger::domain::history::{History, OutsideTargets, fold};
use care_ledger::domain::id::{PersonId, Position, RecordedTime, Revision};
use care_ledger::domain::time::calendar::At;
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::registry::Registry;
use care_ledger::domain::vocabulary::validate::validate;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::reference::Asked;
use crate::script::FIRST_MICROS;

/// An event as the store would record it at a place in the log.
fn recorded(event: &Value, place: i64) -> Arc<Recorded> {
    let mut event = event.clone();
    let sent = event.as_object_mut().unwrap().remove("recordedtime");
    let sent = sent.map(|time| time.as_str().unwrap().parse::<DateTime<Utc>>().unwrap());
    let micros = sent.map_or(FIRST_MICROS + place, |time| time.timestamp_micros());
    let now = "9999-12-30T00:00:00Z".parse().unwrap();
    let draft = validate(&JsonValue::from(&event), now)
        .unwrap_or_else(|violations| panic!("{event}: {violations:?}"));
    let person: PersonId = event["subject"].as_str().unwrap().parse().unwrap();
    Arc::new(Recorded {
        stream: person.into(),
        revision: Revision(place.unsigned_abs()),
        position: Position::new(place.unsigned_abs() + 1),
        recorded_at: RecordedTime::from_micros(micros),
        content: Content::Open(Event::from_canonical(&draft.canonical).unwrap()),
    })
}

/// The history of these events; the subjects are streams of one person.
pub fn history(events: &[Value], known_at: Option<DateTime<Utc>>) -> History {
    let known_at = known_at.map(|known| RecordedTime::from_micros(known.timestamp_micros()));
    let records = events.iter().zip(0..).map(|(event, place)| recorded(event, place));
    fold(records, &OutsideTargets::default(), known_at)
}

/// Answers a question in the shape of the API.
pub fn engine(events: &[Value], asked: &Asked) -> Value {
    let mut query = CreditQuery::new(At::Date(asked.at), asked.today);
    query.project = asked.project;
    query.boundary = asked.boundary.parse().unwrap();
    query.absence = asked.absence.parse().unwrap();
    query.month_days = asked.month_days.try_into().unwrap();
    let credit = credit(&history(events, asked.known), &query, Registry::shipped());
    serde_json::to_value(credit).unwrap()
}
