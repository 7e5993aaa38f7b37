//! From events as a sender writes them to the answer, through the validator of the service.

use std::sync::Arc;

use care_ledger::domain::credit::{Credit, CreditQuery, credit};
use care_ledger::domain::event::{Content, Event, Recorded};
use care_ledger::domain::history::{History, OutsideTargets, fold};
use care_ledger::domain::id::{Position, RecordedTime, Revision};
use care_ledger::domain::time::calendar::At;
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::registry::Registry;
use care_ledger::domain::vocabulary::validate::validate;
use chrono::TimeZone as _;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Brussels;
use serde_json::{Value, json};

pub const PERSON: &str = "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e";

/// The recorded time of the first record of a test: 2026-11-23T00:00:00Z.
pub const FIRST_MICROS: i64 = 1_795_392_000_000_000;

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
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

/// Validates an event and records it at a place in the log.
pub fn recorded(mut event: Value, place: u64) -> Arc<Recorded> {
    if event.get("subject").is_none() {
        event["subject"] = PERSON.into();
    }
    let draft = validate(&JsonValue::from(&event), now())
        .unwrap_or_else(|violations| panic!("{event}: {violations:?}"));
    Arc::new(Recorded {
        stream: draft.stream.clone(),
        revision: Revision(place),
        position: position(&draft.key.id),
        recorded_at: RecordedTime::from_micros(FIRST_MICROS + place as i64),
        content: Content::Open(Event::from_canonical(&draft.canonical).unwrap()),
    })
}

/// A position that follows from the id, so that the order of receipt changes no answer.
fn position(id: &str) -> Position {
    Position::new(id.bytes().fold(7, |hash, byte| hash * 31 % 1_000_003 + u64::from(byte)))
}

/// The events recorded in this order.
pub fn all_recorded(events: &[Value]) -> Vec<Arc<Recorded>> {
    events.iter().zip(0..).map(|(event, place)| recorded(event.clone(), place)).collect()
}

pub fn history(events: &[Value]) -> History {
    fold(all_recorded(events), &OutsideTargets::default(), None)
}

/// A question with the default parameters, asked long after the events.
pub fn query(at: NaiveDate) -> CreditQuery {
    CreditQuery::new(At::Date(at), date("9999-12-31"))
}

pub fn answer(events: &[Value], query: &CreditQuery) -> Credit {
    credit(&history(events), query, Registry::shipped())
}

/// Events from a script, one per line or `;`: `02-10 admitted stay=s1`, `02-10T08:30 released`.
/// Times are in 2026 in Brussels, 10:00 unless given; ids are `e1`, `e2`, … by place. Members that
/// a type requires and the line leaves out are filled in.
pub fn script(text: &str) -> Vec<Value> {
    let lines = text.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty());
    lines.enumerate().map(|(place, line)| scripted(&format!("e{}", place + 1), line)).collect()
}

fn scripted(id: &str, line: &str) -> Value {
    let mut words = line.split_whitespace();
    let time = brussels(words.next().unwrap());
    let (kind, mut data) = defaults(words.next().unwrap());
    for word in words {
        let (name, value) = word.split_once('=').unwrap();
        let value =
            if name.ends_with("On") || ((name == "from" || name == "to") && value.contains('-')) {
                full_date(value).into()
            } else {
                serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))
            };
        data[name] = value;
    }
    event(id, kind, &time, data)
}

/// `MM-DD` is a date of 2026.
pub fn full_date(text: &str) -> String {
    if text.len() == 5 { format!("2026-{text}") } else { text.to_owned() }
}

fn brussels(text: &str) -> String {
    let (day, clock) = text.split_once('T').unwrap_or((text, "10:00"));
    let local = format!("{}T{clock}:00", full_date(day)).parse().unwrap();
    Brussels.from_local_datetime(&local).earliest().unwrap().to_rfc3339()
}

fn defaults(word: &str) -> (&'static str, Value) {
    match word {
        "arrived" => (
            "detention.arrived",
            json!({"detention": "d1", "facility": "gent", "legalStatus": "convicted"}),
        ),
        "moved" => {
            ("detention.transferred", json!({"detention": "d1", "from": "gent", "to": "brugge"}))
        }
        "titled" => (
            "detention.statusChanged",
            json!({"detention": "d1", "from": "pretrial", "to": "convicted"}),
        ),
        "restored" => ("modality.restored", json!({"modality": "m1", "judgment": "J"})),
        "released" => {
            ("detention.released", json!({"detention": "d1", "reason": "other", "final": false}))
        }
        "away" => ("detention.absenceStarted", json!({"detention": "d1", "kind": "escape"})),
        "back" => ("detention.absenceEnded", json!({"detention": "d1"})),
        "sentenced" => (
            "sentence.pronounced",
            json!({"sentence": "x1", "judgment": "C", "years": 0, "months": 0, "days": 0}),
        ),
        "imputed" => ("sentence.detentionImputed", json!({"sentence": "x1"})),
        "granted" => (
            "modality.granted",
            json!({"modality": "m1", "kind": "electronicMonitoring", "judgment": "J"}),
        ),
        "suspended" => ("modality.suspended", json!({"modality": "m1", "judgment": "J"})),
        "lifted" => ("modality.suspensionLifted", json!({"modality": "m1", "judgment": "J"})),
        "ended" => ("modality.ended", json!({"modality": "m1", "reason": "term"})),
        "revoked" => (
            "modality.revoked",
            json!({"modality": "m1", "judgment": "J", "basis": "art68par5al2", "final": true}),
        ),
        "admitted" => {
            ("residential.admitted", json!({"stay": "s1", "facility": "deKiem", "programme": "tc"}))
        }
        "left" => ("residential.absenceStarted", json!({"stay": "s1", "authorised": false})),
        "returned" => ("residential.absenceEnded", json!({"stay": "s1"})),
        "closed" => ("residential.droppedOut", json!({"stay": "s1", "initiative": "resident"})),
        "completed" => ("residential.completed", json!({"stay": "s1"})),
        "onward" => ("residential.transferred", json!({"stay": "s1", "toFacility": "msoc"})),
        "attested" => ("residential.attested", json!({"stay": "s1"})),
        "died" => ("death.recorded", json!({})),
        other => panic!("no such word: {other}"),
    }
}
