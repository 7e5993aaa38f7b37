//! Writing drafts: append, compare what the log has already, append the rest.
//! Always: a draft is answered once its record is durable, or once the log is known to have its
//! key.

use std::collections::HashMap;

use super::batch::RecordBatch;
use super::error::{RecordError, Unrecorded};
use super::receipt::Receipt;
use crate::domain::event::Draft;
use crate::domain::id::{PersonId, Revision};
use crate::domain::record::View;
use crate::ledger::Ledger;
use crate::ledger::read::open::Reader;
use crate::store::{AppendError, AppendGroup, Expected, Outcome, ReadError, Stored};

/// Each attempt answers at least one draft whose key another sender wrote meanwhile; more attempts
/// than this mean that senders race with the same ids.
const ATTEMPTS_MAX: usize = 16;

/// Compares a draft with the record that has its dedup key.
const READER: Reader = Reader::system("record");

/// Whether to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// Write, and answer once all is durable.
    Write,
    /// Say what would happen, and write nothing.
    DryRun,
}

/// Whether one refused draft keeps the others of its batch out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BatchRule {
    /// All drafts are recorded or none.
    AllOrNothing,
    /// Each draft is recorded on its own.
    EachAlone,
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
        mode: WriteMode,
    ) -> Result<Vec<Receipt>, Unrecorded> {
        let mut batch = RecordBatch::new(drafts, &self.dedup_hash_key);
        match self.record_all(&mut batch, expected, mode).await {
            Ok(()) => Ok(batch.into_receipts().into_iter().flatten().collect()),
            Err(why) => Err(Unrecorded { why, recorded: batch.recorded() }),
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
                self.append_until_answered(batch, expected, BatchRule::AllOrNothing).await?;
            }
            WriteMode::DryRun => self.foresee(batch, expected).await?,
        }
        batch.refuse_reused()
    }

    /// Records each draft on its own: `None` in place of a receipt says that its (`source`, `id`)
    /// is in use with other content.
    ///
    /// # Errors
    /// [`RecordError::Append`] or [`RecordError::Read`], for the drafts that have no answer yet.
    pub async fn record_each(
        &self,
        drafts: &[Draft],
        mode: WriteMode,
    ) -> Result<Vec<Option<Receipt>>, Unrecorded> {
        let mut batch = RecordBatch::new(drafts, &self.dedup_hash_key);
        let (batch_mut, any) = (&mut batch, Expected::Any);
        let done = match mode {
            WriteMode::Write => {
                self.append_until_answered(batch_mut, any, BatchRule::EachAlone).await
            }
            WriteMode::DryRun => self.foresee(batch_mut, any).await,
        };
        match done {
            Ok(()) => Ok(batch.into_receipts()),
            Err(why) => Err(Unrecorded { why, recorded: batch.recorded() }),
        }
    }

    /// Gives every draft the answer that it would get.
    async fn foresee(
        &self,
        batch: &mut RecordBatch<'_>,
        expected: Expected,
    ) -> Result<(), RecordError> {
        self.compare_all(batch).await?;
        let mut next: HashMap<PersonId, u64> = HashMap::new();
        let mut foreseen = Vec::new();
        for record in batch.pending.iter().filter(|record| !record.is_done) {
            let is_own = record.stream == batch.drafts[record.draft].person;
            let count = match next.get(&record.stream) {
                Some(count) => *count,
                None => {
                    let last = self.store.read_stream(record.stream, Revision(0), 0).await?.last;
                    if is_own {
                        require(expected, last)?;
                    }
                    last.map_or(0, |revision| revision.0 + 1)
                }
            };
            next.insert(record.stream, count + 1);
            if is_own {
                foreseen.push((record.draft, Revision(count)));
            }
        }
        for (draft, revision) in foreseen {
            batch.expect(draft, revision);
        }
        batch.answer_duplicates_within();
        Ok(())
    }

    /// Refuses a batch that has two contents under one key. If the log has the key, the draft that
    /// differs from the log is at fault; else the later draft.
    async fn refuse_conflicts(&self, batch: &mut RecordBatch<'_>) -> Result<(), RecordError> {
        if !batch.has_conflicts() {
            return Ok(());
        }
        self.compare_all(batch).await?;
        batch.answer_duplicates_within();
        batch.refuse_reused()
    }

    /// Appends what the log does not have, until every draft has its answer.
    async fn append_until_answered(
        &self,
        batch: &mut RecordBatch<'_>,
        expected: Expected,
        rule: BatchRule,
    ) -> Result<(), RecordError> {
        let salts = salts(batch.pending.len()).map_err(|_| AppendError::Failed)?;
        let group = match rule {
            BatchRule::AllOrNothing => AppendGroup::WithStream,
            BatchRule::EachAlone => AppendGroup::Alone,
        };
        for _ in 0..ATTEMPTS_MAX {
            let (writes, places) = batch.writes(expected, group, &salts);
            if writes.is_empty() {
                batch.answer_duplicates_within();
                return Ok(());
            }
            let outcomes = self.store.append(writes).await?;
            let already_stored = take_outcomes(batch, outcomes, places)?;
            self.compare(batch, &already_stored).await?;
            if rule == BatchRule::AllOrNothing {
                batch.refuse_reused()?;
            }
        }
        Err(AppendError::Busy.into())
    }

    async fn compare_all(&self, batch: &mut RecordBatch<'_>) -> Result<(), ReadError> {
        let all: Vec<usize> = (0..batch.pending.len()).collect();
        self.compare(batch, &all).await
    }

    /// Looks up the dedup keys of these pending records, and answers the drafts that the log has.
    async fn compare(
        &self,
        batch: &mut RecordBatch<'_>,
        places: &[usize],
    ) -> Result<(), ReadError> {
        if places.is_empty() {
            return Ok(());
        }
        let dedup_keys = places.iter().map(|place| batch.pending[*place].dedup_key).collect();
        let found = self.store.find(dedup_keys).await?;
        for (place, found) in places.iter().zip(&found) {
            // Of several records that carry a key, the one in this stream, else the first.
            let is_own = |stored: &&Stored| {
                let stream = View::new(&stored.record).ok().map(View::stream);
                stream == Some(batch.pending[*place].stream)
            };
            if let Some(stored) = found.iter().find(is_own).or(found.first()) {
                let content = self.text(&READER, stored)?;
                batch.already_stored(*place, stored, &content);
            }
        }
        Ok(())
    }
}

/// Answers the drafts that were appended. Gives the places of the pending records whose dedup key
/// the log has already.
fn take_outcomes(
    batch: &mut RecordBatch<'_>,
    outcomes: Vec<Outcome>,
    places: Vec<Vec<usize>>,
) -> Result<Vec<usize>, RecordError> {
    let mut already_stored = Vec::new();
    let mut conflict = None;
    let mut failed: Option<AppendError> = None;
    for (outcome, places) in outcomes.into_iter().zip(places) {
        match outcome {
            Outcome::Appended(stored) => batch.appended(&places, &stored),
            Outcome::AlreadyStored(those) => {
                already_stored.extend(those.into_iter().map(|i| places[i]));
            }
            Outcome::Conflict { actual } => conflict = Some(actual),
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

fn require(expected: Expected, actual: Option<Revision>) -> Result<(), RecordError> {
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
