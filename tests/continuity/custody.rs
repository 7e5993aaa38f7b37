//! Custody, as tables: events, instant, answer.

use serde_json::{Value, json};

use crate::builder::*;

pub fn check(rows: Vec<(&str, Vec<Value>, &str, Value)>) {
    for (claim, events, when, expected) in rows {
        assert_says(claim, "/custody", &answer(&events, when)["custody"], &expected);
    }
}

fn changed(time: &str, from: &str, to: &str) -> Value {
    event("detention.statusChanged", time, json!({"detention": "d1", "from": from, "to": to}))
}

#[test]
fn detained_absent_released() {
    let gent = || arrived("2026-03-01T10:00", "gent");
    check(vec![
        ("no record", vec![], "2026-03-01", json!({"state": "unknown", "since": "absent"})),
        (
            "a sentence says nothing of where",
            vec![event(
                "sentence.pronounced",
                "2026-02-01",
                json!({"sentence": "s", "judgment": "j", "years": 1, "months": 0, "days": 0}),
            )],
            "2026-03-01",
            json!({"state": "unknown"}),
        ),
        ("before the arrival", vec![gent()], "2026-03-01T09:59", json!({"state": "unknown"})),
        (
            "from the arrival on",
            vec![gent()],
            "2026-03-01T10:00",
            json!({"state": "detained", "facility": "gent", "legalStatus": "convicted",
                "since": "2026-03-01T10:00", "modality": "absent", "kind": "absent"}),
        ),
        (
            "the facility follows transfers, in the order of time",
            vec![
                transferred("2026-03-09T10:00", "brugge", "beveren"),
                gent(),
                transferred("2026-03-05T10:00", "gent", "brugge"),
            ],
            "2026-03-10",
            json!({"state": "detained", "facility": "beveren", "since": "2026-03-01T10:00"}),
        ),
        (
            "the title follows its changes",
            vec![
                with(gent(), json!({"legalStatus": "pretrial"})),
                changed("2026-03-02", "pretrial", "convicted"),
            ],
            "2026-03-03",
            json!({"legalStatus": "convicted", "since": "2026-03-01T10:00"}),
        ),
        (
            "absent, of its kind",
            vec![gent(), absence_started("2026-03-05T08:00", "court")],
            "2026-03-05T09:00",
            json!({"state": "absent", "kind": "court", "facility": "gent",
                "since": "2026-03-05T08:00"}),
        ),
        (
            "leave from which nobody returned",
            vec![
                gent(),
                absence_started("2026-03-05T08:00", "leave"),
                absence_started("2026-03-06T20:00", "failureToReturn"),
            ],
            "2026-03-07",
            json!({"state": "absent", "kind": "failureToReturn", "since": "2026-03-06T20:00"}),
        ),
        (
            "back from leave, detained since the arrival",
            vec![
                gent(),
                absence_started("2026-03-05T08:00", "leave"),
                absence_ended("2026-03-06T08:00"),
            ],
            "2026-03-07",
            json!({"state": "detained", "kind": "absent", "since": "2026-03-01T10:00"}),
        ),
        (
            "back from an escape, detained anew",
            vec![
                gent(),
                absence_started("2026-03-05T08:00", "escape"),
                arrived("2026-03-08T08:00", "brugge"),
            ],
            "2026-03-09",
            json!({"state": "detained", "facility": "brugge", "since": "2026-03-08T08:00"}),
        ),
        (
            "an escape that is over, detained anew",
            vec![
                gent(),
                absence_started("2026-03-05T08:00", "escape"),
                absence_ended("2026-03-08T08:00"),
            ],
            "2026-03-09",
            json!({"state": "detained", "facility": "gent", "since": "2026-03-08T08:00"}),
        ),
        (
            "released",
            vec![gent(), released("2026-03-09T10:00", "sentenceEnd")],
            "2026-03-09",
            json!({"state": "released", "since": "2026-03-09T10:00", "facility": "absent",
                "legalStatus": "absent"}),
        ),
        (
            "released and back at one instant: back",
            vec![gent(), arrived("2026-03-09", "gent"), released("2026-03-09", "pretrialLifted")],
            "2026-03-10",
            json!({"state": "detained"}),
        ),
    ]);
}

#[test]
fn under_a_modality() {
    let gent = || arrived("2026-03-01T10:00", "gent");
    let out = |reason| released("2026-04-01T10:00", reason);
    let monitored = || {
        vec![
            gent(),
            granted("2026-03-31T10:00", "electronicMonitoring"),
            out("electronicMonitoring"),
        ]
    };
    let then = |more: Value| monitored().into_iter().chain([more]).collect::<Vec<_>>();
    let end = || {
        event(
            "modality.ended",
            "2026-05-01T10:00",
            json!({"modality": "m1",
        "reason": "term"}),
        )
    };
    let revoked = || {
        event(
            "modality.revoked",
            "2026-05-01T10:00",
            json!({"modality": "m1",
        "judgment": "j2", "basis": "art68par5al1", "final": false}),
        )
    };
    let under = json!({"state": "underModality", "modality": "m1", "facility": "absent",
        "modalityKind": "electronicMonitoring", "since": "2026-04-01T10:00"});
    let over = json!({"state": "released", "modality": "absent", "since": "2026-05-01T10:00"});
    let inside = |kind| vec![gent(), granted("2026-04-01T09:00", kind)];
    check(vec![
        ("released for it", monitored(), "2026-04-02", under.clone()),
        ("until it ended", then(end()), "2026-05-01", over.clone()),
        ("until it was revoked", then(revoked()), "2026-05-01", over),
        (
            "a revocation may take effect later",
            then(with(revoked(), json!({"effectiveOn": "2026-05-10"}))),
            "2026-05-09",
            under.clone(),
        ),
        (
            "then it has",
            then(with(revoked(), json!({"effectiveOn": "2026-05-10"}))),
            "2026-05-10",
            json!({"state": "released", "since": "2026-05-10T00:00"}),
        ),
        (
            "until an arrival",
            then(arrived("2026-05-01T10:00", "gent")),
            "2026-05-02",
            json!({"state": "detained", "modality": "absent", "since": "2026-05-01T10:00"}),
        ),
        (
            "and not again by a release for something else",
            monitored()
                .into_iter()
                .chain([arrived("2026-05-01", "gent"), released("2026-06-01", "sentenceEnd")])
                .collect(),
            "2026-06-02",
            json!({"state": "released", "modality": "absent"}),
        ),
        (
            "brought in and let out on the day it starts: no return",
            vec![
                arrived("2026-04-01T08:00", "gent"),
                granted("2026-04-01T07:00", "electronicMonitoring"),
                out("electronicMonitoring"),
            ],
            "2026-04-02",
            under,
        ),
        (
            "released for it, but not granted",
            vec![gent(), out("electronicMonitoring")],
            "2026-04-02",
            json!({"state": "released"}),
        ),
        (
            "granted, but not released",
            vec![gent(), granted("2026-03-31", "electronicMonitoring")],
            "2026-04-02",
            json!({"state": "detained", "facility": "gent", "modality": "absent"}),
        ),
        (
            "limited detention: the person sleeps inside",
            inside("limitedDetention").into_iter().chain([out("limitedDetention")]).collect(),
            "2026-04-02",
            json!({"state": "underModality", "modality": "m1", "facility": "gent"}),
        ),
        (
            "a transition house needs no release",
            inside("transitionHouse"),
            "2026-04-02",
            json!({"state": "underModality", "facility": "gent", "since": "2026-04-01T09:00"}),
        ),
        (
            "suspended inside: detained",
            inside("limitedDetention")
                .into_iter()
                .chain([event(
                    "modality.suspended",
                    "2026-04-03",
                    json!({"modality": "m1", "judgment": "j2"}),
                )])
                .collect(),
            "2026-04-04",
            json!({"state": "detained", "facility": "gent"}),
        ),
        (
            "a start still to come",
            vec![
                gent(),
                with(granted("2026-03-20", "transitionHouse"), json!({"startsOn": "2026-04-10"})),
            ],
            "2026-04-09",
            json!({"state": "detained"}),
        ),
        (
            "a grant without any record of the prison registry",
            vec![granted("2026-03-20T10:00", "conditionalRelease")],
            "2026-04-09",
            json!({"state": "underModality", "since": "2026-03-20T10:00"}),
        ),
    ]);
}

#[test]
fn death_ends_everything() {
    let death = || event("death.recorded", "2026-03-10T15:00", json!({}));
    let events = vec![
        arrived("2026-03-01", "gent"),
        dose("2026-03-09T09:00"),
        admitted("2026-03-02", "s1"),
        enrolled("2026-03-02", "ambulatory"),
        treated("2026-03-02", "prison", true),
        referred("2026-03-02"),
        event(
            "housing.placed",
            "2026-03-02",
            json!({"placement": "p1", "kind": "halfwayHouse", "provider": "deKiem"}),
        ),
        named(death(), "death"),
        named(dose("2026-03-12T09:00"), "late"),
    ];
    let expected = json!({
        "custody": {"state": "deceased", "since": "2026-03-10T15:00", "facility": "absent"},
        "substitution": {"state": "stopped", "lastDoseAt": "2026-03-09T09:00",
            "nextDueBy": "absent", "missedDays": "absent"},
        "residential": {"state": "none"},
        "programmes": [{"state": "left", "until": "2026-03-10T15:00"}],
        "treatments": [{"until": "2026-03-10T15:00"}],
        "housing": "absent",
        "alerts": [],
        "findings": [{"code": "recordAfterDeath", "events": ["death", "late"]}],
    });
    assert_says("after the death", "", &answer(&events, "2026-06-01"), &expected);
    let before = json!({"custody": {"state": "detained"}, "substitution": {"state": "maintained"}});
    assert_says("before it", "", &answer(&events, "2026-03-09"), &before);
    let released = vec![arrived("2026-03-01", "gent"), released("2026-03-10T15:00", "death")];
    let expected = json!({"custody": {"state": "deceased", "since": "2026-03-10T15:00"},
        "findings": []});
    assert_says("told by the prison registry", "", &answer(&released, "2026-04-01"), &expected);
}

#[test]
fn contradictions_are_findings() {
    let gent = || arrived("2026-03-01", "gent");
    let rows: Vec<(&str, Vec<Value>, Value)> = vec![
        ("in order", vec![gent(), released("2026-03-02", "sentenceEnd")], json!([])),
        (
            "arrived twice",
            vec![gent(), arrived("2026-03-02", "gent")],
            json!([{"code": "arrivalWithoutRelease", "events": ["e0", "e1"]}]),
        ),
        (
            "released twice",
            vec![
                gent(),
                released("2026-03-02", "sentenceEnd"),
                released("2026-03-03", "sentenceEnd"),
            ],
            json!([{"code": "releaseWithoutArrival", "events": ["e2"]}]),
        ),
        (
            "the end of a title served outside is no contradiction",
            vec![
                gent(),
                released("2026-03-02", "electronicMonitoring"),
                released("2026-03-03", "sentenceEnd"),
            ],
            json!([]),
        ),
        (
            "transferred without arrival",
            vec![transferred("2026-03-02", "gent", "brugge")],
            json!([{"code": "beginningMissing"}]),
        ),
        (
            "transferred from elsewhere",
            vec![gent(), transferred("2026-03-02", "beveren", "brugge")],
            json!([{"code": "contradiction", "events": ["e1"]}]),
        ),
        (
            "back without having left",
            vec![gent(), absence_ended("2026-03-02")],
            json!([{"code": "beginningMissing"}]),
        ),
        (
            "granted twice",
            vec![
                granted("2026-03-01", "limitedDetention"),
                granted("2026-03-02", "limitedDetention"),
            ],
            json!([{"code": "modalityGrantedTwice", "events": ["e0", "e1"]}]),
        ),
        (
            "a stay closed twice",
            vec![
                admitted("2026-03-01", "s1"),
                event("residential.completed", "2026-03-02", json!({"stay": "s1"})),
                event("residential.completed", "2026-03-03", json!({"stay": "s1"})),
            ],
            json!([{"code": "stayClosedTwice", "events": ["e1", "e2"]}]),
        ),
        (
            "an absence outside any stay",
            vec![event(
                "residential.absenceStarted",
                "2026-03-02",
                json!({"stay": "s1", "authorised": true}),
            )],
            json!([{"code": "absenceWithoutStay"}]),
        ),
        (
            "a session without enrolment",
            vec![session("2026-03-02", "x")],
            json!([{"code": "beginningMissing"}]),
        ),
        (
            "a dose reported before it was given",
            vec![verified("2026-03-02T09:00", "2026-03-03T09:00")],
            json!([{"code": "contradiction"}]),
        ),
    ];
    for (claim, events, expected) in rows {
        assert_says(claim, "/findings", &answer(&events, "2026-04-01")["findings"], &expected);
    }
    let moved = answer(&[transferred("2026-03-02", "gent", "brugge")], "2026-04-01");
    let expected = json!({"state": "detained", "facility": "brugge"});
    assert_says("believed all the same", "", &moved["custody"], &expected);
}
