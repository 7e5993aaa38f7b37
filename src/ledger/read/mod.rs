//! The only way out: what is known of one person.
//! Always: folded from the records on every read, so an answer is never behind; with `known` it is
//! the answer that was given then.

pub mod feed;
pub mod touched;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tokio::runtime::RuntimeFlavor;

use super::Ledger;
use crate::domain::event::Recorded;
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{self, History};
use crate::domain::id::{DedupKey, EventKey, PersonId, Position, RecordedTime, Revision};
use crate::domain::record::{self, View};
use crate::domain::vocabulary::fact::Fact;
use crate::domain::vocabulary::kind::Kind;
use crate::store::{ReadError, Stamps, Stored};

/// Folding more records than this takes longer than handing the thread over, about 20 ms.
const LONG_RECORDS: usize = 2_000;

/// So many records of one stream are read at once.
const PAGE_RECORDS: usize = 10_000;

/// A longer stream is not answered: about 150 MiB. Fifty years of daily doses are 18,000 records.
const STREAM_RECORDS_MAX: usize = 100_000;

/// What is known of a person.
pub struct Person {
    /// All records known, of all streams that are one person's.
    pub history: History,
    /// The last revision of the stream asked for, among the records known; `None`: none was known.
    pub revision: Option<Revision>,
    /// What the answer knows: the record of the log it was asked for, or the last one there was.
    /// Asking again with it gives the same answer.
    pub known: RecordedTime,
    /// What may change the answer when it is recorded.
    pub depends_on: DependsOn,
}

/// What an answer rests on beside the person's own stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DependsOn {
    /// The streams of those who are, were, or were said to be the same person.
    pub streams: Vec<PersonId>,
    /// The keys of records that a correction or annulment names and that lie in none of these.
    pub dedup_keys: Vec<DedupKey>,
}

/// The records of one stream.
#[derive(Clone, Default)]
struct StreamRecords {
    records: Vec<Arc<Recorded>>,
    /// The dedup keys that a record of another stream carries too.
    duplicates: Vec<DedupKey>,
}

impl StreamRecords {
    fn add(&mut self, stored: &Stored) -> Result<(), ReadError> {
        self.records.push(Arc::new(open(stored)?));
        if stored.is_cross_stream_duplicate {
            let view = View::new(&stored.record).map_err(ReadError::failed)?;
            self.duplicates.push(view.dedup_key());
        }
        Ok(())
    }
}

/// The records of all streams that are one person's.
struct Merged {
    records: Vec<Arc<Recorded>>,
    /// The other streams that were read to find out which these are.
    streams: Vec<PersonId>,
    /// The dedup keys of these records that a record of another stream carries too, each once.
    duplicates: Vec<DedupKey>,
}

impl Merged {
    fn of(own: impl Iterator<Item = StreamRecords>, streams: Vec<PersonId>) -> Self {
        let mut merged = Self { records: Vec::new(), streams, duplicates: Vec::new() };
        for StreamRecords { records, duplicates } in own {
            merged.records.extend(records);
            merged.duplicates.extend(duplicates);
        }
        merged.duplicates.sort_unstable();
        merged.duplicates.dedup();
        merged
    }
}

impl Ledger {
    /// Reads what is known of a person, and what was known at `known`. `None`: there is no such
    /// stream.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn person(
        &self,
        person: PersonId,
        known: Option<RecordedTime>,
    ) -> Result<Option<Person>, ReadError> {
        // Before the stream is read, so that all that is known is in it.
        let status = *self.store.status().borrow();
        let latest = known.unwrap_or(status.latest_recorded_time);
        let own = self.stream(person).await?;
        let all = own.records.clone();
        let own = self.whole(own).await?;
        if own.records.is_empty() {
            return Ok(None);
        }
        let known = match (known, status.stamps) {
            (None, Stamps::RiseWithinStream) => self.known_of(person, &own, latest).await?,
            _ => latest,
        };
        let is_known = |record: &&Arc<Recorded>| record.recorded <= known;
        let revision = all.iter().filter(is_known).map(|record| record.revision).max();
        let Merged { records, streams, duplicates } = self.merged(person, own, known).await?;
        let named = named(&records);
        let dedup_keys: Vec<DedupKey> =
            named.iter().map(|key| record::dedup_key(&self.dedup_hash_key, key)).collect();
        let elsewhere = self.elsewhere(named, dedup_keys.clone(), known).await?;
        let reused = self.reused(&records, duplicates, known).await?;
        let mut history =
            run_blocking_if_long(records.len(), || history::fold(records, &elsewhere, Some(known)));
        history.findings.extend(reused);
        Ok(Some(Person { history, revision, known, depends_on: DependsOn { streams, dedup_keys } }))
    }

    /// What an answer about a person knows where others write too: the latest record that it uses.
    /// A record of this person that is still on its way may be stamped earlier than the latest of
    /// the log, but not than this person's own.
    async fn known_of(
        &self,
        person: PersonId,
        own: &StreamRecords,
        latest: RecordedTime,
    ) -> Result<RecordedTime, ReadError> {
        let Merged { records, duplicates, .. } = self.merged(person, own.clone(), latest).await?;
        let elsewhere = named(&records);
        let key = |key| record::dedup_key(&self.dedup_hash_key, key);
        let elsewhere = self.store.find(elsewhere.iter().map(key).collect()).await?;
        let sharing = match duplicates.is_empty() {
            true => Vec::new(),
            false => self.store.find(duplicates).await?,
        };
        let others = elsewhere.iter().filter_map(|found| found.first());
        let others = others.chain(sharing.iter().flatten());
        let others = others.filter_map(|s| Some(View::new(&s.record).ok()?.recorded()));
        let used = records.iter().map(|record| record.recorded).chain(others).max();
        Ok(used.unwrap_or(latest))
    }

    /// At most `limit` records after a position, in the order of the log.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn log(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.store.read_all(after, limit).await?.iter().map(open).collect()
    }

    /// The record at a position.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn at(&self, position: Position) -> Result<Option<Recorded>, ReadError> {
        self.store.read_at(position).await?.as_ref().map(open).transpose()
    }

    /// The record with a duplicate key.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn event(&self, key: &EventKey) -> Result<Option<Recorded>, ReadError> {
        let found = self.store.find(vec![record::dedup_key(&self.dedup_hash_key, key)]).await?;
        found.iter().flatten().next().map(open).transpose()
    }

    /// One stream, whole.
    async fn stream(&self, person: PersonId) -> Result<StreamRecords, ReadError> {
        let mut stream = StreamRecords::default();
        loop {
            let from = Revision(stream.records.len() as u64);
            let slice = self.store.read_stream(person, from, PAGE_RECORDS).await?;
            for stored in &slice.records {
                stream.add(stored)?;
            }
            if slice.records.len() < PAGE_RECORDS {
                return Ok(stream);
            }
            if stream.records.len() > STREAM_RECORDS_MAX {
                return Err(ReadError::TooLong { limit: STREAM_RECORDS_MAX });
            }
        }
    }

    /// Leaves out the other copy of a merge whose own record is not there: the write of it is under
    /// way, or was refused or given up after its first half, which only a cluster can do.
    async fn whole(&self, mut stream: StreamRecords) -> Result<StreamRecords, ReadError> {
        let is_copy = |record: &Recorded| is_link(record) && record.event.subject != record.stream;
        let copies = || stream.records.iter().filter(|record| is_copy(record));
        let own = |copy: &Arc<Recorded>| record::dedup_key(&self.dedup_hash_key, &copy.event.key);
        let keys: Vec<DedupKey> = copies().map(own).collect();
        if keys.is_empty() {
            return Ok(stream);
        }
        let found = self.store.find(keys).await?;
        let lies_in = |stored: &Stored| View::new(&stored.record).ok().map(View::stream);
        let is_whole = |(copy, found): (&Arc<Recorded>, &Vec<Stored>)| {
            found.first().and_then(lies_in) == Some(copy.event.subject)
        };
        let mut whole: Vec<bool> = copies().zip(&found).map(is_whole).collect();
        whole.reverse();
        stream.records.retain(|record| !is_copy(record) || whole.pop().unwrap_or_default());
        Ok(stream)
    }

    /// The records of all streams that are one person's as far as is known: merges and their undoing
    /// act from their own recorded time on.
    async fn merged(
        &self,
        person: PersonId,
        own: StreamRecords,
        known: RecordedTime,
    ) -> Result<Merged, ReadError> {
        let mut streams = BTreeMap::from([(person, own)]);
        loop {
            let all = || streams.values().flat_map(|stream| &stream.records);
            // A merge lies in both streams, so a stream without one stands alone.
            if !all().any(|record| is_link(record)) {
                return Ok(Merged::of(streams.into_values(), Vec::new()));
            }
            let links = links(&history::fold(all().cloned(), &HashSet::new(), Some(known)));
            let missing: Vec<PersonId> = links
                .iter()
                .flat_map(|link| [link.one, link.other])
                .filter(|person| !streams.contains_key(person))
                .collect();
            if missing.is_empty() {
                let same = component(person, &links);
                let read = streams.keys().filter(|stream| **stream != person).copied().collect();
                streams.retain(|stream, _| same.contains(stream));
                // Of a fact that lies in two of them, the copy in the stream asked for is shown.
                let own = streams.remove(&person);
                return Ok(Merged::of(own.into_iter().chain(streams.into_values()), read));
            }
            for person in missing {
                let stream = self.whole(self.stream(person).await?).await?;
                streams.insert(person, stream);
            }
        }
    }

    /// What is to be said of records whose source and id a record of another person has.
    async fn reused(
        &self,
        records: &[Arc<Recorded>],
        duplicates: Vec<DedupKey>,
        known: RecordedTime,
    ) -> Result<Vec<Finding>, ReadError> {
        if duplicates.is_empty() {
            return Ok(Vec::new());
        }
        let own: HashSet<PersonId> = records.iter().map(|record| record.stream).collect();
        let mut findings = Vec::new();
        for carriers in self.store.find(duplicates).await? {
            let carriers: Vec<Recorded> = carriers.iter().map(open).collect::<Result<_, _>>()?;
            let (ours, others): (Vec<_>, Vec<_>) = carriers
                .iter()
                .filter(|carrier| carrier.recorded <= known)
                .partition(|carrier| own.contains(&carrier.stream));
            if let (Some(ours), false) = (ours.first(), others.is_empty()) {
                findings.push(reused_across_persons(&ours.event.key.id));
            }
        }
        Ok(findings)
    }

    /// Which of these keys are those of records that were known: of other persons, then.
    async fn elsewhere(
        &self,
        named: Vec<EventKey>,
        dedup_keys: Vec<DedupKey>,
        known: RecordedTime,
    ) -> Result<HashSet<EventKey>, ReadError> {
        if named.is_empty() {
            return Ok(HashSet::new());
        }
        let found = self.store.find(dedup_keys).await?;
        let is_known =
            |stored: &&Stored| View::new(&stored.record).is_ok_and(|view| view.recorded() <= known);
        let dedup_keys = named.into_iter().zip(found);
        Ok(dedup_keys
            .filter(|(_, found)| found.first().is_some_and(|stored| is_known(&stored)))
            .map(|(key, _)| key)
            .collect())
    }
}

/// A record of another person has the source and id of this one.
fn reused_across_persons(id: &str) -> Finding {
    Finding {
        code: FindingCode::IdReusedAcrossPersons,
        message: "A record of another person has the same source and id; the sender has to say \
                  whose it is, and annul the other."
            .to_owned(),
        events: vec![id.to_owned()],
    }
}

/// The keys that a correction or annulment among these records names and that none of them has.
fn named(records: &[Arc<Recorded>]) -> Vec<EventKey> {
    let here: HashSet<&EventKey> = records.iter().map(|record| &record.event.key).collect();
    let targets = records.iter().filter_map(|record| history::target(record));
    targets.map(|(key, _)| key).filter(|key| !here.contains(key)).collect()
}

/// Runs what is long for so many records without holding up the requests of others.
pub fn run_blocking_if_long<T>(records: usize, run: impl FnOnce() -> T) -> T {
    let flavor = tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) if records > LONG_RECORDS => {
            tokio::task::block_in_place(run)
        }
        _ => run(),
    }
}

fn open(stored: &Stored) -> Result<Recorded, ReadError> {
    View::new(&stored.record)
        .and_then(|view| view.open(stored.position, stored.revision))
        .map_err(|_| ReadError::Unreadable(stored.position))
}

fn is_link(record: &Recorded) -> bool {
    matches!(record.event.kind, Kind::PersonMerged | Kind::PersonUnmerged)
}

/// Two pseudonyms that were said to be one person, and whether that still holds.
struct Link {
    one: PersonId,
    other: PersonId,
    holds: bool,
}

/// Every link ever told, as it stands: the last word on a pair, by recorded time, holds.
fn links(history: &History) -> Vec<Link> {
    let mut told: Vec<(RecordedTime, Link)> = history
        .facts()
        .filter_map(|(item, fact)| {
            let one = item.recorded.event.subject;
            let link = match fact {
                Fact::Merged(merge) => Link { one, other: merge.into, holds: true },
                Fact::Unmerged(unmerge) => Link { one, other: unmerge.from, holds: false },
                _ => return None,
            };
            Some((item.recorded.recorded, link))
        })
        .collect();
    told.sort_by_key(|(recorded, _)| *recorded);
    let mut last: BTreeMap<(PersonId, PersonId), bool> = BTreeMap::new();
    for (_, Link { one, other, holds }) in told {
        last.insert((one.min(other), one.max(other)), holds);
    }
    last.into_iter().map(|((one, other), holds)| Link { one, other, holds }).collect()
}

/// All pseudonyms that are the same person as this one.
fn component(person: PersonId, links: &[Link]) -> HashSet<PersonId> {
    let mut same = HashSet::from([person]);
    loop {
        let before = same.len();
        for link in links.iter().filter(|link| link.holds) {
            if same.contains(&link.one) || same.contains(&link.other) {
                same.extend([link.one, link.other]);
            }
        }
        if same.len() == before {
            return same;
        }
    }
}
