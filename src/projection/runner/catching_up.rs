//! How a version catches up with the log.
//! Always: records as they were told are folded on in the order of the log. Of records in force the
//! first fold takes all streams in their order; after that, a stream with a new record is folded
//! anew where each stream has a state of its own, and any other program becomes stale.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::run::{BatchEnd, StepError, VersionRun};
use super::worker::{READER, VersionWorker};
use crate::domain::id::{Position, RecordedTime};
use crate::domain::stream::StreamName;
use crate::projection::cores::CoresReason;
use crate::projection::pace::Pace;
use crate::projection::replay::log::LogReading;
use crate::projection::replay::{FaultAtRecord, Moments};
use crate::projection::state::Checkpoint;
use crate::projection::view::{RecordView, StreamsInForce, streams_of_records};

/// The time between two checkpoints of a version that catches up, at least. Each checkpoint writes
/// every state that changed.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// The time between two checkpoints is at least so many times what the last one took: where every
/// state changes all the time, checkpoints cost a fortieth and not a third. A kill costs so much
/// at most.
const CHECKPOINT_FACTOR: u32 = 40;

/// How folding some streams anew ended.
pub enum Refolded {
    /// All are folded.
    All,
    /// The program stands still.
    Fault(FaultAtRecord),
    /// The worker must stop.
    Stopping,
}

impl VersionWorker {
    /// Takes in the records up to the present end of the log. Returns how far the log was looked
    /// at. None: something comes first.
    pub(super) async fn catch_up(
        &mut self,
        run: &mut VersionRun,
        pace: &mut Pace,
    ) -> Result<Option<Position>, StepError> {
        let is_first = run.checkpoint.position == Position::START;
        if self.view() == RecordView::Recorded || is_first {
            if !self.read(run, pace).await? {
                return Ok(None);
            }
        } else if run.is_of_streams() {
            self.refold_changed(run, pace).await?;
        } else {
            let end = self.ledger.tail();
            let is_stale = end > run.checkpoint.position;
            self.progress.send_modify(|progress| progress.is_stale = is_stale);
            return Ok(Some(end));
        }
        Ok((!self.orders.is_waiting()).then_some(run.checkpoint.position))
    }

    /// Folds the records up to the present end of the log. False: the end was not reached.
    async fn read(&mut self, run: &mut VersionRun, pace: &mut Pace) -> Result<bool, StepError> {
        let (ledger, view, from) = (self.ledger.clone(), self.view(), run.checkpoint.position);
        let moments = Moments::default();
        let reading = LogReading { ledger, reader: READER, view, moments, from };
        let batches = reading.start(tokio::runtime::Handle::current())?;
        let (mut committed_at, mut every) = (Instant::now(), CHECKPOINT_EVERY);
        let mut before = from.number();
        // The records come from a thread of their own, and this thread has no other task.
        while let Ok(batch) = batches.recv() {
            let started = Instant::now();
            let batch = batch?;
            let read = batch.read;
            let end = run.fold_batch(batch)?;
            let is_on_its_way = run.checkpoint.position == Position::START;
            let is_due = run.fold.states().is_full()
                || !is_on_its_way && (committed_at.elapsed() >= every || pace.is_stopping());
            let is_folded = matches!(end, BatchEnd::Folded);
            if is_due || !is_folded {
                // Batches on their way are not in it, and go on meanwhile.
                let begun = Instant::now();
                self.keep(run, end).await?;
                every = CHECKPOINT_EVERY.max(begun.elapsed() * CHECKPOINT_FACTOR);
                committed_at = Instant::now();
            }
            if !is_folded {
                return Ok(false);
            }
            self.tell_batch(run, read, rate_of(read.saturating_sub(before), started));
            before = read;
            // Batches on their way are given up: an erasure starts the engine anew.
            if pace.is_stopping() || self.orders.is_waiting() {
                return Ok(false);
            }
            pace.rest().await;
        }
        let end = run.land()?;
        let is_folded = matches!(end, BatchEnd::Folded);
        if run.checkpoint.position > from || !is_folded {
            self.keep(run, end).await?;
        }
        self.progress.send_modify(|progress| progress.cores = run.cores.cores());
        Ok(is_folded)
    }

    /// Commits the states as a batch left them, or begins again on one engine.
    async fn keep(&mut self, run: &mut VersionRun, end: BatchEnd) -> Result<(), StepError> {
        let fault = match end {
            BatchEnd::Folded => None,
            BatchEnd::Fault(fault) => Some(fault),
            BatchEnd::StartOver(why) => {
                self.start_over(run, why)?;
                self.tell(&run.checkpoint, false);
                return Ok(());
            }
        };
        self.commit(run, fault).await?;
        self.tell(&run.checkpoint, false);
        Ok(())
    }

    /// Begins again on one engine.
    fn start_over(&self, run: &mut VersionRun, why: CoresReason) -> Result<(), StepError> {
        tracing::info!(%why, "a projection starts over on one engine");
        run.fold.states_mut().start_over()?;
        run.checkpoint = Checkpoint::start();
        self.start_engine_anew(run, why)
    }

    /// Tells how far a batch came. What is not committed is no end: the last record counts when it
    /// is.
    fn tell_batch(&self, run: &VersionRun, read: u64, rate: f64) {
        let read = read.min(self.ledger.tail().number().saturating_sub(1));
        self.progress.send_modify(|progress| {
            progress.cores = run.cores.cores();
            progress.events_per_second = rate;
            progress.read = progress.read.max(read);
        });
    }

    /// Folds anew, once a batch, the streams that have a new record.
    async fn refold_changed(
        &mut self,
        run: &mut VersionRun,
        pace: &mut Pace,
    ) -> Result<(), StepError> {
        let end = self.ledger.tail();
        while run.checkpoint.position < end && !self.orders.is_waiting() {
            let started = Instant::now();
            let before = run.checkpoint.position;
            let changed = streams_of_records(&self.ledger, &READER, before, end).await?;
            let Some((last, names)) = changed else { return Ok(()) };
            let anchor = self.ledger.anchor(last).await?;
            let known_at = anchor.map_or(RecordedTime::from_micros(0), |a| a.latest_recorded_time);
            let streams = self.streams_known_at(known_at);
            let fault = match refold(run, &streams, names, pace).await? {
                Refolded::All => None,
                Refolded::Fault(fault) => Some(fault),
                Refolded::Stopping => return Ok(()),
            };
            match fault {
                Some(_) => run.fold.states_mut().forget(),
                None => run.checkpoint.position = last,
            }
            self.commit(run, fault).await?;
            self.tell(&run.checkpoint, false);
            if run.checkpoint.fault.is_some() {
                return Ok(());
            }
            let rate = rate_of(last.number() - before.number(), started);
            self.progress.send_modify(|progress| progress.events_per_second = rate);
        }
        Ok(())
    }

    /// The streams as known at a recorded time.
    pub(super) fn streams_known_at(&self, known_at: RecordedTime) -> StreamsInForce {
        StreamsInForce { ledger: self.ledger.clone(), reader: READER, known_at }
    }

    /// Asks for another version to be built, where this one is stale and the last build is long
    /// enough ago. Returns how long to wait until then.
    pub(super) fn ask_for_renewal(&self, built_at: &mut Instant) -> Option<Duration> {
        if !self.progress.borrow().is_stale {
            return None;
        }
        let wait = self.effective_every.saturating_sub(built_at.elapsed());
        if wait > Duration::ZERO {
            return Some(wait);
        }
        *built_at = Instant::now();
        self.progress.send_modify(|progress| progress.renewals_asked += 1);
        Some(self.effective_every)
    }
}

/// Folds streams anew, and every stream that merges and unmerges tie to them.
pub async fn refold(
    run: &mut VersionRun,
    streams: &StreamsInForce,
    names: Vec<StreamName>,
    pace: &mut Pace,
) -> Result<Refolded, StepError> {
    let mut waiting: BTreeSet<StreamName> = names.into_iter().collect();
    let (mut seen, mut folded) = (BTreeSet::new(), BTreeSet::new());
    while let Some(name) = waiting.pop_first() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if pace.is_stopping() {
            return Ok(Refolded::Stopping);
        }
        let Some(history) = streams.history(&name).await? else { continue };
        waiting.extend(history.named.iter().map(|person| StreamName::Person(*person)));
        for joined in &history.joined {
            run.take_away(&StreamName::Person(*joined));
        }
        if folded.insert(history.name.clone())
            && let Some(fault) = run.refold(&history.name, history.in_force(None))?
        {
            return Ok(Refolded::Fault(fault));
        }
        pace.rest().await;
    }
    Ok(Refolded::All)
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate_of(records: u64, started: Instant) -> f64 {
    records as f64 / started.elapsed().as_secs_f64().max(1e-6)
}
