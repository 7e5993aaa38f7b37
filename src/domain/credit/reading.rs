//! The readings of the law: the credited days, the remaining days, and the end of the sentence.
//! Always: the ledger decides nothing; while the court has not decided, the answer is a range.
//! Rules: the section "Readings" of the credit rules.

use chrono::NaiveDate;

use super::answer::{DayCount, DayRun, DecidedBy, LegalSource, Reading, Readings, SentenceEnd};
use super::modality::{DatedModality, DecidedFigure};
use super::remainder::RemainderBase;
use super::rules::{CreditRules, ReadingRule};
use super::runs::DayRuns;
use crate::domain::time::dates::{DateSet, day_after, days_later};
use crate::domain::vocabulary::choice::ModalityKind;

/// The figures of one modality that all its readings start from.
pub(super) struct ReadingInput<'g> {
    pub modality: &'g DatedModality<'g>,
    pub base: &'g RemainderBase,
    pub treatment_days: i64,
    /// B of the rules: the first date in prison after the window.
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

    /// The last day of the sentence when so many days remain from the return on. With no day
    /// remaining this is the day before the return.
    fn end(&self, remaining_days: i64) -> Result<SentenceEnd, String> {
        let Some(back) = self.back else { return Ok(SentenceEnd::NoReturn) };
        days_later(back, remaining_days - 1).map(SentenceEnd::On).ok_or_else(too_late)
    }
}

/// Why an end cannot be computed: dates have four-digit years, and a typing error in a length may
/// lead beyond the last of them.
fn too_late() -> String {
    "sentenceEnd lies after 9999-12-31".to_owned()
}

/// Every reading that applies to the kind of modality.
pub(super) fn readings(ground: &ReadingInput<'_>, runs: DayRuns) -> Readings {
    let rules = &CreditRules::shipped().readings;
    let DayRuns { compliant, not_compliant, in_treatment, not_in_treatment } = runs;
    let none = credited(ground, 0, &rules.none, (Vec::new(), Vec::new()));
    let days = (in_treatment, not_in_treatment);
    let full = credited(ground, ground.treatment_days, &rules.full_residential, days);
    let days = (compliant, not_compliant);
    let (mut deduction, mut court_decision) = (None, None);
    match ground.modality.granted.kind {
        ModalityKind::LimitedDetention | ModalityKind::ElectronicMonitoring => {
            deduction = Some(credited(ground, ground.compliant_days(), &rules.deduction, days));
        }
        ModalityKind::ConditionalRelease | ModalityKind::ProvisionalRelease => {
            court_decision = Some(court(ground, &rules.court_decision, days));
        }
        ModalityKind::TransitionHouse => {}
    }
    Readings { none, deduction, court_decision, full_residential: full }
}

/// A reading without figures yet.
fn blank(rule: &ReadingRule, (counted, excluded): (Vec<DayRun>, Vec<DayRun>)) -> Reading {
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
        counted,
        excluded,
    }
}

/// A reading that takes one number of days off the remainder.
fn credited(
    ground: &ReadingInput<'_>,
    days: i64,
    rule: &ReadingRule,
    runs: (Vec<DayRun>, Vec<DayRun>),
) -> Reading {
    let mut reading = Reading { credited_days: Some(days), ..blank(rule, runs) };
    let Some(effective) = ground.base.remainder.effective_days else {
        reading.cannot_compute.clone_from(&ground.base.missing);
        return reading;
    };
    let remaining = (effective - days).max(0);
    reading.remaining_days = Some(DayCount::Exactly(remaining));
    reading.unused_days = Some((days - effective).max(0));
    conclude(&mut reading, ground.end(remaining));
    reading
}

/// Writes the end of the sentence into the reading, or why the end cannot be computed.
fn conclude(reading: &mut Reading, end: Result<SentenceEnd, String>) {
    match end {
        Ok(end) => reading.sentence_end = Some(end),
        Err(why) => reading.cannot_compute.push(why),
    }
}

/// The reading that leaves the figure to the court.
fn court(
    ground: &ReadingInput<'_>,
    rule: &ReadingRule,
    runs: (Vec<DayRun>, Vec<DayRun>),
) -> Reading {
    let Some(decision) = ground.modality.decision else { return undecided(ground, rule, runs) };
    let mut reading = match decision.left {
        DecidedFigure::CreditedDays(days) => credited(ground, days, rule, runs),
        DecidedFigure::RemainingDays(left) => {
            let mut reading = blank(rule, runs);
            reading.credited_days = ground.base.remainder.effective_days.map(|base| base - left);
            reading.remaining_days = Some(DayCount::Exactly(left));
            reading.unused_days = Some(0);
            conclude(&mut reading, ground.end(left));
            reading
        }
    };
    let (judgment, event) = (decision.judgment.clone(), decision.event.to_owned());
    reading.decision = Some(DecidedBy { judgment, event });
    reading
}

/// The reading while the court has not decided: from nothing to all compliant days.
fn undecided(
    ground: &ReadingInput<'_>,
    rule: &ReadingRule,
    runs: (Vec<DayRun>, Vec<DayRun>),
) -> Reading {
    let most = ground.compliant_days();
    let mut reading = Reading { range: Some([0, most]), ..blank(rule, runs) };
    let Some(effective) = ground.base.remainder.effective_days else {
        reading.cannot_compute.clone_from(&ground.base.missing);
        return reading;
    };
    let (min, max) = ((effective - most).max(0), effective);
    reading.remaining_days = Some(DayCount::Between { min, max });
    let end = match (ground.end(min), ground.end(max)) {
        (Ok(SentenceEnd::On(min)), Ok(SentenceEnd::On(max))) => {
            Ok(SentenceEnd::Between { min, max })
        }
        (Err(why), _) | (_, Err(why)) => Err(why),
        _ => Ok(SentenceEnd::NoReturn),
    };
    conclude(&mut reading, end);
    reading
}
