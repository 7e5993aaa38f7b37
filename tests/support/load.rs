//! Senders that load a server over many connections until it is killed.
//! They mix single events, batches and lines. Several senders write about the same persons and
//! facilities, send events of other senders again, send whole batches twice at once, and send
//! merges, which write two records.

use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::dice::Dice;
use super::known::{Event, Mode, Request, key};
use super::{person, screening};

pub const CONNECTIONS: u64 = 64;

/// Persons that all senders write about at once.
const PERSONS: u64 = 400;

/// The most events that are kept to be sent again.
const POOL: usize = 1_000;

/// The state that all senders share.
#[derive(Default)]
pub struct Shared {
    /// Set before the kill: from then on a connection may break.
    pub killed: AtomicBool,
    /// Events sent before, none of them in an unanswered batch.
    pool: Mutex<Vec<Event>>,
    /// Batches that were sent and not answered yet.
    in_flight: Mutex<Vec<Request>>,
}

/// The answers to one sender, and the requests without an answer.
#[derive(Default)]
pub struct Told {
    pub answered: Vec<(Event, Value)>,
    pub unanswered: Vec<Request>,
    pub faults: Vec<String>,
}

/// How a request ended.
enum End {
    Answered,
    /// No room: sent again later.
    Busy,
    Broken,
}

pub struct Sender<'a> {
    shared: &'a Shared,
    url: String,
    agent: ureq::Agent,
    dice: Dice,
    name: String,
    next: u64,
    told: Told,
}

impl<'a> Sender<'a> {
    pub fn new(shared: &'a Shared, url: &str, dice: Dice, name: String) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let (url, agent) = (format!("{url}/v1/events"), config.into());
        Self { shared, url, agent, dice, name, next: 0, told: Told::default() }
    }

    /// Sends until the server is gone.
    pub fn run(mut self) -> Told {
        loop {
            let request = self.request();
            if request.mode == Mode::Batch {
                self.shared.in_flight.lock().unwrap().push(request.clone());
            }
            let end = self.send(&request);
            if request.mode == Mode::Batch {
                let mut in_flight = self.shared.in_flight.lock().unwrap();
                in_flight.retain(|other| other.fresh != request.fresh);
            }
            match end {
                End::Answered => self.share(request.events),
                End::Busy => {
                    self.told.unanswered.push(request);
                    std::thread::sleep(Duration::from_millis(20));
                }
                End::Broken => {
                    if !self.shared.killed.load(Ordering::SeqCst) {
                        self.fault("a connection broke off before the kill");
                    }
                    self.told.unanswered.push(request);
                    return self.told;
                }
            }
        }
    }

    fn fault(&mut self, what: &str) {
        self.told.faults.push(format!("{}: {what}", self.name));
    }

    /// Lets others send these once more.
    fn share(&mut self, events: Vec<Event>) {
        let mut pool = self.shared.pool.lock().unwrap();
        for event in events {
            if pool.len() < POOL {
                pool.push(event);
            } else {
                let place = usize::try_from(self.dice.below(POOL as u64)).unwrap();
                pool[place] = event;
            }
        }
    }

    fn request(&mut self) -> Request {
        let (mode, most) = match self.dice.below(20) {
            0..=9 => (Mode::Single, 1),
            10..=14 => (Mode::Batch, 200),
            15 => {
                let twin = self.dice.one_of(&self.shared.in_flight.lock().unwrap());
                return twin.unwrap_or_else(|| self.compose(Mode::Batch, 40));
            }
            16 | 17 => (Mode::Lines, 200),
            _ => (Mode::Stream, 200),
        };
        self.compose(mode, most)
    }

    fn compose(&mut self, mode: Mode, most: u64) -> Request {
        let count = if most == 1 { 1 } else { self.dice.within(2..most) };
        let mut events: Vec<Event> = Vec::new();
        let mut fresh = Vec::new();
        for _ in 0..count {
            let again = match self.dice.below(20) {
                0 => self.dice.one_of(&self.shared.pool.lock().unwrap()),
                1 => self.dice.one_of(&events),
                _ => None,
            };
            events.push(again.unwrap_or_else(|| {
                let event = Arc::new(self.event());
                fresh.push(key(&event));
                event
            }));
        }
        if mode == Mode::Single && !fresh.is_empty() {
            self.share(events.clone());
        }
        Request { mode, events, fresh }
    }

    fn event(&mut self) -> Value {
        self.next += 1;
        let id = format!("{}-{}", self.name, self.next);
        let source = format!("urn:load:{}", self.dice.below(5));
        let about = person(u32::try_from(self.dice.below(PERSONS)).unwrap());
        let time = format!("2026-0{}-11T10:00:00+01:00", self.dice.within(1..10));
        let mut event = screening(about, &source, &id, &time);
        event["data"]["needIdentified"] = (self.dice.below(2) == 0).into();
        if self.dice.below(20) == 0 {
            let facility =
                ["gent", "brugge", "haren"][usize::try_from(self.dice.below(3)).unwrap()];
            event["type"] = "facility.counted".into();
            event["subject"] = format!("facility:{facility}").into();
            let present = self.dice.below(900);
            event["data"] = json!({"facility": facility, "present": present, "places": 500});
            return event;
        }
        if self.dice.below(50) == 0 {
            // A merge of two new persons, so that no history grows without bound.
            let own = |dice: &mut Dice| {
                let (high, low) = (dice.throw() as u32, dice.throw() & 0xffff_ffff_ffff);
                format!("{high:08x}-0000-4000-8000-{low:012x}")
            };
            event["type"] = "person.merged".into();
            event["subject"] = own(&mut self.dice).into();
            event["data"] = json!({"into": own(&mut self.dice), "reason": "samePerson"});
        }
        event
    }

    fn send(&mut self, request: &Request) -> End {
        let (kind, body) = wire(request);
        let mut post = self.agent.post(&self.url).header("content-type", kind);
        if request.mode == Mode::Stream {
            post = post.header("prefer", "receipts=stream");
        }
        let Ok(response) = post.send(body.as_bytes()) else { return End::Broken };
        let status = response.status().as_u16();
        let body = response.into_body();
        match request.mode {
            Mode::Lines | Mode::Stream => self.read_lines(request, status, body),
            Mode::Single | Mode::Batch => self.read_receipts(request, status, body),
        }
    }

    fn read_receipts(&mut self, request: &Request, status: u16, mut body: ureq::Body) -> End {
        let Ok(text) = body.read_to_string() else { return End::Broken };
        if status == 503 {
            return End::Busy;
        }
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        let receipts = answer["receipts"].as_array().cloned().unwrap_or_default();
        let has_new = receipts.iter().any(|receipt| receipt["status"] == "recorded");
        let expected = if has_new { 201 } else { 200 };
        if status != expected || receipts.len() != request.events.len() {
            self.fault(&format!("{status}, not {expected}: {text}"));
        }
        self.told.answered.extend(request.events.iter().cloned().zip(receipts));
        End::Answered
    }

    /// Each line that was read to its end counts, also when the answer breaks off after it.
    fn read_lines(&mut self, request: &Request, status: u16, body: ureq::Body) -> End {
        let mut reader = BufReader::new(body.into_reader());
        let mut refused = 0;
        for event in &request.events {
            let mut line = Vec::new();
            let read = reader.read_until(b'\n', &mut line);
            if read.is_err() || line.last() != Some(&b'\n') {
                return End::Broken;
            }
            let receipt: Value = serde_json::from_slice(&line).unwrap_or_default();
            match receipt["status"].as_str() {
                Some("recorded" | "duplicate") => {
                    self.told.answered.push((event.clone(), receipt));
                }
                _ if status == 503 || receipt["problem"]["status"] == 503 => refused += 1,
                _ => self.fault(&format!("{status}: {}", String::from_utf8_lossy(&line))),
            }
        }
        let mut rest = Vec::new();
        match reader.read_until(b'\n', &mut rest) {
            Err(_) => return End::Broken,
            Ok(0) => {}
            Ok(_) => self.fault("more lines out than in"),
        }
        if refused > 0 { End::Busy } else { End::Answered }
    }
}

/// A request's media type and body.
pub fn wire(request: &Request) -> (&'static str, String) {
    let texts: Vec<String> = request.events.iter().map(|event| event.to_string()).collect();
    match request.mode {
        Mode::Single => ("application/cloudevents+json", texts.concat()),
        Mode::Batch => ("application/cloudevents-batch+json", format!("[{}]", texts.join(","))),
        Mode::Lines | Mode::Stream => ("application/x-ndjson", texts.join("\n") + "\n"),
    }
}
