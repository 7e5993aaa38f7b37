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
        ("a dose after the move", of(vec![moved(), later()]), "2026-03-03T15:00", json!([])),
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
            "or gave it late",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                moved(),
                with(dose("2026-03-03T22:00"), json!({"facility": "brugge"})),
            ]),
            "2026-03-03T23:00",
            on("2026-03-03T14:00", json!(["e2", "e3"])),
        ),
        (
            "given outside in time after a release",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                released("2026-03-02T14:00", "sentenceEnd"),
                with(later(), json!({"setting": "community", "facility": "deKiem"})),
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
            "sent late, it is confirmed no sooner",
            of(vec![moved(), handover_sent("2026-03-03T20:00", MONDAY)]),
            "2026-03-03T20:01",
            on("2026-03-03T14:00", json!(["e3", "e2"])),
        ),
        (
            "sent for the next move, the last one being answered by a dose",
            of(vec![moved(), later(), handover_sent("2026-03-03T12:00", "2026-03-03T09:00")]),
            "2026-03-03T20:00",
            json!([]),
        ),
        (
            "sent for the next move, the last one being answered by a confirmation",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                handover_confirmed("2026-03-02T13:00"),
                moved(),
                with(handover_sent("2026-03-03T20:00", MONDAY), json!({"handover": "h2"})),
            ]),
            "2026-03-03T21:00",
            json!([]),
        ),
        (
            "sent again and again, nobody has more time",
            vec![
                gent(),
                depot("2026-03-02T09:00", 28),
                released("2026-03-10T14:00", "sentenceEnd"),
                with(
                    handover_sent("2026-03-11T09:00", MONDAY),
                    json!({"handover": "h2", "product": "buprenorphine"}),
                ),
                with(
                    handover_sent("2026-03-18T09:00", MONDAY),
                    json!({"handover": "h3", "product": "buprenorphine"}),
                ),
            ],
            "2026-03-18T10:00",
            on("2026-03-12T00:00", json!(["e4", "e2"])),
        ),
        (
            "sent again after it was not confirmed, although doses go on",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                moved(),
                later(),
                with(
                    handover_sent("2026-03-03T16:00", "2026-03-03T09:00"),
                    json!({"handover": "h2"}),
                ),
            ]),
            "2026-03-03T20:00",
            on("2026-03-03T14:00", json!(["e5", "e3"])),
        ),
        (
            "sent again without a move",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                with(handover_sent("2026-03-03T16:00", MONDAY), json!({"handover": "h2"})),
            ]),
            "2026-03-03T20:00",
            on("2026-03-03T12:00", json!(["e3", "e2"])),
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
            "what was confirmed after a release says nothing of a later move",
            of(vec![
                released("2026-03-02T10:00", "sentenceEnd"),
                handover_sent("2026-03-02T11:00", MONDAY),
                handover_confirmed("2026-03-02T12:00"),
                arrived("2026-05-04T08:00", "gent"),
                dose("2026-05-04T09:00"),
                transferred("2026-05-04T10:00", "gent", "brugge"),
            ]),
            "2026-05-05T12:00",
            on("2026-05-05T10:00", json!(["e6", "e7"])),
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
            "back in prison and given doses, nobody has to take over any more",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                released("2026-03-02T14:00", "sentenceEnd"),
                arrived("2026-03-20T10:00", "gent"),
                dose("2026-03-20T12:00"),
            ]),
            "2026-03-20T13:00",
            json!([]),
        ),
        (
            "back in prison, but given doses outside only",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                released("2026-03-02T14:00", "sentenceEnd"),
                arrived("2026-03-20T10:00", "gent"),
                with(
                    dose("2026-03-20T12:00"),
                    json!({"setting": "community", "facility": "deKiem"}),
                ),
            ]),
            "2026-03-20T13:00",
            on("2026-03-03T14:00", json!(["e2", "e3"])),
        ),
        (
            "an arrival after a transfer is of the same detention",
            of(vec![
                handover_sent("2026-03-02T12:00", MONDAY),
                moved(),
                arrived("2026-03-02T15:00", "brugge"),
                later(),
            ]),
            "2026-03-03T20:00",
            on("2026-03-03T14:00", json!(["e2", "e3"])),
        ),
        (
            "confirmed, given doses here meanwhile, and sent anew for the move",
            of(vec![
                handover_sent("2026-03-02T10:00", MONDAY),
                handover_confirmed("2026-03-02T11:00"),
                later(),
                with(
                    handover_sent("2026-03-03T10:00", "2026-03-03T09:00"),
                    json!({"handover": "h2"}),
                ),
                transferred("2026-03-03T14:00", "gent", "brugge"),
            ]),
            "2026-03-04T15:00",
            on("2026-03-04T14:00", json!(["e5", "e6"])),
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
