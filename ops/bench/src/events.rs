//! The events that every contender is given: invented lives, rendered before the clock starts.
//! Always: all contenders get the same bytes but for the id, whose digits are stamped in place just
//! before an event is sent (about 20 ns), so that no id comes twice and no run ends for want of
//! events.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use care_ledger::simulate::{self, Plan};
use chrono::NaiveDate;
use serde_json::Value;
use uuid::Uuid;

use crate::Failure;

/// Whose lives are told.
const PERSONS: u64 = 1_000;

/// So many different events, spread evenly over a year.
const EVENTS: usize = 8_000;

/// An id is this and [`DIGITS`] digits.
const ID: &str = "bench-";
const DIGITS: usize = 16;

/// One event, and where its id's digits stand.
#[derive(Clone)]
pub struct Event {
    /// The system that says it.
    pub source: String,
    /// The person.
    pub subject: Uuid,
    /// A structured CloudEvent.
    pub json: Vec<u8>,
    /// The offset of the id's digits in `json`.
    pub digits_at: usize,
}

/// The next number of an id.
#[derive(Default)]
pub struct Numbers(AtomicU64);

impl Numbers {
    /// A number that was not given before.
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// The events of each of so many connections; no person is on two of them, so that a database that
/// is told revisions never meets a conflict.
pub fn for_connections(connections: usize) -> Result<Vec<Vec<Event>>, Failure> {
    let mut parts = vec![Vec::new(); connections];
    let mut persons: HashMap<Uuid, usize> = HashMap::new();
    for event in all()? {
        let next = persons.len();
        let person = *persons.entry(event.subject).or_insert(next);
        parts[person % connections].push(event);
    }
    Ok(parts)
}

/// How many bytes an event has on average.
pub fn mean_bytes() -> Result<usize, Failure> {
    let all = all()?;
    Ok(all.iter().map(|event| event.json.len()).sum::<usize>() / all.len())
}

fn all() -> Result<Vec<Event>, Failure> {
    let day = |month, day| NaiveDate::from_ymd_opt(2025, month, day).ok_or("no such day");
    let plan =
        Plan { persons: PERSONS, detained: 0, from: day(1, 1)?, to: day(12, 31)?, seed: 2026 };
    let told: Vec<Value> = simulate::events(plan).filter(stands_alone).collect();
    let every = told.len() / EVENTS;
    told.into_iter().step_by(every.max(1)).take(EVENTS).map(rendered).collect()
}

/// Corrections and merges name other records, which may not be among those sent.
fn stands_alone(event: &Value) -> bool {
    let kind = event["type"].as_str().unwrap_or_default();
    !kind.starts_with("record.") && !kind.starts_with("person.")
}

fn rendered(mut event: Value) -> Result<Event, Failure> {
    let text =
        |name: &str| event[name].as_str().map(str::to_owned).ok_or("an event lacks a member");
    let (source, subject) = (text("source")?, text("subject")?.parse()?);
    let id = format!("{ID}{}", "0".repeat(DIGITS));
    event["id"] = id.clone().into();
    let json = serde_json::to_string(&event)?;
    let digits_at = json.find(&id).ok_or("an event lacks its id")? + ID.len();
    Ok(Event { source, subject, json: json.into_bytes(), digits_at })
}

/// Writes a number over an id's digits.
pub fn stamp(bytes: &mut [u8], digits_at: usize, mut number: u64) {
    for digit in bytes[digits_at..digits_at + DIGITS].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// The id with a number.
pub fn id(number: u64) -> String {
    format!("{ID}{number:0DIGITS$}")
}

/// How events go into a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// One event.
    One,
    /// A JSON array.
    Batch,
    /// One event a line.
    Lines,
}

/// An HTTP request, whole, and where the digits of its events' ids stand.
pub struct Request {
    bytes: Vec<u8>,
    digits_at: Vec<usize>,
}

impl Request {
    /// Renders a request.
    pub fn new(form: Form, events: &[Event]) -> Result<Self, Failure> {
        let (kind, open, between, close) = match form {
            Form::One => ("application/cloudevents+json", "", "", ""),
            Form::Batch => ("application/cloudevents-batch+json", "[", ",", "]"),
            Form::Lines => ("application/x-ndjson", "", "\n", "\n"),
        };
        let mut body = open.as_bytes().to_vec();
        let mut digits_at = Vec::with_capacity(events.len());
        for (place, event) in events.iter().enumerate() {
            if place > 0 {
                body.extend_from_slice(between.as_bytes());
            }
            digits_at.push(body.len() + event.digits_at);
            body.extend_from_slice(&event.json);
        }
        body.extend_from_slice(close.as_bytes());
        let mut bytes = Vec::with_capacity(body.len() + 160);
        write!(
            bytes,
            "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        )?;
        digits_at.iter_mut().for_each(|at| *at += bytes.len());
        bytes.extend_from_slice(&body);
        Ok(Self { bytes, digits_at })
    }

    /// The bytes to send now, with ids that were not sent before.
    pub fn stamped(&mut self, numbers: &Numbers) -> &[u8] {
        for digits_at in &self.digits_at {
            stamp(&mut self.bytes, *digits_at, numbers.next());
        }
        &self.bytes
    }
}
