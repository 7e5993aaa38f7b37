//! The death of a person, and the records dated after it.
//! Always: a record dated after the death counts in nothing but a finding.
//! Rules: "History" of the credit rules; "Death" in the section "Words", and the finding
//! `recordAfterDeath`, of the continuity rules.

use super::dated::{DatedFact, finding_about};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::vocabulary::kind::Class;

/// Records up to a death, the death, and the records dated after it.
#[derive(Debug)]
pub struct UpToDeath<'a> {
    /// The records dated on or before the death; all records if there is no death.
    pub records: Vec<DatedFact<'a>>,
    /// The first record that says that the person died.
    pub death: Option<DatedFact<'a>>,
    /// The records dated after the death.
    pub after: Vec<DatedFact<'a>>,
}

/// Splits records in their order at the first death, whose date is the last that counts.
pub fn up_to_death(mut records: Vec<DatedFact<'_>>) -> UpToDeath<'_> {
    let death = records.iter().find(|record| record.fact.is_death()).copied();
    let after = death.map_or_else(Vec::new, |death| {
        records.split_off(records.partition_point(|record| record.date <= death.date))
    });
    UpToDeath { records, death, after }
}

/// The finding about records dated after the death, apart from those that a death explains and
/// those of the ledger itself. `after` are the records dated after it.
pub fn record_after_death(
    death: Option<DatedFact<'_>>,
    after: &[DatedFact<'_>],
) -> Option<Finding> {
    let supposes_life = |record: &&DatedFact| {
        !record.fact.may_follow_death() && record.item.kind().class() != Some(Class::System)
    };
    let late: Vec<DatedFact> = after.iter().filter(supposes_life).copied().collect();
    let (death, first) = (death?, late.first()?);
    let message = "Records are dated after the death; they do not count.";
    let records = [&[death][..], &late].concat();
    let finding = finding_about(FindingCode::RecordAfterDeath, message, &records);
    Some(
        finding
            .with("diedOn", death.date.to_string())
            .with("firstOn", first.date.to_string())
            .with("count", late.len()),
    )
}
