//! The readings of the law: the credited days, the remaining days, and the end of the sentence.
//! Always: the ledger decides nothing; while the court has not decided, the answer is a range.
//! Rules: `[readings]` of `projections/rules/credit.toml`; the sets in the header of
//! `credit/mod.rs`.

use chrono::NaiveDate;

use super::answer::{DayCount, DayRun, DecidedBy, LegalSource, Reading, Readings, SentenceEnd};
use super::modality::{DatedModality, DecidedFigure};
use super::remainder::RemainderBase;
use super::rules::{CreditRules, ReadingRule};
use super::runs::DayRuns;
use crate::domain::time::dates::{DateSet, day_after, days_later};
use crate::domain::vocabulary::choice::ModalityKind;

/// The figures of one modality from which all its readings are computed.
pub(super) struct ReadingInput<'g> {
    pub modality: &'g DatedModality<'g>,
    pub base: &'g RemainderBase,
    pub treatment_days: i64,
    /// B: the first date in prison after the window.
    pub back: Option<NaiveDate>,
}

impl<'g> ReadingInput<'g> {
    pub fn new(
        modality: &'g DatedModality<'g>,
        base: &'g RemainderBase,
        treatment_days: i64,
        detained: &DateSet,
    ) -> Self {
        let after = modality.window.map_or(modality.starts_on, |window| day_after(window.last));
        let back = detained.first_from(after.max(modality.starts_on));
        Self { modality, base, treatment_days, back }
    }

    fn compliant_days(&self) -> i64 {
        self.modality.compliant.days()
    }

    /// The last day of the sentence if `remaining_days` are served from the return on. With 0 days
    /// it is the day before the return.
    fn end(&self, remaining_days: i64) -> Result<SentenceEnd, String> {
        let Some(back) = self.back else { return Ok(SentenceEnd::NoReturn) };
        days_later(back, remaining_days - 1).map(SentenceEnd::On).ok_or_else(too_late)
    }
}

/// The reason if the end is later than 9999-12-31, for example after a typing error in a length.
fn too_late() -> String {
    "sentenceEnd lies after 9999-12-31".to_owned()
}

/// The dates behind one reading: those that count and those that do not.
struct RunLists {
    counted: Vec<DayRun>,
    excluded: Vec<DayRun>,
}

/// Every reading that applies to the kind of modality.
pub(super) fn readings(input: &ReadingInput<'_>, runs: DayRuns) -> Readings {
    let rules = &CreditRules::shipped().readings;
    let DayRuns { compliant, not_compliant, in_treatment, not_in_treatment } = runs;
    let no_runs = RunLists { counted: Vec::new(), excluded: Vec::new() };
    let no_credit = reading_with_credit(input, 0, &rules.none, no_runs);
    let runs = RunLists { counted: in_treatment, excluded: not_in_treatment };
    let full_residential =
        reading_with_credit(input, input.treatment_days, &rules.full_residential, runs);
    let runs = RunLists { counted: compliant, excluded: not_compliant };
    let (mut deduction, mut court_decision) = (None, None);
    match input.modality.granted.kind {
        ModalityKind::LimitedDetention | ModalityKind::ElectronicMonitoring => {
            let days = input.compliant_days();
            deduction = Some(reading_with_credit(input, days, &rules.deduction, runs));
        }
        ModalityKind::ConditionalRelease | ModalityKind::ProvisionalRelease => {
            court_decision = Some(court_reading(input, &rules.court_decision, runs));
        }
        ModalityKind::TransitionHouse | ModalityKind::EarlyRelease | ModalityKind::TrialRelease => {
        }
    }
    Readings { none: no_credit, deduction, court_decision, full_residential }
}

/// A reading without figures yet.
fn empty_reading(rule: &ReadingRule, runs: RunLists) -> Reading {
    Reading {
        status: rule.status,
        credited_days: None,
        decision: None,
        range: None,
        remaining_days: None,
        unused_days: None,
        sentence_end: None,
        cannot_compute: Vec::new(),
        source: LegalSource {
            article: rule.article.clone(),
            text: rule.text.clone(),
            verified_by: rule.verified_by.clone(),
            verified_on: rule.verified_on.clone(),
        },
        counted: runs.counted,
        excluded: runs.excluded,
    }
}

/// A reading that takes one number of days off the remainder.
fn reading_with_credit(
    input: &ReadingInput<'_>,
    days: i64,
    rule: &ReadingRule,
    runs: RunLists,
) -> Reading {
    let mut reading = Reading { credited_days: Some(days), ..empty_reading(rule, runs) };
    let Some(effective) = input.base.remainder.effective_days else {
        reading.cannot_compute.clone_from(&input.base.missing);
        return reading;
    };
    let remaining = (effective - days).max(0);
    reading.remaining_days = Some(DayCount::Exactly(remaining));
    reading.unused_days = Some((days - effective).max(0));
    set_sentence_end(&mut reading, input.end(remaining));
    reading
}

/// Writes the end of the sentence into the reading, or why the end cannot be computed.
fn set_sentence_end(reading: &mut Reading, end: Result<SentenceEnd, String>) {
    match end {
        Ok(end) => reading.sentence_end = Some(end),
        Err(why) => reading.cannot_compute.push(why),
    }
}

/// The reading that leaves the figure to the court.
fn court_reading(input: &ReadingInput<'_>, rule: &ReadingRule, runs: RunLists) -> Reading {
    let Some(decision) = input.modality.decision else {
        return undecided_court_reading(input, rule, runs);
    };
    let mut reading = match decision.figure {
        DecidedFigure::CreditedDays(days) => reading_with_credit(input, days, rule, runs),
        DecidedFigure::RemainingDays(left) => {
            let mut reading = empty_reading(rule, runs);
            reading.credited_days = input.base.remainder.effective_days.map(|base| base - left);
            reading.remaining_days = Some(DayCount::Exactly(left));
            reading.unused_days = Some(0);
            set_sentence_end(&mut reading, input.end(left));
            reading
        }
    };
    let (judgment, event) = (decision.judgment.clone(), decision.event.to_owned());
    reading.decision = Some(DecidedBy { judgment, event });
    reading
}

/// The reading while the court has not decided: from no day to all compliant days.
fn undecided_court_reading(
    input: &ReadingInput<'_>,
    rule: &ReadingRule,
    runs: RunLists,
) -> Reading {
    let most = input.compliant_days();
    let mut reading = Reading { range: Some([0, most]), ..empty_reading(rule, runs) };
    let Some(effective) = input.base.remainder.effective_days else {
        reading.cannot_compute.clone_from(&input.base.missing);
        return reading;
    };
    let (min, max) = ((effective - most).max(0), effective);
    reading.remaining_days = Some(DayCount::Between { min, max });
    let end = match (input.end(min), input.end(max)) {
        (Ok(SentenceEnd::On(min)), Ok(SentenceEnd::On(max))) => {
            Ok(SentenceEnd::Between { min, max })
        }
        (Err(why), _) | (_, Err(why)) => Err(why),
        _ => Ok(SentenceEnd::NoReturn),
    };
    set_sentence_end(&mut reading, end);
    reading
}
