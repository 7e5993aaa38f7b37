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
use crate::domain::id::{Pair, PersonId, RecordedTime, Revision};
use crate::store::{AppendError, Expected, Outcome, ReadError, Store as _, Stored, Write};

/// So many streams of one append are written at once.
const STREAMS_AT_ONCE: usize = 64;

/// So long a write is tried; then the sender is told to come again.
const TRIED: Duration = Duration::from_secs(12);

/// The copy shows a write after so long, or another feed is opened.
const SHOWN: Duration = Duration::from_secs(2);

/// The first pause before another try; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// The writes of one append to one stream, with their places in it.
struct Group {
    stream: PersonId,
    writes: Vec<(usize, Write)>,
}

/// What was sent at a revision, answered or not.
struct Sent {
    after: Option<Revision>,
    records: Vec<Bytes>,
}

impl EventStoreDb {
    /// See [`crate::store::Store::append`].
    pub(super) async fn write(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError> {
        self.is_reached().await?;
        let count = writes.len();
        let groups = grouped(writes);
        if groups.len() > 1
            && let Some(refusals) = self.refusals(&groups, count).await?
        {
            return Ok(refusals);
        }
        let writing = futures::stream::iter(groups).map(|group| self.write_group(group));
        let written: Vec<_> = writing.buffer_unordered(STREAMS_AT_ONCE).concat().await;
        let mut outcomes = vec![Outcome::Withheld; count];
        for (place, outcome) in written {
            outcomes[place] = outcome;
        }
        let failed = |outcome: &Outcome| match outcome {
            Outcome::Failed(error) => Some(*error),
            _ => None,
        };
        match outcomes.iter().map(failed).collect::<Option<Vec<_>>>() {
            Some(all) if !all.is_empty() => Err(all[0]),
            _ => Ok(outcomes),
        }
    }

    /// Waits a moment for a cluster that is just being found again.
    async fn is_reached(&self) -> Result<(), AppendError> {
        let mut following = self.shared.following.subscribe();
        let reached = following.wait_for(|now| !matches!(now, Following::Apart(_)));
        match tokio::time::timeout(SHOWN, reached).await {
            Ok(Ok(now)) if matches!(*now, Following::Lost(_)) => Err(AppendError::Failed),
            Ok(Ok(_)) => Ok(()),
            _ => Err(AppendError::Unreachable),
        }
    }

    /// Looks at all streams before any is written: what can be refused whole is. `None`: nothing
    /// is to be refused so far.
    async fn refusals(
        &self,
        groups: &[Group],
        count: usize,
    ) -> Result<Option<Vec<Outcome>>, AppendError> {
        let mut outcomes = vec![Outcome::Withheld; count];
        let mut is_refused = false;
        for group in groups {
            let last = self.copy.last_revision(group.stream);
            let mut refused = self.known(group).await.map_err(unread)?;
            let fits = match fit(group, last) {
                Fit::Now => true,
                Fit::NotYet(revision) => self.reaches(group.stream, revision).await,
                Fit::Never => false,
            };
            if refused.is_empty() && !fits {
                refused.push((group.writes[0].0, Outcome::Conflict { actual: last }));
            }
            for (place, outcome) in refused {
                outcomes[place] = outcome;
                is_refused = true;
            }
        }
        Ok(is_refused.then_some(outcomes))
    }

    /// The writes of a group that hold pairs which the log has.
    async fn known(&self, group: &Group) -> Result<Vec<(usize, Outcome)>, ReadError> {
        let pairs: Vec<Pair> = group.records().map(|stamped| stamped.pair).collect();
        let mut found = self.copy.find(pairs).await?.into_iter();
        let mut known = Vec::new();
        for (place, write) in &group.writes {
            let found: Vec<_> = found.by_ref().take(write.records.len()).collect();
            let those: Vec<usize> = (0..found.len()).filter(|i| found[*i].is_some()).collect();
            if !those.is_empty() {
                known.push((*place, Outcome::Known(those)));
            }
        }
        Ok(known)
    }

    /// Writes to one stream.
    async fn write_group(&self, group: Group) -> Vec<(usize, Outcome)> {
        match self.try_group(&group).await {
            Ok(outcomes) => outcomes,
            Err(error) => group.all(|| Outcome::Failed(error)),
        }
    }

    async fn try_group(&self, group: &Group) -> Result<Vec<(usize, Outcome)>, AppendError> {
        // Writers of this process do not race each other.
        let _lane = self.lane(group.stream).lock().await;
        let until = Instant::now() + TRIED;
        let mut sent: Option<Sent> = None;
        let mut given_up = AppendError::Busy;
        let mut pause = PAUSE_MIN;
        while Instant::now() < until {
            let last = self.copy.last_revision(group.stream);
            if let Some(stored) = self.shown(group.stream, sent.as_ref(), last).await? {
                return Ok(group.appended(stored));
            }
            let known = self.known(group).await.map_err(unread)?;
            if !known.is_empty() {
                return Ok(known);
            }
            match fit(group, last) {
                Fit::Now => {}
                Fit::NotYet(revision) if self.reaches(group.stream, revision).await => continue,
                Fit::NotYet(_) | Fit::Never => {
                    return Ok(vec![(group.writes[0].0, Outcome::Conflict { actual: last })]);
                }
            }
            // The same bytes at the same revision: a try that was written is then known for it.
            let again = sent.take().filter(|sent| sent.after == last);
            let now = again.unwrap_or_else(|| self.stamp(group, last));
            let events = group.records().zip(&now.records);
            let events = events.map(|(stamped, record)| event::event(record, &stamped.pair));
            let stream = group.stream.stream();
            let answer = self.connection.append(stream, last, events.collect()).await;
            let count = now.records.len() as u64;
            sent = Some(now);
            let awaited = match answer {
                Ok(()) => {
                    given_up = AppendError::Unsure;
                    Some(Revision(last.map_or(0, |last| last.0 + 1) + count - 1))
                }
                Err(Trouble::Conflict(actual)) => actual,
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

    /// What was sent, if the copy shows it where it was to go.
    async fn shown(
        &self,
        stream: PersonId,
        sent: Option<&Sent>,
        last: Option<Revision>,
    ) -> Result<Option<Vec<Stored>>, AppendError> {
        let Some(sent) = sent.filter(|sent| sent.after < last) else { return Ok(None) };
        let from = Revision(sent.after.map_or(0, |after| after.0 + 1));
        let slice =
            self.copy.read_stream(stream, from, sent.records.len()).await.map_err(unread)?;
        let records = slice.records.iter().map(|stored| &stored.record);
        Ok(records.eq(&sent.records).then_some(slice.records))
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

    fn all(&self, outcome: impl Fn() -> Outcome) -> Vec<(usize, Outcome)> {
        self.writes.iter().map(|(place, _)| (*place, outcome())).collect()
    }

    fn appended(&self, stored: Vec<Stored>) -> Vec<(usize, Outcome)> {
        let mut stored = stored.into_iter();
        let appended = |(place, write): &(usize, Write)| {
            (*place, Outcome::Appended(stored.by_ref().take(write.records.len()).collect()))
        };
        self.writes.iter().map(appended).collect()
    }
}

/// The writes by stream, in order. Of one stream only the first may expect something: the rest
/// follows it in the same append.
fn grouped(writes: Vec<Write>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<PersonId, usize> = HashMap::new();
    for (place, write) in writes.into_iter().enumerate() {
        let group = *places.entry(write.stream).or_insert_with(|| {
            groups.push(Group { stream: write.stream, writes: Vec::new() });
            groups.len() - 1
        });
        groups[group].writes.push((place, write));
    }
    groups
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
