//! The records that count at an instant, in the order of this fold.
//! Always: a record counts if its `time` has come; a record without a real date counts in nothing
//! but its finding; a record dated after a death counts in nothing but its finding.
//! Rules: the section "Words" of the continuity rules.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use super::custody::whereabouts::InOrOut;
use crate::domain::history::{DatedFact, History, Item, Turns, in_order, up_to_death};
use crate::domain::stream::StreamName;
use crate::domain::time::calendar::{At, date_of};
use crate::domain::vocabulary::fact::{Fact, Id};

/// The first year of real dates. An earlier date was never set: systems write their default.
const FIRST_YEAR: i32 = 1900;

/// The records that count at an instant.
#[derive(Debug)]
pub(super) struct CountedRecords<'a> {
    /// The records in order, up to the date of a death.
    pub records: Vec<DatedFact<'a>>,
    /// The first record that says that the person died.
    pub death: Option<DatedFact<'a>>,
    /// The records dated after the death.
    pub after_death: Vec<DatedFact<'a>>,
    /// The records whose `time` was never set.
    pub undated: Vec<&'a Item>,
}

impl<'a> CountedRecords<'a> {
    /// The records that count at an instant.
    pub fn at(history: &'a History, at: At) -> Self {
        let come = history.facts().filter(|(item, _)| at.includes(item.instant()));
        let (undated, dated): (Vec<_>, Vec<_>) = come.partition(|(item, _)| is_unset(item.date()));
        let ordered = up_to_death(in_order(dated, &mut ContinuityTurns::default()));
        Self {
            records: ordered.records,
            death: ordered.death,
            after_death: ordered.after,
            undated: undated.into_iter().map(|(item, _)| item).collect(),
        }
    }
}

/// Whether a date was never set.
pub(super) fn is_unset(date: NaiveDate) -> bool {
    date.year() < FIRST_YEAR
}

/// A date of a payload; a date that was never set reads as absent.
pub(super) fn set_date(date: Option<NaiveDate>) -> Option<NaiveDate> {
    date.filter(|date| !is_unset(*date))
}

/// An instant of a payload; an instant that was never set reads as absent.
pub(super) fn set_instant(instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Some(instant).filter(|instant| !is_unset(date_of(*instant)))
}

/// The turns of this fold at one instant: what a release ends, the release, what begins, the
/// arrival, all else, what ends.
#[derive(Debug, Default)]
struct ContinuityTurns {
    place: InOrOut,
    /// The detention and the start of the absence that runs.
    absence: Option<((StreamName, Id), DateTime<Utc>)>,
}

impl ContinuityTurns {
    /// Whether an absence of the record's detention runs from an earlier instant.
    fn is_absent_before(&self, record: &DatedFact) -> bool {
        let Some(detention) = record.detention() else { return false };
        self.absence.as_ref().is_some_and(|((stream, id), since)| {
            stream == detention.stream && id == detention.id && *since < record.instant
        })
    }
}

impl Turns for ContinuityTurns {
    fn turn(&self, record: &DatedFact, at_once: &[DatedFact]) -> u8 {
        let of_same = |other: &&DatedFact| other.detention() == record.detention();
        let is_released =
            || at_once.iter().filter(of_same).any(|other| matches!(other.fact, Fact::Released(_)));
        let is_left_again = || {
            at_once
                .iter()
                .filter(of_same)
                .any(|other| matches!(other.fact, Fact::AbsenceStarted(_)))
        };
        match record.fact {
            Fact::AbsenceEnded(_) if self.is_absent_before(record) && is_released() => 1,
            Fact::Transferred(_) | Fact::StatusChanged(_) | Fact::AbsenceStarted(_)
                if is_released() =>
            {
                2
            }
            Fact::AbsenceEnded(_) if is_released() => 3,
            Fact::Released(_) => 4,
            Fact::Admitted(_)
            | Fact::Granted(_)
            | Fact::Referred(_)
            | Fact::Enrolled(_)
            | Fact::HousingPlaced(_) => 5,
            Fact::TreatmentStarted(_) | Fact::StayAbsenceStarted(_) => 6,
            Fact::Arrived(_) => 7,
            Fact::AbsenceEnded(_) if self.is_absent_before(record) && is_left_again() => 8,
            fact if is_ending(fact) => 10,
            _ => 9,
        }
    }

    fn is_inside(&self) -> bool {
        self.place == InOrOut::Inside
    }

    fn read(&mut self, record: &DatedFact) {
        let detention = record.detention().map(|of| (of.stream.clone(), of.id.clone()));
        match record.fact {
            Fact::AbsenceStarted(_) => {
                self.absence = detention.map(|detention| (detention, record.instant));
            }
            Fact::AbsenceEnded(_) => {
                self.absence.take_if(|(of, _)| Some(&*of) == detention.as_ref());
            }
            Fact::Arrived(_) => self.absence = None,
            Fact::Released(released) if !released.reason.is_by_day() => self.absence = None,
            _ => {}
        }
        self.place = self.place.after(record.fact);
    }
}

/// Whether a record ends something that another record began: the last turn.
pub(super) fn is_ending(fact: &Fact) -> bool {
    let is_end = matches!(
        fact,
        Fact::AbsenceEnded(_)
            | Fact::StayAbsenceEnded(_)
            | Fact::TreatmentEnded(_)
            | Fact::ProgrammeCompleted(_)
            | Fact::ProgrammeLeft(_)
            | Fact::HousingLeft(_)
    );
    is_end || fact.closes_stay()
}
