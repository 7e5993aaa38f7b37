//! What a start makes before a ledger is open: folders, and the file of the lock.
//! Always: a start that fails before a ledger has begun takes all of it back; nothing that was
//! there before is touched.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::folder_lock::FolderLock;
use super::log_access::LOG_FILE;

/// What a start has made: taken back when dropped, unless the ledger was opened.
pub struct StartTraces {
    folder: PathBuf,
    /// The folders that were made, the innermost first.
    made: Vec<PathBuf>,
    has_lock_file: bool,
    is_kept: bool,
}

impl StartTraces {
    /// Makes a data folder and those around it, where they are missing. Only their owner may read
    /// them.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn make_folder(folder: &Path) -> io::Result<Self> {
        let around = folder.ancestors().filter(|path| !path.as_os_str().is_empty());
        let made = around.take_while(|path| !path.exists()).map(Path::to_owned).collect();
        let has_lock_file = FolderLock::is_in(folder);
        let traces = Self { folder: folder.to_owned(), made, has_lock_file, is_kept: false };
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(traces)
    }

    /// Leaves everything as it is: the ledger is open.
    pub fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for StartTraces {
    fn drop(&mut self) {
        if self.is_kept || self.folder.join(LOG_FILE).exists() {
            return;
        }
        if !self.has_lock_file {
            FolderLock::remove_file_of(&self.folder);
        }
        for folder in &self.made {
            // Fails where the folder is not empty: then it holds more than this start made.
            if std::fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}
