//! Records without a real date, records after a death, and ids that mean two things.
//! Always: a finding names the records and says nothing about their content.
//! Rules: `unsetDate`, `recordAfterDeath` and `idMeansTwoThings` in the section "Findings" of the
//! continuity rules.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::history::{DatedFact, ScopedId, finding_about};
use crate::domain::trajectory::order::{CountedRecords, is_ending, is_unset, set_instant};
use crate::domain::vocabulary::fact::{Fact, Id};
use crate::domain::vocabulary::kind::{Class, Kind};

/// Records with a `time`, or with a member of their payload, that was never set.
pub(super) fn unset_dates(counted: &CountedRecords, findings: &mut Vec<Finding>) {
    let message = "A date before 1900 was never set; it counts in nothing.";
    let undated = counted.undated.iter().map(|item| {
        let records = vec![RecordName::of(&item.recorded)];
        Finding::new(FindingCode::UnsetDate, message, records)
    });
    findings.extend(undated);
    let all = counted.records.iter().chain(&counted.after_death);
    let members = all.filter(|record| has_unset_member(record.fact));
    findings.extend(members.map(|one| finding_about(FindingCode::UnsetDate, message, &[*one])));
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
        let is_closing = matches!(
            kind,
            Kind::ResidentialAttested
                | Kind::ModalityEnded
                | Kind::ModalityRevoked
                | Kind::DetentionReleased
                | Kind::SubstitutionStopped
        );
        !record.fact.is_death()
            && kind.class() != Some(Class::System)
            && !is_closing
            && !is_ending(record.fact)
    };
    let later: Vec<DatedFact> = counted.after_death.iter().filter(supposes_life).copied().collect();
    let death = counted.death.filter(|_| !later.is_empty())?;
    let records: Vec<DatedFact> = [death].into_iter().chain(later).collect();
    let message = "Records dated after the death do not count.";
    Some(finding_about(FindingCode::RecordAfterDeath, message, &records))
}

/// Two senders that begin different things under one id of one stream.
pub(super) fn ids_of_two_things(records: &[DatedFact]) -> Vec<Finding> {
    let mut begun: HashMap<(&str, ScopedId), Vec<DatedFact>> = HashMap::new();
    for record in records {
        if let Some((name, id)) = begun_id(record.fact) {
            begun.entry((name, record.scoped(id))).or_default().push(*record);
        }
    }
    let finding = |records: Vec<DatedFact>| {
        let data: Vec<_> = records.iter().map(|record| record.item.data()).collect();
        let source = |index: usize| &records[index].item.event().key.source;
        let differs = |index: &usize| {
            (0..records.len())
                .any(|other| source(other) != source(*index) && data[other] != data[*index])
        };
        let differing: Vec<DatedFact> =
            (0..records.len()).filter(differs).map(|index| records[index]).collect();
        let message = "Two senders began different things under one id.";
        (!differing.is_empty())
            .then(|| finding_about(FindingCode::IdMeansTwoThings, message, &differing))
    };
    begun.into_values().filter(|records| records.len() > 1).filter_map(finding).collect()
}

/// The id under which a record begins something, and the name of its member.
fn begun_id(fact: &Fact) -> Option<(&'static str, &Id)> {
    Some(match fact {
        Fact::Admitted(fact) => ("stay", &fact.stay),
        Fact::Granted(fact) => ("modality", &fact.modality),
        Fact::Prescribed(fact) => ("prescription", &fact.prescription),
        Fact::HandoverSent(fact) => ("handover", &fact.handover),
        Fact::Referred(fact) => ("referral", &fact.referral),
        Fact::TreatmentStarted(fact) => ("episode", &fact.episode),
        Fact::Enrolled(fact) => ("enrolment", &fact.enrolment),
        Fact::UnitPlaced(fact) => ("placement", &fact.placement),
        Fact::HousingPlaced(fact) => ("placement", &fact.placement),
        _ => return None,
    })
}
