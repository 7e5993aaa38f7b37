//! The records the credit reads, in order, up to the date of the answer.
//! Always: nothing after the death, after today (unless projected) or after `at` is in it.
//! Rules: the section "History" of the credit rules.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::answer::RecordRead;
use super::query::Query;
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{History, Item};
use crate::domain::time::calendar;
use crate::domain::time::dates::{Dates, Run, WRITABLE_MAX};
use crate::domain::vocabulary::fact::Fact;

/// The place of a record in the order of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place(usize);

/// One record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub place: Place,
    pub date: NaiveDate,
    pub instant: DateTime<Utc>,
    pub id: &'a str,
    pub item: &'a Item,
    pub fact: &'a Fact,
}

/// Dates with the records that open and close them. The run may hold no date: what began and
/// ended within a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub run: Run,
    pub depends_on: Vec<Place>,
}

impl Span {
    /// The dates of all.
    pub fn dates(spans: &[Self]) -> Dates {
        Dates::new(spans.iter().map(|span| span.run))
    }
}

/// The records up to the date of the answer.
#[derive(Debug)]
pub(super) struct Timeline<'a> {
    pub told: Vec<Told<'a>>,
    /// The last date that counts.
    pub at: NaiveDate,
    /// The death that made it the last one.
    pub death: Option<Place>,
    /// Whether dates after today count.
    pub projected: bool,
}

impl<'a> Timeline<'a> {
    pub fn new(history: &'a History, query: &Query, findings: &mut Vec<Finding>) -> Self {
        let asked = query.at.date().min(WRITABLE_MAX);
        let at = if query.project { asked } else { asked.min(query.today) };
        let mut told: Vec<Told> = history
            .facts()
            .filter(|(_, fact)| is_read(fact))
            .enumerate()
            .map(|(place, (item, fact))| Told {
                place: Place(place),
                date: item.date(),
                instant: item.instant(),
                id: item.id(),
                item,
                fact,
            })
            .take_while(|told| told.date <= at)
            .collect();
        let death = told.iter().find(|told| matches!(told.fact, Fact::Died)).copied();
        let Some(death) = death else {
            return Self { told, at, death: None, projected: at > query.today };
        };
        let after = told.split_off(told.partition_point(|told| told.date <= death.date));
        findings.extend(after.iter().map(|late| Finding {
            code: FindingCode::RecordAfterDeath,
            message: format!(
                "Recorded as happening on {}, after the death on {}; it is left out.",
                late.date, death.date
            ),
            events: vec![death.id.to_owned(), late.id.to_owned()],
        }));
        let projected = death.date > query.today;
        Self { told, at: death.date, death: Some(death.place), projected }
    }

    /// The ids of these records, each once, in order.
    pub fn ids(&self, places: impl IntoIterator<Item = Place>) -> Vec<String> {
        let places: BTreeSet<Place> = places.into_iter().collect();
        places.into_iter().map(|place| self.told[place.0].id.to_owned()).collect()
    }

    /// Every record, as it stands.
    pub fn records(&self) -> Vec<RecordRead> {
        let read = |told: &Told| RecordRead {
            id: told.id.to_owned(),
            source: told.item.recorded.event.key.source.to_string(),
            kind: told.item.kind().code(),
            time: calendar::local_time(told.instant).fixed_offset(),
        };
        self.told.iter().map(read).collect()
    }

    /// A finding that rests on these records.
    pub fn finding(
        &self,
        code: FindingCode,
        places: impl IntoIterator<Item = Place>,
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
