//! Writing to the cluster: for each stream look the pairs up, append at the revision that the copy
//! shows, and answer with what the copy then holds.
//! Always: an append happens only at the revision up to which the pairs of its stream were looked
//! up, so that none is in a stream twice; what is answered was read back from the cluster.
//!
//! The server's own idempotency is not enough: it compares ids only from the expected revision on,
//! data never, and other streams never (server: IndexWriter, `CheckCommit`).

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use tokio::time::Instant;

use super::EventStoreDb;
use super::event;
use super::follow::Following;
use super::trouble::{Reason, Trouble};
use crate::domain::id::{DedupKey, PersonId, RecordedTime, Revision};
use crate::store::{
    ALONE_BYTES, AppendError, Expected, Outcome, ReadError, Store as _, Stored, Tie, Write,
};

/// So many streams of one append are written at once.
const STREAMS_AT_ONCE: usize = 64;

/// So long a write is tried; then the sender is told to come again.
const TRIED: Duration = Duration::from_secs(12);

/// A write waits so long for a cluster that is just being found again.
const REACHED: Duration = Duration::from_secs(5);

/// The copy shows a write after so long, or another feed is opened.
const SHOWN: Duration = Duration::from_secs(2);

/// The first pause before another try; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Writes to one stream that are all or none, with their places in the append.
struct Group {
    stream: PersonId,
    writes: Vec<(usize, Write)>,
}

/// What was sent at a revision, answered or not.
struct Sent {
    after: Option<Revision>,
    records: Vec<Bytes>,
}

type Outcomes = Vec<(usize, Outcome)>;

impl EventStoreDb {
    /// See [`crate::store::Store::append`].
    pub(super) async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError> {
        self.is_reached().await?;
        let mut outcomes = vec![Outcome::Withheld; writes.len()];
        let writes: Vec<(usize, Write)> = writes.into_iter().enumerate().collect();
        let (ahead, rest): (Vec<_>, Vec<_>) =
            writes.into_iter().partition(|(_, write)| write.tie == Tie::Ahead);
        let turns = [by_stream(ahead), by_stream(rest)];
        if turns.iter().flatten().count() > 1 && self.refuse(&turns, &mut outcomes).await? {
            return Ok(outcomes);
        }
        for streams in turns {
            let writing = streams.into_iter().map(|stream| self.write_stream(stream));
            let writing = futures::stream::iter(writing).buffer_unordered(STREAMS_AT_ONCE);
            let written: Outcomes = writing.concat().await;
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
        match failed.reduce(AppendError::or) {
            Some(error) if outcomes.iter().all(is_unwritten) => Err(error),
            _ => Ok(outcomes),
        }
    }

    /// Waits a moment for a cluster that is just being found again.
    async fn is_reached(&self) -> Result<(), AppendError> {
        let mut following = self.shared.following.subscribe();
        let settled = |now: &Following| matches!(now, Following::Live | Following::Lost(_));
        match tokio::time::timeout(REACHED, following.wait_for(settled)).await {
            Ok(Ok(now)) if *now == Following::Live => Ok(()),
            Ok(Ok(_)) => Err(AppendError::Failed),
            _ => Err(AppendError::Unreachable),
        }
    }

    /// Looks at all streams before any is written: what can be refused whole is. False: nothing is
    /// to be refused so far.
    async fn refuse(
        &self,
        turns: &[Vec<Group>; 2],
        outcomes: &mut [Outcome],
    ) -> Result<bool, AppendError> {
        let mut is_refused = false;
        for group in turns.iter().flatten() {
            let mut refused = self.known(group).await.map_err(unread)?;
            let fits = match fit(group, self.copy.last_revision(group.stream)) {
                Fit::Now => true,
                Fit::NotYet(revision) => self.reaches(group.stream, revision).await,
                Fit::Never => false,
            };
            if refused.is_empty() && !fits {
                let actual = self.copy.last_revision(group.stream);
                refused.push((group.writes[0].0, Outcome::Conflict { actual }));
            }
            for (place, outcome) in refused {
                outcomes[place] = outcome;
                is_refused = true;
            }
        }
        Ok(is_refused)
    }

    /// The writes of a group that hold pairs which the log has.
    async fn known(&self, group: &Group) -> Result<Outcomes, ReadError> {
        let dedup_keys: Vec<DedupKey> = group.records().map(|stamped| stamped.dedup_key).collect();
        let mut found = self.copy.find(dedup_keys).await?.into_iter();
        let mut known = Vec::new();
        for (place, write) in &group.writes {
            let found: Vec<_> = found.by_ref().take(write.records.len()).collect();
            let those: Vec<usize> = (0..found.len()).filter(|i| found[*i].is_some()).collect();
            if !those.is_empty() {
                known.push((*place, Outcome::AlreadyStored(those)));
            }
        }
        Ok(known)
    }

    /// Writes to one stream, in as few appends as its ties and its size allow.
    async fn write_stream(&self, stream: Group) -> Outcomes {
        let mut outcomes = Vec::with_capacity(stream.writes.len());
        for part in stream.parts() {
            match self.try_group(&part).await {
                Ok(told) => outcomes.extend(told),
                // The rest is not tried: whoever asked sends it again with this part.
                Err(error) => {
                    outcomes.extend(part.all(|| Outcome::Failed(error)));
                    break;
                }
            }
        }
        outcomes
    }

    async fn try_group(&self, group: &Group) -> Result<Outcomes, AppendError> {
        let until = Instant::now() + TRIED;
        if let Fit::NotYet(revision) = fit(group, self.copy.last_revision(group.stream)) {
            self.reaches(group.stream, revision).await;
        }
        // Writers of this process do not race each other.
        let lane = tokio::time::timeout_at(until, self.lane(group.stream).lock());
        let _lane = lane.await.map_err(|_| AppendError::Busy)?;
        let mut sent: Option<Sent> = None;
        let mut given_up = AppendError::Busy;
        let mut pause = PAUSE_MIN;
        while Instant::now() < until {
            let last = self.copy.last_revision(group.stream);
            match self.shown(group.stream, sent.as_ref(), last).await? {
                Shown::All(stored) => return Ok(group.appended(stored)),
                Shown::Part(revision) if self.reaches(group.stream, revision).await => continue,
                Shown::Part(_) | Shown::Nothing => {}
            }
            let known = self.known(group).await.map_err(unread)?;
            if !known.is_empty() {
                return Ok(known);
            }
            match fit(group, last) {
                Fit::Now => {}
                Fit::NotYet(_) | Fit::Never => {
                    return Ok(vec![(group.writes[0].0, Outcome::Conflict { actual: last })]);
                }
            }
            // The same bytes at the same revision: a try that was written is then known for it.
            let again = sent.take().filter(|sent| sent.after == last);
            let now = again.unwrap_or_else(|| self.stamp(group, last));
            let events = group.records().zip(&now.records);
            let events = events.map(|(stamped, record)| event::event(record, &stamped.dedup_key));
            let stream = group.stream.stream();
            let answer = self.connection.append(stream, last, events.collect()).await;
            let count = now.records.len() as u64;
            sent = Some(now);
            let awaited = match answer {
                Ok(()) => {
                    given_up = AppendError::Unsure;
                    Some(Revision(next(last).0 + count - 1))
                }
                // It has less than the copy shows, or does not say: nothing comes of waiting.
                Err(Trouble::Conflict(actual)) => actual.filter(|actual| Some(*actual) > last),
                Err(Trouble::Final(reason)) => return Err(final_error(reason)),
                Err(Trouble::NotDone(_)) => {
                    if given_up == AppendError::Busy {
                        given_up = AppendError::Unreachable;
                    }
                    None
                }
                Err(Trouble::Unsure(_)) => {
                    given_up = AppendError::Unsure;
                    None
                }
            };
            match awaited {
                Some(revision) => {
                    if !self.reaches(group.stream, revision).await {
                        self.shared.stalled.notify_one();
                    }
                }
                None => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
        Err(given_up)
    }

    /// Whether the copy shows what was sent, where it was to go.
    async fn shown(
        &self,
        stream: PersonId,
        sent: Option<&Sent>,
        last: Option<Revision>,
    ) -> Result<Shown, AppendError> {
        let Some(sent) = sent.filter(|sent| sent.after < last) else { return Ok(Shown::Nothing) };
        let (from, count) = (next(sent.after), sent.records.len());
        let slice = self.copy.read_stream(stream, from, count).await.map_err(unread)?;
        let is_ours = slice.records.iter().zip(&sent.records).all(|(s, sent)| s.record == *sent);
        Ok(match slice.records.len() {
            shown if is_ours && shown == count => Shown::All(slice.records),
            // A feed may be cut between the records of one append.
            _ if is_ours => Shown::Part(Revision(from.0 + count as u64 - 1)),
            _ => Shown::Nothing,
        })
    }

    /// Waits until the copy shows a stream up to a revision; false: not in time.
    async fn reaches(&self, stream: PersonId, revision: Revision) -> bool {
        let mut moved = self.copy.subscribe();
        let shown = async {
            while self.copy.last_revision(stream) < Some(revision) {
                if moved.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(SHOWN, shown).await.is_ok()
    }

    /// Gives the records of a group their `recordedtime`: later than all that was seen, and so
    /// later than the last in the stream.
    fn stamp(&self, group: &Group, after: Option<Revision>) -> Sent {
        let seen = self.copy.latest().micros();
        let mut recorded = (self.clock)().micros().max(seen.saturating_add(1));
        let records = group.records().map(|stamped| {
            let record = stamped.clone().at(RecordedTime::from_micros(recorded));
            recorded += 1;
            Bytes::from(record)
        });
        Sent { after, records: records.collect() }
    }
}

/// How much of what was sent the copy shows.
enum Shown {
    Nothing,
    /// The first records; it ends at this revision.
    Part(Revision),
    All(Vec<Stored>),
}

/// Whether a stream is as the writes to it expect.
enum Fit {
    Now,
    /// Perhaps once the copy shows this revision.
    NotYet(Revision),
    Never,
}

fn fit(group: &Group, last: Option<Revision>) -> Fit {
    match group.writes[0].1.expected {
        Expected::Any => Fit::Now,
        Expected::New if last.is_none() => Fit::Now,
        Expected::At(revision) if last == Some(revision) => Fit::Now,
        Expected::At(revision) if last < Some(revision) => Fit::NotYet(revision),
        Expected::New | Expected::At(_) => Fit::Never,
    }
}

impl Group {
    fn records(&self) -> impl Iterator<Item = &crate::domain::record::Stamped> {
        self.writes.iter().flat_map(|(_, write)| &write.records)
    }

    /// Itself, or where its writes stand alone as many parts as its size asks for.
    fn parts(self) -> Vec<Self> {
        let stream = self.stream;
        let mut parts: Vec<Self> = Vec::new();
        let mut bytes = 0;
        for (place, write) in self.writes {
            let size: usize = write.records.iter().map(|stamped| stamped.head.len()).sum();
            bytes += size;
            let is_apart = write.tie == Tie::Alone && bytes > ALONE_BYTES;
            match parts.last_mut() {
                Some(part) if !is_apart => part.writes.push((place, write)),
                _ => {
                    bytes = size;
                    parts.push(Self { stream, writes: vec![(place, write)] });
                }
            }
        }
        parts
    }

    fn all(&self, outcome: impl Fn() -> Outcome) -> Outcomes {
        self.writes.iter().map(|(place, _)| (*place, outcome())).collect()
    }

    fn appended(&self, stored: Vec<Stored>) -> Outcomes {
        let mut stored = stored.into_iter();
        let appended = |(place, write): &(usize, Write)| {
            (*place, Outcome::Appended(stored.by_ref().take(write.records.len()).collect()))
        };
        self.writes.iter().map(appended).collect()
    }
}

/// The writes by stream, in order.
fn by_stream(writes: Vec<(usize, Write)>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<PersonId, usize> = HashMap::new();
    for (place, write) in writes {
        let group = *places.entry(write.stream).or_insert_with(|| {
            groups.push(Group { stream: write.stream, writes: Vec::new() });
            groups.len() - 1
        });
        let writes = &mut groups[group].writes;
        assert!(
            writes.is_empty() || write.expected == Expected::Any,
            "only the first write to a stream expects anything: promised by Write"
        );
        writes.push((place, write));
    }
    groups
}

fn is_unwritten(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(_) | Outcome::Withheld)
}

/// The revision behind one.
fn next(last: Option<Revision>) -> Revision {
    Revision(last.map_or(0, |last| last.0 + 1))
}

fn final_error(reason: Reason) -> AppendError {
    if reason == Reason::TooLarge {
        return AppendError::TooLarge;
    }
    tracing::error!(reason = %reason, "the cluster takes no write");
    AppendError::Failed
}

fn unread(error: ReadError) -> AppendError {
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    tracing::error!(error = %error, cause, "the copy of the cluster's log was not read");
    AppendError::Failed
}
