//! When an answer changes by itself, as a table: events, instant, the instant of the change.

use care_ledger::domain::time::calendar::At;
use care_ledger::domain::trajectory::{ContinuityRules, answer, answer_until};
use care_ledger::domain::vocabulary::registry::Registry;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::builder::*;
use crate::substitution::days_without;

#[test]
fn an_answer_changes_by_itself_at() {
    let gent = || arrived("2026-03-01T10:00", "gent");
    let monday = "2026-03-02T09:00";
    let starts = |on: &str| with(granted("2026-03-02", "transitionHouse"), json!({"startsOn": on}));
    let left = event(
        "residential.absenceStarted",
        "2026-03-02",
        json!({"stay": "s1", "authorised": false}),
    );
    let need = || treated("2026-03-01", "prison", true);
    let out = || released("2026-03-02T10:00", "sentenceEnd");
    let death = || event("death.recorded", "2026-03-02T15:00", json!({}));
    let screened = || {
        let data =
            json!({"instrument": "assist", "needIdentified": false, "project": "noSuchProject"});
        event("care.screened", "2026-03-02T10:00", data)
    };
    let depot_refused = || vec![depot(monday, 7), withheld("2026-03-09T09:00", "refused")];
    let rows: Vec<(&str, Vec<Value>, &str, Option<&str>)> = vec![
        ("never, without records", vec![], monday, None),
        ("never, detained", vec![gent()], monday, None),
        ("when silence is unknown", vec![dose(monday)], monday, Some("2026-03-04T09:00")),
        ("once only", vec![dose(monday)], "2026-03-04T09:00", None),
        (
            "when silence is unknown after a dose withheld",
            days_without("strike", &[3]),
            "2026-03-03",
            Some("2026-03-05T09:00"),
        ),
        (
            "when an interruption fades",
            days_without("refused", &[3, 4, 5]),
            "2026-03-05",
            Some("2026-04-02T09:00"),
        ),
        (
            "when a depot refused is broken off",
            depot_refused(),
            "2026-03-09",
            Some("2026-03-11T09:00"),
        ),
        ("and when that fades", depot_refused(), "2026-03-11T09:00", Some("2026-04-06T09:00")),
        ("when a depot window ends", vec![depot(monday, 28)], monday, Some("2026-04-06T09:00")),
        (
            "when a handover is late",
            vec![gent(), dose(monday), transferred("2026-03-02T14:00", "gent", "brugge")],
            "2026-03-02",
            Some("2026-03-03T14:00"),
        ),
        (
            "each civil day of a stay",
            vec![admitted(monday, "s1")],
            monday,
            Some("2026-03-03T00:00"),
        ),
        ("not of one that someone left", vec![admitted(monday, "s1"), left], "2026-03-09", None),
        (
            "when a modality starts",
            vec![gent(), starts("2026-03-10")],
            monday,
            Some("2026-03-10T00:00"),
        ),
        (
            "when follow-up is late",
            vec![gent(), need(), out()],
            "2026-03-02",
            Some("2026-03-24T00:00"),
        ),
        (
            "when its risk is past",
            vec![gent(), need(), out()],
            "2026-03-25",
            Some("2026-03-31T00:00"),
        ),
        ("when a referral is unanswered", vec![referred(monday)], monday, Some("2026-03-17T00:00")),
        (
            "when a record told ahead comes true",
            vec![gent(), out()],
            "2026-03-02T09:59",
            Some("2026-03-02T10:00"),
        ),
        (
            "when a code that no registry knows comes true",
            vec![gent(), screened()],
            "2026-03-02T09:59",
            Some("2026-03-02T10:00"),
        ),
        ("never after a death", vec![dose(monday), referred(monday), death()], "2026-03-02", None),
    ];
    for (claim, events, from, change) in rows {
        let history = history(&events, None);
        let (rules, registry) = (ContinuityRules::shipped(), Registry::shipped());
        let (present, found) = answer_until(&history, at(from), rules, registry, None);
        assert_eq!(found, change.map(instant), "{claim}");
        let answer = |at| answer(&history, at, rules, registry, None);
        assert_eq!(answer(at(from)), present);
        let Some(change) = found else { continue };
        let just_before = change - TimeDelta::microseconds(1);
        assert_eq!(answer(At::Instant(just_before)), present);
        assert_ne!(answer(At::Instant(change)), present);
    }
}
