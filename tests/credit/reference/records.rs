//! What the records of a history say once corrections and annulments are applied, and their order.
//! Always: the order of receipt plays no part, and a record is compared by what was sent.
//! Text: `credit.md`, "Units" and "History".

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Brussels;
use serde_json::Value;

/// An id of `data` within its stream: two merged streams never share one.
pub type Key = (String, String);

/// One record in force, with the content that its corrections left.
#[derive(Debug, Clone)]
pub struct Record {
    pub source: String,
    pub id: String,
    pub subject: String,
    pub kind: String,
    pub instant: DateTime<Utc>,
    pub date: NaiveDate,
    pub data: Value,
}

impl Record {
    pub fn text(&self, name: &str) -> &str {
        self.data[name].as_str().unwrap_or("")
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.data[name].as_i64()
    }

    pub fn day(&self, name: &str) -> Option<NaiveDate> {
        self.data[name].as_str().map(|text| text.parse().expect("a civil date"))
    }

    pub fn truth(&self, name: &str) -> bool {
        self.data[name].as_bool().unwrap_or(false)
    }

    pub fn key(&self, name: &str) -> Key {
        (self.subject.clone(), self.text(name).to_owned())
    }

    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    pub fn is_closing(&self) -> bool {
        let kinds = ["residential.completed", "residential.droppedOut", "residential.transferred"];
        kinds.contains(&self.kind.as_str())
    }

    /// A release into limited detention or a transition house ends no detention.
    pub fn ends_detention(&self) -> bool {
        self.is("detention.released")
            && !["limitedDetention", "transitionHouse"].contains(&self.text("reason"))
    }

    pub fn is_final_release(&self) -> bool {
        self.is("detention.released") && self.text("reason") == "sentenceEnd" && self.truth("final")
    }

    pub fn is_death(&self) -> bool {
        self.is("death.recorded")
            || (self.is("detention.released") && self.text("reason") == "death")
    }
}

pub fn instant_of(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an RFC 3339 time").with_timezone(&Utc)
}

pub fn date_of(instant: DateTime<Utc>) -> NaiveDate {
    instant.with_timezone(&Brussels).date_naive()
}

/// The records as told: known at the instant asked for, each (stream, source, id) once.
struct Told {
    events: Vec<Value>,
}

fn member<'a>(event: &'a Value, name: &str) -> &'a str {
    event[name].as_str().unwrap_or("")
}

fn stream(event: &Value) -> String {
    member(event, "subject").to_lowercase()
}

/// The `{source, id}` that a `record.*` names, as sent.
fn target_name(event: &Value) -> Option<(&str, &str)> {
    let target = match member(event, "type") {
        "record.corrected" => &event["data"]["corrects"],
        "record.annulled" => &event["data"]["annuls"],
        _ => return None,
    };
    Some((member(target, "source"), member(target, "id")))
}

impl Told {
    fn new(events: &[Value], known: Option<DateTime<Utc>>) -> Self {
        let mut seen = BTreeSet::new();
        let mut kept = Vec::new();
        for event in events {
            let late = match (event["recordedtime"].as_str(), known) {
                (Some(recorded), Some(known)) => instant_of(recorded) > known,
                _ => false,
            };
            let name = (stream(event), member(event, "source"), member(event, "id"));
            if !late && seen.insert(name) {
                kept.push(event.clone());
            }
        }
        Self { events: kept }
    }

    /// The record that a `record.*` names within its own stream.
    fn target(&self, at: usize) -> Option<usize> {
        let (source, id) = target_name(&self.events[at])?;
        self.events.iter().position(|other| {
            stream(other) == stream(&self.events[at])
                && member(other, "source") == source
                && member(other, "id") == id
        })
    }

    /// A `record.*` whose target stands in another stream, and not in its own.
    fn is_elsewhere(&self, at: usize) -> bool {
        let Some((source, id)) = target_name(&self.events[at]) else { return false };
        let named = |other: &&Value| member(other, "source") == source && member(other, "id") == id;
        self.target(at).is_none() && self.events.iter().any(|other| named(&other))
    }

    fn leads_back_to_itself(&self, at: usize) -> bool {
        let mut place = at;
        for _ in 0..self.events.len() {
            match self.target(place) {
                Some(next) if next == at => return true,
                Some(next) => place = next,
                None => return false,
            }
        }
        false
    }

    /// The records of a type that name this record, in order: by their own time as sent.
    fn touching(&self, at: usize, kind: &str) -> Vec<usize> {
        let mut found: Vec<usize> = (0..self.events.len())
            .filter(|other| member(&self.events[*other], "type") == kind)
            .filter(|other| self.target(*other) == Some(at))
            .collect();
        found.sort_by_key(|other| {
            let event = &self.events[*other];
            let name = (member(event, "source").to_owned(), member(event, "id").to_owned());
            (instant_of(member(event, "time")), name)
        });
        found
    }

    fn in_force(&self, at: usize) -> bool {
        !self.leads_back_to_itself(at)
            && !self.touching(at, "record.annulled").into_iter().any(|other| self.in_force(other))
    }

    /// The `data` and `time` of a record once its corrections in force are applied in order.
    fn said(&self, at: usize) -> (Value, String) {
        let event = &self.events[at];
        let mut data = event["data"].clone();
        let mut time = member(event, "time").to_owned();
        for correction in self.touching(at, "record.corrected") {
            if !self.in_force(correction) {
                continue;
            }
            let (replacement, _) = self.said(correction);
            if let Some(new) = replacement.get("data") {
                data = new.clone();
            }
            if let Some(new) = replacement["time"].as_str() {
                time = new.to_owned();
            }
        }
        (data, time)
    }

    fn record(&self, at: usize) -> Record {
        let (data, time) = self.said(at);
        let event = &self.events[at];
        let instant = instant_of(&time);
        Record {
            source: member(event, "source").to_owned(),
            id: member(event, "id").to_owned(),
            subject: stream(event),
            kind: member(event, "type").to_owned(),
            instant,
            date: date_of(instant),
            data,
        }
    }
}

/// The records in force, and the `record.*` whose target stands in another stream.
pub fn in_force(events: &[Value], known: Option<DateTime<Utc>>) -> (Vec<Record>, Vec<Record>) {
    let told = Told::new(events, known);
    let places = || (0..told.events.len()).filter(|at| told.in_force(*at));
    let touches = |at: &usize| target_name(&told.events[*at]).is_some();
    let records = places().filter(|at| !touches(at)).map(|at| told.record(at)).collect();
    let elsewhere = places().filter(|at| told.is_elsewhere(*at)).map(|at| told.record(at));
    (records, elsewhere.collect())
}

/// The records in the order that holds everywhere.
pub fn in_order(records: &[Record]) -> Vec<Record> {
    let mut by_instant: BTreeMap<DateTime<Utc>, Vec<Record>> = BTreeMap::new();
    for record in records {
        by_instant.entry(record.instant).or_default().push(record.clone());
    }
    let mut ordered: Vec<Record> = Vec::new();
    for (_, mut group) in by_instant {
        group.sort_by_key(|r| (rank(r), r.source.clone(), r.id.clone(), r.subject.clone()));
        let mut first = reported_and_let_go(&mut group, &ordered);
        closings_beside_admissions(&mut group, &ordered);
        ordered.append(&mut first);
        ordered.append(&mut group);
    }
    ordered
}

fn rank(record: &Record) -> u8 {
    match record.kind.as_str() {
        "detention.released" => 0,
        "detention.arrived" => 2,
        _ => 1,
    }
}

pub fn is_detained_after(records: &[Record]) -> bool {
    let turning = |r: &&Record| r.is("detention.arrived") || r.ends_detention();
    records.iter().rfind(turning).is_some_and(|r| r.is("detention.arrived"))
}

/// First exception: takes each arrival and release of one detention out of the group, arrival
/// first, while the person is not detained.
fn reported_and_let_go(group: &mut Vec<Record>, before: &[Record]) -> Vec<Record> {
    let mut first: Vec<Record> = Vec::new();
    loop {
        let so_far: Vec<Record> = before.iter().chain(&first).cloned().collect();
        if is_detained_after(&so_far) {
            return first;
        }
        let pair = group.iter().enumerate().find_map(|(place, arrival)| {
            let same = |r: &Record| {
                r.is("detention.released") && r.key("detention") == arrival.key("detention")
            };
            let release = group.iter().position(same)?;
            arrival.is("detention.arrived").then_some((place, release))
        });
        let Some((arrival, release)) = pair else { return first };
        let (arrived, released) = (group[arrival].clone(), group[release].clone());
        group.remove(arrival.max(release));
        group.remove(arrival.min(release));
        first.extend([arrived, released]);
    }
}

/// Second exception: a closing stands before all admissions of its stay at this instant if an
/// earlier admission of the stay has no closing after it, else after all of them.
fn closings_beside_admissions(group: &mut Vec<Record>, before: &[Record]) {
    let stays: BTreeSet<Key> =
        group.iter().filter(|r| r.is("residential.admitted")).map(|r| r.key("stay")).collect();
    for stay in stays {
        let of = |r: &Record| r.key("stay") == stay;
        let turning = |r: &&Record| of(r) && (r.is("residential.admitted") || r.is_closing());
        let last = before.iter().rfind(turning);
        let is_open = last.is_some_and(|r| r.is("residential.admitted"));
        let mut closings: Vec<Record> =
            group.iter().filter(|r| of(r) && r.is_closing()).cloned().collect();
        group.retain(|r| !(of(r) && r.is_closing()));
        let is_admission = |r: &Record| of(r) && r.is("residential.admitted");
        // The first closing, once it stands before, is the closing after the earlier admission.
        let rest = closings.split_off(usize::from(is_open).min(closings.len()));
        let first = group.iter().position(is_admission).expect("an admission of it");
        group.splice(first..first, closings);
        let last = group.iter().rposition(is_admission).expect("an admission of it");
        group.splice(last + 1..last + 1, rest);
    }
}
