//! The credit of days. If a person must return to prison: how many days of the sentence the time
//! outside counts for, under each reading of the law side by side.
//! Always: the ledger counts and shows its sources; it never decides. An unknown figure is left out
//! or null, never zero. The order in which records arrive changes no answer.
//! Rules: art. 68 par. 5 of the Act of 17 May 2006, as `projections/rules/credit.toml` states it.
//!
//! The sets of civil dates (Europe/Brussels). A date is in a set once, however many records cover
//! it. "Up to" includes the date named. A detention, window, suspension, stay or absence that no
//! record ends goes on to the last date that counts.
//! - D, detained: from each arrival to the next release, both included, without the dates wholly
//!   inside an escape or a failure to return, and without the first date of each window W.
//! - W, the window of a modality: from its start up to the earliest of: the day before the person
//!   arrives in prison again, the day before a revocation takes effect, the date of a recorded end,
//!   the day before the next modality starts.
//! - S, suspended: the dates of W from each suspension up to the day before it is lifted.
//! - K, complied with: W without S and, if the person lives outside prison under this kind of
//!   modality, without D.
//! - P, present in treatment: from each admission up to the closing of the stay, or up to the next
//!   admission or arrival in prison if no closing is recorded; without the dates wholly inside an
//!   unauthorised absence and, under `excludeLast`, without the closing date. An absence that still
//!   runs at the closing takes out the closing date too; one that still runs on the last date that
//!   counts takes out that date. The dates in both P and K are the treatment days.
//! - X, served under earlier modalities: K of each limited detention, electronic monitoring or
//!   transition house that started before this modality.
//! - B (one date), back in prison: the first date of D after W or, if W is empty, from the start of
//!   the modality on.
//!
//! The remainder when a modality starts: the number that its grant states or, without one, the
//! length of the sentences pronounced by then, less all imputed days, less the dates in D or X from
//! the start of the first sentence up to the day before the modality; never below zero. This second
//! figure is unknown if an earlier conditional or provisional release has dates in its K: a court
//! must value them.

mod answer;
mod detention;
mod erased;
mod findings;
mod modality;
mod parameters;
mod query;
mod reading;
mod remainder;
pub mod rules;
mod runs;
mod timeline;
mod treatment;

pub use answer::*;
pub use parameters::{Boundary, MonthDays, MonthDaysOutOfRange};
pub use query::CreditQuery;
pub use rules::{ReadingName, ReadingStatus};

use super::finding::Finding;
use super::history::History;
use super::time::dates::WRITABLE_MAX;
use super::vocabulary::fact::Fact;
use super::vocabulary::registry::Registry;
use modality::DatedModality;
use reading::ReadingInput;
use remainder::RemainderBase;
use rules::CreditRules;
use runs::{DetentionEvidence, Presences};
use timeline::Timeline;

/// The largest product of modalities and records for which there is an answer. The memory of an
/// answer grows with this product, because each modality lists every stay. At the limit an answer
/// takes about 200 MiB; a person with forty modalities may have 5,000 records of custody and stays.
pub const MODALITIES_TIMES_RECORDS_MAX: usize = 200_000;

/// Whether an answer about this history stays within [`MODALITIES_TIMES_RECORDS_MAX`].
pub fn is_answerable(history: &History) -> bool {
    let facts = || history.facts().filter(|(_, fact)| timeline::is_read(fact));
    let modalities = facts().filter(|(_, fact)| matches!(fact, Fact::Granted(_))).count();
    modalities * facts().count() <= MODALITIES_TIMES_RECORDS_MAX
}

/// Answers one question about the credit of days from the history of a person.
pub fn credit(history: &History, query: &CreditQuery, registry: &Registry) -> Credit {
    let mut findings = history.findings.clone();
    let timeline = Timeline::new(history, query, &mut findings);
    let detention = detention::detention(&timeline, &mut findings);
    let (modalities, detained) = modality::modalities(&timeline, &detention, &mut findings);
    let stays = treatment::build_stays(&timeline, query.boundary);
    let presences = Presences::new(stays.iter().flat_map(|stay| &stay.presences));
    let sentence_chain = remainder::chain(&timeline, &detained, query.month_days, &mut findings);
    let bases = remainder::remainder_bases(
        &timeline,
        &modalities,
        &sentence_chain,
        (&detention, &detained),
        &mut findings,
    );
    let detention_evidence = DetentionEvidence::new(&detention, &detained);
    let last_erased = erased::last_erased(history);
    let modality_credit = |(modality, base): (&DatedModality, &RemainderBase)| {
        let treatment_days = presences.present().intersect(&modality.compliant).days();
        let runs = runs::day_runs(&timeline, modality, &detention_evidence, &presences);
        let input = ReadingInput::new(modality, base, treatment_days, &detained);
        let readings = reading::readings(&input, runs);
        ModalityCredit {
            modality: modality.granted.modality.clone(),
            kind: modality.granted.kind,
            judgment: modality.granted.judgment.clone(),
            starts_on: modality.starts_on,
            window: modality.window.map(|run| Window { from: run.first, to: run.last }),
            remainder: base.remainder,
            calculation: base.calculation.clone(),
            back_on: input.back,
            compliant_days: modality.compliant.days(),
            treatment_days,
            facilities: treatment::facilities_in(&stays, modality.window),
            readings: erased::withhold(readings, modality, &timeline, last_erased),
        }
    };
    let answers = modalities.iter().zip(&bases).map(modality_credit).collect();
    findings.extend(treatment::stay_findings(&timeline, &stays));
    findings.extend(findings::comparison_findings(&timeline, &modalities, &stays, registry));
    findings.sort_by(Finding::order);
    findings.dedup();
    let rules = CreditRules::shipped();
    Credit {
        at: query.at.date().min(WRITABLE_MAX),
        counted_to: timeline.last_date,
        projected: timeline.projected,
        ruleset: Ruleset { id: rules.id.clone(), version: rules.version.clone() },
        boundary: query.boundary,
        month_days: query.month_days,
        parameters: ParametersUsed {
            boundary: rules.parameters.boundary.used(query.boundary),
            month_days: rules.parameters.month_days.used(query.month_days.number()),
        },
        modalities: answers,
        findings,
        records: timeline.records_read(),
    }
}
