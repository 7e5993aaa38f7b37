//! A record as an event of the cluster, and back: event type `careRecord`, the clear part of the
//! record as metadata, the rest as data, an event id made of the dedup key. The stream in the
//! cluster has the name of the record's stream.
//! Always: metadata followed by data are the bytes of the record.

use bytes::{Bytes, BytesMut};
use eventstore::{EventData, RecordedEvent};
use uuid::Uuid;

use crate::domain::id::{DedupKey, Revision};
use crate::domain::record::{self, CLEAR_BYTES, View};
use crate::domain::stream::StreamName;
use crate::store::embedded::Imported;

/// The only event type. A type per kind of care event would show in the database's own index what
/// the sealed part of the record hides.
const EVENT_TYPE: &str = "careRecord";

/// Why an event cannot be skipped although no record can be taken from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum NotARecord {
    /// The event has the ledger's type and stream, and this version cannot read it.
    Unreadable,
    /// Another writer's event in a stream that must be the ledger's alone, such as the server's
    /// own mark of a deleted stream. The event takes a revision that the copy lacks, so the stream
    /// refuses every append at the last revision of the copy.
    OtherWriter,
}

/// A record as an event to append.
pub(in crate::store) fn to_event(record: &Bytes, dedup_key: &DedupKey) -> EventData {
    EventData::binary(EVENT_TYPE, record.slice(CLEAR_BYTES..))
        .metadata(record.slice(..CLEAR_BYTES))
        .id(event_id(dedup_key))
}

/// The record in an event; `None` for another application's event in another application's stream.
pub(in crate::store) fn to_record(event: &RecordedEvent) -> Result<Option<Imported>, NotARecord> {
    let Ok(stream) = event.stream_id.parse::<StreamName>() else { return Ok(None) };
    if event.event_type != EVENT_TYPE {
        return Err(NotARecord::OtherWriter);
    }
    let mut record = BytesMut::with_capacity(event.custom_metadata.len() + event.data.len());
    record.extend_from_slice(&event.custom_metadata);
    record.extend_from_slice(&event.data);
    let is_whole = event.custom_metadata.len() == CLEAR_BYTES;
    let view = View::new(&record).ok().filter(|_| is_whole).ok_or(NotARecord::Unreadable)?;
    if record::stream_name(view) != Ok(stream) {
        return Err(NotARecord::Unreadable);
    }
    Ok(Some(Imported { revision: Revision(event.revision), record: record.freeze() }))
}

/// A UUID of version 8 (RFC 9562, 5.8) made of the dedup key, which is a keyed hash already. With
/// the same id in every try, the cluster too recognises a retry.
fn event_id(dedup_key: &DedupKey) -> Uuid {
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
    fn an_event_id_is_of_version_8_and_depends_on_the_dedup_key() {
        let one = event_id(&DedupKey([0xff; 32]));
        assert_eq!(one.to_string(), "ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert_ne!(one, event_id(&DedupKey([0xfe; 32])));
    }
}
