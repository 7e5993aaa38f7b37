//! Random histories, as messy as senders can make them, within January to May 2026.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

mod law;
pub use law::{law, question};

use crate::reference::Asked;
use crate::script::{day, event};

/// A record before it has an id. A few small numbers determine its content, so that a correction
/// can replace the content with other numbers, and a failure shrinks.
#[derive(Debug, Clone)]
pub struct DrawnEvent {
    pub what: usize,
    pub minute: i64,
    pub numbers: [u8; 5],
    pub offset: usize,
}

/// The last minute, from 1 January 2026 0:00 UTC, at which something happens.
pub const MINUTES: i64 = 120 * 1440;

const KINDS: [&str; 20] = [
    "detention.arrived",
    "detention.released",
    "residential.admitted",
    "residential.droppedOut",
    "residential.absenceStarted",
    "residential.absenceEnded",
    "modality.granted",
    "modality.revoked",
    "modality.suspended",
    "modality.suspensionLifted",
    "modality.ended",
    "sentence.pronounced",
    "sentence.detentionImputed",
    "detention.absenceStarted",
    "detention.absenceEnded",
    "residential.completed",
    "residential.transferred",
    "residential.attested",
    "death.recorded",
    "detention.transferred",
];

/// How often each kind occurs, in a hundred events.
const WEIGHTS: [u32; 20] = [11, 9, 12, 6, 9, 6, 11, 4, 4, 3, 2, 4, 2, 5, 3, 2, 3, 2, 1, 1];

const MODALITIES: [&str; 5] = [
    "limitedDetention",
    "electronicMonitoring",
    "conditionalRelease",
    "provisionalRelease",
    "transitionHouse",
];

fn what() -> impl Strategy<Value = usize> {
    let choices = WEIGHTS.iter().enumerate().map(|(i, w)| (*w, Just(i).boxed()));
    proptest::strategy::Union::new_weighted(choices.collect())
}

/// Often round hours, so that instants coincide; otherwise any minute, also midnights in Brussels.
fn minute() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => (0..120_i64, prop_oneof![Just(8), Just(9), Just(22), Just(23)])
            .prop_map(|(day, hour)| day * 1440 + hour * 60),
        1 => 0..MINUTES,
    ]
}

pub fn drawn() -> impl Strategy<Value = DrawnEvent> {
    (what(), minute(), any::<[u8; 5]>(), 0..3_usize)
        .prop_map(|(what, minute, numbers, offset)| DrawnEvent { what, minute, numbers, offset })
}

pub fn histories() -> impl Strategy<Value = Vec<DrawnEvent>> {
    prop_oneof![
        3 => proptest::collection::vec(drawn(), 1..30),
        2 => proptest::collection::vec(drawn(), 10..50),
    ]
}

/// A record that corrects or annuls another: the target, the kind, and the new content.
#[derive(Debug, Clone)]
pub struct Touch {
    pub target: prop::sample::Index,
    pub annuls: bool,
    pub with: DrawnEvent,
    pub parts: u8,
}

pub fn touches() -> impl Strategy<Value = Vec<Touch>> {
    let touch = (any::<prop::sample::Index>(), prop::bool::weighted(0.3), drawn(), 0..3_u8)
        .prop_map(|(target, annuls, with, parts)| Touch { target, annuls, with, parts });
    proptest::collection::vec(touch, 0..12)
}

pub fn asked() -> impl Strategy<Value = Asked> {
    let at = prop_oneof![1 => 0..130_i64, 2 => Just(125_i64)];
    (at, any::<bool>(), 28..=31_i64).prop_map(|(at, exclude_last, month_days)| Asked {
        at,
        exclude_last,
        month_days,
    })
}

pub fn time_of(minute: i64, offset: usize) -> String {
    let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let hours = [0, 1, -5][offset];
    let offset = FixedOffset::east_opt(hours * 3600).unwrap();
    (start + TimeDelta::minutes(minute)).with_timezone(&offset).to_rfc3339()
}

/// The events of a history, ids by place in it.
pub fn events(drawn: &[DrawnEvent]) -> Vec<Value> {
    drawn.iter().enumerate().map(|(place, drawn)| one(&format!("e{place:03}"), drawn)).collect()
}

pub fn one(id: &str, drawn: &DrawnEvent) -> Value {
    let kind = KINDS[drawn.what];
    event(id, kind, &time_of(drawn.minute, drawn.offset), data(kind, drawn.numbers))
}

/// The records that correct or annul others, sent after all others; cycles and chains included.
pub fn touching(events: &[Value], touches: &[Touch]) -> Vec<Value> {
    let kinds: Vec<String> = events
        .iter()
        .map(|e| e["type"].as_str().unwrap().to_owned())
        .chain(
            touches
                .iter()
                .map(|t| if t.annuls { "record.annulled" } else { "record.corrected" }.to_owned()),
        )
        .collect();
    let id = |place: usize| match place < events.len() {
        true => events[place]["id"].as_str().unwrap().to_owned(),
        false => format!("t{place:03}"),
    };
    let target = |place: usize| -> Option<usize> {
        let touch = touches.get(place.checked_sub(events.len())?)?;
        Some(touch.target.index(kinds.len()))
    };
    let named = |place: usize| json!({"source": "urn:test", "id": id(place), "type": kinds[place]});
    let make = |(number, touch): (usize, &Touch)| {
        let place = events.len() + number;
        let at = target(place).unwrap();
        let kind = &kinds[place];
        let time = time_of(touch.with.minute, touch.with.offset);
        let data = if touch.annuls {
            json!({"annuls": named(at), "reason": "duplicate"})
        } else {
            correction(touch, &kinds, &target, &named, at, 0)
        };
        event(&id(place), kind, &time, data)
    };
    touches.iter().enumerate().map(make).collect()
}

/// A correction of the record at a place; what it replaces may be a correction itself.
fn correction(
    touch: &Touch,
    kinds: &[String],
    target: &dyn Fn(usize) -> Option<usize>,
    named: &dyn Fn(usize) -> Value,
    at: usize,
    depth: u8,
) -> Value {
    let mut said = Map::new();
    said.insert("corrects".into(), named(at));
    said.insert("reason".into(), "wrong".into());
    let [a, b, c, d, e] = touch.with.numbers;
    if touch.parts != 1 && depth < 3 {
        let replacement = match kinds[at].as_str() {
            "record.annulled" => {
                json!({"annuls": named(target(at).unwrap()), "reason": "notOccurred"})
            }
            "record.corrected" => {
                correction(touch, kinds, target, named, target(at).unwrap(), depth + 1)
            }
            kind => data(kind, [a, b, c, d, e]),
        };
        said.insert("data".into(), replacement);
    }
    if touch.parts != 0 || said.len() == 2 {
        let minute = (i64::from(d) * 256 + i64::from(e)) * 3 % MINUTES;
        said.insert("time".into(), time_of(minute, 0).into());
    }
    Value::Object(said)
}

/// The payload of a record of a kind, determined by five numbers.
pub fn data(kind: &str, bytes: [u8; 5]) -> Value {
    let mut data = required(kind, bytes);
    add_optional(kind, bytes, &mut data);
    data
}

fn date(number: u8) -> String {
    day(i64::from(number) % 130 - 5).to_string()
}

/// The members that every payload of the type has.
fn required(kind: &str, [a, b, c, d, _]: [u8; 5]) -> Value {
    let detention = ["d1", "d2"][usize::from(a) % 2];
    let modality = ["m1", "m2", "m3"][usize::from(a) % 3];
    let stay = ["s1", "s2", "s3"][usize::from(a) % 3];
    let prison = if b % 16 == 0 { "elsewhere" } else { "gent" };
    let sentence = ["x1", "x2", "x3"][usize::from(a) % 3];
    let away = ["leave", "escape", "failureToReturn", "escape"][usize::from(b) % 4];
    let kind_of = MODALITIES[usize::from(b) % 5];
    match kind {
        "detention.arrived" => {
            json!({"detention": detention, "facility": prison, "legalStatus": "convicted"})
        }
        "detention.released" => json!({"detention": detention, "reason": "other", "final": true}),
        "detention.transferred" => json!({"detention": detention, "from": "gent", "to": "brugge"}),
        "detention.absenceStarted" => json!({
            "detention": detention,
            "kind": away
        }),
        "detention.absenceEnded" => json!({"detention": detention}),
        "sentence.pronounced" => json!({
            "sentence": sentence, "judgment": "C",
            "years": b % 2, "months": c % 9, "days": d % 40
        }),
        "sentence.detentionImputed" => json!({"sentence": "x1", "days": b % 30}),
        "modality.granted" => json!({
            "modality": modality, "kind": kind_of, "judgment": "J"
        }),
        "modality.suspended" | "modality.suspensionLifted" => {
            json!({"modality": modality, "judgment": "J"})
        }
        "modality.ended" => json!({"modality": modality, "reason": "term"}),
        "modality.revoked" => json!({
            "modality": modality, "judgment": "J", "basis": "art68par5al2", "final": b % 2 == 0
        }),
        "residential.admitted" => {
            json!({"stay": stay, "facility": "deKiem", "programme": "tc"})
        }
        "residential.absenceStarted" => json!({"stay": stay, "authorised": b % 4 == 0}),
        "residential.droppedOut" => json!({"stay": stay, "initiative": "resident"}),
        "residential.transferred" => json!({"stay": stay, "toFacility": "deKiem"}),
        "residential.attested" => {
            json!({"stay": stay, "from": date(b), "to": date(c), "days": d % 60})
        }
        "death.recorded" => json!({}),
        _ => json!({"stay": stay}),
    }
}

/// Adds members that a payload of the type may have.
fn add_optional(kind: &str, [_, b, c, d, e]: [u8; 5], data: &mut Value) {
    let mut add = |wanted: bool, name: &str, value: Value| {
        if wanted {
            data[name] = value;
        }
    };
    match kind {
        "sentence.pronounced" => {
            add(e % 2 == 0, "startsOn", date(e).into());
            add(d % 8 == 0, "endsOn", date(d).into());
        }
        "modality.granted" => {
            add(c % 2 == 0, "startsOn", date(d).into());
            add(e % 3 != 0, "remainderDays", (e % 150).into());
        }
        "modality.revoked" => {
            add(c % 2 == 0, "effectiveOn", date(d).into());
            add(e % 3 == 0, "remainingDays", (e % 90).into());
            add(e % 4 == 0, "creditedDays", (e % 70).into());
        }
        "residential.admitted" => {
            add(b % 3 == 0, "modality", ["m1", "m2", "m3"][usize::from(c) % 3].into());
        }
        _ => {}
    }
}

/// A history with its corrections and annulments.
pub fn all_events(drawn: &[DrawnEvent], touches: &[Touch]) -> Vec<Value> {
    let mut events = events(drawn);
    let touching = touching(&events, touches);
    events.extend(touching);
    events
}
