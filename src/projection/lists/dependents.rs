//! The persons whose answers depend on records outside their own stream.
//! Always: every person whose answer depends on a record is found. At worst a person is found whose
//! answer no longer depends on the record, and a row is folded needlessly.

use std::collections::{HashMap, HashSet};

use super::row::Row;
use crate::domain::id::{DedupKey, PersonId};
use crate::ledger::read::header::RecordHeader;

/// One thing that a person's answer depends on, outside the person's own stream.
pub(super) enum Dependency {
    /// Every record of another person's stream.
    Stream(PersonId),
    /// The record with this key, in whatever stream.
    Record(DedupKey),
}

/// The persons that depend on each stream and each record of others.
#[derive(Default)]
pub(super) struct Dependents {
    of_streams: HashMap<PersonId, HashSet<PersonId>>,
    of_records: HashMap<DedupKey, HashSet<PersonId>>,
}

impl Dependents {
    /// Adds a person.
    pub fn add(&mut self, person: PersonId, dependency: Dependency) {
        match dependency {
            Dependency::Stream(stream) => self.of_streams.entry(stream).or_default(),
            Dependency::Record(dedup_key) => self.of_records.entry(dedup_key).or_default(),
        }
        .insert(person);
    }

    /// Adds the person of a row.
    pub fn add_row(&mut self, row: &Row) {
        for stream in &row.depends_on.streams {
            self.add(row.person, Dependency::Stream(*stream));
        }
        for dedup_key in &row.depends_on.dedup_keys {
            self.add(row.person, Dependency::Record(*dedup_key));
        }
    }

    /// The persons whose answers a record may change, beside the person of its stream.
    pub fn of(&self, record: &RecordHeader) -> impl Iterator<Item = PersonId> {
        let of_stream = record.person.and_then(|person| self.of_streams.get(&person));
        let of_record = self.of_records.get(&record.dedup_key);
        of_stream.into_iter().chain(of_record).flatten().copied()
    }
}
