//! The laws of the continuity rules, tried on the fold, and the fold compared with the reference.
//! Always: one test a law, so that a break names it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::builder::{engine, history};
use crate::laws;
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

laws!(whole: changes_at equals_reference);
laws!(whole: receipt names later_records nothing_missed nothing_interrupted interrupted_alert
    overdue_alert take_home handover);
