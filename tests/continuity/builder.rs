//! Builds a history as the ledger does: through the validator, to canonical bytes, and back.
//! Always: every event passes its schema, or the test fails; times without offset are Belgian.

use std::sync::Arc;

use care_ledger::domain::event::{Content, Event, Recorded};
use care_ledger::domain::history::{self, History, OutsideTargets};
use care_ledger::domain::id::{Position, RecordedTime, Revision};
use care_ledger::domain::time::calendar::At;
use care_ledger::domain::trajectory::{self, ContinuityRules, own_answer_until};
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::registry::Registry;
use care_ledger::domain::vocabulary::validate::validate;
use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Europe::Brussels;
use serde_json::{Value, json};

pub const SUBJECT: &str = "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e";
pub const SOURCE: &str = "urn:test";

/// An instant: RFC 3339, or a date, or a date and time in Belgium.
pub fn instant(text: &str) -> DateTime<Utc> {
    if let Ok(time) = text.parse() {
        return time;
    }
    let text = if text.len() == 10 { format!("{text}T12:00") } else { text.to_owned() };
    let local = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M").unwrap();
    Brussels.from_local_datetime(&local).earliest().unwrap().to_utc()
}

/// An event of some type at some time; its id is given by its place, unless set.
pub fn event(kind: &str, time: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "source": SOURCE, "subject": SUBJECT, "type": kind,
        "time": instant(time).to_rfc3339(), "data": data,
    })
}

/// The event with this id.
pub fn named(mut event: Value, id: &str) -> Value {
    event["id"] = id.into();
    event
}

/// The event with these members added to `data`, or replaced.
pub fn with(mut event: Value, data: Value) -> Value {
    for (name, value) in data.as_object().unwrap() {
        event["data"][name] = value.clone();
    }
    event
}

/// The records of events in the order of receipt.
pub fn recorded(events: &[Value]) -> Vec<Arc<Recorded>> {
    // Later than any time that RFC 3339 can write, in every offset.
    let now = instant("9999-12-31T23:59:59Z") + TimeDelta::days(2);
    let record = |(place, event): (usize, &Value)| {
        let mut event = event.clone();
        if event["id"].is_null() {
            event["id"] = format!("e{place}").into();
        }
        let draft = validate(&JsonValue::from(&event), now).unwrap_or_else(|why| panic!("{why:?}"));
        Arc::new(Recorded {
            stream: draft.stream,
            revision: Revision(0),
            position: position(&draft.key.id),
            recorded_at: RecordedTime::from_micros(place as i64 + 1),
            content: Content::Open(Event::from_canonical(&draft.canonical).unwrap()),
        })
    };
    events.iter().enumerate().map(record).collect()
}

/// A position that follows from the id, so that the order of receipt changes no answer.
fn position(id: &str) -> Position {
    Position::new(id.bytes().fold(7, |hash, byte| hash * 31 % 1_000_003 + u64::from(byte)))
}

/// The history of events in the order of receipt; `known` keeps only the first events, by count.
pub fn history(events: &[Value], known: Option<usize>) -> History {
    let known = known.map(|count| RecordedTime::from_micros(count as i64));
    history::fold(recorded(events), &OutsideTargets::default(), known)
}

/// An `at`: a date, or an instant.
pub fn at(text: &str) -> At {
    text.parse().map_or_else(|_| At::Instant(instant(text)), At::Date)
}

/// The answer about a history as JSON, without the findings of the registers and of the credit, and
/// when it changes by itself.
pub fn engine(history: &History, at: At) -> (Value, Option<DateTime<Utc>>) {
    let (answer, changes_at) = own_answer_until(history, at, ContinuityRules::shipped());
    (serde_json::to_value(answer).unwrap(), changes_at)
}

/// The answer as JSON.
pub fn answer(events: &[Value], when: &str) -> Value {
    let (rules, registry) = (ContinuityRules::shipped(), Registry::shipped());
    let history = history(events, None);
    let answer = trajectory::answer(&history, at(when), rules, registry, None);
    let mut answer = serde_json::to_value(answer).unwrap();
    for part in ["findings", "alerts"] {
        for item in answer[part].as_array_mut().unwrap() {
            item["events"] =
                item["records"].as_array().unwrap().iter().map(|r| r["id"].clone()).collect();
        }
    }
    answer
}

/// Asserts that `answer` says all that `expected` says. `"absent"` means that a member is not
/// there; a list is of the same length.
pub fn assert_says(claim: &str, place: &str, answer: &Value, expected: &Value) {
    match expected {
        Value::Object(members) => {
            for (name, expected) in members {
                let place = format!("{place}/{name}");
                match answer.get(name) {
                    Some(answer) => assert_says(claim, &place, answer, expected),
                    None => assert_eq!(expected, "absent", "{claim}: {place}"),
                }
            }
        }
        Value::Array(items) => {
            let found = answer.as_array().unwrap_or_else(|| panic!("{claim}: {place}"));
            assert_eq!(found.len(), items.len(), "{claim}: {place} is {answer}");
            for (index, expected) in items.iter().enumerate() {
                assert_says(claim, &format!("{place}/{index}"), &found[index], expected);
            }
        }
        Value::String(text) if is_local_time(text) => {
            let found: DateTime<Utc> = answer.as_str().unwrap().parse().unwrap();
            assert_eq!(found, instant(text), "{claim}: {place}");
        }
        _ => assert_eq!(answer, expected, "{claim}: {place}"),
    }
}

fn is_local_time(text: &str) -> bool {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").is_ok()
}

pub fn arrived(time: &str, facility: &str) -> Value {
    let data = json!({"detention": "d1", "facility": facility, "legalStatus": "convicted"});
    event("detention.arrived", time, data)
}

pub fn transferred(time: &str, from: &str, to: &str) -> Value {
    event("detention.transferred", time, json!({"detention": "d1", "from": from, "to": to}))
}

pub fn released(time: &str, reason: &str) -> Value {
    let is_final = reason == "sentenceEnd";
    let data = json!({"detention": "d1", "reason": reason, "final": is_final});
    event("detention.released", time, data)
}

pub fn absence_started(time: &str, kind: &str) -> Value {
    event("detention.absenceStarted", time, json!({"detention": "d1", "kind": kind}))
}

pub fn absence_ended(time: &str) -> Value {
    event("detention.absenceEnded", time, json!({"detention": "d1"}))
}

pub fn granted(time: &str, kind: &str) -> Value {
    event("modality.granted", time, json!({"modality": "m1", "kind": kind, "judgment": "j1"}))
}

pub fn dose(time: &str) -> Value {
    let data = json!({"product": "methadone", "doseMicrograms": 40000, "setting": "prison",
        "facility": "gent"});
    event("substitution.doseContinued", time, data)
}

pub fn depot(time: &str, days: u32) -> Value {
    let formulation = if days == 7 { "depotWeekly" } else { "depotMonthly" };
    with(dose(time), json!({"product": "buprenorphine", "formulation": formulation}))
}

pub fn withheld(time: &str, reason: &str) -> Value {
    event("substitution.doseWithheld", time, json!({"reason": reason}))
}

pub fn prescribed(time: &str, id: &str, goal: &str) -> Value {
    let data = json!({"prescription": id, "product": "methadone", "formulation": "oralSolution",
        "doseMicrograms": 50000, "intervalDays": 1, "goal": goal, "setting": "prison",
        "facility": "gent"});
    event("substitution.prescribed", time, data)
}

pub fn verified(time: &str, last_dose_at: &str) -> Value {
    let data = json!({"product": "methadone", "formulation": "oralSolution",
        "doseMicrograms": 60000, "intervalDays": 1, "provider": "msoc",
        "lastDoseAt": instant(last_dose_at).to_rfc3339()});
    event("substitution.verified", time, data)
}

pub fn stopped(time: &str, reason: &str) -> Value {
    event("substitution.stopped", time, json!({"reason": reason}))
}

pub fn admitted(time: &str, stay: &str) -> Value {
    let data = json!({"stay": stay, "facility": "deKiem", "programme": "residential"});
    event("residential.admitted", time, data)
}

pub fn handover_sent(time: &str, last_dose_at: &str) -> Value {
    let data = json!({"handover": "h1", "toProvider": "msoc", "product": "methadone",
        "doseMicrograms": 40000, "lastDoseAt": instant(last_dose_at).to_rfc3339(),
        "bridgingDays": 0});
    event("substitution.handoverSent", time, data)
}

pub fn handover_confirmed(time: &str) -> Value {
    event("substitution.handoverConfirmed", time, json!({"handover": "h1"}))
}

pub fn referred(time: &str) -> Value {
    let data = json!({"referral": "r1", "project": "tandem", "toProvider": "msoc"});
    event("cap.referred", time, data)
}

pub fn treated(time: &str, setting: &str, structured: bool) -> Value {
    let data = json!({"episode": "t1", "provider": "msoc", "setting": setting,
        "structured": structured, "referral": "r1"});
    event("treatment.started", time, data)
}

pub fn treatment_ended(time: &str) -> Value {
    event("treatment.ended", time, json!({"episode": "t1", "reason": "completed"}))
}

pub fn enrolled(time: &str, programme: &str) -> Value {
    let data = json!({"enrolment": "n1", "project": "ddGent", "programme": programme,
        "plannedSessions": 20});
    event("programme.enrolled", time, data)
}

pub fn session(time: &str, id: &str) -> Value {
    let data = json!({"enrolment": "n1", "session": id, "minutes": 60});
    event("programme.sessionHeld", time, data)
}

pub fn corrected(time: &str, id: &str, kind: &str, change: Value) -> Value {
    let target = json!({"source": SOURCE, "id": id, "type": kind});
    with(event("record.corrected", time, json!({"corrects": target, "reason": "typo"})), change)
}

pub fn annulled(time: &str, id: &str, kind: &str) -> Value {
    let target = json!({"source": SOURCE, "id": id, "type": kind});
    event("record.annulled", time, json!({"annuls": target, "reason": "notOccurred"}))
}
