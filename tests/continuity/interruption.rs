//! When substitution is interrupted or stopped, and what corrections do, as tables.

use serde_json::{Value, json};

use crate::builder::*;
use crate::substitution::{MONDAY, check, days_without};

#[test]
fn interrupted_rests_on_records() {
    let stop = |reason| vec![dose(MONDAY), stopped("2026-03-02T12:00", reason)];
    let state = |state: &str| json!({ "state": state });
    let gap = || vec![dose(MONDAY), dose("2026-03-06T09:00")];
    check(vec![
        ("two days", days_without("refused", &[3, 4]), "2026-03-04", state("maintained")),
        (
            "three in a row",
            days_without("refused", &[3, 4, 5]),
            "2026-03-05",
            json!({"state": "interrupted", "missedDays": 3, "review": "beforeNextDose"}),
        ),
        (
            "four",
            days_without("noShow", &[3, 4, 5, 6]),
            "2026-03-06",
            json!({"review": "byPrescriber"}),
        ),
        (
            "five",
            days_without("noShow", &[3, 4, 5, 6, 7]),
            "2026-03-07",
            json!({"review": "newInduction"}),
        ),
        (
            "a silent day between two withheld ones is no dose",
            days_without("strike", &[3, 5, 7, 9]),
            "2026-03-09T12:00",
            json!({"state": "interrupted", "missedDays": 0, "notOfferedDays": 4,
                "review": "newInduction", "nextDueBy": "2026-03-03T09:00"}),
        ),
        (
            "a long silence between two withheld ones is unknown",
            days_without("strike", &[3, 20]),
            "2026-03-20T12:00",
            json!({"state": "unknown", "notOfferedDays": 2, "review": "absent"}),
        ),
        (
            "withheld on days that were covered, and on the first that was not",
            [
                vec![with(dose(MONDAY), json!({"takeHomeDays": 3}))],
                days_without("strike", &[3, 6, 7]).split_off(1),
            ]
            .concat(),
            "2026-03-08T12:00",
            state("maintained"),
        ),
        (
            "what is on record after a long silence counts",
            days_without("strike", &[3, 20, 21, 22]),
            "2026-03-22T12:00",
            json!({"state": "interrupted", "notOfferedDays": 4, "review": "beforeNextDose"}),
        ),
        (
            "a day that was covered is none without a dose",
            vec![
                with(dose(MONDAY), json!({"takeHomeDays": 3})),
                withheld("2026-03-04T09:00", "courtTransfer"),
                withheld("2026-03-06T09:00", "courtTransfer"),
            ],
            "2026-03-06T12:00",
            state("maintained"),
        ),
        (
            "the body does not ask whose doing it was",
            days_without("strike", &[3, 4, 5]),
            "2026-03-05",
            json!({"state": "interrupted", "missedDays": 0, "notOfferedDays": 3}),
        ),
        (
            "stopped by plan",
            stop("planned"),
            "2026-04-05",
            json!({"state": "stopped", "nextDueBy": "absent", "missedDays": "absent"}),
        ),
        ("stopped by the person", stop("client"), "2026-04-05", state("stopped")),
        ("forced", stop("forced"), "2026-03-02", state("interrupted")),
        (
            "until a dose",
            [stop("transfer"), vec![dose("2026-03-03T09:00")]].concat(),
            "2026-03-03",
            state("maintained"),
        ),
        ("a later dose shows the gap", gap(), "2026-03-06", state("interrupted")),
        ("silence alone does not", gap(), "2026-03-05T10:00", state("unknown")),
        (
            "until the next dose in time",
            [gap(), vec![dose("2026-03-07T09:00")]].concat(),
            "2026-03-07",
            state("maintained"),
        ),
        (
            "ordered anew by a prescriber",
            vec![
                dose(MONDAY),
                prescribed("2026-03-06T08:00", "rx2", "maintenance"),
                dose("2026-03-06T09:00"),
            ],
            "2026-03-06",
            state("maintained"),
        ),
        (
            "two days are no gap",
            vec![dose(MONDAY), dose("2026-03-05T09:00")],
            "2026-03-05",
            state("maintained"),
        ),
        (
            "take-home days are no gap",
            vec![with(dose(MONDAY), json!({"takeHomeDays": 3})), dose("2026-03-06T09:00")],
            "2026-03-06",
            state("maintained"),
        ),
        (
            "begun again after a stop by plan",
            [stop("planned"), vec![dose("2026-04-06T09:00")]].concat(),
            "2026-04-06",
            state("maintained"),
        ),
        (
            "a provider who dosed meanwhile need not record here",
            vec![dose(MONDAY), verified("2026-05-02T09:00", "2026-05-01T09:00")],
            "2026-05-02T10:00",
            state("maintained"),
        ),
        (
            "a depot refused, its window open",
            vec![depot(MONDAY, 7), withheld("2026-03-09T09:00", "refused")],
            "2026-03-11T08:59",
            json!({"state": "maintained", "missedDays": 1}),
        ),
        (
            "a depot within its window is no gap",
            vec![depot(MONDAY, 28), depot("2026-04-05T09:00", 28)],
            "2026-04-05",
            state("maintained"),
        ),
    ]);
}

#[test]
fn a_prescription_is_no_dose() {
    let rx = |time: &str| prescribed(time, time, "maintenance");
    let since = |since: &str, mut substitution: Value, state: &str| {
        substitution["state"] = state.into();
        let alerts = json!([{"code": "substitutionOverdue", "since": since}]);
        json!({"substitution": substitution, "alerts": alerts})
    };
    let renewed = || {
        let renewals = ["2026-03-05T10:00", "2026-03-07T09:00", "2026-03-09T08:00"];
        [vec![dose(MONDAY)], renewals.map(rx).to_vec()].concat()
    };
    let daily = || (2..21).map(|day| rx(&format!("2026-03-{day:02}T09:00"))).collect::<Vec<_>>();
    let overdue = || json!({"nextDueBy": "2026-03-03T09:00"});
    let forced = || {
        let mut events = days_without("strike", &[3, 4, 5, 6, 7]);
        events.extend([stopped("2026-03-07T12:00", "forced"), rx("2026-03-08T09:00")]);
        events
    };
    let rows: Vec<(&str, Vec<Value>, &str, Value)> = vec![
        (
            "a late one",
            renewed(),
            "2026-03-05T12:00",
            since("2026-03-04T09:00", overdue(), "unknown"),
        ),
        (
            "nor any number of them",
            renewed(),
            "2026-03-09T12:00",
            since("2026-03-04T09:00", overdue(), "unknown"),
        ),
        (
            "prescribed daily and never given",
            daily(),
            "2026-03-20T12:00",
            since("2026-03-04T09:00", overdue(), "unknown"),
        ),
        (
            "after a stop the first begins anew, not the next",
            vec![
                dose(MONDAY),
                stopped("2026-03-03T08:00", "planned"),
                rx("2026-03-10T09:00"),
                rx("2026-03-12T08:00"),
            ],
            "2026-03-12T12:00",
            since("2026-03-12T09:00", json!({"nextDueBy": "2026-03-11T09:00"}), "unknown"),
        ),
        (
            "one was given",
            [forced(), vec![dose("2026-03-08T14:00")]].concat(),
            "2026-03-08T15:00",
            json!({"substitution": {"notOfferedDays": 0, "review": "absent"}, "alerts": []}),
        ),
        (
            "a stop ends the wait",
            [renewed(), vec![stopped("2026-03-09T09:00", "planned")]].concat(),
            "2026-03-09T12:00",
            json!({"substitution": {"state": "stopped"}, "alerts": []}),
        ),
    ];
    for (claim, events, when, expected) in rows {
        assert_says(claim, "", &answer(&events, when), &expected);
    }
}

#[test]
fn a_stop_of_what_was_replaced_stops_nothing() {
    let rx = |time: &str, id: &str| prescribed(time, id, "maintenance");
    let stop = |time: &str, of: Value| with(stopped(time, "planned"), of);
    check(vec![
        (
            "another prescription",
            vec![
                rx("2026-03-01T08:00", "rx1"),
                rx("2026-03-02T08:00", "rx2"),
                dose(MONDAY),
                stop("2026-03-02T10:00", json!({"prescription": "rx1"})),
            ],
            "2026-03-02",
            json!({"state": "maintained"}),
        ),
        (
            "another product",
            vec![dose(MONDAY), stop("2026-03-02T10:00", json!({"product": "buprenorphine"}))],
            "2026-03-02",
            json!({"state": "maintained", "product": "methadone"}),
        ),
        (
            "stopped, then prescribed anew",
            vec![
                dose(MONDAY),
                stopped("2026-03-02T10:00", "planned"),
                prescribed("2026-03-02T11:00", "rx2", "detoxification"),
            ],
            "2026-03-02",
            json!({"state": "tapering", "nextDueBy": "2026-03-03T11:00"}),
        ),
    ]);
}

#[test]
fn corrections_annulments_and_what_was_known() {
    let dose_id = "the-dose";
    let kind = "substitution.doseContinued";
    let later = instant("2026-03-04T09:00").to_rfc3339();
    let events = |change| vec![dose(MONDAY), named(dose("2026-03-03T09:00"), dose_id), change];
    let moved = events(corrected("2026-03-05", dose_id, kind, json!({ "time": later })));
    check(vec![
        (
            "corrected in time",
            moved.clone(),
            "2026-03-04",
            json!({"lastDoseAt": "2026-03-04T09:00"}),
        ),
        (
            "annulled",
            events(annulled("2026-03-05", dose_id, kind)),
            "2026-03-04T08:00",
            json!({"lastDoseAt": MONDAY, "state": "maintained"}),
        ),
        (
            "a correction received before what it corrects",
            moved.iter().rev().cloned().collect(),
            "2026-03-04",
            json!({"lastDoseAt": "2026-03-04T09:00"}),
        ),
    ]);
    let (before, _) = engine(&history(&moved, Some(2)), at("2026-03-04"));
    let expected = json!({"lastDoseAt": "2026-03-03T09:00"});
    assert_says("known before the correction", "", &before["substitution"], &expected);
}
