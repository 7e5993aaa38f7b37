//! A record as a fold reads it: dated, with its place in the order of the fold.
//! Always: ids inside payloads are compared within their stream; findings name each record once.
//! Rules: the section "History" of the credit rules.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::fold::History;
use super::item::Item;
use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::id::{EventKey, Position};
use crate::domain::stream::StreamName;
use crate::domain::vocabulary::fact::{Fact, Id};

/// An id inside a payload, as a fold compares ids: the same id in two streams names two things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopedId<'a> {
    /// The stream of the record that has the id.
    pub stream: &'a StreamName,
    /// The id as sent.
    pub id: &'a Id,
}

/// A record that counts, with its place in the order of a fold.
#[derive(Debug, Clone, Copy)]
pub struct DatedFact<'a> {
    /// The index of the record in the order of the fold.
    pub place: usize,
    /// When the fact happened.
    pub instant: DateTime<Utc>,
    /// The civil date of `instant`.
    pub date: NaiveDate,
    /// The record with its corrections.
    pub item: &'a Item,
    /// The fact that the record states.
    pub fact: &'a Fact,
}

impl<'a> DatedFact<'a> {
    /// The name of the record in answers.
    pub fn name(&self) -> RecordName {
        RecordName::of(&self.item.recorded)
    }

    /// An id of this record's payload, within the record's stream.
    pub fn scoped(&self, id: &'a Id) -> ScopedId<'a> {
        ScopedId { stream: &self.item.recorded.stream, id }
    }

    /// The detention that the record names, if the record is about one.
    pub fn detention(&self) -> Option<ScopedId<'a>> {
        self.fact.detention().map(|id| self.scoped(id))
    }

    /// The stay that the record names, if the record is about one.
    pub fn stay(&self) -> Option<ScopedId<'a>> {
        self.fact.stay().map(|id| self.scoped(id))
    }

    /// The modality that the record is about, if any.
    pub fn modality(&self) -> Option<ScopedId<'a>> {
        self.fact.modality().map(|id| self.scoped(id))
    }

    pub(super) fn key(&self) -> &'a EventKey {
        &self.item.event().key
    }
}

/// A finding about these records, which the finding names once each and in their order.
pub fn finding_about(code: FindingCode, message: &str, records: &[DatedFact]) -> Finding {
    let mut records = records.to_vec();
    records.sort_by_key(|record| record.place);
    records.dedup_by_key(|record| record.place);
    Finding::new(code, message, records.iter().map(DatedFact::name).collect())
}

/// Sorts findings by code, then by their records in the order of a fold, and keeps each once.
/// `records` are the records that have a place in that order.
pub fn put_in_order<'a>(
    findings: &mut Vec<Finding>,
    history: &'a History,
    records: impl IntoIterator<Item = &'a DatedFact<'a>>,
) {
    if findings.len() < 2 {
        return;
    }
    let mut places: BTreeMap<Position, (DateTime<Utc>, Option<usize>)> =
        history.items.iter().map(|item| (item.recorded.position, (item.instant(), None))).collect();
    let with_place = |record: &DatedFact<'a>| {
        (record.item.recorded.position, (record.instant, Some(record.place)))
    };
    places.extend(records.into_iter().map(with_place));
    let place = |name: &RecordName| {
        (places.get(&name.position).copied(), name.source.clone(), name.id.clone())
    };
    findings.sort_by_cached_key(|finding| {
        let records: Vec<_> = finding.records.iter().map(place).collect();
        (finding.code, records, finding.message.clone())
    });
    findings.dedup();
}
