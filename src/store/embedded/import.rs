//! Taking records over as another log has them: with its revisions, its `recordedtime`, its bytes.
//! Always: all of an import or none; each stream goes on where it ended; what only several writers
//! at once can make, times that step back and a dedup key in two streams, is noted beside the
//! record.

use std::collections::HashMap;

use super::imported::{ImportError, Imported};
use super::log::Placed;
use super::writer::{Group, Writer};
use crate::domain::id::{PersonId, Position, RecordedTime};
use crate::domain::record::View;
use crate::store::Stored;

impl Writer {
    /// Places the records of an import behind what a group holds; says how many they are.
    pub(super) fn import(
        &self,
        records: Vec<Imported>,
        group: &mut Group,
    ) -> Result<usize, ImportError> {
        self.check(&records, group)?;
        let imported = records.len();
        for Imported { revision, record } in records {
            let view = View::new(&record).expect("checked above");
            let (stream, dedup_key, recorded) = (view.stream(), view.dedup_key(), view.recorded());
            let latest_recorded_time = self.latest(group).max(recorded);
            let position = self.next(group);
            let first_with_key = match group.dedup_keys.get(&dedup_key) {
                Some(first) => Some(*first),
                None => self.index.find(&dedup_key)?,
            };
            group.dedup_keys.entry(dedup_key).or_insert(position);
            group.counts.insert(stream, revision.0 + 1);
            let is_cross_stream_duplicate = first_with_key.is_some();
            let stored = Stored {
                position,
                revision,
                latest_recorded_time,
                is_cross_stream_duplicate,
                record,
            };
            group.records.push(Placed { stored, first_with_key });
        }
        Ok(imported)
    }

    /// Whether each stream goes on where it ended.
    fn check(&self, records: &[Imported], group: &Group) -> Result<(), ImportError> {
        let mut counts: HashMap<PersonId, u64> = HashMap::new();
        for Imported { revision, record } in records {
            let view = View::new(record).map_err(|_| ImportError::Unreadable)?;
            let stream = view.stream();
            let next = counts.entry(stream).or_insert_with(|| self.count(stream, group));
            if revision.0 != *next {
                return Err(ImportError::OutOfOrder { stream, next: *next, found: *revision });
            }
            *next += 1;
        }
        Ok(())
    }

    /// The latest `recordedtime` of the log and the group.
    fn latest(&self, group: &Group) -> RecordedTime {
        let last = group.records.last();
        last.map_or(self.latest_recorded_time, |placed| placed.stored.latest_recorded_time)
    }

    /// The next position behind the group.
    pub(super) fn next(&self, group: &Group) -> Position {
        Position::new(self.last.number() + group.records.len() as u64 + 1)
    }
}
