//! The findings about sentences and imputations.
//! Always: a finding changes no figure.
//! Rules: "Findings" of the credit rules.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::credit::base::Imputation;
use crate::domain::credit::work::{CreditInput, WorkedModality};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{DatedFact, ScopedId, finding_about};
use crate::domain::time::dates::{DateSet, days_later};

/// The findings about all sentences, and about those that count for a modality.
pub(super) fn findings(input: &CreditInput<'_>, worked: &[WorkedModality<'_, '_>]) -> Vec<Finding> {
    let mut findings = pronounced_twice(input);
    findings.extend(imputation_findings(input));
    findings.extend(worked.iter().flat_map(end_mismatches));
    findings.extend(worked.iter().filter_map(undated));
    findings
}

/// Sentences that were pronounced again with other content.
fn pronounced_twice(input: &CreditInput<'_>) -> Vec<Finding> {
    let twice = input.sentences.sentences.iter().filter(|sentence| {
        let content = |place: usize| {
            let (_, pronounced) = sentence.pronounced[place];
            (pronounced.years, pronounced.months, pronounced.days, pronounced.starts_on)
        };
        (1..sentence.pronounced.len()).any(|place| content(place) != content(0))
    });
    twice
        .map(|sentence| {
            let records: Vec<DatedFact> = sentence.pronounced.iter().map(|(r, _)| *r).collect();
            let message = "One sentence is pronounced again with other content; of the records \
                           dated up to the start of a modality the last one counts.";
            finding_about(FindingCode::SentencePronouncedTwice, message, &records)
                .with("sentence", &*sentence.id.id.0)
                .with("count", records.len())
        })
        .collect()
}

/// Imputations that name no sentence, contradict their dates, or repeat another.
fn imputation_findings(input: &CreditInput<'_>) -> Vec<Finding> {
    let pronounced: BTreeSet<ScopedId> =
        input.sentences.sentences.iter().map(|sentence| sentence.id).collect();
    let mut findings = Vec::new();
    let mut earlier: BTreeMap<(ScopedId, i64), Vec<Imputation>> = BTreeMap::new();
    for imputation in &input.sentences.imputations {
        let (record, days) = (imputation.record, imputation.days());
        if !pronounced.contains(&imputation.sentence) {
            let message = "Days are imputed to a sentence that nobody pronounced.";
            let finding = finding_about(FindingCode::ImputationElsewhere, message, &[record]);
            findings.push(finding.with("days", days));
        }
        if let Some(dates) = imputation.dates()
            && imputation.agreeing_dates().is_none()
        {
            let message = "The imputed days are not the number of their dates; the number counts.";
            let finding = finding_about(FindingCode::ImputationMismatch, message, &[record]);
            findings.push(
                finding
                    .with("days", days)
                    .with("from", dates.first.to_string())
                    .with("to", dates.last.to_string())
                    .with("dates", dates.days().max(0)),
            );
        }
        let equal = earlier.entry((imputation.sentence, days)).or_default();
        // Two imputations that both count by their own dates are two.
        let repeats = |other: &&Imputation| {
            let both = imputation.agreeing_dates().zip(other.agreeing_dates());
            both.is_none_or(|(one, other)| one == other)
        };
        if let Some(first) = equal.iter().find(repeats) {
            let message = "One imputation is told twice; it counts once.";
            let records = [first.record, record];
            let finding = finding_about(FindingCode::ImputedTwice, message, &records);
            findings.push(finding.with("days", days));
        }
        equal.push(*imputation);
    }
    findings
}

/// Sentences whose own end is neither the end of the chain up to them nor that end less the days
/// imputed up to them.
fn end_mismatches(worked: &WorkedModality<'_, '_>) -> Vec<Finding> {
    let Some(chain) = &worked.base.chain else { return Vec::new() };
    let counting = &worked.counting;
    let mut imputed: BTreeMap<ScopedId, (DateSet, i64)> = BTreeMap::new();
    for imputation in &counting.dated {
        let (dates, _) = imputed.entry(imputation.sentence).or_default();
        *dates = dates.union(&imputation.agreeing_dates().into_iter().collect());
    }
    for imputation in &counting.undated {
        imputed.entry(imputation.sentence).or_default().1 += imputation.days();
    }
    let (mut dates_so_far, mut days_so_far) = (DateSet::default(), 0);
    let mut findings = Vec::new();
    for (sentence, passed) in counting.sentences.iter().zip(&chain.passed) {
        if let Some((dates, days)) = imputed.get(&sentence.id) {
            dates_so_far = dates_so_far.union(dates);
            days_so_far += days;
        }
        let Some(stated) = sentence.content.ends_on else { continue };
        let imputed_days = dates_so_far.days() + days_so_far;
        let end = days_later(chain.start, passed - 1);
        let less_imputed = days_later(chain.start, passed - 1 - imputed_days);
        if [end, less_imputed].contains(&Some(stated)) {
            continue;
        }
        let message = "The registry's own end of a sentence is neither the end of the chain nor \
                       that end less the imputed days.";
        let mut finding = finding_about(FindingCode::EndMismatch, message, &[sentence.last])
            .with("endsOn", stated.to_string());
        if let Some(date) = end {
            finding = finding.with("chainEndsOn", date.to_string());
        }
        if let Some(date) = less_imputed {
            finding = finding.with("lessImputedEndsOn", date.to_string());
        }
        findings.push(finding);
    }
    findings
}

/// Imputations that count by their number and cannot be compared with dates served.
fn undated(worked: &WorkedModality<'_, '_>) -> Option<Finding> {
    let counting = &worked.counting;
    let records: Vec<DatedFact> = counting.undated.iter().map(|i| i.record).collect();
    let message = "Days are imputed without dates that agree; they cannot be compared with dates \
                   served.";
    (counting.undated_days > 0).then(|| {
        finding_about(FindingCode::ImputationUndated, message, &records)
            .with("days", counting.undated_days)
    })
}
