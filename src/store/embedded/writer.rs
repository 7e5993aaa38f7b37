//! The one thread that writes: it takes all that has queued, decides, commits once, then answers.
//! Always: nothing is answered before it is durable; a pair is in the log once; revisions and
//! positions have no gaps; `recordedtime` rises with position, also when the clock steps back.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::index::{Index, Seen};
use super::log::{self, CommitError, Row};
use crate::domain::id::{ByPair, Pair, PersonId, Position, RecordedTime, Revision};
use crate::domain::record::View;
use crate::store::{AppendError, Expected, Outcome, Stored, Write};

/// So much goes into one commit: more gains nothing and keeps the first in it waiting.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Where several senders wait at once, the writer waits so long for more before it commits: fewer
/// commits leave the processors to the senders (ops/bench, 25 November 2026, 64 connections: 34 µs
/// of server time an event beside 45, and a lower median). One alone never waits for it.
const GATHERING: Duration = Duration::from_micros(100);

/// Tells the time, in microseconds since 1970 UTC.
pub type Clock = Arc<dyn Fn() -> RecordedTime + Send + Sync>;

/// What waits for the writer.
pub struct Request {
    /// What to append.
    pub writes: Vec<Write>,
    /// How many bytes it holds in the queue.
    pub bytes: usize,
    /// Where the answer goes; the asker may have left.
    pub reply: oneshot::Sender<Result<Vec<Outcome>, AppendError>>,
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
    /// After a failed commit nothing more is written: a retried fsync lies.
    pub failed: AtomicBool,
    /// The last commit found no space.
    pub is_full: AtomicBool,
}

/// See the module.
pub struct Writer {
    log: log::Writer,
    index: Arc<Index>,
    shared: Arc<Shared>,
    clock: Clock,
    last: Position,
    recorded: RecordedTime,
    moved: watch::Sender<Position>,
    /// Wakes the thread that settles the index.
    retired: std::sync::mpsc::SyncSender<()>,
}

/// One commit in the making: what the log will hold beyond its last position.
#[derive(Default)]
struct Group {
    pairs: HashSet<Pair, ByPair>,
    counts: HashMap<PersonId, u64>,
    records: Vec<Stored>,
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
    /// Sets a writer up after the last record of the log.
    pub fn new(
        log: log::Writer,
        index: Arc<Index>,
        shared: Arc<Shared>,
        clock: Clock,
        last: (Position, RecordedTime),
        moved: watch::Sender<Position>,
        retired: std::sync::mpsc::SyncSender<()>,
    ) -> Self {
        Self { log, index, shared, clock, last: last.0, recorded: last.1, moved, retired }
    }

    /// Runs until every sender of the queue is gone, then folds the write-ahead log in.
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
                tracing::warn!(error = %error, "the write-ahead log could not be folded in yet");
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
            decided.push((self.decide(request.writes, &mut group), request.reply));
        }
        let committed = self.commit(group);
        let (mut records, trouble) = match committed {
            Ok(records) => (records.into_iter(), None),
            Err(trouble) => (Vec::new().into_iter(), Some(trouble)),
        };
        for (decisions, reply) in decided {
            let answer = match (&trouble, decisions) {
                (Some(Trouble::DiskFull), _) => Err(AppendError::DiskFull),
                (Some(Trouble::Failed), _) | (None, Err(_)) => Err(AppendError::Failed),
                (None, Ok(decisions)) => Ok(decisions
                    .into_iter()
                    .map(|decision| match decision {
                        Decision::Append(n) => {
                            Outcome::Appended(records.by_ref().take(n).collect())
                        }
                        Decision::Refuse(outcome) => outcome,
                    })
                    .collect()),
            };
            // Who asked may have gone; what was written stays written.
            let _ = reply.send(answer);
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
        let mut known = Vec::new();
        for (place, record) in write.records.iter().enumerate() {
            if group.pairs.contains(&record.pair) || self.index.find(&record.pair)?.is_some() {
                known.push(place);
            }
        }
        if !known.is_empty() {
            return Ok(Some(Outcome::Known(known)));
        }
        let actual = self.count(write.stream, group).checked_sub(1).map(Revision);
        let fits = match write.expected {
            Expected::Any => true,
            Expected::New => actual.is_none(),
            Expected::At(revision) => actual == Some(revision),
        };
        Ok((!fits).then_some(Outcome::Conflict { actual }))
    }

    fn count(&self, stream: PersonId, group: &Group) -> u64 {
        let before = || self.index.last_revision(stream).map_or(0, |revision| revision.0 + 1);
        group.counts.get(&stream).copied().unwrap_or_else(before)
    }

    /// Gives the records of a write their places and their `recordedtime`.
    fn place(&self, write: Write, group: &mut Group) -> Decision {
        let appended = write.records.len();
        let mut count = self.count(write.stream, group);
        let now = (self.clock)().micros();
        for stamped in write.records {
            let behind = group.records.len() as i64 + 1;
            let position = Position::new(self.last.number() + group.records.len() as u64 + 1);
            let recorded = now.max(self.recorded.micros()).saturating_add(behind);
            let fresh = group.pairs.insert(stamped.pair);
            assert!(fresh, "an append holds a pair once: checked by ledger::record");
            let record = stamped.at(RecordedTime::from_micros(recorded)).into();
            group.records.push(Stored { position, revision: Revision(count), record });
            count += 1;
        }
        group.counts.insert(write.stream, count);
        Decision::Append(appended)
    }

    fn commit(&mut self, group: Group) -> Result<Vec<Stored>, Trouble> {
        if self.shared.failed.load(Ordering::Relaxed) {
            return Err(Trouble::Failed);
        }
        let Some(last) = group.records.last() else { return Ok(group.records) };
        let rows: Vec<Row<'_>> = group.records.iter().map(Row::from).collect();
        match self.log.commit(&rows) {
            Ok(()) => self.shared.is_full.store(false, Ordering::Relaxed),
            Err(CommitError::DiskFull) => {
                self.shared.is_full.store(true, Ordering::Relaxed);
                return Err(Trouble::DiskFull);
            }
            Err(CommitError::Failed(error)) => {
                tracing::error!(error = %error, "a commit failed; nothing more is written");
                self.shared.failed.store(true, Ordering::Relaxed);
                return Err(Trouble::Failed);
            }
        }
        self.last = last.position;
        self.recorded = view(last).recorded();
        if self.index.add(group.records.iter().map(Seen::from)) {
            self.index.retire();
            // Waits here once too many stretches wait for the disk.
            let _ = self.retired.send(());
        }
        self.moved.send_replace(self.last);
        Ok(group.records)
    }
}

impl<'a> From<&'a Stored> for Row<'a> {
    fn from(stored: &'a Stored) -> Self {
        let Stored { position, revision, record } = stored;
        Self { position: *position, revision: *revision, record }
    }
}

impl From<&Stored> for Seen {
    fn from(stored: &Stored) -> Self {
        let view = view(stored);
        Self { position: stored.position, pair: view.pair(), stream: view.stream() }
    }
}

fn view(stored: &Stored) -> View<'_> {
    View::new(&stored.record).expect("laid out by Stamped, or checked when the log was opened")
}
