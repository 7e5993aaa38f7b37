//! The writes of one append to one stream: the parts in which they are sent, and their outcomes.
//! Always: writes keep their order, and the writes of one [`AppendGroup`] stay in one part.

use std::collections::HashMap;

use crate::domain::id::Revision;
use crate::domain::record::UnstampedRecord;
use crate::domain::stream::{Stream, StreamId};
use crate::store::append_size::AppendSize;
use crate::store::{AppendGroup, Expected, Outcome, Stored, Write};

/// Outcomes, each with the place of its write in the append.
pub type PlacedOutcomes = Vec<(usize, Outcome)>;

/// Writes to one stream that are appended together, each with its place in the append. There is at
/// least one.
pub struct StreamWrites {
    /// The stream.
    pub stream: Stream,
    writes: Vec<(usize, Write)>,
}

/// Whether a stream is as the writes expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// The stream is as expected.
    Met,
    /// The copy does not show this revision yet; once it does, the stream may be as expected.
    MetFrom(Revision),
    /// The stream is past what was expected.
    Failed,
}

/// The writes of an append by stream, in the order of each stream's first write.
pub fn by_stream(writes: Vec<(usize, Write)>) -> Vec<StreamWrites> {
    let mut streams: Vec<StreamWrites> = Vec::new();
    let mut indexes: HashMap<StreamId, usize> = HashMap::new();
    for (place, write) in writes {
        let index = *indexes.entry(write.stream.id()).or_insert_with(|| {
            streams.push(StreamWrites { stream: write.stream.clone(), writes: Vec::new() });
            streams.len() - 1
        });
        let writes = &mut streams[index].writes;
        assert!(
            writes.is_empty() || write.expected == Expected::Any,
            "only the first write to a stream expects anything: promised by Write"
        );
        assert!(
            writes.first().is_none_or(|(_, first)| is_alone(first) == is_alone(&write)),
            "the writes to a stream stand alone or together: otherwise `cut` would part a group"
        );
        writes.push((place, write));
    }
    streams
}

fn is_alone(write: &Write) -> bool {
    write.group == AppendGroup::Alone
}

impl StreamWrites {
    /// How many writes there are.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// The records of all writes, in order.
    pub fn records(&self) -> impl Iterator<Item = &UnstampedRecord> {
        self.writes.iter().flat_map(|(_, write)| &write.records)
    }

    /// Whether a stream with this last revision is as the first write expects.
    pub fn expectation(&self, last: Option<Revision>) -> Expectation {
        match self.writes[0].1.expected {
            Expected::Any => Expectation::Met,
            Expected::New if last.is_none() => Expectation::Met,
            Expected::At(revision) if last == Some(revision) => Expectation::Met,
            Expected::At(revision) if last < Some(revision) => Expectation::MetFrom(revision),
            Expected::New | Expected::At(_) => Expectation::Failed,
        }
    }

    /// Cuts the writes into parts; each part is one append. A new part begins only at a write that
    /// stands alone and does not fit into the part before.
    pub fn cut(self) -> Vec<Self> {
        let stream = self.stream;
        let mut parts: Vec<Self> = Vec::new();
        let mut size = AppendSize::default();
        for (place, write) in self.writes {
            let bytes: usize = write.records.iter().map(|unstamped| unstamped.head.len()).sum();
            let has_room = write.group != AppendGroup::Alone || size.has_room(bytes);
            match parts.last_mut() {
                Some(part) if has_room => part.writes.push((place, write)),
                _ => {
                    size = AppendSize::default();
                    parts.push(Self { stream: stream.clone(), writes: vec![(place, write)] });
                }
            }
            size.add(bytes);
        }
        parts
    }

    /// Gives each write the same outcome.
    pub fn each(&self, outcome: impl Fn() -> Outcome) -> PlacedOutcomes {
        self.writes.iter().map(|(place, _)| (*place, outcome())).collect()
    }

    /// The conflict of the first write with its stream, whose last revision is `actual`.
    pub fn conflict(&self, actual: Option<Revision>) -> (usize, Outcome) {
        (self.writes[0].0, Outcome::Conflict { actual })
    }

    /// The outcomes of the writes that have a record in the log already. `found` has one entry for
    /// each record, in order.
    pub fn already_stored(&self, found: &[Vec<Stored>]) -> PlacedOutcomes {
        let mut found = found.iter();
        let mut outcomes = Vec::new();
        for (place, write) in &self.writes {
            let found = found.by_ref().take(write.records.len()).enumerate();
            let stored: Vec<usize> =
                found.filter(|(_, found)| !found.is_empty()).map(|(index, _)| index).collect();
            if !stored.is_empty() {
                outcomes.push((*place, Outcome::AlreadyStored(stored)));
            }
        }
        outcomes
    }

    /// The outcome of each write once all records are stored.
    pub fn appended(&self, stored: Vec<Stored>) -> PlacedOutcomes {
        let mut stored = stored.into_iter();
        let appended = |(place, write): &(usize, Write)| {
            (*place, Outcome::Appended(stored.by_ref().take(write.records.len()).collect()))
        };
        self.writes.iter().map(appended).collect()
    }
}
