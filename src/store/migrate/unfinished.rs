//! The mark of a folder into which a ledger is being moved.
//! Always: no process serves a folder with the mark.
//!
//! The mark is the file that says how far the cluster was read. A move writes it before the first
//! record and removes it after the last comparison, so an interrupted move leaves the mark behind.

use std::io;
use std::path::Path;

use crate::store::cluster::log_copy::PROGRESS_FILE;

/// The mark, and the draft from which it is renewed.
pub(super) const MARK_FILES: [&str; 2] = [PROGRESS_FILE, "cursor.draft"];

/// Whether a move of a ledger into a folder is running or was interrupted.
pub fn is_unfinished(folder: &Path) -> bool {
    folder.join(PROGRESS_FILE).exists()
}

/// Marks a folder. An existing mark stays unchanged, because it says how far the cluster was read.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn mark_unfinished(folder: &Path) -> io::Result<()> {
    if is_unfinished(folder) { Ok(()) } else { std::fs::write(folder.join(PROGRESS_FILE), "{}") }
}

/// Removes the mark, once all records are in the folder.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn clear_mark(folder: &Path) -> io::Result<()> {
    std::fs::remove_file(folder.join(PROGRESS_FILE))
}
