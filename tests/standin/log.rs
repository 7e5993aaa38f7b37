//! The log of the stand-in: what an append decides and what a read finds.
//! Always: positions rise with gaps between them, a revision is given once, and an append is
//! written whole or not at all.
//! Form: the rules of `CheckCommit` in the server's IndexWriter, KurrentDB 44996ed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

/// About as many bytes as the server's own record adds to an event, so that positions have gaps.
const RECORD_BYTES: u64 = 200;

/// The position of the first event. The server's own records come before, so no event is at 0.
const LOG_START: u64 = 1024;

/// One event in the log.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) stream: Arc<str>,
    pub(crate) revision: u64,
    /// The commit position and the prepare position: each event is a committed record of its own.
    pub(crate) position: u64,
    /// The position at which the next record starts.
    pub(crate) end: u64,
    pub(crate) created_ticks: i64,
    pub(crate) event: Proposed,
}

/// An event as its writer sent it.
#[derive(Clone, Debug)]
pub(crate) struct Proposed {
    pub(crate) id: Uuid,
    pub(crate) event_type: String,
    pub(crate) content_type: String,
    pub(crate) data: Bytes,
    pub(crate) metadata: Bytes,
}

impl Proposed {
    /// The server's `Event.SizeOnDisk`, what its append limit counts.
    pub(crate) fn size(&self) -> usize {
        self.data.len() + self.metadata.len() + self.event_type.encode_utf16().count() * 2
    }
}

/// The revision that the writer expects the stream to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Any,
    StreamExists,
    NoStream,
    Revision(u64),
}

/// The direction of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forwards,
    Backwards,
}

/// The result of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The stream's last revision, `None` after an empty append to no stream, and the last event's
    /// position, `None` when nothing was written.
    Written { revision: Option<u64>, position: Option<u64> },
    /// All events were there already, up to this revision.
    AlreadyThere { revision: u64 },
    /// Refused: the stream has this last revision.
    WrongRevision { current: Option<u64> },
}

enum Decision {
    Write,
    AlreadyThere { last: u64 },
    Refuse,
}

#[derive(Debug, Default)]
struct Stream {
    /// The events that were not removed; there may be holes.
    events: BTreeMap<u64, Arc<Record>>,
    /// The last revision, which stays when the last event is removed, as after a scavenge.
    last: u64,
}

#[derive(Debug)]
pub(crate) struct Log {
    records: BTreeMap<u64, Arc<Record>>,
    streams: HashMap<Arc<str>, Stream>,
    /// The cache of committed events. Unlike the server's, it forgets nothing.
    ids: HashMap<Uuid, (Arc<str>, u64)>,
    /// The positions of removed records, from which a read may still start.
    removed: HashSet<u64>,
    end: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            records: BTreeMap::new(),
            streams: HashMap::new(),
            ids: HashMap::new(),
            removed: HashSet::new(),
            end: LOG_START,
        }
    }
}

impl Log {
    pub(crate) fn append(
        &mut self,
        stream: &str,
        expected: Expected,
        events: Vec<Proposed>,
        now_ticks: i64,
    ) -> Outcome {
        let current = self.current(stream);
        match self.decide(stream, expected, current, &events) {
            Decision::Refuse => return Outcome::WrongRevision { current },
            Decision::AlreadyThere { last } => return Outcome::AlreadyThere { revision: last },
            Decision::Write => {}
        }
        let mut next = current.map_or(0, |last| last + 1);
        let mut position = None;
        let name: Arc<str> = stream.into();
        for event in events {
            position = Some(self.end);
            self.push(Record {
                stream: Arc::clone(&name),
                revision: next,
                position: self.end,
                end: self.end + RECORD_BYTES + event.size() as u64,
                created_ticks: now_ticks,
                event,
            });
            next += 1;
        }
        Outcome::Written { revision: next.checked_sub(1), position }
    }

    fn push(&mut self, record: Record) {
        let record = Arc::new(record);
        self.end = record.end;
        self.ids.insert(record.event.id, (Arc::clone(&record.stream), record.revision));
        let stream = self.streams.entry(Arc::clone(&record.stream)).or_default();
        stream.last = record.revision;
        stream.events.insert(record.revision, Arc::clone(&record));
        self.records.insert(record.position, record);
    }

    fn decide(
        &self,
        stream: &str,
        expected: Expected,
        current: Option<u64>,
        events: &[Proposed],
    ) -> Decision {
        match expected {
            Expected::StreamExists
                if current.is_none() && self.current(&format!("$${stream}")).is_none() =>
            {
                Decision::Refuse
            }
            Expected::Any | Expected::StreamExists => self.decide_anywhere(stream, events),
            Expected::NoStream => self.decide_at(stream, None, current, events),
            Expected::Revision(revision) => self.decide_at(stream, Some(revision), current, events),
        }
    }

    /// The weak check: the ids alone decide whether the events were written before.
    fn decide_anywhere(&self, stream: &str, events: &[Proposed]) -> Decision {
        let mut last = None;
        for event in events {
            match self.ids.get(&event.id) {
                Some((found, revision)) if &**found == stream => last = Some(*revision),
                // Only some were written before: the server refuses this as corrupted idempotency.
                _ if last.is_some() => return Decision::Refuse,
                _ => return Decision::Write,
            }
        }
        last.map_or(Decision::Write, |last| Decision::AlreadyThere { last })
    }

    /// The strong check: an earlier revision passes when exactly these ids follow it. `None` means
    /// that the stream does not exist, and sorts before revision 0.
    fn decide_at(
        &self,
        stream: &str,
        expected: Option<u64>,
        current: Option<u64>,
        events: &[Proposed],
    ) -> Decision {
        if expected == current {
            return Decision::Write;
        }
        if expected > current || events.is_empty() {
            return Decision::Refuse;
        }
        let first = expected.map_or(0, |revision| revision + 1);
        let is_there = (first..).zip(events).all(|(revision, event)| {
            let cached = self.ids.get(&event.id);
            cached.is_some_and(|(found, at)| &**found == stream && *at == revision)
                || self.event(stream, revision).is_some_and(|found| found.event.id == event.id)
        });
        if is_there {
            Decision::AlreadyThere { last: first + events.len() as u64 - 1 }
        } else {
            Decision::Refuse
        }
    }

    fn event(&self, stream: &str, revision: u64) -> Option<&Arc<Record>> {
        self.streams.get(stream)?.events.get(&revision)
    }

    /// The last revision of a stream.
    pub(crate) fn current(&self, stream: &str) -> Option<u64> {
        Some(self.streams.get(stream)?.last)
    }

    /// At most `count` events of a stream from a revision on, in either direction, that revision
    /// included.
    pub(crate) fn stream(
        &self,
        stream: &str,
        from: u64,
        direction: Direction,
        count: usize,
    ) -> Vec<Arc<Record>> {
        let Some(stream) = self.streams.get(stream) else { return Vec::new() };
        if direction == Direction::Backwards {
            return stream
                .events
                .range(..=from)
                .rev()
                .take(count)
                .map(|(_, e)| e.clone())
                .collect();
        }
        stream.events.range(from..).take(count).map(|(_, event)| event.clone()).collect()
    }

    /// The events from a position on, that position included.
    pub(crate) fn forwards(&self, from: u64) -> impl Iterator<Item = &Arc<Record>> {
        self.records.range(from..).map(|(_, record)| record)
    }

    /// The events that end at a position or before, the last one first.
    pub(crate) fn backwards(&self, from: u64) -> impl Iterator<Item = &Arc<Record>> {
        self.records.range(..from).rev().map(|(_, record)| record).filter(move |r| r.end <= from)
    }

    /// The position of the last event.
    pub(crate) fn last(&self) -> Option<u64> {
        self.records.keys().next_back().copied()
    }

    /// The position of the next event, the server's writer checkpoint.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Whether a record starts or started at a position, or the log ends there.
    pub(crate) fn is_boundary(&self, position: u64) -> bool {
        position == 0
            || position == self.end
            || self.records.contains_key(&position)
            || self.removed.contains(&position)
    }

    /// Truncates the log before the event of this index; its positions are used again.
    pub(crate) fn forget_from(&mut self, index: usize) {
        let Some(from) = self.records.keys().nth(index).copied() else { return };
        for record in self.records.split_off(&from).into_values() {
            self.ids.remove(&record.event.id);
            let Some(stream) = self.streams.get_mut(&record.stream) else { continue };
            stream.events.split_off(&record.revision);
            match record.revision.checked_sub(1) {
                Some(before) => stream.last = stream.last.min(before),
                None => _ = self.streams.remove(&record.stream),
            }
        }
        self.removed.retain(|position| *position < from);
        self.end = from;
    }

    /// Removes one event; returns whether it was there.
    pub(crate) fn remove(&mut self, stream: &str, revision: u64) -> bool {
        let Some(found) = self.streams.get_mut(stream) else { return false };
        let Some(record) = found.events.remove(&revision) else { return false };
        self.records.remove(&record.position);
        self.removed.insert(record.position)
    }
}
