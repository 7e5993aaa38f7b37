//! A record as a view delivers it to a program.

use chrono::{DateTime, FixedOffset};

use crate::domain::event::OpenRecord;
use crate::domain::id::{Position, RecordedTime};
use crate::domain::stream::StreamName;

/// A record with its corrections, as the view `effective` delivers it.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The stream that it is delivered in: of merged persons, that of the pseudonym joined into.
    pub stream: StreamName,
    /// How many records of the stream are delivered before it.
    pub number: u64,
    /// When the event happened, as corrected.
    pub time: DateTime<FixedOffset>,
    /// The payload as corrected, in the newest version of its type: JSON text. `None`: as sent.
    pub data: Option<Box<str>>,
    /// The correction that was applied last.
    pub corrected_by: Option<OpenRecord>,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Delivered {
    record: OpenRecord,
    in_force: Option<Box<InForce>>,
}

impl Delivered {
    /// A record as it was told.
    pub fn told(record: OpenRecord) -> Self {
        Self { record, in_force: None }
    }

    /// A record in force.
    pub fn in_force(record: OpenRecord, in_force: InForce) -> Self {
        Self { record, in_force: Some(Box::new(in_force)) }
    }

    /// The record as it was told.
    pub fn record(&self) -> &OpenRecord {
        &self.record
    }

    /// The stream that it is delivered in.
    pub fn stream(&self) -> &StreamName {
        self.in_force.as_ref().map_or(&self.record.stream, |in_force| &in_force.stream)
    }

    /// Its number in that stream.
    pub fn number(&self) -> u64 {
        self.in_force.as_ref().map_or(self.record.revision.0, |in_force| in_force.number)
    }

    /// When the event happened.
    pub fn time(&self) -> DateTime<FixedOffset> {
        self.in_force.as_ref().map_or(self.record.event().time, |in_force| in_force.time)
    }

    /// When what it says was recorded: the record, or the correction that was applied last.
    pub fn created(&self) -> RecordedTime {
        self.corrected_by().unwrap_or(&self.record).recorded_at
    }

    /// The payload as corrected. `None`: as sent.
    pub fn corrected_data(&self) -> Option<&str> {
        self.in_force.as_ref()?.data.as_deref()
    }

    /// The correction that was applied last.
    pub fn corrected_by(&self) -> Option<&OpenRecord> {
        self.in_force.as_ref()?.corrected_by.as_ref()
    }

    /// How far the log is read with this record. `None`: records in force come by streams, so the
    /// log is read with the last of them.
    pub fn log_position(&self) -> Option<Position> {
        self.in_force.is_none().then_some(self.record.position)
    }
}
