//! The events that every contender is given: invented lives, rendered before the clock starts.
//! Always: all contenders get the same bytes but for the id's digits and the person, which are
//! stamped in place just before an event is sent, so that no id comes twice, no run ends for want
//! of events, and no person's stream grows beyond what a life holds.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use care_ledger::simulate::{self, Plan};
use chrono::NaiveDate;
use serde_json::Value;
use uuid::Uuid;

use crate::Failure;

/// The persons of the events.
const LIVES: u64 = 1_000;

/// So many different events, spread evenly over a year.
const EVENTS: usize = 8_000;

/// So many persons get them in turn.
pub const PERSONS: u64 = 50_000;

/// An id is this and [`DIGITS`] digits.
const ID: &str = "bench-";
const DIGITS: usize = 16;

/// Where a person's pseudonym will stand.
const NOBODY: Uuid = Uuid::from_bytes([0xee; 16]);

/// One event, and where its id's digits and its person stand.
#[derive(Clone)]
pub struct Event {
    /// The system that says it.
    pub source: String,
    /// Its type.
    pub kind: String,
    /// A structured CloudEvent.
    pub json: Vec<u8>,
    /// Where in `json` to stamp.
    pub place: Place,
}

/// Where to stamp a number.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    digits_at: usize,
    person_at: usize,
}

impl Place {
    /// Writes a number over an id's digits, and its person.
    pub fn stamp(self, bytes: &mut [u8], number: u64) {
        self.stamp_of(bytes, number, PERSONS);
    }

    /// The same where so many persons get events in turn.
    pub fn stamp_of(self, bytes: &mut [u8], number: u64, persons: u64) {
        let mut left = number;
        for digit in bytes[self.digits_at..self.digits_at + DIGITS].iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
        let hyphenated = person_with(number % persons).hyphenated();
        hyphenated.encode_lower(&mut bytes[self.person_at..]);
    }

    fn after(self, bytes: usize) -> Self {
        Self { digits_at: self.digits_at + bytes, person_at: self.person_at + bytes }
    }
}

/// The next number of an id.
#[derive(Default)]
pub struct Numbers(AtomicU64);

impl Numbers {
    /// Numbers from this one on.
    pub fn from(first: u64) -> Self {
        Self(AtomicU64::new(first))
    }

    /// A number that was not given before.
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// The id with a number.
pub fn id(number: u64) -> String {
    format!("{ID}{number:0DIGITS$}")
}

/// The person of the event with a number: all persons in turn, with random pseudonyms.
pub fn person(number: u64) -> Uuid {
    person_with(number % PERSONS)
}

/// The pseudonym of a person.
fn person_with(place: u64) -> Uuid {
    let high = scattered(2 * place);
    let low = scattered(2 * place + 1);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// The how manieth of its person the event with a number is.
pub fn revision(number: u64) -> u64 {
    number / PERSONS
}

/// The finaliser of SplitMix64.
fn scattered(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The events of each connection.
pub fn for_connections(connections: usize) -> Result<Vec<Vec<Event>>, Failure> {
    let mut parts = vec![Vec::new(); connections];
    for (place, event) in all()?.into_iter().enumerate() {
        parts[place % connections].push(event);
    }
    Ok(parts)
}

/// How many bytes an event has on average.
pub fn mean_bytes() -> Result<usize, Failure> {
    let all = all()?;
    Ok(all.iter().map(|event| event.json.len()).sum::<usize>() / all.len())
}

/// The next event for another server than ours: its number, with a time stamp.
pub fn next(events: &mut [Event], turn: &mut usize, numbers: &Numbers) -> (u64, Event) {
    let number = numbers.next();
    let place = *turn;
    *turn = (place + 1) % events.len();
    let event = &mut events[place];
    event.place.stamp(&mut event.json, number);
    (number, event.clone())
}

fn all() -> Result<Vec<Event>, Failure> {
    let day = |month, day| NaiveDate::from_ymd_opt(2025, month, day).ok_or("no such day");
    let (from, to) = (day(1, 1)?, day(12, 31)?);
    let plan = Plan { persons: LIVES, detained: 0, from, to, seed: 2026 };
    let told: Vec<Value> = simulate::events(plan).filter(stands_alone).collect();
    let every = told.len() / EVENTS;
    told.into_iter().step_by(every.max(1)).take(EVENTS).map(rendered).collect()
}

/// Corrections and merges name other records, which may not be among those sent. Events about a
/// facility or a project have no person as their subject.
fn stands_alone(event: &Value) -> bool {
    let kind = event["type"].as_str().unwrap_or_default();
    let left_out = ["record.", "person.", "facility.", "project."];
    !left_out.iter().any(|category| kind.starts_with(category))
}

fn rendered(mut event: Value) -> Result<Event, Failure> {
    let text =
        |name: &str| event[name].as_str().map(str::to_owned).ok_or("an event lacks a member");
    let (source, kind) = (text("source")?, text("type")?);
    let id = format!("{ID}{}", "0".repeat(DIGITS));
    event["id"] = id.clone().into();
    event["subject"] = NOBODY.to_string().into();
    let json = serde_json::to_string(&event)?;
    let digits_at = json.find(&id).ok_or("an event lacks its id")? + ID.len();
    let person_at = json.find(&NOBODY.to_string()).ok_or("an event lacks its person")?;
    let place = Place { digits_at, person_at };
    Ok(Event { source, kind, json: json.into_bytes(), place })
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

/// An HTTP request, whole, and where its events are stamped.
pub struct Request {
    bytes: Vec<u8>,
    places: Vec<Place>,
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
        let mut places = Vec::with_capacity(events.len());
        for (place, event) in events.iter().enumerate() {
            if place > 0 {
                body.extend_from_slice(between.as_bytes());
            }
            places.push(event.place.after(body.len()));
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
        places.iter_mut().for_each(|place| *place = place.after(bytes.len()));
        bytes.extend_from_slice(&body);
        Ok(Self { bytes, places })
    }

    /// The bytes to send now, with ids that were not sent before.
    pub fn stamped(&mut self, numbers: &Numbers) -> &[u8] {
        for place in &self.places {
            place.stamp(&mut self.bytes, numbers.next());
        }
        &self.bytes
    }
}
