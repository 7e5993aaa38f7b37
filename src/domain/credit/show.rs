//! Makes the answer about one modality from what was worked out.
//! Always: nothing is decided here; each figure is read from the day book, the base or a reading.
//! Form: `modalities` of the credit.

use std::collections::BTreeSet;

use super::answer::{
    Calculation, ChainedSentence, ModalityCredit, RecordedRun, Remainder, UndatedImputation, Window,
};
use super::base::{Imputation, SentenceChain};
use super::decision::Decisions;
use super::evidence::Evidence;
use super::outcome::CreditOutcome;
use super::reading::{Figures, lawful};
use super::runs::{PresenceDates, recorded_runs, runs_by_reading, state_runs};
use super::work::{CreditInput, WorkedModality};
use crate::domain::time::dates::{DateRun, DateSet, day_after, days_later};
use crate::domain::vocabulary::fact::Code;

/// What the answers about all modalities share.
pub(super) struct ShownInput<'i, 'a> {
    pub input: &'i CreditInput<'a>,
    pub presences: &'i PresenceDates,
}

impl<'i, 'a> ShownInput<'i, 'a> {
    /// The answer about one modality. `earlier` are the modalities before it, each with its
    /// evidence.
    pub fn modality(
        &self,
        worked: &WorkedModality<'i, 'a>,
        evidence: &[Evidence<'i, 'a>],
        earlier: &[WorkedModality<'i, 'a>],
        is_erased: bool,
    ) -> ModalityCredit {
        let (modality, at) = (worked.modality, self.input.counted.at);
        let own = &evidence[earlier.len()];
        let decisions = Decisions::on(modality, at);
        let runs = runs_by_reading(worked, own, self.presences);
        let windows: Vec<Window> =
            worked.window.runs.iter().map(|window| window.run.into()).collect();
        let if_revoked_on = (worked.outcome == CreditOutcome::Running).then(|| day_after(at));
        ModalityCredit {
            modality: modality.code().clone(),
            kind: modality.kind(),
            judgment: modality.granted.judgment.clone(),
            starts_on: modality.starts_on,
            outcome: worked.outcome,
            lawful: lawful(modality.kind(), decisions.deciding.is_some()),
            if_revoked_on,
            window: windows
                .first()
                .zip(windows.last())
                .map(|(first, last)| Window { from: first.from, to: last.to }),
            windows,
            remainder: self.remainder(worked, evidence, earlier),
            modality_days: worked.book.under_modality.days(),
            treatment_days: worked.treated.days(),
            served_inside_days: worked.served_inside().days(),
            back_on: worked.back_on(),
            day_book: state_runs(worked, own),
            readings: Figures::new(self.input, worked, &decisions, is_erased).readings(runs),
            decisions: decisions.listed(modality, at),
            facilities: self.facilities(worked),
        }
    }

    /// The facilities of the presences that share a date with the window.
    fn facilities(&self, worked: &WorkedModality<'_, '_>) -> Vec<Code> {
        let at = self.input.counted.at;
        let meets = |run: DateRun| worked.window.runs.iter().any(|window| window.run.meets(run));
        let presences = self.input.stays.presences.iter().filter(|p| meets(p.run(at)));
        let facilities: BTreeSet<&Code> = presences.map(|p| &p.admission.facility).collect();
        facilities.into_iter().cloned().collect()
    }

    fn remainder(
        &self,
        worked: &WorkedModality<'i, 'a>,
        evidence: &[Evidence<'i, 'a>],
        earlier: &[WorkedModality<'i, 'a>],
    ) -> Remainder {
        let base = &worked.base;
        Remainder {
            entered_days: base.entered,
            calculated_days: base.calculated,
            effective_days: base.effective(),
            calculation: base
                .chain
                .as_ref()
                .map(|chain| self.calculation(worked, chain, evidence, earlier)),
        }
    }

    fn calculation(
        &self,
        worked: &WorkedModality<'i, 'a>,
        chain: &SentenceChain,
        evidence: &[Evidence<'i, 'a>],
        earlier: &[WorkedModality<'i, 'a>],
    ) -> Calculation {
        let name = |records: &[usize]| self.input.counted.names(records.to_vec());
        let counting = &worked.counting;
        let mut passed = 0;
        let sentences = counting.sentences.iter().zip(&chain.passed).map(|(sentence, &until)| {
            let length_days = until - passed;
            passed = until;
            ChainedSentence {
                sentence: sentence.id.id.clone(),
                judgment: sentence.content.judgment.clone(),
                years: sentence.content.years,
                months: sentence.content.months,
                days: sentence.content.days,
                length_days,
                ends_on: sentence.content.ends_on,
                records: name(&[sentence.first.place, sentence.last.place]),
            }
        });
        let imputed_by = |run: DateRun| -> Vec<usize> {
            let meets = |i: &&Imputation| i.agreeing_dates().is_some_and(|dates| dates.meets(run));
            counting.dated.iter().filter(meets).map(|imputation| imputation.record.place).collect()
        };
        let imputed = chain.imputed.runs();
        let under_earlier = |(earlier, evidence): (&WorkedModality<'i, 'a>, &Evidence<'i, 'a>)| {
            let dates = chain.under_earlier.intersect(&earlier.book.under_modality);
            recorded_runs(&dates, evidence)
        };
        let undated = counting.undated.iter().map(|imputation| UndatedImputation {
            sentence: imputation.sentence.id.clone(),
            days: imputation.days(),
            records: name(&[imputation.record.place]),
        });
        let served: DateSet = chain.imputed.union(&chain.detained).union(&chain.under_earlier);
        Calculation {
            from: chain.start,
            to: days_later(chain.start, chain.days() - 1),
            length_days: chain.days(),
            sentences: sentences.collect(),
            imputed: imputed.map(|run| RecordedRun::new(run, name(&imputed_by(run)))).collect(),
            detained: recorded_runs(&chain.detained, &evidence[earlier.len()]),
            under_earlier: earlier.iter().zip(evidence).flat_map(under_earlier).collect(),
            served_days: served.days(),
            undated: undated.collect(),
            undated_days: counting.undated_days,
            asks_for: worked.base.asks_for.map(|index| self.input.modalities[index].code().clone()),
        }
    }
}
