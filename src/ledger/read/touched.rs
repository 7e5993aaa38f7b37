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
        let Some(before) = position.number().checked_sub(1) else { return Ok(None) };
        let found = self.store.read_all(Position::new(before), 1).await?;
        let found = found.into_iter().find(|stored| stored.position == position);
        let known = self.store.known(position).await?;
        let anchor = |(stored, recorded): (Stored, _)| Anchor {
            recorded,
            commitment: commitment(&stored.record).into(),
        };
        Ok(found.zip(known).map(anchor))
    }
}

fn clear(stored: &Stored) -> Result<TouchedRecord, ReadError> {
    let view = View::new(&stored.record).map_err(ReadError::failed)?;
    Ok(TouchedRecord {
        position: stored.position,
        stream: view.stream(),
        dedup_key: view.dedup_key(),
        recorded: view.recorded(),
    })
}
