//! The drafts of one request while they are being recorded.
//! Always: every draft gets one answer; drafts with one dedup key are compared with one content.

use bytes::Bytes;

use super::content;
use super::error::RecordError;
use super::receipt::{Receipt, ReceiptStatus};
use crate::domain::event::{Content, Draft};
use crate::domain::id::{ByDedupKey, DedupKey, DedupKeyMap, PersonId, Revision};
use crate::domain::record::{self, UnstampedRecord, View};
use crate::store::append_size::AppendSize;
use crate::store::{AppendGroup, Expected, Stored, Write};

/// The drafts of one request, the records to write for them, and the answer to each draft.
pub(super) struct RecordBatch<'a> {
    pub(super) drafts: &'a [Draft],
    pub(super) pending: Vec<PendingRecord>,
    answers: Vec<Option<DraftAnswer>>,
    /// For each draft the first draft of this batch with the same key, if that is another draft.
    first_with_key: Vec<Option<usize>>,
    /// Whether two drafts of this batch have one key.
    repeats_keys: bool,
}

/// One record to write: a draft's own, or its copy in the other stream of a merge.
pub(super) struct PendingRecord {
    pub(super) draft: usize,
    pub(super) stream: PersonId,
    pub(super) dedup_key: DedupKey,
    pub(super) is_done: bool,
}

/// The answer to a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DraftAnswer {
    /// The log has the draft.
    Receipt(Receipt),
    /// The log has the draft's key with other content.
    Reused,
}

/// Writes, and for each write the places of its records among the pending ones.
pub(super) type Writes = (Vec<Write>, Vec<Vec<usize>>);

impl<'a> RecordBatch<'a> {
    pub(super) fn new(drafts: &'a [Draft], dedup_hash_key: &[u8; 32]) -> Self {
        let mut first = DedupKeyMap::with_capacity_and_hasher(drafts.len(), ByDedupKey::default());
        let answers = vec![None; drafts.len()];
        let mut first_with_key = vec![None; drafts.len()];
        let mut pending = Vec::with_capacity(drafts.len());
        for (place, draft) in drafts.iter().enumerate() {
            let dedup_key = record::dedup_key(dedup_hash_key, &draft.key);
            let earlier = *first.entry(dedup_key).or_insert(place);
            if earlier != place {
                first_with_key[place] = Some(earlier);
                continue;
            }
            // The copy of a merge comes first: an answer that is known at the `recordedtime` of the
            // receipt then has the merge in both streams.
            pending.extend(draft.mirror.map(|stream| {
                let dedup_key = record::dedup_key_of_copy(dedup_hash_key, &draft.key, stream);
                PendingRecord { draft: place, stream, dedup_key, is_done: false }
            }));
            let stream = draft.person;
            pending.push(PendingRecord { draft: place, stream, dedup_key, is_done: false });
        }
        let repeats_keys = first_with_key.iter().any(Option::is_some);
        Self { drafts, pending, answers, first_with_key, repeats_keys }
    }

    /// The writes that are left. Neighbours of one stream share a write; the precondition goes with
    /// the first write to the person's own stream. The copy of a merge goes ahead of the merge: a
    /// copy alone has no effect.
    pub(super) fn writes(
        &self,
        expected: Expected,
        own: AppendGroup,
        salts: &[[u8; 32]],
    ) -> Writes {
        let mut writes: Vec<Write> = Vec::new();
        let mut places: Vec<Vec<usize>> = Vec::new();
        let mut precondition = Some(expected);
        let mut size = AppendSize::default();
        let pending = self.pending.iter().enumerate();
        for (place, record) in pending.filter(|(_, record)| !record.is_done) {
            let draft = &self.drafts[record.draft];
            let unstamped =
                UnstampedRecord::new(draft, record.stream, record.dedup_key, &salts[place]);
            let is_own = record.stream == draft.person;
            let group = if is_own { own } else { AppendGroup::WithStreamFirst };
            let bytes = unstamped.head.len();
            let has_room = group != AppendGroup::Alone || size.has_room(bytes);
            match (writes.last_mut(), places.last_mut()) {
                (Some(write), Some(places))
                    if write.stream == record.stream && write.group == group && has_room =>
                {
                    write.records.push(unstamped);
                    places.push(place);
                }
                _ => {
                    size = AppendSize::default();
                    let expected = precondition.take_if(|_| is_own).unwrap_or(Expected::Any);
                    let records = vec![unstamped];
                    writes.push(Write { stream: record.stream, expected, group, records });
                    places.push(vec![place]);
                }
            }
            size.add(bytes);
        }
        (writes, places)
    }

    /// Answers the drafts whose records were appended.
    pub(super) fn appended(&mut self, places: &[usize], stored: &[Stored]) {
        for (place, stored) in places.iter().zip(stored) {
            let record = &mut self.pending[*place];
            record.is_done = true;
            let draft = &self.drafts[record.draft];
            if record.stream == draft.person {
                let receipt = Receipt::new(draft, stored, ReceiptStatus::Recorded);
                self.answers[record.draft] = receipt.map(DraftAnswer::Receipt);
            }
        }
    }

    /// The log has a record with the dedup key of this pending one: each draft with this key is
    /// compared with the content of the record. An erased record of the same person is a
    /// duplicate, since nobody can compare its content any more.
    pub(super) fn already_stored(
        &mut self,
        place: usize,
        stored: &Stored,
        content: &Content<Bytes>,
    ) {
        let first = self.pending[place].draft;
        let Ok(view) = View::new(&stored.record) else { return };
        if self.pending[place].stream != self.drafts[first].person {
            self.pending[place].is_done = true;
            return;
        }
        for place in self.with_key_of(first) {
            let draft = &self.drafts[place];
            let (is_same, is_erased) = match content {
                Content::Open(text) => (content::is_same(text, &draft.canonical), false),
                Content::Erased { .. } => (view.stream() == draft.person, true),
            };
            let receipt = || Receipt::new(draft, stored, ReceiptStatus::Duplicate);
            self.answers[place] = Some(match is_same.then(receipt).flatten() {
                Some(receipt) => DraftAnswer::Receipt(Receipt { is_erased, ..receipt }),
                None => DraftAnswer::Reused,
            });
        }
        // A key that is refused takes its copy in the other stream of a merge with it.
        let is_reused = self.answers[first] == Some(DraftAnswer::Reused);
        for record in self.pending.iter_mut().filter(|record| record.draft == first) {
            record.is_done |= is_reused || record.stream == self.drafts[first].person;
        }
    }

    /// The drafts with the key of this draft, which is the first of them.
    fn with_key_of(&self, first: usize) -> Vec<usize> {
        let mut drafts = vec![first];
        if self.repeats_keys {
            let later = first..self.drafts.len();
            drafts.extend(later.filter(|place| self.first_with_key[*place] == Some(first)));
        }
        drafts
    }

    /// Whether two drafts of this batch have one key and two contents.
    pub(super) fn has_conflicts(&self) -> bool {
        let conflicts = |(place, first): (usize, &Option<usize>)| {
            first.is_some_and(|first| !self.is_same(first, place))
        };
        self.first_with_key.iter().enumerate().any(conflicts)
    }

    fn is_same(&self, one: usize, other: usize) -> bool {
        content::is_same(&self.drafts[one].canonical, &self.drafts[other].canonical)
    }

    /// Gives a draft the receipt that it would get at this revision.
    pub(super) fn expect(&mut self, place: usize, revision: Revision) {
        let receipt = Receipt::expected(&self.drafts[place], revision);
        self.answers[place] = Some(DraftAnswer::Receipt(receipt));
    }

    /// Answers the drafts whose key an earlier draft of this batch has.
    pub(super) fn answer_duplicates_within(&mut self) {
        for place in 0..self.drafts.len() {
            let Some(first) = self.first_with_key[place] else { continue };
            if self.answers[place].is_some() {
                continue;
            }
            let mut answer = match self.is_same(first, place) {
                true => self.answers[first].clone(),
                false => Some(DraftAnswer::Reused),
            };
            if let Some(DraftAnswer::Receipt(receipt)) = &mut answer {
                receipt.status = ReceiptStatus::Duplicate;
            }
            self.answers[place] = answer;
        }
    }

    /// The receipt of each draft, in order; `None`: its key is in use with other content.
    pub(super) fn into_receipts(self) -> Vec<Option<Receipt>> {
        let receipt = |answer| match answer {
            Some(DraftAnswer::Receipt(receipt)) => Some(receipt),
            Some(DraftAnswer::Reused) | None => None,
        };
        self.answers.into_iter().map(receipt).collect()
    }

    /// The receipts of the drafts that were written now.
    pub(super) fn recorded(self) -> Vec<Receipt> {
        let receipts = self.into_receipts().into_iter().flatten();
        receipts.filter(|receipt| receipt.status == ReceiptStatus::Recorded).collect()
    }

    /// Refuses the batch if a draft's key is in use with other content.
    pub(super) fn refuse_reused(&self) -> Result<(), RecordError> {
        let is_reused = |place: &usize| self.answers[*place] == Some(DraftAnswer::Reused);
        let reused: Vec<usize> = (0..self.answers.len()).filter(is_reused).collect();
        if reused.is_empty() { Ok(()) } else { Err(RecordError::Reused(reused)) }
    }
}
