//! The records of a ledger, read ahead of the engine on a thread of their own.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::batch::{Batch, Moments};
use crate::domain::id::Position;
use crate::domain::stream::StreamName;
use crate::ledger::read::open::Reader;
use crate::ledger::{Ledger, ReadError};
use crate::projection::view::{RecordView, StreamsInForce};

/// The number of records read at once: some 10 MiB.
const PAGE_RECORDS: usize = 10_000;

/// How many pages wait for the engine: one that is read, one that is ready.
const PAGES_AHEAD: usize = 2;

/// A reading of the records of a ledger.
pub struct LogReading {
    /// The ledger.
    pub ledger: Ledger,
    /// The reader for whom records are opened.
    pub reader: Reader,
    /// Which records, and in which order.
    pub view: RecordView,
    /// Only records within these moments.
    pub moments: Moments,
    /// Only records after this position. The view `effective` has no such part.
    pub from: Position,
}

/// Why a batch is not there.
type NoBatch = Result<(), ReadError>;

impl LogReading {
    /// Reads up to the present end of the log.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        self,
        handle: tokio::runtime::Handle,
    ) -> std::io::Result<Receiver<Result<Batch, ReadError>>> {
        let (sender, batches) = sync_channel(PAGES_AHEAD);
        let work = move || {
            let end = self.ledger.tail();
            let read = handle.block_on(async {
                match self.view {
                    RecordView::Recorded => self.recorded(end, &sender).await,
                    RecordView::Effective => self.effective(end, &sender).await,
                }
            });
            if let Err(error) = read {
                // The receiver may have ended the replay already.
                let _ = sender.send(Err(error));
            }
        };
        std::thread::Builder::new().name("ledger-replay".to_owned()).spawn(work)?;
        Ok(batches)
    }

    /// The records in the order of the log.
    async fn recorded(&self, end: Position, batches: &BatchSender) -> NoBatch {
        let mut after = self.from;
        while after < end {
            let page = self.ledger.read_log(&self.reader, after, PAGE_RECORDS).await?;
            // Records that came since the start are not read.
            after = page.last.map_or(end, |last| last.min(end));
            let page: Vec<_> = page.records.into_iter().filter(|r| r.position <= end).collect();
            let known_at = page.last().map(|record| record.recorded_at);
            let records = page.into_iter().filter_map(|record| self.moments.take(record)).collect();
            let batch = Batch { records, known_at, ..Batch::up_to(after) };
            if !give(batches, batch) {
                break;
            }
        }
        Ok(())
    }

    /// The records in force, stream by stream.
    async fn effective(&self, end: Position, batches: &BatchSender) -> NoBatch {
        let Some(anchor) = self.ledger.anchor(end).await? else { return Ok(()) };
        let latest = anchor.latest_recorded_time;
        // Records that came since the start are not read.
        let known_at = self.moments.known_at.map_or(latest, |known_at| known_at.min(latest));
        let (ledger, reader) = (self.ledger.clone(), self.reader);
        let streams = StreamsInForce { ledger, reader, known_at };
        let mut done: HashSet<StreamName> = HashSet::new();
        let (mut records, mut read) = (Vec::new(), 0);
        for name in streams.names(end).await? {
            if done.contains(&name) {
                continue;
            }
            let Some(history) = streams.history(&name).await? else { continue };
            read += history.records();
            records.extend(history.in_force(self.moments.at));
            done.extend(history.joined.into_iter().map(StreamName::Person));
            done.insert(history.name);
            if records.len() >= PAGE_RECORDS {
                let batch = Batch::of_streams(std::mem::take(&mut records), read);
                if !give(batches, batch) {
                    return Ok(());
                }
            }
        }
        let known_at = Some(latest);
        give(batches, Batch { records, known_at, ..Batch::up_to(end) });
        Ok(())
    }
}

type BatchSender = SyncSender<Result<Batch, ReadError>>;

/// Hands a batch over. False: nobody takes it any more.
fn give(batches: &BatchSender, batch: Batch) -> bool {
    batches.send(Ok(batch)).is_ok()
}
