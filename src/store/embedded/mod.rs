//! The store on one machine: a folder, SQLite as the log, and a derived index.
//! Always: one process uses the folder (an OS lock, which also `kill -9` releases); an append that
//! returned is synced, unless the folder is a copy; the index can be deleted at any time.
//!
//! ```text
//! DIR/ledger.lock   locked while a process has the folder
//! DIR/ledger.db     the log (and its -wal and -shm)
//! DIR/index/        the derived index
//!
//!   callers ── requests ──> writer thread ── frozen tables ──> index worker
//!      ^  ^     (bounded)     │   log, then index, then status        │ segments, merges
//!      │  └───── answers ─────┘                                       v
//!      └──── reads: a pool of connections to the log ───────── DIR/index/
//! ```

mod commit_group;
mod duplicates;
mod folder_lock;
mod import;
mod index;
mod index_worker;
mod locked_folder;
mod log;
mod log_access;
mod log_format;
mod merge;
mod open_error;
mod read_only;
mod readers;
mod segment;
mod start;
mod start_traces;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use async_trait::async_trait;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use self::duplicates::CrossStreamDuplicates;
use self::folder_lock::FolderLock;
use self::index::{FROZEN_TABLES_MAX, INDEX_FOLDER, Index, IndexAccess};
use self::log::{LogReader, LogWriter};
use self::log_access::LogAccess;
use self::read_only::ReadParts;
use self::readers::ReaderPool;
use self::start::{catch_up, note_duplicates};
use self::writer::{QueuedRequest, Writer, WriterCounters, WriterRequest};
use super::{
    AppendError, Condition, LedgerPresence, Outcome, ReadError, StampClock, Store, StoreStatus,
    Stored, StreamSlice, Write,
};
use crate::domain::id::{DedupKey, Position, RecordedTime, Revision};
use crate::domain::stream::{Stream, StreamId};
use crate::work::{HealthProbe, Worker};

pub use self::import::{ImportError, Imported};
pub use self::locked_folder::LockedFolder;
pub use self::log::FolderRole;
pub use self::log_access::LOG_FILE;
pub use self::open_error::FolderOpenError;
pub use self::read_only::FolderToRead;
pub use self::start_traces::FirstStart;

/// So many requests may wait for the writer. The answer to one more is [`AppendError::Busy`].
const QUEUE_LENGTH_MAX: usize = 4096;

/// So many bytes may wait for the writer: four of the largest batches.
const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A read of the log ends once it has so many bytes, which is one of the largest batches. A record
/// may be a mebibyte and several reads run at once, so an unlimited read could fill the memory.
const READ_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The store on one machine: see the module.
pub struct Embedded {
    /// The requests that wait for the writer. The queue is bounded, so a slow disk makes senders
    /// wait outside and does not fill the memory. `None` while the store is dropped, and where it
    /// was opened to read only.
    queue: Option<mpsc::Sender<QueuedRequest>>,
    counters: Arc<WriterCounters>,
    duplicates: Arc<CrossStreamDuplicates>,
    index: Arc<Index>,
    readers: Arc<ReaderPool>,
    status: watch::Receiver<StoreStatus>,
    /// The writer's thread. It is no [`Worker`]: it ends when the queue ends, with every request
    /// answered. `None` while the store is dropped, and where it was opened to read only.
    writer: Option<JoinHandle<()>>,
    /// `None` where the store was opened to read only.
    index_worker: Option<Worker>,
    first_start: FirstStart,
    /// Held until both threads have ended. `None` for a folder without the file of the lock, such
    /// as a backup, that was opened to read only.
    _lock: Option<FolderLock>,
}

impl LockedFolder {
    /// Opens the log, and adds to the index the records that it lacks. `keys_check` is the check
    /// value of the ledger's keys; `progress` is told how many of how many records the index has.
    /// A ledger that begins here stays only once [`Embedded::first_start`] succeeds, or a record is
    /// in its log.
    ///
    /// # Errors
    /// See [`FolderOpenError`]. Nothing was changed.
    pub fn open(
        self,
        role: FolderRole,
        keys_check: [u8; 32],
        clock: StampClock,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Embedded, FolderOpenError> {
        let presence = self.ledger_presence();
        // The traces are taken back before the lock is dropped.
        let Self { folder, lock, mut traces } = self;
        let path = folder.join(LOG_FILE);
        let (log, ledger) = LogWriter::open(&path, role, keys_check)?;
        let readers = Arc::new(ReaderPool::new(path, LogAccess::BesideWriter));
        let read_commitment = |position| readers.commitment_at(position);
        let segments = folder.join(INDEX_FOLDER);
        let index = Index::open(&segments, ledger, &read_commitment, IndexAccess::Maintain)?;
        let index = Arc::new(index);
        let duplicates = Arc::new(CrossStreamDuplicates::default());
        let later = note_duplicates(&readers, &duplicates)?;
        let (tail, latest) = catch_up(&readers, &index, &later, progress)?;
        let latest_committed = AtomicI64::new(latest.micros());
        let counters = Arc::new(WriterCounters { latest_committed, ..WriterCounters::default() });
        let at_start = StoreStatus { tail, latest_recorded_time: latest, ..StoreStatus::EMPTY };
        let (status_sender, status) = watch::channel(at_start);
        let (queue, requests) = mpsc::channel(QUEUE_LENGTH_MAX);
        let (frozen, frozen_tables) = mpsc::channel(FROZEN_TABLES_MAX);
        let index_worker = index_worker::start(index.clone(), readers.clone(), frozen_tables)?;
        let writer = Writer::new(
            log,
            index.clone(),
            duplicates.clone(),
            counters.clone(),
            clock,
            status_sender,
            frozen,
        );
        let writer = std::thread::Builder::new()
            .name("ledger-writer".into())
            .spawn(|| writer.run(requests))?;
        let (queue, writer) = (Some(queue), Some(writer));
        let first_start = FirstStart::default();
        match presence {
            LedgerPresence::Begun => traces.keep(),
            LedgerPresence::Absent => first_start.begin(traces),
        }
        Ok(Embedded {
            queue,
            counters,
            duplicates,
            index,
            readers,
            status,
            writer,
            index_worker: Some(index_worker),
            first_start,
            _lock: Some(lock),
        })
    }
}

impl Embedded {
    /// Opens the ledger in a folder, or begins a ledger there: see [`LockedFolder`].
    ///
    /// # Errors
    /// See [`FolderOpenError`]. Nothing was changed.
    pub fn open(
        folder: &Path,
        keys_check: [u8; 32],
        clock: StampClock,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, FolderOpenError> {
        let locked = LockedFolder::lock(folder)?;
        let store = locked.open(FolderRole::Ledger, keys_check, clock, progress)?;
        store.first_start.succeed();
        Ok(store)
    }

    /// Opens a ledger to read only. Nothing in its folder is written, made or removed.
    ///
    /// # Errors
    /// See [`FolderOpenError`].
    pub fn open_to_read(
        folder: FolderToRead,
        keys_check: [u8; 32],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, FolderOpenError> {
        let ReadParts { duplicates, index, readers, status, lock } =
            folder.open(keys_check, progress)?;
        Ok(Self {
            queue: None,
            counters: Arc::default(),
            duplicates,
            index,
            readers,
            status: watch::channel(status).1,
            writer: None,
            index_worker: None,
            first_start: FirstStart::default(),
            _lock: lock,
        })
    }

    /// The first start of this ledger, which the caller ends with [`FirstStart::succeed`].
    pub fn first_start(&self) -> &FirstStart {
        &self.first_start
    }

    /// Adds the next records of another log, in its order. The records are durable when this
    /// returns, unless the folder is a copy.
    ///
    /// # Errors
    /// See [`ImportError`]. No record was written.
    pub async fn import(&self, records: Vec<Imported>) -> Result<Vec<Stored>, ImportError> {
        let bytes = records.iter().map(|imported| imported.record.len()).sum();
        self.ask(bytes, |reply| WriterRequest::Import(records, reply)).await?
    }

    /// The latest `recordedtime` that was committed. No record that [`Embedded::last_revision`]
    /// counts has a later time.
    pub fn latest_committed(&self) -> RecordedTime {
        RecordedTime::from_micros(self.counters.latest_committed.load(Ordering::Relaxed))
    }

    /// The last revision of a stream; `None`: the stream does not exist.
    pub fn last_revision(&self, stream: StreamId) -> Option<Revision> {
        self.index.last_revision(stream)
    }

    /// The health of the worker that writes the index to disk.
    pub fn workers(&self) -> Vec<HealthProbe> {
        self.index_worker.iter().map(Worker::probe).collect()
    }

    /// Queues a request for the writer, and waits for the answer.
    async fn ask<T>(
        &self,
        bytes: usize,
        request: impl FnOnce(oneshot::Sender<T>) -> WriterRequest,
    ) -> Result<T, AppendError> {
        if self.status.borrow().condition == Condition::Failed {
            return Err(AppendError::Failed);
        }
        let queue = self.queue.as_ref().ok_or(AppendError::Failed)?;
        let permit = queue.try_reserve().map_err(|refusal| match refusal {
            TrySendError::Full(()) => AppendError::Busy,
            TrySendError::Closed(()) => AppendError::Failed,
        })?;
        if self.counters.queued_bytes.fetch_add(bytes, Ordering::Relaxed) > QUEUE_BYTES_MAX {
            self.counters.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(AppendError::Busy);
        }
        let (reply, answer) = oneshot::channel();
        permit.send(QueuedRequest { request: request(reply), bytes });
        answer.await.map_err(|_| AppendError::Failed)
    }

    /// Runs a read on a blocking thread, because the read may wait for the disk.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&LogReader, &Index, &CrossStreamDuplicates) -> Result<T, ReadError>
        + Send
        + 'static,
    ) -> Result<T, ReadError> {
        let (readers, index) = (self.readers.clone(), self.index.clone());
        let duplicates = self.duplicates.clone();
        tokio::task::spawn_blocking(move || {
            readers
                .with_reader(|reader| read(reader, &index, &duplicates))
                .map_err(ReadError::failed)?
        })
        .await
        .map_err(ReadError::failed)?
    }
}

impl Drop for Embedded {
    /// Commits the requests that wait, checkpoints the write-ahead log, takes a first start back
    /// that did not succeed and has no record, and unlocks the folder.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        if self.first_start.is_under_way() {
            // The log itself is asked: whatever the writer could not report counts, too.
            let end = self.readers.with_reader(LogReader::last_position);
            if matches!(end, Ok(Ok(Position::START))) {
                self.index_worker = None;
                self.first_start.take_back();
            }
        }
    }
}

#[async_trait]
impl Store for Embedded {
    async fn append(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError> {
        let records = writes.iter().flat_map(|write| &write.records);
        let bytes = records.map(|record| record.head.len()).sum();
        self.ask(bytes, |reply| WriterRequest::Append(writes, reply)).await?
    }

    async fn read_stream(
        &self,
        stream: &Stream,
        from: Revision,
        limit: usize,
    ) -> Result<StreamSlice, ReadError> {
        let stream = stream.id();
        self.read(move |reader, index, duplicates| {
            let last = index.last_revision(stream);
            let positions = index.positions(stream, from, limit).map_err(ReadError::failed)?;
            let mut records = reader.records_at(&positions).map_err(ReadError::failed)?;
            duplicates.mark(&mut records);
            Ok(StreamSlice { records, last })
        })
        .await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError> {
        let tail = self.status.borrow().tail;
        self.read(move |reader, _, duplicates| {
            let mut found = Vec::new();
            let mut bytes = 0;
            let visit = |stored: Stored| {
                bytes += stored.record.len();
                found.push(stored);
                bytes < READ_BYTES_MAX
            };
            reader.visit_range(after, tail, limit, visit).map_err(ReadError::failed)?;
            duplicates.mark(&mut found);
            Ok(found)
        })
        .await
    }

    async fn find(&self, dedup_keys: Vec<DedupKey>) -> Result<Vec<Vec<Stored>>, ReadError> {
        self.read(move |reader, index, duplicates| {
            let all_with_key = |dedup_key| {
                let first = index.find(dedup_key).map_err(ReadError::failed)?;
                let Some(first) = first else { return Ok(Vec::new()) };
                let later = duplicates.later(dedup_key);
                let positions = std::iter::once(first).chain(later);
                let at = |position| reader.record_at(position).transpose();
                let found: Result<Vec<Stored>, _> = positions.filter_map(at).collect();
                let mut found = found.map_err(ReadError::failed)?;
                duplicates.mark(&mut found);
                Ok(found)
            };
            dedup_keys.iter().map(all_with_key).collect()
        })
        .await
    }

    fn status(&self) -> watch::Receiver<StoreStatus> {
        self.status.clone()
    }
}
