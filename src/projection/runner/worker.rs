//! The worker of one version: it catches up with the log, then stays live.
//! Always: a checkpoint is committed together with the states that it speaks of, so that after a
//! kill no event is folded twice or missed. A program that faults stands still at that event.
//!
//! ```text
//! open ──> catch up ──> wait for records ──> catch up ──> …
//!               └──fault──> stand still until a reset or a new source
//! ```

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::parts::Parts;
use super::summing::{self, SummaryPace};
use crate::domain::id::{Position, RecordedTime};
use crate::ledger::read::open::Reader;
use crate::ledger::{Ledger, ReadError};
use crate::projection::pace::Pace;
use crate::projection::replay::{Batch, FaultAtRecord, Moments, log};
use crate::projection::script::care_event::CareEvent;
use crate::projection::script::engine::{Engine, Limits, Notice};
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::fold::{Fold, FoldError, StateStore as _};
use crate::projection::state::{CachedStates, Checkpoint, ProjectionStateError, VersionFile};
use crate::work::{Causes, Control};

const READER: Reader = Reader::system("projections");

/// The longest time between two checkpoints of a version that catches up: what a kill costs at
/// most. Each checkpoint writes every state that changed.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);

/// The pause after a fault of the file or the log: most are full disks, which only a person can
/// repair.
const FAULT_PAUSE: Duration = Duration::from_secs(5);

/// The longest wait for a record: then the worker looks again, and finds nothing new.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

/// How far a version is.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionProgress {
    /// The last record that was folded or passed over.
    pub position: Position,
    /// Whether the version has caught up with the log since it was started.
    pub has_caught_up: bool,
    /// Records a second, measured over the last batch.
    pub events_per_second: f64,
    /// The fault at which the version stands still, as JSON.
    pub fault: Option<String>,
    /// The fault of its summary, as JSON.
    pub summary_fault: Option<String>,
}

impl VersionProgress {
    /// The progress of a version that has not begun.
    pub fn start() -> Self {
        let position = Position::START;
        let (fault, summary_fault) = (None, None);
        Self { position, has_caught_up: false, events_per_second: 0.0, fault, summary_fault }
    }
}

/// Why a step was not done. It is tried again.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error("the states cannot be read or written")]
    State(#[from] ProjectionStateError),
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
    #[error("the system gives no thread")]
    Thread(#[from] std::io::Error),
    #[error("a program that compiled before does not compile any more")]
    Program,
}

/// See the module.
pub struct VersionWorker {
    /// The ledger whose log is followed.
    pub ledger: Ledger,
    /// The parts of the version.
    pub parts: Arc<Parts>,
    /// The file of its states.
    pub file: PathBuf,
    /// Where its progress is told.
    pub progress: watch::Sender<VersionProgress>,
}

impl VersionWorker {
    /// Follows the log until the worker must stop.
    pub async fn run(self, control: Control) {
        let mut pace = Pace::new(self.ledger.clone(), control);
        while !pace.is_stopping() {
            if let Err(error) = self.follow(&mut pace).await {
                tracing::error!(error = %Causes(&error), "a projection cannot go on; tried again");
                pace.control.failed();
                pace.pause(FAULT_PAUSE).await;
            }
        }
    }

    /// Opens the states and follows the log from where they stand.
    async fn follow(&self, pace: &mut Pace) -> Result<(), StepError> {
        let mut file = VersionFile::open(&self.file)?;
        let mut checkpoint = file.checkpoint()?;
        if !self.is_of_this_log(&checkpoint).await? {
            file.start_over()?;
            checkpoint = Checkpoint::start();
        }
        self.tell(&checkpoint, false);
        if checkpoint.fault.is_some() {
            pace.control.succeeded();
            pace.control.stopped().await;
            return Ok(());
        }
        let engine = Engine::new(&self.parts.projection, Limits::default())
            .map_err(|_| StepError::Program)?;
        let states = CachedStates::new(file, &checkpoint);
        let mut run = VersionRun { fold: Fold::new(engine, states), checkpoint };
        let mut summing = SummaryPace::default();
        while !pace.is_stopping() {
            self.catch_up(&mut run, pace).await?;
            pace.control.succeeded();
            if run.checkpoint.fault.is_some() {
                pace.control.stopped().await;
                return Ok(());
            }
            let until = self.summarise(&mut run, &mut summing).await?;
            self.tell(&run.checkpoint, true);
            self.wait(run.checkpoint.position, until, pace).await;
        }
        Ok(())
    }

    /// Runs the summary where it is due. Returns how long it has to wait for its next run.
    async fn summarise(
        &self,
        run: &mut VersionRun,
        summing: &mut SummaryPace,
    ) -> Result<Option<Duration>, StepError> {
        let position = run.checkpoint.position;
        let Some(source) = &self.parts.summary else { return Ok(None) };
        let wait = summing.wait(position);
        if wait != Some(Duration::ZERO) {
            return Ok(wait);
        }
        let anchor = self.ledger.anchor(position).await?;
        let known_at = anchor.map_or(RecordedTime::from_micros(0), |a| a.latest_recorded_time);
        let fault = summing::run(source, &mut run.fold, position, known_at)?;
        self.progress.send_modify(|progress| progress.summary_fault = fault);
        summing.ran(position);
        Ok(None)
    }

    /// Whether the log holds that very record at the checkpoint.
    async fn is_of_this_log(&self, checkpoint: &Checkpoint) -> Result<bool, StepError> {
        let found = self.ledger.anchor(checkpoint.position).await?;
        Ok(found.map(|anchor| anchor.commitment) == checkpoint.commitment)
    }

    /// Folds the records up to the present end of the log.
    async fn catch_up(&self, run: &mut VersionRun, pace: &mut Pace) -> Result<(), StepError> {
        let from = run.checkpoint.position;
        let handle = tokio::runtime::Handle::current();
        let batches = log::read(self.ledger.clone(), READER, Moments::default(), from, handle)?;
        let (mut committed, mut committed_at) = (from, Instant::now());
        let mut rate = 0.0;
        // The records come from a thread of their own, and this thread has no other task.
        while let Ok(batch) = batches.recv() {
            let started = Instant::now();
            let batch = batch?;
            let before = run.checkpoint.position.number();
            let fault = run.fold_batch(batch)?;
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let read = (run.checkpoint.position.number() - before) as f64;
            rate = read / started.elapsed().as_secs_f64().max(1e-6);
            let is_due = committed_at.elapsed() >= CHECKPOINT_EVERY
                || run.fold.states().is_full()
                || fault.is_some()
                || pace.is_stopping();
            if is_due {
                self.commit(run, fault).await?;
                (committed, committed_at) = (run.checkpoint.position, Instant::now());
                self.progress.send_modify(|progress| progress.events_per_second = rate);
                self.tell(&run.checkpoint, false);
            }
            if pace.is_stopping() || run.checkpoint.fault.is_some() {
                return Ok(());
            }
            pace.rest().await;
        }
        if run.checkpoint.position > committed {
            self.commit(run, None).await?;
        }
        if rate > 0.0 {
            self.progress.send_modify(|progress| progress.events_per_second = rate);
        }
        Ok(())
    }

    async fn commit(
        &self,
        run: &mut VersionRun,
        fault: Option<FaultAtRecord>,
    ) -> Result<(), StepError> {
        let found = self.ledger.anchor(run.checkpoint.position).await?;
        run.checkpoint.commitment = found.map(|anchor| anchor.commitment);
        run.checkpoint.shared = run.fold.states().shared().clone();
        run.checkpoint.fault = fault
            .map(|fault| serde_json::to_string(&fault).expect("a fault serialises into memory"));
        // Who kills the process to test it wants to know when.
        tracing::debug!("checkpoint begins");
        run.fold.states_mut().commit(&run.checkpoint)?;
        tracing::debug!("checkpoint ends");
        Ok(())
    }

    fn tell(&self, checkpoint: &Checkpoint, has_caught_up: bool) {
        self.progress.send_modify(|progress| {
            progress.position = checkpoint.position;
            progress.has_caught_up |= has_caught_up;
            progress.fault.clone_from(&checkpoint.fault);
        });
    }

    /// Waits for a record after a position, for the next run of the summary, or for the end of the
    /// worker.
    async fn wait(&self, position: Position, until: Option<Duration>, pace: &mut Pace) {
        let mut status = self.ledger.status();
        let recorded = async {
            // A store whose writer has ended records nothing more.
            if status.wait_for(|status| status.tail > position).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        pace.control.wait_for(tokio::time::timeout(until.unwrap_or(WAIT_MAX), recorded)).await;
        pace.waited(position);
    }
}

/// The fold of a version, and how far it is.
struct VersionRun {
    fold: Fold<CachedStates>,
    checkpoint: Checkpoint,
}

impl VersionRun {
    /// Folds a batch. Returns the fault at which the program stands still.
    fn fold_batch(&mut self, batch: Batch) -> Result<Option<FaultAtRecord>, StepError> {
        for record in batch.records {
            let position = record.position;
            let told = Rc::new(CareEvent::new(record));
            let event: Rc<dyn ScriptEvent> = told.clone();
            match self.fold.push(&event, Notice::Fact) {
                Ok(_) => self.checkpoint.position = position,
                Err(FoldError::Program(fault)) => {
                    return Ok(Some(FaultAtRecord::new(fault, told.record())));
                }
                Err(FoldError::State) => {
                    let failure = self.fold.states().take_failure();
                    return Err(failure.map_or(StepError::Program, StepError::State));
                }
            }
        }
        self.checkpoint.position = batch.position;
        Ok(None)
    }
}
