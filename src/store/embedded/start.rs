//! What a start reads: where the log ends, which records the index lacks, and which dedup keys
//! stand in several streams.
//! Always: afterwards the index agrees with the log; a record that cannot be read ends the start.

use std::collections::HashSet;

use super::duplicates::CrossStreamDuplicates;
use super::index::{Index, IndexedRecord, RecentTable};
use super::open_error::FolderOpenError;
use super::readers::ReaderPool;
use crate::domain::id::{Position, RecordedTime};
use crate::domain::record::View;

/// At most this many records are read at once while the index catches up; their entries take about
/// half a MiB.
const CATCH_UP_RECORDS: usize = 10_000;

/// Notes the dedup keys that records of several streams carry. Returns the positions of all these
/// records except the first with each key.
pub fn note_duplicates(
    readers: &ReaderPool,
    duplicates: &CrossStreamDuplicates,
) -> Result<HashSet<Position>, FolderOpenError> {
    readers.with_reader(|reader| {
        let mut later = HashSet::new();
        for (position, first) in reader.cross_stream_duplicates()? {
            let stored = reader.record_at(position)?.ok_or(FolderOpenError::Damaged(position))?;
            let view = View::new(&stored.record).map_err(|_| FolderOpenError::Damaged(position))?;
            duplicates.note(view.dedup_key(), first, position);
            later.insert(position);
        }
        Ok(later)
    })?
}

/// Adds to the index the records that it lacks. Returns the position of the last record of the log,
/// and the latest `recordedtime`.
pub fn catch_up(
    readers: &ReaderPool,
    index: &Index,
    duplicates: &HashSet<Position>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Position, RecordedTime), FolderOpenError> {
    readers.with_reader(|reader| {
        let end = reader.last_position()?;
        let mut next = index.last_position();
        while next < end {
            let mut records = Vec::with_capacity(CATCH_UP_RECORDS);
            let mut damaged = None;
            reader.visit_range(next, end, CATCH_UP_RECORDS, |stored| {
                match View::new(&stored.record) {
                    Ok(_) if duplicates.contains(&stored.position) => {
                        records.push(IndexedRecord::from(&stored).as_later_duplicate());
                    }
                    Ok(_) => records.push(IndexedRecord::from(&stored)),
                    Err(_) => damaged = Some(stored.position),
                }
                damaged.is_none()
            })?;
            if let Some(position) = damaged {
                return Err(FolderOpenError::Damaged(position));
            }
            next = records.last().map_or(end, |last| last.position);
            if index.add(records.into_iter()) == RecentTable::IsFull {
                index.freeze_recent();
                while index.flush_oldest(&|position| readers.commitment_at(position))? {}
            }
            progress(next.number(), end.number());
        }
        let last = reader.record_at(end)?;
        let latest = last.filter(|last| View::new(&last.record).is_ok());
        let latest = match latest.map(|last| last.latest_recorded_time) {
            Some(latest) => latest,
            None if end == Position::START => RecordedTime::from_micros(0),
            None => return Err(FolderOpenError::Damaged(end)),
        };
        Ok((end, latest))
    })?
}
