//! What a start reads: where the log ends, what the index lacks, what is odd about records.
//! Always: after it the index says what the log says; a record that cannot be read ends the start.

use std::collections::HashSet;

use super::OpenError;
use super::index::{Index, Seen};
use super::log::Reader;
use super::readers::Readers;
use super::writer::Shared;
use crate::domain::id::{Position, RecordedTime};
use crate::domain::record::View;

/// So many records are read at once while the index catches up.
const CATCH_UP_RECORDS: usize = 10_000;

/// Where records lie whose pair an earlier one carries.
pub fn repeats(readers: &Readers, shared: &Shared) -> Result<HashSet<Position>, OpenError> {
    readers.with(|reader| {
        let repeats = reader.repeats()?;
        for stored in reader.all(&repeats)? {
            let view = View::new(&stored.record);
            let dedup_key = view.map_err(|_| OpenError::Damaged(stored.position))?.dedup_key();
            shared.repeats.note(dedup_key, stored.position);
        }
        Ok(repeats.into_iter().collect())
    })?
}

/// The latest `recordedtime` up to a position.
pub fn known(reader: &Reader, position: Position) -> Result<Option<RecordedTime>, rusqlite::Error> {
    if let Some(oddity) = reader.oddity(position)? {
        return Ok(Some(oddity.known));
    }
    let stored = reader.at(position)?;
    Ok(stored.and_then(|stored| Some(View::new(&stored.record).ok()?.recorded())))
}

/// Reads what the index has not seen; says where the log ends.
pub fn catch_up(
    readers: &Readers,
    index: &Index,
    repeats: &HashSet<Position>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Position, RecordedTime), OpenError> {
    readers.with(|reader| {
        let end = reader.last()?;
        let mut next = index.covered();
        while next < end {
            let mut seen = Vec::with_capacity(CATCH_UP_RECORDS);
            let mut damaged = None;
            reader.each(next.number(), CATCH_UP_RECORDS, |stored| {
                match View::new(&stored.record) {
                    Ok(_) if repeats.contains(&stored.position) => {
                        seen.push(Seen::from(&stored).again());
                    }
                    Ok(_) => seen.push(Seen::from(&stored)),
                    Err(_) => damaged = Some(stored.position),
                }
                damaged.is_none()
            })?;
            if let Some(position) = damaged {
                return Err(OpenError::Damaged(position));
            }
            next = seen.last().map_or(end, |last| last.position);
            if index.add(seen.into_iter()) {
                index.retire();
                while index.settle(&|position| readers.commitment(position))? {}
            }
            progress(next.number(), end.number());
        }
        let recorded = match known(reader, end)? {
            Some(recorded) => recorded,
            None if end == Position::START => RecordedTime::from_micros(0),
            None => return Err(OpenError::Damaged(end)),
        };
        Ok((end, recorded))
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
