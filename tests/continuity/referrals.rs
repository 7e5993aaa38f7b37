//! Referrals and their answers, as tables: events, instant, answer.

use serde_json::{Value, json};

use crate::builder::*;

fn answered(time: &str, accepted: bool) -> Value {
    let data = json!({"referral": "r1", "accepted": accepted, "waitingDays": 30});
    event("referral.answered", time, data)
}

#[test]
fn a_referral_has_its_answer_whatever_the_order_of_their_times() {
    let referral = || referred("2026-03-05T10:00");
    let early = |accepted| answered("2026-03-05T08:00", accepted);
    let treatment = || treated("2026-03-05T08:00", "community", true);
    let missing = json!([{"code": "beginningMissing", "events": ["e0"]}]);
    let rows: Vec<(&str, Vec<Value>, &str, Value)> = vec![
        (
            "not told yet of the referral",
            vec![early(true), referral()],
            "2026-03-05T09:00",
            json!({"referrals": [], "findings": missing}),
        ),
        (
            "accepted, and never overdue",
            vec![early(true), referral()],
            "2026-04-30",
            json!({"referrals": [{"state": "accepted", "waitingDays": 30,
                "at": "2026-03-05T10:00"}], "findings": missing, "alerts": []}),
        ),
        (
            "declined",
            vec![early(false), referral()],
            "2026-03-06",
            json!({"referrals": [{"state": "declined", "waitingDays": 30}],
                "findings": missing}),
        ),
        (
            "answered again after it",
            vec![early(false), referral(), answered("2026-03-06", true)],
            "2026-03-07",
            json!({"referrals": [{"state": "accepted"}], "findings": missing}),
        ),
        (
            "started, and never overdue",
            vec![treatment(), referral()],
            "2026-04-30",
            json!({"referrals": [{"state": "started"}], "findings": [], "alerts": []}),
        ),
        (
            "of a referral that nobody recorded",
            vec![early(true)],
            "2026-03-06",
            json!({"referrals": [], "findings": missing}),
        ),
    ];
    for (claim, events, when, expected) in rows {
        assert_says(claim, "", &answer(&events, when), &expected);
    }
}
