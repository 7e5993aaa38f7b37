//! Random histories, as messy as senders can make them, on a small calendar.
//! Always: a seed gives one history and one question; nothing else plays a part.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

pub mod calendar;
pub mod dice;
pub mod draw;
mod plots;

pub use plots::beginning;

use calendar::clock;
use dice::Dice;
use draw::Draw;

use super::reference::Asked;
use super::reference::records::instant_of;

/// A history with corrections and annulments, and a question about it.
pub fn history(seed: u64) -> (Vec<Value>, Asked) {
    let mut dice = Dice::new(seed);
    let mut draw = Draw::new(&mut dice);
    let mut events = records(&mut draw);
    touch(&mut draw, &mut events);
    let mut asked = question(&mut draw);
    if draw.dice.percent(15) {
        record_late(&mut draw, &mut events);
        let known = clock(draw.calendar.date(draw.dice), 12 * 60);
        asked.known = Some(known + TimeDelta::days(draw.dice.below(30)));
    }
    (events, asked)
}

/// A history in which about half of the records move to the instant of another one.
pub fn crowded(seed: u64) -> (Vec<Value>, Asked) {
    let (mut events, asked) = history(seed);
    let mut dice = Dice::new(seed ^ 0xc20d);
    for place in 1..events.len() {
        if dice.percent(50) {
            events[place]["time"] = dice.one_of(&events[..place])["time"].clone();
        }
    }
    (events, asked)
}

/// A history without corrections, of one moment of knowledge, and a question about it.
pub fn untouched(draw: &mut Draw) -> (Vec<Value>, Asked) {
    (records(draw), question(draw))
}

fn records(draw: &mut Draw) -> Vec<Value> {
    let mut events = Vec::new();
    if draw.dice.percent(65) {
        events.extend(beginning(draw));
    }
    for _ in 0..draw.dice.below(4) {
        events.extend(plots::any(draw));
    }
    let more = 1 + draw.dice.below(9);
    events.extend((0..more).map(|_| draw.any_event()));
    if !events.iter().any(|event| event["type"] == "modality.granted") && draw.dice.percent(90) {
        let (time, data) = (draw.time(), draw.data("modality.granted"));
        events.push(draw.event("modality.granted", time, data));
    }
    events
}

/// Adds corrections and annulments, some of corrections, now and then in a circle.
fn touch(draw: &mut Draw, events: &mut Vec<Value>) {
    let touches = draw.dice.one_of(&[0, 0, 1, 1, 2, 3]);
    for _ in 0..touches {
        let target = match events.last() {
            Some(last) if draw.dice.percent(40) => last.clone(),
            _ => draw.dice.one_of(events),
        };
        let touch = draw.touch(&target);
        events.push(touch);
    }
    let is_touch = |event: &&mut Value| event["type"].as_str().unwrap().starts_with("record.");
    if draw.dice.percent(5) {
        let mut touches = events.iter_mut().filter(is_touch);
        if let (Some(one), Some(other)) = (touches.next(), touches.next()) {
            point_at(one, other);
        }
    }
}

/// Makes one `record.*` name another in place of its target.
fn point_at(one: &mut Value, other: &Value) {
    let name = if one["type"] == "record.annulled" { "annuls" } else { "corrects" };
    if one["source"] == other["source"] {
        let named = json!({"source": other["source"], "id": other["id"], "type": other["type"]});
        one["data"] = json!({name: named, "reason": "duplicate"});
        if name == "corrects" {
            one["data"]["time"] = other["time"].clone();
        }
    }
}

/// Gives each record a time at which the ledger learned of it, up to twenty days later.
fn record_late(draw: &mut Draw, events: &mut [Value]) {
    for event in events {
        let days = draw.dice.below(20);
        let delay = TimeDelta::hours(draw.dice.one_of(&[0, 1, 24, 24 * days]));
        let recorded = instant_of(event["time"].as_str().unwrap()) + delay;
        event["recordedtime"] = recorded.to_rfc3339().into();
    }
}

fn question(draw: &mut Draw) -> Asked {
    let days = draw.calendar.days;
    let days_in = match draw.dice.below(10) {
        0..7 => days + draw.dice.below(30),
        7 => days,
        _ => draw.dice.below(days),
    };
    let at = draw.calendar.plus(days_in);
    let today = match draw.dice.percent(10) {
        true => draw.calendar.plus(draw.dice.below(days + 20)),
        false => NaiveDate::from_ymd_opt(2026, 11, 29).unwrap(),
    };
    Asked {
        at,
        today,
        known: None,
        project: draw.dice.percent(15),
        boundary: draw.dice.one_of(&["anyPart", "anyPart", "excludeLast"]).to_owned(),
        absence: draw.dice.one_of(&["wholeDates", "wholeDates", "nights"]).to_owned(),
        month_days: u32::try_from(28 + draw.dice.below(4)).unwrap(),
    }
}

/// Leaves out one record at a time for as long as the rest still fails.
pub fn shrink<T: Clone>(events: &[T], fails: impl Fn(&[T]) -> bool) -> Vec<T> {
    let mut kept = events.to_vec();
    loop {
        let smaller = (0..kept.len()).find_map(|place| {
            let mut rest = kept.clone();
            rest.remove(place);
            fails(&rest).then_some(rest)
        });
        match smaller {
            Some(rest) => kept = rest,
            None => return kept,
        }
    }
}
