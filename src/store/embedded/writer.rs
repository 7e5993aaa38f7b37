//! The one thread that writes: it takes all that has queued, decides, commits once, then answers.
//! Always: nothing is answered before it is durable; a pair is in the log once; revisions and
//! positions have no gaps; `recordedtime` rises with position, also when the clock steps back.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::duplicates::CrossStreamDuplicates;
use super::imported::{ImportError, Imported};
use super::index::{Index, Seen};
use super::log::{CommitError, LogWriter, Placed};
use crate::domain::id::{DedupKeyMap, PersonId, Position, RecordedTime, Revision};
use crate::domain::record::View;
use crate::store::{
    AppendError, Condition, Expected, Outcome, StampClock, StoreStatus, Stored, Write,
};

/// So much goes into one commit: more gains nothing and keeps the first in it waiting.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Where several senders wait at once, the writer waits so long for more before it commits: fewer
/// commits leave the processors to the senders (ops/bench, 25 November 2026, 64 connections: 34 µs
/// of server time an event beside 45, and a lower median). One alone never waits for it.
const GATHERING: Duration = Duration::from_micros(100);

/// What waits for the writer.
pub struct Request {
    /// What to write, and where the answer goes; the asker may have left.
    pub work: Work,
    /// How many bytes it holds in the queue.
    pub bytes: usize,
}

/// What the writer is asked for, and where its answer goes.
pub enum Work {
    /// New records.
    Append(Vec<Write>, oneshot::Sender<Result<Vec<Outcome>, AppendError>>),
    /// Records as another log has them.
    Import(Vec<Imported>, oneshot::Sender<Result<Vec<Stored>, ImportError>>),
}

/// Requests that go into one commit.
struct Queued {
    bytes: usize,
    requests: Vec<Request>,
}

impl Queued {
    /// Takes what has queued, up to the size of a commit.
    fn take(&mut self, queue: &mut mpsc::Receiver<Request>) {
        while self.bytes < GROUP_BYTES_MAX
            && let Ok(next) = queue.try_recv()
        {
            self.bytes += next.bytes;
            self.requests.push(next);
        }
    }
}

/// What the writer shares with those who ask.
#[derive(Default)]
pub struct Shared {
    /// Bytes that wait in the queue.
    pub queued_bytes: AtomicUsize,
    /// The latest `recordedtime` that was committed, in microseconds. It is ahead of the status,
    /// and of the index: whoever sees a record there finds it here.
    pub latest_committed: AtomicI64,
    /// Dedup keys that records of several streams carry.
    pub duplicates: CrossStreamDuplicates,
}

/// See the module.
pub struct Writer {
    log: LogWriter,
    pub(super) index: Arc<Index>,
    shared: Arc<Shared>,
    clock: StampClock,
    pub(super) last: Position,
    /// The latest `recordedtime` of the log.
    pub(super) latest_recorded_time: RecordedTime,
    /// Says how far the log goes and whether it takes writes.
    status: watch::Sender<StoreStatus>,
    /// Wakes the thread that settles the index.
    retired: std::sync::mpsc::SyncSender<()>,
}

/// One commit in the making: what the log will hold beyond its last position.
#[derive(Default)]
pub(super) struct Group {
    pub(super) dedup_keys: DedupKeyMap<Position>,
    pub(super) counts: HashMap<PersonId, u64>,
    pub(super) records: Vec<Placed>,
}

/// What was decided for a request, and where the answer goes.
enum Decided {
    Append(io::Result<Vec<Decision>>, oneshot::Sender<Result<Vec<Outcome>, AppendError>>),
    /// The next so many records of the group.
    Import(Result<usize, ImportError>, oneshot::Sender<Result<Vec<Stored>, ImportError>>),
}

/// What will be answered for one write if the commit succeeds.
enum Decision {
    /// The next so many records of the group.
    Append(usize),
    Refuse(Outcome),
}

/// Why a group was not written.
enum Trouble {
    DiskFull,
    Failed,
}

impl Writer {
    /// Sets a writer up behind the tail that the status shows.
    pub fn new(
        log: LogWriter,
        index: Arc<Index>,
        shared: Arc<Shared>,
        clock: StampClock,
        status: watch::Sender<StoreStatus>,
        retired: std::sync::mpsc::SyncSender<()>,
    ) -> Self {
        let StoreStatus { tail, latest_recorded_time, .. } = *status.borrow();
        Self { log, index, shared, clock, last: tail, latest_recorded_time, status, retired }
    }

    /// Runs until every sender of the queue is gone, then checkpoints the write-ahead log.
    pub fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        while let Some(first) = queue.blocking_recv() {
            let mut group = Queued { bytes: first.bytes, requests: vec![first] };
            group.take(&mut queue);
            if group.requests.len() > 1 {
                std::thread::sleep(GATHERING);
                group.take(&mut queue);
            }
            let Queued { bytes, requests } = group;
            self.shared.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.serve(requests);
            if let Err(error) = self.log.checkpoint_if_long() {
                tracing::warn!(error = %error, "the write-ahead log could not be checkpointed yet");
            }
        }
        if let Err(error) = self.log.checkpoint_all() {
            tracing::warn!(error = %error, "the write-ahead log was left for the next start");
        }
    }

    fn serve(&mut self, requests: Vec<Request>) {
        let mut group = Group::default();
        let mut decided = Vec::with_capacity(requests.len());
        for request in requests {
            decided.push(match request.work {
                Work::Append(writes, reply) => {
                    Decided::Append(self.decide(writes, &mut group), reply)
                }
                Work::Import(records, reply) => {
                    Decided::Import(self.import(records, &mut group), reply)
                }
            });
        }
        let committed = self.commit(group);
        let (mut records, trouble) = match committed {
            Ok(records) => (records.into_iter(), None),
            Err(trouble) => (Vec::new().into_iter(), Some(trouble)),
        };
        let failed = || match &trouble {
            None => Ok(()),
            Some(Trouble::DiskFull) => Err(AppendError::DiskFull),
            Some(Trouble::Failed) => Err(AppendError::Failed),
        };
        for decided in decided {
            // Who asked may have gone; what was written stays written.
            match decided {
                Decided::Append(decisions, reply) => {
                    let decisions =
                        failed().and_then(|()| decisions.map_err(|_| AppendError::Failed));
                    let outcome = |decision| match decision {
                        Decision::Append(n) => {
                            Outcome::Appended(records.by_ref().take(n).collect())
                        }
                        Decision::Refuse(outcome) => outcome,
                    };
                    let _ = reply.send(decisions.map(|d| d.into_iter().map(outcome).collect()));
                }
                Decided::Import(imported, reply) => {
                    let imported = failed().map_err(ImportError::from).and(imported);
                    let _ = reply.send(imported.map(|n| records.by_ref().take(n).collect()));
                }
            }
        }
    }

    /// Decides one append against the log and what the group already holds: all or nothing.
    fn decide(&self, writes: Vec<Write>, group: &mut Group) -> io::Result<Vec<Decision>> {
        let mut refusals = Vec::with_capacity(writes.len());
        for write in &writes {
            refusals.push(self.refusal(write, group)?);
        }
        if refusals.iter().any(Option::is_some) {
            let refuse = |refusal: Option<Outcome>| refusal.unwrap_or(Outcome::Withheld);
            return Ok(refusals.into_iter().map(refuse).map(Decision::Refuse).collect());
        }
        Ok(writes.into_iter().map(|write| self.place(write, group)).collect())
    }

    fn refusal(&self, write: &Write, group: &Group) -> io::Result<Option<Outcome>> {
        let mut stored = Vec::new();
        for (place, record) in write.records.iter().enumerate() {
            if group.dedup_keys.contains_key(&record.dedup_key)
                || self.index.find(&record.dedup_key)?.is_some()
            {
                stored.push(place);
            }
        }
        if !stored.is_empty() {
            return Ok(Some(Outcome::AlreadyStored(stored)));
        }
        let actual = self.count(write.stream, group).checked_sub(1).map(Revision);
        let fits = match write.expected {
            Expected::Any => true,
            Expected::New => actual.is_none(),
            Expected::At(revision) => actual == Some(revision),
        };
        Ok((!fits).then_some(Outcome::Conflict { actual }))
    }

    pub(super) fn count(&self, stream: PersonId, group: &Group) -> u64 {
        let before = || self.index.last_revision(stream).map_or(0, |revision| revision.0 + 1);
        group.counts.get(&stream).copied().unwrap_or_else(before)
    }

    /// Gives the records of a write their places and their `recordedtime`.
    fn place(&self, write: Write, group: &mut Group) -> Decision {
        let appended = write.records.len();
        let mut count = self.count(write.stream, group);
        let now = (self.clock)().micros();
        for unstamped in write.records {
            let behind = group.records.len() as i64 + 1;
            let position = self.next(group);
            let recorded = now.max(self.latest_recorded_time.micros()).saturating_add(behind);
            let recorded = RecordedTime::from_micros(recorded);
            let before = group.dedup_keys.insert(unstamped.dedup_key, position);
            assert!(before.is_none(), "an append holds a key once: checked by ledger::record");
            let stored = Stored {
                position,
                revision: Revision(count),
                latest_recorded_time: recorded,
                is_cross_stream_duplicate: false,
                record: unstamped.stamp(recorded).into(),
            };
            group.records.push(Placed { stored, first_with_key: None });
            count += 1;
        }
        group.counts.insert(write.stream, count);
        Decision::Append(appended)
    }

    fn commit(&mut self, group: Group) -> Result<Vec<Stored>, Trouble> {
        if self.status.borrow().condition == Condition::Failed {
            return Err(Trouble::Failed);
        }
        let Some(last) = group.records.last() else { return Ok(Vec::new()) };
        match self.log.commit(&group.records) {
            Ok(()) => {}
            Err(CommitError::DiskFull) => {
                self.status.send_modify(|status| status.condition = Condition::DiskFull);
                return Err(Trouble::DiskFull);
            }
            Err(CommitError::Failed(error)) => {
                tracing::error!(error = %error, "a commit failed; nothing more is written");
                self.status.send_modify(|status| status.condition = Condition::Failed);
                return Err(Trouble::Failed);
            }
        }
        self.last = last.stored.position;
        self.latest_recorded_time = last.stored.latest_recorded_time;
        let latest = self.latest_recorded_time.micros();
        self.shared.latest_committed.store(latest, Ordering::Relaxed);
        for Placed { stored, first_with_key } in &group.records {
            if let Some(first) = first_with_key {
                self.shared.duplicates.note(view(stored).dedup_key(), *first, stored.position);
            }
        }
        if self.index.add(group.records.iter().map(Seen::from)) {
            self.index.retire();
            // Waits here once too many stretches wait for the disk.
            let _ = self.retired.send(());
        }
        self.status.send_modify(|status| {
            status.tail = self.last;
            status.latest_recorded_time = self.latest_recorded_time;
            status.condition = Condition::Writable;
        });
        Ok(group.records.into_iter().map(|placed| placed.stored).collect())
    }
}

impl Drop for Writer {
    /// A writer that panicked takes no more writes, and says so.
    fn drop(&mut self) {
        self.status.send_modify(|status| status.condition = Condition::Failed);
    }
}

impl From<&Placed> for Seen {
    fn from(placed: &Placed) -> Self {
        let seen = Self::from(&placed.stored);
        if placed.first_with_key.is_some() { seen.again() } else { seen }
    }
}

impl From<&Stored> for Seen {
    fn from(stored: &Stored) -> Self {
        let view = view(stored);
        Self { position: stored.position, dedup_key: view.dedup_key(), stream: view.stream() }
    }
}

fn view(stored: &Stored) -> View<'_> {
    View::new(&stored.record)
        .expect("laid out by UnstampedRecord, or checked when the log was opened")
}
