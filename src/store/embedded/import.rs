//! Importing records of another log: with the revisions, times and bytes that they have there.
//! Always: each stream continues where it ended; an import that does not fit adds no record. Times
//! that step back and dedup keys in two streams, which only several writers at once can cause, are
//! noted beside the record.

use std::collections::HashMap;
use std::io;

use bytes::Bytes;

use super::commit_group::CommitGroup;
use super::log::PlacedRecord;
use crate::domain::id::{Position, Revision};
use crate::domain::record::View;
use crate::domain::stream::StreamId;
use crate::store::{AppendError, Stored};

/// A record of the other log, the next in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The record's revision in its stream.
    pub revision: Revision,
    /// The record's bytes.
    pub record: Bytes,
}

/// Why an import failed. Only after [`AppendError::Failed`] records may be stored nevertheless.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The other log lacks records of a stream, or has a record twice: look at that log, and do
    /// not continue.
    #[error("the next revision of a stream is {next}, and the other log gives {}", .found.0)]
    OutOfOrder {
        /// The stream.
        stream: StreamId,
        /// The next revision of the stream here.
        next: u64,
        /// The revision that the other log gives.
        found: Revision,
    },
    /// This version cannot read a record of the other log: use a newer version.
    #[error("the other log has a record that this version cannot read")]
    Unreadable,
    /// The folder could not be written.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> Self {
        tracing::error!(error = %error, "the index could not be read for an import");
        Self::Append(AppendError::Failed)
    }
}

fn checked_view(record: &[u8]) -> View<'_> {
    View::new(record).expect("checked by check_revisions")
}

impl CommitGroup<'_> {
    /// Adds the records of an import to the group, and returns their number.
    pub fn import(&mut self, records: Vec<Imported>) -> Result<usize, ImportError> {
        self.check_revisions(&records)?;
        // Everything that may fail comes first: a group that has one record commits that record.
        let dedup_keys = records.iter().map(|imported| checked_view(&imported.record).dedup_key());
        let first_in_log: Vec<Option<Position>> = dedup_keys
            .map(|dedup_key| self.first_with_key(&dedup_key))
            .collect::<Result<_, _>>()?;
        let imported = records.len();
        for (Imported { revision, record }, first_in_log) in records.into_iter().zip(first_in_log) {
            let view = checked_view(&record);
            let (stream, dedup_key, recorded) =
                (view.stream_id(), view.dedup_key(), view.recorded_at());
            let first_with_key = first_in_log.or(self.first_in_group(&dedup_key));
            let stored = Stored {
                position: self.next_position(),
                revision,
                latest_recorded_time: self.latest_recorded_time().max(recorded),
                is_cross_stream_duplicate: first_with_key.is_some(),
                record,
            };
            self.push(stream, dedup_key, PlacedRecord { stored, first_with_key });
        }
        Ok(imported)
    }

    /// Checks that each stream continues where it ended.
    fn check_revisions(&self, records: &[Imported]) -> Result<(), ImportError> {
        let mut next_revisions: HashMap<StreamId, u64> = HashMap::new();
        for Imported { revision, record } in records {
            let view = View::new(record).map_err(|_| ImportError::Unreadable)?;
            let stream = view.stream_id();
            let next = next_revisions.entry(stream).or_insert_with(|| self.next_revision(stream).0);
            if revision.0 != *next {
                return Err(ImportError::OutOfOrder { stream, next: *next, found: *revision });
            }
            *next += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{DedupKey, RecordedTime};
    use crate::store::embedded::commit_group::LogEnd;
    use crate::store::embedded::index::IndexAccess;
    use crate::store::embedded::index::{Index, IndexedRecord};

    /// The bytes of a record of class J: stream and dedup key, and zeros elsewhere.
    fn imported(stream: u8, dedup_key: u8) -> Imported {
        let mut record = vec![0; 158];
        record[1] = b'J';
        record[6..22].fill(stream);
        record[22..54].fill(dedup_key);
        Imported { revision: Revision(0), record: record.into() }
    }

    #[test]
    fn a_read_of_the_index_that_fails_midway_leaves_no_record_of_the_import() {
        let folder = tempfile::tempdir().unwrap();
        let commitment = |_: Position| Ok(Some([5; 32]));
        let index =
            Index::open(folder.path(), [1; 16], &commitment, IndexAccess::Maintain).unwrap();
        let position = Position::new(1);
        let known = IndexedRecord {
            position,
            dedup_key: DedupKey([7; 32]),
            stream: StreamId::from_bytes([3; 16]),
        };
        index.add([known].into_iter());
        index.freeze_recent();
        assert!(index.flush_oldest(&commitment).unwrap());
        let segment = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        std::fs::File::options().write(true).open(segment).unwrap().set_len(0).unwrap();

        let log_end = LogEnd { position, latest_recorded_time: RecordedTime::from_micros(0) };
        let mut group = CommitGroup::new(&index, log_end);
        // The filter in memory answers for the first key; the second key is read from the file.
        let import = group.import(vec![imported(1, 6), imported(2, 7)]);
        assert!(matches!(import, Err(ImportError::Append(AppendError::Failed))));
        assert_eq!(group.into_records().len(), 0);
    }
}
