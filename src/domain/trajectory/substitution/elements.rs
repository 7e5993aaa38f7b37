//! The substitution records of a person, sorted by what each of them says.
//! Always: at one instant stand prescriptions that a stop there names, doses, withheld doses,
//! stops, other prescriptions, changes; of one kind, in the order of records. Records that are no
//! elements stand first: none of them belongs to a course that begins at their instant.
//! Rules: "What counts" and "Cover and due" in the section "Substitution" of the continuity rules.

use chrono::{DateTime, Utc};

use super::prescriptions::{Prescription, Prescriptions};
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

impl<'a> Stop<'a> {
    /// Whether the stop closes a prescription that stands before it.
    pub(super) fn closes(&self, prescription: ScopedId<'a>) -> bool {
        matches!(self.stopped.reason, StopReason::Transfer | StopReason::Release)
            && self.names.is_none_or(|named| named == prescription)
    }
}

/// The kinds of elements, in the order in which they stand at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ElementKind {
    /// A record that is no element: it only says that substitution goes on at its time.
    Mention,
    /// A prescription that a stop of its instant names.
    NamedPrescription,
    Dose,
    Withheld,
    Stop,
    Prescription,
    Change,
}

/// An element: its kind, and its index among those of its kind.
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
            Fact::Prescribed(_) | Fact::DoseContinued(_) => {}
            fact if is_mention(fact) => {}
            _ => return,
        }
        self.records.push(record);
    }

    fn in_order(&self) -> Vec<Element> {
        let prescription = |(index, one): (usize, &Prescription<'a>)| {
            let at = one.record.instant;
            let kind = match one.is_stopped_at_once {
                true => ElementKind::NamedPrescription,
                false => ElementKind::Prescription,
            };
            Element { at, kind, index }
        };
        let mut elements: Vec<Element> =
            self.prescriptions.all.iter().enumerate().map(prescription).collect();
        let mut add = |kind, instants: &mut dyn Iterator<Item = DateTime<Utc>>| {
            elements.extend(instants.enumerate().map(|(index, at)| Element { at, kind, index }));
        };
        let mentions = self.records.iter().filter(|record| is_mention(record.fact));
        let told_again = self.doses.iter().flat_map(|dose| {
            dose.tellings.iter().filter(|telling| telling.is_given && telling.at != dose.at)
        });
        let mentions = mentions.chain(told_again.map(|telling| &telling.record));
        add(ElementKind::Mention, &mut mentions.map(|record| record.instant));
        add(ElementKind::Dose, &mut self.doses.iter().map(|dose| dose.at));
        add(ElementKind::Withheld, &mut self.withheld.iter().map(|one| one.record.instant));
        add(ElementKind::Stop, &mut self.stops.iter().map(|stop| stop.record.instant));
        add(ElementKind::Change, &mut self.changes.iter().map(|(record, _)| record.instant));
        elements.sort_unstable_by_key(|element| (element.at, element.kind, element.index));
        elements
    }

    /// The prescriptions that stand before a stop at its very instant and that it does not name: if
    /// the stop ends the course, they are of the next one; an interruption that it begins they end.
    pub(super) fn going_on_past(&self, stop: usize) -> impl Iterator<Item = &Prescription<'a>> {
        let Stop { record, names, .. } = self.stops[stop];
        let goes_on = move |one: &&Prescription| one.is_stopped_at_once && names != Some(one.id);
        self.prescriptions.written_at(record.instant).iter().filter(goes_on)
    }

    /// The stops that stand before a stop at its very instant.
    pub(super) fn before_at_once(&self, stop: usize) -> impl Iterator<Item = &Stop<'a>> {
        let at = self.stops[stop].record.instant;
        self.stops[..stop].iter().rev().take_while(move |before| before.record.instant == at)
    }

    /// Whether an element or a substitution record is at or before an instant.
    pub(super) fn has_begun(&self, by: DateTime<Utc>) -> bool {
        self.elements.first().is_some_and(|first| first.at <= by)
    }
}

/// Whether a substitution record is no element at its own time.
const fn is_mention(fact: &Fact) -> bool {
    matches!(fact, Fact::Verified(_) | Fact::HandoverSent(_) | Fact::HandoverConfirmed(_))
}
