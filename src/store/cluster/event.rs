//! A record as an event of the cluster, and back: event type `careRecord`, the clear part of the
//! record as metadata, the rest as data, an event id made of the dedup key. The stream in the
//! cluster has the name of the record's stream. Also what else can stand in such a stream or in its
//! metadata.
//! Always: metadata followed by data are the bytes of the record.

use bytes::{Bytes, BytesMut};
use eventstore::{EventData, RecordedEvent};
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::id::{DedupKey, Revision};
use crate::domain::record::{self, CLEAR_BYTES, View};
use crate::domain::stream::StreamName;
use crate::store::embedded::Imported;
use crate::store::harm::LossMark;

/// The only event type. A type per kind of care event would show in the database's own index what
/// the sealed part of the record hides.
pub(super) const EVENT_TYPE: &str = "careRecord";

/// The type of the event by which the server deletes a stream for good.
const TOMBSTONE: &str = "$streamDeleted";

/// Before the name of a stream: the stream of its metadata.
pub(in crate::store) const METADATA_PREFIX: &str = "$$";

/// The event has the ledger's type and stream, and this version cannot read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct UnreadableEvent;

/// What an event means to the ledger.
#[derive(Debug)]
pub(in crate::store) enum ClusterEvent {
    /// A record.
    Record(Imported),
    /// Another writer's event in a stream with a name of the ledger's, or the server's own mark of
    /// a stream that was deleted for good. The event takes a revision that the copy lacks, so the
    /// stream refuses every append at the last revision of the copy.
    Foreign(ForeignEvent),
    /// The metadata of a stream with a name of the ledger's were written: what they mark now.
    Metadata(StreamName, Option<LossMark>),
    /// It is another program's.
    Other,
}

/// See [`ClusterEvent::Foreign`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct ForeignEvent {
    /// The stream.
    pub stream: StreamName,
    /// The revision of the event; none for the mark of a deleted stream.
    pub revision: Option<Revision>,
}

/// What the server reads of the metadata of a stream; it passes over numbers below 1 (its
/// StreamMetadata).
#[derive(Default, Deserialize)]
#[serde(default)]
struct StreamMetadata {
    #[serde(rename = "$tb")]
    truncate_before: Option<i64>,
    #[serde(rename = "$maxCount")]
    max_count: Option<i64>,
    #[serde(rename = "$maxAge")]
    max_age: Option<i64>,
}

/// What metadata mark. The server reads more forms of text than JSON has, so text that is not read
/// here may mark something.
fn mark(metadata: &[u8]) -> Option<LossMark> {
    if metadata.is_empty() {
        return None;
    }
    let Ok(metadata) = serde_json::from_slice::<StreamMetadata>(metadata) else {
        return Some(LossMark::Unreadable);
    };
    let is_set = |number: Option<i64>| number.is_some_and(|number| number > 0);
    if metadata.truncate_before == Some(i64::MAX) {
        Some(LossMark::Deleted)
    } else if is_set(metadata.truncate_before) {
        Some(LossMark::TruncateBefore)
    } else if is_set(metadata.max_count) {
        Some(LossMark::MaxCount)
    } else if is_set(metadata.max_age) {
        Some(LossMark::MaxAge)
    } else {
        None
    }
}

/// A record as an event to append.
pub(in crate::store) fn to_event(record: &Bytes, dedup_key: &DedupKey) -> EventData {
    EventData::binary(EVENT_TYPE, record.slice(CLEAR_BYTES..))
        .metadata(record.slice(..CLEAR_BYTES))
        .id(event_id(dedup_key))
}

/// What an event means.
pub(in crate::store) fn read(event: &RecordedEvent) -> Result<ClusterEvent, UnreadableEvent> {
    if let Some(stream) = event.stream_id.strip_prefix(METADATA_PREFIX) {
        let Ok(stream) = stream.parse() else { return Ok(ClusterEvent::Other) };
        return Ok(ClusterEvent::Metadata(stream, mark(&event.data)));
    }
    let Ok(stream) = event.stream_id.parse::<StreamName>() else { return Ok(ClusterEvent::Other) };
    if event.event_type != EVENT_TYPE {
        let is_tombstone = event.event_type == TOMBSTONE;
        let revision = (!is_tombstone).then_some(Revision(event.revision));
        return Ok(ClusterEvent::Foreign(ForeignEvent { stream, revision }));
    }
    to_record(event, &stream).map(ClusterEvent::Record).ok_or(UnreadableEvent)
}

/// The record in an event of the ledger's type; none: this version cannot read it.
fn to_record(event: &RecordedEvent, stream: &StreamName) -> Option<Imported> {
    let mut record = BytesMut::with_capacity(event.custom_metadata.len() + event.data.len());
    record.extend_from_slice(&event.custom_metadata);
    record.extend_from_slice(&event.data);
    let is_whole = event.custom_metadata.len() == CLEAR_BYTES;
    let view = View::new(&record).ok().filter(|_| is_whole)?;
    if record::stream_name(view).as_ref() != Ok(stream) {
        return None;
    }
    Some(Imported { revision: Revision(event.revision), record: record.freeze() })
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
    fn metadata_mark_what_a_scavenge_may_remove() {
        let rows = [
            (r#"{"$tb": 9223372036854775807}"#, Some(LossMark::Deleted)),
            (r#"{"$tb": 3, "$maxCount": 5}"#, Some(LossMark::TruncateBefore)),
            (r#"{"$tb": 0}"#, None),
            (r#"{"$maxCount": 5}"#, Some(LossMark::MaxCount)),
            (r#"{"$maxAge": 60, "colour": "red"}"#, Some(LossMark::MaxAge)),
            (r#"{"$acl": {"$r": "$all"}}"#, None),
            (r#"{"$maxCount": 0, "$maxAge": -1}"#, None),
            ("{}", None),
            ("", None),
            ("{'$maxCount': 5}", Some(LossMark::Unreadable)),
        ];
        for (text, expected) in rows {
            assert_eq!(mark(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn an_event_id_is_of_version_8_and_depends_on_the_dedup_key() {
        let one = event_id(&DedupKey([0xff; 32]));
        assert_eq!(one.to_string(), "ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert_ne!(one, event_id(&DedupKey([0xfe; 32])));
    }
}
