//! The lock of a data folder.
//! Always: at most one process has a folder open. The OS releases the lock when the process dies.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::open_error::FolderOpenError;

/// The file that is locked.
const FILE: &str = "ledger.lock";

/// The lock of one folder, until it is dropped.
pub struct FolderLock(File);

impl FolderLock {
    /// Locks the lock file of a folder, which must exist.
    ///
    /// # Errors
    /// [`FolderOpenError::InUse`], or the lock file cannot be made.
    pub fn take(folder: &Path) -> Result<Self, FolderOpenError> {
        let file =
            File::options().create(true).truncate(false).write(true).open(folder.join(FILE))?;
        let is_locked = file.try_lock();
        let lock = Self::of(file, is_locked)?;
        // A start that failed may have removed the file since it was opened here.
        match std::fs::metadata(folder.join(FILE)) {
            Ok(found) if found.ino() == lock.0.metadata()?.ino() => Ok(lock),
            _ => Err(FolderOpenError::InUse),
        }
    }

    /// Keeps writers out of a folder, and lets other readers in. `None`: the folder has no lock
    /// file, so that no process can have it open; nothing is made.
    ///
    /// # Errors
    /// [`FolderOpenError::InUse`], or the lock file cannot be read.
    pub fn take_to_read(folder: &Path) -> Result<Option<Self>, FolderOpenError> {
        let file = match File::open(folder.join(FILE)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let is_locked = file.try_lock_shared();
        Self::of(file, is_locked).map(Some)
    }

    fn of(file: File, is_locked: Result<(), TryLockError>) -> Result<Self, FolderOpenError> {
        match is_locked {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(FolderOpenError::InUse),
            Err(TryLockError::Error(error)) => Err(FolderOpenError::Folder(error)),
        }
    }

    /// Whether a folder has the file.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// Removes the file of a lock that this process holds. For a folder in which no ledger has
    /// begun.
    pub fn remove_file_of(folder: &Path) {
        // What cannot be removed stays: the file alone is harmless.
        let _ = std::fs::remove_file(folder.join(FILE));
    }
}

impl Drop for FolderLock {
    /// Unlocks the folder. Closing the file would not do: a child process that this process is just
    /// starting holds a copy of the descriptor until its program begins, and with it the lock.
    fn drop(&mut self) {
        // Where unlocking fails, the end of the process still unlocks.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_free_once_its_lock_is_dropped_though_a_child_holds_a_copy_of_the_descriptor() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        let copy_of_child = lock.0.try_clone().unwrap();
        assert!(matches!(FolderLock::take(folder.path()), Err(FolderOpenError::InUse)));
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
        drop(copy_of_child);
    }
}
