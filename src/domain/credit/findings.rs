//! The findings that compare records with what was computed or is registered: attestations, the
//! modality that an admission names, and codes.
//! Always: a finding never blocks the answer, and carries ids and dates only.
//! Rules: the meaning of each code stands at `FindingCode`; P and W in the header of
//! `credit/mod.rs`.

use std::collections::HashMap;

use super::modality::DatedModality;
use super::timeline::Timeline;
use super::treatment::TreatmentStay;
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::time::dates::DateSet;
use crate::domain::vocabulary::fact::{Fact, Id};
use crate::domain::vocabulary::registry::Registry;

/// All findings that compare records with computed dates or with the registries.
pub(super) fn comparison_findings(
    timeline: &Timeline<'_>,
    modalities: &[DatedModality<'_>],
    stays: &[TreatmentStay<'_, '_>],
    registry: &Registry,
) -> Vec<Finding> {
    let mut findings = stay_modalities(timeline, modalities, stays);
    findings.extend(attestations(timeline, stays));
    findings.extend(unknown_codes(timeline, registry));
    findings
}

/// Admissions that name a modality although no date of the presence lies in its window.
fn stay_modalities(
    timeline: &Timeline<'_>,
    modalities: &[DatedModality<'_>],
    stays: &[TreatmentStay<'_, '_>],
) -> Vec<Finding> {
    let windows: HashMap<&Id, &DatedModality> =
        modalities.iter().map(|m| (&m.granted.modality, m)).collect();
    let mut findings = Vec::new();
    for stay in stays {
        for (admitted, presence) in stay.admissions.iter().zip(&stay.presences) {
            let Fact::Admitted(admission) = admitted.fact else { continue };
            let Some(named) = &admission.modality else { continue };
            let of = windows.get(named);
            let window = of.and_then(|modality| modality.window);
            let grant = of.map(|modality| modality.grant_record);
            if window.is_some_and(|window| window.meets(presence.run)) {
                continue;
            }
            findings.push(timeline.finding(
                FindingCode::StayModalityMismatch,
                [Some(admitted.index), grant].into_iter().flatten(),
                format!(
                    "The admission of {} names a modality, but no date of the stay lies in that \
                     modality's window. The dates decide, not the name.",
                    admitted.date
                ),
            ));
        }
    }
    findings
}

/// Attestations that state another number of days than the records give.
fn attestations(timeline: &Timeline<'_>, stays: &[TreatmentStay<'_, '_>]) -> Vec<Finding> {
    let present: HashMap<&Id, DateSet> = stays
        .iter()
        .filter_map(|stay| stay.presences.first().map(|first| (first.stay, stay.present_dates())))
        .collect();
    let no_dates = DateSet::default();
    let mismatch = |record: &super::timeline::TimelineRecord| {
        let Fact::Attested(attest) = record.fact else { return None };
        let present = present.get(&attest.stay).unwrap_or(&no_dates);
        let days = present.clip(attest.from, attest.to).days();
        (days != i64::from(attest.days)).then(|| {
            timeline.finding(
                FindingCode::AttestMismatch,
                [record.index],
                format!(
                    "An attestation of {} states another number of days from {} to {} than the \
                     records give ({days}).",
                    record.date, attest.from, attest.to
                ),
            )
        })
    };
    timeline.records.iter().filter_map(mismatch).collect()
}

/// One finding per code of a facility or prison that is in no registry.
fn unknown_codes(timeline: &Timeline<'_>, registry: &Registry) -> Vec<Finding> {
    let facts = timeline.records.iter().map(|record| (record.index, record.fact));
    let unknown = registry.unknown(facts).into_iter();
    let finding = |(message, records)| timeline.finding(FindingCode::UnknownCode, records, message);
    unknown.map(finding).collect()
}
