//! The records that the credit reads, in their order, up to the last date that counts.
//! Always: no record is later than the date asked for, today (unless projected), or the death.
//! Rules: the section "History" of the credit rules.

use chrono::NaiveDate;

use super::query::CreditQuery;
use crate::domain::finding::RecordName;
use crate::domain::history::{CreditTurns, DatedFact, History, Item, in_order, up_to_death};
use crate::domain::time::dates::WRITABLE_MAX;
use crate::domain::vocabulary::kind::Class;

/// The records that count for one question.
#[derive(Debug)]
pub(super) struct CreditRecords<'a> {
    /// The records dated up to `at`, in their order. A record's `place` is its index here.
    pub records: Vec<DatedFact<'a>>,
    /// The last date that counts: the earliest of the date asked for, today (unless projected) and
    /// the death.
    pub at: NaiveDate,
    /// The first record of the death, if the person died by `at`.
    pub death: Option<DatedFact<'a>>,
    /// The records dated after the death and up to the date asked for.
    pub after_death: Vec<DatedFact<'a>>,
    /// Whether dates after today count.
    pub projected: bool,
}

impl<'a> CreditRecords<'a> {
    /// The records of a history that count for a question.
    pub fn of(history: &'a History, query: &CreditQuery) -> Self {
        let asked = query.at.date().min(WRITABLE_MAX);
        let asked = if query.project { asked } else { asked.min(query.today) };
        let counts = |item: &Item| is_read(item) && item.date <= asked;
        let facts = history.facts().filter(|(item, _)| counts(item));
        let split = up_to_death(in_order(facts, &mut CreditTurns::default()));
        let at = split.death.map_or(asked, |death| death.date);
        Self {
            records: split.records,
            at,
            death: split.death,
            after_death: split.after,
            projected: at > query.today,
        }
    }

    /// The names of the records at these places, each once, in their order.
    pub fn names(&self, mut places: Vec<usize>) -> Vec<RecordName> {
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| self.records[place].name()).collect()
    }
}

/// Whether the credit reads a record: only judicial and attested records. Not every reader of a
/// credit is allowed to know that a clinical record exists.
pub(super) fn is_read(item: &Item) -> bool {
    matches!(item.kind().class(), Some(Class::Judicial | Class::Attested))
}
