//! Random histories of one person: a few records over a small calendar, where much collides.
//! Always: nothing is random but the seed, and every record fits its schema.

mod care;
mod custody;
mod substitution;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Europe::Brussels;
use serde_json::{Value, json};

use crate::support::dice::Dice;

pub const SUBJECTS: [&str; 2] =
    ["3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e", "7c0e9a14-52b8-4c1f-8f0d-1b2a3c4d5e6f"];
const SOURCES: [&str; 3] = ["urn:a", "urn:b", "urn:c"];

/// Random numbers; the same seed gives the same numbers.
pub struct Rng(Dice);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(Dice::new(seed))
    }

    pub fn next(&mut self) -> u64 {
        self.0.throw()
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0.below(limit)
    }

    /// True in so many of a hundred draws.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }

    pub fn one<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for place in (1..list.len()).rev() {
            list.swap(place, self.below(place as u64 + 1) as usize);
        }
    }
}

/// A history under construction.
pub struct Maker {
    pub rng: Rng,
    first: NaiveDate,
    days: u64,
    pub product: &'static str,
    /// How many of a hundred records are of the second stream.
    second: u64,
    pub times: Vec<DateTime<Utc>>,
    pub doses: Vec<DateTime<Utc>>,
    pub events: Vec<Value>,
}

/// The instant of a local time in Belgium; an hour later where the clocks skip the time.
pub fn local(day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    resolve(day.and_time(NaiveTime::from_hms_opt(hour, minute, 0).expect("a time")))
}

fn resolve(time: NaiveDateTime) -> DateTime<Utc> {
    match Brussels.from_local_datetime(&time).earliest() {
        Some(found) => found.to_utc(),
        None => resolve(time + TimeDelta::hours(1)),
    }
}

fn written(at: DateTime<Utc>) -> Value {
    at.with_timezone(&Brussels).to_rfc3339().into()
}

impl Maker {
    pub fn new(seed: u64) -> Maker {
        let mut rng = Rng::new(seed ^ 0x5ca1_ab1e);
        let is_long = rng.chance(30);
        let (year, month, day) = match (is_long, rng.below(3)) {
            (true, 0) => (2026, 8, 20),
            (true, _) => (2026, 2, 1),
            (false, 0) => (2026, 10, 5),
            (false, _) => (2026, 3, 11),
        };
        let product = rng.pick(&[
            "methadone",
            "methadone",
            "buprenorphine",
            "buprenorphine",
            "buprenorphineNaloxone",
        ]);
        let second = if rng.chance(12) { 35 } else { 0 };
        Maker {
            rng,
            first: NaiveDate::from_ymd_opt(year, month, day).expect("a date"),
            days: if is_long { 110 } else { 35 },
            product,
            second,
            times: Vec::new(),
            doses: Vec::new(),
            events: Vec::new(),
        }
    }

    pub fn day(&mut self) -> NaiveDate {
        self.first + TimeDelta::days(self.rng.below(self.days) as i64)
    }

    /// An instant of the calendar, often one that something else has.
    pub fn time(&mut self) -> DateTime<Utc> {
        if !self.times.is_empty() && self.rng.chance(25) {
            return self.rng.one(&self.times.clone());
        }
        let mut day = self.day();
        if let Some(last) = self.times.last().filter(|_| self.rng.chance(60)) {
            let near = self.rng.below(12) as i64 - 3;
            day = last.with_timezone(&Brussels).date_naive() + TimeDelta::days(near);
        }
        let hour = self.rng.one(&[0, 0, 0, 2, 8, 9, 9, 9, 10, 12, 15, 20, 21]);
        let minute = self.rng.one(&[0, 0, 0, 0, 20, 30]);
        local(day, hour, if hour == 0 { 0 } else { minute })
    }

    /// Adds a record, and gives its place.
    pub fn add(&mut self, kind: &str, at: DateTime<Utc>, data: Value) -> usize {
        let subject = SUBJECTS[usize::from(self.rng.chance(self.second))];
        let event = json!({
            "specversion": "1.0", "source": self.rng.pick(&SOURCES), "type": kind,
            "subject": subject, "time": written(at), "data": data,
        });
        self.times.push(at);
        if kind == "substitution.doseContinued" {
            self.doses.push(at);
        }
        self.events.push(event);
        self.events.len() - 1
    }

    /// Adds a record of a type at a time.
    pub fn record(&mut self, kind: &str, at: DateTime<Utc>) -> usize {
        let data = self.data(kind, at);
        self.add(kind, at, data)
    }

    /// Random data for a type.
    pub fn data(&mut self, kind: &str, at: DateTime<Utc>) -> Value {
        match kind.split('.').next().expect("a type") {
            "substitution" => substitution::data(self, kind, at),
            "detention" | "modality" | "drugFreeUnit" | "sentence" | "death" => {
                custody::data(self, kind, at)
            }
            _ => care::data(self, kind, at),
        }
    }

    pub fn date_near(&mut self, at: DateTime<Utc>, from: i64, to: i64) -> String {
        let days = from + self.rng.below((to - from + 1) as u64) as i64;
        let day = at.with_timezone(&Brussels).date_naive() + TimeDelta::days(days);
        day.to_string()
    }

    /// Sets a member, so many times of a hundred.
    pub fn maybe(&mut self, data: &mut Value, percent: u64, name: &str, value: impl Into<Value>) {
        if self.rng.chance(percent) {
            data[name] = value.into();
        }
    }

    /// Corrections and annulments of what was recorded, and of each other.
    fn amend(&mut self) {
        while self.rng.chance(14) && !self.events.is_empty() {
            let place = self.rng.below(self.events.len() as u64) as usize;
            let target = self.events[place].clone();
            let (kind, at) = (target["type"].as_str().expect("a type").to_owned(), self.time());
            let name = json!({"source": target["source"], "id": place, "type": kind});
            let is_annulled = self.rng.chance(40);
            let data = if is_annulled {
                json!({"annuls": name, "reason": "notOccurred"})
            } else {
                let mut data = json!({"corrects": name, "reason": "typo"});
                if kind == "record.corrected" {
                    data["data"] = target["data"].clone();
                    data["data"]["time"] = written(self.time());
                } else if kind.starts_with("record.") || self.rng.chance(50) {
                    let moved = self.time();
                    data["time"] = written(moved);
                } else {
                    data["data"] = self.data(&kind, at);
                }
                data
            };
            let kind = if is_annulled { "record.annulled" } else { "record.corrected" };
            let added = self.add(kind, at, data);
            self.events[added]["source"] = target["source"].clone();
            self.events[added]["subject"] = target["subject"].clone();
        }
    }

    fn unset(&mut self) {
        if self.rng.chance(3) && !self.events.is_empty() {
            let place = self.rng.below(self.events.len() as u64) as usize;
            self.events[place]["time"] = "1899-12-30T00:00:00Z".into();
        }
    }

    /// Gives ids, in no relation to the order in which records were made.
    fn name(&mut self) {
        let mut ids: Vec<String> = (0..self.events.len()).map(|id| format!("e{id:02}")).collect();
        self.rng.shuffle(&mut ids);
        for place in 0..self.events.len() {
            self.events[place]["id"] = ids[place].as_str().into();
            for member in ["corrects", "annuls"] {
                let named = self.events[place]["data"][member]["id"].as_u64();
                let inner = self.events[place]["data"]["data"][member]["id"].as_u64();
                if let Some(named) = named {
                    self.events[place]["data"][member]["id"] = ids[named as usize].as_str().into();
                }
                if let Some(inner) = inner {
                    self.events[place]["data"]["data"][member]["id"] =
                        ids[inner as usize].as_str().into();
                }
            }
        }
    }

    pub fn finish(mut self) -> Vec<Value> {
        self.amend();
        self.unset();
        self.name();
        let mut events = self.events;
        self.rng.shuffle(&mut events);
        events
    }

    /// An instant to ask at: often one at which something happened, or some days later.
    pub fn at(&mut self) -> DateTime<Utc> {
        if self.times.is_empty() || self.rng.chance(20) {
            return self.time();
        }
        let last = *self.times.iter().max().expect("a time");
        let from = if self.rng.chance(50) { last } else { self.rng.one(&self.times.clone()) };
        match self.rng.below(6) {
            0 => from,
            1 => from + TimeDelta::hours(12),
            2 => from + TimeDelta::hours(36),
            3 => from + TimeDelta::microseconds(1),
            4 => from + TimeDelta::days(self.rng.below(30) as i64),
            _ => from + TimeDelta::hours(self.rng.below(200) as i64),
        }
    }
}

/// A random history, and an instant to ask at.
pub fn history(seed: u64) -> (Vec<Value>, DateTime<Utc>) {
    let mut maker = Maker::new(seed);
    let emphasis = maker.rng.below(8);
    let length = maker.rng.below(12) as usize;
    match (emphasis, maker.rng.below(8)) {
        (0..=3, 0..=5) => substitution::script(&mut maker),
        (0..=3, 6) => substitution::taper_script(&mut maker),
        (4 | 5, 0..=5) => custody::script(&mut maker),
        (6, 0..=3) => care::script(&mut maker),
        (6 | 7, 4..=6) => care::stay_script(&mut maker),
        _ => {}
    }
    let least = usize::from(maker.events.is_empty());
    for _ in 0..length.max(least) {
        let kind = match emphasis {
            _ if maker.rng.chance(15) => any(&mut maker.rng),
            0..=3 => substitution::kind(&mut maker.rng),
            4 | 5 => custody::kind(&mut maker.rng),
            6 => care::kind(&mut maker.rng),
            _ => any(&mut maker.rng),
        };
        let at = maker.time();
        maker.record(kind, at);
    }
    let at = maker.at();
    (maker.finish(), at)
}

/// A random history in which about half of the records move to the instant of another one.
pub fn crowded(seed: u64) -> (Vec<Value>, DateTime<Utc>) {
    let mut rng = Rng::new(seed ^ 0xc20d);
    let (mut events, at) = history(seed);
    for place in 1..events.len() {
        if rng.chance(50) {
            events[place]["time"] = events[rng.below(place as u64) as usize]["time"].clone();
        }
    }
    (events, at)
}

fn any(rng: &mut Rng) -> &'static str {
    match rng.below(3) {
        0 => substitution::kind(rng),
        1 => custody::kind(rng),
        _ => care::kind(rng),
    }
}

/// Removes records one at a time, as long as the history still fails.
pub fn shrink(events: &[Value], fails: &dyn Fn(&[Value]) -> bool) -> Vec<Value> {
    let mut kept = events.to_vec();
    loop {
        let smaller = (0..kept.len()).find_map(|place| {
            let mut without = kept.clone();
            without.remove(place);
            fails(&without).then_some(without)
        });
        match smaller {
            Some(smaller) => kept = smaller,
            None => return kept,
        }
    }
}
