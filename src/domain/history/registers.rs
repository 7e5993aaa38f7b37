//! The findings about the codes of places and projects that records name.
//! Always: no record is refused because of a code; a finding names codes and dates only.
//! Rules: `unknownCode` and `facilityClosed` in the section "Findings" of the continuity rules.

use super::dated::DatedFact;
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::vocabulary::place::PlaceClosure;
use crate::domain::vocabulary::registry::Registry;

/// One finding for each code that no register knows, with all records that name the code.
pub fn unknown_codes<'a>(
    records: impl Iterator<Item = &'a DatedFact<'a>>,
    registry: &Registry,
) -> Vec<Finding> {
    let records: Vec<&DatedFact> = records.collect();
    let stated = records.iter().enumerate().map(|(number, record)| (number, record.fact));
    let finding = |(message, numbers): (String, Vec<usize>)| {
        let names = numbers.into_iter().map(|number| records[number].name()).collect();
        Finding::new(FindingCode::UnknownCode, message, names)
    };
    registry.unknown(stated).into_iter().map(finding).collect()
}

/// One finding for each record that names a place on a date on which the place was not open.
pub fn closed_places<'a>(
    records: impl Iterator<Item = &'a DatedFact<'a>>,
    registry: &Registry,
) -> Vec<Finding> {
    let closed = registry.closed(records.map(|record| (record, record.date, record.fact)));
    let finding = |(closure, record): (PlaceClosure, &DatedFact)| {
        let code = FindingCode::FacilityClosed;
        let finding = Finding::new(code, closure.message(), vec![record.name()]);
        Finding { values: closure.values(), ..finding }
    };
    closed.into_iter().map(finding).collect()
}
