//! Opening a store: one call on what the configuration says.
//! Always: a folder or cluster is opened only as the ledger whose keys lie in the data folder, and
//! no record's content is opened to find that out: a check value of the keys stands beside the log.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cluster::{self, ClusterOpenError, EventStoreDb, FollowStopReason, Unclaimed};
use super::embedded::{self, FolderOpenError, Keeping, LockedFolder};
use super::{Holds, StampClock, Store, migrate};

pub use super::cluster::{AddressError, ClusterAddress};

/// Where the ledger is.
#[derive(Clone)]
pub enum StoreConfig {
    /// In a data folder.
    Folder(PathBuf),
    /// In a cluster; this process is a replica.
    Cluster {
        /// The cluster. Boxed, because an address takes far more room than a path.
        address: Box<ClusterAddress>,
        /// The data folder of this replica, with its copy of the log.
        folder: PathBuf,
    },
}

impl StoreConfig {
    /// The data folder.
    pub fn folder(&self) -> &Path {
        let (Self::Folder(folder) | Self::Cluster { folder, .. }) = self;
        folder
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder could not be opened.
    #[error(transparent)]
    Folder(#[from] FolderOpenError),
    /// The cluster could not be opened.
    #[error(transparent)]
    Cluster(#[from] ClusterOpenError),
    /// The folder is a replica's: its ledger is in a cluster.
    #[error("the folder is a replica's of a cluster: use --store, or --url to ask the replica")]
    Replica,
    /// A ledger is being moved into the folder.
    #[error("a ledger is being moved into the folder: run the same `migrate` again to its end")]
    MoveUnfinished,
    /// The folder has a ledger of its own.
    #[error("the folder has a ledger of its own; `care-ledger migrate` moves it into a cluster")]
    OwnLedger,
}

/// Opens a store, making it where there is none. `keys_check` is asked once for the check value of
/// the ledger's keys, while nobody else can make the same store. `progress` hears how far the
/// opening has come, of how much.
///
/// # Errors
/// See [`OpenError`], and what `keys_check` refuses.
pub async fn open<E: From<OpenError>>(
    config: &StoreConfig,
    clock: StampClock,
    keys_check: impl FnOnce(Holds) -> Result<[u8; 32], E>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Arc<dyn Store>, E> {
    match config {
        StoreConfig::Folder(folder) => {
            if folder.join(cluster::COPY_FOLDER).exists() {
                return Err(OpenError::Replica.into());
            }
            if migrate::is_unfinished(folder) {
                return Err(OpenError::MoveUnfinished.into());
            }
            let locked = LockedFolder::lock(folder).map_err(OpenError::from)?;
            let check = keys_check(locked.holds())?;
            let store = locked.open(Keeping::Truth, check, clock, progress);
            Ok(Arc::new(store.map_err(OpenError::from)?))
        }
        StoreConfig::Cluster { address, folder } => {
            let check = check_of_replica(address, folder, keys_check).await?;
            let store =
                EventStoreDb::open(address.as_ref().clone(), folder, check, clock, progress).await;
            Ok(Arc::new(store.map_err(OpenError::from)?))
        }
    }
}

/// The check value of a replica's keys. A replica that has a copy starts without its cluster; the
/// loop that follows looks later whether the keys are the cluster's.
async fn check_of_replica<E: From<OpenError>>(
    address: &ClusterAddress,
    folder: &Path,
    keys_check: impl FnOnce(Holds) -> Result<[u8; 32], E>,
) -> Result<[u8; 32], E> {
    if folder.join(embedded::FILE).exists() {
        return Err(OpenError::OwnLedger.into());
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| OpenError::Folder(error.into()))?;
    if folder.join(cluster::COPY_FOLDER).exists() {
        return keys_check(Holds::Ledger);
    }
    let held = cluster::ledger_in(address, Unclaimed::Leave).await.map_err(OpenError::from)?;
    let check = keys_check(if held.is_some() { Holds::Ledger } else { Holds::Nothing })?;
    let held = cluster::ledger_in(address, Unclaimed::Claim(check)).await;
    if held.map_err(OpenError::from)? != Some(check) {
        let other = ClusterOpenError::from(FollowStopReason::OtherLedger);
        return Err(OpenError::from(other).into());
    }
    Ok(check)
}
