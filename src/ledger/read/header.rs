//! The unencrypted headers of records, from which a projection learns whose answers may change.
//! Always: no record is opened; records come in the order of the log.

use crate::domain::id::{DedupKey, PersonId, Position, RecordedTime};
use crate::domain::record::{View, commitment};
use crate::ledger::Ledger;
use crate::store::{ReadError, Stored};

/// The facts about a record that are known without opening the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// The record's position in the log.
    pub position: Position,
    /// The person in whose stream the record lies; `None`: the record is about an organisation.
    pub person: Option<PersonId>,
    /// The keyed hash of the record's source and id.
    pub dedup_key: DedupKey,
    /// When the ledger recorded the event.
    pub recorded_at: RecordedTime,
    /// Whether a record of another person has the same dedup key.
    pub is_cross_stream_duplicate: bool,
}

/// The tie between a derived file and its log: the record up to which the file was derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogAnchor {
    /// The latest `recordedtime` among the records up to this one.
    pub latest_recorded_time: RecordedTime,
    /// BLAKE3 of the stored record.
    pub commitment: [u8; 32],
}

impl Ledger {
    /// The headers of at most `limit` records after a position, in the order of the log.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn record_headers(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<RecordHeader>, ReadError> {
        self.store.read_all(after, limit).await?.iter().map(header).collect()
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

    /// The persons in whose streams the records lie that carry one of these dedup keys.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn persons_with(
        &self,
        dedup_keys: Vec<DedupKey>,
    ) -> Result<Vec<PersonId>, ReadError> {
        let found = self.store.find(dedup_keys).await?;
        let person = |stored: &Stored| View::new(&stored.record).ok()?.person();
        Ok(found.iter().flatten().filter_map(person).collect())
    }
}

fn header(stored: &Stored) -> Result<RecordHeader, ReadError> {
    let unreadable = |_| ReadError::Unreadable(stored.position);
    let view = View::new(&stored.record).map_err(unreadable)?;
    Ok(RecordHeader {
        position: stored.position,
        person: view.person(),
        dedup_key: view.dedup_key(),
        recorded_at: view.recorded_at(),
        is_cross_stream_duplicate: stored.is_cross_stream_duplicate,
    })
}
