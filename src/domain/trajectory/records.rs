//! A record as the trajectory reads it, and a finding that names records.
//! Always: a finding carries the ids of its records and nothing of their content.
//! Form: `findings` of the trajectory in the HTTP contract.

use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::history::Item;
use crate::domain::vocabulary::fact::Fact;

/// A record in force, and the fact that the record states.
pub type StatedFact<'a> = (&'a Item, &'a Fact);

/// A finding about these records.
pub fn finding_about(code: FindingCode, message: &str, items: &[&Item]) -> Finding {
    let records = items.iter().map(|item| RecordName::of(&item.recorded)).collect();
    Finding::new(code, message, records)
}
