//! Records drafts: appends them, compares those that the log has already, appends the rest.
//! Always: a draft gets its receipt only when its record is durable, or when the log already has
//! its key.

use std::collections::HashMap;

use super::batch::{DraftRefusal, RecordBatch};
use super::error::{RecordError, RecordFailure};
use super::receipt::Receipt;
use crate::domain::event::Draft;
use crate::domain::id::Revision;
use crate::domain::record::View;
use crate::domain::stream::{Stream, StreamId};
use crate::ledger::Ledger;
use crate::ledger::read::open::Reader;
use crate::store::{AppendError, AppendGroup, Expected, Outcome, ReadError, Stored};

/// The most attempts to append one batch. An attempt is repeated only if the log turned out to have
/// a draft's key already; this many repeats mean that several senders send the same ids at once.
const ATTEMPTS_MAX: usize = 16;

/// The reader for comparing a draft with the stored record that has its dedup key.
const READER: Reader = Reader::system("record");

/// Whether to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// Write, and answer when all records are durable.
    Write,
    /// Say what would happen, and write nothing.
    DryRun,
}

/// Whether one refused draft stops the other drafts of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Atomicity {
    /// All drafts are recorded or none.
    AllOrNothing,
    /// Each draft is recorded on its own.
    EachAlone,
}

impl Ledger {
    /// Records all drafts or none, in order. Returns the receipts in the same order when all
    /// records are durable. `expected` is the precondition on the stream; a caller that gives
    /// one sends drafts for one stream only.
    ///
    /// # Errors
    /// See [`RecordFailure`].
    pub async fn record(
        &self,
        drafts: &[Draft],
        expected: Expected,
        mode: WriteMode,
    ) -> Result<Vec<Receipt>, RecordFailure> {
        let mut batch = RecordBatch::new(drafts, self.hash_keys);
        match self.record_all(&mut batch, expected, mode).await {
            Ok(()) => Ok(batch.into_answers().flatten().flatten().collect()),
            Err(why) => Err(RecordFailure { why, recorded: batch.recorded() }),
        }
    }

    async fn record_all(
        &self,
        batch: &mut RecordBatch<'_>,
        expected: Expected,
        mode: WriteMode,
    ) -> Result<(), RecordError> {
        self.refuse_conflicts(batch).await?;
        match mode {
            WriteMode::Write => {
                self.append_until_answered(batch, expected, Atomicity::AllOrNothing).await?;
            }
            WriteMode::DryRun => self.dry_run(batch, expected).await?,
        }
        batch.fail_if_refused()
    }

    /// Records each draft on its own, or says why it is not recorded.
    ///
    /// # Errors
    /// [`RecordError::Append`] or [`RecordError::Read`], for the drafts that have no answer yet.
    pub async fn record_each(
        &self,
        drafts: &[Draft],
        mode: WriteMode,
    ) -> Result<Vec<Result<Receipt, DraftRefusal>>, RecordFailure> {
        let mut batch = RecordBatch::new(drafts, self.hash_keys);
        let (batch_mut, any) = (&mut batch, Expected::Any);
        let done = match mode {
            WriteMode::Write => {
                self.append_until_answered(batch_mut, any, Atomicity::EachAlone).await
            }
            WriteMode::DryRun => self.dry_run(batch_mut, any).await,
        };
        match done {
            Ok(()) => Ok(batch.into_answers().flatten().collect()),
            Err(why) => Err(RecordFailure { why, recorded: batch.recorded() }),
        }
    }

    /// Works out the answer that every draft would get, and writes nothing.
    async fn dry_run(
        &self,
        batch: &mut RecordBatch<'_>,
        expected: Expected,
    ) -> Result<(), RecordError> {
        self.answer_all_already_stored(batch).await?;
        self.refuse_tampered(batch);
        let mut next: HashMap<StreamId, u64> = HashMap::new();
        let mut expected_receipts = Vec::new();
        for record in batch.pending.iter().filter(|record| !record.is_done) {
            let count = match next.get(&record.stream.id()) {
                Some(count) => *count,
                None => {
                    let last = self.store.read_stream(&record.stream, Revision(0), 0).await?.last;
                    if !record.is_copy {
                        check_expected(expected, last)?;
                    }
                    last.map_or(0, |revision| revision.0 + 1)
                }
            };
            next.insert(record.stream.id(), count + 1);
            if !record.is_copy {
                expected_receipts.push((record.draft, Revision(count)));
            }
        }
        for (draft, revision) in expected_receipts {
            batch.answer_as_if_appended(draft, revision);
        }
        batch.answer_repeats_in_batch();
        Ok(())
    }

    fn refuse_tampered(&self, batch: &mut RecordBatch<'_>) {
        let harmed = self.store.harmed_streams();
        let is_tampered =
            |stream: &Stream| harmed.get(stream.name()).is_some_and(|harm| harm.is_tampered);
        let pending = batch.pending.iter().enumerate();
        let tampered = pending.filter(|(_, r)| !r.is_done && is_tampered(&r.stream));
        let tampered: Vec<usize> = tampered.map(|(index, _)| index).collect();
        batch.refuse_tampered(&tampered);
    }

    /// Refuses a batch in which two drafts have the same key and different contents. The error
    /// names the draft that differs from the stored record or, if the log has no such key, the
    /// later draft.
    async fn refuse_conflicts(&self, batch: &mut RecordBatch<'_>) -> Result<(), RecordError> {
        if !batch.has_conflicts() {
            return Ok(());
        }
        self.answer_all_already_stored(batch).await?;
        batch.answer_repeats_in_batch();
        batch.fail_if_refused()
    }

    /// Appends what the log does not have, until every draft has its answer.
    async fn append_until_answered(
        &self,
        batch: &mut RecordBatch<'_>,
        expected: Expected,
        atomicity: Atomicity,
    ) -> Result<(), RecordError> {
        let salts = salts(batch.pending.len()).map_err(|_| AppendError::Failed)?;
        let group = match atomicity {
            Atomicity::AllOrNothing => AppendGroup::WithStream,
            Atomicity::EachAlone => AppendGroup::Alone,
        };
        for _ in 0..ATTEMPTS_MAX {
            let (writes, indexes) = batch.writes(expected, group, &salts);
            if writes.is_empty() {
                batch.answer_repeats_in_batch();
                return Ok(());
            }
            let outcomes = self.store.append(writes).await?;
            let already_stored = take_outcomes(batch, outcomes, indexes)?;
            self.answer_already_stored(batch, &already_stored).await?;
            if atomicity == Atomicity::AllOrNothing {
                batch.fail_if_refused()?;
            }
        }
        Err(AppendError::Busy.into())
    }

    async fn answer_all_already_stored(
        &self,
        batch: &mut RecordBatch<'_>,
    ) -> Result<(), ReadError> {
        let all: Vec<usize> = (0..batch.pending.len()).collect();
        self.answer_already_stored(batch, &all).await
    }

    /// Looks up the stored records with the dedup keys of these pending records. Answers each draft
    /// found there: with the receipt of a duplicate or, if the contents differ, as reused.
    async fn answer_already_stored(
        &self,
        batch: &mut RecordBatch<'_>,
        indexes: &[usize],
    ) -> Result<(), ReadError> {
        if indexes.is_empty() {
            return Ok(());
        }
        let dedup_keys = indexes.iter().map(|index| batch.pending[*index].dedup_key).collect();
        let found = self.store.find(dedup_keys).await?;
        for (index, found) in indexes.iter().zip(&found) {
            // If several records have the key, the one in this stream counts, or else the first.
            let is_own = |stored: &&Stored| {
                let stream = View::new(&stored.record).ok().map(View::stream_id);
                stream == Some(batch.pending[*index].stream.id())
            };
            if let Some(stored) = found.iter().find(is_own).or(found.first()) {
                let content = self.event_text(&READER, stored)?;
                batch.answer_from_stored(*index, stored, &content);
            }
        }
        Ok(())
    }
}

/// Answers the drafts that were appended. Returns the indexes of the pending records whose dedup
/// key the log already has.
fn take_outcomes(
    batch: &mut RecordBatch<'_>,
    outcomes: Vec<Outcome>,
    indexes: Vec<Vec<usize>>,
) -> Result<Vec<usize>, RecordError> {
    let mut already_stored = Vec::new();
    let mut conflict = None;
    let mut failed: Option<AppendError> = None;
    for (outcome, indexes) in outcomes.into_iter().zip(indexes) {
        match outcome {
            Outcome::Appended(stored) => batch.appended(&indexes, &stored),
            Outcome::AlreadyStored(found) => {
                already_stored.extend(found.into_iter().map(|i| indexes[i]));
            }
            Outcome::Conflict { actual } => conflict = Some(actual),
            Outcome::Tampered => batch.refuse_tampered(&indexes),
            Outcome::Withheld => {}
            Outcome::Failed(error) => {
                failed = Some(failed.map_or(error, |before| before.most_uncertain(error)));
            }
        }
    }
    if let Some(error) = failed {
        return Err(error.into());
    }
    match conflict {
        Some(actual) if already_stored.is_empty() => Err(RecordError::WrongRevision { actual }),
        _ => Ok(already_stored),
    }
}

/// Fails unless the last revision of the stream is as expected.
fn check_expected(expected: Expected, actual: Option<Revision>) -> Result<(), RecordError> {
    let fits = match expected {
        Expected::Any => true,
        Expected::New => actual.is_none(),
        Expected::At(revision) => actual == Some(revision),
    };
    if fits { Ok(()) } else { Err(RecordError::WrongRevision { actual }) }
}

/// Makes random salts of 32 bytes each from one random seed of the operating system.
fn salts(count: usize) -> Result<Vec<[u8; 32]>, getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let mut salts = vec![[0; 32]; count];
    blake3::Hasher::new_keyed(&seed).finalize_xof().fill(salts.as_flattened_mut());
    Ok(salts)
}
