//! The prescriptions of a person, by their ids and products.
//! Always: of two records of one prescription the last one counts.
//! Rules: "What counts" in the section "Substitution" of the continuity rules.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::vocabulary::choice::Product;
use crate::domain::vocabulary::fact::{Fact, Prescribed, Verified};

/// One record of a prescription.
#[derive(Debug, Clone, Copy)]
pub struct Prescription<'a> {
    pub record: DatedFact<'a>,
    pub id: ScopedId<'a>,
    pub prescribed: &'a Prescribed,
    /// Whether a stop of its instant names it: it then stands before all other elements there.
    pub is_stopped_at_once: bool,
}

/// All records of prescriptions, in the order of elements, and the verifications from which an
/// interval is guessed.
#[derive(Debug, Default)]
pub struct Prescriptions<'a> {
    pub all: Vec<Prescription<'a>>,
    last_of_id: BTreeMap<ScopedId<'a>, usize>,
    verified: Vec<(DatedFact<'a>, &'a Verified)>,
}

impl<'a> Prescriptions<'a> {
    /// Reads the records in order.
    pub fn read(records: &[DatedFact<'a>]) -> Self {
        let stopped = |record: &DatedFact<'a>| match record.fact {
            Fact::SubstitutionStopped(stopped) => {
                Some((record.instant, record.scoped(stopped.prescription.as_ref()?)))
            }
            _ => None,
        };
        let stopped: BTreeSet<(DateTime<Utc>, ScopedId)> =
            records.iter().filter_map(stopped).collect();
        let (mut all, mut verified) = (Vec::new(), Vec::new());
        for record in records {
            match record.fact {
                Fact::Prescribed(prescribed) => {
                    let (record, id) = (*record, record.scoped(&prescribed.prescription));
                    let is_stopped_at_once = stopped.contains(&(record.instant, id));
                    all.push(Prescription { record, id, prescribed, is_stopped_at_once });
                }
                Fact::Verified(fact) => verified.push((*record, fact)),
                _ => {}
            }
        }
        all.sort_by_key(|one| (one.record.instant, !one.is_stopped_at_once));
        let last_of_id = all.iter().enumerate().map(|(index, one)| (one.id, index)).collect();
        Self { all, last_of_id, verified }
    }

    /// A prescription that a record names, if it is known.
    pub fn named(&self, id: Option<ScopedId<'a>>) -> Option<&Prescription<'a>> {
        self.last_of_id.get(&id?).map(|&index| &self.all[index])
    }

    /// The prescriptions written at or before an instant.
    pub fn come(&self, at: DateTime<Utc>) -> &[Prescription<'a>] {
        &self.all[..self.all.partition_point(|one| one.record.instant <= at)]
    }

    /// The prescriptions of an instant.
    pub fn written_at(&self, at: DateTime<Utc>) -> &[Prescription<'a>] {
        let come = self.come(at);
        &come[come.partition_point(|one| one.record.instant < at)..]
    }

    /// The interval in days of a dose whose tellings state none.
    pub fn guess_interval_days(
        &self,
        record: &DatedFact<'a>,
        product: Product,
        names: Option<ScopedId<'a>>,
        rules: &ContinuityRules,
    ) -> u32 {
        if let Some(named) = self.named(names) {
            return days_of(named.prescribed, rules);
        }
        let of_product = |other: &&Prescription| other.prescribed.product == product;
        if let Some(last) = self.come(record.instant).iter().rfind(of_product) {
            // A guess is about records, so it takes the last one in the order of records.
            let at_once = self.written_at(last.record.instant).iter().filter(of_product);
            let last = at_once.max_by_key(|one| one.record.place).unwrap_or(last);
            return days_of(last.prescribed, rules);
        }
        let before = self.verified.partition_point(|(other, _)| other.place < record.place);
        match self.verified[..before].iter().rfind(|(_, verified)| verified.product == product) {
            Some((_, last)) => rules.products.days_of_form(last.product, last.formulation),
            None => rules.thresholds.unstated_interval_days.value,
        }
    }
}

/// The interval of a prescription in days.
pub fn days_of(prescribed: &Prescribed, rules: &ContinuityRules) -> u32 {
    rules.products.days_of_form(prescribed.product, prescribed.formulation)
}
