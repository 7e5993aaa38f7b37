//! What a start makes before a ledger is open: folders, the file of the lock, keys and the log.
//! Always: a start that fails takes all of it back; nothing that was there before is touched.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// What a start has made, or is about to make: taken back when dropped, unless it is kept.
pub struct StartTraces {
    folder: PathBuf,
    /// The folders that were made, the innermost first.
    made_folders: Vec<PathBuf>,
    /// Files and folders that were missing in the data folder, in the order of their making.
    missing: Vec<PathBuf>,
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
        let made_folders = around.take_while(|path| !path.exists()).map(Path::to_owned).collect();
        let folder = folder.to_owned();
        let traces = Self { folder, made_folders, missing: Vec::new(), is_kept: false };
        DirBuilder::new().recursive(true).mode(0o700).create(&traces.folder)?;
        Ok(traces)
    }

    /// Notes files and folders that this start may make in the data folder. A file or folder that
    /// is there already is not noted, so it stays. Called while the folder is locked: an earlier
    /// call could note what another process then makes.
    pub fn note_missing(&mut self, names: &[&str]) {
        let paths = names.iter().map(|name| self.folder.join(name));
        self.missing.extend(paths.filter(|path| path.symlink_metadata().is_err()));
    }

    /// Notes a file that this start has made in the data folder.
    pub fn note_made(&mut self, name: &str) {
        self.missing.push(self.folder.join(name));
    }

    /// Leaves everything as it is from here on.
    pub fn keep(&mut self) {
        self.is_kept = true;
    }
}

impl Drop for StartTraces {
    /// What cannot be removed stays: a later start opens a folder that has keys or an empty log.
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        // The lock was made first, so it is removed last.
        for path in self.missing.iter().rev() {
            let _ = match path.is_dir() {
                true => std::fs::remove_dir_all(path),
                false => std::fs::remove_file(path),
            };
        }
        for folder in &self.made_folders {
            // Fails where the folder is not empty: then it holds more than this start made.
            if std::fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}
