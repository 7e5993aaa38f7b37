//! A data folder that this process has locked, before the log in it is opened.
//! Always: a folder whose log has another format is refused, and a start that fails takes back what
//! it made.

use std::path::{Path, PathBuf};

use super::folder_lock::{FolderLock, LOCK_FILE};
use super::index::INDEX_FOLDER;
use super::log;
use super::log_access::LOG_FILE;
use super::open_error::FolderOpenError;
use super::start_traces::StartTraces;
use crate::store::LedgerPresence;

/// The files of a log that a start may make. Beside a log that was there before, SQLite's files may
/// hold records, so they are no start's.
const LOG_FILES: [&str; 3] = [LOG_FILE, "ledger.db-wal", "ledger.db-shm"];

/// A folder that this process has locked, before the log in it is opened. If the folder has
/// a log, the log has the format of this version.
pub struct LockedFolder {
    /// Taken back while the folder is still locked, so it stands before the lock.
    pub(super) traces: StartTraces,
    pub(super) folder: PathBuf,
    pub(super) lock: FolderLock,
}

impl LockedFolder {
    /// Locks a folder, or makes and locks it.
    ///
    /// # Errors
    /// See [`FolderOpenError`].
    pub fn lock(folder: &Path) -> Result<Self, FolderOpenError> {
        // A folder that another process has just made and locked is not empty, so it stays.
        let traces = StartTraces::make_folder(folder)?;
        let lock = FolderLock::take(folder)?;
        let mut locked = Self { traces, lock, folder: folder.to_owned() };
        if locked.lock.has_made_file() {
            locked.traces.note_made(LOCK_FILE);
        }
        locked.traces.note_missing(&[INDEX_FOLDER]);
        match locked.ledger_presence() {
            LedgerPresence::Begun => log::check_format(&folder.join(LOG_FILE))?,
            LedgerPresence::Absent => locked.traces.note_missing(&LOG_FILES),
        }
        Ok(locked)
    }

    /// Whether a ledger has begun in the folder. Its keys are drawn before the log is made, so a
    /// log without keys has lost them.
    pub fn ledger_presence(&self) -> LedgerPresence {
        if self.folder.join(LOG_FILE).exists() {
            LedgerPresence::Begun
        } else {
            LedgerPresence::Absent
        }
    }

    /// Notes files that this start may make in the folder before the log is opened, such as keys.
    /// A start that fails takes them back.
    pub fn note_missing(&mut self, names: &[&str]) {
        self.traces.note_missing(names);
    }

    /// Leaves what this start has made in the folder, even if the start fails later.
    pub fn keep_traces(&mut self) {
        self.traces.keep();
    }
}
