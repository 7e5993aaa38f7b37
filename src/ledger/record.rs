//! The only way in: from drafts to durable records and their receipts.
//! Always: the same (`source`, `id`) with the same content gets its first receipt again; with other
//! content it is refused; duplicates are answered before preconditions, so that a retry whose
//! answer was lost is safe.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Map, Value};

use super::Ledger;
use crate::domain::canonical;
use crate::domain::event::Draft;
use crate::domain::id::{EventKey, Pair, PersonId, Revision};
use crate::domain::record::{self, Stamped, View};
use crate::store::{AppendError, Expected, Outcome, ReadError, Stored, Write};

/// Each round settles at least one pair that another sender wrote meanwhile; more rounds than this
/// mean that senders race with the same ids.
const ROUNDS_MAX: usize = 16;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Written now.
    Recorded,
    /// The log had it already.
    Duplicate,
}

/// The proof for a sender that an event is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The sender's id.
    pub id: String,
    /// The sender.
    pub source: String,
    /// The person.
    pub subject: PersonId,
    /// The person's stream.
    pub stream: String,
    /// Its place in the stream; what it would be, in a dry run.
    pub revision: Revision,
    /// Its place in the log; absent in a dry run that would write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// When the ledger learned of it; absent likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recordedtime: Option<String>,
    /// Hexadecimal BLAKE3 of the stored record; absent likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commitment: Option<String>,
    /// What became of it.
    pub status: Status,
}

/// Why nothing of a batch was written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// These events, by place, carry a (`source`, `id`) that is known with other content: the
    /// sender must use a new id.
    #[error("a (source, id) is in use with other content")]
    Reused(Vec<usize>),
    /// The stream is not at the revision asked for: read again, decide again.
    #[error("the stream is at another revision")]
    WrongRevision {
        /// Its last revision; `None` for a new stream.
        actual: Option<Revision>,
    },
    /// The store did not write.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Ledger {
    /// Records all drafts or none, in order. Receipts come back in the same order, once all is
    /// durable. `expected` is what the one person's stream must be.
    ///
    /// # Errors
    /// See [`RecordError`]; nothing was written.
    pub async fn record(
        &self,
        drafts: &[Draft],
        expected: Expected,
    ) -> Result<Vec<Receipt>, RecordError> {
        let mut batch = Batch::new(drafts, &self.pair_key);
        self.refuse_conflicts(&mut batch).await?;
        self.settle(&mut batch, expected, true).await?;
        Ok(batch.answers.into_iter().flatten().flatten().collect())
    }

    /// Records each draft on its own merits: `None` in place of a receipt says that its (`source`,
    /// `id`) is known with other content.
    ///
    /// # Errors
    /// [`RecordError::Append`] or [`RecordError::Read`]: none of this group was written.
    pub async fn record_each(&self, drafts: &[Draft]) -> Result<Vec<Option<Receipt>>, RecordError> {
        let mut batch = Batch::new(drafts, &self.pair_key);
        self.settle(&mut batch, Expected::Any, false).await?;
        Ok(batch.answers.into_iter().map(Option::flatten).collect())
    }

    /// Says what [`Ledger::record`] would do, and writes nothing.
    ///
    /// # Errors
    /// As [`Ledger::record`].
    pub async fn rehearse(
        &self,
        drafts: &[Draft],
        expected: Expected,
    ) -> Result<Vec<Receipt>, RecordError> {
        let mut batch = Batch::new(drafts, &self.pair_key);
        self.refuse_conflicts(&mut batch).await?;
        self.look_ahead(&mut batch, expected).await?;
        batch.refuse_reused()?;
        Ok(batch.answers.into_iter().flatten().flatten().collect())
    }

    /// Says what [`Ledger::record_each`] would do, and writes nothing.
    ///
    /// # Errors
    /// As [`Ledger::record_each`].
    pub async fn rehearse_each(
        &self,
        drafts: &[Draft],
    ) -> Result<Vec<Option<Receipt>>, RecordError> {
        let mut batch = Batch::new(drafts, &self.pair_key);
        self.look_ahead(&mut batch, Expected::Any).await?;
        Ok(batch.answers.into_iter().map(Option::flatten).collect())
    }

    /// Gives every draft the answer it would get.
    async fn look_ahead(
        &self,
        batch: &mut Batch<'_>,
        expected: Expected,
    ) -> Result<(), RecordError> {
        let all: Vec<usize> = (0..batch.entries.len()).collect();
        self.compare(batch, &all).await?;
        let mut next: HashMap<PersonId, u64> = HashMap::new();
        for entry in batch.entries.iter().filter(|entry| !entry.is_done) {
            let count = match next.get(&entry.stream) {
                Some(count) => *count,
                None => {
                    let last = self.store.read_stream(entry.stream, Revision(0), 0).await?.last;
                    meets(expected, last)?;
                    last.map_or(0, |revision| revision.0 + 1)
                }
            };
            next.insert(entry.stream, count + 1);
            let draft = &batch.drafts[entry.draft];
            if entry.stream == draft.person {
                batch.answers[entry.draft] = Some(Some(expectation(draft, Revision(count))));
            }
        }
        batch.answer_repeats();
        Ok(())
    }

    /// Refuses a batch that says two things under one key. Which of them is at fault, the log says
    /// if it knows the key; else the later one.
    async fn refuse_conflicts(&self, batch: &mut Batch<'_>) -> Result<(), RecordError> {
        if !batch.has_conflicts() {
            return Ok(());
        }
        let all: Vec<usize> = (0..batch.entries.len()).collect();
        self.compare(batch, &all).await?;
        batch.answer_repeats();
        batch.refuse_reused()
    }

    /// Appends what the log does not have, until every draft has its answer.
    async fn settle(
        &self,
        batch: &mut Batch<'_>,
        expected: Expected,
        all_or_nothing: bool,
    ) -> Result<(), RecordError> {
        let salts = salts(batch.entries.len()).map_err(|_| AppendError::Failed)?;
        for _ in 0..ROUNDS_MAX {
            let (writes, places) = batch.writes(expected, &salts);
            if writes.is_empty() {
                batch.answer_repeats();
                return Ok(());
            }
            let outcomes = self.store.append(writes).await?;
            let mut known = Vec::new();
            let mut conflict = None;
            for (outcome, places) in outcomes.into_iter().zip(places) {
                match outcome {
                    Outcome::Appended(stored) => batch.appended(&places, &stored),
                    Outcome::Known(those) => known.extend(those.into_iter().map(|i| places[i])),
                    Outcome::Conflict { actual } => conflict = Some(actual),
                    Outcome::Withheld => {}
                }
            }
            if let (true, Some(actual)) = (known.is_empty(), conflict) {
                return Err(RecordError::WrongRevision { actual });
            }
            self.compare(batch, &known).await?;
            if all_or_nothing {
                batch.refuse_reused()?;
            }
        }
        Err(AppendError::Busy.into())
    }

    /// Looks these entries up, and answers those that the log has.
    async fn compare(&self, batch: &mut Batch<'_>, places: &[usize]) -> Result<(), ReadError> {
        let pairs = places.iter().map(|place| batch.entries[*place].pair).collect();
        let found = self.store.find(pairs).await?;
        for (place, stored) in places.iter().zip(found) {
            if let Some(stored) = stored {
                batch.known(*place, &stored);
            }
        }
        Ok(())
    }
}

/// Drafts on their way in, and the answer of each: a receipt, or `None` for a reused key.
struct Batch<'a> {
    drafts: &'a [Draft],
    entries: Vec<Entry>,
    answers: Vec<Option<Option<Receipt>>>,
    /// For each draft the first one of this batch with the same key, if that is another.
    repeats: Vec<Option<usize>>,
}

/// One record to write: a draft's own, or its copy in the other stream of a merge.
struct Entry {
    draft: usize,
    stream: PersonId,
    pair: Pair,
    is_done: bool,
}

impl<'a> Batch<'a> {
    fn new(drafts: &'a [Draft], pair_key: &[u8; 32]) -> Self {
        let mut first: HashMap<&EventKey, usize> = HashMap::with_capacity(drafts.len());
        let answers = vec![None; drafts.len()];
        let mut repeats = vec![None; drafts.len()];
        let mut entries = Vec::with_capacity(drafts.len());
        for (place, draft) in drafts.iter().enumerate() {
            let earlier = *first.entry(&draft.key).or_insert(place);
            if earlier == place {
                let pair = record::pair(pair_key, &draft.key);
                entries.push(Entry { draft: place, stream: draft.person, pair, is_done: false });
                entries.extend(draft.mirror.map(|stream| {
                    let pair = record::mirror_pair(pair_key, &draft.key, stream);
                    Entry { draft: place, stream, pair, is_done: false }
                }));
            } else {
                repeats[place] = Some(earlier);
            }
        }
        Self { drafts, entries, answers, repeats }
    }

    /// What is left to write, and for each write the entries it holds. Neighbours of one stream
    /// share a write; the precondition goes with the first.
    fn writes(&self, expected: Expected, salts: &[[u8; 32]]) -> (Vec<Write>, Vec<Vec<usize>>) {
        let mut writes: Vec<Write> = Vec::new();
        let mut places: Vec<Vec<usize>> = Vec::new();
        for (place, entry) in self.entries.iter().enumerate().filter(|(_, entry)| !entry.is_done) {
            let draft = &self.drafts[entry.draft];
            let stamped = Stamped::new(draft, entry.stream, entry.pair, &salts[place]);
            match (writes.last_mut(), places.last_mut()) {
                (Some(write), Some(places)) if write.stream == entry.stream => {
                    write.records.push(stamped);
                    places.push(place);
                }
                _ => {
                    let expected = if writes.is_empty() { expected } else { Expected::Any };
                    let records = vec![stamped];
                    writes.push(Write { stream: entry.stream, expected, records });
                    places.push(vec![place]);
                }
            }
        }
        (writes, places)
    }

    fn appended(&mut self, places: &[usize], stored: &[Stored]) {
        for (place, stored) in places.iter().zip(stored) {
            self.answer(*place, stored, Status::Recorded);
        }
    }

    /// The log has this entry's pair: every draft with this key is held against what it says.
    fn known(&mut self, place: usize, stored: &Stored) {
        let first = self.entries[place].draft;
        let Ok(view) = View::new(&stored.record) else { return };
        if self.entries[place].stream != self.drafts[first].person {
            self.entries[place].is_done = true;
            return;
        }
        for draft in self.with_key_of(first) {
            let is_same = same_content(view.canonical(), &self.drafts[draft].canonical);
            let duplicate = || receipt(&self.drafts[draft], stored, Status::Duplicate);
            self.answers[draft] = Some(is_same.then(duplicate).flatten());
        }
        // A key that is refused takes its copy in the other stream of a merge with it.
        let is_reused = self.answers[first] == Some(None);
        for entry in self.entries.iter_mut().filter(|entry| entry.draft == first) {
            entry.is_done |= is_reused || entry.stream == self.drafts[first].person;
        }
    }

    /// The drafts with the key of this one, which is the first of them.
    fn with_key_of(&self, first: usize) -> Vec<usize> {
        let mut drafts = vec![first];
        if self.entries.len() < self.drafts.len() {
            drafts.extend((first..self.drafts.len()).filter(|d| self.repeats[*d] == Some(first)));
        }
        drafts
    }

    fn has_conflicts(&self) -> bool {
        let conflicts = |(place, first): (usize, &Option<usize>)| {
            first.is_some_and(|first| {
                !same_content(&self.drafts[first].canonical, &self.drafts[place].canonical)
            })
        };
        self.repeats.iter().enumerate().any(conflicts)
    }

    fn answer(&mut self, place: usize, stored: &Stored, status: Status) {
        let entry = &mut self.entries[place];
        entry.is_done = true;
        let draft = &self.drafts[entry.draft];
        if entry.stream == draft.person {
            self.answers[entry.draft] = Some(receipt(draft, stored, status));
        }
    }

    /// Answers what only this batch has said before.
    fn answer_repeats(&mut self) {
        for place in 0..self.drafts.len() {
            let Some(first) = self.repeats[place].filter(|_| self.answers[place].is_none()) else {
                continue;
            };
            let is_same =
                same_content(&self.drafts[first].canonical, &self.drafts[place].canonical);
            let mut answer = if is_same { self.answers[first].clone() } else { Some(None) };
            if let Some(Some(receipt)) = &mut answer {
                receipt.status = Status::Duplicate;
            }
            self.answers[place] = answer;
        }
    }

    fn refuse_reused(&self) -> Result<(), RecordError> {
        let reused: BTreeSet<usize> =
            (0..self.answers.len()).filter(|place| self.answers[*place] == Some(None)).collect();
        if reused.is_empty() {
            Ok(())
        } else {
            Err(RecordError::Reused(reused.into_iter().collect()))
        }
    }
}

fn meets(expected: Expected, actual: Option<Revision>) -> Result<(), RecordError> {
    let fits = match expected {
        Expected::Any => true,
        Expected::New => actual.is_none(),
        Expected::At(revision) => actual == Some(revision),
    };
    if fits { Ok(()) } else { Err(RecordError::WrongRevision { actual }) }
}

fn receipt(draft: &Draft, stored: &Stored, status: Status) -> Option<Receipt> {
    let view = View::new(&stored.record).ok()?;
    let mut receipt = expectation(draft, stored.revision);
    receipt.position = Some(stored.position.to_string());
    receipt.recordedtime = Some(view.recorded().to_string());
    receipt.commitment = Some(record::commitment(&stored.record).to_hex().to_string());
    receipt.status = status;
    Some(receipt)
}

fn expectation(draft: &Draft, revision: Revision) -> Receipt {
    Receipt {
        id: draft.key.id.to_string(),
        source: draft.key.source.to_string(),
        subject: draft.person,
        stream: draft.person.stream(),
        revision,
        position: None,
        recordedtime: None,
        commitment: None,
        status: Status::Recorded,
    }
}

/// Equal in RFC 8785 form, whatever the mode. Binary mode has only text for attributes (CloudEvents
/// HTTP binding, 3.1.3.2), so `5` and `"5"` are one attribute value; and `datacontenttype` can only
/// be `application/json`, which is what its absence means and what most clients cannot leave out.
fn same_content(one: &[u8], other: &[u8]) -> bool {
    let in_any_mode = |bytes: &[u8]| {
        let mut members: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
        members.remove("datacontenttype");
        for (name, value) in &mut members {
            if name != "data" && !value.is_string() {
                *value = Value::String(value.to_string());
            }
        }
        Some(canonical::bytes(&members))
    };
    one == other || matches!((in_any_mode(one), in_any_mode(other)), (Some(a), Some(b)) if a == b)
}

/// Fresh salts, 32 bytes each, from one draw of the system's randomness.
fn salts(count: usize) -> Result<Vec<[u8; 32]>, getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let mut stream = blake3::Hasher::new_keyed(&seed).finalize_xof();
    let mut salts = vec![[0; 32]; count];
    salts.iter_mut().for_each(|salt| stream.fill(salt));
    Ok(salts)
}
