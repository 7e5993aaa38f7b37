//! The records behind an answer: those that were read, and those that were corrected or annulled.
//! Always: only judicial and attested records stand here.
//! Form: `records` and `changes` of the credit.

use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::credit::records::{CreditRecords, is_read};
use crate::domain::event::OpenRecord;
use crate::domain::finding::RecordName;
use crate::domain::history::{DatedFact, History, Item};
use crate::domain::id::RecordedTime;
use crate::domain::time::calendar;

/// A record that the computation read, after corrections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordRead {
    /// The name of the record.
    #[serde(flatten)]
    pub name: RecordName,
    /// The type of the record.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When the event happened, by the clock in Belgium.
    pub time: DateTime<FixedOffset>,
}

/// A record that corrections changed or annulments put out of force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordChange {
    /// The name of the record.
    #[serde(flatten)]
    pub name: RecordName,
    /// The type of the record.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The event as it was sent first.
    pub before: StatedContent,
    /// The event as it stands; absent when it is annulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<StatedContent>,
    /// The corrections in force, in the order in which they apply.
    pub corrected_by: Vec<ActingChange>,
    /// The annulments in force.
    pub annulled_by: Vec<ActingChange>,
}

/// What an event states: when it happened, and its payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct StatedContent {
    pub time: DateTime<FixedOffset>,
    pub data: Map<String, Value>,
}

/// A correction or annulment, with the time from which it acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct ActingChange {
    #[serde(flatten)]
    pub name: RecordName,
    pub recordedtime: RecordedTime,
}

/// The records that count, as the answer lists them.
pub(in crate::domain::credit) fn records_read(counted: &CreditRecords<'_>) -> Vec<RecordRead> {
    let read = |record: &DatedFact| RecordRead {
        name: record.name(),
        kind: record.item.kind().code(),
        time: calendar::local_time(record.instant).fixed_offset(),
    };
    counted.records.iter().map(read).collect()
}

/// The corrected and annulled records of a history, in order.
pub(in crate::domain::credit) fn changes(history: &History) -> Vec<RecordChange> {
    let by = |records: &[OpenRecord]| -> Vec<ActingChange> {
        let by = |record: &OpenRecord| ActingChange {
            name: RecordName::of(record),
            recordedtime: record.recorded_at,
        };
        records.iter().map(by).collect()
    };
    let change = |item: &Item| RecordChange {
        name: RecordName::of(&item.recorded),
        kind: item.kind().code(),
        before: StatedContent { time: item.event().time, data: item.event().data() },
        after: item
            .in_force()
            .then(|| StatedContent { time: item.time, data: item.data().into_owned() }),
        corrected_by: by(&item.corrected_by),
        annulled_by: by(&item.annulled_by),
    };
    let changed =
        |item: &&Item| is_read(item) && !(item.corrected_by.is_empty() && item.in_force());
    history.items.iter().filter(changed).map(change).collect()
}
