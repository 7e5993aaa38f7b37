//! Reads the elements in order and keeps what they add up to: the course, and an interruption.
//! Always: at any instant the flow says what the elements up to that instant say, seen from where
//! the person is then.
//! Rules: the section "Substitution" of the continuity rules.

use chrono::{DateTime, Days, Utc};

use super::course::Course;
use super::cover::{Dose, Due};
use super::elements::{Element, ElementKind, Stop, SubstitutionRecords, WithheldDose};
use super::interruption::{Interruption, Onset, Stretch, days_between};
use super::prescriptions::Prescription;
use super::tellings::ToldDose;
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::time::calendar::days_after;
use crate::domain::trajectory::custody::{PersonMove, SeenFrom};
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::vocabulary::choice::{Product, StopReason};

/// What an element was.
#[derive(Debug, Clone, Copy)]
pub(super) enum Passed<'a> {
    /// A dose, and the prescription that it is compared with.
    Dose(Dose<'a>, Option<Prescription<'a>>),
    /// A change of the amount of a prescription.
    Change(ScopedId<'a>, u32),
    /// A stop that ended the course.
    CourseEnd(Stop<'a>),
    Other,
}

/// What the elements up to an instant add up to.
#[derive(Debug, Clone)]
pub struct Flow<'a, 't> {
    pub records: &'t SubstitutionRecords<'a>,
    pub rules: &'t ContinuityRules,
    /// The instants of substitution records that are no elements.
    others: &'t [DateTime<Utc>],
    pub(super) seen: SeenFrom,
    pub(super) course: Course<'a>,
    /// The course that the last stop ended.
    pub(super) ended: Option<Course<'a>>,
    /// Whether a dose, a prescription or a forced stop came since that stop.
    came_since: bool,
    /// The last dose of all, also before a stop.
    pub last_dose: Option<Dose<'a>>,
    pub interruption: Option<Interruption<'a>>,
    /// The greatest number of days without a dose, without those after a forced stop.
    pub(super) days_without: u32,
    /// The withheld doses since the last dose of the course: from this index to the other.
    withheld: (usize, usize),
    stretch: Option<Stretch>,
    last_prescription: Option<Prescription<'a>>,
    last_product: Option<Product>,
    /// The last amount of each product that an element says.
    pub(super) amounts: [Option<u32>; Product::ALL.len()],
    /// The substitution records up to the last one that counts for the fading.
    heard: usize,
}

impl<'a, 't> Flow<'a, 't> {
    /// A flow before the first element.
    pub(super) fn new(
        records: &'t SubstitutionRecords<'a>,
        others: &'t [DateTime<Utc>],
        rules: &'t ContinuityRules,
    ) -> Self {
        Self {
            records,
            rules,
            others,
            seen: SeenFrom::Liberty,
            course: Course::default(),
            ended: None,
            came_since: false,
            last_dose: None,
            interruption: None,
            days_without: 0,
            withheld: (0, 0),
            stretch: None,
            last_prescription: None,
            last_product: None,
            amounts: [None; Product::ALL.len()],
            heard: 0,
        }
    }

    /// Whether the course was ended, and nothing came since.
    pub fn is_stopped(&self) -> bool {
        self.ended.is_some() && !self.came_since
    }

    /// The course of which product and prescription are told: while stopped, the one that ended.
    pub(super) fn told_course(&self) -> &Course<'a> {
        self.ended.as_ref().filter(|_| self.is_stopped()).unwrap_or(&self.course)
    }

    /// The product.
    pub(super) fn product(&self) -> Option<Product> {
        self.told_course().product().or(self.last_product)
    }

    /// The prescription in force.
    pub(super) fn in_force(&self) -> Option<&'t Prescription<'a>> {
        self.told_course().in_force(&self.records.prescriptions)
    }

    /// When the next dose is due, as seen from a place.
    pub fn due(&self, seen: SeenFrom) -> Option<Due> {
        self.course.due(seen, self.others, self.rules)
    }

    /// The withheld doses since the last dose of the course.
    pub(super) fn withheld_since(&self) -> impl Iterator<Item = &'t WithheldDose<'a>> {
        let (from, to) = self.withheld;
        let withheld = self.records.withheld[from..to].iter();
        withheld.filter(|withheld| self.course.is_since_last_dose(withheld))
    }

    fn runs(&self) -> bool {
        self.interruption.is_some_and(|interruption| interruption.faded.is_none())
    }

    /// Lets the clock come to an instant: an interruption fades, or a depot's window ends.
    pub(super) fn pass_time(&mut self, to: DateTime<Utc>) {
        loop {
            if self.runs() {
                let Some(stale) = self.stale_by(to) else { return };
                if let Some(interruption) = &mut self.interruption {
                    interruption.faded = Some(stale);
                }
            }
            let begins = self.depot_refused().filter(|(since, _)| *since < to);
            match begins {
                Some(_) => self.begin_by_clock(to),
                None => return,
            }
            if !self.runs() {
                return;
            }
        }
    }

    /// When the interruption that runs fades because nothing more was recorded, if by an instant.
    fn stale_by(&mut self, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let since = self.interruption?.since;
        let records = &self.records.records;
        loop {
            let next = records.get(self.heard).map(|record| record.instant);
            let stale = self.heard.checked_sub(1).map(|last| self.stale_after(&records[last]));
            match (stale, next.filter(|next| *next <= to)) {
                (Some(stale), Some(next)) if stale < next && stale > since => return Some(stale),
                (_, Some(_)) => self.heard += 1,
                (stale, None) => return stale.filter(|stale| *stale <= to && *stale > since),
            }
        }
    }

    fn stale_after(&self, record: &DatedFact) -> DateTime<Utc> {
        days_after(record.instant, self.rules.thresholds.interruption_stale_days.value)
    }

    /// When the interruption that runs will fade if nothing more is recorded.
    pub(super) fn fades_at(&self) -> Option<DateTime<Utc>> {
        self.interruption.filter(|interruption| interruption.faded.is_none())?;
        self.records.records.last().map(|record| self.stale_after(record))
    }

    /// A covering depot, its window, and a dose withheld in that window or later: when the
    /// interruption begins, with the first such dose.
    pub(super) fn depot_refused(&self) -> Option<(DateTime<Utc>, Interruption<'a>)> {
        let due = self.due(self.seen)?;
        let (window, interval_days) = (due.window(self.rules)?.value, due.covering_days?);
        let opens = due.date() - Days::new(window.into());
        let first = self.withheld_since().find(|withheld| withheld.record.date >= opens)?;
        let since = days_after(due.at, window).max(first.record.instant);
        let interruption = self.begun(Onset::Depot { interval_days }, since, first.record);
        let faded = self.interruption.and_then(|interruption| interruption.faded);
        (faded.is_none_or(|faded| since >= faded)).then_some((since, interruption))
    }

    /// Begins the interruption of a refused depot whose window is over by an instant.
    pub(super) fn begin_by_clock(&mut self, to: DateTime<Utc>) {
        if self.runs() {
            return;
        }
        if let Some((_, begun)) = self.depot_refused().filter(|(since, _)| *since <= to) {
            self.interruption = Some(begun);
        }
    }

    fn begun(&self, onset: Onset, since: DateTime<Utc>, record: DatedFact<'a>) -> Interruption<'a> {
        let dose_before = self.last_dose.map(|dose| dose.record);
        Interruption { onset, since, record, dose_before, faded: None }
    }

    /// The person moves: an interruption fades, and covers are seen from another place.
    pub(super) fn follow(&mut self, moves: &[PersonMove<'a>], seen: SeenFrom) {
        self.seen = seen;
        for made in moves {
            if let Some(interruption) = &mut self.interruption
                && interruption.since < made.record.instant
                && made.fades_interruption()
            {
                interruption.faded.get_or_insert(made.record.instant);
            }
            if made.is_departure() {
                let known = &self.records.prescriptions;
                self.course.depart(made.record.instant, known);
                if let Some(ended) = &mut self.ended {
                    ended.depart(made.record.instant, known);
                }
            }
        }
    }

    /// Reads one element.
    pub(super) fn read(&mut self, element: &Element) -> Passed<'a> {
        match element.kind {
            ElementKind::Dose => {
                let ordered = self.ordered(element.index);
                return Passed::Dose(self.dose(element.index), ordered);
            }
            ElementKind::Stop => return self.stop(element.index),
            ElementKind::NamedPrescription | ElementKind::Prescription => {
                self.prescription(element.index);
            }
            ElementKind::Withheld => self.withhold(element.index),
            ElementKind::Change => {
                let (record, changed) = self.records.changes[element.index];
                self.course.note(record.instant);
                self.last_product = changed.product.or(self.last_product);
                self.say(changed.product, changed.to_micrograms);
                let named = changed.prescription.as_ref().map(|id| record.scoped(id));
                return named.map_or(Passed::Other, |id| Passed::Change(id, changed.to_micrograms));
            }
        }
        Passed::Other
    }

    /// Takes note of an amount of a product, or of any product.
    fn say(&mut self, product: Option<Product>, micrograms: u32) {
        match product {
            Some(product) => self.amounts[product as usize] = Some(micrograms),
            None => self.amounts = [Some(micrograms); Product::ALL.len()],
        }
    }

    fn end_interruption(&mut self) {
        self.interruption = None;
        self.days_without = 0;
    }

    fn dose(&mut self, index: usize) -> Dose<'a> {
        let told = &self.records.doses[index];
        let dose = Dose::of(told, self.doses_per_day(told));
        let due = self.course.last_dose.and_then(|_| self.due(self.seen));
        let in_time = due.is_none_or(|due| dose.at <= due.in_time_until(self.rules));
        if in_time || self.interruption.is_some() && !self.runs() {
            self.end_interruption();
        }
        if let Some(interruption) = &mut self.interruption {
            interruption.note_dose(dose.date);
        }
        if let Some(due) = due.filter(|_| dose.given.is_some() && !in_time) {
            self.days_without = self.days_without.max(days_between(due.date(), dose.date));
            if !self.runs() && self.shows_gap(&dose, &due) {
                self.interruption = Some(self.begun(Onset::Gap, dose.at, dose.record));
            }
        }
        if !self.course.add_dose(dose, self.seen) {
            self.say(Some(dose.product), dose.micrograms);
        }
        self.last_dose = Some(dose);
        self.last_product = Some(dose.product);
        self.came_since = true;
        (self.withheld.0, self.stretch) = (self.withheld.1, None);
        dose
    }

    /// Whether a given dose that is not in time came so late that it shows a gap.
    fn shows_gap(&self, dose: &Dose, due: &Due) -> bool {
        let is_late = match due.window(self.rules) {
            Some(_) => true,
            None => {
                let days = days_between(due.date(), dose.date);
                days >= self.rules.thresholds.missed_review_days.value
            }
        };
        let prescriptions = &self.records.prescriptions.all;
        let come = |limit: DateTime<Utc>| {
            prescriptions.partition_point(|other| other.record.instant <= limit)
        };
        is_late && come(due.at) == come(dose.at)
    }

    /// The prescription that a dose is compared with: the one that its best telling names, else the
    /// one in force just before the dose, those of its very instant included.
    fn ordered(&self, index: usize) -> Option<Prescription<'a>> {
        let (told, known) = (&self.records.doses[index], &self.records.prescriptions);
        let in_force = || known.written_at(told.at).or_else(|| self.in_force());
        known.named(told.best.names).or_else(in_force).copied()
    }

    /// Doses a day at a dose: of the prescription that the record names, else of the one in force,
    /// which may be of the very instant.
    fn doses_per_day(&self, told: &ToldDose<'a>) -> u32 {
        let known = &self.records.prescriptions;
        let in_force = || known.written_at(told.at).or_else(|| self.course.last_open(known));
        let prescription = known.named(told.best.names).or_else(in_force);
        let of_product = prescription.filter(|one| one.prescribed.product == told.best.product);
        match told.best.interval_days {
            1 => of_product.and_then(|one| one.prescribed.doses_per_day).unwrap_or(1),
            _ => 1,
        }
    }

    fn prescription(&mut self, index: usize) {
        let prescription = self.records.prescriptions.all[index];
        self.course.add_prescription(index, &self.records.prescriptions);
        if self.interruption.is_some() {
            self.end_interruption();
            self.course.restarted = Some(prescription.record.instant);
            self.stretch = None;
        }
        self.last_prescription = Some(prescription);
        let prescribed = prescription.prescribed;
        self.last_product = Some(prescribed.product);
        self.say(Some(prescribed.product), prescribed.dose_micrograms);
        self.came_since = true;
    }

    fn withhold(&mut self, index: usize) {
        let withheld = self.records.withheld[index];
        let (record, date) = (withheld.record, withheld.record.date);
        self.course.note(record.instant);
        self.withheld.1 = index + 1;
        self.last_product = withheld.product.or(self.last_product);
        let Some(due) = self.due(self.seen).filter(|_| self.course.is_since_last_dose(&withheld))
        else {
            return;
        };
        if self.course.is_later_date(date) && date >= due.date() {
            let bridged = self.rules.thresholds.bridged_silent_days.value;
            self.stretch = Some(Stretch::with(self.stretch, date, bridged));
        }
        let dates = Stretch::dates_to(self.stretch, date);
        self.days_without = self.days_without.max(dates);
        let is_enough = dates >= self.rules.thresholds.missed_review_days.value;
        if is_enough && due.window(self.rules).is_none() && !self.runs() {
            self.interruption = Some(self.begun(Onset::Withheld, record.instant, record));
        }
    }

    fn stop(&mut self, index: usize) -> Passed<'a> {
        let stop = self.records.stops[index];
        let at = stop.record.instant;
        if stop.closes() {
            let known = &self.records.prescriptions;
            self.course.close(&stop, known);
            if let Some(ended) = &mut self.ended {
                ended.close(&stop, known);
            }
        }
        let ends_course = stop.may_end_course() && self.concerns_course(&stop);
        if ends_course {
            self.end_interruption();
            self.ended = Some(std::mem::replace(&mut self.course, Course::after(at)));
            self.came_since = false;
            (self.withheld.0, self.stretch) = (self.withheld.1, None);
        } else {
            self.course.note(at);
        }
        if stop.stopped.reason == StopReason::Forced {
            self.came_since = true;
            if self.concerns_course(&stop) && !self.runs() {
                let due_on = self.due(self.seen).map_or(stop.record.date, |due| due.date());
                let onset = Onset::Forced { due_on, dose_on: None };
                self.interruption = Some(self.begun(onset, at, stop.record));
            }
        }
        self.last_product = stop.stopped.product.or(self.last_product);
        if ends_course { Passed::CourseEnd(stop) } else { Passed::Other }
    }

    /// Whether a stop is about the course: it names no known prescription but the last one, and no
    /// product but the last one named.
    fn concerns_course(&self, stop: &Stop<'a>) -> bool {
        let known = self.records.prescriptions.named(stop.names);
        let last = self.last_prescription.map(|last| last.id);
        let product = stop.stopped.product;
        known.is_none_or(|known| Some(known.id) == last)
            && product.is_none_or(|product| self.last_product.is_none_or(|last| last == product))
    }
}
