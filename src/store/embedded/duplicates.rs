//! The dedup keys that records of several streams carry. Only several writers at once can cause
//! such cross-stream duplicates.
//! Always: the duplicates are in memory, read from the log at each start. A duplicate is noted
//! before the index and the tail show the record, so a reader of the later record finds the earlier
//! records too.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use crate::domain::id::{DedupKey, DedupKeyMap, Position};
use crate::store::Stored;

/// The cross-stream duplicates of a log. Every read takes the lock for one look-up, and the writer
/// for one note. Most logs have no duplicate; then a look-up reads an empty table.
#[derive(Default)]
pub struct CrossStreamDuplicates(RwLock<DuplicateTable>);

#[derive(Default)]
struct DuplicateTable {
    /// For each key the records that carry the key, except the first, which the index finds.
    later: DedupKeyMap<Vec<Position>>,
    /// All records that carry a key of `later`, also the first with each key.
    positions: HashSet<Position>,
}

impl CrossStreamDuplicates {
    /// Notes that the record at `later` carries the dedup key of the record at `first`.
    pub fn note(&self, dedup_key: DedupKey, first: Position, later: Position) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        table.later.entry(dedup_key).or_default().push(later);
        table.positions.extend([first, later]);
    }

    /// The records that carry a key, except the first.
    pub fn later(&self, dedup_key: &DedupKey) -> Vec<Position> {
        self.read().later.get(dedup_key).cloned().unwrap_or_default()
    }

    /// Marks each record whose dedup key a record of another stream carries too.
    pub fn mark(&self, records: &mut [Stored]) {
        let table = self.read();
        if table.positions.is_empty() {
            return;
        }
        for stored in records {
            stored.is_cross_stream_duplicate = table.positions.contains(&stored.position);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, DuplicateTable> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
