//! Two records at one instant, as a table: whichever id comes first, the answer is the same.

use serde_json::{Value, json};

use crate::builder::*;

const NOON: &str = "2026-03-02T12:00";

fn of_stay(kind: &str, data: Value) -> Value {
    with(event(&format!("residential.{kind}"), NOON, json!({"stay": "s1"})), data)
}

#[test]
fn an_end_does_not_lose_to_its_beginning() {
    let gent = || arrived("2026-03-01T10:00", "gent");
    let admission = || admitted(NOON, "s1");
    let left = || of_stay("droppedOut", json!({"initiative": "resident"}));
    let away = || of_stay("absenceStarted", json!({"authorised": true}));
    let back = || of_stay("absenceEnded", json!({}));
    let answered = || event("referral.answered", NOON, json!({"referral": "r1", "accepted": true}));
    let ended = || event("treatment.ended", NOON, json!({"episode": "t1", "reason": "done"}));
    let monitored = |kind: &str| {
        event(&format!("modality.{kind}"), NOON, json!({"modality": "m1", "judgment": "j"}))
    };
    let mut away_before = away();
    away_before["time"] = instant("2026-03-01T12:00").to_rfc3339().into();
    let none = json!({"residential": {"state": "none"}, "findings": []});
    let rows: Vec<(&str, Vec<Value>, [Value; 2], Value)> = vec![
        ("admitted and dropped out", vec![], [admission(), left()], none),
        (
            "admitted and away",
            vec![],
            [admission(), away()],
            json!({"residential": {"state": "absent"}, "findings": []}),
        ),
        (
            "away and back",
            vec![admitted("2026-03-01", "s1")],
            [away(), back()],
            json!({"residential": {"state": "inTreatment"}}),
        ),
        (
            "back and away again",
            vec![admitted("2026-03-01T10:00", "s1"), away_before],
            [back(), away()],
            json!({"residential": {"state": "absent", "since": NOON}}),
        ),
        (
            "referred and answered",
            vec![],
            [referred(NOON), answered()],
            json!({"referrals": [{"state": "accepted"}], "findings": []}),
        ),
        (
            "referred and begun",
            vec![],
            [referred(NOON), treated(NOON, "community", true)],
            json!({"referrals": [{"state": "started"}]}),
        ),
        (
            "treatment begun and ended",
            vec![],
            [treated(NOON, "community", true), ended()],
            json!({"treatments": [{"until": NOON}], "findings": []}),
        ),
        (
            "enrolled and left",
            vec![],
            [
                enrolled(NOON, "ambulatory"),
                event("programme.left", NOON, json!({"enrolment": "n1", "reason": "moved"})),
            ],
            json!({"programmes": [{"state": "left"}], "findings": []}),
        ),
        (
            "placed and left",
            vec![],
            [
                event(
                    "housing.placed",
                    NOON,
                    json!({"placement": "p1", "kind": "halfwayHouse", "provider": "deKiem"}),
                ),
                event("housing.left", NOON, json!({"placement": "p1"})),
            ],
            json!({"housing": "absent", "findings": []}),
        ),
        (
            "out of the prison and back",
            vec![gent()],
            [absence_started(NOON, "court"), absence_ended(NOON)],
            json!({"custody": {"state": "detained"}, "findings": []}),
        ),
        (
            "back from leave, and gone",
            vec![gent(), absence_started("2026-03-01T12:00", "leave")],
            [absence_ended(NOON), absence_started(NOON, "escape")],
            json!({"custody": {"state": "absent", "kind": "escape"}, "findings": []}),
        ),
        (
            "arrived and out",
            vec![],
            [arrived(NOON, "gent"), absence_started(NOON, "hospital")],
            json!({"custody": {"state": "absent", "facility": "gent"}, "findings": []}),
        ),
        (
            "recaptured, told twice",
            vec![gent(), absence_started("2026-03-01T12:00", "escape")],
            [arrived(NOON, "gent"), absence_ended(NOON)],
            json!({"custody": {"state": "detained", "since": NOON}, "findings": []}),
        ),
        (
            "suspended and lifted",
            vec![gent(), granted("2026-03-02T10:00", "limitedDetention")],
            [monitored("suspended"), monitored("suspensionLifted")],
            json!({"custody": {"state": "underModality"}, "findings": []}),
        ),
        (
            "arrived and moved on",
            vec![],
            [arrived(NOON, "gent"), transferred(NOON, "gent", "brugge")],
            json!({"custody": {"state": "detained", "facility": "brugge"}, "findings": []}),
        ),
        (
            "released and arrived: back",
            vec![gent()],
            [released(NOON, "pretrialLifted"), arrived(NOON, "brugge")],
            json!({"custody": {"state": "detained", "facility": "brugge"}, "findings": []}),
        ),
        (
            "admitted, and in prison",
            vec![],
            [admission(), arrived(NOON, "gent")],
            json!({"residential": {"state": "none"}}),
        ),
    ];
    for (claim, before, [one, other], expected) in rows {
        for (first, second) in [("a", "b"), ("b", "a")] {
            let both = [named(one.clone(), first), named(other.clone(), second)];
            let events = [before.clone(), both.to_vec()].concat();
            let claim = format!("{claim}, {first} and {second}");
            assert_says(&claim, "", &answer(&events, "2026-03-02T13:00"), &expected);
        }
    }
}
