//! The lock of a data folder.
//! Always: at most one process has a folder open. The OS releases the lock when the process dies.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::open_error::FolderOpenError;

/// The lock of one folder, until it is dropped.
pub struct FolderLock(File);

impl FolderLock {
    /// Locks the lock file of a folder, which must exist.
    ///
    /// # Errors
    /// [`FolderOpenError::InUse`], or the lock file cannot be made.
    pub fn take(folder: &Path) -> Result<Self, FolderOpenError> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("ledger.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(FolderOpenError::InUse),
            Err(TryLockError::Error(error)) => Err(FolderOpenError::Folder(error)),
        }
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
