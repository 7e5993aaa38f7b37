//! Residential treatment, programmes, referrals, treatments, housing and moves, as tables.

use serde_json::{Value, json};

use crate::builder::*;

fn check(member: &str, rows: Vec<(&str, Vec<Value>, &str, Value)>) {
    for (claim, events, when, expected) in rows {
        let answer = answer(&events, when);
        let found = answer.get(member).cloned().unwrap_or_else(|| "absent".into());
        assert_says(claim, member, &found, &expected);
    }
}

fn away(time: &str, authorised: bool) -> Value {
    let data = json!({"stay": "s1", "authorised": authorised});
    event("residential.absenceStarted", time, data)
}

fn back(time: &str) -> Value {
    event("residential.absenceEnded", time, json!({"stay": "s1"}))
}

#[test]
fn residential_treatment() {
    let stay = || admitted("2026-03-01T10:00", "s1");
    let closed = |kind: &str, data: Value| vec![stay(), event(kind, "2026-03-05T10:00", data)];
    let none = || json!({"state": "none", "stay": "absent", "days": "absent"});
    check(
        "residential",
        vec![
            ("none", vec![], "2026-03-10", none()),
            (
                "in treatment, both dates counted",
                vec![stay()],
                "2026-03-10",
                json!({"state": "inTreatment", "stay": "s1", "facility": "deKiem",
                "programme": "residential", "since": "2026-03-01T10:00", "days": 10}),
            ),
            ("a date of 23 hours is a date", vec![stay()], "2026-03-30", json!({"days": 30})),
            (
                "absent with leave",
                vec![stay(), away("2026-03-04T10:00", true)],
                "2026-03-10",
                json!({"state": "absent", "stay": "s1", "since": "2026-03-04T10:00", "days": 10}),
            ),
            (
                "absent without leave: no date counts after the one of leaving",
                vec![stay(), away("2026-03-04T10:00", false)],
                "2026-03-10",
                json!({"state": "absent", "days": 4}),
            ),
            (
                "back: the dates wholly inside do not count",
                vec![stay(), away("2026-03-04T10:00", false), back("2026-03-07T10:00")],
                "2026-03-10",
                json!({"state": "inTreatment", "days": 8, "since": "2026-03-01T10:00"}),
            ),
            (
                "left twice, back once: each date once",
                vec![
                    stay(),
                    away("2026-03-04T10:00", false),
                    away("2026-03-05T10:00", false),
                    back("2026-03-07T10:00"),
                ],
                "2026-03-10",
                json!({"state": "inTreatment", "days": 8}),
            ),
            (
                "completed",
                closed("residential.completed", json!({"stay": "s1"})),
                "2026-03-06",
                none(),
            ),
            (
                "dropped out",
                closed("residential.droppedOut", json!({"stay": "s1", "initiative": "resident"})),
                "2026-03-06",
                none(),
            ),
            (
                "moved on",
                closed("residential.transferred", json!({"stay": "s1", "toFacility": "other"})),
                "2026-03-06",
                none(),
            ),
            (
                "the end of another stay is not its end",
                closed("residential.completed", json!({"stay": "s2"})),
                "2026-03-06",
                json!({"state": "inTreatment"}),
            ),
            (
                "an arrival in prison ends it",
                vec![stay(), arrived("2026-03-05", "gent")],
                "2026-03-06",
                none(),
            ),
            (
                "the next stay",
                vec![stay(), admitted("2026-03-05T10:00", "s2")],
                "2026-03-06",
                json!({"stay": "s2", "days": 2}),
            ),
        ],
    );
}

#[test]
fn programmes_referrals_treatments_and_housing() {
    let end = |kind: &str, data| event(kind, "2026-03-09T10:00", data);
    let open = json!([{"enrolment": "n1", "project": "ddGent", "programme": "ambulatory",
        "state": "open", "sessionsHeld": 2, "plannedSessions": 20, "since": "2026-03-01T10:00",
        "until": "absent"}]);
    let sessions = || {
        vec![
            enrolled("2026-03-01T10:00", "ambulatory"),
            session("2026-03-02", "a"),
            session("2026-03-03", "b"),
            session("2026-03-04", "b"),
        ]
    };
    let ended = |state: &str| json!([{"state": state, "until": "2026-03-09T10:00"}]);
    let with_end = |kind, data| [sessions(), vec![end(kind, data)]].concat();
    check(
        "programmes",
        vec![
            ("each session once", sessions(), "2026-03-10", open),
            (
                "completed",
                with_end("programme.completed", json!({"enrolment": "n1", "sessionsAttended": 2})),
                "2026-03-10",
                ended("completed"),
            ),
            (
                "left",
                with_end("programme.left", json!({"enrolment": "n1", "reason": "moved"})),
                "2026-03-10",
                ended("left"),
            ),
        ],
    );
    let answered = |accepted: bool| {
        event(
            "referral.answered",
            "2026-03-05",
            json!({"referral": "r1", "accepted": accepted, "waitingDays": 30}),
        )
    };
    let state = |state: &str| json!([{ "state": state }]);
    let referral = || referred("2026-03-01T10:00");
    check(
        "referrals",
        vec![
            (
                "open",
                vec![referral()],
                "2026-03-02",
                json!([{"referral": "r1", "project": "tandem",
            "toProvider": "msoc", "at": "2026-03-01T10:00", "state": "open",
            "waitingDays": "absent"}]),
            ),
            (
                "accepted",
                vec![referral(), answered(true)],
                "2026-03-06",
                json!([{"state": "accepted", "waitingDays": 30}]),
            ),
            ("declined", vec![referral(), answered(false)], "2026-03-06", state("declined")),
            (
                "not yet answered then",
                vec![referral(), answered(true)],
                "2026-03-04",
                state("open"),
            ),
            (
                "started",
                vec![referral(), treated("2026-03-07", "community", true), answered(true)],
                "2026-03-08",
                state("started"),
            ),
        ],
    );
    check(
        "treatments",
        vec![
            (
                "runs",
                vec![treated("2026-03-07T10:00", "community", true)],
                "2026-03-08",
                json!([{"episode": "t1", "provider": "msoc", "setting": "community",
                "structured": true, "since": "2026-03-07T10:00", "until": "absent"}]),
            ),
            (
                "ended",
                vec![
                    treated("2026-03-07", "prison", false),
                    end("treatment.ended", json!({"episode": "t1", "reason": "done"})),
                ],
                "2026-03-10",
                json!([{"structured": false, "until": "2026-03-09T10:00"}]),
            ),
        ],
    );
    let placed = |time: &str, id: &str| {
        event(
            "housing.placed",
            time,
            json!({"placement": id, "kind": "halfwayHouse", "provider": "deKiem"}),
        )
    };
    let left = |id: &str| end("housing.left", json!({ "placement": id }));
    let home = json!({"placement": "p1", "kind": "halfwayHouse", "provider": "deKiem",
        "since": "2026-03-01T10:00"});
    check(
        "housing",
        vec![
            ("none", vec![], "2026-03-10", json!("absent")),
            ("placed", vec![placed("2026-03-01T10:00", "p1")], "2026-03-10", home),
            ("left", vec![placed("2026-03-01", "p1"), left("p1")], "2026-03-10", json!("absent")),
            (
                "the last placement",
                vec![placed("2026-03-01", "p1"), placed("2026-03-05", "p2"), left("p1")],
                "2026-03-10",
                json!({"placement": "p2"}),
            ),
        ],
    );
}

#[test]
fn substitution_over_each_move() {
    let monday = "2026-03-02T09:00";
    let to_brugge = || transferred("2026-03-02T14:00", "gent", "brugge");
    let gent = || arrived("2026-03-01T10:00", "gent");
    let of = |events: Vec<Value>| [vec![gent(), dose(monday)], events].concat();
    let second = |expected: Value| json!([{"kind": "arrival", "to": "gent"}, expected]);
    check(
        "transitions",
        vec![
            (
                "continuous",
                of(vec![to_brugge(), dose("2026-03-03T10:00")]),
                "2026-03-04",
                second(json!({"kind": "transfer", "from": "gent", "to": "brugge",
                "at": "2026-03-02T14:00", "lastDoseBefore": monday,
                "firstDoseAfter": "2026-03-03T10:00", "gapHours": 25, "continuous": true})),
            ),
            (
                "to the end of the tolerance",
                of(vec![to_brugge(), dose("2026-03-03T21:00")]),
                "2026-03-04",
                second(json!({"continuous": true, "gapHours": 36})),
            ),
            (
                "past it",
                of(vec![to_brugge(), dose("2026-03-03T21:01")]),
                "2026-03-04",
                second(json!({"continuous": false})),
            ),
            (
                "no dose since",
                of(vec![to_brugge()]),
                "2026-03-09",
                second(json!({"continuous": null,
            "lastDoseBefore": monday, "firstDoseAfter": "absent", "gapHours": "absent"})),
            ),
            (
                "none known before",
                vec![gent(), dose(monday)],
                "2026-03-09",
                json!([{"continuous": null,
            "lastDoseBefore": "absent", "firstDoseAfter": monday}]),
            ),
            (
                "verified from outside, told later",
                vec![gent(), verified("2026-03-01T15:00", "2026-03-01T08:00"), dose(monday)],
                "2026-03-02",
                json!([{"lastDoseBefore": "2026-03-01T08:00", "gapHours": 25,
                "continuous": true}]),
            ),
            (
                "stopped by plan before",
                of(vec![
                    stopped("2026-03-02T10:00", "planned"),
                    to_brugge(),
                    dose("2026-03-20T10:00"),
                ]),
                "2026-03-21",
                second(json!({"continuous": null, "gapHours": "absent",
                    "lastDoseBefore": monday, "firstDoseAfter": "2026-03-20T10:00"})),
            ),
            (
                "stopped by the person before",
                of(vec![
                    stopped("2026-03-02T10:00", "client"),
                    to_brugge(),
                    dose("2026-03-20T10:00"),
                ]),
                "2026-03-21",
                second(json!({"continuous": null, "gapHours": "absent"})),
            ),
            (
                "a prescription stopped for another: the substitution went on",
                of(vec![
                    with(stopped("2026-03-02T10:00", "planned"), json!({"prescription": "p1"})),
                    prescribed("2026-03-02T10:05", "p2", "maintenance"),
                    to_brugge(),
                    dose("2026-03-06T09:00"),
                ]),
                "2026-03-07",
                second(json!({"continuous": false, "gapHours": 96})),
            ),
            (
                "stopped by plan after",
                of(vec![
                    to_brugge(),
                    stopped("2026-03-02T16:00", "planned"),
                    dose("2026-03-20T10:00"),
                ]),
                "2026-03-21",
                second(json!({"continuous": false})),
            ),
            (
                "silent for two years before: the longest of breaks",
                of(vec![
                    transferred("2028-03-02T14:00", "gent", "brugge"),
                    dose("2028-03-03T10:00"),
                ]),
                "2028-03-04",
                second(json!({"continuous": false, "gapHours": 17_569,
                    "lastDoseBefore": monday, "firstDoseAfter": "2028-03-03T10:00"})),
            ),
            (
                "silent for three days before",
                of(vec![
                    transferred("2026-03-05T10:00", "gent", "brugge"),
                    dose("2026-03-06T09:00"),
                ]),
                "2026-03-07",
                second(json!({"continuous": false, "gapHours": 96})),
            ),
            (
                "verified on arrival, given three days before",
                vec![gent(), verified("2026-03-01T12:00", "2026-02-26T09:00"), dose(monday)],
                "2026-03-02",
                json!([{"continuous": false, "gapHours": 96,
                    "lastDoseBefore": "2026-02-26T09:00", "firstDoseAfter": monday}]),
            ),
            (
                "so it is where the records say that it broke off",
                of(vec![
                    stopped("2026-03-02T10:00", "forced"),
                    transferred("2026-03-20T14:00", "gent", "brugge"),
                    dose("2026-03-21T10:00"),
                ]),
                "2026-03-22",
                second(json!({"continuous": false})),
            ),
            (
                "a release",
                of(vec![released("2026-03-02T14:00", "sentenceEnd"), dose("2026-03-05T10:00")]),
                "2026-03-06",
                second(json!({"kind": "release", "from": "gent", "to": "absent",
                "continuous": false})),
            ),
            (
                "an admission",
                of(vec![admitted("2026-03-02T14:00", "s1"), dose("2026-03-03T09:00")]),
                "2026-03-06",
                second(json!({"kind": "residentialAdmission", "to": "deKiem",
                "continuous": true})),
            ),
            (
                "a depot over its window",
                vec![
                    gent(),
                    depot(monday, 7),
                    transferred("2026-03-05T14:00", "gent", "brugge"),
                    depot("2026-03-12T09:00", 7),
                ],
                "2026-03-13",
                second(json!({"continuous": false})),
            ),
        ],
    );
}
