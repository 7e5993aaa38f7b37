//! Where the law has the person, as far as two findings need it: an arrival of someone inside, a
//! release of someone outside.
//! Always: a record other than an arrival can also make the person supposed inside.
//! Text: `continuity.md`, "Custody" and "Order at one instant", but for one half sentence: "unless
//! outside by a release with `final: false`". The case `contradictions-in-detention-are-findings`
//! of the credit has a `releaseWithoutArrival` there, and the case is followed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::records::{Key, Record};

#[derive(Debug, Clone)]
enum Place {
    Unknown,
    Outside,
    /// Inside: the last arrival of this detention, else the record that began it.
    Inside {
        named: Record,
    },
}

struct Custody {
    place: Place,
    /// The absence that runs: of which detention, and whether it is unlawful.
    absence: Option<(Key, bool)>,
    found: Vec<(&'static str, Vec<Record>)>,
}

/// The findings `arrivalWithoutRelease` and `releaseWithoutArrival`.
pub fn findings(records: &[Record]) -> Vec<(&'static str, Vec<Record>)> {
    let mut groups: BTreeMap<DateTime<Utc>, Vec<Record>> = BTreeMap::new();
    for record in records.iter().filter(|r| r.kind.starts_with("detention.")) {
        groups.entry(record.instant).or_default().push(record.clone());
    }
    let mut custody = Custody { place: Place::Unknown, absence: None, found: Vec::new() };
    for (_, group) in groups {
        for record in custody.in_turn(group) {
            custody.apply(&record);
        }
    }
    custody.found
}

impl Custody {
    /// The records of one instant in the turns of this page; they come in the credit's order.
    fn in_turn(&self, group: Vec<Record>) -> Vec<Record> {
        let is_turning = |r: &Record| r.is("detention.released") || r.is("detention.arrived");
        let (turning, mut other): (Vec<_>, Vec<_>) = group.into_iter().partition(is_turning);
        let is_away =
            |r: &Record| self.absence.as_ref().is_some_and(|(key, _)| *key == r.key("detention"));
        other.sort_by_key(|r| match r.is("detention.absenceEnded") {
            true if is_away(r) => 0,
            true => 2,
            false => 1,
        });
        let mut ordered = Vec::new();
        for record in turning {
            if record.is("detention.released") {
                let (own, rest): (Vec<_>, Vec<_>) =
                    other.into_iter().partition(|r| r.key("detention") == record.key("detention"));
                ordered.extend(own);
                other = rest;
            }
            ordered.push(record);
        }
        ordered.extend(other);
        ordered
    }

    fn apply(&mut self, record: &Record) {
        let is_inside = matches!(self.place, Place::Inside { .. });
        match record.kind.as_str() {
            "detention.arrived" => self.arrive(record),
            "detention.released" => self.release(record),
            "detention.transferred" if !is_inside => self.suppose_inside(record),
            "detention.statusChanged" if self.is_unknown() => self.suppose_inside(record),
            "detention.absenceStarted" => {
                if !is_inside {
                    self.suppose_inside(record);
                }
                let unlawful = ["escape", "failureToReturn", "sentenceInterruption"];
                let is_unlawful = unlawful.contains(&record.text("kind"));
                self.absence = Some((record.key("detention"), is_unlawful));
            }
            "detention.absenceEnded" => {
                if self.is_unknown() {
                    self.suppose_inside(record);
                }
                self.absence.take_if(|(key, _)| *key == record.key("detention"));
            }
            _ => {}
        }
    }

    fn is_unknown(&self) -> bool {
        matches!(self.place, Place::Unknown)
    }

    fn suppose_inside(&mut self, record: &Record) {
        self.place = Place::Inside { named: record.clone() };
        self.absence = None;
    }

    fn arrive(&mut self, record: &Record) {
        let was_unlawful = self.absence.take().is_some_and(|(_, is_unlawful)| is_unlawful);
        if let Place::Inside { named } = &self.place
            && !was_unlawful
        {
            let both = vec![named.clone(), record.clone()];
            self.found.push(("arrivalWithoutRelease", both));
        }
        self.place = Place::Inside { named: record.clone() };
    }

    fn release(&mut self, record: &Record) {
        if !record.ends_detention() {
            match self.place {
                Place::Unknown => self.suppose_inside(record),
                Place::Outside => {
                    self.found.push(("releaseWithoutArrival", vec![record.clone()]));
                }
                Place::Inside { .. } => {}
            }
            return;
        }
        if !matches!(self.place, Place::Inside { .. }) {
            self.found.push(("releaseWithoutArrival", vec![record.clone()]));
        }
        self.absence = None;
        self.place = Place::Outside;
    }
}
