//! The lists over all persons: opening them, asking how far they are, stopping them.
//! Always: one thread keeps them up to date; when the last handle is dropped it has stopped.

pub mod page;
mod round;
mod row;
mod runner;
mod state;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::runner::{Fault, Runner};
use self::state::{State, StateError};
use crate::domain::id::{Position, RecordedTime};
use crate::ledger::{Ledger, ReadError};

/// The state file in the data folder.
const FILE: &str = "lists.db";

/// So many pages fold rows anew at once; others wait, so that recording has a processor.
const FOLDING_MAX: usize = 1;

/// Tells the present.
pub(super) type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How the lists stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// They follow the log.
    Running,
    /// They are being made anew.
    Rebuilding,
    /// Something failed; it is tried again by itself. The log says what.
    Faulted,
}

/// How far the lists are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How they stand.
    pub status: Status,
    /// Records up to here are in them.
    pub position: Position,
    /// When the last of these was recorded; `None`: there is none.
    pub known: Option<RecordedTime>,
    /// The first instant at which the clock changes a row.
    pub next_due: Option<DateTime<Utc>>,
}

/// Why the lists could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state file could not be opened or made: look at the folder.
    #[error("lists.db could not be opened")]
    State(#[from] StateError),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The system gave no thread.
    #[error("the lists could not be started")]
    Thread(#[from] std::io::Error),
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::State(error) => Self::State(error),
            Fault::Log(error) => Self::Log(error),
        }
    }
}

/// The lists over all persons. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Lists {
    ledger: Ledger,
    path: PathBuf,
    clock: Clock,
    progress: watch::Receiver<Progress>,
    folding: Arc<Semaphore>,
    _running: Arc<Running>,
}

/// Stops the thread when the last handle goes.
struct Running {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Lists {
    /// Starts keeping the lists of a ledger, in a file of its data folder. What lies there and is
    /// not of this very log is not shown for a moment.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(
        ledger: Ledger,
        folder: &Path,
        clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let path = folder.join(FILE);
        let clock: Clock = Arc::new(clock);
        let build = build()?;
        let state = State::open(&path, &build)?;
        let position = Position::START;
        let start = Progress { status: Status::Rebuilding, position, known: None, next_due: None };
        let (told, progress) = watch::channel(start);
        let (stop, stopped) = watch::channel(false);
        let mut runner = Runner::new(ledger.clone(), state, build, clock.clone(), told, stopped);
        runner.open().await?;
        let thread = runner.spawn()?;
        let running = Arc::new(Running { stop, thread: Some(thread) });
        let folding = Arc::new(Semaphore::new(FOLDING_MAX));
        Ok(Self { ledger, path, clock, progress, folding, _running: running })
    }

    /// How far they are, now and whenever it changes.
    pub fn subscribe(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Waits until they have read so far. False: they have not within this time.
    pub async fn reached(&self, position: Position, within: Duration) -> bool {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|progress| progress.position >= position);
        tokio::time::timeout(within, reached).await.is_ok_and(|reached| reached.is_ok())
    }

    /// A place among the pages that are being folded; it is given back when it is dropped.
    pub(super) async fn place_to_fold(&self) -> Option<OwnedSemaphorePermit> {
        self.folding.clone().acquire_owned().await.ok()
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The present, in whole microseconds, as a cursor holds it.
    pub(super) fn now(&self) -> DateTime<Utc> {
        whole_micros((self.clock)())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An instant in whole microseconds.
pub(super) fn whole_micros(instant: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(instant.timestamp_micros()).unwrap_or(instant)
}

/// What tells this build from any other: rows that another has folded may say something else.
fn build() -> Result<[u8; 32], std::io::Error> {
    let mut program = std::fs::File::open(std::env::current_exe()?)?;
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut program, &mut hasher)?;
    Ok(hasher.finalize().into())
}
