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
use crate::domain::finding::Finding;
use crate::domain::history::{
    History, put_in_order, record_after_death, unknown_codes, unset_dates,
};
use crate::domain::vocabulary::registry::Registry;

/// All findings about a history, in their order. `answers` are the answers about the modalities.
pub(super) fn findings(
    history: &History,
    input: &CreditInput<'_>,
    worked: &[WorkedModality<'_, '_>],
    answers: &[ModalityCredit],
    registry: &Registry,
) -> Vec<Finding> {
    let records = &input.counted.records;
    let mut findings = history.findings.clone();
    findings.extend(input.stays.findings(input.counted.at));
    findings.extend(custody::findings(records));
    findings.extend(sentence::findings(input, worked));
    findings.extend(about_modalities(input, worked));
    findings.extend(modality::decision_mismatches(input, worked, answers));
    findings.extend(record_after_death(input.counted.death, &input.counted.after_death));
    let stated = records.iter().chain(&input.counted.after_death);
    findings.extend(unknown_codes(stated.clone(), registry));
    let message = "A date before 1900 was never set; the figures take it as it stands.";
    findings.extend(unset_dates(stated.map(|record| record.item), message));
    put_in_order(&mut findings, history, records);
    findings
}

/// The findings about attests and modalities that need no figure of a reading, in no order.
pub(super) fn about_modalities(
    input: &CreditInput<'_>,
    worked: &[WorkedModality<'_, '_>],
) -> Vec<Finding> {
    let (at, records) = (input.counted.at, &input.counted.records);
    let mut findings = input.stays.attest_findings(records, at, input.query.presence_rule());
    findings.extend(modality::findings(input, worked));
    findings
}
