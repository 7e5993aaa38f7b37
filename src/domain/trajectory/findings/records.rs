//! Records without a real date, and records after a death.
//! Always: a finding names the records and says nothing about their content.
//! Rules: `unsetDate` and `recordAfterDeath` in the section "Findings" of the continuity rules.

use chrono::NaiveDate;

use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::history::{DatedFact, Item, finding_about};
use crate::domain::trajectory::order::{CountedRecords, is_unset, set_instant};
use crate::domain::vocabulary::fact::Fact;
use crate::domain::vocabulary::kind::{Class, Kind};

/// Records with a `time`, or with a member of their payload, that was never set.
pub(super) fn unset_dates(counted: &CountedRecords) -> Vec<Finding> {
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

/// Records dated after a death that a death does not explain.
pub(super) fn after_death(counted: &CountedRecords) -> Option<Finding> {
    let supposes_life = |record: &&DatedFact| {
        let kind = record.item.kind();
        let is_explained = matches!(
            kind,
            Kind::ResidentialAttested
                | Kind::ModalityEnded
                | Kind::ModalityRevoked
                | Kind::DetentionReleased
                | Kind::SubstitutionStopped
                | Kind::DeathRecorded
                | Kind::DeathCauseRecorded
        );
        !is_explained && kind.class() != Some(Class::System) && !record.fact.is_ending()
    };
    let later: Vec<DatedFact> = counted.after_death.iter().filter(supposes_life).copied().collect();
    let death = counted.death.filter(|_| !later.is_empty())?;
    let records: Vec<DatedFact> = [death].into_iter().chain(later).collect();
    let message = "Records dated after the death do not count.";
    Some(finding_about(FindingCode::RecordAfterDeath, message, &records))
}
