//! The lock of a data folder.
//! Always: at most one process has a folder open. The OS releases the lock when the process dies.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::open_error::FolderOpenError;

/// The file that is locked.
pub const LOCK_FILE: &str = "ledger.lock";

/// The lock of one folder, until it is dropped.
pub struct FolderLock {
    file: File,
    /// Whether taking the lock has made the file.
    has_made_file: bool,
}

impl FolderLock {
    /// Locks the lock file of a folder, which must exist.
    ///
    /// # Errors
    /// [`FolderOpenError::InUse`], or the lock file cannot be made.
    pub fn take(folder: &Path) -> Result<Self, FolderOpenError> {
        let path = folder.join(LOCK_FILE);
        let (file, has_made_file) = match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let mut options = File::options();
                (options.create(true).truncate(false).write(true).open(&path)?, false)
            }
            made => (made?, true),
        };
        let is_locked = file.try_lock();
        let mut lock = Self::of(file, is_locked)?;
        lock.has_made_file = has_made_file;
        // A start that failed may have removed the file since it was opened here.
        match std::fs::metadata(path) {
            Ok(found) if found.ino() == lock.file.metadata()?.ino() => Ok(lock),
            _ => Err(FolderOpenError::InUse),
        }
    }

    /// Keeps writers out of a folder, and lets other readers in. `None`: the folder has no lock
    /// file, so that no process can have it open; nothing is made.
    ///
    /// # Errors
    /// [`FolderOpenError::InUse`], or the lock file cannot be read.
    pub fn take_to_read(folder: &Path) -> Result<Option<Self>, FolderOpenError> {
        let file = match File::open(folder.join(LOCK_FILE)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let is_locked = file.try_lock_shared();
        Self::of(file, is_locked).map(Some)
    }

    fn of(file: File, is_locked: Result<(), TryLockError>) -> Result<Self, FolderOpenError> {
        match is_locked {
            Ok(()) => Ok(Self { file, has_made_file: false }),
            Err(TryLockError::WouldBlock) => Err(FolderOpenError::InUse),
            Err(TryLockError::Error(error)) => Err(FolderOpenError::Folder(error)),
        }
    }

    /// Whether taking the lock has made its file.
    pub fn has_made_file(&self) -> bool {
        self.has_made_file
    }
}

impl Drop for FolderLock {
    /// Unlocks the folder. Closing the file would not do: a child process that this process is just
    /// starting holds a copy of the descriptor until its program begins, and with it the lock.
    fn drop(&mut self) {
        // Where unlocking fails, the end of the process still unlocks.
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_free_once_its_lock_is_dropped_though_a_child_holds_a_copy_of_the_descriptor() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        let copy_of_child = lock.file.try_clone().unwrap();
        assert!(matches!(FolderLock::take(folder.path()), Err(FolderOpenError::InUse)));
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
        drop(copy_of_child);
    }
}
