//! The records of a ledger, read ahead of the engine on a thread of their own.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::batch::{Batch, Moments};
use crate::domain::id::Position;
use crate::ledger::read::open::Reader;
use crate::ledger::{Ledger, ReadError};

/// The number of records read at once: some 10 MiB.
const PAGE_RECORDS: usize = 10_000;

/// How many pages wait for the engine: one that is read, one that is ready.
const PAGES_AHEAD: usize = 2;

/// Reads the records of a ledger after a position, up to its present end, in the order of the log.
///
/// # Errors
/// The system gives no thread.
pub fn read(
    ledger: Ledger,
    reader: Reader,
    moments: Moments,
    from: Position,
    handle: tokio::runtime::Handle,
) -> std::io::Result<Receiver<Result<Batch, ReadError>>> {
    let (sender, batches) = sync_channel(PAGES_AHEAD);
    let work = move || {
        let end = ledger.tail();
        let mut after = from;
        while after < end {
            let page = handle.block_on(ledger.read_log(&reader, after, PAGE_RECORDS));
            let batch = page.map(|page| {
                // Records that came since the start are not read.
                let last = page.last().map_or(end, |record| record.position.min(end));
                let page: Vec<_> = page.into_iter().filter(|r| r.position <= end).collect();
                let known_at = page.last().map(|record| record.recorded_at);
                let page = page.into_iter();
                let records = page.filter_map(|record| moments.take(record)).collect();
                Batch { records, known_at, ..Batch::up_to(last) }
            });
            after = batch.as_ref().map_or(end, |batch| batch.position);
            if give(&sender, batch) {
                return;
            }
        }
    };
    std::thread::Builder::new().name("ledger-replay".to_owned()).spawn(work)?;
    Ok(batches)
}

/// Hands a batch over. True: nobody takes it any more.
fn give<E>(sender: &SyncSender<Result<Batch, E>>, batch: Result<Batch, E>) -> bool {
    sender.send(batch).is_err()
}
