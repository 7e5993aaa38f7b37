//! Dedup keys that records of several streams carry, which only several writers at once can make.
//! Always: in memory, made anew at each start from the log; noted before the index and the tail
//! show the record, so that whoever reads the later record of a key finds the earlier ones too.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use crate::domain::id::{DedupKey, DedupKeyMap, Position};
use crate::store::Stored;

/// See the module. The lock is held for one look or one note; with no duplicates, which is the
/// common case, a look is one read of an empty table.
#[derive(Default)]
pub struct CrossStreamDuplicates(RwLock<Noted>);

#[derive(Default)]
struct Noted {
    /// For each key the records that carry it, but for the first, which the index finds.
    later: DedupKeyMap<Vec<Position>>,
    /// All records that carry such a key.
    positions: HashSet<Position>,
}

impl CrossStreamDuplicates {
    /// Notes that the record at `later` carries the key of the record at `first`.
    pub fn note(&self, dedup_key: DedupKey, first: Position, later: Position) {
        let mut noted = self.0.write().unwrap_or_else(PoisonError::into_inner);
        noted.later.entry(dedup_key).or_default().push(later);
        noted.positions.extend([first, later]);
    }

    /// The records that carry a key, but for the first.
    pub fn later(&self, dedup_key: &DedupKey) -> Vec<Position> {
        self.read().later.get(dedup_key).cloned().unwrap_or_default()
    }

    /// Marks those of these records that carry such a key.
    pub fn mark(&self, records: &mut [Stored]) {
        let noted = self.read();
        if noted.positions.is_empty() {
            return;
        }
        for stored in records {
            stored.is_cross_stream_duplicate = noted.positions.contains(&stored.position);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Noted> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
