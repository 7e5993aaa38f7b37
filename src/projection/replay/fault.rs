//! A fault of a program at a record.

use serde::Serialize;

use crate::domain::event::OpenRecord;
use crate::domain::id::{EventKey, Position};
use crate::projection::script::fault::ScriptFault;

/// A fault at a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultAtRecord {
    /// The fault of the program.
    #[serde(flatten)]
    pub fault: ScriptFault,
    /// The position of the record.
    pub position: Position,
    /// The event of the record.
    pub event: EventKey,
}

impl FaultAtRecord {
    /// The fault of a program at a record.
    pub fn new(fault: ScriptFault, record: &OpenRecord) -> Self {
        Self { fault, position: record.position, event: record.event().key.clone() }
    }
}
