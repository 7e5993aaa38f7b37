//! The credit of days. If a person must return to prison: how many days of the sentence the time
//! outside counts for, under each reading of the law side by side.
//! Always: the ledger counts and shows its sources; it never decides. An unknown figure is left out
//! or null, never zero. The order in which records arrive changes no answer.
//! Rules: art. 68 par. 5 of the Act of 17 May 2006, as `projections/rules/credit.toml` states it.
//!
//! From the records to the figures:
//! ```text
//! records (history/order) ─┬─ custody: D, A, titles ──┐
//!                          ├─ stays: P ───────────────┤
//!                          ├─ modality: E, W, S ──────┼─ work ── day_book ── K, V, B ── reading
//!                          └─ base: sentences, I, U ──┘              └────── base of the next
//! ```
//! The sets of civil dates (Europe/Brussels); a date is in a set once, however many records cover
//! it. D: detained. A: unlawfully away. E: the end of a modality, one date. W: its window.
//! S: suspended. P: present in treatment. I: imputed. The day book gives every date of a modality
//! one of six states; K are the dates lived under it, T those of K in treatment (P), V the dates
//! served up to the last date of W, B the first date served after it.

mod answer;
mod base;
mod custody;
mod day_book;
mod decision;
mod erased;
mod evidence;
mod findings;
mod modality;
mod outcome;
mod query;
mod reading;
mod records;
pub mod rules;
mod runs;
mod show;
mod work;

pub use answer::*;
pub use day_book::DayState;
pub use outcome::CreditOutcome;
pub use query::{CreditQuery, MonthDays, MonthDaysOutOfRange};
pub use rules::{ReadingName, ReadingStatus};

pub use super::stays::{AbsenceRule, Boundary};

use chrono::NaiveDate;

use super::finding::Finding;
use super::history::History;
use super::time::dates::WRITABLE_MAX;
use super::vocabulary::choice::LegalStatus;
use super::vocabulary::fact::Fact;
use super::vocabulary::registry::Registry;
use evidence::{Evidence, StaySpans};
use records::CreditRecords;
use rules::CreditRules;
use runs::PresenceDates;
use show::ShownInput;
use work::CreditInput;

/// The largest product of modalities and records for which there is an answer. The memory of an
/// answer grows with this product, because each modality lists every stay. At the limit an answer
/// takes about 200 MiB; a person with forty modalities may have 5,000 records of custody and stays.
pub const MODALITIES_TIMES_RECORDS_MAX: usize = 200_000;

/// Whether an answer about this history stays within [`MODALITIES_TIMES_RECORDS_MAX`].
pub fn is_answerable(history: &History) -> bool {
    let facts = || history.facts().filter(|(item, _)| records::is_read(item));
    let modalities = facts().filter(|(_, fact)| matches!(fact, Fact::Granted(_))).count();
    modalities * facts().count() <= MODALITIES_TIMES_RECORDS_MAX
}

/// Whether an internment (internering) is recorded up to a date. It has no term, so none of its
/// days can be credited (act on internment of 5 May 2014, interneringswet).
pub fn is_internment_recorded(history: &History, at: NaiveDate) -> bool {
    let mut facts = history.facts().filter(|(item, _)| item.date <= at);
    facts.any(|(_, fact)| match fact {
        Fact::Arrived(arrived) => arrived.legal_status == LegalStatus::Interned,
        Fact::StatusChanged(changed) => changed.to == LegalStatus::Interned,
        _ => false,
    })
}

/// The findings about attests and modalities that need no figure of a reading, in no order.
pub fn findings_about_modalities(history: &History, query: &CreditQuery) -> Vec<Finding> {
    let input = CreditInput::new(CreditRecords::of(history, query), *query);
    findings::about_modalities(&input, &input.work())
}

/// Answers one question about the credit of days from the history of a person.
pub fn credit(history: &History, query: &CreditQuery, registry: &Registry) -> Credit {
    let counted = CreditRecords::of(history, query);
    let input = CreditInput::new(counted, *query);
    let worked = input.work();
    let (stays, presences) = (StaySpans::new(&input), PresenceDates::of(&input));
    let evidence: Vec<Evidence> =
        worked.iter().map(|modality| Evidence::new(&input, modality, &stays)).collect();
    let shown = ShownInput { input: &input, presences: &presences };
    let last_erased = erased::last_erased(history);
    let modality = |(index, modality): (usize, _)| {
        let is_erased = erased::may_concern(modality, &input, last_erased);
        shown.modality(modality, &evidence, &worked[..index], is_erased)
    };
    let modalities: Vec<ModalityCredit> = worked.iter().enumerate().map(modality).collect();
    let rules = CreditRules::shipped();
    Credit {
        at: query.at.date().min(WRITABLE_MAX),
        counted_to: input.counted.at,
        projected: input.counted.projected,
        ruleset: Ruleset { id: &rules.id, version: &rules.version, as_of: &rules.as_of },
        parameters: ParametersUsed {
            boundary: rules.parameters.boundary.used(query.boundary),
            absence: rules.parameters.absence.used(query.absence),
            month_days: rules.parameters.month_days.used(query.month_days.number()),
        },
        findings: findings::findings(history, &input, &worked, &modalities, registry),
        modalities,
        records: answer::records_read(&input.counted),
        changes: answer::changes(history),
        rules: &rules.own_rules,
    }
}
