//! What a start makes: folders, the file of the lock, keys and the log, and for a new ledger also
//! the files that are opened after the log.
//! Always: a start that fails takes all of it back; nothing that was there before is touched, and
//! nothing of a log with a record.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// The first start of a ledger, from the opening of its new log until the start has succeeded.
/// Clones are one. A start of a ledger that was there before holds nothing to take back. The traces
/// in here are kept: only the store takes them back, after a look at the log.
#[derive(Clone, Default)]
pub struct FirstStart(Arc<Mutex<Option<StartTraces>>>);

impl FirstStart {
    /// Notes files that the start may make after the log, such as the lists. Called before the
    /// files are made.
    pub fn note_missing(&self, names: &[&str]) {
        if let Some(traces) = self.traces().as_mut() {
            traces.note_missing(names);
        }
    }

    /// Leaves what the start has made, from here on.
    pub fn succeed(&self) {
        self.traces().take();
    }

    /// Begins with what was made until now.
    pub(super) fn begin(&self, mut traces: StartTraces) {
        traces.keep();
        *self.traces() = Some(traces);
    }

    /// Whether the start made the ledger, and has not succeeded yet.
    pub(super) fn is_under_way(&self) -> bool {
        self.traces().is_some()
    }

    /// Takes back what the start has made. Called while the folder is locked, and only if the log
    /// has no record.
    pub(super) fn take_back(&self) {
        if let Some(mut traces) = self.traces().take() {
            traces.is_kept = false;
        }
    }

    // The lock is held only while a field is read or written, and no holder panics in between.
    fn traces(&self) -> MutexGuard<'_, Option<StartTraces>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
