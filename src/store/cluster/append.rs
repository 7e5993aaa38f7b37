//! Writing to the cluster. For each stream: look the dedup keys up in the copy, append at the last
//! revision that the copy shows, wait until the copy shows the append, answer from the copy.
//! Always: an append happens only at the revision up to which the dedup keys of the stream were
//! looked up, so that no key is in a stream twice. Every answer was read back from the cluster.
//!
//! The server's own idempotency is not enough: it compares ids only from the expected revision on.
//! It never compares data and never looks at other streams (server: IndexWriter, `CheckCommit`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::watch;
use tokio::time::Instant;

use super::call_error::{CallError, CallFailure};
use super::connection::Connection;
use super::event;
use super::follow_error::log_copy_unreadable;
use super::follower::{FollowState, FollowerSignals};
use super::stream_locks::StreamLocks;
use super::stream_writes::{Expectation, PlacedOutcomes, StreamWrites, by_stream};
use crate::domain::id::{DedupKey, RecordedTime, Revision};
use crate::domain::stream::{Stream, StreamId};
use crate::store::append_size::fits_a_message;
use crate::store::embedded::Embedded;
use crate::store::harm::HarmedStreams;
use crate::store::{
    AppendError, AppendGroup, Outcome, ReadError, StampClock, Store as _, Stored, Write,
};

/// At most this many streams of one append are on their way at the same time: the cluster writes
/// one after the other.
const STREAMS_AT_ONCE: usize = 64;

/// A write is tried for this long; then its sender is asked to send it again.
const TRIED_FOR: Duration = Duration::from_secs(12);

/// A write waits this long for the cluster while the follower connects again.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// A write that the copy does not show within this time means that the subscription has stalled.
const COPIED_WITHIN: Duration = Duration::from_secs(2);

/// The first pause before a write is tried again; each further pause is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// No pause between two tries is longer.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Appends to the streams of the cluster.
pub struct ClusterWriter {
    copy: Arc<Embedded>,
    connection: Connection,
    signals: Arc<FollowerSignals>,
    clock: StampClock,
    harmed: watch::Receiver<Arc<HarmedStreams>>,
    stream_locks: StreamLocks,
}

/// The records that were sent to be appended after a revision, whether or not an answer came.
struct Attempt {
    after: Option<Revision>,
    records: Vec<Bytes>,
}

/// How much of an attempt the copy holds.
enum CopyState {
    Nothing,
    /// Only the first records; the other records, up to this revision, are on their way.
    Part(Revision),
    All(Vec<Stored>),
}

/// The next step after an attempt.
enum NextStep {
    /// The cluster has this revision of the stream: wait until the copy shows it.
    AwaitCopy(Revision),
    /// Pause, then try again.
    Pause,
}

impl ClusterWriter {
    /// Makes a writer that appends over a connection; `copy` is the copy of the cluster's log.
    pub fn new(
        copy: Arc<Embedded>,
        connection: Connection,
        signals: Arc<FollowerSignals>,
        clock: StampClock,
        harmed: watch::Receiver<Arc<HarmedStreams>>,
    ) -> Self {
        let stream_locks = StreamLocks::default();
        Self { copy, connection, signals, clock, harmed, stream_locks }
    }

    /// How often a new client replaced a broken client of the connection.
    pub fn reconnects(&self) -> u64 {
        self.connection.reconnects()
    }

    /// See [`crate::store::Store::append`].
    pub async fn append(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError> {
        self.wait_until_connected().await?;
        let mut outcomes = vec![Outcome::Withheld; writes.len()];
        let writes: Vec<(usize, Write)> = writes.into_iter().enumerate().collect();
        let (ahead, rest): (Vec<_>, Vec<_>) =
            writes.into_iter().partition(|(_, write)| write.group == AppendGroup::WithStreamFirst);
        let turns = [by_stream(ahead), by_stream(rest)];
        if turns.iter().flatten().count() > 1 && self.refuse(&turns, &mut outcomes).await? {
            return Ok(outcomes);
        }
        for streams in turns {
            let writing = streams.into_iter().map(|stream| self.append_stream(stream));
            let writing = futures::stream::iter(writing).buffer_unordered(STREAMS_AT_ONCE);
            let written: PlacedOutcomes = writing.concat().await;
            let is_done = written.iter().all(|(_, o)| matches!(o, Outcome::Appended(_)));
            for (place, outcome) in written {
                outcomes[place] = outcome;
            }
            if !is_done {
                break;
            }
        }
        let failed = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Failed(error) => Some(*error),
            _ => None,
        });
        match failed.reduce(AppendError::most_uncertain) {
            Some(error) if outcomes.iter().all(is_unwritten) => Err(error),
            _ => Ok(outcomes),
        }
    }

    async fn wait_until_connected(&self) -> Result<(), AppendError> {
        let mut state = self.signals.state.subscribe();
        let is_decided =
            |now: &FollowState| matches!(now, FollowState::Live | FollowState::Stopped(_));
        match tokio::time::timeout(CONNECTED_WITHIN, state.wait_for(is_decided)).await {
            Ok(Ok(now)) if *now == FollowState::Live => Ok(()),
            Ok(Ok(_)) => Err(AppendError::Failed),
            _ => Err(AppendError::Unreachable),
        }
    }

    /// Checks all streams before any is written. If one stream must be refused, refuses the whole
    /// append. Returns whether the append is refused.
    async fn refuse(
        &self,
        turns: &[Vec<StreamWrites>; 2],
        outcomes: &mut [Outcome],
    ) -> Result<bool, AppendError> {
        let mut is_refused = false;
        for writes in turns.iter().flatten() {
            let mut refused = self.find_already_stored(writes).await.map_err(copy_unreadable)?;
            let is_met = match writes.expectation(self.copy.last_revision(writes.stream.id())) {
                Expectation::Met => true,
                Expectation::MetFrom(revision) => {
                    self.wait_until_copied(writes.stream.id(), revision).await
                }
                Expectation::Failed => false,
            };
            if refused.is_empty() && self.is_tampered(writes) {
                refused = writes.each(|| Outcome::Tampered);
            } else if refused.is_empty() && !is_met {
                refused.push(writes.conflict(self.copy.last_revision(writes.stream.id())));
            }
            for (place, outcome) in refused {
                outcomes[place] = outcome;
                is_refused = true;
            }
        }
        Ok(is_refused)
    }

    /// The outcomes of the writes of which the copy already holds a dedup key.
    async fn find_already_stored(
        &self,
        writes: &StreamWrites,
    ) -> Result<PlacedOutcomes, ReadError> {
        let dedup_keys: Vec<DedupKey> =
            writes.records().map(|unstamped| unstamped.dedup_key).collect();
        let found = self.copy.find(dedup_keys).await?;
        self.wait_for_tail(found.iter().flatten().max_by_key(|stored| stored.position)).await;
        Ok(writes.already_stored(&found))
    }

    /// Writes to one stream, in as few appends as the groups and the sizes of the writes allow.
    async fn append_stream(&self, writes: StreamWrites) -> PlacedOutcomes {
        let mut outcomes = Vec::with_capacity(writes.len());
        for part in writes.cut() {
            match self.append_part_until_copied(&part).await {
                Ok(answered) => outcomes.extend(answered),
                // The remaining parts are not tried: the sender sends them again with this part.
                Err(error) => {
                    outcomes.extend(part.each(|| Outcome::Failed(error)));
                    break;
                }
            }
        }
        outcomes
    }

    /// Repeats one append until the copy holds its records or shows a refusal, or until time is up.
    async fn append_part_until_copied(
        &self,
        writes: &StreamWrites,
    ) -> Result<PlacedOutcomes, AppendError> {
        let stream = writes.stream.id();
        let until = Instant::now() + TRIED_FOR;
        if let Expectation::MetFrom(revision) = writes.expectation(self.copy.last_revision(stream))
        {
            self.wait_until_copied(stream, revision).await;
        }
        let lock = tokio::time::timeout_at(until, self.stream_locks.of(stream).lock());
        let _lock = lock.await.map_err(|_| AppendError::Busy)?;
        let mut attempt: Option<Attempt> = None;
        let mut error_on_timeout = AppendError::Busy;
        let mut pause = PAUSE_MIN;
        while Instant::now() < until {
            let last = self.copy.last_revision(stream);
            match self.copy_state_of(&writes.stream, attempt.as_ref(), last).await? {
                CopyState::All(stored) => return Ok(writes.appended(stored)),
                CopyState::Part(revision) if self.wait_until_copied(stream, revision).await => {
                    continue;
                }
                CopyState::Part(_) | CopyState::Nothing => {}
            }
            let stored = self.find_already_stored(writes).await.map_err(copy_unreadable)?;
            if !stored.is_empty() {
                return Ok(stored);
            }
            if self.is_tampered(writes) {
                return Ok(writes.each(|| Outcome::Tampered));
            }
            if writes.expectation(last) != Expectation::Met {
                return Ok(vec![writes.conflict(last)]);
            }
            // The same bytes at the same revision: if the attempt before this one was written, the
            // cluster recognises this one as a retry.
            let again = attempt.take().filter(|attempt| attempt.after == last);
            let current = again.unwrap_or_else(|| self.stamp(writes, last));
            let next = self.send(writes, &current, &mut error_on_timeout).await?;
            attempt = Some(current);
            match next {
                NextStep::AwaitCopy(revision) => {
                    let is_copied = self.wait_until_copied(stream, revision).await;
                    // Somebody else's event takes a revision that the copy never shows.
                    if !is_copied && !self.is_tampered(writes) {
                        self.signals.subscription_stalled.notify_one();
                    }
                }
                NextStep::Pause => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
        Err(error_on_timeout)
    }

    /// Sends an attempt once. `error_on_timeout` is the answer to the sender if no further try
    /// succeeds.
    async fn send(
        &self,
        writes: &StreamWrites,
        attempt: &Attempt,
        error_on_timeout: &mut AppendError,
    ) -> Result<NextStep, AppendError> {
        if !fits_a_message(attempt.records.iter().map(Bytes::len)) {
            return Err(AppendError::TooLarge);
        }
        let events = writes.records().zip(&attempt.records);
        let events =
            events.map(|(unstamped, record)| event::to_event(record, &unstamped.dedup_key));
        let (stream, after) = (writes.stream.name().to_string(), attempt.after);
        match self.connection.append(&stream, after, events.collect()).await {
            Ok(()) => {
                *error_on_timeout = AppendError::Unsure;
                return Ok(NextStep::AwaitCopy(attempt.last_revision()));
            }
            // The stream has more than the copy shows: wait until the copy shows it too. Where the
            // stream has less, or the answer does not say, waiting does not help.
            Err(CallError::Conflict(actual)) => {
                return Ok(match actual.filter(|actual| Some(*actual) > after) {
                    Some(actual) => NextStep::AwaitCopy(actual),
                    None => NextStep::Pause,
                });
            }
            Err(CallError::Final(reason)) => return Err(final_error(reason)),
            Err(CallError::NotDone(_)) if *error_on_timeout == AppendError::Busy => {
                *error_on_timeout = AppendError::Unreachable;
            }
            Err(CallError::NotDone(_)) => {}
            Err(CallError::Unsure(_)) => *error_on_timeout = AppendError::Unsure,
        }
        Ok(NextStep::Pause)
    }

    /// How much of an attempt the copy holds, at the revisions after `attempt.after`.
    async fn copy_state_of(
        &self,
        stream: &Stream,
        attempt: Option<&Attempt>,
        last: Option<Revision>,
    ) -> Result<CopyState, AppendError> {
        let Some(attempt) = attempt.filter(|attempt| attempt.after < last) else {
            return Ok(CopyState::Nothing);
        };
        let (from, count) = (revision_after(attempt.after), attempt.records.len());
        let slice = self.copy.read_stream(stream, from, count).await.map_err(copy_unreadable)?;
        self.wait_for_tail(slice.records.last()).await;
        let is_ours =
            slice.records.iter().zip(&attempt.records).all(|(stored, sent)| stored.record == *sent);
        Ok(match slice.records.len() {
            length if is_ours && length == count => CopyState::All(slice.records),
            // A delivery may end between two records of one append.
            _ if is_ours => CopyState::Part(attempt.last_revision()),
            _ => CopyState::Nothing,
        })
    }

    /// Waits until the copy's tail includes a record that was found in the index of the copy: the
    /// index shows a record a moment before the tail does, and an answer with the record's position
    /// promises that reads show the record.
    async fn wait_for_tail(&self, found: Option<&Stored>) {
        let Some(Stored { position, .. }) = found else { return };
        // An error: the copy has ended, and its tail moves no more.
        let _ = self.copy.status().wait_for(|status| status.tail >= *position).await;
    }

    /// Waits until the copy shows a stream up to a revision; false: not in time.
    async fn wait_until_copied(&self, stream: StreamId, revision: Revision) -> bool {
        let mut status = self.copy.status();
        let copied = async {
            while self.copy.last_revision(stream) < Some(revision) {
                if status.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(COPIED_WITHIN, copied).await.is_ok()
    }

    /// Gives the records their `recordedtime`: later than every time that the copy shows, and so
    /// later than the last record of the stream.
    fn stamp(&self, writes: &StreamWrites, after: Option<Revision>) -> Attempt {
        let latest = self.copy.latest_committed().micros();
        let mut recorded = (self.clock)().micros().max(latest.saturating_add(1));
        let records = writes.records().map(|unstamped| {
            let record = unstamped.clone().stamp(RecordedTime::from_micros(recorded));
            recorded += 1;
            Bytes::from(record)
        });
        Attempt { after, records: records.collect() }
    }

    /// Whether the stream takes no records any more.
    fn is_tampered(&self, writes: &StreamWrites) -> bool {
        let name = writes.stream.name();
        self.harmed.borrow().get(name).is_some_and(|harm| harm.is_tampered)
    }
}

impl Attempt {
    /// The revision that the last record of the attempt gets.
    fn last_revision(&self) -> Revision {
        Revision(revision_after(self.after).0 + self.records.len() as u64 - 1)
    }
}

fn is_unwritten(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(_) | Outcome::Withheld)
}

/// The next revision of a stream that has this last revision.
fn revision_after(last: Option<Revision>) -> Revision {
    Revision(last.map_or(0, |last| last.0 + 1))
}

fn final_error(reason: CallFailure) -> AppendError {
    if reason == CallFailure::TooLarge {
        return AppendError::TooLarge;
    }
    tracing::error!(reason = %reason, "the cluster takes no write");
    AppendError::Failed
}

fn copy_unreadable(error: ReadError) -> AppendError {
    log_copy_unreadable(&error);
    AppendError::Failed
}
