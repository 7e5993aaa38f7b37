//! A course of substitution: its doses, its prescriptions, and when the next dose is due.
//! Always: only a stop ends a course; a gap does not.
//! Rules: "Course", "Prescription in force" and "Cover and due" in the section "Substitution" of
//! the continuity rules.

use chrono::{DateTime, NaiveDate, Utc};

use super::cover::{Covers, Dose, Due};
use super::elements::{Stop, WithheldDose};
use super::prescriptions::Prescription;
use crate::domain::history::ScopedId;
use crate::domain::time::calendar::days_after;
use crate::domain::trajectory::custody::SeenFrom;
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::vocabulary::choice::{Product, Setting};

/// The elements after the last stop that ended a course.
#[derive(Debug, Clone, Default)]
pub(super) struct Course<'a, 't> {
    pub last_dose: Option<Dose<'a>>,
    /// The prescriptions that nothing has closed, in order.
    open: Vec<&'t Prescription<'a>>,
    first_prescription: Option<DateTime<Utc>>,
    last_prescription: Option<&'t Prescription<'a>>,
    /// The first record that is neither dose nor prescription.
    first_other: Option<DateTime<Utc>>,
    covers: Covers,
    /// The prescription that ended an interruption, until a dose follows.
    pub restarted: Option<DateTime<Utc>>,
}

impl<'a, 't> Course<'a, 't> {
    /// Whether the course has neither dose nor prescription.
    pub const fn is_empty(&self) -> bool {
        self.last_dose.is_none() && self.first_prescription.is_none()
    }

    /// The product of the last dose, else of the last prescription.
    pub fn product(&self) -> Option<Product> {
        let dose = self.last_dose.map(|dose| dose.best.product);
        dose.or(self.last_prescription.map(|last| last.prescribed.product))
    }

    /// Adds a dose. Returns whether its whole cover lies in that of an earlier dose.
    pub fn add_dose(&mut self, dose: Dose<'a>, seen: SeenFrom) -> bool {
        self.last_dose = Some(dose);
        self.restarted = None;
        self.covers.add(&dose, seen)
    }

    /// Adds a prescription, which replaces an earlier one of the same id.
    pub fn add_prescription(&mut self, added: &'t Prescription<'a>) {
        self.open.retain(|open| open.id != added.id);
        self.open.push(added);
        self.first_prescription.get_or_insert(added.record.instant);
        self.last_prescription = Some(added);
    }

    /// Takes note of a record that is neither dose nor prescription.
    pub fn note(&mut self, at: DateTime<Utc>) {
        self.first_other.get_or_insert(at);
    }

    /// Closes the prescription that a stop names, else all.
    pub fn close(&mut self, stop: &Stop<'a>) {
        self.open.retain(|open| !stop.closes(open.id));
    }

    /// The prescriptions of a prison end with the departure.
    pub fn depart(&mut self, at: DateTime<Utc>) {
        let is_of_prison = |open: &Prescription| open.prescribed.setting == Setting::Prison;
        self.open.retain(|open| !is_of_prison(open) || open.record.instant >= at);
    }

    /// The prescription in force: the one that the last dose names, unless a later one was written;
    /// else the last.
    pub fn in_force(&self) -> Option<&'t Prescription<'a>> {
        let written = self.last_prescription.map(|last| last.record.instant);
        let named = self.last_dose.filter(|dose| written <= Some(dose.at));
        let named = named.and_then(|dose| self.last_open_of(dose.best.names?));
        named.or(self.last_open())
    }

    /// The last prescription that nothing has closed.
    pub fn last_open(&self) -> Option<&'t Prescription<'a>> {
        self.open.last().copied()
    }

    /// The last prescription of an id that nothing has closed.
    pub fn last_open_of(&self, id: ScopedId<'a>) -> Option<&'t Prescription<'a>> {
        self.open.iter().rfind(|open| open.id == id).copied()
    }

    /// When the next dose is due, as seen from a place. `None`: the course has no record.
    pub fn due(&self, seen: SeenFrom, rules: &ContinuityRules) -> Option<Due> {
        let after = |at, days| Due { at: days_after(at, days), covering_days: None };
        let first_dose = |at| after(at, rules.thresholds.first_dose_days.value);
        let covered = self.last_dose.and_then(|dose| self.covers.due(dose.best.product, seen));
        let due = covered
            .or_else(|| self.first_prescription.map(first_dose))
            .or_else(|| self.first_other.map(|at| after(at, 1)));
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
