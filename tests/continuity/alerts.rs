//! Alerts, as tables: events, instant, the alerts raised. 2026-03-02 is a Monday.

use serde_json::{Value, json};

use crate::builder::*;
use crate::substitution::{MONDAY, days_without};

/// Rows: what is claimed, the events, when, the alerts.
pub fn check(rows: Vec<(&str, Vec<Value>, &str, Value)>) {
    for (claim, events, when, expected) in rows {
        assert_says(claim, "/alerts", &answer(&events, when)["alerts"], &expected);
    }
}

#[test]
fn substitution_overdue() {
    let alert = |since: &str, source: &str| {
        json!([{"code": "substitutionOverdue", "since": since, "severity": "high",
            "source": source}])
    };
    let ours = "ours, unconfirmed";
    check(vec![
        ("in time", vec![dose(MONDAY)], "2026-03-04T08:59", json!([])),
        ("late", vec![dose(MONDAY)], "2026-03-04T09:00", alert("2026-03-04T09:00", ours)),
        (
            "a tablet does not last as long as the depot prescribed",
            vec![
                with(
                    prescribed("2026-03-01T08:00", "rx1", "maintenance"),
                    json!({"formulation": "depotMonthly", "intervalDays": 28}),
                ),
                with(dose(MONDAY), json!({"formulation": "sublingual"})),
            ],
            "2026-04-05",
            alert("2026-03-04T09:00", ours),
        ),
        (
            "stopped",
            vec![dose(MONDAY), stopped("2026-03-02T12:00", "planned")],
            "2026-04-01",
            json!([]),
        ),
    ]);
}

#[test]
fn substitution_is_overdue_exactly_while_silence_leaves_it_unknown() {
    let refused = |days: &[u32]| days_without("refused", days);
    let told = |state: &str| json!({"substitution": {"state": state}, "alerts": []});
    let silent = |since: &str| {
        json!({"substitution": {"state": "unknown"},
            "alerts": [{"code": "substitutionOverdue", "since": since}]})
    };
    let next_day = || {
        let doses = [dose("2026-01-02T09:00"), dose("2026-01-03T09:00")];
        [&doses[..], &[withheld("2026-01-04T11:00", "refused")]].concat()
    };
    let depot_refused = || vec![depot(MONDAY, 7), withheld("2026-03-09T09:00", "refused")];
    let strike = || days_without("strike", &[3]);
    let rows: Vec<(&str, Vec<Value>, &str, Value)> = vec![
        ("heard of yesterday", next_day(), "2026-01-05T12:00", told("maintained")),
        ("to the end of the limit", next_day(), "2026-01-06T10:59", told("maintained")),
        ("then no more", next_day(), "2026-01-06T11:00", silent("2026-01-06T11:00")),
        ("not offered", strike(), "2026-03-04T20:00", told("maintained")),
        ("then silence", strike(), "2026-03-05T09:00", silent("2026-03-05T09:00")),
        ("refused two days", refused(&[3, 4]), "2026-03-05T12:00", told("maintained")),
        ("a depot refused, its window open", depot_refused(), "2026-03-10", told("maintained")),
        ("heard of too late", refused(&[20]), "2026-03-20T12:00", silent("2026-03-04T09:00")),
        (
            "one refusal is all that is known, within the limit",
            vec![withheld(MONDAY, "refused")],
            "2026-03-04T08:59",
            told("unknown"),
        ),
        (
            "one refusal is all that is known, past it",
            vec![withheld(MONDAY, "refused")],
            "2026-03-04T09:00",
            silent("2026-03-04T09:00"),
        ),
    ];
    for (claim, events, when, expected) in rows {
        assert_says(claim, "", &answer(&events, when), &expected);
    }
}

#[test]
fn referral_unanswered_and_programme_stalled() {
    let referral = || referred("2026-03-01T10:00");
    let answer = event(
        "referral.answered",
        "2026-03-05",
        json!({"referral": "r1",
        "accepted": false}),
    );
    let unanswered = json!([{"code": "referralUnanswered", "since": "2026-03-16T00:00",
        "severity": "low", "events": ["e0"], "source": "ours, unconfirmed"}]);
    let stalled = |since: &str, event: &str| {
        let events = [event];
        json!([{"code": "programmeStalled", "since": since, "events": events}])
    };
    let ambulatory = || enrolled("2026-03-01T10:00", "ambulatory");
    let short = || enrolled("2026-03-01T10:00", "shortIntervention");
    let held = |days: std::ops::RangeInclusive<u32>| {
        days.map(|day| session(&format!("2026-03-{day:02}"), &day.to_string())).collect::<Vec<_>>()
    };
    check(vec![
        ("day 14", vec![referral()], "2026-03-15", json!([])),
        ("day 15", vec![referral()], "2026-03-16", unanswered),
        ("answered", vec![referral(), answer], "2026-04-16", json!([])),
        ("no session, day 14", vec![ambulatory()], "2026-03-15", json!([])),
        ("no session, day 15", vec![ambulatory()], "2026-03-16", stalled("2026-03-16T00:00", "e0")),
        ("a session", vec![ambulatory(), session("2026-03-10", "a")], "2026-03-20", json!([])),
        (
            "none since",
            vec![ambulatory(), session("2026-03-10", "a")],
            "2026-03-30",
            stalled("2026-03-25T00:00", "e1"),
        ),
        (
            "left",
            vec![
                ambulatory(),
                event(
                    "programme.left",
                    "2026-03-02",
                    json!({"enrolment": "n1", "reason": "moved"}),
                ),
            ],
            "2026-03-30",
            json!([]),
        ),
        (
            "a short one, its term over",
            [vec![short()], held(12..=28)].concat(),
            "2026-03-30",
            stalled("2026-03-30T00:00", "e17"),
        ),
        (
            "a short one with all its sessions",
            [vec![short()], held(9..=28)].concat(),
            "2026-03-30",
            json!([]),
        ),
    ]);
}

#[test]
fn release_without_follow_up() {
    let gent = || arrived("2026-02-01T10:00", "gent");
    let need = || {
        event(
            "care.screened",
            "2026-02-02",
            json!({"instrument": "assist",
        "needIdentified": true}),
        )
    };
    let out = |reason| released("2026-03-02T10:00", reason);
    let of = |events: Vec<Value>| [vec![gent(), need()], events].concat();
    let alert = |severity: &str| {
        json!([{"code": "releaseWithoutFollowUp",
        "since": "2026-03-24T00:00", "severity": severity, "events": ["e2"]}])
    };
    let treatment = |setting, structured| {
        of(vec![out("sentenceEnd"), treated("2026-03-10", setting, structured)])
    };
    check(vec![
        ("day 21", of(vec![out("sentenceEnd")]), "2026-03-23", json!([])),
        ("day 22", of(vec![out("sentenceEnd")]), "2026-03-24", alert("high")),
        ("after four weeks", of(vec![out("sentenceEnd")]), "2026-03-31", alert("medium")),
        ("without a recorded need", vec![gent(), out("sentenceEnd")], "2026-04-30", json!([])),
        ("treated", treatment("community", true), "2026-04-30", json!([])),
        ("treated, unstructured", treatment("community", false), "2026-03-24", alert("high")),
        ("treated in prison only", treatment("prison", true), "2026-03-24", alert("high")),
        (
            "admitted",
            of(vec![out("sentenceEnd"), admitted("2026-03-10", "s1")]),
            "2026-04-30",
            json!([]),
        ),
        (
            "treatment that ran before the detention and was never recorded as over",
            [vec![treated("2018-02-20", "community", true)], of(vec![out("sentenceEnd")])].concat(),
            "2026-03-24",
            json!([{"code": "releaseWithoutFollowUp", "since": "2026-03-24T00:00",
                "severity": "high", "events": ["e3"]}]),
        ),
        (
            "the same where the arrival was never recorded",
            vec![treated("2018-02-20", "community", true), need(), out("sentenceEnd")],
            "2026-03-24",
            alert("high"),
        ),
        (
            "treatment begun in this detention, with a second arrival on record",
            of(vec![
                treated("2026-02-20", "community", true),
                arrived("2026-02-25T10:00", "brugge"),
                out("sentenceEnd"),
            ]),
            "2026-04-30",
            json!([]),
        ),
        (
            "treatment that ended on the day of the release",
            of(vec![
                treated("2026-02-20", "community", true),
                out("sentenceEnd"),
                treatment_ended("2026-03-02T12:00"),
            ]),
            "2026-03-24",
            json!([{"code": "releaseWithoutFollowUp", "since": "2026-03-24T00:00",
                "severity": "high", "events": ["e3"]}]),
        ),
        (
            "the end of the title at home begins nothing anew",
            of(vec![
                with(out("conditionalRelease"), json!({"final": false})),
                released("2026-03-20T10:00", "sentenceEnd"),
            ]),
            "2026-03-24",
            alert("high"),
        ),
        (
            "removed from the territory after a release",
            of(vec![
                with(out("conditionalRelease"), json!({"final": false})),
                released("2026-03-20T10:00", "removal"),
            ]),
            "2026-04-30",
            json!([]),
        ),
        (
            "and the end of the title abroad",
            of(vec![
                with(out("removal"), json!({"final": false})),
                released("2026-03-20T10:00", "sentenceEnd"),
            ]),
            "2026-04-30",
            json!([]),
        ),
        (
            "treatment that was running already",
            of(vec![treated("2026-02-20", "community", true), out("sentenceEnd")]),
            "2026-04-30",
            json!([]),
        ),
        (
            "back in prison",
            of(vec![out("sentenceEnd"), arrived("2026-03-20", "gent")]),
            "2026-04-30",
            json!([]),
        ),
        ("removed from the territory", of(vec![out("removal")]), "2026-04-30", json!([])),
        (
            "sleeps inside",
            of(vec![granted("2026-03-01", "limitedDetention"), out("limitedDetention")]),
            "2026-04-30",
            json!([]),
        ),
    ]);
}

#[test]
fn detox_only() {
    let gent = || arrived("2026-03-01T10:00", "gent");
    let before = || verified("2026-03-01T12:00", "2026-03-01T08:00");
    let rx = |time, goal| prescribed(time, time, goal);
    let taper = || rx("2026-03-01T14:00", "detoxification");
    let doses = || dose("2026-03-02T09:00");
    check(vec![
        (
            "maintained before, tapered here",
            vec![gent(), before(), taper(), doses()],
            "2026-03-02",
            json!([{"code": "detoxOnly", "since": "2026-03-01T14:00",
                "severity": "medium", "events": ["e1", "e2"]}]),
        ),
        (
            "given outside on a prescription that was never sent here",
            vec![
                with(
                    dose("2026-02-27T09:00"),
                    json!({"setting": "community",
                    "facility": "msoc", "prescription": "elsewhere"}),
                ),
                gent(),
                taper(),
                doses(),
            ],
            "2026-03-02",
            json!([{"code": "detoxOnly", "since": "2026-03-01T14:00",
                "severity": "medium", "events": ["e0", "e2"]}]),
        ),
        ("not maintained before", vec![gent(), taper(), doses()], "2026-03-02", json!([])),
        (
            "maintained here",
            vec![gent(), before(), taper(), rx("2026-03-02T08:00", "maintenance"), doses()],
            "2026-03-02",
            json!([]),
        ),
    ]);
}
