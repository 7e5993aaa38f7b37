//! The order of records at one instant in the trajectory, and where the records so far have the
//! person.
//! Always: where an absence runs from an earlier instant, its end stands before another absence of
//! its detention begins.
//! Rules: "Order at one instant" in the section "Words", and "Custody", of the continuity rules.

use chrono::{DateTime, Utc};

use super::dated::{DatedFact, ScopedId};
use super::ranks::Turns;
use crate::domain::stream::StreamName;
use crate::domain::vocabulary::fact::{Fact, Id};

/// Whether the person is in prison, in the eyes of the law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InOrOut {
    /// No record says.
    #[default]
    Unknown,
    /// Held, or away from where the person is held.
    Inside,
    /// At home, or wherever the person lives.
    Outside,
}

impl InOrOut {
    /// The place after a record. A release by day ends no detention.
    pub fn after(self, fact: &Fact) -> Self {
        match fact {
            Fact::Arrived(_) | Fact::Transferred(_) | Fact::AbsenceStarted(_) => Self::Inside,
            Fact::Released(released) if !released.reason.is_by_day() => Self::Outside,
            Fact::StatusChanged(_) | Fact::AbsenceEnded(_) | Fact::Released(_)
                if self == Self::Unknown =>
            {
                Self::Inside
            }
            _ => self,
        }
    }
}

/// The turns of the trajectory at one instant: what a release ends, the release, what begins, the
/// arrival, all else, what ends.
#[derive(Debug, Default)]
pub struct ContinuityTurns {
    place: InOrOut,
    /// The detention and the start of the absence that runs.
    absence: Option<((StreamName, Id), DateTime<Utc>)>,
}

impl ContinuityTurns {
    /// The turns of an instant before which the records have the person at this place, with this
    /// detention and this start of the absence that runs.
    pub fn after(place: InOrOut, absence: Option<(ScopedId, DateTime<Utc>)>) -> Self {
        let own = |(of, since): (ScopedId, _)| ((of.stream.clone(), of.id.clone()), since);
        Self { place, absence: absence.map(own) }
    }
}

impl Turns for ContinuityTurns {
    fn turn(&self, record: &DatedFact, is_released: bool) -> u8 {
        match record.fact {
            Fact::Transferred(_) | Fact::StatusChanged(_) | Fact::AbsenceStarted(_)
                if is_released =>
            {
                1
            }
            Fact::AbsenceEnded(_) if is_released => 2,
            Fact::Released(_) => 3,
            Fact::Admitted(_)
            | Fact::Granted(_)
            | Fact::Referred(_)
            | Fact::Enrolled(_)
            | Fact::HousingPlaced(_) => 4,
            Fact::TreatmentStarted(_) | Fact::StayAbsenceStarted(_) => 5,
            Fact::Arrived(_) => 6,
            fact if fact.is_ending() => 8,
            _ => 7,
        }
    }

    fn ends_earlier_absence(&self, record: &DatedFact) -> bool {
        self.absence.as_ref().zip(record.detention()).is_some_and(
            |(((stream, id), since), ended)| {
                stream == ended.stream && id == ended.id && *since < record.instant
            },
        )
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
