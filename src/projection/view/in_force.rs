//! The records in force of one history.
//! Always: the last correction is applied, annulled records are left out, and so are corrections,
//! annulments, merges and unmerges; the order is that of the credit rules.

use super::delivered::{Delivered, InForce};
use crate::domain::history::{DatedFact, History, delivered};
use crate::domain::stream::StreamName;
use crate::domain::time::calendar::At;

/// The records in force of a history, as the stream of this name delivers them: those that had
/// happened by `at`, or all.
pub fn in_force(history: &History, stream: &StreamName, at: Option<At>) -> Vec<Delivered> {
    let records = delivered(history).into_iter();
    let records = records.filter(|record| at.is_none_or(|at| record.item.has_come(at)));
    let deliver = |(record, number): (DatedFact<'_>, u64)| {
        let item = record.item;
        let in_force = InForce {
            stream: stream.clone(),
            number,
            time: item.time,
            data: item.newest_replaced().map(String::into_boxed_str),
            corrected_by: item.corrected_by.last().cloned(),
        };
        Delivered::in_force(item.recorded.clone(), in_force)
    };
    records.zip(0..).map(deliver).collect()
}
