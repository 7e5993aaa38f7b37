//! Reads the streams that belong to one person, by merges and unmerges.
//! Always: a merge applies from its `recordedtime` on, and only if both streams hold its record.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::open::Reader;
use crate::domain::event::{Event, Recorded};
use crate::domain::history::{Merges, Pseudonyms};
use crate::domain::id::{DedupKey, PersonId, RecordedTime, Revision};
use crate::domain::record::{self, View};
use crate::domain::stream::Stream;
use crate::ledger::Ledger;
use crate::store::{ReadError, Stored};

/// The most records of one stream that are read at once.
const PAGE_RECORDS: usize = 10_000;

/// The records of one stream.
#[derive(Clone, Default)]
pub(super) struct StreamRecords {
    pub records: Vec<Arc<Recorded>>,
    /// The dedup keys that a record of another stream carries too.
    pub cross_stream_duplicates: Vec<DedupKey>,
}

/// The records of all streams that belong to one person.
#[derive(Default)]
pub(super) struct MergedStreams {
    /// The records of the stream that was asked for come first.
    pub records: Vec<Arc<Recorded>>,
    /// The other pseudonyms of the person.
    pub pseudonyms: Pseudonyms,
    /// The other streams that were read to find the person's pseudonyms.
    pub other_streams_read: Vec<PersonId>,
    /// The dedup keys that a record of another stream carries too, each once.
    pub cross_stream_duplicates: Vec<DedupKey>,
}

impl MergedStreams {
    fn new(
        streams: impl Iterator<Item = StreamRecords>,
        other_streams_read: Vec<PersonId>,
    ) -> Self {
        let mut merged = Self { other_streams_read, ..Self::default() };
        for StreamRecords { records, cross_stream_duplicates } in streams {
            merged.records.extend(records);
            merged.cross_stream_duplicates.extend(cross_stream_duplicates);
        }
        merged.cross_stream_duplicates.sort_unstable();
        merged.cross_stream_duplicates.dedup();
        merged
    }
}

impl Ledger {
    /// Reads and opens all records of one stream.
    pub(super) async fn read_whole_stream(
        &self,
        reader: &Reader,
        of: &Stream,
    ) -> Result<StreamRecords, ReadError> {
        let (mut stream, mut next) = (StreamRecords::default(), Revision(0));
        loop {
            let slice = self.store.read_stream(of, next, PAGE_RECORDS).await?;
            let read = slice.records.len();
            next = Revision(next.0 + read as u64);
            let is_of = |stored: &&Stored| is_of_category(stored, of);
            stream.records.extend(self.open_all(reader, slice.records.iter().filter(is_of))?);
            for stored in slice.records.iter().filter(|stored| stored.is_cross_stream_duplicate) {
                let unreadable = |_| ReadError::Unreadable(stored.position);
                let view = View::new(&stored.record).map_err(unreadable)?;
                stream.cross_stream_duplicates.push(view.dedup_key());
            }
            let limit = reader.stream_records_max;
            if next.0 > limit as u64 {
                return Err(ReadError::TooLong { limit });
            }
            if read < PAGE_RECORDS {
                return Ok(stream);
            }
        }
    }

    /// Leaves out the copy of a merge if the stream of the event's subject lacks the merge itself:
    /// the append of the merge is still running or was given up. Only a cluster can store the copy
    /// without the merge.
    pub(super) async fn without_half_merges(
        &self,
        mut stream: StreamRecords,
    ) -> Result<StreamRecords, ReadError> {
        let copies: Vec<&Event> =
            stream.records.iter().filter_map(|record| copy_of_merge(record)).collect();
        if copies.is_empty() {
            return Ok(stream);
        }
        let keys = copies.iter().map(|event| record::dedup_key(&self.hash_keys.dedup, &event.key));
        let found = self.store.find(keys.collect()).await?;
        let lies_in = |stored: &Stored| View::new(&stored.record).ok().and_then(View::person);
        let is_whole = |(copy, found): (&&Event, &Vec<Stored>)| {
            let subject = copy.subject.person();
            subject.is_some() && found.iter().any(|stored| lies_in(stored) == subject)
        };
        let whole: Vec<bool> = copies.iter().zip(&found).map(is_whole).collect();
        let mut whole = whole.into_iter();
        stream
            .records
            .retain(|record| copy_of_merge(record).is_none() || whole.next().unwrap_or_default());
        Ok(stream)
    }

    /// The records of all streams that belong to one person by the merges known at `known_at`.
    /// `own` are the records of the stream asked for.
    pub(super) async fn merged(
        &self,
        reader: &Reader,
        person: PersonId,
        own: StreamRecords,
        known_at: RecordedTime,
    ) -> Result<MergedStreams, ReadError> {
        let mut streams = BTreeMap::from([(person, own)]);
        loop {
            // A merge has a record in both streams: without a merge here, there is no other stream.
            let all = || streams.values().flat_map(|stream| &stream.records);
            if !all().any(|record| is_merge(record)) {
                return Ok(MergedStreams::new(streams.into_values(), Vec::new()));
            }
            let merges = Merges::of(all().cloned(), Some(known_at));
            let missing: Vec<PersonId> =
                merges.named().filter(|person| !streams.contains_key(person)).collect();
            if missing.is_empty() {
                let same = merges.same_person(person);
                let read = streams.keys().filter(|stream| **stream != person).copied().collect();
                streams.retain(|stream, _| same.contains(stream));
                // The stream asked for comes first, so its own record of a merge is the one shown.
                let own = streams.remove(&person).into_iter();
                let merged = MergedStreams::new(own.chain(streams.into_values()), read);
                return Ok(MergedStreams { pseudonyms: merges.pseudonyms(person), ..merged });
            }
            for person in missing {
                let stream = self.read_whole_stream(reader, &Stream::person(person)).await?;
                streams.insert(person, self.without_half_merges(stream).await?);
            }
        }
    }
}

/// Whether the record lies in a stream of this category. The id of the stream of an organisation is
/// 16 bytes like a person's pseudonym, so a question about a person may name that id.
fn is_of_category(stored: &Stored, of: &Stream) -> bool {
    let is_of_person = of.name().person().is_some();
    View::new(&stored.record).is_ok_and(|view| view.person().is_some() == is_of_person)
}

fn is_merge(record: &Recorded) -> bool {
    record.event().is_some_and(|event| event.kind.is_merge())
}

/// The event, if this record is the copy of a merge, in the other person's stream.
fn copy_of_merge(record: &Recorded) -> Option<&Event> {
    record.event().filter(|event| is_merge(record) && event.subject != record.stream)
}
