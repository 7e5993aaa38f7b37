//! Taking records over as another log has them: with its revisions, its `recordedtime`, its bytes.
//! Always: all of an import or none; each stream goes on where it ended; what only several writers
//! at once can make, times that step back and a dedup key in two streams, is noted beside the
//! record.

use std::collections::HashMap;
use std::io;

use bytes::Bytes;

use super::log::Placed;
use super::writer::{Group, Writer};
use crate::domain::id::{PersonId, Position, RecordedTime, Revision};
use crate::domain::record::View;
use crate::store::{AppendError, Stored};

/// A record as the other log has it, next in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// In its stream.
    pub revision: Revision,
    /// Its bytes.
    pub record: Bytes,
}

/// Why nothing of an import was written.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The other log lacks records of a stream, or has some twice: look at it; do not go on.
    #[error("the next revision of a stream is {next}, and the other log gives {}", .found.0)]
    OutOfOrder {
        /// The stream.
        stream: PersonId,
        /// Its next revision here.
        next: u64,
        /// The one given.
        found: Revision,
    },
    /// What the other log gives is no record of this version: use a newer one.
    #[error("the other log has a record that this version cannot read")]
    Unreadable,
    /// The folder was not written.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> Self {
        tracing::error!(error = %error, "the index could not be read for an import");
        Self::Append(AppendError::Failed)
    }
}

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
