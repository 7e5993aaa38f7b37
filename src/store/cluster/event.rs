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

/// The type of the event by which the server deletes a stream for good, and its revision.
const TOMBSTONE: &str = "$streamDeleted";
const TOMBSTONE_REVISION: u64 = i64::MAX as u64;

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

/// What the server reads of the metadata of a stream. Text that it cannot read marks nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StreamMetadata {
    #[serde(rename = "$tb")]
    truncate_before: Option<serde_json::Number>,
    #[serde(rename = "$maxCount")]
    max_count: Option<serde_json::Number>,
    #[serde(rename = "$maxAge")]
    max_age: Option<serde_json::Number>,
}

impl StreamMetadata {
    fn mark(&self) -> Option<LossMark> {
        let is_deleted = |before: &serde_json::Number| before.as_u64() == Some(TOMBSTONE_REVISION);
        match self {
            Self { truncate_before: Some(before), .. } if is_deleted(before) => {
                Some(LossMark::Deleted)
            }
            // Nothing stands before the first revision.
            Self { truncate_before: Some(before), .. } if before.as_u64() != Some(0) => {
                Some(LossMark::TruncateBefore)
            }
            Self { max_count: Some(_), .. } => Some(LossMark::MaxCount),
            Self { max_age: Some(_), .. } => Some(LossMark::MaxAge),
            _ => None,
        }
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
        let metadata: StreamMetadata = serde_json::from_slice(&event.data).unwrap_or_default();
        return Ok(ClusterEvent::Metadata(stream, metadata.mark()));
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
            ("{}", None),
            ("no JSON", None),
        ];
        for (text, expected) in rows {
            let metadata: StreamMetadata = serde_json::from_str(text).unwrap_or_default();
            assert_eq!(metadata.mark(), expected, "{text}");
        }
    }

    #[test]
    fn an_event_id_is_of_version_8_and_depends_on_the_dedup_key() {
        let one = event_id(&DedupKey([0xff; 32]));
        assert_eq!(one.to_string(), "ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert_ne!(one, event_id(&DedupKey([0xfe; 32])));
    }
}
