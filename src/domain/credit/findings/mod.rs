//! The findings of the credit: contradictions and gaps in the records that a reader must know of.
//! Always: a finding never blocks the count; each stands once, by code and then by its records in
//! their order.
//! Rules: "Findings" of the credit rules; those about custody, stays and deaths as the continuity
//! rules define them.

mod custody;
mod modality;
mod sentence;

use super::answer::ModalityCredit;
use super::work::{CreditInput, WorkedModality};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{DatedFact, History, finding_about, put_in_order};
use crate::domain::vocabulary::fact::Fact;
use crate::domain::vocabulary::registry::Registry;

/// All findings about a history, in their order.
pub(super) fn findings(
    history: &History,
    input: &CreditInput<'_>,
    worked: &[WorkedModality<'_, '_>],
    answers: &[ModalityCredit],
    registry: &Registry,
) -> Vec<Finding> {
    let (at, records) = (input.counted.at, &input.counted.records);
    let mut findings = history.findings.clone();
    findings.extend(input.stays.findings(at));
    findings.extend(input.stays.attest_findings(records, at, input.query.presence_rule()));
    findings.extend(custody::findings(records));
    findings.extend(sentence::findings(input, worked));
    findings.extend(modality::findings(input, worked, answers));
    findings.extend(record_after_death(input));
    findings.extend(unknown_codes(input, registry));
    put_in_order(&mut findings, history, records);
    findings
}

/// Records dated after the death. Ends, closings, releases, revocations and attests may come later.
fn record_after_death(input: &CreditInput<'_>) -> Option<Finding> {
    let death = input.counted.death?;
    let may_come_later = |fact: &Fact| {
        fact.is_death()
            || fact.closes_stay()
            || matches!(
                fact,
                Fact::Attested(_)
                    | Fact::ModalityEnded(_)
                    | Fact::Revoked(_)
                    | Fact::Released(_)
                    | Fact::AbsenceEnded(_)
                    | Fact::StayAbsenceEnded(_)
                    | Fact::HousingLeft(_)
            )
    };
    let late: Vec<DatedFact> = input
        .counted
        .after_death
        .iter()
        .filter(|record| !may_come_later(record.fact))
        .copied()
        .collect();
    let first = late.first()?;
    let message = "Records are dated after the death; they do not count.";
    let finding =
        finding_about(FindingCode::RecordAfterDeath, message, &[&[death][..], &late].concat());
    Some(
        finding
            .with("diedOn", death.date.to_string())
            .with("firstOn", first.date.to_string())
            .with("count", late.len()),
    )
}

/// One finding for each code that no register knows, with all records that name it.
fn unknown_codes(input: &CreditInput<'_>, registry: &Registry) -> Vec<Finding> {
    let records = input.counted.records.iter().chain(&input.counted.after_death);
    let stated = records.map(|record| (record.name(), record.fact));
    let unknown = registry.unknown(stated).into_iter();
    unknown
        .map(|(message, records)| Finding::new(FindingCode::UnknownCode, message, records))
        .collect()
}
