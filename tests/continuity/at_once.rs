//! Several records of substitution or custody at one instant, as tables: they stand in the order of
//! elements, whatever their ids.

use serde_json::{Value, json};

use crate::builder::*;
use crate::substitution::{MONDAY, check};

#[test]
fn a_prescription_at_the_instant_of_stops_goes_on_unless_the_last_end_names_it() {
    let once = "2026-03-02T10:00";
    let stop = |reason| stopped(once, reason);
    let named = |reason| with(stop(reason), json!({"prescription": "rx1"}));
    let after = |stops: [Value; 2]| {
        [vec![dose(MONDAY), prescribed(once, "rx1", "maintenance")], stops.to_vec()].concat()
    };
    let next_day = "2026-03-03T10:00";
    let rows = [
        (
            "ended, and it was stopped by force: interrupted in a new course",
            after([stop("planned"), named("forced")]),
            json!({"state": "interrupted", "goal": "maintenance", "nextDueBy": next_day}),
        ),
        (
            "the end ended the interruption too",
            after([named("forced"), stop("planned")]),
            json!({"state": "maintained", "goal": "maintenance", "nextDueBy": next_day}),
        ),
        (
            "ended, and it was closed: no prescription is in force",
            after([stop("planned"), named("transfer")]),
            json!({"state": "maintained", "goal": "absent", "nextDueBy": next_day}),
        ),
        (
            "closed, and ended",
            after([named("release"), stop("planned")]),
            json!({"state": "maintained", "goal": "absent", "nextDueBy": next_day}),
        ),
        (
            "the last end names it",
            after([stop("client"), named("planned")]),
            json!({"state": "stopped"}),
        ),
        (
            "an end before the last names it",
            after([named("planned"), stop("client")]),
            json!({"state": "maintained", "goal": "maintenance", "nextDueBy": next_day}),
        ),
    ];
    check(rows.map(|(claim, events, expected)| (claim, events, "2026-03-02", expected)).into());
}

#[test]
fn of_prescriptions_at_one_instant_the_one_that_a_stop_names_stands_first() {
    let once = "2026-03-02T10:00";
    let rx = |id: &str| prescribed(once, id, "maintenance");
    let thrice = || with(rx("rx2"), json!({"dosesPerDay": 3}));
    let closed = |id: &str| with(stopped(once, "release"), json!({"prescription": id}));
    let given = || dose(once);
    let once_a_day = json!({"dosesPerDay": "absent", "nextDueBy": "2026-03-03T10:00"});
    let three_times = json!({"dosesPerDay": 3, "nextDueBy": "2026-03-02T18:00"});
    check(vec![
        ("the last is in force", vec![rx("rx1"), thrice(), given()], once, three_times.clone()),
        (
            "a stop names the last: the other one stands behind it",
            vec![rx("rx1"), thrice(), given(), closed("rx2")],
            once,
            once_a_day,
        ),
        (
            "a stop names the first",
            vec![rx("rx1"), thrice(), given(), closed("rx1")],
            once,
            three_times,
        ),
    ]);
}

#[test]
fn an_interruption_by_force_is_ended_by_a_prescription_there_that_the_stop_does_not_name() {
    let once = "2026-03-02T10:00";
    let closed = with(stopped(once, "release"), json!({"prescription": "rx1"}));
    let named = with(stopped(once, "forced"), json!({"prescription": "rx1"}));
    let after = |stops: Vec<Value>| {
        [vec![dose(MONDAY), prescribed(once, "rx1", "maintenance")], stops].concat()
    };
    let state = |state: &str| json!({ "state": state });
    check(vec![
        ("no stop names it", after(vec![stopped(once, "forced")]), once, state("maintained")),
        ("the forced stop names it", after(vec![named.clone()]), once, state("interrupted")),
        (
            "the first of two names it: no other interruption begins while its own runs",
            after(vec![named, stopped(once, "forced")]),
            once,
            state("interrupted"),
        ),
        (
            "another stop names it",
            after(vec![stopped(once, "forced"), closed]),
            once,
            state("maintained"),
        ),
    ]);
}

#[test]
fn what_stands_behind_a_prescription_that_ended_an_interruption_counts_after_it() {
    let once = "2026-03-06T10:00";
    let named = |reason| with(stopped(once, reason), json!({"prescription": "rx1"}));
    let written = |of: Value| vec![dose(MONDAY), with(prescribed(once, "rx1", "maintenance"), of)];
    let then = |of: Value, rest: Vec<Value>| [written(of), rest].concat();
    let stop = || stopped(once, "forced");
    let late = || dose(once);
    let missed = |time: &str| withheld(time, "refused");
    let review = json!({"state": "interrupted", "review": "beforeNextDose"});
    check(vec![
        (
            "the days before a late dose there; its own stop interrupts again",
            then(json!({}), vec![late(), stop(), named("forced")]),
            once,
            review.clone(),
        ),
        (
            "a later stop interrupts again",
            then(
                json!({}),
                vec![late(), stop(), named("transfer"), stopped("2026-03-06T20:00", "forced")],
            ),
            "2026-03-06T21:00",
            review,
        ),
        (
            "the cover of a dose there",
            then(json!({"dosesPerDay": 3}), vec![late(), stop(), named("transfer")]),
            once,
            json!({"state": "maintained", "nextDueBy": "2026-03-06T18:00"}),
        ),
        (
            "no dose there: the prescription gives due",
            then(json!({"dosesPerDay": 3}), vec![stop(), named("transfer")]),
            once,
            json!({"state": "maintained", "nextDueBy": "2026-03-07T10:00"}),
        ),
        (
            "the date of a dose withheld there",
            then(
                json!({}),
                vec![
                    missed(once),
                    stop(),
                    named("transfer"),
                    missed("2026-03-07T10:00"),
                    missed("2026-03-08T09:00"),
                ],
            ),
            "2026-03-08T09:00",
            json!({"state": "interrupted"}),
        ),
    ]);
}

#[test]
fn a_dose_told_again_after_its_course_ended_is_a_record_of_the_next_course() {
    let again = with(dose("2026-03-02T09:20"), json!({"facility": "brugge"}));
    let again = Value::Object(
        again
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .chain([("source".to_owned(), "urn:b".into())])
            .collect(),
    );
    let events = |stop: &str| {
        vec![
            dose(MONDAY),
            stopped(stop, "client"),
            again.clone(),
            stopped("2026-03-03T12:00", "forced"),
        ]
    };
    let answer =
        |due: &str| json!({"state": "interrupted", "lastDoseAt": MONDAY, "nextDueBy": due});
    check(vec![
        (
            "told again after the stop",
            events(MONDAY),
            "2026-03-03T13:00",
            answer("2026-03-03T09:20"),
        ),
        (
            "told again before the stop",
            events("2026-03-02T09:30"),
            "2026-03-03T13:00",
            answer("2026-03-04T12:00"),
        ),
    ]);
}

#[test]
fn a_dose_is_compared_with_what_was_in_force_just_before_it() {
    let once = "2026-03-02T10:00";
    let bup =
        json!({"product": "buprenorphine", "formulation": "sublingual", "doseMicrograms": 4000});
    let rx = |id: &str, of: &Value| with(prescribed(once, id, "maintenance"), of.clone());
    let methadone = json!({});
    let given = |id: &str, of: Value| {
        let of_bup = json!({"product": "buprenorphine", "doseMicrograms": 24000});
        named(with(with(dose(once), of_bup), of), id)
    };
    let findings = |events: Vec<Value>| {
        let answer = answer(&events, once);
        let codes = answer["findings"].as_array().unwrap().iter();
        codes.filter(|one| one["code"] == "implausibleDose").count()
    };
    let depot = json!({"facility": "brugge", "formulation": "depotWeekly", "prescription": "rx1"});
    let both = || vec![rx("rx1", &bup), rx("rx2", &methadone)];
    let alone = [both(), vec![given("y", json!({}))]].concat();
    assert_eq!(findings(alone), 0, "the last prescription is of another product");
    let beside = [both(), vec![given("x", depot), given("y", json!({}))]].concat();
    assert_eq!(findings(beside), 1, "the dose before it names the one in force");
}

#[test]
fn detox_only_takes_the_first_prescription_in_the_order_of_elements() {
    let once = "2026-03-10T10:00";
    let detox = |id: &str| prescribed(once, id, "detoxification");
    let closed = with(stopped(once, "transfer"), json!({"prescription": "rx2"}));
    let before = vec![
        with(dose(MONDAY), json!({"setting": "community", "facility": "msoc"})),
        arrived("2026-03-09T10:00", "gent"),
    ];
    let alert = |id: &str| json!([{"code": "detoxOnly", "events": ["e0", id]}]);
    let rows = [
        ("the first", vec![detox("rx1"), detox("rx2")], "e2"),
        ("a stop names the other one", vec![detox("rx1"), detox("rx2"), closed], "e3"),
    ];
    for (claim, events, first) in rows {
        let found = detox_only(&[before.clone(), events].concat());
        assert_says(claim, "/alerts", &found, &alert(first));
    }
}

fn detox_only(events: &[Value]) -> Value {
    let answer = answer(events, "2026-03-10T10:00");
    let alerts = answer["alerts"].as_array().unwrap().iter();
    alerts.filter(|one| one["code"] == "detoxOnly").cloned().collect()
}

#[test]
fn a_prescription_that_goes_on_past_the_end_of_a_course_is_evidence_for_detox_only() {
    let once = "2026-03-05T10:00";
    let maintenance = with(prescribed(once, "rx1", "maintenance"), json!({"setting": "community"}));
    let closed = with(stopped(once, "transfer"), json!({"prescription": "rx1"}));
    let ended = |of: Value| with(stopped(once, "client"), of);
    let later = [
        arrived("2026-03-09T10:00", "gent"),
        prescribed("2026-03-10T10:00", "rx2", "detoxification"),
    ];
    let after = |end: Value| {
        let first = vec![maintenance.clone(), closed.clone(), end];
        detox_only(&[first, later.to_vec()].concat())
    };
    let alert = json!([{"code": "detoxOnly", "events": ["e0", "e4"]}]);
    assert_says("the end names nothing", "/alerts", &after(ended(json!({}))), &alert);
    let named = after(ended(json!({"prescription": "rx1"})));
    assert_says("the end names it", "/alerts", &named, &json!([]));
}

#[test]
fn an_end_of_an_absence_stands_before_the_next_absence_and_before_no_other_record() {
    let noon = "2026-03-02T12:00";
    let away = absence_started("2026-03-01T12:00", "failureToReturn");
    let other = with(released(noon, "sentenceEnd"), json!({"detention": "d2"}));
    let events = vec![
        named(away, "a"),
        named(other, "b"),
        named(transferred(noon, "gent", "gent"), "c"),
        named(absence_ended(noon), "d"),
        named(released(noon, "other"), "e"),
    ];
    let missing = |id: &str| json!({"code": "beginningMissing", "events": [id]});
    let expected = json!([missing("a"), missing("c"), missing("d")]);
    assert_says("", "/findings", &answer(&events, noon)["findings"], &expected);
}
