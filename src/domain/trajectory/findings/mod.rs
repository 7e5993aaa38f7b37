//! Contradictions and gaps in the records that a reader of the trajectory must know of.
//! Always: a finding blocks no answer.
//! Rules: the section "Findings" of the continuity rules.

mod beginnings;
mod credit;
mod doses;

use self::credit::CreditFindings;
use super::clock::AnswerClock;
use super::order::CountedRecords;
use super::substitution::FollowedSubstitution;
use crate::domain::credit::Credit;
use crate::domain::finding::Finding;
use crate::domain::history::{
    DatedFact, History, closed_places, record_after_death, unknown_codes, unset_dates,
};
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
    let all = counted.records.iter().chain(&counted.after_death);
    let items = all.map(|record: &DatedFact| record.item).chain(counted.undated.iter().copied());
    let message = "A date before 1900 was never set; it counts in nothing.";
    findings.extend(unset_dates(items, message));
    findings.extend(record_after_death(counted.death, &counted.after_death));
    findings.extend(stays.findings(date_of(clock.now())));
    findings
}

/// The findings that others make: the registers and the credit.
pub(super) struct OtherFindings<'h> {
    registry: &'h Registry,
    credit: Option<CreditFindings<'h>>,
    /// Whether the clock of an answer learns when these findings change.
    tells_clock: bool,
}

impl<'h> OtherFindings<'h> {
    /// The findings about a history, for one answer.
    pub fn once(history: &'h History, registry: &'h Registry, credit: Option<&Credit>) -> Self {
        Self { registry, credit: CreditFindings::new(history, credit), tells_clock: false }
    }

    /// The findings about a history, for answers that say when they change.
    pub fn until(history: &'h History, registry: &'h Registry, credit: Option<&Credit>) -> Self {
        Self { tells_clock: true, ..Self::once(history, registry, credit) }
    }

    /// The findings at the present of a clock.
    pub fn at(&self, counted: &CountedRecords, clock: &AnswerClock) -> Vec<Finding> {
        let stated = || counted.records.iter().chain(&counted.after_death);
        let mut findings = unknown_codes(stated(), self.registry);
        findings.extend(closed_places(stated(), self.registry));
        findings.extend(self.credit.iter().flat_map(|credit| match self.tells_clock {
            true => credit.until(clock),
            false => credit.by(clock.now()),
        }));
        findings
    }
}
