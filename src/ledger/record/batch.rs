//! What is known of each event of a request while it is being recorded.
//! Always: every draft gets one answer; drafts with one key are held against one content.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{Place, Receipt, RecordError, Status};
use crate::domain::event::{Content, Draft};
use crate::domain::id::{ByDedupKey, DedupKey, DedupKeyMap, PersonId, Revision};
use crate::domain::record::{self, Stamped, View};
use crate::domain::vocabulary::canonical;
use crate::store::{ALONE_BYTES, Expected, Stored, Tie, Write};

/// Drafts on their way in, and the answer of each: a receipt, or `None` for a reused key.
pub(super) struct Batch<'a> {
    pub(super) drafts: &'a [Draft],
    pub(super) entries: Vec<Entry>,
    pub(super) answers: Vec<Option<Option<Receipt>>>,
    /// For each draft the first one of this batch with the same key, if that is another.
    pub(super) repeats: Vec<Option<usize>>,
}

/// One record to write: a draft's own, or its copy in the other stream of a merge.
pub(super) struct Entry {
    pub(super) draft: usize,
    pub(super) stream: PersonId,
    pub(super) dedup_key: DedupKey,
    pub(super) is_done: bool,
}

impl<'a> Batch<'a> {
    pub(super) fn new(drafts: &'a [Draft], dedup_hash_key: &[u8; 32]) -> Self {
        let mut first = DedupKeyMap::with_capacity_and_hasher(drafts.len(), ByDedupKey::default());
        let answers = vec![None; drafts.len()];
        let mut repeats = vec![None; drafts.len()];
        let mut entries = Vec::with_capacity(drafts.len());
        for (place, draft) in drafts.iter().enumerate() {
            let dedup_key = record::dedup_key(dedup_hash_key, &draft.key);
            let earlier = *first.entry(dedup_key).or_insert(place);
            if earlier == place {
                // The copy of a merge comes first: whoever asks with the `recordedtime` of the
                // receipt then knows of the merge in both streams.
                entries.extend(draft.mirror.map(|stream| {
                    let dedup_key = record::dedup_key_of_copy(dedup_hash_key, &draft.key, stream);
                    Entry { draft: place, stream, dedup_key, is_done: false }
                }));
                entries.push(Entry {
                    draft: place,
                    stream: draft.person,
                    dedup_key,
                    is_done: false,
                });
            } else {
                repeats[place] = Some(earlier);
            }
        }
        Self { drafts, entries, answers, repeats }
    }

    /// What is left to write, and for each write the entries it holds. Neighbours of one stream
    /// share a write; the precondition goes with the first of the person's own stream. The other
    /// copy of a merge goes ahead: as long as it is there alone it has no effect.
    pub(super) fn writes(
        &self,
        expected: Expected,
        own: Tie,
        salts: &[[u8; 32]],
    ) -> (Vec<Write>, Vec<Vec<usize>>) {
        let mut writes: Vec<Write> = Vec::new();
        let mut places: Vec<Vec<usize>> = Vec::new();
        let mut precondition = Some(expected);
        let mut bytes = 0;
        for (place, entry) in self.entries.iter().enumerate().filter(|(_, entry)| !entry.is_done) {
            let draft = &self.drafts[entry.draft];
            let stamped = Stamped::new(draft, entry.stream, entry.dedup_key, &salts[place]);
            let is_own = entry.stream == draft.person;
            let tie = if is_own { own } else { Tie::Ahead };
            bytes += stamped.head.len();
            let has_room = tie != Tie::Alone || bytes <= ALONE_BYTES;
            match (writes.last_mut(), places.last_mut()) {
                (Some(write), Some(places))
                    if write.stream == entry.stream && write.tie == tie && has_room =>
                {
                    write.records.push(stamped);
                    places.push(place);
                }
                _ => {
                    bytes = stamped.head.len();
                    let expected = precondition.take_if(|_| is_own).unwrap_or(Expected::Any);
                    let records = vec![stamped];
                    writes.push(Write { stream: entry.stream, expected, tie, records });
                    places.push(vec![place]);
                }
            }
        }
        (writes, places)
    }

    pub(super) fn appended(&mut self, places: &[usize], stored: &[Stored]) {
        for (place, stored) in places.iter().zip(stored) {
            self.answer(*place, stored, Status::Recorded);
        }
    }

    /// The log has a record with the dedup key of this entry: each draft with this key is compared
    /// with the content of the record. An erased record of the same person is a duplicate, since
    /// nobody can compare its content any more.
    pub(super) fn known(&mut self, place: usize, stored: &Stored, content: &Content<Bytes>) {
        let first = self.entries[place].draft;
        let Ok(view) = View::new(&stored.record) else { return };
        if self.entries[place].stream != self.drafts[first].person {
            self.entries[place].is_done = true;
            return;
        }
        for draft in self.with_key_of(first) {
            let (is_same, is_erased) = match content {
                Content::Open(text) => (same_content(text, &self.drafts[draft].canonical), false),
                Content::Erased { .. } => (view.stream() == self.drafts[draft].person, true),
            };
            let duplicate = || receipt(&self.drafts[draft], stored, Status::Duplicate);
            let duplicate = is_same.then(duplicate).flatten();
            self.answers[draft] = Some(duplicate.map(|receipt| Receipt { is_erased, ..receipt }));
        }
        // A key that is refused takes its copy in the other stream of a merge with it.
        let is_reused = self.answers[first] == Some(None);
        for entry in self.entries.iter_mut().filter(|entry| entry.draft == first) {
            entry.is_done |= is_reused || entry.stream == self.drafts[first].person;
        }
    }

    /// The drafts with the key of this one, which is the first of them.
    pub(super) fn with_key_of(&self, first: usize) -> Vec<usize> {
        let mut drafts = vec![first];
        if self.entries.len() < self.drafts.len() {
            drafts.extend((first..self.drafts.len()).filter(|d| self.repeats[*d] == Some(first)));
        }
        drafts
    }

    pub(super) fn has_conflicts(&self) -> bool {
        let conflicts = |(place, first): (usize, &Option<usize>)| {
            first.is_some_and(|first| {
                !same_content(&self.drafts[first].canonical, &self.drafts[place].canonical)
            })
        };
        self.repeats.iter().enumerate().any(conflicts)
    }

    pub(super) fn answer(&mut self, place: usize, stored: &Stored, status: Status) {
        let entry = &mut self.entries[place];
        entry.is_done = true;
        let draft = &self.drafts[entry.draft];
        if entry.stream == draft.person {
            self.answers[entry.draft] = Some(receipt(draft, stored, status));
        }
    }

    /// Answers what only this batch has said before.
    pub(super) fn answer_repeats(&mut self) {
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

    /// The receipts of what was recorded now.
    pub(super) fn recorded(&self) -> Vec<Receipt> {
        let receipts = self.answers.iter().flatten().flatten();
        receipts.filter(|receipt| receipt.status == Status::Recorded).cloned().collect()
    }

    pub(super) fn refuse_reused(&self) -> Result<(), RecordError> {
        let is_reused = |place: &usize| self.answers[*place] == Some(None);
        let reused: Vec<usize> = (0..self.answers.len()).filter(is_reused).collect();
        if reused.is_empty() { Ok(()) } else { Err(RecordError::Reused(reused)) }
    }
}

fn receipt(draft: &Draft, stored: &Stored, status: Status) -> Option<Receipt> {
    let view = View::new(&stored.record).ok()?;
    let place = Place {
        position: stored.position,
        recorded: view.recorded(),
        commitment: record::commitment(&stored.record),
    };
    Some(Receipt { place: Some(place), status, ..expectation(draft, stored.revision) })
}

pub(super) fn expectation(draft: &Draft, revision: Revision) -> Receipt {
    let (key, subject) = (draft.key.clone(), draft.person);
    Receipt { key, subject, revision, place: None, status: Status::Recorded, is_erased: false }
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
