//! The only way in: from drafts to durable records and their receipts.
//! Always: the same (`source`, `id`) with the same content gets its first receipt again; with other
//! content it is refused; duplicates are answered before preconditions, so that a retry whose
//! answer was lost is safe.

mod batch;

use std::collections::HashMap;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use self::batch::{Batch, expectation};
use super::Ledger;
use super::read::open::Reader;
use crate::domain::event::Draft;
use crate::domain::id::{EventKey, PersonId, Position, RecordedTime, Revision};
use crate::domain::record::View;
use crate::store::{AppendError, Expected, Outcome, ReadError, Stored, Tie};

/// Each round settles at least one pair that another sender wrote meanwhile; more rounds than this
/// mean that senders race with the same ids.
const ROUNDS_MAX: usize = 16;

/// For comparing a draft with the record that has its dedup key.
const READER: Reader = Reader::system("record");

/// Whether to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// Write, and answer once it is durable.
    Real,
    /// Say what would happen, and write nothing.
    Dry,
}

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The sender and its id.
    pub key: EventKey,
    /// The person, whose stream it is in.
    pub subject: PersonId,
    /// Its place in the stream; what it would be, in a dry run.
    pub revision: Revision,
    /// Where it lies; absent in a dry run that would write it.
    pub place: Option<Place>,
    /// What became of it.
    pub status: Status,
    /// Whether the content of the stored record was erased, so that the two contents could not be
    /// compared. A sender who wants the content in the ledger again sends it under a new id.
    pub is_erased: bool,
}

/// Where an event lies in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its position.
    pub position: Position,
    /// When the ledger learned of it.
    pub recorded: RecordedTime,
    /// BLAKE3 of the stored record.
    pub commitment: blake3::Hash,
}

impl Serialize for Receipt {
    /// As the HTTP contract has it.
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut receipt = writer.serialize_struct("Receipt", 10)?;
        receipt.serialize_field("id", &*self.key.id)?;
        receipt.serialize_field("source", &*self.key.source)?;
        receipt.serialize_field("subject", &self.subject)?;
        receipt.serialize_field("stream", &self.subject.stream())?;
        receipt.serialize_field("revision", &self.revision)?;
        if let Some(Place { position, recorded, commitment }) = &self.place {
            receipt.serialize_field("position", &position.to_string())?;
            receipt.serialize_field("recordedtime", &recorded.to_string())?;
            receipt.serialize_field("commitment", commitment.to_hex().as_str())?;
        }
        receipt.serialize_field("status", &self.status)?;
        if self.is_erased {
            receipt.serialize_field("erased", &true)?;
        }
        receipt.end()
    }
}

/// A batch that was not recorded whole.
#[derive(Debug)]
pub struct Unrecorded {
    /// Why.
    pub why: RecordError,
    /// What of it was recorded all the same: nothing with one writer; a cluster is atomic per
    /// person. To send the whole batch again is safe.
    pub recorded: Vec<Receipt>,
}

impl From<RecordError> for Unrecorded {
    fn from(why: RecordError) -> Self {
        Self { why, recorded: Vec::new() }
    }
}

/// Why a batch was not recorded.
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
    /// See [`Unrecorded`].
    pub async fn record(
        &self,
        drafts: &[Draft],
        expected: Expected,
        run: Run,
    ) -> Result<Vec<Receipt>, Unrecorded> {
        let mut batch = Batch::new(drafts, &self.dedup_hash_key);
        match self.record_all(&mut batch, expected, run).await {
            Ok(()) => Ok(batch.answers.into_iter().flatten().flatten().collect()),
            Err(why) => Err(Unrecorded { why, recorded: batch.recorded() }),
        }
    }

    async fn record_all(
        &self,
        batch: &mut Batch<'_>,
        expected: Expected,
        run: Run,
    ) -> Result<(), RecordError> {
        self.refuse_conflicts(batch).await?;
        match run {
            Run::Real => self.settle(batch, expected, true).await?,
            Run::Dry => self.look_ahead(batch, expected).await?,
        }
        batch.refuse_reused()
    }

    /// Records each draft on its own merits: `None` in place of a receipt says that its (`source`,
    /// `id`) is known with other content.
    ///
    /// # Errors
    /// [`RecordError::Append`] or [`RecordError::Read`], for those that have no answer yet.
    pub async fn record_each(
        &self,
        drafts: &[Draft],
        run: Run,
    ) -> Result<Vec<Option<Receipt>>, Unrecorded> {
        let mut batch = Batch::new(drafts, &self.dedup_hash_key);
        let done = match run {
            Run::Real => self.settle(&mut batch, Expected::Any, false).await,
            Run::Dry => self.look_ahead(&mut batch, Expected::Any).await,
        };
        match done {
            Ok(()) => Ok(batch.answers.into_iter().map(Option::flatten).collect()),
            Err(why) => Err(Unrecorded { why, recorded: batch.recorded() }),
        }
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
                    if entry.stream == batch.drafts[entry.draft].person {
                        meets(expected, last)?;
                    }
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
        let tie = if all_or_nothing { Tie::Stream } else { Tie::Alone };
        for _ in 0..ROUNDS_MAX {
            let (writes, places) = batch.writes(expected, tie, &salts);
            if writes.is_empty() {
                batch.answer_repeats();
                return Ok(());
            }
            let outcomes = self.store.append(writes).await?;
            let mut known = Vec::new();
            let mut conflict = None;
            let mut failed: Option<AppendError> = None;
            for (outcome, places) in outcomes.into_iter().zip(places) {
                match outcome {
                    Outcome::Appended(stored) => batch.appended(&places, &stored),
                    Outcome::AlreadyStored(those) => {
                        known.extend(those.into_iter().map(|i| places[i]))
                    }
                    Outcome::Conflict { actual } => conflict = Some(actual),
                    Outcome::Withheld => {}
                    Outcome::Failed(error) => {
                        failed = Some(failed.map_or(error, |before| before.or(error)));
                    }
                }
            }
            if let Some(error) = failed {
                return Err(error.into());
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
        if places.is_empty() {
            return Ok(());
        }
        let dedup_keys = places.iter().map(|place| batch.entries[*place].dedup_key).collect();
        let found = self.store.find(dedup_keys).await?;
        for (place, stored) in places.iter().zip(&found) {
            // Of several records that carry a key, the one in this stream, else the first.
            let is_own = |stored: &&Stored| {
                let stream = View::new(&stored.record).ok().map(View::stream);
                stream == Some(batch.entries[*place].stream)
            };
            if let Some(stored) = stored.iter().find(is_own).or(stored.first()) {
                let content = self.text(&READER, stored)?;
                batch.known(*place, stored, &content);
            }
        }
        Ok(())
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

/// Fresh salts, 32 bytes each, from one draw of the system's randomness.
fn salts(count: usize) -> Result<Vec<[u8; 32]>, getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let mut salts = vec![[0; 32]; count];
    blake3::Hasher::new_keyed(&seed).finalize_xof().fill(salts.as_flattened_mut());
    Ok(salts)
}
