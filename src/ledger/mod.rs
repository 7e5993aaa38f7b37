//! What the ledger does: record facts, and read what was known.
//! Always: [`record`] is the only way in, [`read`] the only way out.

pub mod answer;
mod batch;
pub mod clear;
pub mod clock;
pub mod read;
pub mod record;
pub mod told;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::id::Position;
use crate::domain::record::is_paired;
use crate::store::Store;
use crate::store::embedded::{Embedded, OpenError};
use crate::vault::{KeyError, MasterKey};

pub use crate::store::{AppendError, Condition, Expected, ReadError};

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The key could not be opened.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// An open ledger. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
    pair_key: [u8; 32],
}

impl Ledger {
    /// Opens the ledger in a data folder, making one where there is none. `progress` hears how
    /// far the index has caught up, as records of records.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn open(folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Self, LedgerError> {
        let store = Embedded::open(folder, clock::recorded(), progress)?;
        let is_empty = *store.subscribe().borrow() == Position::START;
        let key = MasterKey::open(folder, is_empty)?.pair_key();
        let first = store.first().map_err(OpenError::from)?;
        if first.is_some_and(|first| !is_paired(&first.record, &key)) {
            return Err(KeyError::Foreign.into());
        }
        Ok(Self { store: Arc::new(store), pair_key: key })
    }

    /// A ledger over a store that is open already, such as one of another kind.
    pub fn over(store: Arc<dyn Store>, pair_key: [u8; 32]) -> Self {
        Self { store, pair_key }
    }

    /// The last position, now and whenever it moves.
    pub fn subscribe(&self) -> watch::Receiver<Position> {
        self.store.subscribe()
    }

    /// Whether the store takes writes.
    pub fn condition(&self) -> Condition {
        self.store.condition()
    }
}
