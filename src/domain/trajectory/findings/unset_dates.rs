//! Dates that were never set.
//! Always: a finding names the records and says nothing about their content.
//! Rules: `unsetDate` in the section "Findings" of the continuity rules.

use chrono::NaiveDate;

use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::history::Item;
use crate::domain::trajectory::order::{CountedRecords, is_unset, set_instant};
use crate::domain::vocabulary::fact::Fact;

/// The findings about records with a `time`, or with a member of their payload, that was never set.
pub(super) fn findings(counted: &CountedRecords) -> Vec<Finding> {
    let all = counted.records.iter().chain(&counted.after_death);
    let members = all.filter(|record| has_unset_member(record.fact)).map(|record| record.item);
    let finding = |item: &Item| {
        let message = "A date before 1900 was never set; it counts in nothing.";
        Finding::new(FindingCode::UnsetDate, message, vec![RecordName::of(&item.recorded)])
    };
    counted.undated.iter().copied().chain(members).map(finding).collect()
}

/// Whether a date of the payload was never set.
fn has_unset_member(fact: &Fact) -> bool {
    let dates: Vec<Option<NaiveDate>> = match fact {
        Fact::Pronounced(fact) => {
            vec![fact.starts_on, fact.ends_on, fact.facts_from, fact.facts_to]
        }
        Fact::DetentionImputed(fact) => vec![fact.from, fact.to],
        Fact::Granted(fact) => vec![fact.starts_on, fact.probation_ends_on],
        Fact::Revoked(fact) => vec![fact.effective_on],
        Fact::Attested(fact) => vec![Some(fact.from), Some(fact.to)],
        Fact::ReleasePrepared(fact) => vec![Some(fact.expected_on)],
        Fact::CareVerified(fact) => vec![fact.since],
        Fact::InsuranceRecorded(fact) => vec![fact.from],
        Fact::ConsentGiven(fact) => vec![fact.valid_until],
        Fact::Verified(fact) => return set_instant(fact.last_dose_at.to_utc()).is_none(),
        Fact::HandoverSent(fact) => return set_instant(fact.last_dose_at.to_utc()).is_none(),
        _ => return false,
    };
    dates.into_iter().flatten().any(is_unset)
}
