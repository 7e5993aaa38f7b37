//! Groups of records that belong together: a beginning, a return, a pair that collides.
//! Always: each record of a plot can be left out, so that histories stay incomplete.

use chrono::{DateTime, Days, Utc};
use serde_json::{Value, json};

use super::calendar::{clock, written};
use super::draw::{Draw, KINDS, PERSON};

/// What most histories begin with: a sentence, a detention, a grant and a release under it.
pub fn beginning(draw: &mut Draw) -> Vec<Value> {
    let kind = draw.dice.one_of(&KINDS);
    let starts = draw.dice.below(draw.calendar.days / 3);
    let date = |days: i64| draw.calendar.plus(days);
    let (first, granted, start) = (date(0) - Days::new(20), date(starts / 2), date(starts));
    let let_go = date(starts + if draw.dice.percent(80) { 0 } else { 2 });
    let sentence = json!({
        "sentence": "x1", "judgment": "j1", "years": 0, "months": 1 + draw.dice.below(6), "days": 0
    });
    let arrived = json!({"detention": "d1", "facility": "gent", "legalStatus": "convicted"});
    let mut grant = json!({
        "modality": "m1", "kind": kind, "judgment": "j1", "startsOn": start.to_string()
    });
    if draw.dice.percent(50) {
        grant["remainderDays"] = draw.dice.one_of(&[5, 15, 40, 100]).into();
    }
    let released = json!({"detention": "d1", "reason": kind, "final": false});
    let admitted = json!({"stay": "s1", "facility": "deKiem", "programme": "tc"});
    let all = [
        ("sentence.pronounced", first, 60, sentence, 70),
        ("detention.arrived", first, 600, arrived, 85),
        ("modality.granted", granted, 600, grant, 100),
        ("detention.released", let_go, 0, released, 85),
        ("residential.admitted", let_go, draw.dice.one_of(&[0, 660]), admitted, 50),
    ];
    let mut events = Vec::new();
    for (kind, date, minutes, data, chance) in all {
        if draw.dice.percent(chance) {
            let time = written(clock(date, minutes), draw.dice);
            let mut event = draw.event(kind, time, data);
            event["subject"] = PERSON.into();
            events.push(event);
        }
    }
    events
}

/// One of the plots that seldom arise from single draws.
pub fn any(draw: &mut Draw) -> Vec<Value> {
    match draw.dice.below(8) {
        0 | 1 => pair(draw, "detention.arrived", "detention.released"),
        2 => pair(draw, "modality.suspended", "modality.suspensionLifted"),
        3 => pair(draw, "detention.absenceStarted", "detention.absenceEnded"),
        4 => stay(draw),
        5 => at_once(draw),
        6 => imputations(draw),
        _ => later_modality(draw),
    }
}

fn at(draw: &mut Draw, instant: DateTime<Utc>, kind: &str, data: Value) -> Value {
    let time = written(instant, draw.dice);
    draw.event(kind, time, data)
}

/// Two instants in order; now and then they are the same.
fn span(draw: &mut Draw) -> (DateTime<Utc>, DateTime<Utc>) {
    let (one, other) = (draw.calendar.instant(draw.dice), draw.calendar.instant(draw.dice));
    (one.min(other), one.max(other))
}

/// What begins something and what ends it, with one name and in one stream.
fn pair(draw: &mut Draw, begins: &str, ends: &str) -> Vec<Value> {
    let (from, to) = span(draw);
    let (first, mut last) = (draw.data(begins), draw.data(ends));
    for name in ["detention", "modality"] {
        if let Some(value) = first.get(name) {
            last[name] = value.clone();
        }
    }
    if begins == "detention.arrived" && draw.dice.percent(60) {
        last["reason"] =
            draw.dice.one_of(&["other", "electronicMonitoring", "pretrialLifted"]).into();
    }
    let mut events = vec![at(draw, from, begins, first), at(draw, to, ends, last)];
    events[1]["subject"] = events[0]["subject"].clone();
    events
}

/// A stay with an absence, closed more often than not.
fn stay(draw: &mut Draw) -> Vec<Value> {
    let (from, to) = span(draw);
    let (left, back) = span(draw);
    let all = [
        ("residential.admitted", from, 100),
        ("residential.absenceStarted", left, 70),
        ("residential.absenceEnded", back, 60),
        ("residential.droppedOut", to, 75),
    ];
    let name = draw.dice.one_of(&["s1", "s2"]);
    let mut events: Vec<Value> = Vec::new();
    for (kind, instant, chance) in all {
        if draw.dice.percent(chance) {
            let mut data = draw.data(kind);
            data["stay"] = name.into();
            events.push(at(draw, instant, kind, data));
        }
    }
    let subject = events[0]["subject"].clone();
    events.iter_mut().for_each(|event| event["subject"] = subject.clone());
    events
}

/// A release and an arrival, or a closing and an admission, or an absence and its end, at once.
fn at_once(draw: &mut Draw) -> Vec<Value> {
    let types = draw.dice.one_of(&[
        ["detention.released", "detention.arrived"],
        ["residential.transferred", "residential.admitted"],
        ["residential.absenceStarted", "residential.absenceEnded"],
        ["detention.absenceStarted", "detention.absenceEnded"],
        ["modality.revoked", "modality.restored"],
    ]);
    let instant = draw.calendar.instant(draw.dice);
    let mut events = Vec::new();
    for kind in types {
        let mut data = draw.data(kind);
        for (name, value) in [("detention", "d1"), ("stay", "s1"), ("modality", "m1")] {
            if data.get(name).is_some() && (name != "modality" || data.get("stay").is_none()) {
                data[name] = value.into();
            }
        }
        let mut event = at(draw, instant, kind, data);
        event["subject"] = PERSON.into();
        events.push(event);
    }
    events
}

/// Imputations of one sentence, some equal, some by dates and some by figure.
fn imputations(draw: &mut Draw) -> Vec<Value> {
    let days = draw.dice.one_of(&[2, 4]);
    let from = draw.dice.below(draw.calendar.days - 10);
    let mut events = Vec::new();
    for _ in 0..2 {
        let slip = draw.dice.one_of(&[0, 0, 1, 3]);
        let mut data = json!({"sentence": "x1", "days": days});
        if draw.dice.percent(60) {
            data["from"] = draw.calendar.plus(from + slip).to_string().into();
            data["to"] = draw.calendar.plus(from + slip + days - 1).to_string().into();
        }
        let instant = draw.calendar.instant(draw.dice);
        let mut event = at(draw, instant, "sentence.detentionImputed", data);
        event["subject"] = PERSON.into();
        events.push(event);
    }
    events
}

/// A second modality, and now and then what ends the first.
fn later_modality(draw: &mut Draw) -> Vec<Value> {
    let (first, second) = span(draw);
    let mut grant = draw.data("modality.granted");
    grant["modality"] = draw.dice.one_of(&["m2", "m3"]).into();
    let mut events = Vec::new();
    if draw.dice.percent(50) {
        let kind = draw.dice.one_of(&["modality.ended", "modality.revoked"]);
        let mut data = draw.data(kind);
        data["modality"] = "m1".into();
        events.push(at(draw, first, kind, data));
    }
    events.push(at(draw, second, "modality.granted", grant));
    events.iter_mut().for_each(|event| event["subject"] = PERSON.into());
    events
}
