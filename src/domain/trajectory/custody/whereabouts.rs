//! The place of the person after each record: inside, outside, or unknown.
//! Always: a record that implies a beginning which nobody recorded is accepted, with a finding.
//! Rules: the first table of the section "Custody" of the continuity rules.

use chrono::{DateTime, Utc};

use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{ContinuityTurns, DatedFact, InOrOut, ScopedId, finding_about};
use crate::domain::vocabulary::choice::{AbsenceKind, LegalStatus, UnitKind};
use crate::domain::vocabulary::fact::{Code, Fact, Released, Transferred};

/// An absence that runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunningAbsence<'a> {
    pub kind: AbsenceKind,
    pub since: DateTime<Utc>,
    detention: Option<ScopedId<'a>>,
}

/// A placement in a drug-free unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlacedUnit<'a> {
    pub placement: ScopedId<'a>,
    pub kind: Option<UnitKind>,
    pub facility: &'a Code,
    pub since: DateTime<Utc>,
}

/// What the records say about the place of the person.
#[derive(Debug, Clone, Copy, Default)]
pub struct Whereabouts<'a> {
    pub place: InOrOut,
    /// Inside or outside since.
    pub since: Option<DateTime<Utc>>,
    pub facility: Option<&'a Code>,
    pub status: Option<LegalStatus>,
    pub(super) absence: Option<RunningAbsence<'a>>,
    /// The last release by day of this detention.
    pub by_day: Option<DateTime<Utc>>,
    pub(super) unit: Option<PlacedUnit<'a>>,
    /// The record that began this detention.
    began: Option<DatedFact<'a>>,
    last_arrival: Option<DatedFact<'a>>,
    /// Whether the person is outside by a release that left custody under a title open.
    is_out_for_now: bool,
}

impl<'a> Whereabouts<'a> {
    /// Whether the person is inside and no absence runs.
    pub fn is_in_prison(&self) -> bool {
        self.place == InOrOut::Inside && self.absence.is_none()
    }

    /// The turns of the records of the next instant.
    pub(super) fn turns(&self) -> ContinuityTurns {
        let absence = self.absence.and_then(|absence| Some((absence.detention?, absence.since)));
        ContinuityTurns::after(self.place, absence)
    }

    /// Reads one record among all records of its instant.
    pub(super) fn read(
        &mut self,
        record: DatedFact<'a>,
        at_once: &[DatedFact<'a>],
    ) -> Option<Finding> {
        let is_inside = self.place.after(record.fact) == InOrOut::Inside;
        let begins = is_inside && self.place != InOrOut::Inside;
        if begins {
            let (place, since, began) = (InOrOut::Inside, Some(record.instant), Some(record));
            *self = Self { place, since, began, unit: self.unit, ..Self::default() };
        }
        let finding = match record.fact {
            Fact::Arrived(arrived) => {
                let finding = if begins { None } else { self.arrive_again(record) };
                self.enter(&arrived.facility);
                (self.status, self.last_arrival) = (Some(arrived.legal_status), Some(record));
                return finding;
            }
            Fact::Transferred(moved) => self.transfer(record, moved, at_once),
            Fact::StatusChanged(changed) if is_inside => {
                let known = self.status.replace(changed.to);
                known.is_some_and(|known| known != changed.from).then(|| {
                    let message = "The title changes from another title than the one known.";
                    finding_about(FindingCode::Contradiction, message, &[record])
                })
            }
            Fact::AbsenceStarted(started) => {
                let (kind, since, detention) = (started.kind, record.instant, record.detention());
                self.absence = Some(RunningAbsence { kind, since, detention });
                None
            }
            Fact::AbsenceEnded(_) => self.end_absence(record, at_once),
            Fact::Released(released) => self.release(record, released),
            Fact::UnitPlaced(placed) => {
                let (placement, since) = (record.scoped(&placed.placement), record.instant);
                let facility = &placed.facility;
                self.unit = Some(PlacedUnit { placement, kind: placed.kind, facility, since });
                None
            }
            Fact::UnitLeft(left) => {
                let placement = record.scoped(&left.placement);
                self.unit.take_if(|unit| unit.placement == placement);
                None
            }
            _ => None,
        };
        if !begins {
            return finding;
        }
        let message = "Continues a detention whose beginning is not recorded.";
        Some(finding_about(FindingCode::BeginningMissing, message, &[record]))
    }

    /// The person enters a prison. Returns the prison known before.
    fn enter(&mut self, facility: &'a Code) -> Option<&'a Code> {
        self.unit.take_if(|unit| unit.facility != facility);
        self.facility.replace(facility)
    }

    /// An arrival of a person who is inside: it ends an absence.
    fn arrive_again(&mut self, record: DatedFact<'a>) -> Option<Finding> {
        if self.absence.take().is_some_and(|absence| absence.kind.is_unlawful()) {
            self.since = Some(record.instant);
            return None;
        }
        let message = "Arrived while already inside.";
        let before = self.last_arrival.or(self.began);
        let records: Vec<DatedFact> = before.into_iter().chain([record]).collect();
        Some(finding_about(FindingCode::ArrivalWithoutRelease, message, &records))
    }

    fn transfer(
        &mut self,
        record: DatedFact<'a>,
        moved: &'a Transferred,
        at_once: &[DatedFact],
    ) -> Option<Finding> {
        let arrives = |other: &DatedFact| match other.fact {
            Fact::Arrived(arrived) => arrived.facility == moved.to,
            _ => false,
        };
        let fits = self.enter(&moved.to).is_none_or(|known| *known == moved.from);
        (!fits && !at_once.iter().any(arrives)).then(|| {
            let message = "Transferred from another prison than the one known.";
            finding_about(FindingCode::Contradiction, message, &[record])
        })
    }

    fn release(&mut self, record: DatedFact<'a>, released: &Released) -> Option<Finding> {
        let is_inside = self.place == InOrOut::Inside;
        let is_without_arrival =
            !is_inside && (released.reason.is_by_day() || !self.is_out_for_now);
        if !released.reason.is_by_day() {
            *self = Self {
                place: InOrOut::Outside,
                since: Some(record.instant),
                is_out_for_now: !released.is_final,
                unit: self.unit,
                ..Self::default()
            };
        } else if is_inside {
            self.by_day = Some(record.instant);
        }
        is_without_arrival.then(|| {
            let message = "Released while not inside.";
            finding_about(FindingCode::ReleaseWithoutArrival, message, &[record])
        })
    }

    fn end_absence(&mut self, record: DatedFact<'a>, at_once: &[DatedFact]) -> Option<Finding> {
        let is_its = |absence: &mut RunningAbsence| absence.detention == record.detention();
        if let Some(ended) = self.absence.take_if(is_its) {
            if ended.kind.is_unlawful() {
                self.since = Some(record.instant);
            }
            return None;
        }
        let arrives = || at_once.iter().any(|other| matches!(other.fact, Fact::Arrived(_)));
        if self.place == InOrOut::Inside && arrives() {
            return None;
        }
        let message = "Ends an absence whose start is not recorded.";
        Some(finding_about(FindingCode::BeginningMissing, message, &[record]))
    }
}
