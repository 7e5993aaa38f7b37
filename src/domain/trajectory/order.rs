//! The records that count at an instant, in the order of this fold.
//! Always: a record counts if its `time` has come; a record without a real date counts in nothing
//! but its finding; a record dated after a death counts in nothing but its finding.
//! Rules: the section "Words" of the continuity rules.

use crate::domain::history::{
    ContinuityTurns, DatedFact, History, Item, in_order, is_unset, up_to_death,
};
use crate::domain::time::calendar::At;

/// The records that count at an instant.
#[derive(Debug)]
pub(super) struct CountedRecords<'a> {
    /// The records in order, up to the date of a death.
    pub records: Vec<DatedFact<'a>>,
    /// The first record that says that the person died.
    pub death: Option<DatedFact<'a>>,
    /// The records dated after the death.
    pub after_death: Vec<DatedFact<'a>>,
    /// The records whose `time` was never set.
    pub undated: Vec<&'a Item>,
}

impl<'a> CountedRecords<'a> {
    /// The records that count at an instant.
    pub fn at(history: &'a History, at: At) -> Self {
        let come = history.facts().filter(|(item, _)| item.has_come(at));
        let (undated, dated): (Vec<_>, Vec<_>) = come.partition(|(item, _)| is_unset(item.date));
        let ordered = up_to_death(in_order(dated, &mut ContinuityTurns::default()));
        Self {
            records: ordered.records,
            death: ordered.death,
            after_death: ordered.after,
            undated: undated.into_iter().map(|(item, _)| item).collect(),
        }
    }
}
