//! The records the credit reads, in order, up to the date of the answer.
//! Always: nothing after the death, after today (unless projected) or after `at` is in it.
//! Rules: the section "History" of the credit rules.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::answer::RecordRead;
use super::query::CreditQuery;
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{History, Item};
use crate::domain::time::calendar;
use crate::domain::time::dates::{DateRun, DateSet, WRITABLE_MAX};
use crate::domain::vocabulary::fact::Fact;

/// The place of a record in the order of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RecordIndex(usize);

/// One record.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimelineRecord<'a> {
    pub index: RecordIndex,
    pub date: NaiveDate,
    pub instant: DateTime<Utc>,
    pub id: &'a str,
    pub item: &'a Item,
    pub fact: &'a Fact,
}

/// DateSet with the records that open and close them. The run may hold no date: what began and
/// ended within a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub run: DateRun,
    pub depends_on: Vec<RecordIndex>,
}

impl Span {
    /// The dates of all.
    pub fn dates(spans: &[Self]) -> DateSet {
        DateSet::new(spans.iter().map(|span| span.run))
    }
}

/// The records up to the date of the answer.
#[derive(Debug)]
pub(super) struct Timeline<'a> {
    pub records: Vec<TimelineRecord<'a>>,
    /// The last date that counts.
    pub at: NaiveDate,
    /// The death that made it the last one.
    pub death: Option<RecordIndex>,
    /// Whether dates after today count.
    pub projected: bool,
}

impl<'a> Timeline<'a> {
    pub fn new(history: &'a History, query: &CreditQuery, findings: &mut Vec<Finding>) -> Self {
        let asked = query.at.date().min(WRITABLE_MAX);
        let at = if query.project { asked } else { asked.min(query.today) };
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
            .take_while(|record| record.date <= at)
            .collect();
        let death = records.iter().find(|record| matches!(record.fact, Fact::Died)).copied();
        let Some(death) = death else {
            return Self { records, at, death: None, projected: at > query.today };
        };
        let after = records.split_off(records.partition_point(|record| record.date <= death.date));
        findings.extend(after.iter().map(|late| Finding {
            code: FindingCode::RecordAfterDeath,
            message: format!(
                "Recorded as happening on {}, after the death on {}; it is left out.",
                late.date, death.date
            ),
            events: vec![death.id.to_owned(), late.id.to_owned()],
        }));
        let projected = death.date > query.today;
        Self { records, at: death.date, death: Some(death.index), projected }
    }

    /// The ids of these records, each once, in order.
    pub fn ids(&self, places: impl IntoIterator<Item = RecordIndex>) -> Vec<String> {
        let places: BTreeSet<RecordIndex> = places.into_iter().collect();
        places.into_iter().map(|index| self.records[index.0].id.to_owned()).collect()
    }

    /// Every record, as it stands.
    pub fn records_read(&self) -> Vec<RecordRead> {
        let read = |record: &TimelineRecord| RecordRead {
            id: record.id.to_owned(),
            source: record.item.event().key.source.to_string(),
            kind: record.item.kind().code(),
            time: calendar::local_time(record.instant).fixed_offset(),
        };
        self.records.iter().map(read).collect()
    }

    /// A finding that rests on these records.
    pub fn finding(
        &self,
        code: FindingCode,
        places: impl IntoIterator<Item = RecordIndex>,
        message: impl Into<String>,
    ) -> Finding {
        Finding { code, message: message.into(), events: self.ids(places) }
    }
}

/// Whether the credit reads records of this type at all. Clinical ones it never names: its
/// readers may not know of them.
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
