//! Where the records have a person, record by record (`continuity.md`, "Custody", first table).
//! Always: each record adds one state; a state holds from its record to the next.

use super::clock::Instant;
use super::record::{Key, Rec};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    Unknown,
    Outside,
    Inside,
}

#[derive(Clone, Debug)]
pub struct Absence {
    pub key: Key,
    pub kind: String,
    pub start: Instant,
}

impl Absence {
    fn is_unlawful(&self) -> bool {
        ["escape", "failureToReturn", "sentenceInterruption"].contains(&self.kind.as_str())
    }
}

/// A stretch inside, from the record that made the person inside to the next departure.
#[derive(Clone, Debug)]
pub struct Detention {
    pub begin: Instant,
    pub begin_rec: usize,
    pub end: Option<Instant>,
}

#[derive(Clone, Debug)]
pub struct Departure {
    pub rec: usize,
    pub at: Instant,
    pub reason: String,
    /// The detention it ended, by its place among the detentions.
    pub ended: Option<usize>,
}

/// The state after one record.
#[derive(Clone, Debug)]
pub struct Snap {
    pub time: Instant,
    pub place: Place,
    pub inside_since: Option<Instant>,
    pub outside_since: Option<Instant>,
    pub facility: Option<String>,
    pub legal_status: Option<String>,
    pub absence: Option<Absence>,
    last_arrival: Option<usize>,
    freed_for_a_while: bool,
}

impl Snap {
    pub fn in_prison(&self) -> bool {
        self.place == Place::Inside && self.absence.is_none()
    }
}

pub type Finding = (&'static str, Vec<usize>);

#[derive(Debug)]
pub struct Custody {
    pub snaps: Vec<Snap>,
    pub detentions: Vec<Detention>,
    pub departures: Vec<Departure>,
    pub findings: Vec<Finding>,
}

impl Custody {
    pub fn last(&self) -> Option<&Snap> {
        self.snaps.last()
    }

    pub fn at(&self, t: Instant) -> Option<&Snap> {
        self.snaps.iter().rev().find(|snap| snap.time <= t)
    }

    pub fn place(&self, t: Instant) -> Place {
        self.at(t).map_or(Place::Unknown, |snap| snap.place)
    }

    pub fn in_prison(&self, t: Instant) -> bool {
        self.at(t).is_some_and(Snap::in_prison)
    }

    /// The instant since which the person is in prison without a break; only of someone there.
    pub fn entry(&self, t: Instant) -> Option<Instant> {
        let mut entry = None;
        for (place, snap) in self.snaps.iter().enumerate().filter(|(_, snap)| snap.time <= t) {
            let next = self.snaps.get(place + 1);
            if next.is_some_and(|next| next.time == snap.time) {
                continue;
            }
            entry = snap.in_prison().then(|| entry.unwrap_or(snap.time));
        }
        entry
    }

    /// The detention that runs, else the last one.
    pub fn last_detention(&self) -> Option<&Detention> {
        self.detentions.last()
    }

    pub fn last_departure(&self) -> Option<&Departure> {
        self.departures.last()
    }
}

pub fn is_by_day(rec: &Rec) -> bool {
    rec.is("detention.released")
        && matches!(rec.text("reason"), Some("limitedDetention" | "transitionHouse"))
}

/// Folds records in order; `base` is the place of the first among all records.
pub fn fold(recs: &[Rec], base: usize) -> Custody {
    let empty = Snap {
        time: Instant::MIN_UTC,
        place: Place::Unknown,
        inside_since: None,
        outside_since: None,
        facility: None,
        legal_status: None,
        absence: None,
        last_arrival: None,
        freed_for_a_while: false,
    };
    let mut fold = Fold {
        recs,
        base,
        now: empty,
        found: Custody {
            snaps: Vec::new(),
            detentions: Vec::new(),
            departures: Vec::new(),
            findings: Vec::new(),
        },
    };
    for (place, rec) in recs.iter().enumerate() {
        fold.now.time = rec.time;
        fold.step(place, rec);
        fold.found.snaps.push(fold.now.clone());
    }
    fold.found
}

struct Fold<'a> {
    recs: &'a [Rec],
    base: usize,
    now: Snap,
    found: Custody,
}

impl Fold<'_> {
    fn step(&mut self, place: usize, rec: &Rec) {
        match rec.kind.as_str() {
            "detention.arrived" => self.arrived(place, rec),
            "detention.transferred" => self.transferred(place, rec),
            "detention.statusChanged" => self.status_changed(place, rec),
            "detention.absenceStarted" => self.absence_started(place, rec),
            "detention.absenceEnded" => self.absence_ended(place, rec),
            "detention.released" if is_by_day(rec) => self.released_by_day(place, rec),
            "detention.released" => self.released(place, rec),
            _ => {}
        }
    }

    fn find(&mut self, code: &'static str, places: &[usize]) {
        let places = places.iter().map(|place| self.base + place).collect();
        self.found.findings.push((code, places));
    }

    fn is_inside(&self) -> bool {
        self.now.place == Place::Inside
    }

    fn enter(&mut self, place: usize, rec: &Rec) {
        self.now.place = Place::Inside;
        self.now.inside_since = Some(rec.time);
        self.now.outside_since = None;
        self.now.absence = None;
        self.now.facility = None;
        self.now.legal_status = None;
        self.now.last_arrival = None;
        let begin_rec = self.base + place;
        self.found.detentions.push(Detention { begin: rec.time, begin_rec, end: None });
    }

    fn suppose_inside(&mut self, place: usize, rec: &Rec) {
        self.enter(place, rec);
        self.find("beginningMissing", &[place]);
    }

    fn arrived(&mut self, place: usize, rec: &Rec) {
        if !self.is_inside() {
            self.enter(place, rec);
        } else if self.now.absence.take().is_some_and(|absence| absence.is_unlawful()) {
            self.now.inside_since = Some(rec.time);
        } else {
            let begin = self.found.detentions.last().expect("inside").begin_rec - self.base;
            self.find("arrivalWithoutRelease", &[self.now.last_arrival.unwrap_or(begin), place]);
        }
        self.now.last_arrival = Some(place);
        self.now.facility = rec.text("facility").map(str::to_owned);
        self.now.legal_status = rec.text("legalStatus").map(str::to_owned);
    }

    fn transferred(&mut self, place: usize, rec: &Rec) {
        if !self.is_inside() {
            self.suppose_inside(place, rec);
        } else if self.now.facility.as_deref().is_some_and(|known| Some(known) != rec.text("from"))
        {
            let is_of_arrival = |other: &Rec| {
                other.is("detention.arrived")
                    && other.time == rec.time
                    && other.text("facility") == rec.text("to")
            };
            if !self.recs.iter().any(is_of_arrival) {
                self.find("contradiction", &[place]);
            }
        }
        self.now.facility = rec.text("to").map(str::to_owned);
    }

    fn status_changed(&mut self, place: usize, rec: &Rec) {
        match self.now.place {
            Place::Outside => return,
            Place::Unknown => self.suppose_inside(place, rec),
            Place::Inside => {
                let known = self.now.legal_status.as_deref();
                if known.is_some_and(|known| Some(known) != rec.text("from")) {
                    self.find("contradiction", &[place]);
                }
            }
        }
        self.now.legal_status = rec.text("to").map(str::to_owned);
    }

    fn absence_started(&mut self, place: usize, rec: &Rec) {
        if !self.is_inside() {
            self.suppose_inside(place, rec);
        }
        self.now.absence = Some(Absence {
            key: rec.key("detention").expect("a detention"),
            kind: rec.text("kind").expect("a kind").to_owned(),
            start: rec.time,
        });
    }

    fn absence_ended(&mut self, place: usize, rec: &Rec) {
        match self.now.place {
            Place::Unknown => return self.suppose_inside(place, rec),
            Place::Outside => return self.find("beginningMissing", &[place]),
            Place::Inside => {}
        }
        let of_running =
            |absence: &mut Absence| Some(&absence.key) == rec.key("detention").as_ref();
        if let Some(absence) = self.now.absence.take_if(of_running) {
            if absence.is_unlawful() {
                self.now.inside_since = Some(rec.time);
            }
            return;
        }
        let arrives = |other: &Rec| other.is("detention.arrived") && other.time == rec.time;
        if !self.recs.iter().any(arrives) {
            self.find("beginningMissing", &[place]);
        }
    }

    fn released_by_day(&mut self, place: usize, rec: &Rec) {
        match self.now.place {
            Place::Unknown => self.suppose_inside(place, rec),
            Place::Outside => self.find("releaseWithoutArrival", &[place]),
            Place::Inside => {}
        }
    }

    fn released(&mut self, place: usize, rec: &Rec) {
        let was = self.now.place;
        if was != Place::Inside && !(was == Place::Outside && self.now.freed_for_a_while) {
            self.find("releaseWithoutArrival", &[place]);
        }
        let reason = rec.text("reason").expect("a reason").to_owned();
        if was != Place::Outside || reason == "removal" {
            let ended = (was == Place::Inside).then(|| self.found.detentions.len() - 1);
            if let Some(ended) = ended {
                self.found.detentions[ended].end = Some(rec.time);
            }
            let rec_place = self.base + place;
            self.found.departures.push(Departure { rec: rec_place, at: rec.time, reason, ended });
        }
        self.now.place = Place::Outside;
        self.now.outside_since = Some(rec.time);
        self.now.inside_since = None;
        self.now.absence = None;
        self.now.facility = None;
        self.now.legal_status = None;
        self.now.last_arrival = None;
        self.now.freed_for_a_while = rec.flag("final") == Some(false);
    }
}
