//! Records that contradict each other or themselves: what once went unsaid, as a table of events,
//! instant, and what the answer says.

use serde_json::{Value, json};

use crate::builder::*;

fn check(rows: Vec<(&str, Vec<Value>, &str, Value)>) {
    for (claim, events, when, expected) in rows {
        let mut answer = answer(&events, when);
        for part in ["alerts", "findings"] {
            let codes = answer[part].as_array().unwrap().iter().map(|item| item["code"].clone());
            answer[format!("{part}Codes")] = codes.collect();
        }
        assert_says(claim, "", &answer, &expected);
    }
}

fn given(time: &str, data: Value) -> Value {
    with(dose(time), data)
}

#[test]
fn doses_that_contradict_their_unit_their_product_or_their_form() {
    let buprenorphine = |time: &str, micrograms: u32, form: &str| {
        given(
            time,
            json!({"product": "buprenorphine", "doseMicrograms": micrograms, "formulation": form}),
        )
    };
    check(vec![
        (
            "milligrams in the member for micrograms, and grams",
            vec![
                given("2026-09-01T08:00", json!({"doseMicrograms": 60_000})),
                given("2026-09-02T08:00", json!({"doseMicrograms": 60})),
                given("2026-09-03T08:00", json!({"doseMicrograms": 10_000_000})),
            ],
            "2026-09-03T09:00",
            json!({"findings": [{"code": "implausibleDose", "events": ["e1"]},
                {"code": "implausibleDose", "events": ["e2"]}]}),
        ),
        (
            "a form that the product does not have lasts a day",
            vec![given("2026-09-01T10:00", json!({"formulation": "depotMonthly"}))],
            "2026-09-05T09:00",
            json!({"findingsCodes": ["formMismatch"], "alertsCodes": ["substitutionOverdue"],
                "substitution": {"nextDueBy": "2026-09-02T10:00"}}),
        ),
        (
            "the form counts before an interval that contradicts it",
            vec![with(
                buprenorphine("2026-09-01T10:00", 96_000, "depotMonthly"),
                json!({"intervalDays": 1}),
            )],
            "2026-09-05T09:00",
            json!({"findingsCodes": ["formMismatch"], "alertsCodes": [],
                "substitution": {"state": "maintained", "nextDueBy": "2026-09-29T10:00"}}),
        ),
        (
            "a supplementary injection wipes no monthly one",
            vec![
                buprenorphine("2026-09-01T10:00", 96_000, "depotMonthly"),
                buprenorphine("2026-09-08T10:00", 8_000, "depotWeekly"),
            ],
            "2026-09-18T12:00",
            json!({"alertsCodes": [], "substitution": {"state": "maintained",
                "doseMicrograms": 96_000, "nextDueBy": "2026-09-29T10:00"}}),
        ),
        (
            "the pharmacy's own record of a dose with thirteen days to take home",
            vec![
                named(
                    given(
                        "2026-09-01T10:00",
                        json!({"setting": "community", "facility": "msoc", "takeHomeDays": 13}),
                    ),
                    "a",
                ),
                named(
                    given("2026-09-01T10:20", json!({"setting": "community", "facility": "msoc"})),
                    "b",
                ),
            ],
            "2026-09-07T12:00",
            json!({"alertsCodes": [], "substitution": {"state": "maintained",
                "lastDoseAt": "2026-09-01T10:00", "nextDueBy": "2026-09-15T10:00"}}),
        ),
        (
            "a full daily dose in two prisons on one date",
            vec![
                arrived("2026-09-07T10:00", "gent"),
                dose("2026-09-08T08:00"),
                dose("2026-09-09T08:00"),
                transferred("2026-09-09T11:00", "gent", "brugge"),
                given("2026-09-09T16:00", json!({"facility": "brugge"})),
            ],
            "2026-09-09T20:00",
            json!({"alerts": [{"code": "doubleDose", "severity": "high", "events": ["e2", "e4"]}],
                "transitions": [{"kind": "arrival"}, {"continuous": true}]}),
        ),
        (
            "the half that is not given shows once the prescription says how many",
            vec![
                with(
                    prescribed("2026-09-04T08:00", "rx", "maintenance"),
                    json!({"dosesPerDay": 2, "doseMicrograms": 40_000}),
                ),
                dose("2026-09-05T08:00"),
                dose("2026-09-05T20:00"),
                dose("2026-09-06T08:00"),
                with(withheld("2026-09-06T20:00", "lockdown"), json!({"product": "methadone"})),
            ],
            "2026-09-06T22:00",
            json!({"alertsCodes": [], "substitution": {"state": "maintained",
                "doseMicrograms": 40_000, "dosesPerDay": 2, "dayMicrograms": 80_000,
                "notOfferedDays": 1, "nextDueBy": "2026-09-06T20:00"}}),
        ),
    ]);
}

#[test]
fn places_stays_and_ids_that_contradict() {
    let elsewhere = |mut event: Value| {
        event["subject"] = "7d1f5c3e-0000-4000-8000-0000000000b2".into();
        event
    };
    let out = |time: &str| released(time, "electronicMonitoring");
    let monitored = vec![
        arrived("2025-01-06T10:00", "gent"),
        out("2025-03-03T10:00"),
        granted("2025-03-03T10:00", "electronicMonitoring"),
        arrived("2025-04-01T09:00", "gent"),
        event("modality.suspended", "2025-04-01T10:00", json!({"modality": "m1", "judgment": "j"})),
        event(
            "modality.suspensionLifted",
            "2025-04-10T10:00",
            json!({"modality": "m1", "judgment": "j"}),
        ),
        out("2025-04-10T11:00"),
    ];
    let completed =
        |time: &str, stay: &str| event("residential.completed", time, json!({ "stay": stay }));
    check(vec![
        (
            "an arrest that was lifted ends no modality",
            monitored,
            "2025-05-05",
            json!({"custody": {"state": "underModality", "modality": "m1",
                "since": "2025-04-10T11:00"}, "findingsCodes": ["windowReopened"]}),
        ),
        (
            "arrived and released at one instant: held for hours, not for months",
            vec![
                arrived("2026-01-05T00:00", "gent"),
                released("2026-01-05T00:00", "pretrialLifted"),
            ],
            "2026-11-01",
            json!({"custody": {"state": "released"}, "findings": [
                {"code": "arrivedAndReleasedAtOnce", "events": ["e0", "e1"]}]}),
        ),
        (
            "closed twelve hours before it was opened",
            vec![
                admitted("2025-10-10T15:08", "s1"),
                event(
                    "residential.droppedOut",
                    "2025-10-10T03:11",
                    json!({"stay": "s1", "initiative": "resident"}),
                ),
                arrived("2026-01-29T10:00", "gent"),
            ],
            "2026-06-01",
            json!({"findings": [{"code": "closingWithoutStay", "events": ["e1"]},
                {"code": "stayNeverClosed", "events": ["e0", "e2"]}]}),
        ),
        (
            "one id in two streams is two stays",
            vec![
                admitted("2026-03-01T10:00", "stay-1"),
                elsewhere(admitted("2026-03-10T14:00", "stay-1")),
                event(
                    "residential.transferred",
                    "2026-03-10T16:00",
                    json!({"stay": "stay-1", "toFacility": "deKiem"}),
                ),
                elsewhere(completed("2026-04-30T10:00", "stay-1")),
            ],
            "2026-04-20T12:00",
            json!({"residential": {"state": "inTreatment", "days": 42}, "findingsCodes": []}),
        ),
        (
            "one id for two things of two senders in one stream",
            vec![
                admitted("2026-03-01T10:00", "s1"),
                with(
                    {
                        let mut other = admitted("2026-03-05T10:00", "s1");
                        other["source"] = "urn:other".into();
                        other
                    },
                    json!({"facility": "deSleutel"}),
                ),
            ],
            "2026-03-06",
            json!({"findings": [{"code": "idMeansTwoThings", "events": ["e0", "e1"]},
                {"code": "stayNeverClosed"}]}),
        ),
        (
            "a release to which nobody came, after one that left the title open",
            vec![
                arrived("2026-03-01T10:00", "gent"),
                released("2026-03-05T10:00", "electronicMonitoring"),
                released("2026-04-05T10:00", "sentenceEnd"),
                released("2026-05-05T10:00", "sentenceEnd"),
            ],
            "2026-05-06",
            json!({"custody": {"state": "released", "since": "2026-05-05T10:00"},
                "findings": [{"code": "releaseWithoutArrival", "events": ["e3"]}]}),
        ),
        (
            "moved from another prison than the one known, under another title",
            vec![
                arrived("2026-03-01T10:00", "gent"),
                transferred("2026-03-02T10:00", "brugge", "beveren"),
                event(
                    "detention.statusChanged",
                    "2026-03-03T10:00",
                    json!({"detention": "d1", "from": "pretrial", "to": "interned"}),
                ),
            ],
            "2026-03-04",
            json!({"custody": {"facility": "beveren", "legalStatus": "interned"}, "findings": [
                {"code": "contradiction", "events": ["e1"]},
                {"code": "contradiction", "events": ["e2"]}]}),
        ),
        (
            "nothing that no record begins",
            vec![
                session("2026-03-01T10:00", "1"),
                treatment_ended("2026-03-02T10:00"),
                handover_confirmed("2026-03-03T10:00"),
                event(
                    "modality.ended",
                    "2026-03-04T10:00",
                    json!({"modality": "m9", "reason": "x"}),
                ),
                event("drugFreeUnit.left", "2026-03-05T10:00", json!({"placement": "u"})),
                event(
                    "plan.reviewed",
                    "2026-03-06T10:00",
                    json!({"plan": "p", "version": 1, "domainsReached": []}),
                ),
            ],
            "2026-03-07",
            json!({"findingsCodes": ["beginningMissing", "beginningMissing", "beginningMissing",
                "beginningMissing", "beginningMissing", "beginningMissing"]}),
        ),
    ]);
}

#[test]
fn what_two_readings_of_the_rules_disagreed_on() {
    let absence = |kind: &str, time: &str, data: Value| event(kind, time, data);
    let told = json!({"product": "methadone", "doseMicrograms": 40_000, "provider": "cgg",
        "formulation": "oralSolution", "intervalDays": 1,
        "lastDoseAt": instant("2026-05-04T09:50").to_rfc3339()});
    check(vec![
        (
            "an absence from another detention replaces the one that ends at its instant",
            vec![
                absence(
                    "detention.absenceStarted",
                    "2026-05-01T08:00",
                    json!({"detention": "d1", "kind": "sentenceInterruption"}),
                ),
                absence("detention.absenceEnded", "2026-05-04T00:00", json!({"detention": "d1"})),
                absence(
                    "detention.absenceStarted",
                    "2026-05-04T00:00",
                    json!({"detention": "d2", "kind": "leave"}),
                ),
            ],
            "2026-05-05T09:00",
            json!({"findings": [{"code": "beginningMissing", "events": ["e0"]},
                {"code": "beginningMissing", "events": ["e1"]}]}),
        ),
        (
            "the cause of a death always comes after it",
            vec![
                event("death.recorded", "2026-05-01T09:00", json!({})),
                event("death.causeRecorded", "2026-05-20T09:00", json!({"causeGroup": "natural"})),
            ],
            "2026-05-21T09:00",
            json!({"findings": []}),
        ),
        (
            "a dose told again after the drop-out was given before it",
            vec![
                event(
                    "residential.admitted",
                    "2026-05-01T09:00",
                    json!({"stay": "s1", "facility": "deKiem", "programme": "tc"}),
                ),
                event(
                    "residential.droppedOut",
                    "2026-05-04T10:00",
                    json!({"stay": "s1", "initiative": "resident"}),
                ),
                event("substitution.verified", "2026-05-04T11:00", told),
                given("2026-05-04T10:10", json!({"facility": "cgg", "setting": "community"})),
            ],
            "2026-05-12T09:00",
            json!({"alertsCodes": ["substitutionOverdue", "dropoutUnanswered"]}),
        ),
    ]);
}

#[test]
fn a_place_named_on_a_date_on_which_it_was_closed() {
    let arrived = event(
        "detention.arrived",
        "2023-01-01T10:00",
        json!({"detention": "d1", "facility": "ieper", "legalStatus": "convicted"}),
    );
    let answer = answer(&[arrived], "2023-01-02T09:00");
    let finding = &answer["findings"][0];
    assert_eq!(finding["code"], "facilityClosed");
    let values = json!({"code": "ieper", "date": "2023-01-01", "closedOn": "2022-03-01",
        "openedOn": "2024-01-08"});
    assert_eq!(finding["values"], values);
}
