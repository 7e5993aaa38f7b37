//! A record as an event of the cluster: type `careRecord`, the clear part as metadata, the rest as
//! data, an id made of its pair, in its person's stream.
//! Always: metadata and data, one behind the other, are the record's bytes.

use bytes::{Bytes, BytesMut};
use eventstore::{EventData, RecordedEvent};
use uuid::Uuid;

use crate::domain::id::{DedupKey, PersonId, Revision};
use crate::domain::record::{CLEAR_BYTES, View};
use crate::store::embedded::Imported;

/// The one type: a database's own index of types would tell what the sealed part keeps.
const TYPE: &str = "careRecord";

/// What the streams of all persons begin with: the category `person`.
pub(super) const STREAMS: &str = "person-";

/// Why an event is not passed over, although it holds no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRecord {
    /// It is ours by its type and stream, and this version cannot read it.
    Unreadable,
    /// It is another's, in a stream that must be ours alone: with it the stream takes no append at
    /// the revision that the copy shows. The server's own mark of a deleted stream is one.
    Alien,
}

/// A record as an event to append.
pub(super) fn event(record: &Bytes, dedup_key: &DedupKey) -> EventData {
    EventData::binary(TYPE, record.slice(CLEAR_BYTES..))
        .metadata(record.slice(..CLEAR_BYTES))
        .id(id(dedup_key))
}

/// The record in an event; `None`: it is somebody else's, in a stream of theirs.
pub(super) fn record(event: &RecordedEvent) -> Result<Option<Imported>, NoRecord> {
    let person = event.stream_id.strip_prefix(STREAMS);
    let Some(Ok(person)) = person.map(str::parse::<PersonId>) else { return Ok(None) };
    if event.event_type != TYPE {
        return Err(NoRecord::Alien);
    }
    let mut record = BytesMut::with_capacity(event.custom_metadata.len() + event.data.len());
    record.extend_from_slice(&event.custom_metadata);
    record.extend_from_slice(&event.data);
    let is_whole = event.custom_metadata.len() == CLEAR_BYTES;
    let view = View::new(&record).ok().filter(|_| is_whole).ok_or(NoRecord::Unreadable)?;
    if view.stream() != person {
        return Err(NoRecord::Unreadable);
    }
    Ok(Some(Imported { revision: Revision(event.revision), record: record.freeze() }))
}

/// A UUID of version 8 (RFC 9562, 5.8) made of a pair, which is a keyed hash already: the cluster
/// too then knows a retry for what it is.
fn id(dedup_key: &DedupKey) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&dedup_key.0[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_version_8_and_its_pairs_own() {
        let one = id(&DedupKey([0xff; 32]));
        assert_eq!(one.to_string(), "ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert_ne!(one, id(&DedupKey([0xfe; 32])));
    }
}
