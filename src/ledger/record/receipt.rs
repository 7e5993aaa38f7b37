//! The receipt of an event: the sender's proof that the event is in the ledger.
//! Form: the section "Recording" of the HTTP contract.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::domain::event::Draft;
use crate::domain::id::{EventKey, PersonId, Position, RecordedTime, Revision};
use crate::domain::record::{self, View};
use crate::store::Stored;

/// What became of an event.
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
    /// The person whose stream the record lies in.
    pub subject: PersonId,
    /// The record's place in the stream; in a dry run, the place it would get.
    pub revision: Revision,
    /// Where the record lies in the log; absent in a dry run that would write it.
    pub place: Option<LogPlace>,
    /// What became of the event.
    pub status: ReceiptStatus,
    /// Whether the content of the stored record was erased, so that the two contents could not be
    /// compared. A sender who wants the content in the ledger again sends it under a new id.
    pub is_erased: bool,
}

/// Where a record lies in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPlace {
    /// The record's position.
    pub position: Position,
    /// When the ledger recorded it.
    pub recorded_at: RecordedTime,
    /// BLAKE3 of the stored record.
    pub commitment: blake3::Hash,
}

impl Receipt {
    /// The receipt of a draft for the record that holds it; `None` when the record cannot be read.
    pub(super) fn new(draft: &Draft, stored: &Stored, status: ReceiptStatus) -> Option<Self> {
        let place = LogPlace {
            position: stored.position,
            recorded_at: View::new(&stored.record).ok()?.recorded(),
            commitment: record::commitment(&stored.record),
        };
        Some(Self { place: Some(place), status, ..Self::expected(draft, stored.revision) })
    }

    /// The receipt that a draft would get at this revision.
    pub(super) fn expected(draft: &Draft, revision: Revision) -> Self {
        Self {
            key: draft.key.clone(),
            subject: draft.person,
            revision,
            place: None,
            status: ReceiptStatus::Recorded,
            is_erased: false,
        }
    }
}

impl Serialize for Receipt {
    /// As the HTTP contract has it.
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut receipt = writer.serialize_struct("Receipt", 10)?;
        receipt.serialize_field("id", &*self.key.id)?;
        receipt.serialize_field("source", &*self.key.source)?;
        receipt.serialize_field("subject", &self.subject)?;
        receipt.serialize_field("stream", &self.subject.stream())?;
        receipt.serialize_field("revision", &self.revision)?;
        if let Some(LogPlace { position, recorded_at, commitment }) = &self.place {
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
