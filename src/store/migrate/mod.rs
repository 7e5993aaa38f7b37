//! Moving a ledger between stores: from a folder into a cluster, or out of a cluster into a folder.
//! Always: the same records stand in the same order at the same positions afterwards, so receipts,
//! cursors and answers stay what they were. The source is only read. A record that the target has
//! already is compared and never written over, and all records are compared at the end. A move that
//! was interrupted continues where it stopped.

mod compare;
mod error;
mod into_cluster;
mod into_folder;
mod plan;
mod unfinished;

use std::path::{Path, PathBuf};

use crate::store::cluster::{COPY_FOLDER, ClusterAddress};

pub use self::error::{KeysError, MigrateError};
pub use self::plan::{MoveMode, MoveProgress, MoveStage, Moved, MovingKeys};
pub use self::unfinished::is_unfinished;

/// The place that a ledger moves from or to.
#[derive(Clone)]
pub enum Location {
    /// A data folder.
    Folder(PathBuf),
    /// A cluster. Boxed, because an address takes far more room than a path.
    Cluster(Box<ClusterAddress>),
}

/// Moves a ledger.
///
/// # Errors
/// See [`MigrateError`]. What was written stays, and the same move continues from there.
pub async fn migrate(
    from: Location,
    to: Location,
    keys: &dyn MovingKeys,
    mode: MoveMode,
    progress: MoveProgress<'_>,
) -> Result<Moved, MigrateError> {
    match (from, to) {
        (Location::Folder(folder), Location::Cluster(address)) => {
            refuse_replica(&folder)?;
            into_cluster::move_into_cluster(&folder, *address, keys, mode, progress).await
        }
        (Location::Cluster(address), Location::Folder(folder)) => {
            refuse_replica(&folder)?;
            into_folder::move_into_folder(*address, &folder, keys, mode, progress).await
        }
        (Location::Cluster(_), Location::Cluster(_)) => Err(MigrateError::TwoClusters),
        (Location::Folder(_), Location::Folder(_)) => Err(MigrateError::TwoFolders),
    }
}

fn refuse_replica(folder: &Path) -> Result<(), MigrateError> {
    if folder.join(COPY_FOLDER).exists() {
        return Err(MigrateError::Replica(folder.to_owned()));
    }
    Ok(())
}
