//! The place of the person after each record: inside, outside, or unknown.
//! Always: a record that implies a beginning which nobody recorded is accepted, with a finding.
//! Rules: the first table of the section "Custody" of the continuity rules.

use chrono::{DateTime, Utc};

use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{DatedFact, ScopedId, finding_about};
use crate::domain::vocabulary::choice::{AbsenceKind, LegalStatus, UnitKind};
use crate::domain::vocabulary::fact::{Code, Fact, Released};

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

/// An absence that runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunningAbsence<'a> {
    pub kind: AbsenceKind,
    pub since: DateTime<Utc>,
    detention: ScopedId<'a>,
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

    /// Reads one record among all records of its instant.
    pub(super) fn read(
        &mut self,
        record: DatedFact<'a>,
        at_once: &[DatedFact<'a>],
    ) -> Option<Finding> {
        let finding = match record.fact {
            Fact::Released(released) => return self.release(record, released),
            Fact::Arrived(_) => self.arrive(record),
            Fact::Transferred(_) | Fact::StatusChanged(_) | Fact::AbsenceStarted(_) => {
                self.suppose_inside(record)
            }
            Fact::AbsenceEnded(_) if self.place == InOrOut::Unknown => self.suppose_inside(record),
            _ => None,
        };
        finding.or_else(|| self.change(record, at_once))
    }

    fn begin(&mut self, record: DatedFact<'a>) {
        let unit = self.unit;
        *self = Self {
            place: InOrOut::Inside,
            since: Some(record.instant),
            began: Some(record),
            unit,
            ..Self::default()
        };
    }

    /// A record about a detention of a person who is not known to be inside. A change of title
    /// says nothing about a person outside.
    fn suppose_inside(&mut self, record: DatedFact<'a>) -> Option<Finding> {
        let is_about_title = matches!(record.fact, Fact::StatusChanged(_));
        if self.place == InOrOut::Inside || is_about_title && self.place == InOrOut::Outside {
            return None;
        }
        self.begin(record);
        match record.fact {
            Fact::Transferred(moved) => {
                self.facility = Some(&moved.to);
                self.unit.take_if(|unit| *unit.facility != moved.to);
            }
            Fact::StatusChanged(changed) => self.status = Some(changed.to),
            Fact::AbsenceStarted(_) => self.start_absence(record),
            _ => {}
        }
        let message = "Continues a detention whose beginning is not recorded.";
        Some(finding_about(FindingCode::BeginningMissing, message, &[record]))
    }

    fn arrive(&mut self, record: DatedFact<'a>) -> Option<Finding> {
        let Fact::Arrived(arrived) = record.fact else { return None };
        let mut finding = None;
        if self.place == InOrOut::Inside {
            if self.absence.take().is_some_and(|absence| absence.kind.is_unlawful()) {
                self.since = Some(record.instant);
            } else {
                let message = "Arrived while already inside.";
                let before = self.last_arrival.or(self.began);
                let records: Vec<DatedFact> = before.into_iter().chain([record]).collect();
                let code = FindingCode::ArrivalWithoutRelease;
                finding = Some(finding_about(code, message, &records));
            }
        } else {
            self.begin(record);
        }
        self.last_arrival = Some(record);
        (self.facility, self.status) = (Some(&arrived.facility), Some(arrived.legal_status));
        self.unit.take_if(|unit| *unit.facility != arrived.facility);
        finding
    }

    fn release(&mut self, record: DatedFact<'a>, released: &Released) -> Option<Finding> {
        let without_arrival = || {
            let message = "Released while not inside.";
            finding_about(FindingCode::ReleaseWithoutArrival, message, &[record])
        };
        if released.reason.is_by_day() {
            let finding = match self.place {
                InOrOut::Unknown => self.suppose_inside(record),
                InOrOut::Outside => return Some(without_arrival()),
                InOrOut::Inside => None,
            };
            self.by_day = Some(record.instant);
            return finding;
        }
        let finding = (self.place != InOrOut::Inside && !self.is_out_for_now).then(without_arrival);
        *self = Self {
            place: InOrOut::Outside,
            since: Some(record.instant),
            is_out_for_now: !released.is_final,
            unit: self.unit,
            ..Self::default()
        };
        finding
    }

    /// A record about a detention of a person who is known to be inside, or about a unit.
    fn change(&mut self, record: DatedFact<'a>, at_once: &[DatedFact<'a>]) -> Option<Finding> {
        let is_inside = self.place == InOrOut::Inside;
        match record.fact {
            Fact::Transferred(moved) => {
                let known = self.facility.replace(&moved.to);
                self.unit.take_if(|unit| *unit.facility != moved.to);
                let arrives = |other: &DatedFact| match other.fact {
                    Fact::Arrived(arrived) => arrived.facility == moved.to,
                    _ => false,
                };
                let fits = known.is_none_or(|known| *known == moved.from);
                (!fits && !at_once.iter().any(arrives)).then(|| {
                    let message = "Transferred from another prison than the one known.";
                    finding_about(FindingCode::Contradiction, message, &[record])
                })
            }
            Fact::StatusChanged(changed) if is_inside => {
                let known = self.status.replace(changed.to);
                known.is_some_and(|known| known != changed.from).then(|| {
                    let message = "The title changes from another title than the one known.";
                    finding_about(FindingCode::Contradiction, message, &[record])
                })
            }
            Fact::AbsenceStarted(_) => {
                self.start_absence(record);
                None
            }
            Fact::AbsenceEnded(_) => self.end_absence(record, at_once),
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
        }
    }

    fn start_absence(&mut self, record: DatedFact<'a>) {
        if let (Fact::AbsenceStarted(started), Some(detention)) = (record.fact, record.detention())
        {
            let (kind, since) = (started.kind, record.instant);
            self.absence = Some(RunningAbsence { kind, since, detention });
        }
    }

    fn end_absence(&mut self, record: DatedFact<'a>, at_once: &[DatedFact]) -> Option<Finding> {
        let is_its = |absence: &mut RunningAbsence| Some(absence.detention) == record.detention();
        if self.place == InOrOut::Inside {
            if let Some(ended) = self.absence.take_if(is_its) {
                if ended.kind.is_unlawful() {
                    self.since = Some(record.instant);
                }
                return None;
            }
            if at_once.iter().any(|other| matches!(other.fact, Fact::Arrived(_))) {
                return None;
            }
        }
        let message = "Ends an absence whose start is not recorded.";
        Some(finding_about(FindingCode::BeginningMissing, message, &[record]))
    }
}
