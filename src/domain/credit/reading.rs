//! The readings of the law for one modality: which apply, and their figures.
//! Always: an unknown figure is left out, never zero; the ledger decides nothing that a court must
//! decide.
//! Rules: "Readings" of the credit rules.

use chrono::NaiveDate;

use super::answer::{
    DayCount, DecidedBy, LegalSource, Missing, Reading, Readings, ReasonRun, SentenceEnd,
};
use super::decision::{DecidedFigure, Decisions};
use super::outcome::CreditOutcome;
use super::rules::{CreditRules, ReadingName};
use super::work::{CreditInput, WorkedModality};
use crate::domain::time::dates::{DateSet, day_before, days_later};
use crate::domain::vocabulary::choice::ModalityKind;

/// The two lists of runs of one reading.
#[derive(Debug, Default)]
pub(super) struct ReadingRuns {
    pub counted: Vec<ReasonRun>,
    pub excluded: Vec<ReasonRun>,
}

/// The runs of all readings of a modality.
pub(super) struct RunsByReading {
    /// K, and the dates of the window that are not in it.
    pub under_modality: ReadingRuns,
    /// T, and the dates of presences that are not in it.
    pub in_treatment: ReadingRuns,
}

/// The name of the reading that is law for a modality.
pub(super) fn lawful(kind: ModalityKind, is_decided: bool) -> Option<ReadingName> {
    match rule_of(kind) {
        _ if is_decided => Some(ReadingName::CourtDecision),
        KindRule::Deduction => Some(ReadingName::Deduction),
        KindRule::Court => Some(ReadingName::CourtDecision),
        KindRule::NoneFound => None,
    }
}

/// What the law says of a kind of modality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KindRule {
    Deduction,
    Court,
    NoneFound,
}

const fn rule_of(kind: ModalityKind) -> KindRule {
    match kind {
        ModalityKind::LimitedDetention
        | ModalityKind::ElectronicMonitoring
        | ModalityKind::TransitionHouse => KindRule::Deduction,
        ModalityKind::ConditionalRelease | ModalityKind::ProvisionalRelease => KindRule::Court,
        ModalityKind::EarlyRelease | ModalityKind::TrialRelease => KindRule::NoneFound,
    }
}

/// The figures that all readings of a modality share.
pub(super) struct Figures<'w, 'i, 'a> {
    worked: &'w WorkedModality<'i, 'a>,
    decisions: &'w Decisions<'i, 'a>,
    effective: Option<i64>,
    /// Why `effective` is unknown.
    needs: Missing,
    /// V
    served_inside: i64,
    back_on: Option<NaiveDate>,
    /// The last date that counts, if the dates after it count as served.
    serving_at: Option<NaiveDate>,
    /// Whether erased records could have changed the figures.
    is_erased: bool,
}

impl<'w, 'i, 'a> Figures<'w, 'i, 'a> {
    pub fn new(
        input: &'i CreditInput<'a>,
        worked: &'w WorkedModality<'i, 'a>,
        decisions: &'w Decisions<'i, 'a>,
        is_erased: bool,
    ) -> Self {
        let at = input.counted.at;
        let needs = match worked.base.asks_for {
            Some(earlier) => Missing::WorthOfEarlier(input.modalities[earlier].code().clone()),
            None => Missing::Remainder,
        };
        let serves_on = worked.book.served.contains(at)
            && input.counted.death.is_none()
            && worked.outcome != CreditOutcome::Running;
        Self {
            worked,
            decisions,
            effective: worked.base.effective(),
            needs,
            served_inside: worked.served_inside().days(),
            back_on: worked.back_on(),
            serving_at: serves_on.then_some(at),
            is_erased,
        }
    }

    /// All readings that apply, each with its runs.
    pub fn readings(&self, runs: RunsByReading) -> Readings {
        let (k, t) = (&self.worked.book.under_modality, &self.worked.treated);
        let rule = rule_of(self.worked.modality.kind());
        let mut readings = Readings::default();
        if rule == KindRule::Court {
            let no_runs = ReadingRuns::default();
            readings.none =
                Some(self.counting(ReadingName::NoCredit, &DateSet::default(), no_runs));
        }
        let under_modality = || ReadingRuns {
            counted: runs.under_modality.counted.clone(),
            excluded: runs.under_modality.excluded.clone(),
        };
        if rule == KindRule::Deduction {
            readings.deduction = Some(self.counting(ReadingName::Deduction, k, under_modality()));
        } else {
            let name = ReadingName::FullResidential;
            let mut full = self.counting(name, t, runs.in_treatment);
            if rule == KindRule::NoneFound && !self.is_erased {
                full.without_rule();
            }
            readings.full_residential = Some(full);
        }
        readings.court_decision = match self.decisions.deciding {
            Some((_, figure)) => Some(self.decided(figure, under_modality())),
            None if rule == KindRule::Court => Some(self.undecided(under_modality())),
            None => None,
        };
        let Readings { deduction, court_decision, full_residential, .. } = &mut readings;
        let shows_pending = court_decision.as_mut().or(deduction.as_mut());
        if let Some(reading) = shows_pending.or(full_residential.as_mut()) {
            reading.pending = self.decisions.pending();
        }
        readings
    }

    /// The days left to serve before any credit.
    fn to_serve(&self) -> Option<i64> {
        self.effective.map(|effective| (effective - self.served_inside).max(0))
    }

    /// A reading that counts a set of dates.
    fn counting(&self, name: ReadingName, dates: &DateSet, runs: ReadingRuns) -> Reading {
        let mut reading = empty(name, runs);
        let credited = dates.days();
        reading.credited_days = Some(credited);
        if let (Some(effective), Some(to_serve)) = (self.effective, self.to_serve()) {
            reading.remaining_days = Some(DayCount::Exactly((to_serve - credited).max(0)));
            reading.unused_days = Some((credited - to_serve).max(0));
            reading.sentence_end = Some(end(self.end_of(dates, effective)));
        } else {
            reading.cannot_compute = vec![self.needs.clone()];
        }
        self.finish(reading)
    }

    /// The reading of a court that has not decided: between nothing and all dates of K.
    fn undecided(&self, runs: ReadingRuns) -> Reading {
        let mut reading = empty(ReadingName::CourtDecision, runs);
        let k = &self.worked.book.under_modality;
        reading.range = Some([0, k.days()]);
        if let (Some(effective), Some(to_serve)) = (self.effective, self.to_serve()) {
            let min = (to_serve - k.days()).max(0);
            reading.remaining_days = Some(DayCount::Between { min, max: to_serve });
            let min = self.end_of(k, effective);
            let max = self.end_of(&DateSet::default(), effective);
            reading.sentence_end = Some(match (min, max) {
                (None, None) => SentenceEnd::Open,
                (min, max) => SentenceEnd::Between { min, max },
            });
        } else {
            reading.cannot_compute = vec![self.needs.clone()];
        }
        self.finish(reading)
    }

    /// The reading of a court that has decided.
    fn decided(&self, figure: DecidedFigure, runs: ReadingRuns) -> Reading {
        let mut reading = empty(ReadingName::CourtDecision, runs);
        reading.decided_by = self.decisions.deciding.map(|(revocation, _)| DecidedBy {
            judgment: revocation.revoked.judgment.clone(),
            record: revocation.record.name(),
        });
        let remaining = match figure {
            DecidedFigure::RemainingDays(remaining) => {
                reading.credited_days = self.to_serve().map(|to_serve| to_serve - remaining);
                reading.unused_days = Some(0);
                if self.effective.is_none() {
                    reading.cannot_compute = vec![Missing::CreditedDays];
                }
                Some(remaining)
            }
            DecidedFigure::CreditedDays(credited) => {
                reading.credited_days = Some(credited);
                let unused = self.to_serve().map(|to_serve| (credited - to_serve).max(0));
                reading.unused_days = unused;
                if self.effective.is_none() {
                    reading.cannot_compute = vec![self.needs.clone()];
                }
                self.to_serve().map(|to_serve| (to_serve - credited).max(0))
            }
        };
        reading.remaining_days = remaining.map(DayCount::Exactly);
        reading.sentence_end = remaining.map(|days| end(self.end_after_return(days)));
        let keeps_figures = matches!(figure, DecidedFigure::RemainingDays(_));
        if keeps_figures { self.without_figures(reading) } else { self.finish(reading) }
    }

    /// The `effective`-th date of the dates that count and the served dates together.
    fn end_of(&self, dates: &DateSet, effective: i64) -> Option<NaiveDate> {
        let start = self.worked.modality.starts_on;
        self.nth(&dates.union(&self.worked.book.served), effective, start)
    }

    /// The last of `days` served dates from the return on; the day before it if none is left.
    fn end_after_return(&self, days: i64) -> Option<NaiveDate> {
        let back_on = self.back_on?;
        let served = self.worked.book.served.clip(back_on, NaiveDate::MAX);
        self.nth(&served, days, back_on)
    }

    /// The `n`-th of these dates from `first` on; dates after the last one that counts follow while
    /// the person serves.
    fn nth(&self, dates: &DateSet, n: i64, first: NaiveDate) -> Option<NaiveDate> {
        if n <= 0 {
            return Some(day_before(first));
        }
        let beyond = || days_later(self.serving_at?, n - dates.days());
        dates.nth(n).or_else(beyond)
    }

    /// Takes away what erased records could have changed, and what nobody asks.
    fn finish(&self, mut reading: Reading) -> Reading {
        if self.is_erased {
            reading.clear_figures();
            reading.credited_days = None;
            reading.range = None;
            reading.cannot_compute = vec![Missing::ErasedRecords];
            return reading;
        }
        self.without_figures(reading)
    }

    /// Takes away the figures of what is left to serve if the outcome asks for none.
    fn without_figures(&self, mut reading: Reading) -> Reading {
        if self.worked.outcome.asks_no_figures() {
            reading.clear_figures();
            reading.cannot_compute.clear();
            reading.not_applicable = Some(self.worked.outcome);
        }
        reading
    }
}

fn end(date: Option<NaiveDate>) -> SentenceEnd {
    date.map_or(SentenceEnd::Open, SentenceEnd::On)
}

/// A reading with its source and runs, and without figures.
fn empty(name: ReadingName, runs: ReadingRuns) -> Reading {
    let rule = CreditRules::shipped().readings.of(name);
    Reading {
        status: rule.status,
        credited_days: None,
        range: None,
        remaining_days: None,
        unused_days: None,
        sentence_end: None,
        decided_by: None,
        pending: Vec::new(),
        not_applicable: None,
        cannot_compute: Vec::new(),
        source: LegalSource {
            article: &rule.article,
            text: &rule.text,
            mark: rule.mark,
            verified_by: &rule.verified_by,
            verified_on: &rule.verified_on,
        },
        counted: runs.counted,
        excluded: runs.excluded,
    }
}

impl Reading {
    /// Takes away the figures of what is left to serve.
    fn clear_figures(&mut self) {
        self.remaining_days = None;
        self.unused_days = None;
        self.sentence_end = None;
    }

    /// A kind without a rule: only the days are given.
    fn without_rule(&mut self) {
        self.clear_figures();
        if self.not_applicable.is_none() {
            self.cannot_compute = vec![Missing::Rule];
        }
    }
}
