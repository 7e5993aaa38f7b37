//! Opening the ledger in a folder to read only, for a command that asks a question.
//! Always: nothing in the folder is written, made or removed, so that a read-only mount or a backup
//! can be asked; records that only the write-ahead log holds, as after a crash, are read too.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::duplicates::CrossStreamDuplicates;
use super::folder_lock::FolderLock;
use super::index::{Index, IndexAccess};
use super::log_access::{LOG_FILE, LogAccess};
use super::open_error::FolderOpenError;
use super::readers::ReaderPool;
use super::start::{catch_up, note_duplicates};
use crate::store::{Condition, StoreStatus};

/// A folder that no other process writes to, before the log in it is opened to read.
pub struct FolderToRead {
    folder: PathBuf,
    path: PathBuf,
    access: LogAccess,
    lock: Option<FolderLock>,
}

/// The parts of a store that only reads.
pub struct ReadParts {
    pub duplicates: Arc<CrossStreamDuplicates>,
    pub index: Arc<Index>,
    pub readers: Arc<ReaderPool>,
    pub status: StoreStatus,
    /// `None`: the folder has no file of the lock.
    pub lock: Option<FolderLock>,
}

impl FolderToRead {
    /// Keeps writers out of a folder, and checks the format of its log.
    ///
    /// # Errors
    /// See [`FolderOpenError`].
    pub fn lock(folder: &Path) -> Result<Self, FolderOpenError> {
        let lock = FolderLock::take_to_read(folder)?;
        let path = folder.join(LOG_FILE);
        let access = LogAccess::without_writer(&path);
        ReaderPool::new(path.clone(), access).with_reader(|reader| reader.check_format())??;
        Ok(Self { folder: folder.to_owned(), path, access, lock })
    }

    /// Opens the log, and adds to the index, in memory, the records that it lacks on disk.
    ///
    /// # Errors
    /// See [`FolderOpenError`].
    pub fn open(
        self,
        keys_check: [u8; 32],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<ReadParts, FolderOpenError> {
        let Self { folder, path, access, lock } = self;
        let readers = Arc::new(ReaderPool::new(path, access));
        let (ledger, found) = readers.with_reader(|reader| reader.ledger())??;
        if found != keys_check {
            return Err(FolderOpenError::OtherLedger);
        }
        let read_commitment = |position| readers.commitment_at(position);
        let segments = folder.join("index");
        let index = Index::open(&segments, ledger, &read_commitment, IndexAccess::ReadOnly)?;
        let index = Arc::new(index);
        let duplicates = Arc::new(CrossStreamDuplicates::default());
        let later = note_duplicates(&readers, &duplicates)?;
        let (tail, latest) = catch_up(&readers, &index, &later, progress)?;
        let status = StoreStatus {
            tail,
            latest_recorded_time: latest,
            condition: Condition::Failed,
            ..StoreStatus::EMPTY
        };
        Ok(ReadParts { duplicates, index, readers, status, lock })
    }
}
