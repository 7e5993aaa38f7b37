//! The clear part of the log: whom a record touches, without opening it.
//! Always: in the order of the log; what a projection needs to know whose answer may have changed.

use crate::domain::id::{DedupKey, PersonId, Position, RecordedTime};
use crate::domain::record::{View, commitment};
use crate::ledger::Ledger;
use crate::store::{ReadError, Stored};

/// What the clear part of a record says, and when it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TouchedRecord {
    /// In the log.
    pub position: Position,
    /// Whose stream it lies in.
    pub stream: PersonId,
    /// Its duplicate key, hashed.
    pub dedup_key: DedupKey,
    /// When the ledger learned of it.
    pub recorded: RecordedTime,
    /// Whether a record of another person has the same duplicate key.
    pub is_cross_stream_duplicate: bool,
}

/// One record of the log, by what ties a derived file to this very log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The latest `recordedtime` up to it: what is known of everybody at it.
    pub recorded: RecordedTime,
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
    pub async fn anchor(&self, position: Position) -> Result<Option<Anchor>, ReadError> {
        let found = self.store.read_at(position).await?;
        Ok(found.map(|stored| Anchor {
            recorded: stored.latest_recorded_time,
            commitment: commitment(&stored.record).into(),
        }))
    }

    /// The streams of all records that carry one of these keys.
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
        recorded: view.recorded(),
        is_cross_stream_duplicate: stored.is_cross_stream_duplicate,
    })
}
