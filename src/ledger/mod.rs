//! The ledger: records events, and answers questions from the records.
//! Always: [`record`] is the only way in, [`read`] the only way out.

pub mod answer;
pub mod clock;
pub mod read;
pub mod record;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::id::Position;
use crate::store::open::{self, FirstStart, OpenStore, StoreConfig};
use crate::store::{LedgerPresence, Store};
use crate::vault::{Erasures, HashKeys, KEY_FILES, KeyError, LedgerKeys, master_key};
use crate::work::HealthProbe;

pub use crate::store::harm::StreamHarm;
pub use crate::store::{AppendError, Condition, Expected, ReadError, StoreStatus};

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] open::OpenError),
    /// The keys could not be opened.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// An open ledger. Cloning is cheap; all clones use the same store.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
    hash_keys: HashKeys,
    erasures: Erasures,
    /// The health of the workers of the store.
    workers: Vec<HealthProbe>,
    first_start: FirstStart,
}

impl Ledger {
    /// Opens the ledger that the configuration names, or creates it with new keys if there is none.
    /// Calls `progress` with the work done so far and the total work. A new ledger without a record
    /// is taken back when the last clone is dropped, unless [`Ledger::first_start`] succeeded.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn open(
        config: &StoreConfig,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, LedgerError> {
        let mut hash_keys = HashKeys { dedup: [0; 32], stream: [0; 32] };
        let open_keys = |presence| {
            let keys = keys(config.folder(), presence)?;
            hash_keys = keys.hash_keys();
            Ok::<_, LedgerError>(keys.check())
        };
        let clock = clock::recorded_time_clock();
        let opened = open::open(config, clock, &KEY_FILES, open_keys, progress).await?;
        let OpenStore { store, workers, first_start } = opened;
        Ok(Self { workers, first_start, ..Self::with_store(store, hash_keys) })
    }

    /// Opens the ledger in a folder to read only. Nothing in the folder is written, made or
    /// removed, so that a read-only mount or a backup can be asked.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn open_to_read(
        folder: &Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, LedgerError> {
        let mut hash_keys = HashKeys { dedup: [0; 32], stream: [0; 32] };
        let open_keys = || {
            let keys = LedgerKeys::open(folder)?;
            hash_keys = keys.hash_keys();
            Ok::<_, LedgerError>(keys.check())
        };
        let store = open::open_to_read(folder, open_keys, progress)?;
        Ok(Self::with_store(store, hash_keys))
    }

    /// A ledger that uses an open store, for example the store of a test.
    pub fn with_store(store: Arc<dyn Store>, hash_keys: HashKeys) -> Self {
        let first_start = FirstStart::default();
        Self { store, hash_keys, erasures: Erasures::default(), workers: Vec::new(), first_start }
    }

    /// The same ledger, which treats the content under these keys as erased.
    #[must_use]
    pub fn with_erasures(self, erasures: Erasures) -> Self {
        Self { erasures, ..self }
    }

    /// How far the log goes, and whether it takes writes: now, and whenever that changes.
    pub fn status(&self) -> watch::Receiver<StoreStatus> {
        self.store.status()
    }

    /// The health of the workers that the store has beside requests.
    pub fn workers(&self) -> &[HealthProbe] {
        &self.workers
    }

    /// The first start of this ledger. The caller notes the files that the caller makes beside the
    /// log, and says when the start has succeeded.
    pub fn first_start(&self) -> &FirstStart {
        &self.first_start
    }

    /// The position of the last record.
    pub fn tail(&self) -> Position {
        self.status().borrow().tail
    }
}

/// The keys of a ledger. For a new ledger, makes random keys and a random master key.
fn keys(folder: &Path, presence: LedgerPresence) -> Result<LedgerKeys, KeyError> {
    match presence {
        LedgerPresence::Begun => {
            master_key::check_if_there(folder)?;
            LedgerKeys::open(folder)
        }
        LedgerPresence::Absent => {
            let keys = LedgerKeys::open_or_make(folder)?;
            master_key::make_if_absent(folder)?;
            Ok(keys)
        }
    }
}
