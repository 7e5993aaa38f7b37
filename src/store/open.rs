//! Opening the store that the configuration names, in one call.
//! Always: a folder or cluster opens only with the keys of its ledger, which lie in the data
//! folder. A check value of the keys stands beside the log, so that no record is opened to compare
//! the keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cluster::{self, ClusterOpenError, EventStoreDb, FollowStopReason, Unclaimed};
use super::embedded::{Embedded, FolderOpenError, FolderRole, FolderToRead, LockedFolder};
use super::{LedgerPresence, StampClock, Store, migrate};
use crate::work::HealthProbe;

pub use super::cluster::{
    AddressError, CallFailure, Checkup, ClusterAddress, LeaderSeen, LedgerClaim, NodeFault,
    ProbedNode, VERSION_MIN,
};
pub use super::embedded::FirstStart;

/// The place of the ledger's records.
#[derive(Clone)]
pub enum StoreConfig {
    /// The records are in a data folder.
    Folder(PathBuf),
    /// The records are in a cluster, and this process is a replica.
    Cluster {
        /// The cluster. Boxed, because an address takes far more room than a path.
        address: Box<ClusterAddress>,
        /// The data folder of this replica, which has a copy of the log.
        folder: PathBuf,
    },
}

impl StoreConfig {
    /// The data folder of this process.
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
    /// The folder belongs to a replica; the ledger is in a cluster.
    #[error("the folder is a replica's of a cluster: use --store, or --url to ask the replica")]
    Replica,
    /// A ledger is being moved into the folder.
    #[error("a ledger is being moved into the folder: run the same `migrate` again to its end")]
    MoveUnfinished,
    /// The folder already holds a ledger that is in no cluster.
    #[error("the folder has a ledger of its own; `care-ledger migrate` moves it into a cluster")]
    OwnLedger,
}

/// An open store.
pub struct OpenStore {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The health of the workers that the store has beside requests.
    pub workers: Vec<HealthProbe>,
    /// The first start of a ledger in a folder, which the caller ends.
    pub first_start: FirstStart,
}

/// Opens a store, or makes a store if there is none. `open_keys` opens the ledger's keys, or makes
/// them in `key_files` of the data folder, and returns their check value. It is called once, while
/// the folder is locked, and only if the format of the log is this version's. `progress` receives
/// the work done so far and the total work.
///
/// # Errors
/// See [`OpenError`]. Errors of `open_keys` are passed on.
pub async fn open<E: From<OpenError>>(
    config: &StoreConfig,
    clock: StampClock,
    key_files: &[&str],
    open_keys: impl FnOnce(LedgerPresence) -> Result<[u8; 32], E>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<OpenStore, E> {
    match config {
        StoreConfig::Folder(folder) => {
            refuse_other_owner(folder)?;
            let mut locked = LockedFolder::lock(folder).map_err(OpenError::from)?;
            locked.note_missing(key_files);
            let keys_check = open_keys(locked.ledger_presence())?;
            let store = locked.open(FolderRole::Ledger, keys_check, clock, progress);
            let store = store.map_err(OpenError::from)?;
            let (workers, first_start) = (store.workers(), store.first_start().clone());
            Ok(OpenStore { store: Arc::new(store), workers, first_start })
        }
        StoreConfig::Cluster { address, folder } => {
            // Locked until the copy is open and locked itself: two starts at once must not both
            // draw keys.
            let mut locked = LockedFolder::lock(folder).map_err(OpenError::from)?;
            if locked.ledger_presence() == LedgerPresence::Begun {
                return Err(OpenError::OwnLedger.into());
            }
            locked.note_missing(key_files);
            let keep_then_check = |presence| {
                let keys_check = open_keys(presence)?;
                if presence == LedgerPresence::Absent {
                    // The cluster is claimed with these keys next. From then on they are the only
                    // keys of its ledger, so no failure may take them back.
                    locked.keep_traces();
                }
                Ok::<_, E>(keys_check)
            };
            let keys_check = check_of_replica(address, folder, keep_then_check).await?;
            let store =
                EventStoreDb::open(address.as_ref().clone(), folder, keys_check, clock, progress)
                    .await;
            let store = store.map_err(OpenError::from)?;
            locked.keep_traces();
            drop(locked);
            let (workers, first_start) = (store.workers(), FirstStart::default());
            Ok(OpenStore { store: Arc::new(store), workers, first_start })
        }
    }
}

/// Opens the store in a folder to read only: nothing in the folder is written, made or removed.
/// `open_keys` reads the ledger's keys and returns their check value.
///
/// # Errors
/// See [`OpenError`]. Errors of `open_keys` are passed on.
pub fn open_to_read<E: From<OpenError>>(
    folder: &Path,
    open_keys: impl FnOnce() -> Result<[u8; 32], E>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Arc<dyn Store>, E> {
    refuse_other_owner(folder)?;
    let locked = FolderToRead::lock(folder).map_err(OpenError::from)?;
    let store = Embedded::open_to_read(locked, open_keys()?, progress);
    let store = store.map_err(OpenError::from)?;
    Ok(Arc::new(store))
}

/// Refuses a folder that belongs to a replica, or into which a ledger is being moved.
fn refuse_other_owner(folder: &Path) -> Result<(), OpenError> {
    if folder.join(cluster::COPY_FOLDER).exists() {
        return Err(OpenError::Replica);
    }
    if migrate::is_unfinished(folder) {
        return Err(OpenError::MoveUnfinished);
    }
    Ok(())
}

/// The check value of a replica's keys. A replica that has a copy can start without its cluster;
/// then the follower compares the keys with the cluster's claim later.
async fn check_of_replica<E: From<OpenError>>(
    address: &ClusterAddress,
    folder: &Path,
    open_keys: impl FnOnce(LedgerPresence) -> Result<[u8; 32], E>,
) -> Result<[u8; 32], E> {
    let copy = folder.join(cluster::COPY_FOLDER);
    if copy.exists() {
        // Refuses a copy of another format, and a copy that a running replica uses.
        drop(LockedFolder::lock(&copy).map_err(OpenError::from)?);
        return open_keys(LedgerPresence::Begun);
    }
    let held = cluster::ledger_in(address, Unclaimed::Leave).await.map_err(OpenError::from)?;
    let presence = if held.is_some() { LedgerPresence::Begun } else { LedgerPresence::Absent };
    let keys_check = open_keys(presence)?;
    let held = cluster::ledger_in(address, Unclaimed::Claim(keys_check)).await;
    if held.map_err(OpenError::from)? != Some(keys_check) {
        let other = ClusterOpenError::from(FollowStopReason::OtherLedger);
        return Err(OpenError::from(other).into());
    }
    Ok(keys_check)
}
