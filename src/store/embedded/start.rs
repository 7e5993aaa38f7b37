//! What a start reads: where the log ends, what the index lacks, which dedup keys lie twice.
//! Always: after it the index says what the log says; a record that cannot be read ends the start.

use std::collections::HashSet;

use super::duplicates::CrossStreamDuplicates;
use super::index::{Index, Seen};
use super::open_error::FolderOpenError;
use super::readers::Readers;
use crate::domain::id::{Position, RecordedTime};
use crate::domain::record::View;

/// So many records are read at once while the index catches up.
const CATCH_UP_RECORDS: usize = 10_000;

/// Notes the dedup keys that records of several streams carry; says where all but the first such
/// records of each key lie.
pub fn note_duplicates(
    readers: &Readers,
    duplicates: &CrossStreamDuplicates,
) -> Result<HashSet<Position>, FolderOpenError> {
    readers.with(|reader| {
        let mut later = HashSet::new();
        for (position, first) in reader.cross_stream_duplicates()? {
            let stored = reader.at(position)?.ok_or(FolderOpenError::Damaged(position))?;
            let view = View::new(&stored.record).map_err(|_| FolderOpenError::Damaged(position))?;
            duplicates.note(view.dedup_key(), first, position);
            later.insert(position);
        }
        Ok(later)
    })?
}

/// Reads what the index has not seen; says where the log ends, and its latest `recordedtime`.
pub fn catch_up(
    readers: &Readers,
    index: &Index,
    duplicates: &HashSet<Position>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Position, RecordedTime), FolderOpenError> {
    readers.with(|reader| {
        let end = reader.last()?;
        let mut next = index.covered();
        while next < end {
            let mut seen = Vec::with_capacity(CATCH_UP_RECORDS);
            let mut damaged = None;
            reader.each(next, end, CATCH_UP_RECORDS, |stored| {
                match View::new(&stored.record) {
                    Ok(_) if duplicates.contains(&stored.position) => {
                        seen.push(Seen::from(&stored).again());
                    }
                    Ok(_) => seen.push(Seen::from(&stored)),
                    Err(_) => damaged = Some(stored.position),
                }
                damaged.is_none()
            })?;
            if let Some(position) = damaged {
                return Err(FolderOpenError::Damaged(position));
            }
            next = seen.last().map_or(end, |last| last.position);
            if index.add(seen.into_iter()) {
                index.retire();
                while index.settle(&|position| readers.commitment(position))? {}
            }
            progress(next.number(), end.number());
        }
        let last = reader.at(end)?;
        let latest = last.filter(|last| View::new(&last.record).is_ok());
        let latest = match latest.map(|last| last.latest_recorded_time) {
            Some(latest) => latest,
            None if end == Position::START => RecordedTime::from_micros(0),
            None => return Err(FolderOpenError::Damaged(end)),
        };
        Ok((end, latest))
    })?
}

/// Writes to disk what waits for it, and merges what is due.
pub fn settle(index: &Index, readers: &Readers) {
    loop {
        match index.settle(&|position| readers.commitment(position)) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                // The entries stay in memory and are tried again with the next stretch.
                tracing::warn!(error = %error, "a part of the index was not written");
                return;
            }
        }
    }
}
