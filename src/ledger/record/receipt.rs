//! The receipt of an event: the sender's proof that the event is in the ledger.
//! Form: the schema `Receipt` of the OpenAPI document (`http/openapi/components.rs`).

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::domain::event::Draft;
use crate::domain::id::{EventKey, Position, RecordedTime, Revision};
use crate::domain::record::{self, View};
use crate::domain::stream::StreamName;
use crate::store::Stored;

/// The outcome of recording an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ReceiptStatus {
    /// The event was written now.
    Recorded,
    /// The log had the event already.
    Duplicate,
}

/// The proof for a sender that an event is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The sender, and the sender's id for the event.
    pub key: EventKey,
    /// The stream that the record lies in, which the event's `subject` names.
    pub stream: StreamName,
    /// The record's revision in the stream; in a dry run, the revision that the record would get.
    pub revision: Revision,
    /// The record's entry in the log; `None` in a dry run that would write the record.
    pub log_entry: Option<LogEntry>,
    /// The outcome of recording the event.
    pub status: ReceiptStatus,
    /// Whether the content of the stored record was erased, so that the sent content could not be
    /// compared with it. A sender who wants the content in the ledger again sends it with a new id.
    pub is_erased: bool,
}

/// Where a record lies in the log, when it was recorded, and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEntry {
    /// The record's position.
    pub position: Position,
    /// When the ledger recorded the event.
    pub recorded_at: RecordedTime,
    /// BLAKE3 of the stored record.
    pub commitment: blake3::Hash,
}

impl Receipt {
    /// The receipt of a draft for the record that holds it; `None` when the record cannot be read.
    pub(super) fn new(draft: &Draft, stored: &Stored, status: ReceiptStatus) -> Option<Self> {
        let entry = LogEntry {
            position: stored.position,
            recorded_at: View::new(&stored.record).ok()?.recorded_at(),
            commitment: record::commitment(&stored.record),
        };
        Some(Self { log_entry: Some(entry), status, ..Self::at_revision(draft, stored.revision) })
    }

    /// The receipt that a draft would get at this revision, without an entry in the log.
    pub(super) fn at_revision(draft: &Draft, revision: Revision) -> Self {
        Self {
            key: draft.key.clone(),
            stream: draft.stream.clone(),
            revision,
            log_entry: None,
            status: ReceiptStatus::Recorded,
            is_erased: false,
        }
    }
}

impl Serialize for Receipt {
    /// Writes the members that the OpenAPI schema `Receipt` describes.
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut receipt = writer.serialize_struct("Receipt", 10)?;
        receipt.serialize_field("id", &*self.key.id)?;
        receipt.serialize_field("source", &*self.key.source)?;
        receipt.serialize_field("subject", &self.stream.subject())?;
        receipt.serialize_field("stream", &self.stream)?;
        receipt.serialize_field("revision", &self.revision)?;
        if let Some(LogEntry { position, recorded_at, commitment }) = &self.log_entry {
            receipt.serialize_field("position", position)?;
            receipt.serialize_field("recordedtime", recorded_at)?;
            receipt.serialize_field("commitment", commitment.to_hex().as_str())?;
        }
        receipt.serialize_field("status", &self.status)?;
        if self.is_erased {
            receipt.serialize_field("erased", &true)?;
        }
        receipt.end()
    }
}
