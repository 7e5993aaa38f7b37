//! Substitution, as tables: events, instant, answer.

use serde_json::{Value, json};

use crate::builder::*;

/// 2026-03-02 is a Monday.
pub const MONDAY: &str = "2026-03-02T09:00";

pub fn check(rows: Vec<(&str, Vec<Value>, &str, Value)>) {
    for (claim, events, when, expected) in rows {
        let answer = answer(&events, when);
        assert_says(claim, "/substitution", &answer["substitution"], &expected);
    }
}

pub fn days_without(reason: &str, dates: &[u32]) -> Vec<Value> {
    let on = |day: &u32| withheld(&format!("2026-03-{day:02}T09:00"), reason);
    [dose(MONDAY)].into_iter().chain(dates.iter().map(on)).collect()
}

#[test]
fn it_goes_on_while_doses_come() {
    check(vec![
        ("no record", vec![], MONDAY, json!({"state": "none", "missedDays": "absent"})),
        ("before the first", vec![dose(MONDAY)], "2026-03-01", json!({"state": "none"})),
        (
            "a dose",
            vec![dose(MONDAY)],
            MONDAY,
            json!({"state": "maintained", "product": "methadone", "doseMicrograms": 40000,
                "lastDoseAt": MONDAY, "nextDueBy": "2026-03-03T09:00", "missedDays": 0,
                "notOfferedDays": 0, "goal": "absent"}),
        ),
        (
            "at the same time of day when the clocks change",
            vec![dose("2026-03-28T09:00")],
            "2026-03-28",
            json!({"nextDueBy": "2026-03-29T09:00"}),
        ),
        (
            "a prescription for maintenance",
            vec![prescribed("2026-03-02T08:00", "rx1", "maintenance"), dose(MONDAY)],
            "2026-03-02",
            json!({"state": "maintained", "goal": "maintenance"}),
        ),
        (
            "a prescription for detoxification",
            vec![prescribed("2026-03-02T08:00", "rx1", "detoxification"), dose(MONDAY)],
            "2026-03-02",
            json!({"state": "tapering", "goal": "detoxification"}),
        ),
        (
            "the last prescription counts",
            vec![
                prescribed("2026-03-01T08:00", "rx1", "detoxification"),
                prescribed("2026-03-02T08:00", "rx2", "maintenance"),
                dose(MONDAY),
            ],
            "2026-03-02",
            json!({"state": "maintained", "goal": "maintenance"}),
        ),
        (
            "verified by the treating provider",
            vec![verified("2026-03-02T14:00", MONDAY)],
            "2026-03-02",
            json!({"state": "maintained", "doseMicrograms": 60000, "lastDoseAt": MONDAY,
                "nextDueBy": "2026-03-03T09:00"}),
        ),
        (
            "a change of dose",
            vec![
                dose(MONDAY),
                event(
                    "substitution.doseChanged",
                    "2026-03-02T10:00",
                    json!({"fromMicrograms": 40000, "toMicrograms": 45000,
                        "initiatedBy": "client"}),
                ),
            ],
            "2026-03-02",
            json!({"doseMicrograms": 45000}),
        ),
        (
            "a dose recorded late is in its place",
            vec![dose("2026-03-04T09:00"), dose(MONDAY), dose("2026-03-03T09:00")],
            "2026-03-04",
            json!({"state": "maintained", "lastDoseAt": "2026-03-04T09:00"}),
        ),
        (
            "take-home days are covered",
            vec![with(dose(MONDAY), json!({"takeHomeDays": 3}))],
            "2026-03-06T09:00",
            json!({"state": "maintained", "nextDueBy": "2026-03-06T09:00"}),
        ),
        (
            "so are the days handed over along",
            vec![
                dose(MONDAY),
                with(handover_sent("2026-03-02T12:00", MONDAY), json!({"bridgingDays": 2})),
            ],
            "2026-03-05T08:00",
            json!({"state": "maintained", "nextDueBy": "2026-03-05T09:00"}),
        ),
    ]);
}

#[test]
fn the_interval_is_the_doses_else_its_forms_else_its_prescriptions_else_the_verifications() {
    let weekly = |event| with(event, json!({"intervalDays": 7}));
    let formed = |event, form: &str| with(event, json!({"formulation": form}));
    let of_rx1 = |event| with(event, json!({"prescription": "rx1"}));
    let depot_rx = || {
        let depot = json!({"formulation": "depotMonthly", "intervalDays": 28});
        with(prescribed("2026-03-01T08:00", "rx1", "maintenance"), depot)
    };
    let due = |day: &str| json!({"nextDueBy": format!("2026-03-{day}T09:00")});
    check(vec![
        ("of the form", vec![depot(MONDAY, 28)], MONDAY, due("30")),
        (
            "a tablet, before the depot prescribed",
            vec![depot_rx(), formed(dose(MONDAY), "sublingual")],
            MONDAY,
            due("03"),
        ),
        (
            "a solution, before the depot of the prescription named",
            vec![depot_rx(), of_rx1(formed(dose(MONDAY), "oralSolution"))],
            MONDAY,
            due("03"),
        ),
        (
            "a tablet, before the depot verified",
            vec![
                weekly(verified("2026-03-01T08:00", "2026-02-28T09:00")),
                formed(dose(MONDAY), "sublingual"),
            ],
            MONDAY,
            due("03"),
        ),
        ("the shortest, if none says", vec![dose(MONDAY)], MONDAY, due("03")),
    ]);
}

#[test]
fn silence_is_unknown_and_never_missed() {
    let unknown = json!({"state": "unknown", "missedDays": 0, "notOfferedDays": 0,
        "lastDoseAt": MONDAY});
    check(vec![
        (
            "within the limit",
            vec![dose(MONDAY)],
            "2026-03-04T08:59",
            json!({"state": "maintained"}),
        ),
        ("past it", vec![dose(MONDAY)], "2026-03-04T09:00", unknown.clone()),
        ("for good", vec![dose(MONDAY)], "2027-03-04", unknown),
        (
            "weekly depot, in its window",
            vec![depot(MONDAY, 7)],
            "2026-03-11T08:59",
            json!({"state": "maintained", "nextDueBy": "2026-03-09T09:00"}),
        ),
        (
            "weekly depot, past it",
            vec![depot(MONDAY, 7)],
            "2026-03-11T09:00",
            json!({"state": "unknown", "missedDays": 0}),
        ),
        (
            "monthly depot, in its window",
            vec![depot(MONDAY, 28)],
            "2026-04-06T08:59",
            json!({"state": "maintained", "nextDueBy": "2026-03-30T09:00"}),
        ),
        (
            "monthly depot, past it",
            vec![depot(MONDAY, 28)],
            "2026-04-06T09:00",
            json!({"state": "unknown"}),
        ),
        (
            "prescribed, never given",
            vec![prescribed(MONDAY, "rx1", "maintenance")],
            "2026-03-05",
            json!({"state": "unknown", "lastDoseAt": "absent"}),
        ),
        (
            "withheld, and nothing else known",
            vec![withheld(MONDAY, "refused")],
            MONDAY,
            json!({"state": "unknown", "missedDays": 1}),
        ),
        (
            "silence, then one day withheld",
            days_without("strike", &[20]),
            "2026-03-20T09:00",
            json!({"state": "unknown", "notOfferedDays": 1}),
        ),
        (
            "one day withheld, then silence",
            days_without("strike", &[3]),
            "2026-03-05T09:00",
            json!({"state": "unknown", "missedDays": 0, "notOfferedDays": 1}),
        ),
    ]);
}

#[test]
fn not_offered_is_not_missed() {
    let counts = |missed: u32, not_offered: u32| {
        let state = "maintained";
        json!({"missedDays": missed, "notOfferedDays": not_offered, "state": state})
    };
    let not_delivered = |cause| {
        let data = json!({"cause": cause, "service": "substitution"});
        vec![dose(MONDAY), event("care.notDelivered", "2026-03-03T09:00", data)]
    };
    check(vec![
        ("refused", days_without("refused", &[3]), "2026-03-03", counts(1, 0)),
        ("did not come", days_without("noShow", &[3, 4]), "2026-03-04", counts(2, 0)),
        ("strike", days_without("strike", &[3]), "2026-03-03", counts(0, 1)),
        ("lockdown", days_without("lockdown", &[3, 4]), "2026-03-04", counts(0, 2)),
        ("too few staff", days_without("staffShortage", &[3]), "2026-03-03", counts(0, 1)),
        ("at court", days_without("courtTransfer", &[3]), "2026-03-03", counts(0, 1)),
        ("out of stock", days_without("stock", &[3]), "2026-03-03", counts(0, 1)),
        ("intoxicated", days_without("intoxicated", &[3]), "2026-03-03", counts(0, 1)),
        ("on hold", days_without("clinicalHold", &[3]), "2026-03-03", counts(0, 1)),
        ("not delivered", not_delivered("strike"), "2026-03-03", counts(0, 1)),
        (
            "not delivered, for the person's part",
            not_delivered("client"),
            "2026-03-03",
            counts(1, 0),
        ),
        (
            "twice on one date is one day",
            vec![
                dose(MONDAY),
                withheld("2026-03-03T09:00", "refused"),
                withheld("2026-03-03T17:00", "refused"),
            ],
            "2026-03-03",
            counts(1, 0),
        ),
        (
            "not the date of a dose, nor any before it",
            vec![
                withheld("2026-03-01T09:00", "refused"),
                dose(MONDAY),
                withheld("2026-03-02T17:00", "refused"),
            ],
            "2026-03-02",
            counts(0, 0),
        ),
    ]);
}
