//! The sections that a nurse or a coordinator reads before a release: the unit, plans, what was
//! prepared, insurance, and what the clock makes of them, as tables.

use serde_json::{Value, json};

use crate::builder::*;

fn check(section: &str, rows: Vec<(&str, Vec<Value>, &str, Value)>) {
    for (claim, events, when, expected) in rows {
        let answer = answer(&events, when);
        let told = answer.get(section).cloned().unwrap_or(Value::Null);
        assert_says(claim, section, &told, &expected);
    }
}

fn prepared(time: &str, expected_on: &str, data: Value) -> Value {
    with(event("release.prepared", time, json!({ "expectedOn": expected_on })), data)
}

fn insured(time: &str, insured: bool, data: Value) -> Value {
    with(event("insurance.recorded", time, json!({ "insured": insured })), data)
}

fn plan(time: &str, version: u32, domains: &[&str]) -> Value {
    event(
        "plan.agreed",
        time,
        json!({"plan": "p", "version": version, "domains": domains, "agreedByClient": true}),
    )
}

#[test]
fn the_unit_of_this_detention() {
    let gent = || arrived("2026-03-01T10:00", "gent");
    let placed = |time: &str, id: &str| {
        event("drugFreeUnit.placed", time, json!({"placement": id, "facility": "gent"}))
    };
    let left = |time: &str, id: &str| event("drugFreeUnit.left", time, json!({ "placement": id }));
    check(
        "custody",
        vec![
            (
                "placed",
                vec![gent(), placed("2026-03-02T10:00", "u1")],
                "2026-03-03",
                json!({"unit": {"placement": "u1", "facility": "gent", "kind": "absent",
                    "since": "2026-03-02T10:00"}}),
            ),
            (
                "the leaving of another placement ends nothing",
                vec![
                    gent(),
                    placed("2026-03-02T10:00", "u1"),
                    placed("2026-03-03T10:00", "u2"),
                    left("2026-03-04T10:00", "u1"),
                ],
                "2026-03-05",
                json!({"unit": {"placement": "u2"}}),
            ),
            (
                "moved to another prison",
                vec![
                    gent(),
                    placed("2026-03-02T10:00", "u1"),
                    transferred("2026-03-04T10:00", "gent", "brugge"),
                ],
                "2026-03-05",
                json!({"facility": "brugge", "unit": "absent"}),
            ),
            (
                "of an earlier detention",
                vec![
                    gent(),
                    placed("2026-03-02T10:00", "u1"),
                    released("2026-03-04T10:00", "other"),
                    arrived("2026-04-04T10:00", "gent"),
                ],
                "2026-04-05",
                json!({"state": "detained", "unit": "absent"}),
            ),
        ],
    );
}

#[test]
fn what_was_prepared_for_the_release() {
    let gent = || arrived("2026-03-01T10:00", "gent");
    check(
        "release",
        vec![
            ("nothing", vec![gent()], "2026-03-02", Value::Null),
            (
                "the last record of this detention",
                vec![
                    prepared("2026-02-01", "2026-02-20", json!({"naloxone": true})),
                    gent(),
                    prepared("2026-03-05", "2026-04-20", json!({"prescriptionDays": 3})),
                    prepared("2026-03-06", "2026-04-21", json!({"appointment": "a-17"})),
                ],
                "2026-03-07",
                json!({"expectedOn": "2026-04-21", "appointment": "a-17", "naloxone": "absent",
                    "prescriptionDays": "absent"}),
            ),
            (
                "the later word on insurance",
                vec![
                    gent(),
                    prepared("2026-03-05", "2026-04-20", json!({"insured": false})),
                    insured("2026-03-05", true, json!({})),
                ],
                "2026-03-06",
                json!({"insured": true}),
            ),
            (
                "the earlier word does not count",
                vec![
                    gent(),
                    insured("2026-03-05", true, json!({})),
                    prepared("2026-03-06", "2026-04-20", json!({"insured": false})),
                ],
                "2026-03-07",
                json!({"insured": false}),
            ),
            (
                "an insurance that begins later",
                vec![gent(), insured("2026-03-05", true, json!({"from": "2026-04-01"}))],
                "2026-03-31",
                Value::Null,
            ),
            (
                "and once it has begun",
                vec![gent(), insured("2026-03-05", true, json!({"from": "2026-04-01"}))],
                "2026-04-01",
                json!({"insured": true, "preparedAt": "absent"}),
            ),
        ],
    );
}

#[test]
fn plans_in_their_highest_version() {
    let reviewed = |time: &str, version: u32| {
        event(
            "plan.reviewed",
            time,
            json!({"plan": "p", "version": version, "domainsReached": ["housing"]}),
        )
    };
    check(
        "plans",
        vec![
            (
                "a lower version that comes later changes nothing",
                vec![
                    plan("2026-03-01", 2, &["housing", "income"]),
                    plan("2026-03-02", 1, &["treatment"]),
                ],
                "2026-03-03",
                json!([{"plan": "p", "version": 2, "domains": ["housing", "income"],
                    "at": "2026-03-01T12:00", "reviewedAt": "absent"}]),
            ),
            (
                "of one version the last record",
                vec![plan("2026-03-01", 1, &["housing"]), plan("2026-03-02", 1, &["treatment"])],
                "2026-03-03",
                json!([{"version": 1, "domains": ["treatment"], "at": "2026-03-02T12:00"}]),
            ),
            (
                "reviewed",
                vec![
                    plan("2026-03-01", 2, &["housing"]),
                    reviewed("2026-03-05", 1),
                    reviewed("2026-03-06", 2),
                ],
                "2026-03-07",
                json!([{"version": 2, "reviewedAt": "2026-03-06T12:00", "reviewedVersion": 2,
                    "domainsReached": ["housing"]}]),
            ),
        ],
    );
}

#[test]
fn courses_of_programmes_over_prisons() {
    let enrolled = |time: &str, id: &str, continues: Option<&str>| {
        let mut event = with(enrolled(time, "shortIntervention"), json!({ "enrolment": id }));
        if let Some(before) = continues {
            event["data"]["continues"] = before.into();
        }
        event
    };
    let left = |time: &str, id: &str| {
        event("programme.left", time, json!({"enrolment": id, "reason": "transfer"}))
    };
    check(
        "programmes",
        vec![
            (
                "carried on twice over",
                vec![
                    enrolled("2026-03-01", "n1", None),
                    left("2026-03-05", "n1"),
                    enrolled("2026-03-06", "n2", Some("n1")),
                    enrolled("2026-03-10", "n3", Some("n2")),
                ],
                "2026-03-11",
                json!([{"enrolment": "n1", "enrolments": ["n1", "n2", "n3"], "state": "open",
                    "since": "2026-03-01T12:00", "until": "absent"}]),
            ),
            (
                "of two that continue one, the first",
                vec![
                    enrolled("2026-03-01", "n1", None),
                    enrolled("2026-03-06", "n2", Some("n1")),
                    enrolled("2026-03-07", "n3", Some("n1")),
                ],
                "2026-03-11",
                json!([{"enrolments": ["n1", "n2"]}, {"enrolments": ["n3"]}]),
            ),
            (
                "what nobody enrolled, and a circle",
                vec![
                    enrolled("2026-03-01", "n1", Some("n9")),
                    enrolled("2026-03-06", "n2", Some("n3")),
                    enrolled("2026-03-07", "n3", Some("n2")),
                ],
                "2026-03-11",
                json!([{"enrolments": ["n1"]}, {"enrolments": ["n2"]}, {"enrolments": ["n3"]}]),
            ),
        ],
    );
}
