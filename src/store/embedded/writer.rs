//! The one thread that writes to the log: it takes all requests that wait, decides each, commits
//! their records once, then answers all of them.
//! Always: a request is answered only after its records are committed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::commit_group::{CommitGroup, LogEnd, WriteDecision};
use super::duplicates::CrossStreamDuplicates;
use super::import::{ImportError, Imported};
use super::index::{Index, IndexedRecord, RecentTable};
use super::log::{CommitError, LogWriter, PlacedRecord};
use crate::store::{AppendError, Condition, Outcome, StampClock, StoreStatus, Stored, Write};

/// A commit takes no further request once it has this many bytes. A larger commit gains nothing,
/// and the sender of its first record waits longer.
const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// If several requests wait, the writer waits this long for more before it commits: fewer commits
/// leave the processors to the senders (ops/bench, 25 November 2026, 64 connections: 34 µs of
/// server time an event instead of 45, and a lower median). A single request is committed at once.
const GATHERING_TIME: Duration = Duration::from_micros(100);

/// A request that waits for the writer.
pub struct QueuedRequest {
    /// The records to write, and the channel for the answer.
    pub request: WriterRequest,
    /// How many bytes the request holds in the queue.
    pub bytes: usize,
}

/// The records that the writer must write, and the channel for the answer. The sender of a request
/// may stop waiting for the answer at any time.
pub enum WriterRequest {
    /// New records.
    Append(Vec<Write>, oneshot::Sender<Result<Vec<Outcome>, AppendError>>),
    /// Records of another log.
    Import(Vec<Imported>, oneshot::Sender<Result<Vec<Stored>, ImportError>>),
}

/// Requests that go into one commit.
struct RequestBatch {
    bytes: usize,
    requests: Vec<QueuedRequest>,
}

impl RequestBatch {
    /// Takes the requests that wait, up to the size of a commit.
    fn take_waiting(&mut self, queue: &mut mpsc::Receiver<QueuedRequest>) {
        while self.bytes < COMMIT_BYTES_MAX
            && let Ok(next) = queue.try_recv()
        {
            self.bytes += next.bytes;
            self.requests.push(next);
        }
    }
}

/// The counters that the writer shares with the callers of the store.
#[derive(Default)]
pub struct WriterCounters {
    /// How many bytes wait in the queue.
    pub queued_bytes: AtomicUsize,
    /// The latest `recordedtime` that was committed, in microseconds. The writer stores this time
    /// before the index and the status show the record.
    pub latest_committed: AtomicI64,
}

/// The writer: see the module.
pub struct Writer {
    log: LogWriter,
    index: Arc<Index>,
    duplicates: Arc<CrossStreamDuplicates>,
    counters: Arc<WriterCounters>,
    clock: StampClock,
    log_end: LogEnd,
    /// Reports to all readers how far the log goes and whether the store takes writes.
    status: watch::Sender<StoreStatus>,
    /// Tells the index worker of each frozen table. The channel is bounded, so the writer waits for
    /// the worker when the worker falls behind.
    frozen: mpsc::Sender<()>,
}

/// A request and the decision about it.
enum DecidedRequest {
    Append(io::Result<Vec<WriteDecision>>, oneshot::Sender<Result<Vec<Outcome>, AppendError>>),
    /// The import has this many records, the next ones of the commit.
    Import(Result<usize, ImportError>, oneshot::Sender<Result<Vec<Stored>, ImportError>>),
}

impl Writer {
    /// Makes a writer that continues at the tail in the status.
    pub fn new(
        log: LogWriter,
        index: Arc<Index>,
        duplicates: Arc<CrossStreamDuplicates>,
        counters: Arc<WriterCounters>,
        clock: StampClock,
        status: watch::Sender<StoreStatus>,
        frozen: mpsc::Sender<()>,
    ) -> Self {
        let StoreStatus { tail, latest_recorded_time, .. } = *status.borrow();
        let log_end = LogEnd { position: tail, latest_recorded_time };
        Self { log, index, duplicates, counters, clock, log_end, status, frozen }
    }

    /// Runs until every sender of the queue is gone, then checkpoints the write-ahead log.
    pub fn run(mut self, mut queue: mpsc::Receiver<QueuedRequest>) {
        while let Some(first) = queue.blocking_recv() {
            let mut batch = RequestBatch { bytes: first.bytes, requests: vec![first] };
            batch.take_waiting(&mut queue);
            if batch.requests.len() > 1 {
                std::thread::sleep(GATHERING_TIME);
                batch.take_waiting(&mut queue);
            }
            let RequestBatch { bytes, requests } = batch;
            self.counters.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.serve(requests);
            if let Err(error) = self.log.checkpoint_if_long() {
                tracing::warn!(error = %error, "the write-ahead log could not be checkpointed yet");
            }
        }
        if let Err(error) = self.log.checkpoint_all() {
            tracing::warn!(error = %error, "the write-ahead log was left for the next start");
        }
    }

    /// Decides, commits and answers requests.
    fn serve(&mut self, requests: Vec<QueuedRequest>) {
        let mut group = CommitGroup::new(&self.index, self.log_end);
        let mut decided = Vec::with_capacity(requests.len());
        for queued in requests {
            decided.push(match queued.request {
                WriterRequest::Append(writes, reply) => {
                    DecidedRequest::Append(group.append(writes, &self.clock), reply)
                }
                WriterRequest::Import(records, reply) => {
                    DecidedRequest::Import(group.import(records), reply)
                }
            });
        }
        let records = group.into_records();
        let (mut records, committed) = match self.commit(records) {
            Ok(records) => (records.into_iter(), Ok(())),
            Err(error) => (Vec::new().into_iter(), Err(error)),
        };
        for decided in decided {
            // Sending fails if nobody waits for the answer; the records stay written.
            match decided {
                DecidedRequest::Append(decisions, reply) => {
                    let decisions =
                        committed.and_then(|()| decisions.map_err(|_| AppendError::Failed));
                    let outcome = |decision| match decision {
                        WriteDecision::Append(n) => {
                            Outcome::Appended(records.by_ref().take(n).collect())
                        }
                        WriteDecision::Refuse(outcome) => outcome,
                    };
                    let _ = reply.send(decisions.map(|d| d.into_iter().map(outcome).collect()));
                }
                DecidedRequest::Import(imported, reply) => {
                    let imported = committed.map_err(ImportError::from).and(imported);
                    let _ = reply.send(imported.map(|n| records.by_ref().take(n).collect()));
                }
            }
        }
    }

    /// Writes records to the log, then lets the index and the status show them.
    fn commit(&mut self, records: Vec<PlacedRecord>) -> Result<Vec<Stored>, AppendError> {
        if self.status.borrow().condition == Condition::Failed {
            return Err(AppendError::Failed);
        }
        let Some(last) = records.last() else { return Ok(Vec::new()) };
        if !self.index.has_room() {
            return Err(AppendError::Busy);
        }
        match self.log.commit(&records) {
            Ok(()) => {}
            Err(CommitError::DiskFull) => {
                self.status.send_modify(|status| status.condition = Condition::DiskFull);
                return Err(AppendError::DiskFull);
            }
            Err(CommitError::Failed(error)) => {
                tracing::error!(error = %error, "a commit failed; nothing more is written");
                self.status.send_modify(|status| status.condition = Condition::Failed);
                return Err(AppendError::Failed);
            }
        }
        let Stored { position, latest_recorded_time, .. } = last.stored;
        self.log_end = LogEnd { position, latest_recorded_time };
        self.counters.latest_committed.store(latest_recorded_time.micros(), Ordering::Relaxed);
        for PlacedRecord { stored, first_with_key } in &records {
            if let Some(first) = first_with_key {
                self.duplicates.note(stored.dedup_key(), *first, stored.position);
            }
        }
        let recent = self.index.add(records.iter().map(IndexedRecord::from));
        self.status.send_modify(|status| {
            status.tail = position;
            status.latest_recorded_time = latest_recorded_time;
            status.condition = Condition::Writable;
        });
        if recent == RecentTable::IsFull {
            self.index.freeze_recent();
            // Waits here where too many tables wait for the disk, with the status already sent:
            // a replica answers before this commit is answered. Sending fails only after a panic of
            // the worker, which the worker's health shows; the table then stays in memory.
            let _ = self.frozen.blocking_send(());
        }
        Ok(records.into_iter().map(|placed| placed.stored).collect())
    }
}

impl Drop for Writer {
    /// Says that the store takes no more writes, also when the writer panicked.
    fn drop(&mut self) {
        self.status.send_modify(|status| status.condition = Condition::Failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{Position, RecordedTime, Revision};
    use crate::store::embedded::index::IndexAccess;
    use crate::store::embedded::log::FolderRole;

    #[test]
    fn a_log_whose_index_cannot_be_written_refuses_before_the_memory_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let (log, ledger) =
            LogWriter::open(&folder.path().join("ledger.db"), FolderRole::Ledger, [8; 32]).unwrap();
        let index =
            Index::open(&folder.path().join("index"), ledger, &|_| Ok(None), IndexAccess::Maintain)
                .unwrap();
        let index = Arc::new(index);
        let (status, shown) = watch::channel(StoreStatus::EMPTY);
        let (frozen, _messages) = mpsc::channel(1);
        let mut writer = Writer::new(
            log,
            index.clone(),
            Arc::default(),
            Arc::default(),
            Arc::new(|| RecordedTime::from_micros(0)),
            status,
            frozen,
        );
        let mut commit = |number: u64| {
            let stored = Stored {
                position: Position::new(number),
                revision: Revision(0),
                latest_recorded_time: RecordedTime::from_micros(0),
                is_cross_stream_duplicate: false,
                // A record of format 0 and class J, of nobody and without an event.
                record: [&b"\0J"[..], &[0; 200]].concat().into(),
            };
            writer.commit(vec![PlacedRecord { stored, first_with_key: None }]).map(drop)
        };
        let mut number = 0;
        while index.has_room() {
            number += 1;
            commit(number).unwrap();
            index.freeze_recent();
        }
        assert_eq!(commit(number + 1), Err(AppendError::Busy));
        assert_eq!(shown.borrow().tail, Position::new(number), "nothing was written");
        assert!(index.flush_oldest(&|_| Ok(Some([0; 32]))).unwrap());
        commit(number + 1).unwrap();
        assert_eq!(shown.borrow().condition, Condition::Writable);
    }
}
