//! Custody once more, as a table: modalities that start outside, and since when a state holds.

use serde_json::{Value, json};

use crate::builder::*;
use crate::custody::check;

#[test]
fn a_modality_may_start_long_after_the_release() {
    let gent = || arrived("2026-01-01T10:00", "gent");
    let monitored = || granted("2026-06-01T10:00", "electronicMonitoring");
    let end = || {
        event(
            "modality.ended",
            "2026-07-01T10:00",
            json!({"modality": "m1",
        "reason": "term"}),
        )
    };
    let out = |reason| vec![gent(), released("2026-01-20T10:00", reason), monitored()];
    let under = json!({"state": "underModality", "modality": "m1", "facility": "absent",
        "modalityKind": "electronicMonitoring", "since": "2026-06-01T10:00"});
    let same_day = |reason, time| {
        vec![gent(), released(time, reason), granted("2026-06-01T10:00", "electronicMonitoring")]
    };
    check(vec![
        ("out of pretrial detention", out("pretrialLifted"), "2026-06-10", under.clone()),
        (
            "before it starts",
            out("pretrialLifted"),
            "2026-05-31",
            json!({"state": "released", "modality": "absent", "since": "2026-01-20T10:00"}),
        ),
        ("at the end of a sentence", out("sentenceEnd"), "2026-06-10", under.clone()),
        ("for another reason", out("other"), "2026-06-10", under.clone()),
        (
            "on the very day, an hour before",
            same_day("other", "2026-06-01T09:00"),
            "2026-06-10",
            under.clone(),
        ),
        (
            "on the very day, an hour after",
            same_day("other", "2026-06-01T11:00"),
            "2026-06-10",
            json!({"state": "underModality", "since": "2026-06-01T11:00"}),
        ),
        (
            "until it ended",
            [out("pretrialLifted"), vec![end()]].concat(),
            "2026-07-10",
            json!({"state": "released", "modality": "absent", "since": "2026-07-01T10:00"}),
        ),
    ]);
}

#[test]
fn a_state_holds_since() {
    let by_modality =
        |kind: &str, time: &str| event(kind, time, json!({"modality": "m1", "judgment": "j2"}));
    let limited = || {
        vec![arrived("2026-03-01T10:00", "gent"), granted("2026-03-05T10:00", "limitedDetention")]
    };
    let suspended = || by_modality("modality.suspended", "2026-03-20T10:00");
    let lifted = |time| by_modality("modality.suspensionLifted", time);
    let of = |events: Vec<Value>| [limited(), events].concat();
    let by_day = |events: Vec<Value>| {
        [limited(), vec![released("2026-03-05T18:00", "limitedDetention")], events].concat()
    };
    let hospital =
        || vec![absence_started("2026-03-10T10:00", "hospital"), absence_ended("2026-03-12T10:00")];
    check(vec![
        (
            "detained since the suspension",
            of(vec![suspended()]),
            "2026-03-25",
            json!({"state": "detained", "since": "2026-03-20T10:00"}),
        ),
        (
            "under it again since that was lifted",
            of(vec![suspended(), lifted("2026-03-22T10:00")]),
            "2026-03-25",
            json!({"state": "underModality", "since": "2026-03-22T10:00"}),
        ),
        (
            "lifted at the same instant",
            of(vec![named(lifted("2026-03-20T10:00"), "a"), named(suspended(), "b")]),
            "2026-03-25",
            json!({"state": "underModality"}),
        ),
        (
            "let out by day, in hospital for a while",
            by_day(hospital()),
            "2026-03-15",
            json!({"state": "underModality", "facility": "gent", "since": "2026-03-05T18:00"}),
        ),
        (
            "in hospital",
            by_day(hospital()),
            "2026-03-11",
            json!({"state": "absent", "kind": "hospital", "since": "2026-03-10T10:00"}),
        ),
    ]);
}
