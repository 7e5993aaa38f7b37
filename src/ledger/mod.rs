//! What the ledger does: record facts, and read what was known.
//! Always: [`record`] is the only way in, [`read`] the only way out.

pub mod answer;
pub mod clock;
pub mod read;
pub mod record;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::id::Position;
use crate::domain::record::is_paired;
use crate::store::cluster::{self, EventStoreDb, Unclaimed};
use crate::store::embedded::{self, Embedded, OpenError};
use crate::store::{Store, migrate};
use crate::vault::{Erasures, KeyError, MasterKey};

pub use crate::store::cluster::{AddressError, ClusterAddress};
pub use crate::store::{AppendError, Condition, Expected, ReadError, StoreStatus};

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The cluster could not be opened.
    #[error(transparent)]
    Cluster(#[from] cluster::ClusterOpenError),
    /// The key could not be opened.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folder is a replica's: its ledger is in a cluster.
    #[error("the folder is a replica's of a cluster: use --store, or --url to ask the replica")]
    Replica,
    /// A ledger is being moved into the folder.
    #[error("a ledger is being moved into the folder: run the same `migrate` again to its end")]
    Unfinished,
    /// The folder has a ledger of its own.
    #[error("the folder has a ledger of its own; `care-ledger migrate` moves it into a cluster")]
    NoReplica,
}

/// An open ledger. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
    dedup_hash_key: [u8; 32],
    erasures: Erasures,
}

impl Ledger {
    /// Opens the ledger in a data folder, making one where there is none. `progress` hears how
    /// far the index has caught up, as records of records.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn open(folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Self, LedgerError> {
        if folder.join(cluster::COPY_FOLDER).exists() {
            return Err(LedgerError::Replica);
        }
        if migrate::is_unfinished(folder) {
            return Err(LedgerError::Unfinished);
        }
        let store = Embedded::open(folder, clock::recorded(), progress)?;
        let is_empty = store.status().borrow().tail == Position::START;
        let key = MasterKey::open(folder, is_empty)?.dedup_hash_key();
        let first = store.first().map_err(OpenError::from)?;
        if first.is_some_and(|first| !is_paired(&first.record, &key)) {
            return Err(KeyError::Foreign.into());
        }
        Ok(Self::over(Arc::new(store), key))
    }

    /// Opens the ledger in a cluster, with what this replica keeps of it in a data folder. An
    /// empty cluster becomes the ledger of the folder's key. `progress` hears how far the replica
    /// has come, of how much.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn open_replica(
        address: ClusterAddress,
        folder: &Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, LedgerError> {
        if folder.join(embedded::FILE).exists() {
            return Err(LedgerError::NoReplica);
        }
        let key = replica_key(&address, folder).await?;
        let clock = clock::recorded();
        let store = EventStoreDb::open(address, folder, key.check(), clock, progress).await?;
        let dedup_hash_key = key.dedup_hash_key();
        let first = store.first().await?;
        if first.is_some_and(|first| !is_paired(&first.record, &dedup_hash_key)) {
            return Err(KeyError::Foreign.into());
        }
        Ok(Self::over(Arc::new(store), dedup_hash_key))
    }

    /// A ledger over a store that is open already, such as one of another kind.
    pub fn over(store: Arc<dyn Store>, dedup_hash_key: [u8; 32]) -> Self {
        Self { store, dedup_hash_key, erasures: Erasures::default() }
    }

    /// The same ledger with these content keys destroyed.
    #[must_use]
    pub fn with_erasures(self, erasures: Erasures) -> Self {
        Self { erasures, ..self }
    }

    /// How far the log goes, and whether it takes writes: now, and whenever that changes.
    pub fn status(&self) -> watch::Receiver<StoreStatus> {
        self.store.status()
    }

    /// The position of the last record.
    pub fn tail(&self) -> Position {
        self.status().borrow().tail
    }
}

/// The key of a replica. One that has seen its cluster starts without it; the loop that follows
/// looks then whether the key is the cluster's.
async fn replica_key(address: &ClusterAddress, folder: &Path) -> Result<MasterKey, LedgerError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(OpenError::from)?;
    if MasterKey::is_in(folder) && folder.join(cluster::COPY_FOLDER).exists() {
        return Ok(MasterKey::open(folder, false)?);
    }
    let held = cluster::ledger_in(address, Unclaimed::Leave).await?;
    let key = MasterKey::open(folder, held.is_none())?;
    let check = key.check();
    match cluster::ledger_in(address, Unclaimed::Claim(check)).await? {
        Some(held) if held == check => Ok(key),
        _ => Err(KeyError::Foreign.into()),
    }
}
