//! A second opinion: the credit worked out naively, date by date, from the text of the rules.
//! Always: shares no code with the engine, and is slow on purpose. This code knows Belgian time for
//! the first ten months of 2026 only, and all tests lie in these months.

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

pub mod figures;
pub use figures::figures;

/// A date as its distance from 1 January 2026.
pub type Day = i64;

/// The question about a history.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub at: Day,
    pub exclude_last: bool,
    pub month_days: i64,
}

/// A record in force, after corrections.
#[derive(Debug, Clone, PartialEq)]
pub struct Stands {
    pub event: Value,
    pub instant: i64,
    pub day: Day,
    pub kind: String,
    pub data: Value,
}

fn epoch() -> NaiveDate {
    "2026-01-01".parse().unwrap()
}

pub fn day_of(date: &str) -> Day {
    (date.parse::<NaiveDate>().unwrap() - epoch()).num_days()
}

fn micros(time: &str) -> i64 {
    DateTime::parse_from_rfc3339(time).unwrap().timestamp_micros()
}

/// Summer time in 2026 begins on 29 March at 1:00 UTC.
fn brussels_day(micros: i64) -> Day {
    let summer = self::micros("2026-03-29T01:00:00Z");
    let hours = if micros >= summer { 2 } else { 1 };
    let local = DateTime::from_timestamp_micros(micros + hours * 3_600_000_000).unwrap();
    (local.date_naive() - epoch()).num_days()
}

/// Every record in force, in order, without annulled records and `record.*` records.
pub fn standing(events: &[Value]) -> Vec<Stands> {
    let mut all: Vec<Stands> = (0..events.len())
        .filter(|i| !is_record(&events[*i]))
        .filter_map(|i| stand(events, i))
        .collect();
    all.sort_by_key(order);
    all
}

fn is_record(event: &Value) -> bool {
    event["type"].as_str().unwrap().starts_with("record.")
}

fn order(stands: &Stands) -> (i64, u8, String, String) {
    let rank = match stands.kind.as_str() {
        "detention.released" => 0,
        "detention.arrived" => 2,
        _ => 1,
    };
    let text = |name: &str| stands.event[name].as_str().unwrap().to_owned();
    (stands.instant, rank, text("source"), text("id"))
}

fn target(events: &[Value], i: usize) -> Option<usize> {
    if !is_record(&events[i]) {
        return None;
    }
    let data = &events[i]["data"];
    let named = data.get("corrects").or(data.get("annuls")).unwrap();
    events.iter().position(|event| {
        ["source", "id", "type"].iter().all(|name| event[*name] == named[*name])
            && event["subject"] == events[i]["subject"]
    })
}

fn leads_back(events: &[Value], i: usize) -> bool {
    let mut at = i;
    for _ in 0..=events.len() {
        match target(events, at) {
            Some(next) if next == i => return true,
            Some(next) => at = next,
            None => return false,
        }
    }
    false
}

fn stand(events: &[Value], i: usize) -> Option<Stands> {
    let event = events[i].clone();
    let time = micros(event["time"].as_str().unwrap());
    let mut stands = Stands {
        instant: time,
        day: 0,
        kind: event["type"].as_str().unwrap().to_owned(),
        data: event["data"].clone(),
        event,
    };
    let mut touching: Vec<Stands> = (0..events.len())
        .filter(|j| target(events, *j) == Some(i) && !leads_back(events, *j))
        .filter_map(|j| stand(events, j))
        .collect();
    touching.sort_by_key(order);
    if touching.iter().any(|touch| touch.kind == "record.annulled") {
        return None;
    }
    for touch in touching {
        if let Some(data) = touch.data.get("data") {
            stands.data = data.clone();
        }
        if let Some(time) = touch.data.get("time") {
            stands.instant = micros(time.as_str().unwrap());
        }
    }
    stands.day = brussels_day(stands.instant);
    Some(stands)
}

fn text<'v>(stands: &'v Stands, name: &str) -> &'v str {
    stands.data[name].as_str().unwrap_or("")
}

fn number(stands: &Stands, name: &str) -> Option<i64> {
    stands.data.get(name).and_then(Value::as_i64)
}

fn optional_day(stands: &Stands, name: &str) -> Option<Day> {
    stands.data.get(name).map(|date| day_of(date.as_str().unwrap()))
}
