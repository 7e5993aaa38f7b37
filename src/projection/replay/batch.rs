//! Records on their way from where they lie to the engine.

use std::sync::Arc;

use crate::domain::event::{OpenRecord, Recorded};
use crate::domain::id::{Position, RecordedTime};
use crate::domain::time::calendar::At;
use crate::projection::view::Delivered;

/// Which records a replay takes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moments {
    /// Only what had happened by then; none: all.
    pub at: Option<At>,
    /// Only what was recorded by then; none: all.
    pub known_at: Option<RecordedTime>,
}

impl Moments {
    /// The record as it was told, if it is readable and within these moments.
    pub fn take(&self, record: Arc<Recorded>) -> Option<Delivered> {
        if self.known_at.is_some_and(|known_at| record.recorded_at > known_at) {
            return None;
        }
        let record = OpenRecord::new(record).ok()?;
        let has_come = self.at.is_none_or(|at| at.includes(record.event().time.to_utc()));
        has_come.then(|| Delivered::told(record))
    }
}

/// Some records, and how far their source was read.
#[derive(Debug)]
pub struct Batch {
    /// The records to fold, in their order.
    pub records: Vec<Delivered>,
    /// How far the source was read.
    pub position: Position,
    /// How many records were read to here, those that are not folded among them.
    pub read: u64,
    /// When the last record that was read was recorded; none: none was read.
    pub known_at: Option<RecordedTime>,
}

impl Batch {
    /// A batch without records that ends at a position.
    pub fn up_to(position: Position) -> Self {
        Self { records: Vec::new(), position, read: position.number(), known_at: None }
    }

    /// Some records in force, which come by streams: the log is read with the last of them.
    /// `read` counts the records of these streams and of those before.
    pub fn of_streams(records: Vec<Delivered>, read: u64) -> Self {
        Self { records, position: Position::START, read, known_at: None }
    }
}
