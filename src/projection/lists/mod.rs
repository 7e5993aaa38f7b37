//! The lists over all persons: opening them, asking how far they are, stopping them.
//! Always: one worker keeps them up to date; when the last handle is dropped it has ended.

pub mod ask;
mod dependents;
pub mod item;
pub mod request;
mod row;
mod rows;
mod state;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use self::dependents::Dependents;
use self::rows::ListRows;
use self::state::{ListState, StateError};
use super::contract::Fault;
use super::follow::{Follower, MicrosecondClock, ProjectionProgress};
use crate::domain::id::Position;
use crate::ledger::{Ledger, ReadError};
use crate::work::{self, HealthProbe, Worker};

/// The state file in the data folder.
const FILE: &str = "lists.db";

/// The state file, and the file of SQLite's own log beside it.
pub const FILES: [&str; 2] = [FILE, "lists.db-wal"];

/// All files of the lists that a start may make in a data folder.
pub const START_FILES: [&str; 3] = [FILE, "lists.db-wal", "lists.db-shm"];

/// At most this many pages fold rows again at once. Other pages wait, so that recording has a
/// processor: a common machine has two.
const FOLDING_MAX: usize = 1;

/// Why the lists could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state file could not be opened or made: look at the folder.
    #[error("lists.db could not be opened")]
    State(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The system gave no thread.
    #[error("the lists could not be started")]
    Thread(#[from] std::io::Error),
}

impl From<StateError> for StartError {
    fn from(error: StateError) -> Self {
        Fault::from(error).into()
    }
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::State(error) | Fault::Damaged(error) => Self::State(error),
            Fault::Log(error) => Self::Log(error),
        }
    }
}

/// The lists over all persons. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Lists {
    ledger: Ledger,
    path: PathBuf,
    clock: MicrosecondClock,
    progress: watch::Receiver<ProjectionProgress>,
    folding: Arc<Semaphore>,
    worker: Arc<Worker>,
}

impl Lists {
    /// Starts keeping the lists of a ledger, in a file of its data folder. The rows of a file that
    /// belongs to another log are never shown.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(
        ledger: Ledger,
        folder: &Path,
        clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let path = folder.join(FILE);
        let clock = MicrosecondClock::new(clock);
        let state = ListState::open(&path, build()?)?;
        let rows = ListRows {
            ledger: ledger.clone(),
            clock: clock.clone(),
            state,
            dependents: Dependents::default(),
            touched: BTreeSet::new(),
            cross_stream_duplicates: Vec::new(),
        };
        let follower = Follower::open(rows, ledger.clone(), clock.clone()).await?;
        let progress = follower.subscribe();
        let worker = work::spawn("lists", CancellationToken::new(), async move |control| {
            work::lower_priority_of_this_thread();
            follower.run(control).await;
        })?;
        let (folding, worker) = (Arc::new(Semaphore::new(FOLDING_MAX)), Arc::new(worker));
        Ok(Self { ledger, path, clock, progress, folding, worker })
    }

    /// How far the lists have come, now and whenever that changes.
    pub fn subscribe(&self) -> watch::Receiver<ProjectionProgress> {
        self.progress.clone()
    }

    /// The health of the worker that keeps the lists up to date.
    pub fn probe(&self) -> HealthProbe {
        self.worker.probe()
    }

    /// Waits until the lists have taken in the record at a position. False: the lists have not done
    /// so within this time, or their worker has ended.
    pub async fn reached(&self, position: Position, within: Duration) -> bool {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|progress| progress.position >= position);
        tokio::time::timeout(within, reached).await.is_ok_and(|reached| reached.is_ok())
    }

    /// Waits for permission to fold rows for a page, given back when it is dropped.
    async fn permit_to_fold(&self) -> Option<OwnedSemaphorePermit> {
        self.folding.clone().acquire_owned().await.ok()
    }
}

/// A hash of this program. Another build may fold the same records differently.
fn build() -> Result<[u8; 32], std::io::Error> {
    let mut program = std::fs::File::open(std::env::current_exe()?)?;
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut program, &mut hasher)?;
    Ok(hasher.finalize().into())
}
