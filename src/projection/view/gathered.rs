//! The records of a file, gathered by stream in memory, as histories.
//! Always: the streams come in the order of the view `effective`: those of facilities, of projects,
//! of persons, and of one kind by the position of their first record.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::delivered::Delivered;
use super::in_force::in_force;
use crate::domain::event::Recorded;
use crate::domain::history::{Merges, OutsideTargets, fold, stream_turn};
use crate::domain::id::PersonId;
use crate::domain::stream::StreamName;
use crate::domain::time::calendar::At;

/// See the module.
#[derive(Default)]
pub struct GatheredRecords {
    /// The streams in the order of their first records.
    names: Vec<StreamName>,
    records: HashMap<StreamName, Vec<Arc<Recorded>>>,
}

impl GatheredRecords {
    /// Takes a record in.
    pub fn push(&mut self, record: Arc<Recorded>) {
        let of_stream = self.records.entry(record.stream.clone()).or_insert_with_key(|name| {
            self.names.push(name.clone());
            Vec::new()
        });
        of_stream.push(record);
    }

    /// The records in force of each stream: those that had happened by `at`, or all.
    pub fn streams(mut self, at: Option<At>) -> impl Iterator<Item = Vec<Delivered>> {
        self.names.sort_by_key(stream_turn);
        let names = std::mem::take(&mut self.names);
        let mut done: HashSet<PersonId> = HashSet::new();
        names.into_iter().filter_map(move |name| {
            let Some(person) = name.person() else {
                let records = self.records.remove(&name).unwrap_or_default();
                return Some(in_force(&fold(records, &OutsideTargets::default(), None), &name, at));
            };
            if done.contains(&person) {
                return None;
            }
            let merges = self.merges_around(person);
            let into = merges.pseudonyms(person).merged_into.unwrap_or(person);
            let mut others: Vec<PersonId> = merges.same_person(person).into_iter().collect();
            others.sort_unstable();
            done.extend(&others);
            others.retain(|other| *other != into);
            // The stream joined into comes first, as where a ledger is asked for it.
            let all = std::iter::once(into).chain(others).flat_map(|one| self.of(one)).cloned();
            let history = fold(all.collect::<Vec<_>>(), &OutsideTargets::default(), None);
            Some(in_force(&history, &into.into(), at))
        })
    }

    fn of(&self, person: PersonId) -> &[Arc<Recorded>] {
        self.records.get(&StreamName::Person(person)).map_or(&[], Vec::as_slice)
    }

    /// The merges and unmerges in all streams that they lead to from one person.
    fn merges_around(&self, person: PersonId) -> Merges {
        let mut persons = vec![person];
        loop {
            let records = persons.iter().flat_map(|person| self.of(*person));
            let merges = Merges::of(records.cloned(), None);
            let mut named: Vec<PersonId> =
                merges.named().filter(|named| !persons.contains(named)).collect();
            named.sort_unstable();
            named.dedup();
            if named.is_empty() {
                return merges;
            }
            persons.extend(named);
        }
    }
}
