//! The request for a move, the progress that the move reports, and its result.

use std::path::Path;
use std::sync::Arc;

use super::error::{KeysError, MigrateError};
use crate::domain::id::RecordedTime;
use crate::store::embedded::{Embedded, FolderRole, LockedFolder};

/// Whether to write anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveMode {
    /// Read and compare everything, write nothing.
    Rehearse,
    /// Move the ledger.
    Move,
}

/// The keys of the ledger that moves. A store reads no keys, so the caller passes them.
pub trait MovingKeys {
    /// The check value of the keys, by which a cluster names its ledger.
    ///
    /// # Errors
    /// The keys are missing or cannot be read.
    fn check(&self) -> Result<[u8; 32], KeysError>;

    /// The files of keys that [`MovingKeys::put_into`] may make in a folder.
    fn files(&self) -> &[&str];

    /// Puts the keys into the folder that the ledger moves to, unless they are there already.
    ///
    /// # Errors
    /// The folder has another ledger's keys, or cannot be written.
    fn put_into(&self, folder: &Path) -> Result<(), KeysError>;
}

/// The stage of a move, shown to the person who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveStage {
    /// Opening the folder: its index catches up with its log.
    Opening,
    /// Comparing the records that both sides have already.
    Comparing,
    /// Moving the other records.
    Moving,
    /// Comparing all records.
    Verifying,
}

/// Receives the stage, the work done in the stage, and the total work of the stage.
pub type MoveProgress<'a> = &'a mut dyn FnMut(MoveStage, u64, u64);

/// The result of a move or of a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// How many records the ledger has.
    pub records: u64,
    /// How many of them the target had before.
    pub already_there: u64,
    /// BLAKE3 over the commitments of all records in order, the same on both sides. In a rehearsal
    /// of a move into a cluster: of the records that both sides have.
    pub digest: blake3::Hash,
}

/// Opens the log in a locked folder. A move stamps no record, so the clock is never asked.
pub(super) fn open_log(
    folder: LockedFolder,
    keys_check: [u8; 32],
    progress: MoveProgress<'_>,
) -> Result<Embedded, MigrateError> {
    let clock = Arc::new(|| RecordedTime::from_micros(0));
    let mut opening = |done, total| progress(MoveStage::Opening, done, total);
    Ok(folder.open(FolderRole::Ledger, keys_check, clock, &mut opening)?)
}
