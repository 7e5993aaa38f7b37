//! Events of any type that the trajectory reads, made of a few numbers, so that a failing case
//! shrinks.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::builder::{SOURCE, SUBJECT, instant};

/// Enough events to contradict each other, few enough to shrink.
const EVENTS_MAX: usize = 24;

type Numbers = [u8; 6];

fn pick<'a>(from: &[&'a str], number: u8) -> &'a str {
    from[usize::from(number) % from.len()]
}

const REASONS: [&str; 9] = [
    "refused",
    "noShow",
    "strike",
    "lockdown",
    "staffShortage",
    "stock",
    "courtTransfer",
    "intoxicated",
    "clinicalHold",
];
const CAUSES: [&str; 6] =
    ["client", "strike", "staffShortage", "roomShortage", "lockdown", "transfer"];
const KINDS: [&str; 6] = [
    "limitedDetention",
    "electronicMonitoring",
    "conditionalRelease",
    "provisionalRelease",
    "transitionHouse",
    "limitedDetention",
];
const RELEASES: [&str; 8] = [
    "sentenceEnd",
    "conditionalRelease",
    "electronicMonitoring",
    "limitedDetention",
    "removal",
    "other",
    "pretrialLifted",
    "provisionalRelease",
];
const STOPS: [&str; 5] = ["planned", "client", "forced", "transfer", "release"];
const PLACES: [&str; 2] = ["gent", "brugge"];
const IDS: [&str; 2] = ["a", "b"];

fn judicial([kind, a, b, c, ..]: Numbers, day: &str) -> (&'static str, Value) {
    let (id, place) = (pick(&IDS, a), pick(&PLACES, b));
    match kind % 12 {
        0 | 1 => (
            "detention.arrived",
            json!({"detention": id, "facility": place, "legalStatus": "convicted"}),
        ),
        2 => (
            "detention.transferred",
            json!({"detention": id, "from": place, "to": pick(&PLACES, c)}),
        ),
        3 => (
            "detention.statusChanged",
            json!({"detention": id, "from": "pretrial", "to": "convicted"}),
        ),
        4 => (
            "detention.absenceStarted",
            json!({"detention": id, "kind": pick(&["court", "escape", "leave"], b)}),
        ),
        5 => ("detention.absenceEnded", json!({ "detention": id })),
        6 | 7 => (
            "detention.released",
            json!({"detention": id, "reason": pick(&RELEASES, b), "final": c % 2 == 0}),
        ),
        8 => (
            "modality.granted",
            json!({"modality": id, "kind": pick(&KINDS, b), "judgment": "j", "startsOn": day}),
        ),
        9 => ("modality.suspended", json!({"modality": id, "judgment": "j"})),
        10 => (
            "modality.revoked",
            json!({"modality": id, "judgment": "j", "basis": "art68par5al1", "final": false,
                "effectiveOn": day}),
        ),
        _ => ("modality.ended", json!({"modality": id, "reason": "term"})),
    }
}

fn substitution([kind, a, b, c, d, e]: Numbers, day: &str) -> (&'static str, Value) {
    let product = pick(&["methadone", "methadone", "buprenorphine"], a);
    let days = [1, 1, 7, 28][usize::from(b) % 4];
    let form = pick(&["oralSolution", "depotWeekly", "depotMonthly"], c);
    let place = pick(&PLACES, d);
    let last = format!("{day}T08:00:00+01:00");
    match kind % 14 {
        0..=3 => (
            "substitution.doseContinued",
            json!({"product": product, "doseMicrograms": 1000, "setting": "prison",
                "facility": place, "intervalDays": days, "takeHomeDays": e % 4}),
        ),
        4 => (
            "substitution.doseContinued",
            json!({"product": product, "doseMicrograms": 10_000_000, "setting": "community",
                "facility": place, "formulation": form, "prescription": pick(&IDS, e),
                "takeHomeDays": 366}),
        ),
        5..=7 => ("substitution.doseWithheld", json!({"reason": pick(&REASONS, a)})),
        8 => (
            "substitution.prescribed",
            json!({"prescription": pick(&IDS, e), "product": product, "formulation": form,
                "doseMicrograms": 2000, "intervalDays": days,
                "goal": pick(&["maintenance", "detoxification"], c), "setting": "prison",
                "facility": place}),
        ),
        9 => (
            "substitution.stopped",
            if e % 2 == 0 {
                json!({"reason": pick(&STOPS, c)})
            } else {
                json!({"reason": pick(&STOPS, c), "product": product,
                    "prescription": pick(&IDS, d)})
            },
        ),
        10 => (
            "substitution.verified",
            json!({"product": product, "formulation": form, "doseMicrograms": 3000,
                "intervalDays": days, "lastDoseAt": last, "provider": "msoc"}),
        ),
        11 => (
            "substitution.handoverSent",
            json!({"handover": pick(&IDS, c), "toProvider": "msoc", "product": product,
                "doseMicrograms": 3000, "lastDoseAt": last, "bridgingDays": e % 8}),
        ),
        12 => ("substitution.handoverConfirmed", json!({"handover": pick(&IDS, c)})),
        _ => (
            "care.notDelivered",
            json!({"cause": pick(&CAUSES, a), "service": pick(&["substitution", "session"], b)}),
        ),
    }
}

fn care([kind, a, b, c, ..]: Numbers) -> (&'static str, Value) {
    let id = pick(&IDS, a);
    match kind % 15 {
        0 => (
            "residential.admitted",
            json!({"stay": id, "facility": "deKiem", "programme": "residential"}),
        ),
        1 => ("residential.absenceStarted", json!({"stay": id, "authorised": b % 2 == 0})),
        2 => ("residential.absenceEnded", json!({ "stay": id })),
        3 => ("residential.droppedOut", json!({"stay": id, "initiative": "resident"})),
        4 => ("cap.referred", json!({"referral": id, "project": "tandem", "toProvider": "msoc"})),
        5 => ("referral.answered", json!({"referral": id, "accepted": b % 2 == 0})),
        6 => (
            "treatment.started",
            json!({"episode": id, "provider": "msoc", "structured": b % 2 == 0, "referral": "a",
                "setting": pick(&["prison", "community"], c)}),
        ),
        7 => ("treatment.ended", json!({"episode": id, "reason": "done"})),
        8 => (
            "programme.enrolled",
            json!({"enrolment": id, "project": "ddGent", "plannedSessions": b % 4,
                "programme": pick(&["shortIntervention", "ambulatory"], c)}),
        ),
        9 => (
            "programme.sessionHeld",
            json!({"enrolment": id, "session": pick(&["x", "y", "z"], b), "minutes": 60}),
        ),
        10 => ("programme.left", json!({"enrolment": id, "reason": "moved"})),
        11 => (
            "housing.placed",
            json!({"placement": id, "kind": "halfwayHouse", "provider": "deKiem"}),
        ),
        12 => ("housing.left", json!({ "placement": id })),
        13 => ("care.screened", json!({"instrument": "assist", "needIdentified": b % 2 == 0})),
        _ => ("consent.withdrawn", json!({ "consent": id })),
    }
}

/// An event of any type that the trajectory reads, at a time.
fn event(strand: u8, numbers: Numbers, time: &str, day: &str) -> Value {
    let (kind, data) = match strand % 32 {
        0 => ("death.recorded", json!({})),
        1..=9 => judicial(numbers, day),
        10..=23 => substitution(numbers, day),
        _ => care(numbers),
    };
    json!({"specversion": "1.0", "source": SOURCE, "subject": SUBJECT, "type": kind,
        "time": time, "data": data})
}

/// An hour in ten weeks around a change of clocks.
pub fn hour() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..24 * 70).prop_map(|hours| instant("2026-03-01T00:00:00Z") + TimeDelta::hours(hours))
}

/// Times that no clock shows but that the validator accepts.
pub fn extreme() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "0001-12-31T23:59:59-23:59",
        "1582-10-10T12:00:00Z",
        "1900-02-28T23:59:59Z",
        "2016-12-31T23:59:60Z",
        "2026-03-29T02:30:00+01:00",
        "2026-10-25T02:30:00+02:00",
        "9999-12-31T23:59:59.999999999Z",
        "9999-12-31T23:59:59-23:59",
        "9999-12-30T00:00:00Z",
    ])
}

fn near() -> impl Strategy<Value = Value> {
    (any::<u8>(), any::<Numbers>(), hour(), hour()).prop_map(|(strand, numbers, time, day)| {
        event(strand, numbers, &time.to_rfc3339(), &day.date_naive().to_string())
    })
}

fn far() -> impl Strategy<Value = Value> {
    let day = || prop::sample::select(vec!["0000-01-01", "0001-01-01", "9999-12-31", "2026-03-29"]);
    (any::<u8>(), any::<Numbers>(), extreme(), day())
        .prop_map(|(strand, numbers, time, day)| event(strand, numbers, time, day))
}

fn numbered(mut events: Vec<Value>) -> Vec<Value> {
    for (place, event) in events.iter_mut().enumerate() {
        event["id"] = format!("e{place}").into();
    }
    events
}

pub fn events() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(near(), 0..EVENTS_MAX).prop_map(numbered)
}

/// Events of which some have times that no clock shows.
pub fn far_events() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(prop_oneof![near(), far()], 0..EVENTS_MAX).prop_map(numbered)
}

/// Events with corrections of time and annulments of some of them.
pub fn touched() -> impl Strategy<Value = Vec<Value>> {
    let touch = (any::<prop::sample::Index>(), hour(), any::<bool>());
    (events(), prop::collection::vec(touch, 0..4)).prop_map(|(mut events, touches)| {
        let count = events.len();
        for (place, (target, time, annul)) in touches.into_iter().enumerate() {
            if count == 0 {
                break;
            }
            let wrong = &events[target.index(count)];
            let named = json!({"source": SOURCE, "id": wrong["id"], "type": wrong["type"]});
            let (kind, data) = match annul {
                true => ("record.annulled", json!({"annuls": named, "reason": "notOccurred"})),
                false => (
                    "record.corrected",
                    json!({"corrects": named, "reason": "typo", "time": time.to_rfc3339()}),
                ),
            };
            events.push(json!({"specversion": "1.0", "source": SOURCE, "subject": SUBJECT,
                "type": kind, "time": time.to_rfc3339(), "data": data, "id": format!("r{place}")}));
        }
        events
    })
}
