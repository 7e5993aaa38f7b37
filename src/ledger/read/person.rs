//! What is known of one person.
//! Always: folded from the records on every read, so an answer is never behind; with `known_at` it
//! is the answer that was given then.

use std::collections::HashSet;
use std::sync::Arc;

use super::blocking::run_blocking_if_long;
use super::merged::StreamRecords;
use super::open::Reader;
use crate::domain::event::{Event, Recorded};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{self, History, OutsideTargets};
use crate::domain::id::{DedupKey, EventKey, PersonId, RecordedTime, Revision};
use crate::domain::record::{self, View};
use crate::ledger::Ledger;
use crate::store::{ReadError, RecordedTimeOrder, Stored};

/// What is known of a person.
pub struct Person {
    /// All records known, of all streams that are one person's.
    pub history: History,
    /// The last revision of the stream asked for, among the records known; `None`: none was known.
    pub revision: Option<Revision>,
    /// Up to which recorded time the answer knows the log. Asking again with this instant gives
    /// the same answer.
    pub known_at: RecordedTime,
    /// Which records outside the person's own stream may change the answer when they are recorded.
    pub dependencies: AnswerDependencies,
}

/// What an answer depends on beside the person's own stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerDependencies {
    /// The streams of those who are, were, or were said to be the same person.
    pub streams: Vec<PersonId>,
    /// The dedup keys of records that a correction or annulment names and that lie in none of
    /// these streams.
    pub dedup_keys: Vec<DedupKey>,
}

impl Ledger {
    /// Reads what is known of a person, or what was known at `known_at`. `None`: there is no such
    /// stream.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn person(
        &self,
        reader: &Reader,
        person: PersonId,
        known_at: Option<RecordedTime>,
    ) -> Result<Option<Person>, ReadError> {
        // Taken before the stream is read, so that the stream has all that is known by then.
        let status = *self.store.status().borrow();
        let latest = known_at.unwrap_or(status.latest_recorded_time);
        let own = self.stream(reader, person).await?;
        let all = own.records.clone();
        let own = self.without_half_merges(own).await?;
        if own.records.is_empty() {
            return Ok(None);
        }
        let known_at = match (known_at, status.recorded_time_order) {
            (None, RecordedTimeOrder::RisesInStream) => {
                self.last_used(reader, person, &own, latest).await?
            }
            _ => latest,
        };
        let is_known = |record: &&Arc<Recorded>| record.recorded_at <= known_at;
        let revision = all.iter().filter(is_known).map(|record| record.revision).max();
        let merged = self.merged(reader, person, own, known_at).await?;
        let streams: HashSet<PersonId> =
            merged.records.iter().map(|record| record.stream).collect();
        let named = named_outside(&merged.records);
        let dedup_keys = self.dedup_keys(&named);
        let outside = self.outside(named, dedup_keys.clone(), &streams, known_at).await?;
        let reused =
            self.reused(reader, merged.cross_stream_duplicates, &streams, known_at).await?;
        let records = merged.records;
        let mut history = run_blocking_if_long(records.len(), || {
            history::fold(records, &outside, Some(known_at))
        });
        history.findings.extend(reused);
        let dependencies = AnswerDependencies { streams: merged.read, dedup_keys };
        Ok(Some(Person { history, revision, known_at, dependencies }))
    }

    /// The latest recorded time among the records that an answer uses. Where other writers record
    /// too, this is what the answer knows: a record of this person that is still on its way may be
    /// stamped earlier than the latest of the log, but not than the latest of this person.
    async fn last_used(
        &self,
        reader: &Reader,
        person: PersonId,
        own: &StreamRecords,
        latest: RecordedTime,
    ) -> Result<RecordedTime, ReadError> {
        let merged = self.merged(reader, person, own.clone(), latest).await?;
        let records = merged.records;
        let outside = self.store.find(self.dedup_keys(&named_outside(&records))).await?;
        let sharing = match merged.cross_stream_duplicates.is_empty() {
            true => Vec::new(),
            false => self.store.find(merged.cross_stream_duplicates).await?,
        };
        let others = outside.iter().filter_map(|found| found.first());
        let others = others.chain(sharing.iter().flatten());
        let others = others.filter_map(|s| Some(View::new(&s.record).ok()?.recorded()));
        let used = records.iter().map(|record| record.recorded_at).chain(others).max();
        Ok(used.unwrap_or(latest))
    }

    fn dedup_keys(&self, keys: &[EventKey]) -> Vec<DedupKey> {
        keys.iter().map(|key| record::dedup_key(&self.dedup_hash_key, key)).collect()
    }

    /// The findings about records whose (`source`, `id`) a record of another person has too.
    async fn reused(
        &self,
        reader: &Reader,
        cross_stream_duplicates: Vec<DedupKey>,
        own: &HashSet<PersonId>,
        known_at: RecordedTime,
    ) -> Result<Vec<Finding>, ReadError> {
        if cross_stream_duplicates.is_empty() {
            return Ok(Vec::new());
        }
        let mut findings = Vec::new();
        for stored in self.store.find(cross_stream_duplicates).await? {
            let records = self.open_all(reader, &stored)?;
            let (ours, others): (Vec<_>, Vec<_>) = records
                .iter()
                .filter(|record| record.recorded_at <= known_at)
                .partition(|record| own.contains(&record.stream));
            if !ours.is_empty() && !others.is_empty() {
                findings.push(reused_across_persons(ours.iter().find_map(|record| record.event())));
            }
        }
        Ok(findings)
    }

    /// Why the records with these keys are not among the readable records of the person.
    async fn outside(
        &self,
        named: Vec<EventKey>,
        dedup_keys: Vec<DedupKey>,
        own: &HashSet<PersonId>,
        known_at: RecordedTime,
    ) -> Result<OutsideTargets, ReadError> {
        let mut outside = OutsideTargets::default();
        if named.is_empty() {
            return Ok(outside);
        }
        let found = self.store.find(dedup_keys).await?;
        let view =
            |stored: &Stored| View::new(&stored.record).ok().map(|v| (v.stream(), v.recorded()));
        for (key, found) in named.into_iter().zip(&found) {
            match found.first().and_then(view) {
                Some((_, recorded_at)) if recorded_at > known_at => {}
                // Of a person's own records only the erased ones have no key to be found by.
                Some((stream, _)) if own.contains(&stream) => {
                    outside.erased.insert(key);
                }
                Some(_) => {
                    outside.of_others.insert(key);
                }
                None => {}
            }
        }
        Ok(outside)
    }
}

/// A record of another person has the source and id of this event; `None`: it was erased.
fn reused_across_persons(event: Option<&Event>) -> Finding {
    Finding {
        code: FindingCode::IdReusedAcrossPersons,
        message: "A record of another person has the same source and id; the sender has to say \
                  whose it is, and annul the other."
            .to_owned(),
        events: event.map(|event| event.key.id.to_string()).into_iter().collect(),
    }
}

/// The keys that a correction or annulment among these records names and that no readable record
/// among them has.
fn named_outside(records: &[Arc<Recorded>]) -> Vec<EventKey> {
    let events = || records.iter().filter_map(|record| record.event());
    let here: HashSet<&EventKey> = events().map(|event| &event.key).collect();
    let targets = events().filter_map(history::target);
    targets.map(|(key, _)| key).filter(|key| !here.contains(key)).collect()
}
