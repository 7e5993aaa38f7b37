//! The sets of dates that rest on no modality's readings: detentions, absences, presences.
//! Always: each set is a set of civil dates, so that a date counts once.
//! Text: `credit.md`, "Sets", rows A, D and P.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::records::{Key, Record, is_detained_after};

pub type Dates = BTreeSet<NaiveDate>;

pub fn next(date: NaiveDate) -> NaiveDate {
    date + Days::new(1)
}

pub fn previous(date: NaiveDate) -> NaiveDate {
    date - Days::new(1)
}

/// Every date from the first to the last, none if the last is earlier.
pub fn dates(first: NaiveDate, last: NaiveDate) -> Dates {
    first.iter_days().take_while(|date| *date <= last).collect()
}

/// The dates after the first and before the last.
fn between(first: NaiveDate, last: NaiveDate) -> Dates {
    dates(next(first), previous(last))
}

/// A detention: from the arrival that begins it to the release that ends it.
#[derive(Debug, Clone)]
pub struct Detention {
    pub arrival: usize,
    pub release: Option<usize>,
    pub first: NaiveDate,
    pub last: NaiveDate,
}

pub fn detentions(records: &[Record], at: NaiveDate) -> Vec<Detention> {
    let mut found: Vec<Detention> = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let is_detained = is_detained_after(&records[..place]);
        if record.is("detention.arrived") && !is_detained {
            let first = record.date;
            found.push(Detention { arrival: place, release: None, first, last: at });
        }
        if record.ends_detention() && is_detained {
            let detention = found.last_mut().expect("a detention is open");
            (detention.release, detention.last) = (Some(place), record.date);
        }
    }
    found
}

const UNLAWFUL: [&str; 3] = ["escape", "failureToReturn", "sentenceInterruption"];

/// Where an absence from a detention ends, if it does: the record.
fn detention_absence_end(records: &[Record], start: usize) -> Option<usize> {
    let begun = &records[start];
    let own =
        |r: &Record| r.is("detention.absenceEnded") && r.key("detention") == begun.key("detention");
    let at_once = records.iter().position(|r| own(r) && r.instant == begun.instant);
    let was_away = (0..records.len()).any(|other| {
        let earlier = &records[other];
        earlier.is("detention.absenceStarted")
            && earlier.key("detention") == begun.key("detention")
            && earlier.instant < begun.instant
            && detention_absence_end(records, other)
                .is_none_or(|end| records[end].instant >= begun.instant)
    });
    if at_once.is_some() && !was_away {
        return at_once;
    }
    let ends = |r: &Record| own(r) || r.is("detention.arrived") || r.is("detention.released");
    records.iter().position(|r| r.instant > begun.instant && ends(r))
}

/// A: the dates unlawfully away. `inside` holds the windows of the modalities lived inside.
pub fn away(records: &[Record], inside: &Dates, at: NaiveDate) -> Dates {
    let mut away = Dates::new();
    for (place, record) in records.iter().enumerate() {
        let is_unlawful =
            record.is("detention.absenceStarted") && UNLAWFUL.contains(&record.text("kind"));
        let is_held = is_detained_after(&records[..place]) || inside.contains(&record.date);
        if !is_unlawful || !is_held {
            continue;
        }
        away.extend(match detention_absence_end(records, place) {
            Some(end) => between(record.date, records[end].date),
            None => dates(next(record.date), at),
        });
    }
    away
}

/// How a presence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Closed(usize),
    /// By another admission or an arrival.
    Cut(usize),
    Open,
}

/// One presence in treatment, from an admission.
#[derive(Debug, Clone)]
pub struct Presence {
    pub stay: Key,
    pub admission: usize,
    pub ended: Ended,
    pub first: NaiveDate,
    pub last: NaiveDate,
    /// The instant at which the presence ends; none while it is open.
    pub until: Option<DateTime<Utc>>,
    pub absences: Vec<Absence>,
}

/// An absence as it belongs to one presence.
#[derive(Debug, Clone)]
pub struct Absence {
    pub start: usize,
    pub from: DateTime<Utc>,
    /// Not later than the end of the presence; none: to the end of an open presence.
    pub to: Option<DateTime<Utc>>,
    pub taken: Dates,
}

impl Presence {
    pub fn all_dates(&self) -> Dates {
        dates(self.first, self.last)
    }

    pub fn taken(&self) -> Dates {
        self.absences.iter().flat_map(|absence| absence.taken.clone()).collect()
    }

    /// The dates of this presence that are in P.
    pub fn counted(&self, exclude_last: bool) -> Dates {
        let mut counted = &self.all_dates() - &self.taken();
        if exclude_last && matches!(self.ended, Ended::Closed(_)) {
            counted.remove(&self.last);
        }
        counted
    }

    fn runs_at(&self, records: &[Record], instant: DateTime<Utc>) -> bool {
        records[self.admission].instant <= instant && self.until.is_none_or(|end| instant <= end)
    }
}

fn presence(records: &[Record], admission: usize, at: NaiveDate) -> Presence {
    let opened = &records[admission];
    let stay = opened.key("stay");
    let later = || (admission + 1..records.len()).map(|place| (place, &records[place]));
    let is_admission = |r: &Record| r.is("residential.admitted");
    let same = |r: &Record| r.key("stay") == stay;
    let closing = later()
        .take_while(|(_, r)| !(is_admission(r) && same(r)))
        .find(|(_, r)| r.is_closing() && same(r));
    let cut = later().find(|(_, r)| is_admission(r) || r.is("detention.arrived"));
    let ended = match (closing, cut) {
        (Some((place, _)), _) => Ended::Closed(place),
        (None, Some((place, _))) => Ended::Cut(place),
        (None, None) => Ended::Open,
    };
    let end = match ended {
        Ended::Closed(place) | Ended::Cut(place) => Some(&records[place]),
        Ended::Open => None,
    };
    Presence {
        stay,
        admission,
        ended,
        first: opened.date,
        last: end.map_or(at, |r| r.date),
        until: end.map(|r| r.instant),
        absences: Vec::new(),
    }
}

/// Every presence with its absences. `nights` chooses which dates an absence takes.
pub fn presences(records: &[Record], nights: bool, at: NaiveDate) -> Vec<Presence> {
    let admissions = (0..records.len()).filter(|place| records[*place].is("residential.admitted"));
    let bare: Vec<Presence> = admissions.map(|place| presence(records, place, at)).collect();
    let mut found = bare.clone();
    for presence in &mut found {
        for start in 0..records.len() {
            let record = &records[start];
            let belongs = record.is("residential.absenceStarted")
                && record.key("stay") == presence.stay
                && presence.runs_at(records, record.instant);
            if belongs {
                let end = stay_absence_end(records, &bare, start).map(|place| &records[place]);
                presence.absences.push(absence(record, start, end, presence, nights));
            }
        }
    }
    found
}

/// Where an absence from a stay ends, if it does: the record.
fn stay_absence_end(records: &[Record], presences: &[Presence], start: usize) -> Option<usize> {
    let begun = &records[start];
    let own = |r: &Record| r.is("residential.absenceEnded") && r.key("stay") == begun.key("stay");
    let at_once = records.iter().position(|r| own(r) && r.instant == begun.instant);
    let was_away = (0..records.len()).any(|other| {
        let earlier = &records[other];
        // An absence cannot outlast the presences that it belongs to.
        let lasts = |p: &Presence| {
            p.stay == earlier.key("stay")
                && p.runs_at(records, earlier.instant)
                && p.runs_at(records, begun.instant)
        };
        earlier.is("residential.absenceStarted")
            && earlier.key("stay") == begun.key("stay")
            && earlier.instant < begun.instant
            && presences.iter().any(lasts)
            && stay_absence_end(records, presences, other)
                .is_none_or(|end| records[end].instant >= begun.instant)
    });
    if at_once.is_some() && !was_away {
        return at_once;
    }
    records.iter().position(|r| r.instant > begun.instant && own(r))
}

/// The absence as it belongs to a presence, with the dates it takes if it is unauthorised.
fn absence(
    begun: &Record,
    start: usize,
    end: Option<&Record>,
    presence: &Presence,
    nights: bool,
) -> Absence {
    let is_cut = match (end, presence.until) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(end), Some(until)) => end.instant > until,
    };
    let (last, to) = match end {
        Some(end) if !is_cut => (end.date, Some(end.instant)),
        _ => (presence.last, presence.until),
    };
    let mut taken = match nights {
        true => dates(begun.date, previous(last)),
        false => between(begun.date, last),
    };
    if is_cut && last != begun.date {
        taken.insert(last);
    }
    if begun.truth("authorised") {
        taken.clear();
    }
    Absence { start, from: begun.instant, to, taken }
}
