//! The mark of a folder into which a ledger is being moved.
//! Always: a folder with the mark is served by nobody.
//!
//! The mark is the file that says how far the cluster was read. A move writes it before the first
//! record and removes it after the last comparison, so a move that was cut off leaves it behind.

use std::io;
use std::path::Path;

use crate::store::cluster::log_copy::PROGRESS_FILE;

/// Whether a ledger is being moved into a folder, or a move into it was cut off.
pub fn is_unfinished(folder: &Path) -> bool {
    folder.join(PROGRESS_FILE).exists()
}

/// Marks a folder. A mark that is there stays as it is: it says how far the cluster was read.
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
