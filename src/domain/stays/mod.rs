//! The presences of a person in residential treatment, with the absences that interrupt them.
//! Always: each admission opens one presence; a closing, once recorded, ends it rather than the
//! admission or arrival that came before the closing.
//! Rules: the set P of the credit rules ("Sets"). The credit and the trajectory both read it.

mod findings;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::choices::choices;
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::time::dates::{DateRun, DateSet, day_after, day_before};
use crate::domain::vocabulary::fact::{Admitted, Fact};

choices! {
    /// The rule for the last date of a closed presence.
    Boundary:
        /// Every date on which the person was resident at any instant.
        AnyPart = "anyPart",
        /// The same dates, except the date on which the stay was closed.
        ExcludeLast = "excludeLast",
}

choices! {
    /// The rule for the dates that an unauthorised absence takes.
    AbsenceRule:
        /// The dates after the first and before the last of the absence.
        WholeDates = "wholeDates",
        /// Every date from the first to the day before the last.
        Nights = "nights",
}

/// The two parameters of the dates in treatment, which the law leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresenceRule {
    /// The rule for the last date.
    pub boundary: Boundary,
    /// The rule for absences.
    pub absence: AbsenceRule,
}

impl PresenceRule {
    /// The default parameters of the rules.
    pub const DEFAULT: Self =
        Self { boundary: Boundary::AnyPart, absence: AbsenceRule::WholeDates };
}

/// What ended a presence.
#[derive(Debug, Clone, Copy)]
pub enum PresenceEnd<'a> {
    /// A closing of the stay.
    Closed(DatedFact<'a>),
    /// Another admission or an arrival in prison; no closing of the stay is recorded.
    NeverClosed(DatedFact<'a>),
    /// Nothing yet.
    Open,
}

impl<'a> PresenceEnd<'a> {
    /// The record that ended the presence.
    pub const fn record(self) -> Option<DatedFact<'a>> {
        match self {
            Self::Closed(record) | Self::NeverClosed(record) => Some(record),
            Self::Open => None,
        }
    }
}

/// An absence from a stay.
#[derive(Debug, Clone, Copy)]
pub struct StayAbsence<'a> {
    /// The record of the start.
    pub start: DatedFact<'a>,
    /// Whether the absence was authorised. An authorised absence counts as presence.
    pub authorised: bool,
    /// The record of the end. The absence never outlasts its presence, even if this record is
    /// later.
    pub end: Option<DatedFact<'a>>,
}

/// One presence: from an admission to what ended it.
#[derive(Debug, Clone)]
pub struct Presence<'a> {
    /// The stay.
    pub stay: ScopedId<'a>,
    /// The record of the admission.
    pub admitted: DatedFact<'a>,
    /// The payload of the admission.
    pub admission: &'a Admitted,
    /// What ended the presence.
    pub end: PresenceEnd<'a>,
    /// The absences that started while the presence ran, in order.
    pub absences: Vec<StayAbsence<'a>>,
}

impl<'a> Presence<'a> {
    /// The instant at which the presence ended; `None`: it is open.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        self.end.record().map(|record| record.instant)
    }

    /// Whether the presence runs at an instant; its first and last instants are among them.
    pub fn runs_at(&self, instant: DateTime<Utc>) -> bool {
        self.admitted.instant <= instant && self.until().is_none_or(|until| instant <= until)
    }

    /// From the date of the admission to the last date, absences included. An open presence goes on
    /// to `at`.
    pub fn run(&self, at: NaiveDate) -> DateRun {
        let last = self.end.record().map_or(at, |record| record.date);
        DateRun { first: self.admitted.date, last }
    }

    /// The instant at which an absence ended, at the latest with the presence; `None`: it goes on.
    pub fn absent_until(&self, absence: &StayAbsence<'_>) -> Option<DateTime<Utc>> {
        let end = absence.end.map(|end| end.instant);
        end.into_iter().chain(self.until()).min()
    }

    /// The absences that go on.
    pub fn running_absences(&self) -> impl Iterator<Item = &StayAbsence<'a>> {
        self.absences.iter().filter(|absence| self.absent_until(absence).is_none())
    }

    /// The dates that an unauthorised absence takes from this presence.
    pub fn dates_taken(
        &self,
        absence: &StayAbsence<'a>,
        at: NaiveDate,
        rule: AbsenceRule,
    ) -> DateRun {
        let left_on = absence.start.date;
        let outlasts = |end: DatedFact| self.until().is_some_and(|until| until < end.instant);
        let last = match absence.end.filter(|end| !outlasts(*end)) {
            Some(end) => day_before(end.date),
            None => match self.run(at).last {
                last if last == left_on => day_before(last),
                last => last,
            },
        };
        let first = match rule {
            AbsenceRule::WholeDates => day_after(left_on),
            AbsenceRule::Nights => left_on,
        };
        DateRun { first, last }
    }

    /// The unauthorised absences, which take dates from the presence.
    pub fn unauthorised(&self) -> impl Iterator<Item = &StayAbsence<'a>> {
        self.absences.iter().filter(|absence| !absence.authorised)
    }

    /// The closing date, if the rule leaves it out.
    pub fn closing_date_left_out(&self, rule: Boundary) -> Option<NaiveDate> {
        match (rule, self.end) {
            (Boundary::ExcludeLast, PresenceEnd::Closed(closing)) => Some(closing.date),
            _ => None,
        }
    }

    /// The dates of the presence that count as present in treatment.
    pub fn dates(&self, at: NaiveDate, rule: PresenceRule) -> DateSet {
        let absent = self.unauthorised().map(|a| self.dates_taken(a, at, rule.absence));
        let closing = self.closing_date_left_out(rule.boundary);
        let closing = closing.map(|date| DateRun { first: date, last: date });
        DateSet::new([self.run(at)]).minus(&DateSet::new(absent.chain(closing)))
    }
}

/// A closing that ends no presence.
#[derive(Debug, Clone, Copy)]
pub struct IdleClosing<'a> {
    /// The closing that ended the last presence of the stay; `None`: there is none.
    pub first: Option<DatedFact<'a>>,
    /// The closing that ends nothing.
    pub closing: DatedFact<'a>,
}

/// All presences of a person, and the records about stays that belong to none.
#[derive(Debug, Default)]
pub struct Stays<'a> {
    /// The presences, in the order of their admissions.
    pub presences: Vec<Presence<'a>>,
    /// The starts of absences outside any presence of their stay.
    pub absences_outside: Vec<DatedFact<'a>>,
    /// The closings that end no presence.
    pub idle_closings: Vec<IdleClosing<'a>>,
}

impl<'a> Stays<'a> {
    /// Reads the stays from records in their order.
    pub fn read(records: &[DatedFact<'a>]) -> Self {
        let mut stays = Self::default();
        // The last presence of each stay, as an index into `presences`.
        let mut last_of_stay: BTreeMap<ScopedId, usize> = BTreeMap::new();
        // The first admission or arrival after each presence; the last presence waits for its own.
        let mut followers: Vec<Option<DatedFact>> = Vec::new();
        for record in records {
            let begins = matches!(record.fact, Fact::Admitted(_) | Fact::Arrived(_));
            if begins && let Some(follower) = followers.last_mut() {
                follower.get_or_insert(*record);
            }
            let Some(stay) = record.stay() else { continue };
            if let Fact::Admitted(admission) = record.fact {
                last_of_stay.insert(stay, stays.presences.len());
                followers.push(None);
                let (admitted, end, absences) = (*record, PresenceEnd::Open, Vec::new());
                stays.presences.push(Presence { stay, admitted, admission, end, absences });
            } else if record.fact.closes_stay() {
                let last = last_of_stay.get(&stay).map(|&index| &mut stays.presences[index]);
                match last {
                    Some(open) if matches!(open.end, PresenceEnd::Open) => {
                        open.end = PresenceEnd::Closed(*record);
                    }
                    last => {
                        let first = last.and_then(|closed| closed.end.record());
                        stays.idle_closings.push(IdleClosing { first, closing: *record });
                    }
                }
            }
        }
        for (presence, follower) in stays.presences.iter_mut().zip(followers) {
            if let (PresenceEnd::Open, Some(follower)) = (presence.end, follower) {
                presence.end = PresenceEnd::NeverClosed(follower);
            }
        }
        stays.read_absences(records);
        stays
    }

    /// Gives each absence to the presences that run when it starts.
    fn read_absences(&mut self, records: &[DatedFact<'a>]) {
        let mut of_stay: BTreeMap<ScopedId, (Vec<StayAbsence>, Vec<DatedFact>)> = BTreeMap::new();
        for record in records {
            let Some(stay) = record.stay() else { continue };
            match record.fact {
                Fact::StayAbsenceStarted(absence) => {
                    let authorised = absence.authorised;
                    let started = StayAbsence { start: *record, authorised, end: None };
                    of_stay.entry(stay).or_default().0.push(started);
                }
                Fact::StayAbsenceEnded(_) => of_stay.entry(stay).or_default().1.push(*record),
                _ => {}
            }
        }
        let mut presences: BTreeMap<ScopedId, Vec<&mut Presence>> = BTreeMap::new();
        for presence in &mut self.presences {
            presences.entry(presence.stay).or_default().push(presence);
        }
        for (stay, (starts, ends)) in of_stay {
            let mut presences = presences.remove(&stay).unwrap_or_default();
            for absence in ended(starts, &ends, &presences) {
                for presence in &mut presences {
                    if presence.runs_at(absence.start.instant) {
                        presence.absences.push(absence);
                    }
                }
                if !is_in_one(&presences, absence.start) {
                    self.absences_outside.push(absence.start);
                }
            }
        }
        self.absences_outside.sort_by_key(|start| start.place);
    }

    /// The presence that is open.
    pub fn open(&self) -> Option<&Presence<'a>> {
        self.presences.last().filter(|last| matches!(last.end, PresenceEnd::Open))
    }

    /// The dates of one stay that count as present in treatment.
    pub fn dates_of(&self, stay: ScopedId<'_>, at: NaiveDate, rule: PresenceRule) -> DateSet {
        let presences = self.presences.iter().filter(|presence| presence.stay == stay);
        let dates: Vec<DateSet> = presences.map(|presence| presence.dates(at, rule)).collect();
        DateSet::new(dates.iter().flat_map(DateSet::runs))
    }

    /// The set P: all dates that count as present in treatment.
    pub fn dates(&self, at: NaiveDate, rule: PresenceRule) -> DateSet {
        let dates: Vec<DateSet> =
            self.presences.iter().map(|presence| presence.dates(at, rule)).collect();
        DateSet::new(dates.iter().flat_map(DateSet::runs))
    }
}

/// Whether the start of an absence lies in one of the presences of its stay, by the order of
/// records.
/// At its instant the start stands, in the order of the trajectory, after the admissions and before
/// the closings; but where an open stay is closed and admitted at once, the closing stands before
/// the admission. An arrival stands where the fold has it.
fn is_in_one(presences: &[&mut Presence<'_>], start: DatedFact<'_>) -> bool {
    let is_admitted_there =
        presences.iter().any(|presence| presence.admitted.instant == start.instant);
    let holds = |presence: &Presence| {
        let was_open = presence.admitted.instant < start.instant;
        let ended_before = |end: DatedFact| match end.fact {
            Fact::Admitted(_) => true,
            Fact::Arrived(_) => end.place < start.place,
            _ => was_open && is_admitted_there,
        };
        let end = presence.end.record().filter(|end| end.instant == start.instant);
        presence.runs_at(start.instant) && !end.is_some_and(ended_before)
    };
    presences.iter().any(|presence| holds(presence))
}

/// The absences of one stay with their ends: the first end at a later instant, or an end at the
/// very instant of the start unless an absence that started earlier was still running.
fn ended<'a>(
    mut starts: Vec<StayAbsence<'a>>,
    ends: &[DatedFact<'a>],
    presences: &[&mut Presence<'a>],
) -> Vec<StayAbsence<'a>> {
    // An absence cannot outlast its presences, and outside any presence it has no effect.
    let limit = |start: DateTime<Utc>| {
        let running = presences.iter().filter(|presence| presence.runs_at(start));
        running.map(|presence| presence.until().unwrap_or(DateTime::<Utc>::MAX_UTC)).max()
    };
    let mut earlier_until: Option<DateTime<Utc>> = None;
    for at_once in starts.chunk_by_mut(|a, b| a.start.instant == b.start.instant) {
        let instant = at_once[0].start.instant;
        let earlier_runs = earlier_until.is_some_and(|until| instant <= until);
        let ends_it = |end: &&DatedFact| end.instant > instant || !earlier_runs;
        let first = ends.partition_point(|end| end.instant < instant);
        let end = ends[first..].iter().find(ends_it).copied();
        for absence in at_once {
            absence.end = end;
        }
        let until = limit(instant).map(|limit| end.map_or(limit, |end| end.instant.min(limit)));
        earlier_until = earlier_until.max(until);
    }
    starts
}
