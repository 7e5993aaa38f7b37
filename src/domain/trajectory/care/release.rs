//! The preparation of a release.
//! Always: what was prepared for an earlier detention says nothing about this one.
//! Rules: `release` in the section "Care" of the continuity rules.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::domain::history::{DatedFact, set_date};
use crate::domain::time::calendar::start_of;
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::trajectory::custody::Places;
use crate::domain::vocabulary::fact::{Appointment, Fact, InsuranceRecorded, ReleasePrepared};

/// What was prepared for the release of this detention, else of the last one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Release {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepared_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_on: Option<NaiveDate>,
    /// The days for which a prescription goes along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prescription_days: Option<u32>,
    /// The appointment, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appointment: Option<Appointment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naloxone: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insured: Option<bool>,
}

impl Release {
    /// Whether there is an appointment.
    pub fn has_appointment(&self) -> bool {
        self.appointment.as_ref().is_some_and(Appointment::is_made)
    }
}

/// A release with the record that prepared it.
#[derive(Debug, Clone, Default)]
pub struct PreparedRelease<'a> {
    pub release: Release,
    pub record: Option<DatedFact<'a>>,
}

impl PreparedRelease<'_> {
    /// The answer; `None`: nothing can be said.
    pub fn told(&self) -> Option<Release> {
        Some(self.release.clone()).filter(|release| *release != Release::default())
    }
}

/// What was prepared since this detention began, else since the last one did.
pub fn release<'a>(
    records: &[DatedFact<'a>],
    places: &Places<'a>,
    clock: &AnswerClock,
) -> PreparedRelease<'a> {
    let since = places.held.last().map(|held| held.began.instant);
    let prepared = records.iter().rev().find_map(|record| match record.fact {
        Fact::ReleasePrepared(fact) if Some(record.instant) >= since => Some((*record, fact)),
        _ => None,
    });
    let insurance = records.iter().rev().find_map(|record| match record.fact {
        Fact::InsuranceRecorded(fact) if has_come(record, fact, clock) => Some((*record, fact)),
        _ => None,
    });
    let by_record = insurance.map(|(record, fact)| (record.instant, fact.insured));
    let by_release = prepared.and_then(|(record, fact)| Some((record.instant, fact.insured?)));
    let insured = match (by_release, by_record) {
        (Some((prepared, said)), Some((recorded, _))) if prepared > recorded => Some(said),
        (said, recorded) => recorded.or(said).map(|(_, insured)| insured),
    };
    let of_record = |(record, fact): (DatedFact<'a>, &ReleasePrepared)| Release {
        prepared_at: Some(record.instant),
        expected_on: set_date(Some(fact.expected_on)),
        prescription_days: fact.prescription_days,
        appointment: fact.appointment.clone(),
        naloxone: fact.naloxone,
        insured: None,
    };
    let release = Release { insured, ..prepared.map(of_record).unwrap_or_default() };
    PreparedRelease { release, record: prepared.map(|(record, _)| record) }
}

/// Whether the insurance that a record tells has begun.
fn has_come(record: &DatedFact, fact: &InsuranceRecorded, clock: &AnswerClock) -> bool {
    set_date(fact.from).is_none_or(|from| from <= record.date || clock.reached(start_of(from)))
}
