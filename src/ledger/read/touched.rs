//! The clear part of the log: what a projection needs to know whose answers may have changed.
//! Always: no record is opened; records come in the order of the log.

use crate::domain::id::{DedupKey, PersonId, Position, RecordedTime};
use crate::domain::record::{View, commitment};
use crate::ledger::Ledger;
use crate::store::{ReadError, Stored};

/// What the clear part of a record says, and when the ledger recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TouchedRecord {
    /// The record's place in the log.
    pub position: Position,
    /// The stream of the record.
    pub stream: PersonId,
    /// The keyed hash of the record's source and id.
    pub dedup_key: DedupKey,
    /// When the ledger recorded it.
    pub recorded_at: RecordedTime,
    /// Whether a record of another person has the same dedup key.
    pub is_cross_stream_duplicate: bool,
}

/// What ties a derived file to one log: the record up to which the file was derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogAnchor {
    /// The latest `recordedtime` among the records up to this one.
    pub latest_recorded_time: RecordedTime,
    /// BLAKE3 of the stored record.
    pub commitment: [u8; 32],
}

impl Ledger {
    /// The clear part of at most `limit` records after a position, in the order of the log.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn clear(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<TouchedRecord>, ReadError> {
        self.store.read_all(after, limit).await?.iter().map(clear).collect()
    }

    /// The record at a position, as an anchor; `None`: there is none.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn anchor(&self, position: Position) -> Result<Option<LogAnchor>, ReadError> {
        let found = self.store.read_at(position).await?;
        Ok(found.map(|stored| LogAnchor {
            latest_recorded_time: stored.latest_recorded_time,
            commitment: commitment(&stored.record).into(),
        }))
    }

    /// The streams of all records that carry one of these dedup keys.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn streams_with(
        &self,
        dedup_keys: Vec<DedupKey>,
    ) -> Result<Vec<PersonId>, ReadError> {
        let found = self.store.find(dedup_keys).await?;
        let stream = |stored: &Stored| Some(View::new(&stored.record).ok()?.stream());
        Ok(found.iter().flatten().filter_map(stream).collect())
    }
}

fn clear(stored: &Stored) -> Result<TouchedRecord, ReadError> {
    let view = View::new(&stored.record).map_err(ReadError::failed)?;
    Ok(TouchedRecord {
        position: stored.position,
        stream: view.stream(),
        dedup_key: view.dedup_key(),
        recorded_at: view.recorded(),
        is_cross_stream_duplicate: stored.is_cross_stream_duplicate,
    })
}
