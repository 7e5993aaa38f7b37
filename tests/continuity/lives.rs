//! Whole made-up lives: what the trajectory says of each at several instants. The lives and what an
//! expert expects of them were written before anything was run; where an expert expects otherwise
//! than the rules say, the row says so.

use serde_json::{Value, json};

use crate::builder::*;

/// The file of a life.
const LIVES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/lives/");

/// The events of a life about its person; those of merged pseudonyms are all about one person.
fn events(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("{LIVES}{name}.json")).unwrap();
    let life: Value = serde_json::from_str(&text).unwrap();
    let is_merged = name == "13-merged-pseudonyms";
    let is_about = |event: &&Value| is_merged || event["subject"] == life["person"];
    life["events"].as_array().unwrap().iter().filter(is_about).cloned().collect()
}

/// Asserts what the answer about a life says at an instant, and which alerts stand.
fn check(rows: Vec<(&str, &str, Value, Value)>) {
    for (name, when, expected, alerts) in rows {
        let answer = answer(&events(name), when);
        let claim = format!("{name} at {when}");
        assert_says(&claim, "", &answer, &expected);
        let codes: Value = answer["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|alert| alert["code"].clone())
            .collect();
        assert_eq!(codes, alerts, "{claim}");
    }
}

#[test]
fn lives_with_substitution() {
    let none = || json!([]);
    check(vec![
        (
            "01-pretrial-maintenance",
            "2026-02-03T09:10",
            json!({"custody": {"state": "detained", "facility": "brugge",
                "legalStatus": "pretrial"},
                "substitution": {"state": "maintained", "lastDoseAt": "2026-02-02T09:30",
                    "nextDueBy": "2026-02-03T09:30"}}),
            none(),
        ),
        (
            "01-pretrial-maintenance",
            "2026-03-10T12:00",
            json!({"custody": {"state": "released"}, "substitution": {"state": "maintained"},
                "transitions": [{"kind": "arrival", "continuous": true, "gapHours": 24},
                    {"kind": "release", "continuous": true, "gapHours": 25}],
                "referrals": [{"state": "started", "daysToAnswer": 3, "daysToStart": 20}],
                "release": {"appointment": true, "naloxone": true, "insured": true}}),
            none(),
        ),
        // The prescription stands a quarter of an hour before the arrival: it names the prison.
        (
            "02-pretrial-detox-only",
            "2026-04-20T12:00",
            json!({"custody": {"facility": "dendermonde"},
                "substitution": {"state": "tapering", "doseMicrograms": 20000},
                "transitions": [{"continuous": true, "gapHours": 23}],
                "alerts": [{"since": "2026-04-13T18:00"}]}),
            json!(["detoxOnly"]),
        ),
        // An expert would act on the overdose of the day before; the rules wait for two days.
        (
            "02-pretrial-detox-only",
            "2026-05-21T12:00",
            json!({"substitution": {"state": "stopped"}}),
            none(),
        ),
        (
            "02-pretrial-detox-only",
            "2026-06-23T12:00",
            json!({"custody": {"state": "released"},
                "alerts": [{"severity": "high"}, {"severity": "high"}]}),
            json!(["overdoseUnanswered", "releaseWithoutFollowUp"]),
        ),
        (
            "03-transfer-strike",
            "2026-03-11T20:00",
            json!({"custody": {"facility": "beveren"},
                "substitution": {"state": "maintained", "missedDays": 0, "notOfferedDays": 1},
                "alerts": [{"since": "2026-03-11T14:00"}]}),
            json!(["handoverUnconfirmed"]),
        ),
        (
            "03-transfer-strike",
            "2026-03-15T12:00",
            json!({"substitution": {"state": "maintained"},
                "transitions": [{"kind": "arrival", "continuous": true},
                    {"kind": "transfer", "continuous": false, "gapHours": 51}]}),
            none(),
        ),
        (
            "t01-three-refusals-then-silence",
            "2026-05-09T12:00",
            json!({"substitution": {"state": "interrupted", "missedDays": 3,
                "review": "beforeNextDose"}}),
            json!(["substitutionInterrupted"]),
        ),
        (
            "t01-three-refusals-then-silence",
            "2026-11-28T12:00",
            json!({"substitution": {"state": "unknown", "review": "beforeNextDose"},
                "alerts": [{"since": "2026-06-03T09:00", "severity": "high"}]}),
            json!(["substitutionOverdue"]),
        ),
        (
            "t02-five-strike-days",
            "2026-05-08T20:00",
            json!({"substitution": {"state": "interrupted", "missedDays": 0, "notOfferedDays": 5,
                "review": "newInduction"}}),
            json!(["substitutionInterrupted"]),
        ),
        (
            "t03-stop-at-release-handed-over",
            "2026-05-11T08:00",
            json!({"substitution": {"state": "maintained", "goal": "absent",
                "nextDueBy": "2026-05-13T09:00"}}),
            none(),
        ),
        (
            "t05-take-home-and-arrest",
            "2026-05-08T12:00",
            json!({"transitions": [{"kind": "arrival", "continuous": false, "gapHours": 83}]}),
            none(),
        ),
        (
            "t07-taper-ended-alert-stays",
            "2026-05-20T12:00",
            json!({"substitution": {"state": "stopped"}}),
            none(),
        ),
    ]);
}

#[test]
fn lives_with_programmes_modalities_and_stays() {
    let none = || json!([]);
    let under = |modality: &str| json!({"state": "underModality", "modality": modality});
    check(vec![
        (
            "05-programme-over-two-prisons",
            "2026-02-14T12:00",
            json!({"programmes": [{"state": "open", "sessionsHeld": 9, "plannedSessions": 20}]}),
            none(),
        ),
        // One course to an expert; to the rules too, once an enrolment says that it continues.
        (
            "05-programme-over-two-prisons",
            "2026-04-01T12:00",
            json!({"programmes": [{"state": "left", "sessionsHeld": 9},
                {"state": "completed", "sessionsHeld": 11}]}),
            none(),
        ),
        (
            "06-bleave-then-conditional-release",
            "2022-06-01T12:00",
            json!({"custody": {"state": "detained", "facility": "ruiselede",
                "unit": {"placement": "u6", "facility": "ruiselede"}},
                "programmes": [{"state": "open", "sessionsHeld": 11}]}),
            none(),
        ),
        (
            "06-bleave-then-conditional-release",
            "2023-01-15T12:00",
            json!({"custody": under("m6"),
                "housing": {"kind": "halfwayHouse", "provider": "deKiem"}}),
            none(),
        ),
        (
            "06-bleave-then-conditional-release",
            "2025-01-15T12:00",
            json!({"custody": {"state": "released"}}),
            none(),
        ),
        (
            "08-conditional-release-court-decides",
            "2025-08-11T12:00",
            json!({"custody": under("m8"), "residential": {"state": "absent", "days": 90}}),
            json!(["conditionAtRisk"]),
        ),
        (
            "08-conditional-release-court-decides",
            "2025-12-24T12:00",
            json!({"custody": under("m8"), "residential": {"state": "none"}}),
            json!(["conditionAtRisk"]),
        ),
        (
            "08-conditional-release-court-decides",
            "2026-03-01T12:00",
            json!({"custody": {"state": "detained", "facility": "gent",
                "legalStatus": "pretrial"}}),
            none(),
        ),
        (
            "09-seed-case",
            "2026-03-01T12:00",
            json!({"custody": under("m9"), "residential": {"state": "inTreatment", "days": 28}}),
            none(),
        ),
        (
            "09-seed-case",
            "2026-06-20T12:00",
            json!({"custody": under("m9"), "residential": {"state": "none"}}),
            json!(["conditionAtRisk"]),
        ),
        (
            "09-seed-case",
            "2026-07-20T12:00",
            json!({"custody": {"state": "detained", "facility": "dendermonde"}}),
            none(),
        ),
        (
            "11-wrong-person-annulled",
            "2026-05-01T12:00",
            json!({"residential": {"state": "inTreatment", "days": 89}}),
            none(),
        ),
        (
            "13-merged-pseudonyms",
            "2026-06-30",
            json!({"custody": {"state": "detained", "facility": "antwerpen"}}),
            none(),
        ),
        (
            "14-internee",
            "2026-01-15T12:00",
            json!({"custody": {"state": "detained", "facility": "fpcGent",
                "legalStatus": "interned"}}),
            none(),
        ),
        // To an expert on trial release; no record grants it.
        (
            "14-internee",
            "2026-04-01T12:00",
            json!({"custody": {"state": "released"}, "residential": {"state": "inTreatment"}}),
            none(),
        ),
        (
            "t06-stay-never-closed",
            "2026-04-10T12:00",
            json!({"findings": [{"code": "stayNeverClosed"}]}),
            none(),
        ),
        // The grant names no condition of treatment, so the drop-out is told, not the condition.
        (
            "t11-dropout-under-condition",
            "2026-07-10T12:00",
            json!({"custody": under("m"), "residential": {"state": "none"}}),
            json!(["dropoutUnanswered"]),
        ),
    ]);
}
