//! The worker that writes the index to disk while the writer commits.
//! Always: a table that could not be written stays in memory and is tried again; when the worker
//! has ended, every frozen table that can be written is on disk.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::index::Index;
use super::readers::ReaderPool;
use crate::work::{self, Control, Worker};

/// The pause after a failure: most failures are full disks, which take a person to mend.
const FAULT_PAUSE: Duration = Duration::from_secs(5);

/// Starts the worker. Each message of `frozen` says that the index has one more frozen table.
///
/// # Errors
/// The system gives no thread.
pub fn start(
    index: Arc<Index>,
    readers: Arc<ReaderPool>,
    frozen: mpsc::Receiver<()>,
) -> io::Result<Worker> {
    let worker = IndexWorker { index, readers, frozen };
    work::spawn("index", CancellationToken::new(), |control| worker.run(control))
}

struct IndexWorker {
    index: Arc<Index>,
    readers: Arc<ReaderPool>,
    frozen: mpsc::Receiver<()>,
}

impl IndexWorker {
    async fn run(mut self, control: Control) {
        loop {
            let pause = if control.is_faulted() { FAULT_PAUSE } else { Duration::MAX };
            let next = tokio::time::timeout(pause, self.frozen.recv());
            // No message within the pause: the fault is still there, so try again.
            let is_going_on = matches!(control.wait_for(next).await, Some(Ok(Some(())) | Err(_)));
            self.flush_frozen(&control);
            if !is_going_on {
                return;
            }
        }
    }

    /// Writes all frozen tables of the index to disk.
    fn flush_frozen(&self, control: &Control) {
        loop {
            match self.index.flush_oldest(&|position| self.readers.commitment_at(position)) {
                Ok(true) => {}
                Ok(false) => return control.succeeded(),
                Err(error) => {
                    tracing::warn!(error = %error, "a part of the index was not written");
                    return control.failed();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{DedupKey, PersonId, Position};
    use crate::domain::stream::Stream;
    use crate::store::embedded::index::{IndexAccess, IndexedRecord};
    use crate::store::embedded::log::{FolderRole, LogWriter};
    use crate::store::embedded::log_access::LogAccess;

    fn wait_until(is_there: impl Fn() -> bool) {
        while !is_there() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// A segment carries the commitment of its last record, so nothing is written before the log
    /// has that record.
    #[test]
    fn a_table_that_cannot_be_written_is_a_fault_and_is_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let _writer = LogWriter::open(&path, FolderRole::Ledger, [8; 32]).unwrap();
        let readers = Arc::new(ReaderPool::new(path.clone(), LogAccess::BesideWriter));
        let segments = folder.path().join("index");
        let count = || std::fs::read_dir(&segments).unwrap().count();
        let read = |position| readers.commitment_at(position);
        let index =
            Arc::new(Index::open(&segments, [1; 16], &read, IndexAccess::Maintain).unwrap());
        let person = "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e".parse::<PersonId>().unwrap();
        let record = IndexedRecord {
            position: Position::new(1),
            dedup_key: DedupKey([7; 32]),
            stream: Stream::person(person).id(),
        };
        index.add([record].into_iter());
        index.freeze_recent();
        let (frozen, messages) = mpsc::channel(1);
        let worker = start(index.clone(), readers, messages).unwrap();
        let probe = worker.probe();

        frozen.blocking_send(()).unwrap();
        wait_until(|| probe.is_faulted());
        assert_eq!(count(), 0);
        assert_eq!(index.find(&record.dedup_key).unwrap(), Some(record.position));

        let log = rusqlite::Connection::open(path).unwrap();
        log.execute("INSERT INTO log VALUES (1, 0, 5, x'00')", []).unwrap();
        frozen.blocking_send(()).unwrap();
        wait_until(|| !probe.is_faulted());
        assert_eq!(count(), 1);
        assert_eq!(index.find(&record.dedup_key).unwrap(), Some(record.position));

        index.freeze_recent();
        drop((frozen, worker));
        assert_eq!(probe.health().faults, 1);
    }
}
