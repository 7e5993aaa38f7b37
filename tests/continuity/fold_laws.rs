//! The laws of the continuity rules, tried on the fold, and the fold compared with the reference.
//! Always: one test a law, so that a break names it.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::builder::{engine, history};
use crate::laws;
use crate::random::{self, Rng};
use care_ledger::domain::time::calendar::At;

/// The answer of the fold, with the instant at which it changes by itself.
fn whole(events: &[Value], at: DateTime<Utc>) -> Value {
    let (mut answer, changes_at) = engine(&history(events, None), At::Instant(at));
    answer["changesAt"] = serde_json::to_value(changes_at).unwrap();
    answer
}

macro_rules! laws {
    ($engine:ident: $($name:ident)*) => {
        $(#[test]
        fn $name() {
            laws::run(stringify!($name), $engine);
        })*
    };
}

laws!(whole: changes_at equals_reference equals_reference_when_crowded);
laws!(whole: receipt names later_records nothing_missed nothing_interrupted interrupted_alert
    overdue_alert take_home handover);

/// Dates and times at the ends of the calendar, and a date that was never set.
const FAR_DATES: [&str; 4] = ["0001-01-01", "1899-12-31", "1900-01-01", "9999-12-31"];
const FAR_TIMES: [&str; 6] = [
    "0001-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "1900-01-01T00:00:00Z",
    "2026-03-29T02:30:00+01:00",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-12:00",
];

/// A random history in which some times and dates are at the ends of the calendar.
fn far_history(seed: u64) -> (Vec<Value>, DateTime<Utc>) {
    let mut rng = Rng::new(seed ^ 7);
    let (mut events, at) = random::history(seed);
    for event in &mut events {
        if rng.chance(30) {
            event["time"] = rng.pick(&FAR_TIMES).into();
        }
        for name in ["startsOn", "effectiveOn", "expectedOn", "from", "lastDoseAt"] {
            let said = event["data"].get(name).and_then(Value::as_str).unwrap_or_default();
            let is_date = said.get(..10).is_some_and(|date| date.parse::<NaiveDate>().is_ok());
            if is_date && rng.chance(50) {
                let far = if name == "lastDoseAt" { &FAR_TIMES[..] } else { &FAR_DATES[..] };
                event["data"][name] = rng.pick(far).into();
            }
        }
        if event["data"].get("takeHomeDays").is_some() {
            event["data"]["takeHomeDays"] = 366.into();
        }
    }
    (events, if rng.chance(50) { rng.pick(&FAR_TIMES).parse().unwrap() } else { at })
}

#[test]
fn nothing_that_passes_the_door_breaks_it() {
    for seed in 0..400 {
        let (events, at) = far_history(seed);
        let answer = whole(&events, at).to_string();
        let answer = answer.replace("\"continuous\":null", "").replace("\"changesAt\":null", "");
        assert!(!answer.contains("null"), "seed {seed}: {answer}");
    }
}
