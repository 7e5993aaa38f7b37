//! Contradictions and gaps in the records that a reader of the trajectory must know of.
//! Always: a finding blocks no answer.
//! Rules: the section "Findings" of the continuity rules.

mod beginnings;
mod credit;
mod doses;
mod unset_dates;

use self::credit::CreditFindings;
use super::clock::AnswerClock;
use super::order::CountedRecords;
use super::substitution::FollowedSubstitution;
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{History, record_after_death};
use crate::domain::stays::Stays;
use crate::domain::time::calendar::date_of;
use crate::domain::vocabulary::registry::Registry;

/// The findings that this fold makes: those of custody, and all others.
pub(super) fn findings(
    counted: &CountedRecords,
    of_custody: Vec<Finding>,
    followed: &FollowedSubstitution,
    stays: &Stays,
    clock: &AnswerClock,
) -> Vec<Finding> {
    let mut findings = of_custody;
    doses::of_records(followed.now.records, followed.now.rules, &mut findings);
    doses::compared(followed, &mut findings);
    findings.extend(beginnings::beginnings_missing(&counted.records));
    findings.extend(beginnings::ids_of_two_things(&counted.records));
    findings.extend(unset_dates::findings(counted));
    findings.extend(record_after_death(counted.death, &counted.after_death));
    findings.extend(stays.findings(date_of(clock.now())));
    findings
}

/// The findings that others make: the registers and the credit.
pub(super) struct OtherFindings<'h>(Option<(&'h Registry, CreditFindings<'h>)>);

impl<'h> OtherFindings<'h> {
    /// No such findings.
    pub const NONE: Self = Self(None);

    /// The findings about a history.
    pub fn new(history: &'h History, registry: &'h Registry) -> Self {
        Self(Some((registry, CreditFindings::new(history, registry))))
    }

    /// The findings at the present of a clock.
    pub fn at(&self, counted: &CountedRecords, clock: &AnswerClock) -> Vec<Finding> {
        let Some((registry, credit)) = &self.0 else { return Vec::new() };
        let mut findings = of_registers(counted, registry);
        findings.extend(credit.at(clock));
        findings
    }
}

/// Findings about codes that no register knows, and about places that were not open.
fn of_registers(counted: &CountedRecords, registry: &Registry) -> Vec<Finding> {
    let stated = || counted.records.iter().chain(&counted.after_death);
    let unknown = registry.unknown(stated().map(|record| (record.name(), record.fact)));
    let unknown = unknown
        .into_iter()
        .map(|(message, records)| Finding::new(FindingCode::UnknownCode, message, records));
    let closed = registry.closed(stated().map(|record| (record.name(), record.date, record.fact)));
    let closed = closed.into_iter().map(|(closure, record)| {
        Finding::new(FindingCode::FacilityClosed, closure.message(), vec![record])
    });
    unknown.chain(closed).collect()
}
