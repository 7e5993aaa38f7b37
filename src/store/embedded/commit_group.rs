//! A commit group: the records of all requests that the writer commits together.
//! Always: revisions and positions have no gaps; an append never adds a dedup key that the log
//! holds; the `recordedtime` of appended records rises with position, even if the clock steps back.

use std::collections::HashMap;
use std::io;

use super::index::Index;
use super::log::PlacedRecord;
use crate::domain::id::{DedupKey, DedupKeyMap, Position, RecordedTime, Revision};
use crate::domain::stream::StreamId;
use crate::store::{Expected, Outcome, StampClock, Stored, Write};

/// The end of the committed log.
#[derive(Clone, Copy)]
pub struct LogEnd {
    /// The position of the last record.
    pub position: Position,
    /// The latest `recordedtime` of the log.
    pub latest_recorded_time: RecordedTime,
}

/// The records that the next commit will add after the present end of the log.
pub struct CommitGroup<'a> {
    index: &'a Index,
    log_end: LogEnd,
    /// The dedup keys of the group, each with its first record: the index does not know them yet.
    dedup_keys: DedupKeyMap<Position>,
    /// How many records each stream of the group will have after the commit.
    record_counts: HashMap<StreamId, u64>,
    records: Vec<PlacedRecord>,
}

/// The answer to the sender of one write, given if the commit succeeds.
pub enum WriteDecision {
    /// The write has this many records, the next ones of the group.
    Append(usize),
    /// Nothing of the write is in the group.
    Refuse(Outcome),
}

impl<'a> CommitGroup<'a> {
    /// Begins an empty group at the end of the log.
    pub fn new(index: &'a Index, log_end: LogEnd) -> Self {
        let (dedup_keys, record_counts) = (DedupKeyMap::default(), HashMap::new());
        Self { index, log_end, dedup_keys, record_counts, records: Vec::new() }
    }

    /// Decides one append against the log and the group, and adds all of its records or none.
    pub fn append(
        &mut self,
        writes: Vec<Write>,
        clock: &StampClock,
    ) -> io::Result<Vec<WriteDecision>> {
        let mut refusals = Vec::with_capacity(writes.len());
        for write in &writes {
            refusals.push(self.refusal(write)?);
        }
        if refusals.iter().any(Option::is_some) {
            let refuse = |refusal: Option<Outcome>| refusal.unwrap_or(Outcome::Withheld);
            return Ok(refusals.into_iter().map(refuse).map(WriteDecision::Refuse).collect());
        }
        Ok(writes.into_iter().map(|write| self.place(write, clock)).collect())
    }

    fn refusal(&self, write: &Write) -> io::Result<Option<Outcome>> {
        let mut stored = Vec::new();
        for (place, record) in write.records.iter().enumerate() {
            if self.first_with_key(&record.dedup_key)?.is_some() {
                stored.push(place);
            }
        }
        if !stored.is_empty() {
            return Ok(Some(Outcome::AlreadyStored(stored)));
        }
        let actual = self.next_revision(write.stream.id()).0.checked_sub(1).map(Revision);
        let is_met = match write.expected {
            Expected::Any => true,
            Expected::New => actual.is_none(),
            Expected::At(revision) => actual == Some(revision),
        };
        Ok((!is_met).then_some(Outcome::Conflict { actual }))
    }

    /// Gives the records of a write their positions, revisions and `recordedtime`.
    fn place(&mut self, write: Write, clock: &StampClock) -> WriteDecision {
        let (stream, appended) = (write.stream.id(), write.records.len());
        let now = clock().max(self.log_end.latest_recorded_time).micros();
        for unstamped in write.records {
            // Each record of the group is a microsecond later than the record before.
            let recorded = now.saturating_add(self.records.len() as i64 + 1);
            let recorded = RecordedTime::from_micros(recorded);
            let dedup_key = unstamped.dedup_key;
            let stored = Stored {
                position: self.next_position(),
                revision: self.next_revision(stream),
                latest_recorded_time: recorded,
                is_cross_stream_duplicate: false,
                record: unstamped.stamp(recorded).into(),
            };
            let placed = PlacedRecord { stored, first_with_key: None };
            let earlier = self.push(stream, dedup_key, placed);
            assert!(earlier.is_none(), "an append holds a key once: checked by ledger::record");
        }
        WriteDecision::Append(appended)
    }

    /// Adds a record at the next position. Returns the earlier record of the group with the same
    /// dedup key; `None`: the group has none.
    pub fn push(
        &mut self,
        stream: StreamId,
        dedup_key: DedupKey,
        placed: PlacedRecord,
    ) -> Option<Position> {
        let Stored { position, revision, .. } = placed.stored;
        self.record_counts.insert(stream, revision.0 + 1);
        self.records.push(placed);
        let first = *self.dedup_keys.entry(dedup_key).or_insert(position);
        (first != position).then_some(first)
    }

    /// The first record of the group or the log with a dedup key.
    pub fn first_with_key(&self, dedup_key: &DedupKey) -> io::Result<Option<Position>> {
        match self.first_in_group(dedup_key) {
            Some(first) => Ok(Some(first)),
            None => self.index.find(dedup_key),
        }
    }

    /// The first record of the group with a dedup key.
    pub fn first_in_group(&self, dedup_key: &DedupKey) -> Option<Position> {
        self.dedup_keys.get(dedup_key).copied()
    }

    /// The revision of the next record of a stream.
    pub fn next_revision(&self, stream: StreamId) -> Revision {
        let committed = || self.index.last_revision(stream).map_or(0, |last| last.0 + 1);
        Revision(self.record_counts.get(&stream).copied().unwrap_or_else(committed))
    }

    /// The position of the next record.
    pub fn next_position(&self) -> Position {
        Position::new(self.log_end.position.number() + self.records.len() as u64 + 1)
    }

    /// The latest `recordedtime` of the log and the group.
    pub fn latest_recorded_time(&self) -> RecordedTime {
        let last = self.records.last();
        last.map_or(self.log_end.latest_recorded_time, |last| last.stored.latest_recorded_time)
    }

    /// The records of the group, in the order of their positions.
    pub fn into_records(self) -> Vec<PlacedRecord> {
        self.records
    }
}
