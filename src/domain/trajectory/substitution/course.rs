//! A course of substitution: its doses, its prescriptions, and when the next dose is due.
//! Always: only a stop ends a course; a gap does not.
//! Rules: "Course", "Prescription in force" and "Cover and due" in the section "Substitution" of
//! the continuity rules.

use chrono::{DateTime, NaiveDate, Utc};

use super::cover::{Covers, Dose, Due};
use super::elements::{Stop, WithheldDose};
use super::prescriptions::{Prescription, Prescriptions};
use crate::domain::time::calendar::days_after;
use crate::domain::trajectory::custody::SeenFrom;
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::vocabulary::choice::{Product, Setting};

/// The elements after the last stop that ended a course.
#[derive(Debug, Clone, Default)]
pub(super) struct Course<'a> {
    pub last_dose: Option<Dose<'a>>,
    /// Indexes of the prescriptions that nothing has closed.
    open: Vec<usize>,
    first_prescription: Option<DateTime<Utc>>,
    last_prescription: Option<Prescription<'a>>,
    /// The stop after which the course begins.
    after: Option<DateTime<Utc>>,
    /// The first withheld dose, stop or change.
    first_element: Option<DateTime<Utc>>,
    covers: Covers,
    /// The prescription that ended an interruption, until a dose follows.
    pub restarted: Option<DateTime<Utc>>,
}

impl<'a> Course<'a> {
    /// A course that begins after a stop.
    pub fn after(stop: DateTime<Utc>) -> Self {
        Self { after: Some(stop), ..Self::default() }
    }

    /// Whether the course has neither dose nor prescription.
    pub const fn is_empty(&self) -> bool {
        self.last_dose.is_none() && self.first_prescription.is_none()
    }

    /// The product of the last dose, else of the last prescription.
    pub fn product(&self) -> Option<Product> {
        let dose = self.last_dose.map(|dose| dose.product);
        dose.or(self.last_prescription.map(|last| last.prescribed.product))
    }

    /// Adds a dose. Returns whether its whole cover lies in that of an earlier dose.
    pub fn add_dose(&mut self, dose: Dose<'a>, seen: SeenFrom) -> bool {
        self.last_dose = Some(dose);
        self.restarted = None;
        self.covers.add(&dose, seen)
    }

    /// Adds a prescription, which replaces an earlier one of the same id.
    pub fn add_prescription(&mut self, index: usize, known: &Prescriptions<'a>) {
        let added = known.all[index];
        self.open.retain(|&open| known.all[open].id != added.id);
        self.open.push(index);
        self.first_prescription.get_or_insert(added.record.instant);
        self.last_prescription = Some(added);
    }

    /// Takes note of an element that is neither dose nor prescription.
    pub fn note(&mut self, at: DateTime<Utc>) {
        self.first_element.get_or_insert(at);
    }

    /// Closes the prescription that a stop names, else all.
    pub fn close(&mut self, stop: &Stop<'a>, known: &Prescriptions<'a>) {
        self.open.retain(|&open| stop.names.is_some_and(|named| known.all[open].id != named));
    }

    /// The prescriptions of a prison end with the departure.
    pub fn depart(&mut self, at: DateTime<Utc>, known: &Prescriptions<'a>) {
        let goes_on = |open: &usize| {
            let prescription = &known.all[*open];
            prescription.prescribed.setting != Setting::Prison || prescription.record.instant >= at
        };
        self.open.retain(goes_on);
    }

    /// The prescription in force: the one that the last dose names, unless a later one was written;
    /// else the last.
    pub fn in_force<'p>(&self, known: &'p Prescriptions<'a>) -> Option<&'p Prescription<'a>> {
        let named = self.last_dose.filter(|dose| {
            self.last_prescription.is_none_or(|last| last.record.instant <= dose.at)
        });
        let named = named.and_then(|dose| dose.names);
        let is_named = |open: &&usize| Some(known.all[**open].id) == named;
        let index = self.open.iter().rfind(is_named).or(self.open.last())?;
        Some(&known.all[*index])
    }

    /// The last prescription that nothing has closed.
    pub fn last_open<'p>(&self, known: &'p Prescriptions<'a>) -> Option<&'p Prescription<'a>> {
        self.open.last().map(|&index| &known.all[index])
    }

    /// When the next dose is due, as seen from a place. `others` are the substitution records that
    /// are no elements. `None`: the course has no record.
    pub fn due(
        &self,
        seen: SeenFrom,
        others: &[DateTime<Utc>],
        rules: &ContinuityRules,
    ) -> Option<Due> {
        let by_record = |at| Due { at, covering_days: None };
        let first_dose = |at| by_record(days_after(at, rules.thresholds.first_dose_days.value));
        let covered = self.last_dose.and_then(|dose| self.covers.due(dose.product, seen));
        let without_dose = || {
            let prescribed = self.first_prescription.map(first_dose);
            prescribed.or_else(|| {
                let later = others.partition_point(|at| Some(*at) <= self.after);
                let first = self.first_element.into_iter().chain(others.get(later).copied()).min();
                first.map(|at| by_record(days_after(at, 1)))
            })
        };
        let due = covered.or_else(without_dose);
        match self.restarted.map(first_dose) {
            Some(restarted) if due.is_none_or(|due| due.at < restarted.at) => Some(restarted),
            _ => due,
        }
    }

    /// Whether a dose was withheld since the last dose.
    pub fn is_since_last_dose(&self, withheld: &WithheldDose) -> bool {
        self.last_dose.is_none_or(|dose| match dose.doses_per_day {
            1 => withheld.record.date > dose.date,
            _ => withheld.record.instant > dose.at,
        })
    }

    /// Whether a date is later than that of the last dose.
    pub fn is_later_date(&self, date: NaiveDate) -> bool {
        self.last_dose.is_none_or(|dose| date > dose.date)
    }
}
