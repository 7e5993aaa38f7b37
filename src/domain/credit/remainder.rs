//! The remainder of the sentence when a modality starts: the number from which each reading deducts
//! its credit.
//! Always: the entered, the calculated and the effective count are separate; an unknown count is
//! never zero.
//! Rules: the remainder, and the set X, in the header of `credit/mod.rs`.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::answer::{Calculation, Remainder};
use super::detention::Detention;
use super::modality::DatedModality;
use super::parameters::MonthDays;
use super::timeline::{RecordIndex, Timeline};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::time::dates::{self, DateRun, DateSet, SentenceLength, day_before};
use crate::domain::vocabulary::choice::ModalityKind;
use crate::domain::vocabulary::fact::{Fact, Id, Pronounced};

/// The sentences of a person: from a start date on, each sentence follows the previous sentence
/// without a gap.
#[derive(Debug, Default)]
pub(super) struct SentenceChain<'a> {
    sentences: Vec<ChainedSentence<'a>>,
    /// The first date of the first sentence; `None`: no sentence is pronounced.
    starts_on: Option<NaiveDate>,
    imputed: Vec<(RecordIndex, i64)>,
}

#[derive(Debug)]
struct ChainedSentence<'a> {
    record: RecordIndex,
    date: NaiveDate,
    sentence: &'a Pronounced,
    /// Days from the start of the chain to the end of this sentence.
    days_to_end: i64,
}

/// Chains the sentences in the order of their first records, each sentence once.
pub(super) fn chain<'a>(
    timeline: &Timeline<'a>,
    detained: &DateSet,
    month_days: MonthDays,
    findings: &mut Vec<Finding>,
) -> SentenceChain<'a> {
    let mut chain = SentenceChain::default();
    let mut first: HashMap<&Id, RecordIndex> = HashMap::new();
    for record in &timeline.records {
        match record.fact {
            Fact::DetentionImputed(imputed) => {
                chain.imputed.push((record.index, i64::from(imputed.days)));
            }
            Fact::Pronounced(sentence) => {
                if let Some(earlier) = first.get(&sentence.sentence) {
                    findings.push(timeline.finding(
                        FindingCode::SentencePronouncedTwice,
                        [*earlier, record.index],
                        format!("Pronounced again on {}; the earliest record counts.", record.date),
                    ));
                    continue;
                }
                first.insert(&sentence.sentence, record.index);
                let (record, date) = (record.index, record.date);
                chain.sentences.push(ChainedSentence { record, date, sentence, days_to_end: 0 });
            }
            _ => {}
        }
    }
    set_dates(&mut chain, detained, month_days);
    findings.extend(
        chain.sentences.iter().filter_map(|chained| find_end_mismatch(timeline, &chain, chained)),
    );
    chain
}

/// Sets the start of the chain and the end of each sentence.
fn set_dates(chain: &mut SentenceChain<'_>, detained: &DateSet, month_days: MonthDays) {
    let Some(first) = chain.sentences.first() else { return };
    let arrived = || detained.first_from(first.date);
    let starts_on = first.sentence.starts_on.or_else(arrived).unwrap_or(first.date);
    let lengths: Vec<SentenceLength> =
        chain.sentences.iter().map(|chained| length_of(chained.sentence)).collect();
    let days_to_ends = dates::chain(starts_on, &lengths, month_days.number());
    for (chained, days_to_end) in chain.sentences.iter_mut().zip(days_to_ends) {
        chained.days_to_end = days_to_end;
    }
    chain.starts_on = Some(starts_on);
}

fn length_of(sentence: &Pronounced) -> SentenceLength {
    SentenceLength { years: sentence.years, months: sentence.months, days: sentence.days }
}

/// The finding that the stated end of a sentence is not the computed one.
fn find_end_mismatch(
    timeline: &Timeline<'_>,
    chain: &SentenceChain<'_>,
    chained: &ChainedSentence<'_>,
) -> Option<Finding> {
    let stated = chained.sentence.ends_on?;
    let end = dates::days_later(chain.starts_on?, chained.days_to_end - 1);
    (end != Some(stated)).then(|| {
        let end = end.map_or("a date after 9999-12-31".to_owned(), |end| end.to_string());
        timeline.finding(
            FindingCode::EndMismatch,
            [chained.record],
            format!(
                "The registry states {stated} as the end of the sentence; the ledger calculates \
                 {end}."
            ),
        )
    })
}

/// The remainder of one modality, or what is missing to know it.
#[derive(Debug)]
pub(super) struct RemainderBase {
    pub remainder: Remainder,
    pub calculation: Option<Calculation>,
    /// The missing inputs; empty when there is an effective count.
    pub missing: Vec<String>,
}

/// The missing input when the grant states no remainder and no sentence is recorded.
const NEEDS_REMAINDER: &str = "needs modality.granted.remainderDays or a sentence";

/// The remainder of each modality, or what is missing to know it; `modalities` are in the order of
/// `startsOn`.
pub(super) fn remainder_bases(
    timeline: &Timeline<'_>,
    modalities: &[DatedModality<'_>],
    chain: &SentenceChain<'_>,
    (detention, detained): (&Detention, &DateSet),
    findings: &mut Vec<Finding>,
) -> Vec<RemainderBase> {
    let mut bases = Vec::with_capacity(modalities.len());
    // About the modalities that start earlier: the dates served under them (X), the records behind
    // those dates, and the releases whose value only a court can decide.
    let (mut served, mut undecided) = (DateSet::default(), Vec::new());
    let mut served_by: Vec<RecordIndex> = Vec::new();
    let mut earlier = 0;
    for modality in modalities {
        while modalities[earlier].starts_on < modality.starts_on {
            match modalities[earlier].granted.kind {
                ModalityKind::LimitedDetention
                | ModalityKind::ElectronicMonitoring
                | ModalityKind::TransitionHouse => {
                    served = served.union(&modalities[earlier].compliant);
                    served_by.extend(modalities[earlier].records_behind_window_and_suspensions());
                }
                ModalityKind::ConditionalRelease
                | ModalityKind::ProvisionalRelease
                | ModalityKind::EarlyRelease
                | ModalityKind::TrialRelease => {
                    let code = &modalities[earlier].granted.modality;
                    if !modalities[earlier].compliant.is_empty() {
                        undecided.push(format!("needs remainderDays: earlier modality {code}"));
                    }
                }
            }
            earlier += 1;
        }
        let entered_days = modality.granted.remainder_days.map(i64::from);
        let calculation = chain
            .calculation_at(modality.starts_on, &detained.union(&served))
            .filter(|_| undecided.is_empty())
            .map(|calculation| {
                let before = day_before(modality.starts_on);
                let inside = detention.records(DateRun { first: calculation.from, last: before });
                let records = chain.records(modality.starts_on).chain(inside);
                let events = timeline.ids(records.chain(served_by.iter().copied()));
                Calculation { events, ..calculation }
            });
        let calculated_days = calculation.as_ref().map(Calculation::days);
        let effective_days = entered_days.or(calculated_days);
        let counts = (entered_days, calculated_days);
        findings.extend(find_remainder_mismatch(timeline, modality, chain, counts));
        let missing = match effective_days {
            Some(_) => Vec::new(),
            None if undecided.is_empty() => vec![NEEDS_REMAINDER.to_owned()],
            None => undecided.clone(),
        };
        let remainder = Remainder { entered_days, calculated_days, effective_days };
        bases.push(RemainderBase { remainder, calculation, missing });
    }
    bases
}

impl SentenceChain<'_> {
    /// The parts of the remainder on the date when a modality starts; `events` stays empty. `None`
    /// if no sentence was pronounced by that date.
    fn calculation_at(&self, modality_start: NaiveDate, served: &DateSet) -> Option<Calculation> {
        let from = self.starts_on?;
        Some(Calculation {
            from,
            length_days: self.pronounced_by(modality_start).last()?.days_to_end,
            imputed_days: self.imputed.iter().map(|(_, days)| days).sum(),
            served_days: served.clip(from, day_before(modality_start)).days(),
            events: Vec::new(),
        })
    }

    /// The sentences pronounced on or before a date.
    fn pronounced_by(&self, date: NaiveDate) -> &[ChainedSentence<'_>] {
        &self.sentences[..self.sentences.partition_point(|chained| chained.date <= date)]
    }

    /// The records of the sentences pronounced by a date, and of every imputation.
    fn records(&self, date: NaiveDate) -> impl Iterator<Item = RecordIndex> + '_ {
        let imputed = self.imputed.iter().map(|(record, _)| *record);
        self.pronounced_by(date).iter().map(|chained| chained.record).chain(imputed)
    }
}

/// The finding that the stated remainder of a modality is not the calculated one.
fn find_remainder_mismatch(
    timeline: &Timeline<'_>,
    modality: &DatedModality<'_>,
    chain: &SentenceChain<'_>,
    (entered, calculated): (Option<i64>, Option<i64>),
) -> Option<Finding> {
    let (entered, calculated) = entered.zip(calculated)?;
    (entered != calculated).then(|| {
        timeline.finding(
            FindingCode::RemainderMismatch,
            chain.records(modality.starts_on).chain([modality.grant_record]),
            "The remainder that the grant states differs from the one calculated from the \
             sentences; the stated remainder counts.",
        )
    })
}
