//! The records that the credit reads, in the order of the history, up to the last date that counts.
//! Always: no record is later than the date asked for, today (unless projected), or the death.
//! Rules: a record counts on the civil date of its `time` after corrections; the first record of a
//! death ends the count on the date of the death.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::answer::RecordRead;
use super::query::CreditQuery;
use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::history::{History, Item};
use crate::domain::time::calendar;
use crate::domain::time::dates::{DateRun, DateSet, WRITABLE_MAX};
use crate::domain::vocabulary::fact::Fact;

/// The index of a record among the records that the credit reads, in the order of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RecordIndex(usize);

/// One record that the credit reads, with its date and what it states.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimelineRecord<'a> {
    pub index: RecordIndex,
    /// The civil date of `instant`.
    pub date: NaiveDate,
    pub instant: DateTime<Utc>,
    /// The sender's id of the event.
    pub id: &'a str,
    pub item: &'a Item,
    pub fact: &'a Fact,
}

/// A run of dates with the records that start and end it. The run can be empty (its last date
/// before its first), for example for an absence that began and ended on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub run: DateRun,
    pub depends_on: Vec<RecordIndex>,
}

impl Span {
    /// The dates of all spans together.
    pub fn dates(spans: &[Self]) -> DateSet {
        DateSet::new(spans.iter().map(|span| span.run))
    }
}

/// All records that the credit reads, up to the last date that counts.
#[derive(Debug)]
pub(super) struct Timeline<'a> {
    pub records: Vec<TimelineRecord<'a>>,
    /// The last date that counts: the earliest of the date asked for, today (unless projected) and
    /// the death.
    pub last_date: NaiveDate,
    /// The record of the death, if the death is what sets `last_date`.
    pub death: Option<RecordIndex>,
    /// Whether dates after today count.
    pub projected: bool,
}

impl<'a> Timeline<'a> {
    pub fn new(history: &'a History, query: &CreditQuery, findings: &mut Vec<Finding>) -> Self {
        let asked = query.at.date().min(WRITABLE_MAX);
        let last_date = if query.project { asked } else { asked.min(query.today) };
        let mut records: Vec<TimelineRecord> = history
            .facts()
            .filter(|(_, fact)| is_read(fact))
            .enumerate()
            .map(|(index, (item, fact))| TimelineRecord {
                index: RecordIndex(index),
                date: item.date(),
                instant: item.instant(),
                id: item.id(),
                item,
                fact,
            })
            .take_while(|record| record.date <= last_date)
            .collect();
        let death = records.iter().find(|record| matches!(record.fact, Fact::Died)).copied();
        let Some(death) = death else {
            return Self { records, last_date, death: None, projected: last_date > query.today };
        };
        let after = records.split_off(records.partition_point(|record| record.date <= death.date));
        findings.extend(after.iter().map(|late| {
            let message = format!(
                "This event has the date {}, after the death on {}; the count leaves it out.",
                late.date, death.date
            );
            let records =
                [death, *late].map(|record| RecordName::of(&record.item.recorded)).to_vec();
            Finding::new(FindingCode::RecordAfterDeath, message, records)
        }));
        let projected = death.date > query.today;
        Self { records, last_date: death.date, death: Some(death.index), projected }
    }

    /// The ids of these records, each once, in the order of the history.
    pub fn ids(&self, indexes: impl IntoIterator<Item = RecordIndex>) -> Vec<String> {
        let indexes: BTreeSet<RecordIndex> = indexes.into_iter().collect();
        indexes.into_iter().map(|index| self.records[index.0].id.to_owned()).collect()
    }

    /// Every record of the timeline, as the answer lists it.
    pub fn records_read(&self) -> Vec<RecordRead> {
        let read = |record: &TimelineRecord| RecordRead {
            id: record.id.to_owned(),
            source: record.item.event().key.source.to_string(),
            kind: record.item.kind().code(),
            time: calendar::local_time(record.instant).fixed_offset(),
        };
        self.records.iter().map(read).collect()
    }

    /// A finding that names these records.
    pub fn finding(
        &self,
        code: FindingCode,
        indexes: impl IntoIterator<Item = RecordIndex>,
        message: impl Into<String>,
    ) -> Finding {
        let indexes: BTreeSet<RecordIndex> = indexes.into_iter().collect();
        let names = indexes.iter().map(|index| &self.records[index.0].item.recorded);
        Finding::new(code, message, names.map(RecordName::of).collect())
    }
}

/// Whether the credit reads records of this type. Clinical types are left out, because not every
/// reader of a credit is allowed to know that such a record exists.
pub(super) fn is_read(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Arrived(_)
            | Fact::Transferred(_)
            | Fact::AbsenceStarted(_)
            | Fact::AbsenceEnded(_)
            | Fact::Released(_)
            | Fact::Pronounced(_)
            | Fact::DetentionImputed(_)
            | Fact::Granted(_)
            | Fact::ModalitySuspended(_)
            | Fact::SuspensionLifted(_)
            | Fact::ModalityEnded(_)
            | Fact::Revoked(_)
            | Fact::Admitted(_)
            | Fact::StayAbsenceStarted(_)
            | Fact::StayAbsenceEnded(_)
            | Fact::StayCompleted(_)
            | Fact::DroppedOut(_)
            | Fact::StayTransferred(_)
            | Fact::Attested(_)
            | Fact::Died
    )
}
