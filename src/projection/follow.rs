//! The follower of the log, which drives every projection: it catches up with the log, then stays
//! live.
//! Always: the committed state of a projection was computed from this log, up to the record that
//! the state names; otherwise the state is rebuilt. The follower rests in proportion to the events
//! that are being recorded, so that recording does not wait for the follower.
//!
//! ```text
//! log:    1 2 3 … committed … end of the stretch … end of the log
//! state:  [ rows, committed ]──── take, commit ──>  then what the clock changes, then a wait
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::domain::id::{Position, RecordedTime};
use crate::ledger::read::header::RecordHeader;
use crate::ledger::{Ledger, ReadError};
use crate::work::{Causes, Control};

/// The number of records read at once: some 10 MiB.
const PAGE_RECORDS: usize = 10_000;

/// The longest wait before the clock is read again: an operator may have set the clock.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The pause after a fault: most faults are full disks, which only a person can repair.
const FAULT_PAUSE: Duration = Duration::from_secs(5);

/// The rest for each event recorded since the last rest. Recording one event takes about this long
/// (ops/bench, A); meanwhile recording has the processors, the caches and the disk.
const REST_AN_EVENT: Duration = Duration::from_micros(50);

/// A rest is at most this many times as long as the work before it. The limit takes effect beyond
/// 16,000 events a second. A fixed rest of this length, whatever was recorded, left the lists a
/// million records behind at 2,500 events a second (ops/decisions/0009).
const REST_FACTOR_MAX: u32 = 4;

/// The work between two rests: timers are no finer than a millisecond.
const WORK_BETWEEN_RESTS: Duration = Duration::from_millis(5);

/// The longest rest, however slow the disk is.
const REST_MAX: Duration = Duration::from_secs(1);

/// The clock of a projection. It gives whole microseconds, because states and cursors store those.
#[derive(Clone)]
pub(super) struct MicrosecondClock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl MicrosecondClock {
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub fn now(&self) -> DateTime<Utc> {
        let now = (self.0)();
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }
}

/// The present activity of a projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectionStatus {
    /// It follows the log.
    Running,
    /// It is rebuilt from the start of the log.
    Rebuilding,
    /// A step failed and is tried again by itself. The service's log says why.
    Faulted,
}

/// How far a projection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectionProgress {
    /// The projection's present activity.
    pub status: ProjectionStatus,
    /// The last record that the projection has taken in.
    pub position: Position,
    /// The latest recorded time among the records up to `position`; `None`: there are none.
    pub known_at: Option<RecordedTime>,
    /// The first instant at which the clock changes something in the projection.
    pub next_due: Option<DateTime<Utc>>,
}

/// A record of the log, with the commitment that ties a state to this very log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogPoint {
    pub position: Position,
    /// The commitment of the record there; `None` at the start of the log.
    pub commitment: Option<[u8; 32]>,
}

/// The last record of a stretch of the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct StretchEnd {
    pub position: Position,
    pub commitment: [u8; 32],
    /// The latest recorded time up to this record. Rows of the stretch are folded as known then.
    pub known_at: RecordedTime,
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The state failed: try again.
    #[error("the state of a projection failed")]
    State(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The state is damaged: rebuild it.
    #[error("the state of a projection is damaged")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log could not be read: try again.
    #[error("the log could not be read for a projection")]
    Log(#[from] ReadError),
}

/// A state derived from the log, kept up to date by a [`Follower`].
pub(super) trait Projection: Send + 'static {
    /// Whether the file of the state is still in its place: anybody may delete the file.
    fn is_in_place(&self) -> bool;
    /// The last record that the committed state has taken in.
    fn committed_point(&self) -> Result<LogPoint, Fault>;
    /// The last record of a stretch that was committed only in part. That stretch must be finished
    /// first.
    fn unfinished_stretch(&self) -> Result<Option<LogPoint>, Fault>;
    /// Reads the memory of the projection back from the state, and forgets the applied records.
    fn restore(&mut self) -> Result<(), Fault>;
    /// Deletes the state and begins at the start of the log.
    fn rebuild(&mut self) -> Result<(), Fault>;
    /// Applies one record of the stretch that is being read, in the order of the log.
    fn apply_record(&mut self, record: &RecordHeader);
    /// Folds what the applied records change, and commits it together with the end of the stretch.
    /// If the worker has to stop, the stretch stays unfinished.
    async fn commit(&mut self, end: StretchEnd, pace: &mut Pace) -> Result<(), Fault>;
    /// Folds again, as known at this time, a part of what the clock has changed. False: the clock
    /// has changed nothing.
    async fn refold_due(&mut self, known_at: RecordedTime, pace: &mut Pace) -> Result<bool, Fault>;
    /// The first instant at which the clock changes something.
    fn next_due(&self) -> Result<Option<DateTime<Utc>>, Fault>;
}

/// The pace of the follower: after some work it rests, so that recording is not held up.
pub(super) struct Pace {
    ledger: Ledger,
    control: Control,
    /// The end of the last rest or wait.
    rested_at: Instant,
    /// The end of the log when the last rest began.
    log_end: Position,
}

impl Pace {
    /// Rests after some work, where events were recorded since the last rest.
    pub async fn rest(&mut self) {
        let worked = self.rested_at.elapsed();
        if worked < WORK_BETWEEN_RESTS {
            return;
        }
        let end = self.ledger.tail();
        let recorded = end.number().saturating_sub(self.log_end.number());
        (self.rested_at, self.log_end) = (Instant::now(), end);
        let rest = REST_AN_EVENT * u32::try_from(recorded).unwrap_or(u32::MAX);
        self.pause(rest.min(worked * REST_FACTOR_MAX).min(REST_MAX)).await;
    }

    /// Whether the worker must stop.
    pub fn is_stopping(&self) -> bool {
        self.control.is_stopping()
    }

    async fn pause(&mut self, time: Duration) {
        if !time.is_zero() {
            self.control.pause(time).await;
            self.rested_at = Instant::now();
        }
    }
}

/// The result of a step.
enum StepEnd {
    Worked,
    /// There is nothing to do until this instant, unless an event is recorded.
    Idle(Option<DateTime<Utc>>),
}

/// See the module.
pub(super) struct Follower<P> {
    projection: P,
    ledger: Ledger,
    clock: MicrosecondClock,
    // A channel, because requests wait until the projection has come to a position.
    progress: watch::Sender<ProjectionProgress>,
}

impl<P: Projection> Follower<P> {
    /// Opens a follower of a log. Rebuilds the projection if its state is not of that log.
    pub async fn open(
        projection: P,
        ledger: Ledger,
        clock: MicrosecondClock,
    ) -> Result<Self, Fault> {
        let (status, position) = (ProjectionStatus::Rebuilding, Position::START);
        let start = ProjectionProgress { status, position, known_at: None, next_due: None };
        let progress = watch::Sender::new(start);
        let mut follower = Self { projection, ledger, clock, progress };
        follower.check_state().await?;
        Ok(follower)
    }

    /// How far the projection has come, now and whenever that changes.
    pub fn subscribe(&self) -> watch::Receiver<ProjectionProgress> {
        self.progress.subscribe()
    }

    /// Follows the log and the clock until the worker must stop.
    pub async fn run(mut self, control: Control) {
        let (rested_at, log_end) = (Instant::now(), Position::START);
        let mut pace = Pace { ledger: self.ledger.clone(), control, rested_at, log_end };
        while !pace.is_stopping() {
            match self.step(&mut pace).await {
                Ok(step) => {
                    pace.control.succeeded();
                    if let StepEnd::Idle(until) = step {
                        self.wait(until, &mut pace).await;
                    }
                }
                Err(fault) => {
                    self.fail(&fault, &pace);
                    pace.pause(FAULT_PAUSE).await;
                    if let Err(fault) = self.restore_or_rebuild(&fault).await {
                        self.fail(&fault, &pace);
                    }
                }
            }
        }
    }

    /// Restores the state if it is whole and of this log; otherwise rebuilds it.
    async fn check_state(&mut self) -> Result<(), Fault> {
        let restored = match self.matches_log().await {
            Ok(true) => self.projection.restore(),
            Ok(false) => return self.projection.rebuild(),
            Err(fault) => Err(fault),
        };
        match restored {
            Err(Fault::Damaged(_)) => self.projection.rebuild(),
            other => other,
        }
    }

    /// Recovers from a fault: rebuilds a damaged state, and checks any other state.
    async fn restore_or_rebuild(&mut self, fault: &Fault) -> Result<(), Fault> {
        match fault {
            Fault::Damaged(_) => self.projection.rebuild(),
            _ => self.check_state().await,
        }
    }

    /// Whether the state was folded from this very log, its unfinished stretch included.
    async fn matches_log(&self) -> Result<bool, Fault> {
        let committed = self.projection.committed_point()?;
        Ok(self.holds(committed).await?
            && match self.projection.unfinished_stretch()? {
                Some(end) => self.holds(end).await?,
                None => true,
            })
    }

    /// Whether the log holds that very record at that position.
    async fn holds(&self, point: LogPoint) -> Result<bool, Fault> {
        let found = self.ledger.anchor(point.position).await?;
        Ok(found.map(|anchor| anchor.commitment) == point.commitment)
    }

    /// The latest recorded time among the records up to a position.
    async fn known_at(&self, position: Position) -> Result<Option<RecordedTime>, Fault> {
        Ok(self.ledger.anchor(position).await?.map(|anchor| anchor.latest_recorded_time))
    }

    async fn step(&mut self, pace: &mut Pace) -> Result<StepEnd, Fault> {
        if !self.projection.is_in_place() {
            self.projection.rebuild()?;
        }
        let end = self.ledger.tail();
        let mut position = self.projection.committed_point()?.position;
        let is_behind = position < end || self.projection.unfinished_stretch()?.is_some();
        if is_behind {
            self.announce_catching_up(position).await?;
            self.catch_up(position, end, pace).await?;
            if pace.is_stopping() {
                return Ok(StepEnd::Worked);
            }
            position = self.projection.committed_point()?.position;
        }
        let known_at = self.known_at(position).await?;
        let next_due = self.projection.next_due()?;
        let status = ProjectionStatus::Running;
        self.announce(ProjectionProgress { status, position, known_at, next_due });
        // Rows that the clock has changed are folded also while events keep coming.
        let known_at = known_at.unwrap_or(RecordedTime::from_micros(0));
        let has_refolded = self.projection.refold_due(known_at, pace).await?;
        Ok(if is_behind || has_refolded { StepEnd::Worked } else { StepEnd::Idle(next_due) })
    }

    async fn announce_catching_up(&self, position: Position) -> Result<(), Fault> {
        let is_new = position == Position::START;
        let status = if is_new { ProjectionStatus::Rebuilding } else { ProjectionStatus::Running };
        let known_at = self.known_at(position).await?;
        // Rows of the stretch may fall due before it ends.
        let now = self.clock.now();
        let next_due = Some(self.projection.next_due()?.map_or(now, |due| due.min(now)));
        self.announce(ProjectionProgress { status, position, known_at, next_due });
        Ok(())
    }

    /// Takes in the records up to `end`, or only finishes the unfinished stretch.
    async fn catch_up(
        &mut self,
        from: Position,
        end: Position,
        pace: &mut Pace,
    ) -> Result<(), Fault> {
        let position = self.projection.unfinished_stretch()?.map_or(end, |point| point.position);
        let last = self.ledger.anchor(position).await?;
        let last = last.ok_or_else(|| ReadError::failed("a record of the log is missing"))?;
        let (commitment, known_at) = (last.commitment, last.latest_recorded_time);
        let mut after = from;
        while after < position {
            pace.rest().await;
            if pace.is_stopping() {
                return Ok(());
            }
            let records = self.ledger.record_headers(after, PAGE_RECORDS).await?;
            let Some(last) = records.last() else { break };
            after = last.position;
            for record in records.iter().filter(|record| record.position <= position) {
                self.projection.apply_record(record);
            }
        }
        self.projection.commit(StretchEnd { position, commitment, known_at }, pace).await
    }

    fn announce(&self, now: ProjectionProgress) {
        self.progress.send_if_modified(|last| std::mem::replace(last, now) != now);
    }

    fn fail(&self, fault: &Fault, pace: &Pace) {
        tracing::error!(error = %Causes(fault), "a projection stands still; it is tried again");
        self.progress.send_modify(|progress| progress.status = ProjectionStatus::Faulted);
        pace.control.failed();
    }

    /// Waits for a record, for the clock, or for the end of the worker.
    async fn wait(&mut self, until: Option<DateTime<Utc>>, pace: &mut Pace) {
        let now = self.clock.now();
        let due = until.map(|until| (until - now).to_std().unwrap_or_default());
        let wait = due.map_or(WAIT_MAX, |due| due.min(WAIT_MAX));
        let position = self.progress.borrow().position;
        let mut status = self.ledger.status();
        let recorded = async {
            let _ = status.wait_for(|status| status.tail > position).await;
        };
        pace.control.wait_for(tokio::time::timeout(wait, recorded)).await;
        (pace.rested_at, pace.log_end) = (Instant::now(), position);
    }
}
