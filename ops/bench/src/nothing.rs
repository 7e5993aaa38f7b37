//! A store that keeps nothing: what the server does when storing costs nothing.
//! Always: positions rise, so that what was acknowledged can be counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use care_ledger::domain::id::{DedupKey, Position, RecordedTime, Revision};
use care_ledger::domain::stream::Stream;
use care_ledger::store::{
    AppendError, Outcome, ReadError, Store, StoreStatus, Stored, StreamSlice, Write,
};
use tokio::sync::watch;

/// See the module.
pub struct Nothing {
    last: AtomicU64,
    status: watch::Sender<StoreStatus>,
}

impl Nothing {
    /// Nothing, so far.
    pub fn new() -> Self {
        Self { last: AtomicU64::new(0), status: watch::Sender::new(StoreStatus::EMPTY) }
    }

    fn stored(&self, write: Write) -> Outcome {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = RecordedTime::from_micros(now.as_micros() as i64);
        let before = self.last.fetch_add(write.records.len() as u64, Ordering::Relaxed);
        let stored = (before + 1..).zip(write.records).map(|(position, record)| Stored {
            position: Position::new(position),
            revision: Revision(position),
            latest_recorded_time: now,
            is_cross_stream_duplicate: false,
            record: record.stamp(now).into(),
        });
        Outcome::Appended(stored.collect())
    }
}

#[async_trait]
impl Store for Nothing {
    async fn append(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError> {
        Ok(writes.into_iter().map(|write| self.stored(write)).collect())
    }

    async fn read_stream(
        &self,
        _: &Stream,
        _: Revision,
        _: usize,
    ) -> Result<StreamSlice, ReadError> {
        Ok(StreamSlice { records: Vec::new(), last: None })
    }

    async fn read_all(&self, _: Position, _: usize) -> Result<Vec<Stored>, ReadError> {
        Ok(Vec::new())
    }

    async fn find(&self, dedup_keys: Vec<DedupKey>) -> Result<Vec<Vec<Stored>>, ReadError> {
        Ok(vec![Vec::new(); dedup_keys.len()])
    }

    fn status(&self) -> watch::Receiver<StoreStatus> {
        // Brought up to date when someone looks, so that an append pays nothing for it.
        let tail = Position::new(self.last.load(Ordering::Relaxed));
        self.status.send_modify(|status| status.tail = tail);
        self.status.subscribe()
    }
}
