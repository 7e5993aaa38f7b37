//! One round: folding a stretch of the log into the lists.
//! Always: whoever a record of the stretch touches is folded once, as known at its last record;
//! what is done is kept, so a round that was cut off goes on where it was.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::row::Row;
use super::runner::{Fault, Runner};
use super::state::{Link, Read, Round};
use super::whole_micros;
use crate::domain::id::{DedupKey, PersonId, Position};
use crate::ledger::ReadError;

/// So many persons are committed at once, so that little is done again after a cut.
const CHUNK_PERSONS: usize = 200;

/// So many records are read at once.
const PAGE_RECORDS: usize = 10_000;

/// Whose answers rest on what lies outside their own stream.
#[derive(Default)]
pub(super) struct Links {
    streams: HashMap<PersonId, HashSet<PersonId>>,
    dedup_keys: HashMap<DedupKey, HashSet<PersonId>>,
}

impl Links {
    /// Adds one link.
    pub fn add(&mut self, person: PersonId, link: Link) {
        match link {
            Link::Stream(stream) => self.streams.entry(stream).or_default().insert(person),
            Link::DedupKey(dedup_key) => {
                self.dedup_keys.entry(dedup_key).or_default().insert(person)
            }
        };
    }

    // A link that no longer holds is left: it only has a person folded once more.
    fn learn(&mut self, row: &Row) {
        for stream in &row.depends_on.streams {
            self.add(row.person, Link::Stream(*stream));
        }
        for dedup_key in &row.depends_on.dedup_keys {
            self.add(row.person, Link::DedupKey(*dedup_key));
        }
    }
}

impl Runner {
    /// Folds in what has been recorded up to a position, or goes on with the round that was cut.
    pub(super) async fn round(&mut self, end: Position) -> Result<(), Fault> {
        let begun = self.state.round()?;
        let to = begun.map_or(end, |round| round.to);
        let done = begun.and_then(|round| round.done);
        let last = self.ledger.anchor(to).await?;
        let last = last.ok_or_else(|| ReadError::failed("a record of the log is missing"))?;
        let anchor = last.commitment;
        let touched = self.touched(to).await?;
        if self.is_stopped() {
            return Ok(());
        }
        let left = touched.into_iter().filter(|person| done.is_none_or(|done| *person > done));
        let mut rows = Vec::new();
        for person in left {
            if self.is_stopped() {
                return Ok(());
            }
            let now = whole_micros((self.clock)());
            let row = self.fold(person, last.recorded, now).await?;
            rows.extend(row.inspect(|row| self.links.learn(row)));
            if rows.len() == CHUNK_PERSONS {
                self.state.put(&rows, Round { to, anchor, done: Some(person) })?;
                rows.clear();
            }
        }
        self.state.end(&rows, Read { position: to, anchor: Some(anchor) })?;
        Ok(())
    }

    /// Whose answers the records up to a position may change, in order; not all, once it is told to
    /// stop.
    async fn touched(&mut self, to: Position) -> Result<BTreeSet<PersonId>, Fault> {
        let mut touched = BTreeSet::new();
        let mut after = self.state.read()?.position;
        while after < to && !self.is_stopped() {
            self.rest().await;
            let records = self.ledger.clear(after, PAGE_RECORDS).await?;
            let Some(last) = records.last() else { break };
            after = last.position;
            for record in records.iter().filter(|record| record.position <= to) {
                touched.insert(record.stream);
                touched.extend(self.links.streams.get(&record.stream).into_iter().flatten());
                touched.extend(self.links.dedup_keys.get(&record.dedup_key).into_iter().flatten());
            }
        }
        let streams: Vec<PersonId> = touched.iter().copied().collect();
        touched.extend(self.ledger.sharing(&streams).await?);
        Ok(touched)
    }
}
