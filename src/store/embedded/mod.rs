//! The store on one machine: a folder, SQLite as the log, and a derived index.
//! Always: one process has the folder (an OS lock, so that `kill -9` frees it); an append that
//! returned is synced; the index can be deleted at any time.
//!
//! ```text
//! DIR/ledger.lock   locked while a process has the folder
//! DIR/ledger.db     the log (and its -wal and -shm)
//! DIR/index/        the derived index
//! ```

mod duplicates;
mod import;
mod imported;
mod index;
mod log;
mod merge;
mod open_error;
mod readers;
mod segment;
mod start;
mod writer;

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use async_trait::async_trait;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use self::index::{Index, WAITING_MAX};
use self::log::{LogReader, LogWriter};
use self::readers::Readers;
use self::start::{catch_up, note_duplicates, settle};
use self::writer::{Request, Shared, Work, Writer};
use super::{
    AppendError, Condition, Holds, Outcome, ReadError, StampClock, Store, StoreStatus, Stored,
    StreamSlice, Write,
};
use crate::domain::id::{DedupKey, PersonId, Position, RecordedTime, Revision};

pub use self::imported::{ImportError, Imported};
pub use self::log::Keeping;
pub use self::open_error::FolderOpenError;

/// The log in its folder.
pub const FILE: &str = "ledger.db";

/// So many appends may wait; beyond it the answer is [`AppendError::Busy`].
const QUEUE_LENGTH_MAX: usize = 4096;

/// So many bytes may wait: four of the largest batches.
const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A read of the log ends once it has so many bytes, one of the largest batches: a record may be
/// a mebibyte, and several reads run at once.
const READ_BYTES_MAX: usize = 16 * 1024 * 1024;

/// See the module.
pub struct Embedded {
    queue: Option<mpsc::Sender<Request>>,
    shared: Arc<Shared>,
    index: Arc<Index>,
    readers: Arc<Readers>,
    status: watch::Receiver<StoreStatus>,
    threads: Vec<JoinHandle<()>>,
    /// Held until the very end; the OS lets go of it when the process dies.
    _lock: File,
}

/// A folder that this process has to itself, before its log is opened.
pub struct LockedFolder {
    folder: PathBuf,
    lock: File,
}

impl LockedFolder {
    /// Locks a folder, making it where there is none.
    ///
    /// # Errors
    /// See [`FolderOpenError`].
    pub fn lock(folder: &Path) -> Result<Self, FolderOpenError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self { lock: lock(folder)?, folder: folder.to_owned() })
    }

    /// What the folder holds. The keys are drawn before the log is made, so a log without keys is
    /// one that has lost them.
    pub fn holds(&self) -> Holds {
        if self.folder.join(FILE).exists() { Holds::Ledger } else { Holds::Nothing }
    }

    /// Opens the log, and catches the index up with it. `check` is the check value of the ledger's
    /// keys; `progress` hears how many records of how many the index has caught up with.
    ///
    /// # Errors
    /// See [`FolderOpenError`]. Nothing was changed.
    pub fn open(
        self,
        keeping: Keeping,
        check: [u8; 32],
        clock: StampClock,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Embedded, FolderOpenError> {
        let Self { folder, lock } = self;
        let path = folder.join(FILE);
        let (log, ledger) = LogWriter::open(&path, keeping, check)?;
        let readers = Arc::new(Readers::new(path));
        let anchor = |position| readers.commitment(position);
        let index = Arc::new(Index::open(&folder.join("index"), ledger, &anchor)?);
        let shared = Arc::new(Shared::default());
        let later = note_duplicates(&readers, &shared.duplicates)?;
        let (tail, latest) = catch_up(&readers, &index, &later, progress)?;
        shared.latest_committed.store(latest.micros(), Ordering::Relaxed);
        let at_start = StoreStatus { tail, latest_recorded_time: latest, ..StoreStatus::EMPTY };
        let (told, status) = watch::channel(at_start);
        let (queue, requests) = mpsc::channel(QUEUE_LENGTH_MAX);
        let (retired, retirements) = sync_channel(WAITING_MAX);
        let settler = {
            let (index, readers) = (index.clone(), readers.clone());
            move || retirements.iter().for_each(|()| settle(&index, &readers))
        };
        let writer = Writer::new(log, index.clone(), shared.clone(), clock, told, retired);
        let threads = vec![
            std::thread::Builder::new()
                .name("ledger-writer".into())
                .spawn(|| writer.run(requests))?,
            std::thread::Builder::new().name("ledger-index".into()).spawn(settler)?,
        ];
        let queue = Some(queue);
        Ok(Embedded { queue, shared, index, readers, status, threads, _lock: lock })
    }
}

impl Embedded {
    /// Opens the ledger in a folder: see [`LockedFolder`].
    ///
    /// # Errors
    /// See [`FolderOpenError`]. Nothing was changed.
    pub fn open(
        folder: &Path,
        check: [u8; 32],
        clock: StampClock,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, FolderOpenError> {
        Self::open_as(folder, Keeping::Truth, check, clock, progress)
    }

    /// The same, for what the folder is to its ledger.
    ///
    /// # Errors
    /// See [`FolderOpenError`]. Nothing was changed.
    pub fn open_as(
        folder: &Path,
        keeping: Keeping,
        check: [u8; 32],
        clock: StampClock,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, FolderOpenError> {
        LockedFolder::lock(folder)?.open(keeping, check, clock, progress)
    }

    /// Takes records over as another log has them, next in its order. They are durable when this
    /// returns, unless the folder is a copy.
    ///
    /// # Errors
    /// See [`ImportError`]; none of them was written.
    pub async fn import(&self, records: Vec<Imported>) -> Result<Vec<Stored>, ImportError> {
        let bytes = records.iter().map(|imported| imported.record.len()).sum();
        self.ask(bytes, |reply| Work::Import(records, reply)).await?
    }

    /// The latest `recordedtime` that was committed: at least that of every record which
    /// [`Embedded::last_revision`] counts.
    pub fn latest_committed(&self) -> RecordedTime {
        RecordedTime::from_micros(self.shared.latest_committed.load(Ordering::Relaxed))
    }

    /// The last revision of a stream; `None`: it does not exist.
    pub fn last_revision(&self, stream: PersonId) -> Option<Revision> {
        self.index.last_revision(stream)
    }

    /// Has the writer do something, and waits for its answer.
    async fn ask<T>(
        &self,
        bytes: usize,
        work: impl FnOnce(oneshot::Sender<T>) -> Work,
    ) -> Result<T, AppendError> {
        if self.status.borrow().condition == Condition::Failed {
            return Err(AppendError::Failed);
        }
        let queue = self.queue.as_ref().ok_or(AppendError::Failed)?;
        let permit = queue.try_reserve().map_err(|refusal| match refusal {
            TrySendError::Full(()) => AppendError::Busy,
            TrySendError::Closed(()) => AppendError::Failed,
        })?;
        if self.shared.queued_bytes.fetch_add(bytes, Ordering::Relaxed) > QUEUE_BYTES_MAX {
            self.shared.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(AppendError::Busy);
        }
        let (reply, answer) = oneshot::channel();
        permit.send(Request { work: work(reply), bytes });
        answer.await.map_err(|_| AppendError::Failed)
    }

    /// Runs a read beside the asynchronous threads, with a connection of its own.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&LogReader, &Index, &Shared) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let (readers, index) = (self.readers.clone(), self.index.clone());
        let shared = self.shared.clone();
        tokio::task::spawn_blocking(move || {
            readers.with(|reader| read(reader, &index, &shared)).map_err(ReadError::failed)?
        })
        .await
        .map_err(ReadError::failed)?
    }
}

impl Drop for Embedded {
    /// Writes what has queued, checkpoints the write-ahead log, and gives the folder free.
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Store for Embedded {
    async fn append(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError> {
        let records = writes.iter().flat_map(|write| &write.records);
        let bytes = records.map(|record| record.head.len()).sum();
        self.ask(bytes, |reply| Work::Append(writes, reply)).await?
    }

    async fn read_stream(
        &self,
        stream: PersonId,
        from: Revision,
        limit: usize,
    ) -> Result<StreamSlice, ReadError> {
        self.read(move |reader, index, shared| {
            let last = index.last_revision(stream);
            let positions = index.positions(stream, from, limit).map_err(ReadError::failed)?;
            let mut records = reader.all(&positions).map_err(ReadError::failed)?;
            shared.duplicates.mark(&mut records);
            Ok(StreamSlice { records, last })
        })
        .await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError> {
        let tail = self.status.borrow().tail;
        self.read(move |reader, _, shared| {
            let mut found = Vec::new();
            let mut bytes = 0;
            let visit = |stored: Stored| {
                bytes += stored.record.len();
                found.push(stored);
                bytes < READ_BYTES_MAX
            };
            reader.each(after, tail, limit, visit).map_err(ReadError::failed)?;
            shared.duplicates.mark(&mut found);
            Ok(found)
        })
        .await
    }

    async fn find(&self, dedup_keys: Vec<DedupKey>) -> Result<Vec<Vec<Stored>>, ReadError> {
        self.read(move |reader, index, shared| {
            let carriers = |dedup_key| {
                let first = index.find(dedup_key).map_err(ReadError::failed)?;
                let Some(first) = first else { return Ok(Vec::new()) };
                let later = shared.duplicates.later(dedup_key);
                let positions = std::iter::once(first).chain(later);
                let at = |position| reader.at(position).transpose();
                let found: Result<Vec<Stored>, _> = positions.filter_map(at).collect();
                let mut found = found.map_err(ReadError::failed)?;
                shared.duplicates.mark(&mut found);
                Ok(found)
            };
            dedup_keys.iter().map(carriers).collect()
        })
        .await
    }

    fn status(&self) -> watch::Receiver<StoreStatus> {
        self.status.clone()
    }
}

fn lock(folder: &Path) -> Result<File, FolderOpenError> {
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("ledger.lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(FolderOpenError::InUse),
        Err(TryLockError::Error(error)) => Err(FolderOpenError::Folder(error)),
    }
}
