//! Handovers that no provider has taken over, as a table.

use serde_json::{Value, json};

use crate::alerts::check;
use crate::builder::*;
use crate::substitution::MONDAY;

#[test]
fn handover_unconfirmed() {
    let gent = || arrived("2026-03-01T10:00", "gent");
    let moved = || transferred("2026-03-02T14:00", "gent", "brugge");
    let of = |events: Vec<Value>| [vec![gent(), dose(MONDAY)], events].concat();
    let later = || dose("2026-03-03T09:00");
    let on = |since: &str, events: Value| {
        json!([{"code": "handoverUnconfirmed", "since": since, "severity": "high",
            "events": events}])
    };
    check(vec![
        ("within one interval", of(vec![moved()]), "2026-03-03T13:59", json!([])),
        (
            "moved, nothing handed over",
            of(vec![moved()]),
            "2026-03-03T14:00",
            on("2026-03-03T14:00", json!(["e1", "e2"])),
        ),
        (
            "sent and confirmed",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                moved(),
                handover_confirmed("2026-03-02T16:00"),
            ]),
            "2026-03-03T20:00",
            json!([]),
        ),
        (
            "sent, not confirmed, although doses go on",
            of(vec![handover_sent("2026-03-02T12:00", MONDAY), moved(), later()]),
            "2026-03-03T20:00",
            on("2026-03-03T14:00", json!(["e2", "e3"])),
        ),
        (
            "sent, not confirmed, but the receiving side gave the next dose in time",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                moved(),
                with(later(), json!({"facility": "brugge"})),
            ]),
            "2026-03-03T20:00",
            json!([]),
        ),
        (
            "confirmed late",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                moved(),
                later(),
                handover_confirmed("2026-03-03T18:00"),
            ]),
            "2026-03-03T20:00",
            json!([]),
        ),
        (
            "confirmed, and repeated before the move",
            of(vec![
                handover_sent("2026-03-02T10:00", MONDAY),
                handover_confirmed("2026-03-02T11:00"),
                with(handover_sent("2026-03-02T12:00", MONDAY), json!({"handover": "h2"})),
                moved(),
            ]),
            "2026-03-03T20:00",
            json!([]),
        ),
        (
            "moved on, nobody has more time",
            of(vec![moved(), transferred("2026-03-03T10:00", "brugge", "antwerpen")]),
            "2026-03-03T20:00",
            on("2026-03-03T14:00", json!(["e1", "e2"])),
        ),
        (
            "the end of the title at home is no move",
            vec![
                gent(),
                depot("2026-03-02T09:00", 28),
                with(released("2026-03-10T14:00", "conditionalRelease"), json!({"final": false})),
                with(
                    handover_sent("2026-03-10T15:00", MONDAY),
                    json!({"product": "buprenorphine"}),
                ),
                handover_confirmed("2026-03-11T09:00"),
                released("2026-03-16T10:00", "sentenceEnd"),
            ],
            "2026-03-18T10:00",
            json!([]),
        ),
        (
            "a depot: by the end of the next working day",
            vec![
                gent(),
                depot("2026-04-02T09:00", 28),
                transferred("2026-04-03T14:00", "gent", "brugge"),
            ],
            "2026-04-08T00:00",
            on("2026-04-08T00:00", json!(["e1", "e2"])),
        ),
        ("no substitution, no handover", vec![gent(), moved()], "2026-03-09", json!([])),
    ]);
}

/// A duty is judged with its own record left out: what else its instant holds is read anew.
#[test]
fn without_one_departure_another_record_may_be_the_departure() {
    let interrupted = |place: Vec<Value>| [place, vec![dose(MONDAY), dose("2026-03-06T09:00")]];
    let at_once = "2026-03-06T12:00";
    let out = |reason| released(at_once, reason);
    let unknown = |moves: Vec<Value>| [interrupted(vec![]).concat(), moves].concat();
    let inside = |moves: Vec<Value>| {
        [interrupted(vec![arrived("2026-03-01T10:00", "gent")]).concat(), moves].concat()
    };
    let away = || absence_started(at_once, "hospital");
    let (overdue, handover, unprepared) =
        ("substitutionOverdue", "handoverUnconfirmed", "releaseUnprepared");
    let alerts = |codes: &[&str]| codes.iter().map(|code| json!({"code": code})).collect();
    check(vec![
        (
            "one release of one who was supposed inside: the interruption ran on without it",
            unknown(vec![out("conditionalRelease")]),
            "2026-03-09",
            alerts(&[overdue, handover, unprepared]),
        ),
        (
            "two releases: without the first the other fades it all the same",
            unknown(vec![out("conditionalRelease"), out("electronicMonitoring")]),
            "2026-03-09",
            alerts(&[overdue, unprepared]),
        ),
        (
            "the same of a detention on record",
            inside(vec![out("conditionalRelease"), out("electronicMonitoring")]),
            "2026-03-09",
            alerts(&[overdue, unprepared]),
        ),
        (
            "an absence is no departure",
            inside(vec![out("conditionalRelease"), away()]),
            "2026-03-09",
            alerts(&[overdue, handover, unprepared]),
        ),
    ]);
}
