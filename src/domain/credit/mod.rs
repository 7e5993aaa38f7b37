//! The credit of days: when a person has to return to prison, how many days of the sentence the
//! time outside is worth, under every reading of the law side by side.
//! Always: the ledger counts and shows its sources, and never decides; an unknown figure is never
//! zero. The order in which records arrive changes no answer.
//! Rules: art. 68 par. 5 of the Act of 17 May 2006, as `projections/rules/credit.toml` states it.

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

/// The most modalities times records of one answer: the memory of an answer grows with this
/// product, because each modality lists every stay. At the limit an answer takes about 200 MiB;
/// a person with forty modalities may have 5,000 records of custody and stays.
pub const LISTED_MAX: usize = 200_000;

/// Whether an answer about this history stays within [`LISTED_MAX`].
pub fn is_answerable(history: &History) -> bool {
    let facts = || history.facts().filter(|(_, fact)| timeline::is_read(fact));
    let modalities = facts().filter(|(_, fact)| matches!(fact, Fact::Granted(_))).count();
    modalities * facts().count() <= LISTED_MAX
}

/// Answers one question about the credit of days from the history of a person.
pub fn credit(history: &History, query: &CreditQuery, registry: &Registry) -> Credit {
    let mut findings = history.findings.clone();
    let timeline = Timeline::new(history, query, &mut findings);
    let detention = detention::detention(&timeline, &mut findings);
    let (modalities, detained) = modality::modalities(&timeline, &detention, &mut findings);
    let stays = treatment::stays(&timeline, query.boundary);
    let presences = Presences::new(stays.iter().flat_map(|stay| &stay.presences));
    let chain = remainder::chain(&timeline, &detained, query.month_days, &mut findings);
    let bases =
        remainder::bases(&timeline, &modalities, &chain, (&detention, &detained), &mut findings);
    let custody = DetentionEvidence::new(&detention, &detained);
    let last_erased = erased::last_erased(history);
    let worked_out = |(modality, base): (&DatedModality, &RemainderBase)| {
        let treatment_days = presences.present().intersect(&modality.compliant).days();
        let runs = runs::day_runs(&timeline, modality, &custody, &presences);
        let ground = ReadingInput::new(modality, base, treatment_days, &detained);
        ModalityCredit {
            modality: modality.granted.modality.clone(),
            kind: modality.granted.kind,
            judgment: modality.granted.judgment.clone(),
            starts_on: modality.starts_on,
            window: modality.window.map(|run| Window { from: run.first, to: run.last }),
            remainder: base.remainder,
            calculation: base.calculation.clone(),
            back_on: ground.back,
            compliant_days: modality.compliant.days(),
            treatment_days,
            facilities: treatment::houses(&stays, modality.window),
            readings: erased::withhold(
                reading::readings(&ground, runs),
                modality,
                &timeline,
                last_erased,
            ),
        }
    };
    let answers = modalities.iter().zip(&bases).map(worked_out).collect();
    findings.extend(treatment::findings(&timeline, &stays));
    findings.extend(findings::others(&timeline, &modalities, &stays, registry));
    findings.sort();
    findings.dedup();
    let rules = CreditRules::shipped();
    Credit {
        at: query.at.date().min(WRITABLE_MAX),
        counted_to: timeline.at,
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
