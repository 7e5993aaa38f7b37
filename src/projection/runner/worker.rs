//! The worker of one version: it catches up with the log, then stays live.
//! Always: a checkpoint is committed together with the states that it speaks of, so that after a
//! kill no event is folded twice or missed. A program that faults stands still at that event.
//!
//! ```text
//! open ──> catch up ──> wait for records ──> catch up ──> …
//!               └──fault──> stand still until a reset or a new source
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::orders::ErasureOrders;
use super::parts::Parts;
use super::run::{StepError, VersionRun};
use super::summing::{self, SummaryPace};
use crate::domain::id::{Position, RecordedTime};
use crate::ledger::Ledger;
use crate::ledger::read::open::Reader;
use crate::projection::cores::{CoreCourse, Cores, CoresReason, processors};
use crate::projection::pace::Pace;
use crate::projection::replay::FaultAtRecord;
use crate::projection::script::engine::{Engine, Limits};
use crate::projection::script::fault::ScriptFault;
use crate::projection::script::fold::{Fold, StateStore as _};
use crate::projection::state::{CachedStates, Checkpoint, VersionFile};
use crate::projection::view::{RecordView, view_of};
use crate::work::{Causes, Control};

/// The reader that opens records for projections.
pub const READER: Reader = Reader::system("projections").of_long_streams();

/// A rest is at most this many times as long as the work before it (ops/decisions/0021).
const REST_FACTOR_MAX: u32 = 1;

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
    /// How many records were read. Records in force come by streams, so that until all are read
    /// their number says more than a position.
    pub read: u64,
    /// Whether the version has caught up with the log since it was started.
    pub has_caught_up: bool,
    /// Whether records came that the version cannot take in: it must be built anew.
    pub is_stale: bool,
    /// How often the worker has asked for another version to be built.
    pub renewals_asked: u64,
    /// How many engines fold, and why.
    pub cores: Cores,
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
        Self {
            position: Position::START,
            read: 0,
            has_caught_up: false,
            is_stale: false,
            renewals_asked: 0,
            cores: Cores { n: 1, why: CoresReason::FewEvents },
            events_per_second: 0.0,
            fault: None,
            summary_fault: None,
        }
    }
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
    /// The erasures that it is told of.
    pub orders: ErasureOrders,
    /// The shortest time between two builds of a version that became stale.
    pub effective_every: Duration,
}

impl VersionWorker {
    /// Follows the log until the worker must stop.
    pub async fn run(mut self, control: Control) {
        let mut pace = Pace::new(self.ledger.clone(), control, REST_FACTOR_MAX);
        while !pace.is_stopping() {
            if let Err(error) = self.follow(&mut pace).await {
                tracing::error!(error = %Causes(&error), "a projection cannot go on; tried again");
                pace.control.failed();
                pace.pause(FAULT_PAUSE).await;
            }
        }
    }

    /// The view that the program asks for.
    pub fn view(&self) -> RecordView {
        view_of(&self.parts.projection)
    }

    /// An engine of the program.
    ///
    /// # Errors
    /// The program does not compile any more.
    pub fn engine(&self) -> Result<Engine, StepError> {
        let engine: Result<Engine, ScriptFault> =
            Engine::new(&self.parts.projection, Limits::default());
        engine.map_err(|_| StepError::Program)
    }

    /// Opens the states and follows the log from where they stand.
    async fn follow(&mut self, pace: &mut Pace) -> Result<(), StepError> {
        let Some(mut run) = self.open(pace).await? else { return Ok(()) };
        let mut summing = SummaryPace::default();
        let mut built_at = None;
        while !pace.is_stopping() {
            if let Some(person) = self.orders.next() {
                if !self.erase(&mut run, person, pace).await? {
                    return Ok(());
                }
                summing = SummaryPace::default();
                self.tell(&run.checkpoint, false);
                self.orders.done();
            }
            let seen = match run.checkpoint.fault {
                Some(_) => None,
                None => self.catch_up(&mut run, pace).await?,
            };
            pace.control.succeeded();
            if run.checkpoint.fault.is_some() {
                // Its file may be made anew.
                drop(run);
                return self.stand_still(pace).await;
            }
            let Some(seen) = seen else { continue };
            let summary_due = self.summarise(&mut run, &mut summing).await?;
            self.tell(&run.checkpoint, true);
            let renewal_due = self.ask_for_renewal(built_at.get_or_insert_with(Instant::now));
            let until = summary_due.into_iter().chain(renewal_due).min();
            self.wait(seen, until, pace).await;
        }
        Ok(())
    }

    /// Opens the states. None: the version stands still, or what it held is gone.
    async fn open(&mut self, pace: &mut Pace) -> Result<Option<VersionRun>, StepError> {
        let mut file = VersionFile::open(&self.file)?;
        let mut checkpoint = file.checkpoint()?;
        // Records in force come by streams: a build that did not end has no place to go on from.
        let is_half_built =
            checkpoint.position == Position::START && self.view() == RecordView::Effective;
        let is_whole = self.is_of_this_log(&checkpoint).await?
            && !(is_half_built && checkpoint.fault.is_none());
        if !is_whole {
            file.start_over()?;
            checkpoint = Checkpoint::start();
        }
        self.tell(&checkpoint, false);
        if checkpoint.fault.is_some() {
            pace.control.succeeded();
            drop(file);
            self.stand_still(pace).await?;
            return Ok(None);
        }
        let engine = self.engine()?;
        let engines = match checkpoint.position {
            Position::START => Ok(processors()),
            _ => Err(CoresReason::Resumed),
        };
        let cores = self.cores(&engine, engines);
        let states = CachedStates::new(file, &checkpoint);
        Ok(Some(VersionRun::new(Fold::new(engine, states), cores, checkpoint)))
    }

    /// The course of the program: `engines` is the most that may fold, or why one folds alone.
    fn cores(&self, engine: &Engine, engines: Result<usize, CoresReason>) -> CoreCourse<Position> {
        let program = self.parts.projection.as_str().into();
        CoreCourse::new(&program, Limits::default(), engine.definition(), engines)
    }

    /// Goes on with one engine, started anew: no variable of the program lives on.
    ///
    /// # Errors
    /// The program does not compile any more.
    pub fn start_engine_anew(
        &self,
        run: &mut VersionRun,
        why: CoresReason,
    ) -> Result<(), StepError> {
        let engine = self.engine()?;
        let cores = self.cores(&engine, Err(why));
        run.start_anew(engine, cores);
        Ok(())
    }

    /// Waits for the end of the worker. After an erasure a version that stands still starts over:
    /// its fault may tell what was erased, and may be gone with it.
    async fn stand_still(&mut self, pace: &mut Pace) -> Result<(), StepError> {
        if pace.control.wait_for(self.orders.wait()).await.is_some() {
            VersionFile::open(&self.file)?.start_over()?;
            self.tell(&Checkpoint::start(), false);
            self.orders.done();
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

    /// Commits the states, and where they stand.
    pub async fn commit(
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
        tracing::debug!(on_their_way = run.cores.on_their_way(), "checkpoint begins");
        run.fold.states_mut().commit(&run.checkpoint)?;
        tracing::debug!("checkpoint ends");
        Ok(())
    }

    /// Tells how far the version is.
    pub fn tell(&self, checkpoint: &Checkpoint, has_caught_up: bool) {
        self.progress.send_modify(|progress| {
            progress.position = checkpoint.position;
            progress.read = checkpoint.position.number();
            progress.has_caught_up |= has_caught_up;
            progress.fault.clone_from(&checkpoint.fault);
        });
    }

    /// Waits for a record after a position, for an erasure, for what is due, or for the end of the
    /// worker.
    async fn wait(&mut self, seen: Position, until: Option<Duration>, pace: &mut Pace) {
        let mut status = self.ledger.status();
        let recorded = async {
            // A store whose writer has ended records nothing more.
            if status.wait_for(|status| status.tail > seen).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let orders = &mut self.orders;
        let next = async {
            tokio::select! { () = recorded => {}, () = orders.wait() => {} }
        };
        pace.control.wait_for(tokio::time::timeout(until.unwrap_or(WAIT_MAX), next)).await;
        pace.waited(seen);
    }
}
