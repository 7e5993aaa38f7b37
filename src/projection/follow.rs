//! The follower of the log, which drives every projection: it catches up with the log, then stays
//! live.
//! Always: the committed state of a projection was computed from this log, up to the record that
//! the state names; otherwise the state is rebuilt.
//!
//! ```text
//! log:    1 2 3 … committed … end of the stretch … end of the log
//! state:  [ rows, committed ]──── take, commit ──>  then what the clock changes, then a wait
//! ```

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::contract::{Fault, LogPoint, Projection, StretchEnd};
use super::pace::Pace;
use crate::domain::id::{Position, RecordedTime};
use crate::ledger::{Ledger, ReadError};
use crate::work::{Causes, Control};

/// The number of records read at once: some 10 MiB.
const PAGE_RECORDS: usize = 10_000;

/// The longest wait before the clock is read again: an operator may have set the clock.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A rest is at most this many times as long as the work before it. The limit takes effect beyond
/// 16,000 events a second.
const REST_FACTOR_MAX: u32 = 4;

/// The pause after a fault: most faults are full disks, which only a person can repair.
const FAULT_PAUSE: Duration = Duration::from_secs(5);

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
        let mut pace = Pace::new(self.ledger.clone(), control, REST_FACTOR_MAX);
        while !pace.is_stopping() {
            match self.step(&mut pace).await {
                Ok(StepEnd::Idle(until)) => self.wait(until, &mut pace).await,
                Ok(StepEnd::Worked) => {}
                Err(fault) => self.recover(fault, &mut pace).await,
            }
        }
    }

    /// Tries to recover from a fault until that succeeds. Before that no step is made: the memory
    /// of the projection may be half restored, and a stretch would leave persons out.
    async fn recover(&mut self, mut fault: Fault, pace: &mut Pace) {
        loop {
            self.fail(&fault, pace);
            pace.pause(FAULT_PAUSE).await;
            if pace.is_stopping() {
                return;
            }
            match self.restore_or_rebuild(&fault).await {
                Ok(()) => return,
                Err(next) => fault = next,
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
        // Before the announcement: who waits for this position may then look at the health.
        pace.control.succeeded();
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
            // A store whose writer has ended records nothing more: only the clock is waited for.
            if status.wait_for(|status| status.tail > position).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        pace.control.wait_for(tokio::time::timeout(wait, recorded)).await;
        pace.waited(position);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::domain::id::{DedupKey, Revision};
    use crate::domain::stream::Stream;
    use crate::ledger::read::header::RecordHeader;
    use crate::store::{AppendError, Outcome, Store, StoreStatus, Stored, StreamSlice, Write};
    use crate::vault::HashKeys;
    use crate::work;

    /// An empty store whose writer has ended.
    struct EndedStore(watch::Receiver<StoreStatus>);

    #[async_trait]
    impl Store for EndedStore {
        async fn append(&self, _: Vec<Write>) -> Result<Vec<Outcome>, AppendError> {
            Err(AppendError::Failed)
        }
        async fn read_stream(
            &self,
            _: &Stream,
            _: Revision,
            _: usize,
        ) -> Result<StreamSlice, ReadError> {
            Ok(StreamSlice { records: Vec::new(), last: None })
        }
        async fn read_all(&self, _: Position, _: usize) -> Result<Vec<Stored>, ReadError> {
            Ok(Vec::new())
        }
        async fn find(&self, keys: Vec<DedupKey>) -> Result<Vec<Vec<Stored>>, ReadError> {
            Ok(vec![Vec::new(); keys.len()])
        }
        fn status(&self) -> watch::Receiver<StoreStatus> {
            self.0.clone()
        }
    }

    /// A projection whose calls fail as often as they are told, and are noted.
    #[derive(Clone, Default)]
    struct Noted {
        calls: Arc<Mutex<Vec<&'static str>>>,
        failing: Arc<Mutex<Vec<&'static str>>>,
    }

    impl Noted {
        fn call(&self, name: &'static str) -> Result<(), Fault> {
            self.calls.lock().unwrap().push(name);
            let mut failing = self.failing.lock().unwrap();
            if failing.last() != Some(&name) {
                return Ok(());
            }
            failing.pop();
            Err(Fault::State("planted".into()))
        }
    }

    impl Projection for Noted {
        fn is_in_place(&self) -> bool {
            true
        }
        fn committed_point(&self) -> Result<LogPoint, Fault> {
            Ok(LogPoint { position: Position::START, commitment: None })
        }
        fn unfinished_stretch(&self) -> Result<Option<LogPoint>, Fault> {
            Ok(None)
        }
        fn restore(&mut self) -> Result<(), Fault> {
            self.call("restore")
        }
        fn rebuild(&mut self) -> Result<(), Fault> {
            self.call("rebuild")
        }
        fn apply_record(&mut self, _: &RecordHeader) {}
        async fn commit(&mut self, _: StretchEnd, _: &mut Pace) -> Result<(), Fault> {
            Ok(())
        }
        async fn refold_due(&mut self, _: RecordedTime, _: &mut Pace) -> Result<bool, Fault> {
            self.call("step").map(|()| false)
        }
        fn next_due(&self) -> Result<Option<DateTime<Utc>>, Fault> {
            Ok(None)
        }
    }

    /// The calls that a follower makes in this time over a store that has ended.
    async fn calls_within(time: Duration, failing: &[&'static str]) -> Vec<&'static str> {
        let (_, status) = watch::channel(StoreStatus::EMPTY);
        let ledger = Ledger::with_store(
            Arc::new(EndedStore(status)),
            HashKeys { dedup: [7; 32], stream: [8; 32] },
        );
        let projection = Noted::default();
        let calls = projection.calls.clone();
        projection.failing.lock().unwrap().extend(failing.iter().rev());
        let clock = MicrosecondClock::new(|| DateTime::UNIX_EPOCH);
        let follower = Follower::open(projection, ledger, clock).await.unwrap();
        let run = async move |control| follower.run(control).await;
        let worker = work::spawn("test", CancellationToken::new(), run).unwrap();
        tokio::time::sleep(time).await;
        drop(worker);
        let calls = calls.lock().unwrap();
        calls.clone()
    }

    #[tokio::test]
    async fn no_step_is_made_before_the_memory_is_restored() {
        let time = FAULT_PAUSE * 2 + FAULT_PAUSE / 2;
        let calls = calls_within(time, &["step", "restore"]).await;
        assert_eq!(calls, ["restore", "step", "restore", "restore", "step"]);
    }

    #[tokio::test]
    async fn a_store_that_has_ended_costs_no_processor() {
        let calls = calls_within(Duration::from_millis(300), &[]).await;
        assert_eq!(calls, ["restore", "step"]);
    }
}
