//! The records of one person, as one question sees them.
//! Always: computed from the records on every read, so an answer is never older than the log. With
//! `known_at` the answer is the same as the answer at that time, until content is erased.

use std::collections::HashSet;
use std::sync::Arc;

use super::blocking::run_blocking_if_long;
use super::merged::StreamRecords;
use super::open::Reader;
use crate::domain::event::{OpenRecord, Recorded};
use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::history::{self, History, OutsideTargets, Pseudonyms};
use crate::domain::id::{DedupKey, EventKey, PersonId, Position, RecordedTime, Revision};
use crate::domain::record::{self, View};
use crate::domain::stream::{Stream, StreamName};
use crate::ledger::Ledger;
use crate::store::{ReadError, RecordedTimeOrder};

/// The history of one person as one question sees it: from all records up to `known_at`.
pub struct PersonHistory {
    /// The records of all streams that are this person's, up to `known_at`.
    pub history: History,
    /// The last revision of the stream asked for, up to `known_at`; `None`: it had no record then.
    pub revision: Option<Revision>,
    /// Records with a later `recordedtime` are not in the answer. The same question with this
    /// `known_at` gives the same answer, until content is erased.
    pub known_at: RecordedTime,
    /// The position up to which the log was surely read.
    pub position: Position,
    /// The other pseudonyms of the person.
    pub pseudonyms: Pseudonyms,
    /// The streams and keys, outside the person's own stream, whose new records may change the
    /// answer.
    pub dependencies: AnswerDependencies,
}

/// The dependencies of an answer outside the person's own stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerDependencies {
    /// The streams of all other pseudonyms that merges have ever named as the same person.
    pub streams: Vec<PersonId>,
    /// The dedup keys of records that a correction or annulment names and that are not among the
    /// person's readable records.
    pub dedup_keys: Vec<DedupKey>,
}

impl Ledger {
    /// Reads the history of a person from the records that are stored now, or that were stored at
    /// `known_at`. `None`: there is no such stream.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn person(
        &self,
        reader: &Reader,
        person: PersonId,
        known_at: Option<RecordedTime>,
    ) -> Result<Option<PersonHistory>, ReadError> {
        // The status is read first, so that the stream holds every record up to the status's time.
        let status = *self.store.status().borrow();
        let latest = known_at.unwrap_or(status.latest_recorded_time);
        let own = self.read_whole_stream(reader, &Stream::person(person)).await?;
        let all = own.records.clone();
        let own = self.without_half_merges(own).await?;
        if own.records.is_empty() {
            return Ok(None);
        }
        let known_at = match (known_at, status.recorded_time_order) {
            (None, RecordedTimeOrder::RisesInStream) => {
                self.latest_recorded_time_used(reader, person, &own, latest).await?
            }
            _ => latest,
        };
        let is_known = |record: &&Arc<Recorded>| record.recorded_at <= known_at;
        let revision = all.iter().filter(is_known).map(|record| record.revision).max();
        let merged = self.merged(reader, person, own, known_at).await?;
        let streams: HashSet<PersonId> =
            merged.records.iter().filter_map(|record| record.stream.person()).collect();
        let named = missing_targets(&merged.records);
        let dedup_keys = self.dedup_keys(&named);
        let outside =
            self.explain_missing_targets(named, dedup_keys.clone(), &streams, known_at).await?;
        let reused = self
            .findings_of_reused_ids(reader, merged.cross_stream_duplicates, &streams, known_at)
            .await?;
        let records = merged.records;
        let mut history = run_blocking_if_long(records.len(), || {
            history::fold(records, &outside, Some(known_at))
        });
        history.findings.extend(reused);
        history.findings.extend(self.finding_of_tampering(person, &streams));
        let dependencies = AnswerDependencies { streams: merged.other_streams_read, dedup_keys };
        let (pseudonyms, position) = (merged.pseudonyms, status.tail);
        Ok(Some(PersonHistory { history, revision, known_at, position, pseudonyms, dependencies }))
    }

    /// All records of a stream, in its order.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn stream(
        &self,
        reader: &Reader,
        name: &StreamName,
    ) -> Result<Vec<Arc<Recorded>>, ReadError> {
        let stream = Stream::named(name.clone(), &self.hash_keys.stream);
        Ok(self.read_whole_stream(reader, &stream).await?.records)
    }

    /// The history of a facility or a project from the records stored at `known_at`.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn organisation(
        &self,
        reader: &Reader,
        name: &StreamName,
        known_at: RecordedTime,
    ) -> Result<History, ReadError> {
        let records = self.stream(reader, name).await?;
        Ok(history::fold(records, &OutsideTargets::default(), Some(known_at)))
    }

    /// The latest `recordedtime` of the records that an answer uses. With several writers the
    /// answer is complete only up to this time. The log may not show this person's newest record
    /// yet, and the time of that record may lie before the end of the log, but not before the time
    /// of this person's last record that the log shows.
    async fn latest_recorded_time_used(
        &self,
        reader: &Reader,
        person: PersonId,
        own: &StreamRecords,
        latest: RecordedTime,
    ) -> Result<RecordedTime, ReadError> {
        let merged = self.merged(reader, person, own.clone(), latest).await?;
        let records = merged.records;
        let outside = self.store.find(self.dedup_keys(&missing_targets(&records))).await?;
        let sharing = match merged.cross_stream_duplicates.is_empty() {
            true => Vec::new(),
            false => self.store.find(merged.cross_stream_duplicates).await?,
        };
        let others = outside.iter().chain(&sharing).flatten();
        let others = others.filter_map(|s| Some(View::new(&s.record).ok()?.recorded_at()));
        let used = records.iter().map(|record| record.recorded_at).chain(others).max();
        Ok(used.unwrap_or(latest))
    }

    fn dedup_keys(&self, keys: &[EventKey]) -> Vec<DedupKey> {
        keys.iter().map(|key| record::dedup_key(&self.hash_keys.dedup, key)).collect()
    }

    /// The findings about records whose (`source`, `id`) a record of another person has too.
    async fn findings_of_reused_ids(
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
        for found in self.store.find(cross_stream_duplicates).await? {
            let (mut ours, mut has_others) = (Vec::new(), false);
            for stored in &found {
                let unreadable = |_| ReadError::Unreadable(stored.position);
                let view = View::new(&stored.record).map_err(unreadable)?;
                match view.person() {
                    _ if view.recorded_at() > known_at => {}
                    Some(person) if own.contains(&person) => ours.push(stored),
                    _ => has_others = true,
                }
            }
            if has_others && !ours.is_empty() {
                let ours = self.open_all(reader, ours)?;
                let open = ours.into_iter().find_map(|record| OpenRecord::new(record).ok());
                findings.push(reused_across_persons(open.as_ref()));
            }
        }
        Ok(findings)
    }

    /// The finding that one of a person's streams takes no records any more.
    fn finding_of_tampering(&self, person: PersonId, own: &HashSet<PersonId>) -> Option<Finding> {
        let harmed = self.store.harmed_streams();
        let mut names = own.iter().chain([&person]).map(|person| StreamName::Person(*person));
        let is_tampered = names.any(|name| harmed.get(&name).is_some_and(|harm| harm.is_tampered));
        let message = "Somebody else wrote to this person's stream in the cluster, or deleted it. \
                       The records here are whole up to then; what was sent since was refused. The \
                       operator must move the ledger out of the cluster and into an empty one.";
        is_tampered.then(|| Finding::new(FindingCode::StreamTampered, message, Vec::new()))
    }

    /// For each key that a correction or annulment names and that the person's readable records
    /// lack: whether the record with the key was erased or is another person's.
    async fn explain_missing_targets(
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
        for (key, found) in named.into_iter().zip(&found) {
            let known = found.iter().filter_map(|stored| View::new(&stored.record).ok());
            let mut known = known.filter(|view| view.recorded_at() <= known_at).peekable();
            let has_known = known.peek().is_some();
            if known.any(|view| view.person().is_some_and(|person| own.contains(&person))) {
                // A record of the person that is not among the readable records was erased.
                outside.erased.insert(key);
            } else if has_known {
                outside.of_others.insert(key);
            }
        }
        Ok(outside)
    }
}

/// The finding that another person's record has the same source and id as this record. `None`: the
/// person's own record was erased.
fn reused_across_persons(record: Option<&OpenRecord>) -> Finding {
    let message = "A record of another person has the same source and id; the sender must find \
                   out which record is right and annul the other record.";
    let records = record.map(RecordName::of).into_iter().collect();
    Finding::new(FindingCode::IdReusedAcrossPersons, message, records)
}

/// The keys of corrected or annulled events that are not among these records, or are erased.
fn missing_targets(records: &[Arc<Recorded>]) -> Vec<EventKey> {
    let events = || records.iter().filter_map(|record| record.event());
    let mut missing: Vec<EventKey> =
        events().filter_map(history::target).map(|(key, _)| key).collect();
    if !missing.is_empty() {
        let here: HashSet<&EventKey> = events().map(|event| &event.key).collect();
        missing.retain(|key| !here.contains(key));
    }
    missing
}
