//! Reads the elements in order and keeps what they add up to: the course, and an interruption.
//! Always: at any instant the flow says what the elements up to that instant say, seen from where
//! the person is then.
//! Rules: the section "Substitution" of the continuity rules.

use std::ops::Range;

use chrono::{DateTime, Days, Utc};

use super::course::Course;
use super::cover::{Dose, Due};
use super::elements::{Element, ElementKind, Stop, SubstitutionRecords, WithheldDose};
use super::interruption::{DaysWithout, Interruption, Onset};
use super::prescriptions::Prescription;
use crate::domain::history::DatedFact;
use crate::domain::time::calendar::days_after;
use crate::domain::time::dates::days_between;
use crate::domain::trajectory::custody::{PassedMoves, SeenFrom};
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::vocabulary::choice::{Product, StopReason};

/// What an element was.
#[derive(Debug, Clone, Copy)]
pub(super) enum Passed {
    Dose,
    /// A stop that ended the course.
    CourseEnd,
    Other,
}

/// What the elements up to an instant add up to.
#[derive(Debug, Clone)]
pub struct Flow<'a, 't> {
    pub records: &'t SubstitutionRecords<'a>,
    pub rules: &'t ContinuityRules,
    pub(super) seen: SeenFrom,
    pub(super) course: Course<'a, 't>,
    /// The course that the last stop ended, until a dose, a prescription or a forced stop comes.
    ended: Option<Course<'a, 't>>,
    /// The last dose of all, also before a stop.
    pub last_dose: Option<Dose<'a>>,
    pub interruption: Option<Interruption<'a>>,
    /// The days without a dose, without those after a forced stop.
    pub(super) without: DaysWithout,
    /// The indexes of the withheld doses since the last dose of the course.
    withheld: Range<usize>,
    last_prescription: Option<&'t Prescription<'a>>,
    last_product: Option<Product>,
    /// The last amount of each product that an element says.
    pub(super) amounts: [Option<u32>; Product::ALL.len()],
}

impl<'a, 't> Flow<'a, 't> {
    /// A flow before the first element.
    pub(super) fn new(records: &'t SubstitutionRecords<'a>, rules: &'t ContinuityRules) -> Self {
        Self {
            records,
            rules,
            seen: SeenFrom::Liberty,
            course: Course::default(),
            ended: None,
            last_dose: None,
            interruption: None,
            without: DaysWithout::default(),
            withheld: 0..0,
            last_prescription: None,
            last_product: None,
            amounts: [None; Product::ALL.len()],
        }
    }

    /// Whether the course was ended, and nothing came since.
    pub const fn is_stopped(&self) -> bool {
        self.ended.is_some()
    }

    /// The course of which product and prescription are told: while stopped, the one that ended.
    fn told_course(&self) -> &Course<'a, 't> {
        self.ended.as_ref().unwrap_or(&self.course)
    }

    /// The product.
    pub(super) fn product(&self) -> Option<Product> {
        self.told_course().product().or(self.last_product)
    }

    /// The prescription in force.
    pub(super) fn in_force(&self) -> Option<&'t Prescription<'a>> {
        self.told_course().in_force()
    }

    /// When the next dose is due, as seen from a place.
    pub fn due(&self, seen: SeenFrom) -> Option<Due> {
        self.course.due(seen, self.rules)
    }

    /// The withheld doses since the last dose of the course.
    pub(super) fn withheld_since(&self) -> impl Iterator<Item = &'t WithheldDose<'a>> {
        let withheld = self.records.withheld[self.withheld.clone()].iter();
        withheld.filter(|withheld| self.course.is_since_last_dose(withheld))
    }

    /// Whether an interruption has begun and has not faded.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interruption.is_some_and(|interruption| interruption.faded.is_none())
    }

    /// Lets the clock come to an instant: an interruption fades, or a depot's window ends.
    pub(super) fn pass_time(&mut self, to: DateTime<Utc>) {
        while !self.is_interrupted() || self.fade_by_clock(to) {
            if !self.begin_by_clock(|since| since < to) {
                return;
            }
        }
    }

    /// Lets the interruption that runs fade if nothing was recorded for too long by an instant.
    fn fade_by_clock(&mut self, by: DateTime<Utc>) -> bool {
        let Some(interruption) = &mut self.interruption else { return false };
        let records = &self.records.records;
        let (before, later) =
            records.split_at(records.partition_point(|record| record.instant < by));
        let is_heard = later.first().is_some_and(|record| record.instant == by);
        let stale = before.last().map(|last| stale_after(last, self.rules));
        let has_come = |stale: &DateTime<Utc>| *stale < by || *stale == by && !is_heard;
        interruption.faded = stale.filter(|stale| *stale > interruption.since && has_come(stale));
        interruption.faded.is_some()
    }

    /// When the interruption that runs will fade if nothing more is recorded.
    pub(super) fn fades_at(&self) -> Option<DateTime<Utc>> {
        let last = self.records.records.last().filter(|_| self.is_interrupted())?;
        Some(stale_after(last, self.rules))
    }

    /// The interruption that a covering depot begins once its window is over, if a dose was
    /// withheld in that window or later.
    pub(super) fn depot_refused(&self) -> Option<Interruption<'a>> {
        if self.withheld.is_empty() {
            return None;
        }
        let due = self.due(self.seen)?;
        let window = due.window(self.rules)?.value;
        let opens = due.date() - Days::new(window.into());
        let first = self.withheld_since().find(|withheld| withheld.record.date >= opens)?;
        let since = days_after(due.at, window).max(first.record.instant);
        let faded = self.interruption.and_then(|interruption| interruption.faded);
        (Some(since) >= faded).then(|| self.begun(Onset::Depot(due), since, first.record))
    }

    /// Begins the interruption of a refused depot whose window is over.
    pub(super) fn begin_by_clock(&mut self, is_over: impl Fn(DateTime<Utc>) -> bool) -> bool {
        if self.is_interrupted() {
            return false;
        }
        let begun = self.depot_refused().filter(|begun| is_over(begun.since));
        self.interruption = begun.or(self.interruption);
        begun.is_some()
    }

    fn begun(&self, onset: Onset, since: DateTime<Utc>, record: DatedFact<'a>) -> Interruption<'a> {
        let dose_before = self.last_dose.map(|dose| dose.best.record);
        Interruption { onset, since, record, dose_before, faded: None }
    }

    /// The person moves: an interruption fades, and covers are seen from another place.
    pub(super) fn follow(&mut self, at: DateTime<Utc>, moves: PassedMoves) {
        self.seen = moves.seen;
        if moves.fade_interruption
            && let Some(interruption) = &mut self.interruption
            && interruption.since < at
        {
            interruption.faded.get_or_insert(at);
        }
        if moves.depart {
            self.courses().for_each(|course| course.depart(at));
        }
    }

    fn courses(&mut self) -> impl Iterator<Item = &mut Course<'a, 't>> {
        self.ended.iter_mut().chain([&mut self.course])
    }

    /// Reads one element.
    pub(super) fn read(&mut self, element: &Element) -> Passed {
        match element.kind {
            ElementKind::Dose => {
                self.dose(element.index);
                return Passed::Dose;
            }
            ElementKind::Stop => return self.stop(element.index),
            ElementKind::NamedPrescription | ElementKind::Prescription => {
                self.prescription(element.index);
            }
            ElementKind::Withheld => self.withhold(element.index),
            ElementKind::Mention => self.course.note(element.at),
            ElementKind::Change => {
                let (_, changed) = self.records.changes[element.index];
                self.course.note(element.at);
                self.last_product = changed.product.or(self.last_product);
                match changed.product {
                    Some(product) => self.say(product, changed.to_micrograms),
                    None => self.amounts = [Some(changed.to_micrograms); Product::ALL.len()],
                }
            }
        }
        Passed::Other
    }

    fn say(&mut self, product: Product, micrograms: u32) {
        self.amounts[product as usize] = Some(micrograms);
    }

    fn end_interruption(&mut self) {
        self.interruption = None;
        self.without.forget_days();
    }

    /// The withheld doses so far no longer count.
    fn forget_withheld(&mut self) {
        self.withheld.start = self.withheld.end;
        self.without.forget_stretch();
    }

    fn dose(&mut self, index: usize) {
        let dose = self.compared(index);
        let due = self.course.last_dose.and_then(|_| self.due(self.seen));
        let in_time = due.is_none_or(|due| dose.at <= due.in_time_until(self.rules));
        if in_time || self.interruption.is_some() && !self.is_interrupted() {
            self.end_interruption();
        }
        if let Some(due) = due.filter(|_| dose.given.is_some() && !in_time) {
            let days = days_between(due.date(), dose.date);
            self.without.note(days);
            if !self.is_interrupted() && self.shows_gap(&dose, &due) {
                self.interruption = Some(self.begun(Onset::Gap, dose.at, dose.best.record));
            }
        }
        if !self.course.add_dose(dose, self.seen) {
            self.say(dose.best.product, dose.best.micrograms);
        }
        (self.last_dose, self.last_product) = (Some(dose), Some(dose.best.product));
        self.ended = None;
        self.forget_withheld();
    }

    /// Whether a given dose that is not in time came so late that it shows a gap.
    fn shows_gap(&self, dose: &Dose, due: &Due) -> bool {
        let days = days_between(due.date(), dose.date);
        let is_late = due.window(self.rules).is_some()
            || days >= self.rules.thresholds.missed_review_days.value;
        let prescriptions = &self.records.prescriptions;
        is_late && prescriptions.come(due.at).len() == prescriptions.come(dose.at).len()
    }

    /// A dose with the prescription that it is compared with: the one that its best telling names,
    /// else the one in force just before the dose, those of its very instant included. The doses a
    /// day are of the one that it names, else of the last one that its own course has.
    fn compared(&self, index: usize) -> Dose<'a> {
        let (told, known) = (&self.records.doses[index], &self.records.prescriptions);
        let (product, interval_days) = (told.best.product, told.best.interval_days);
        let named = known.named(told.best.names);
        let last = || known.written_at(told.at).last().or_else(|| self.course.last_open());
        let of_product = named.or_else(last).filter(|one| one.prescribed.product == product);
        let doses_per_day = of_product.and_then(|one| one.prescribed.doses_per_day);
        let doses_per_day = doses_per_day.filter(|_| interval_days == 1).unwrap_or(1);
        let ordered = named.or_else(|| self.in_force_at(told.at)).copied();
        Dose::new(&self.records.doses, index, doses_per_day, ordered)
    }

    /// The prescription in force just before a dose, those of its very instant included.
    fn in_force_at(&self, dose_at: DateTime<Utc>) -> Option<&'t Prescription<'a>> {
        let written = self.records.prescriptions.written_at(dose_at);
        let Some(last) = written.last().filter(|last| !last.is_stopped_at_once) else {
            return self.in_force();
        };
        // None is later than a dose of this instant, so such a dose may name the one in force.
        let dose = self.course.last_dose.filter(|dose| dose.at == dose_at);
        let named = dose.and_then(|dose| dose.best.names);
        let is_named = |one: &&Prescription| Some(one.id) == named;
        let open = || self.course.last_open_of(named?);
        written.iter().rfind(is_named).or_else(open).or(Some(last))
    }

    fn prescription(&mut self, index: usize) {
        let prescription = &self.records.prescriptions.all[index];
        self.course.add_prescription(prescription);
        self.without.pass_prescription();
        self.restart(Some(prescription.record.instant));
        let prescribed = prescription.prescribed;
        (self.last_prescription, self.last_product) =
            (Some(prescription), Some(prescribed.product));
        self.say(prescribed.product, prescribed.dose_micrograms);
        self.ended = None;
    }

    /// The last prescription ends the interruption, if one runs or has faded. It gives due from its
    /// instant, unless a dose stands behind it.
    fn restart(&mut self, due_from: Option<DateTime<Utc>>) {
        if self.interruption.take().is_some() {
            self.without.count_from_prescription();
            self.course.restarted = due_from;
        }
    }

    fn withhold(&mut self, index: usize) {
        let withheld = self.records.withheld[index];
        let (record, date) = (withheld.record, withheld.record.date);
        self.course.note(record.instant);
        self.withheld.end = index + 1;
        self.last_product = withheld.product.or(self.last_product);
        let Some(due) = self.due(self.seen).filter(|_| self.course.is_since_last_dose(&withheld))
        else {
            return;
        };
        if self.course.is_later_date(date) && date >= due.date() {
            let bridged = self.rules.thresholds.bridged_silent_days.value;
            self.without.add(date, bridged);
        }
        let dates = self.without.dates_to(date);
        self.without.note(dates);
        let is_enough = dates >= self.rules.thresholds.missed_review_days.value;
        if is_enough && due.window(self.rules).is_none() && !self.is_interrupted() {
            self.interruption = Some(self.begun(Onset::Withheld, record.instant, record));
        }
    }

    fn stop(&mut self, index: usize) -> Passed {
        let stop = self.records.stops[index];
        let at = stop.record.instant;
        let concerns_course = self.concerns_course(&stop);
        self.last_product = stop.stopped.product.or(self.last_product);
        self.course.note(at);
        match stop.stopped.reason {
            StopReason::Planned | StopReason::Client | StopReason::Death if concerns_course => {
                self.end_interruption();
                let ended = std::mem::take(&mut self.course);
                for prescription in self.records.going_on_past(index) {
                    self.course.add_prescription(prescription);
                }
                self.records.before_at_once(index).for_each(|before| self.course.close(before));
                self.ended = self.course.is_empty().then_some(ended);
                self.forget_withheld();
                return Passed::CourseEnd;
            }
            StopReason::Planned | StopReason::Client | StopReason::Death => {}
            StopReason::Transfer | StopReason::Release => {
                self.courses().for_each(|course| course.close(&stop));
            }
            StopReason::Forced => {
                self.ended = None;
                if concerns_course && !self.is_interrupted() {
                    let due_on = self.due(self.seen).map_or(stop.record.date, |due| due.date());
                    let begun = self.begun(Onset::Forced { due_on }, at, stop.record);
                    self.interruption = Some(begun);
                    if self.records.going_on_past(index).next().is_some() {
                        // That prescription stands before the doses of this instant.
                        let dose = self.course.last_dose.filter(|dose| dose.at == at);
                        self.restart(dose.is_none().then_some(at));
                    }
                }
            }
        }
        Passed::Other
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

/// When an interruption fades if this is the last substitution record.
fn stale_after(record: &DatedFact, rules: &ContinuityRules) -> DateTime<Utc> {
    days_after(record.instant, rules.thresholds.interruption_stale_days.value)
}
