//! The substitution records of a person, sorted by what each of them says.
//! Always: at one instant stand prescriptions that a stop there names, doses, withheld doses,
//! stops, other prescriptions, changes; of one kind, in the order of records.
//! Rules: "What counts" and "Cover and due" in the section "Substitution" of the continuity rules.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::prescriptions::Prescriptions;
use super::tellings::{ToldDose, told_doses};
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::vocabulary::choice::{
    NotDeliveredCause, Product, Service, StopReason, WithheldReason,
};
use crate::domain::vocabulary::fact::{DoseChanged, Fact, SubstitutionStopped};

/// A due dose that a record says was not given.
#[derive(Debug, Clone, Copy)]
pub struct WithheldDose<'a> {
    pub record: DatedFact<'a>,
    /// Whether the person refused or did not come; else the dose was not offered.
    pub is_missed: bool,
    pub product: Option<Product>,
}

/// A stop.
#[derive(Debug, Clone, Copy)]
pub struct Stop<'a> {
    pub record: DatedFact<'a>,
    pub stopped: &'a SubstitutionStopped,
    pub names: Option<ScopedId<'a>>,
}

impl Stop<'_> {
    /// Whether a stop for this reason ends the course that it is about.
    pub const fn may_end_course(&self) -> bool {
        matches!(self.stopped.reason, StopReason::Planned | StopReason::Client | StopReason::Death)
    }

    /// Whether the stop only closes prescriptions, because the person moves.
    pub const fn closes(&self) -> bool {
        matches!(self.stopped.reason, StopReason::Transfer | StopReason::Release)
    }
}

/// The kinds of elements, in the order in which they stand at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ElementKind {
    /// A prescription that a stop of its instant names.
    NamedPrescription,
    Dose,
    Withheld,
    Stop,
    Prescription,
    Change,
}

/// An element: its kind, and its index among the elements of its kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    pub at: DateTime<Utc>,
    pub kind: ElementKind,
    pub index: usize,
}

/// The substitution records of a person.
#[derive(Debug, Default)]
pub struct SubstitutionRecords<'a> {
    pub doses: Vec<ToldDose<'a>>,
    /// The doses that are only shown: they were reported too late to count.
    pub only_shown: Vec<ToldDose<'a>>,
    pub prescriptions: Prescriptions<'a>,
    pub withheld: Vec<WithheldDose<'a>>,
    pub stops: Vec<Stop<'a>>,
    pub changes: Vec<(DatedFact<'a>, &'a DoseChanged)>,
    /// All substitution records.
    pub records: Vec<DatedFact<'a>>,
    pub(super) elements: Vec<Element>,
}

impl<'a> SubstitutionRecords<'a> {
    /// Sorts the records.
    pub fn read(records: &[DatedFact<'a>], rules: &ContinuityRules) -> Self {
        let mut sorted = Self { prescriptions: Prescriptions::read(records), ..Self::default() };
        for record in records {
            sorted.take(*record);
        }
        (sorted.doses, sorted.only_shown) =
            told_doses(&sorted.records, &sorted.prescriptions, rules);
        sorted.elements = sorted.in_order();
        sorted
    }

    fn take(&mut self, record: DatedFact<'a>) {
        match record.fact {
            Fact::DoseWithheld(fact) => self.withheld.push(WithheldDose {
                record,
                is_missed: matches!(fact.reason, WithheldReason::Refused | WithheldReason::NoShow),
                product: fact.product,
            }),
            Fact::NotDelivered(fact) if fact.service == Some(Service::Substitution) => {
                let is_missed = fact.cause == NotDeliveredCause::Client;
                self.withheld.push(WithheldDose { record, is_missed, product: None });
            }
            Fact::SubstitutionStopped(stopped) => {
                let names = stopped.prescription.as_ref().map(|id| record.scoped(id));
                self.stops.push(Stop { record, stopped, names });
            }
            Fact::DoseChanged(changed) => self.changes.push((record, changed)),
            Fact::Verified(_)
            | Fact::Prescribed(_)
            | Fact::DoseContinued(_)
            | Fact::HandoverSent(_)
            | Fact::HandoverConfirmed(_) => {}
            _ => return,
        }
        self.records.push(record);
    }

    fn in_order(&self) -> Vec<Element> {
        let stopped_at_once: HashSet<(DateTime<Utc>, ScopedId)> =
            self.stops.iter().filter_map(|stop| Some((stop.record.instant, stop.names?))).collect();
        let prescriptions = self.prescriptions.all.iter().map(|prescription| {
            let at = prescription.record.instant;
            match stopped_at_once.contains(&(at, prescription.id)) {
                true => (at, ElementKind::NamedPrescription),
                false => (at, ElementKind::Prescription),
            }
        });
        let element = |(index, (at, kind))| Element { at, kind, index };
        let of = |kind| move |at| (at, kind);
        let doses = self.doses.iter().map(|dose| dose.at).map(of(ElementKind::Dose));
        let withheld = self.withheld.iter().map(|one| one.record.instant);
        let stops = self.stops.iter().map(|stop| stop.record.instant);
        let changes = self.changes.iter().map(|(record, _)| record.instant);
        let mut elements: Vec<Element> = prescriptions.enumerate().map(element).collect();
        elements.extend(doses.enumerate().map(element));
        elements.extend(withheld.map(of(ElementKind::Withheld)).enumerate().map(element));
        elements.extend(stops.map(of(ElementKind::Stop)).enumerate().map(element));
        elements.extend(changes.map(of(ElementKind::Change)).enumerate().map(element));
        elements.sort_by_key(|element| (element.at, element.kind, element.index));
        elements
    }
}
