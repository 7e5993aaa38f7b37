//! The loop that keeps the lists up to date: read, fold, write.
//! Always: it follows the log from a position of its own and the clock by what is due; it has a
//! thread of the lowest priority with reads of its own, so that recording does not wait for it.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::round::Links;
use super::row::{self, Row};
use super::state::{self, State, StateError};
use super::{Clock, Progress, Status, whole_micros};
use crate::domain::id::{PersonId, Position, RecordedTime};
use crate::ledger::{Ledger, ReadError};

/// The weakest claim to a processor that Linux knows, setpriority(2).
const NICENESS: i32 = 19;

/// So many rows that the clock has changed are folded at once.
const DUE_ROWS: usize = 200;

/// So long it waits at most before it looks at the clock again, which may have been set.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// So long it waits after something failed.
const FAULT_WAIT: Duration = Duration::from_secs(5);

/// For each event recorded since its last rest it rests so long, about what it costs to record one
/// (ours: ops/bench, A): recording has the processors, the caches and the disk.
const REST_AN_EVENT: Duration = Duration::from_micros(50);

/// It rests at most so many times as long as it has worked: beyond some 16,000 events a second.
const REST_MOST: u32 = 4;

/// It rests after so much work: timers are no finer than a millisecond.
const WORK: Duration = Duration::from_millis(5);

/// No rest is longer, however slow the disk is.
const REST_MAX: Duration = Duration::from_secs(1);

/// What keeps the lists up to date.
pub(super) struct Runner {
    pub(super) ledger: Ledger,
    pub(super) state: State,
    pub(super) clock: Clock,
    pub(super) links: Links,
    build: [u8; 32],
    told: watch::Sender<Progress>,
    stopped: watch::Receiver<bool>,
    /// The end of the last rest or wait, and where the log ended when it began.
    rested: (Instant, Position),
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The state file failed, or was deleted: it is made anew where that may help.
    #[error("the state of the lists failed")]
    State(#[from] StateError),
    /// The log could not be read: it is tried again.
    #[error("the log could not be read for the lists")]
    Log(#[from] ReadError),
}

/// What a step has come to.
enum Step {
    Worked,
    /// Nothing to do until then, unless something is recorded.
    Idle(Option<DateTime<Utc>>),
}

impl Runner {
    pub(super) fn new(
        ledger: Ledger,
        state: State,
        build: [u8; 32],
        clock: Clock,
        told: watch::Sender<Progress>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let (links, rested) = (Links::default(), (Instant::now(), Position::START));
        Self { ledger, state, clock, links, build, told, stopped, rested }
    }

    /// Runs on a thread of its own until it is told to stop.
    pub(super) fn spawn(self) -> Result<JoinHandle<()>, std::io::Error> {
        // Reads run on a thread of this runtime, which inherits the priority.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(1)
            .build()?;
        std::thread::Builder::new().name("ledger-lists".into()).spawn(move || {
            let thread = rustix::thread::gettid();
            if let Err(error) = rustix::process::setpriority_process(Some(thread), NICENESS) {
                tracing::warn!(error = %error, "the lists run at the priority of all else");
            }
            runtime.block_on(self.run());
        })
    }

    async fn run(mut self) {
        while !self.is_stopped() {
            match self.step().await {
                Ok(Step::Worked) => {}
                Ok(Step::Idle(until)) => self.wait(until).await,
                Err(fault) => {
                    self.fail(&fault);
                    self.pause(FAULT_WAIT).await;
                    if let Err(fault) = self.mend(&fault).await {
                        self.fail(&fault);
                    }
                }
            }
        }
    }

    /// Makes sure that the state is of this log and whole, making it anew where it is not.
    pub(super) async fn open(&mut self) -> Result<(), Fault> {
        let learnt = match self.is_of_this_log().await {
            Ok(true) => self.learn_links(),
            Ok(false) => return self.anew(),
            Err(fault) => Err(fault),
        };
        match learnt {
            Err(Fault::State(error)) if state::is_no_use(&error) => self.anew(),
            other => other,
        }
    }

    /// After a fault: a state that is damaged is made anew.
    async fn mend(&mut self, fault: &Fault) -> Result<(), Fault> {
        match fault {
            Fault::State(error) if state::is_no_use(error) => self.anew(),
            _ => self.open().await,
        }
    }

    fn anew(&mut self) -> Result<(), Fault> {
        self.state = State::anew(self.state.path(), &self.build)?;
        self.links = Links::default();
        Ok(())
    }

    fn learn_links(&mut self) -> Result<(), Fault> {
        self.links = Links::default();
        let links = &mut self.links;
        self.state.links(|person, link| links.add(person, link))?;
        Ok(())
    }

    /// Whether it was folded from this very log, up to where it says, and so was its open round.
    async fn is_of_this_log(&self) -> Result<bool, Fault> {
        let read = self.state.read()?;
        if self.commitment(read.position).await? != read.anchor {
            return Ok(false);
        }
        let Some(round) = self.state.round()? else { return Ok(true) };
        Ok(self.commitment(round.to).await? == Some(round.anchor))
    }

    async fn commitment(&self, position: Position) -> Result<Option<[u8; 32]>, Fault> {
        Ok(self.ledger.anchor(position).await?.map(|anchor| anchor.commitment))
    }

    /// When the record at a position was recorded.
    async fn known(&self, position: Position) -> Result<Option<RecordedTime>, Fault> {
        Ok(self.ledger.anchor(position).await?.map(|anchor| anchor.recorded))
    }

    async fn step(&mut self) -> Result<Step, Fault> {
        if !self.state.is_there() {
            self.anew()?;
        }
        let end = *self.ledger.subscribe().borrow();
        let mut position = self.state.read()?.position;
        let has_round = position < end || self.state.round()?.is_some();
        if has_round {
            let anew = position == Position::START;
            let status = if anew { Status::Rebuilding } else { Status::Running };
            let known = self.known(position).await?;
            // Rows of the round may fall due before it ends.
            let begun = whole_micros((self.clock)());
            let next_due = self.state.next_due()?.map_or(begun, |due| due.min(begun));
            self.tell(Progress { status, position, known, next_due: Some(next_due) });
            self.round(end).await?;
            self.state.fold_log_in()?;
            if self.is_stopped() {
                return Ok(Step::Worked);
            }
            position = self.state.read()?.position;
        }
        let known = self.known(position).await?;
        let next_due = self.state.next_due()?;
        self.tell(Progress { status: Status::Running, position, known, next_due });
        // What the clock has changed has its turn also while events keep coming.
        let now = whole_micros((self.clock)());
        let due = self.state.due(now, DUE_ROWS)?;
        if due.is_empty() {
            return Ok(if has_round { Step::Worked } else { Step::Idle(next_due) });
        }
        let known = known.unwrap_or(RecordedTime::from_micros(0));
        let mut rows = Vec::with_capacity(due.len());
        for person in due {
            rows.extend(self.fold(person, known, now).await?);
        }
        self.state.refold(&rows)?;
        Ok(Step::Worked)
    }

    /// Folds a person.
    pub(super) async fn fold(
        &mut self,
        person: PersonId,
        known: RecordedTime,
        now: DateTime<Utc>,
    ) -> Result<Option<Row>, Fault> {
        self.rest().await;
        Ok(row::row(&self.ledger, person, known, now).await?)
    }

    /// Rests after work, where events were recorded since the last rest.
    pub(super) async fn rest(&mut self) {
        let worked = self.rested.0.elapsed();
        if worked < WORK {
            return;
        }
        let end = *self.ledger.subscribe().borrow();
        let recorded = end.number().saturating_sub(self.rested.1.number());
        self.rested = (Instant::now(), end);
        let rest = REST_AN_EVENT * u32::try_from(recorded).unwrap_or(u32::MAX);
        let rest = rest.min(worked * REST_MOST).min(REST_MAX);
        if !rest.is_zero() {
            self.pause(rest).await;
        }
    }

    /// Says how far it is.
    fn tell(&self, progress: Progress) {
        self.told.send_if_modified(|told| std::mem::replace(told, progress) != progress);
    }

    fn fail(&self, fault: &Fault) {
        let cause = std::error::Error::source(fault).map(ToString::to_string);
        tracing::error!(error = %fault, cause, "the lists stand still; they are tried again");
        self.told.send_modify(|told| told.status = Status::Faulted);
    }

    /// Waits for a record, for the clock, or for the end.
    async fn wait(&mut self, until: Option<DateTime<Utc>>) {
        let now = (self.clock)();
        let due = until.map(|until| (until - now).to_std().unwrap_or_default());
        let wait = due.map_or(WAIT_MAX, |due| due.min(WAIT_MAX));
        let mut moved = self.ledger.subscribe();
        let position = self.told.borrow().position;
        let mut stopped = self.stopped.clone();
        tokio::select! {
            _ = moved.wait_for(|last| *last > position) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
            () = tokio::time::sleep(wait) => {}
        }
        self.rested = (Instant::now(), position);
    }

    async fn pause(&mut self, time: Duration) {
        let mut stopped = self.stopped.clone();
        let _ = tokio::time::timeout(time, stopped.wait_for(|stopped| *stopped)).await;
        self.rested.0 = Instant::now();
    }

    pub(super) fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }
}
