//! The drafts of one request while they are being recorded.
//! Always: every draft gets exactly one answer; all drafts with the same dedup key are compared
//! with the same content.

use bytes::Bytes;

use super::content;
use super::error::RecordError;
use super::receipt::{Receipt, ReceiptStatus};
use crate::domain::event::{Content, Draft};
use crate::domain::id::{ByDedupKey, DedupKey, DedupKeyMap, Revision};
use crate::domain::record::{self, UnstampedRecord, View};
use crate::domain::stream::{Stream, StreamId};
use crate::store::append_size::AppendSize;
use crate::store::{AppendGroup, Expected, Stored, Write};
use crate::vault::HashKeys;

/// The drafts of one request, the records to write for them, and the answer to each draft.
pub(super) struct RecordBatch<'a> {
    pub(super) drafts: &'a [Draft],
    hash_keys: HashKeys,
    pub(super) pending: Vec<PendingRecord>,
    answers: Vec<Option<DraftAnswer>>,
    /// For each draft the index of the first draft of this batch with the same key; `None`: the
    /// draft itself is the first.
    first_with_key: Vec<Option<usize>>,
    /// Whether two drafts of this batch have the same key.
    has_repeated_keys: bool,
}

/// One record to write: a draft's own, or its copy in the other stream of a merge.
pub(super) struct PendingRecord {
    pub(super) draft: usize,
    pub(super) stream: Stream,
    pub(super) dedup_key: DedupKey,
    /// Whether this is the copy in the other stream.
    pub(super) is_copy: bool,
    pub(super) is_done: bool,
}

/// The answer to a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DraftAnswer {
    /// The log has the draft.
    Receipt(Receipt),
    /// It is not recorded.
    Refused(DraftRefusal),
}

/// Why a draft is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftRefusal {
    /// The log has the draft's key with other content.
    Reused,
    /// A stream that the draft goes to takes no records any more.
    Tampered,
}

/// The writes, and for each write the indexes of its records in `pending`.
pub(super) type WritesWithIndexes = (Vec<Write>, Vec<Vec<usize>>);

impl<'a> RecordBatch<'a> {
    pub(super) fn new(drafts: &'a [Draft], hash_keys: HashKeys) -> Self {
        let mut first = DedupKeyMap::with_capacity_and_hasher(drafts.len(), ByDedupKey::default());
        let answers = vec![None; drafts.len()];
        let mut first_with_key = vec![None; drafts.len()];
        let mut pending = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts.iter().enumerate() {
            let dedup_key = record::dedup_key(&hash_keys.dedup, &draft.key);
            let earlier = *first.entry(dedup_key).or_insert(index);
            if earlier != index {
                first_with_key[index] = Some(earlier);
                continue;
            }
            // The copy of a merge is stored first. A question whose `known` is the `recordedtime`
            // in the receipt then sees the merge in both streams.
            pending.extend(draft.mirror.map(|person| {
                let dedup_key = record::dedup_key_of_copy(&hash_keys.dedup, &draft.key, person);
                let stream = Stream::person(person);
                PendingRecord { draft: index, stream, dedup_key, is_copy: true, is_done: false }
            }));
            let stream = Stream::named(draft.stream.clone(), &hash_keys.stream);
            let (is_copy, is_done) = (false, false);
            pending.push(PendingRecord { draft: index, stream, dedup_key, is_copy, is_done });
        }
        let has_repeated_keys = first_with_key.iter().any(Option::is_some);
        Self { drafts, hash_keys, pending, answers, first_with_key, has_repeated_keys }
    }

    /// The writes for all records that are not answered yet. Consecutive records of one stream
    /// share a write. The precondition is on the first write that is no copy. The copy of a merge
    ///  is written before the merge, because a copy alone has no effect.
    pub(super) fn writes(
        &self,
        expected: Expected,
        own_stream_group: AppendGroup,
        salts: &[[u8; 32]],
    ) -> WritesWithIndexes {
        let mut writes: Vec<Write> = Vec::new();
        let mut indexes: Vec<Vec<usize>> = Vec::new();
        let mut precondition = Some(expected);
        let mut size = AppendSize::default();
        let pending = self.pending.iter().enumerate();
        for (index, record) in pending.filter(|(_, record)| !record.is_done) {
            let draft = &self.drafts[record.draft];
            let unstamped =
                UnstampedRecord::new(draft, record.stream.id(), record.dedup_key, &salts[index]);
            let group =
                if record.is_copy { AppendGroup::WithStreamFirst } else { own_stream_group };
            let bytes = unstamped.head.len();
            let has_room = group != AppendGroup::Alone || size.has_room(bytes);
            match (writes.last_mut(), indexes.last_mut()) {
                (Some(write), Some(indexes))
                    if write.stream.id() == record.stream.id()
                        && write.group == group
                        && has_room =>
                {
                    write.records.push(unstamped);
                    indexes.push(index);
                }
                _ => {
                    size = AppendSize::default();
                    let expected =
                        precondition.take_if(|_| !record.is_copy).unwrap_or(Expected::Any);
                    let records = vec![unstamped];
                    let stream = record.stream.clone();
                    writes.push(Write { stream, expected, group, records });
                    indexes.push(vec![index]);
                }
            }
            size.add(bytes);
        }
        (writes, indexes)
    }

    /// Answers the drafts whose records were appended.
    pub(super) fn appended(&mut self, indexes: &[usize], stored: &[Stored]) {
        for (index, stored) in indexes.iter().zip(stored) {
            let record = &mut self.pending[*index];
            record.is_done = true;
            let draft = &self.drafts[record.draft];
            if !record.is_copy {
                let receipt = Receipt::new(draft, stored, ReceiptStatus::Recorded);
                self.answers[record.draft] = receipt.map(DraftAnswer::Receipt);
            }
        }
    }

    /// Compares every draft that has the dedup key of this pending record with the stored record.
    /// An erased record of the same stream counts as the same content, because nobody can compare
    /// its content any more.
    pub(super) fn answer_from_stored(
        &mut self,
        index: usize,
        stored: &Stored,
        content: &Content<Bytes>,
    ) {
        let first = self.pending[index].draft;
        let Ok(view) = View::new(&stored.record) else { return };
        if self.pending[index].is_copy {
            self.pending[index].is_done = true;
            return;
        }
        for index in self.drafts_with_key_of(first) {
            let draft = &self.drafts[index];
            let (is_same, is_erased) = match content {
                Content::Open(text) => (content::is_same(text, &draft.canonical), false),
                Content::Erased { .. } => (self.goes_to(draft, view.stream_id()), true),
            };
            let receipt = || Receipt::new(draft, stored, ReceiptStatus::Duplicate);
            self.answers[index] = Some(match is_same.then(receipt).flatten() {
                Some(receipt) => DraftAnswer::Receipt(Receipt { is_erased, ..receipt }),
                None => DraftAnswer::Refused(DraftRefusal::Reused),
            });
        }
        // If the draft is refused, its copy in the other stream of the merge is not written either.
        let is_reused = self.answers[first] == Some(DraftAnswer::Refused(DraftRefusal::Reused));
        for record in self.pending.iter_mut().filter(|record| record.draft == first) {
            record.is_done |= is_reused || !record.is_copy;
        }
    }

    fn goes_to(&self, draft: &Draft, stream: StreamId) -> bool {
        Stream::named(draft.stream.clone(), &self.hash_keys.stream).id() == stream
    }

    /// All drafts with the same key as this draft, which must be the first of them.
    fn drafts_with_key_of(&self, first: usize) -> Vec<usize> {
        let mut drafts = vec![first];
        if self.has_repeated_keys {
            let later = first..self.drafts.len();
            drafts.extend(later.filter(|index| self.first_with_key[*index] == Some(first)));
        }
        drafts
    }

    /// Whether two drafts of this batch have the same key and different contents.
    pub(super) fn has_conflicts(&self) -> bool {
        let conflicts = |(index, first): (usize, &Option<usize>)| {
            first.is_some_and(|first| !self.is_same(first, index))
        };
        self.first_with_key.iter().enumerate().any(conflicts)
    }

    fn is_same(&self, one: usize, other: usize) -> bool {
        content::is_same(&self.drafts[one].canonical, &self.drafts[other].canonical)
    }

    /// Gives a draft the receipt that it would get if it were appended at this revision.
    pub(super) fn answer_as_if_appended(&mut self, index: usize, revision: Revision) {
        let receipt = Receipt::at_revision(&self.drafts[index], revision);
        self.answers[index] = Some(DraftAnswer::Receipt(receipt));
    }

    /// Answers each draft that has the same key as an earlier draft of this batch.
    pub(super) fn answer_repeats_in_batch(&mut self) {
        for index in 0..self.drafts.len() {
            let Some(first) = self.first_with_key[index] else { continue };
            if self.answers[index].is_some() {
                continue;
            }
            let mut answer = match self.is_same(first, index) {
                true => self.answers[first].clone(),
                false => Some(DraftAnswer::Refused(DraftRefusal::Reused)),
            };
            if let Some(DraftAnswer::Receipt(receipt)) = &mut answer {
                receipt.status = ReceiptStatus::Duplicate;
            }
            self.answers[index] = answer;
        }
    }

    /// Refuses the drafts of these pending records, whose stream takes no records any more.
    pub(super) fn refuse_tampered(&mut self, indexes: &[usize]) {
        for index in indexes {
            let draft = self.pending[*index].draft;
            self.answers[draft] = Some(DraftAnswer::Refused(DraftRefusal::Tampered));
            for record in self.pending.iter_mut().filter(|record| record.draft == draft) {
                record.is_done = true;
            }
        }
    }

    /// The answers that the drafts have, in order.
    pub(super) fn into_answers(
        self,
    ) -> impl Iterator<Item = Option<Result<Receipt, DraftRefusal>>> {
        self.answers.into_iter().map(|answer| match answer? {
            DraftAnswer::Receipt(receipt) => Some(Ok(receipt)),
            DraftAnswer::Refused(why) => Some(Err(why)),
        })
    }

    /// The receipts of the drafts that were written now.
    pub(super) fn recorded(self) -> Vec<Receipt> {
        let receipts = self.into_answers().flatten().flatten();
        receipts.filter(|receipt| receipt.status == ReceiptStatus::Recorded).collect()
    }

    /// Fails if a draft is refused.
    pub(super) fn fail_if_refused(&self) -> Result<(), RecordError> {
        let refused = |why| {
            let is_refused =
                |index: &usize| self.answers[*index] == Some(DraftAnswer::Refused(why));
            (0..self.answers.len()).filter(is_refused).collect::<Vec<usize>>()
        };
        let (reused, tampered) = (refused(DraftRefusal::Reused), refused(DraftRefusal::Tampered));
        match (reused.is_empty(), tampered.is_empty()) {
            (false, _) => Err(RecordError::Reused(reused)),
            (true, false) => Err(RecordError::Tampered(tampered)),
            (true, true) => Ok(()),
        }
    }
}
