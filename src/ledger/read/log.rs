//! Reading the log itself: a page of records, or one record by its position or its key.
//! Always: a page is in the order of the log; a record keeps its place when its content is erased.

use std::sync::Arc;

use super::open::Reader;
use crate::domain::event::Recorded;
use crate::domain::id::{EventKey, Position};
use crate::domain::record;
use crate::ledger::Ledger;
use crate::store::ReadError;

/// A page of the log.
#[derive(Debug, Clone)]
pub struct LogPage {
    /// The records that the reader may see.
    pub records: Vec<Arc<Recorded>>,
    /// The position of the last record of the page, whether or not the reader may see it. `None`:
    /// there is no record after the page before.
    pub last: Option<Position>,
}

impl Ledger {
    /// The next records after a position, in the order of the log: at most `limit`.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn read_log(
        &self,
        reader: &Reader,
        after: Position,
        limit: usize,
    ) -> Result<LogPage, ReadError> {
        let stored = self.store.read_all(after, limit).await?;
        let last = stored.last().map(|stored| stored.position);
        Ok(LogPage { records: self.open_all(reader, &stored)?, last })
    }

    /// The record at a position.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn record_at(
        &self,
        reader: &Reader,
        position: Position,
    ) -> Result<Option<Arc<Recorded>>, ReadError> {
        Ok(self.open_all(reader, &self.store.read_at(position).await?)?.pop())
    }

    /// The record with a (`source`, `id`), even if its content was erased.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn record_with_key(
        &self,
        reader: &Reader,
        key: &EventKey,
    ) -> Result<Option<Arc<Recorded>>, ReadError> {
        let found = self.store.find(vec![record::dedup_key(&self.hash_keys.dedup, key)]).await?;
        let first = found.iter().flatten().next();
        Ok(self.open_all(reader, first)?.pop())
    }
}
