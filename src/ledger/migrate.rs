//! A ledger moves: from a folder into a cluster, or out of one.
//! Always: the same records in the same order at the same positions, so that receipts, cursors and
//! answers stay what they were; the source is only read; compared whole at the end.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clock;
use crate::domain::id::Position;
use crate::store::Store as _;
use crate::store::cluster::migrate::{self, Compared, MoveError};
use crate::store::cluster::{self, ClusterAddress, FollowStopReason, LedgerClaim};
use crate::store::embedded::{self, Embedded, OpenError};
use crate::vault::{KeyError, MasterKey};

/// What is being done, for whoever waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Opening the folder: its index catches up.
    Opening,
    /// Looking at what both have already.
    Comparing,
    /// Moving the rest.
    Moving,
    /// Comparing all of it.
    Verifying,
}

/// Hears the stage, and how far it is of how much.
pub type Told<'a> = &'a mut dyn FnMut(Stage, u64, u64);

/// Whether to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearsal {
    /// Look at everything, write nothing.
    Yes,
    /// Move.
    No,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Records of the ledger.
    pub records: u64,
    /// Of these, those that were there before.
    pub before: u64,
    /// BLAKE3 over the commitments of all records in order, the same on both sides; in a
    /// rehearsal, of those that both have.
    pub digest: blake3::Hash,
}

/// Why a ledger did not move.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The folder could not be opened.
    #[error(transparent)]
    Folder(#[from] OpenError),
    /// The key is missing or another's.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No key is named, and there is none in the folder.
    #[error("name the ledger's key with --key FILE: a replica has it as master.key in its folder")]
    NoKey,
    /// The folder is a replica's.
    #[error("{} is a replica's folder of a cluster; name another one", .0.display())]
    Replica(PathBuf),
    /// There is nothing to move.
    #[error("{} has no ledger", .0.display())]
    Empty(PathBuf),
    /// The records.
    #[error(transparent)]
    Move(#[from] MoveError),
}

impl From<io::Error> for MigrateError {
    fn from(error: io::Error) -> Self {
        Self::Folder(error.into())
    }
}

impl From<crate::store::ReadError> for MigrateError {
    fn from(error: crate::store::ReadError) -> Self {
        Self::Move(error.into())
    }
}

/// Moves the ledger of a folder into a cluster.
///
/// # Errors
/// See [`MigrateError`]. What was written stays, and the same again goes on.
pub async fn into_cluster(
    folder: &Path,
    address: ClusterAddress,
    rehearsal: Rehearsal,
    told: Told<'_>,
) -> Result<Moved, MigrateError> {
    refuse_replica(folder)?;
    if !folder.join(embedded::FILE).exists() {
        return Err(MigrateError::Empty(folder.to_owned()));
    }
    let log = open(folder, told)?;
    let key = MasterKey::open(folder, false)?;
    let total = log.subscribe().borrow().number();
    let check = key.check();
    let (connection, held) = migrate::connect(address, check).await?;
    let held = match (held, rehearsal) {
        (None, Rehearsal::No) => Some(migrate::claim(&connection, check).await?),
        (held, _) => held,
    };
    let mut comparing = |done, of| told(Stage::Comparing, done, of);
    let before = migrate::compare(&connection, &log, &mut comparing).await?;
    if rehearsal == Rehearsal::Yes {
        let Compared { records, digest } = before;
        return Ok(Moved { records: total, before: records, digest });
    }
    let mut moving = |done, of| told(Stage::Moving, done, of);
    migrate::write(&connection, &log, Position::new(before.records), &mut moving).await?;
    let mut verifying = |done, of| told(Stage::Verifying, done, of);
    let after = migrate::compare(&connection, &log, &mut verifying).await?;
    if after.records != total {
        let (found, expected) = (after.records, total);
        return Err(MoveError::Less { found, expected }.into());
    }
    if let Some(LedgerClaim::Moving(_)) = held {
        migrate::finish(&connection, check).await?;
    }
    Ok(Moved { records: total, before: before.records, digest: after.digest })
}

/// Moves the ledger of a cluster into a folder; `key` is the file of its master key, unless the
/// folder has it.
///
/// # Errors
/// See [`MigrateError`]. What was written stays, and the same again goes on.
pub async fn into_folder(
    address: ClusterAddress,
    folder: &Path,
    key: Option<&Path>,
    rehearsal: Rehearsal,
    told: Told<'_>,
) -> Result<Moved, MigrateError> {
    refuse_replica(folder)?;
    let key = match key {
        Some(file) => MasterKey::read(file)?,
        None if MasterKey::is_in(folder) => MasterKey::open(folder, false)?,
        None => return Err(MigrateError::NoKey),
    };
    let (connection, held) = migrate::connect(address, key.check()).await?;
    if let Some(LedgerClaim::Moving(_)) = held {
        return Err(MoveError::from(FollowStopReason::MoveUnfinished).into());
    }
    if rehearsal == Rehearsal::Yes {
        let mut verifying = |done, of| told(Stage::Verifying, done, of);
        let Compared { records, digest } = migrate::survey(&connection, &mut verifying).await?;
        return Ok(Moved { records, before: 0, digest });
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    key.keep(folder)?;
    migrate::begin(folder)?;
    let log = Arc::new(open(folder, told)?);
    let before = log.subscribe().borrow().number();
    let mut moving = |done, of| told(Stage::Moving, done, of);
    let records = migrate::read(&connection, folder, log.clone(), &mut moving).await?;
    let mut verifying = |done, of| told(Stage::Verifying, done, of);
    let after = migrate::compare(&connection, &log, &mut verifying).await?;
    if after.records != records {
        let (found, expected) = (after.records, records);
        return Err(MoveError::Less { found, expected }.into());
    }
    migrate::end(folder)?;
    Ok(Moved { records, before, digest: after.digest })
}

fn open(folder: &Path, told: Told<'_>) -> Result<Embedded, OpenError> {
    Embedded::open(folder, clock::recorded(), &mut |done, of| told(Stage::Opening, done, of))
}

fn refuse_replica(folder: &Path) -> Result<(), MigrateError> {
    if folder.join(cluster::COPY_FOLDER).exists() {
        return Err(MigrateError::Replica(folder.to_owned()));
    }
    Ok(())
}
