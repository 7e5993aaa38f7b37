//! The remainder of the sentence when a modality starts: the base from which the readings credit.
//! Always: the entered, the calculated and the effective count are separate; an unknown count is
//! never zero.
//! Rules: the section "Base" of the credit rules.

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

/// The sentences of a person, laid one after the other from a start date.
#[derive(Debug, Default)]
pub(super) struct SentenceChain<'a> {
    links: Vec<ChainedSentence<'a>>,
    start: Option<NaiveDate>,
    imputed: Vec<(RecordIndex, i64)>,
}

#[derive(Debug)]
struct ChainedSentence<'a> {
    record: RecordIndex,
    date: NaiveDate,
    sentence: &'a Pronounced,
    /// Days from the start of the chain to the end of this sentence.
    passed: i64,
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
                chain.links.push(ChainedSentence { record, date, sentence, passed: 0 });
            }
            _ => {}
        }
    }
    lay(&mut chain, detained, month_days);
    findings.extend(chain.links.iter().filter_map(|link| end_mismatch(timeline, &chain, link)));
    chain
}

/// Fixes the start of the chain and the end of each sentence.
fn lay(chain: &mut SentenceChain<'_>, detained: &DateSet, month_days: MonthDays) {
    let Some(first) = chain.links.first() else { return };
    let arrived = || detained.first_from(first.date);
    let start = first.sentence.starts_on.or_else(arrived).unwrap_or(first.date);
    let lengths: Vec<SentenceLength> =
        chain.links.iter().map(|link| length(link.sentence)).collect();
    let passed = dates::chain(start, &lengths, month_days.number());
    for (link, passed) in chain.links.iter_mut().zip(passed) {
        link.passed = passed;
    }
    chain.start = Some(start);
}

fn length(sentence: &Pronounced) -> SentenceLength {
    SentenceLength { years: sentence.years, months: sentence.months, days: sentence.days }
}

fn end_mismatch(
    timeline: &Timeline<'_>,
    chain: &SentenceChain<'_>,
    link: &ChainedSentence<'_>,
) -> Option<Finding> {
    let stated = link.sentence.ends_on?;
    let end = dates::days_later(chain.start?, link.passed - 1);
    (end != Some(stated)).then(|| {
        let end = end.map_or("after 9999-12-31".to_owned(), |end| end.to_string());
        timeline.finding(
            FindingCode::EndMismatch,
            [link.record],
            format!("The registry ends the sentence on {stated}; the chain up to it ends {end}."),
        )
    })
}

/// The remainder of one modality, or what is missing to know it.
#[derive(Debug)]
pub(super) struct RemainderBase {
    pub remainder: Remainder,
    pub calculation: Option<Calculation>,
    /// What is missing; empty when there is an effective count.
    pub missing: Vec<String>,
}

/// What is missing when the grant states no remainder and no sentence is recorded.
const NEEDS_REMAINDER: &str = "needs modality.granted.remainderDays or a sentence";

/// The base of each modality; `modalities` are in the order of `startsOn`.
pub(super) fn bases(
    timeline: &Timeline<'_>,
    modalities: &[DatedModality<'_>],
    chain: &SentenceChain<'_>,
    (detention, detained): (&Detention, &DateSet),
    findings: &mut Vec<Finding>,
) -> Vec<RemainderBase> {
    let mut bases = Vec::with_capacity(modalities.len());
    // Of the modalities that start earlier: the dates served under them (X of the rules) with the
    // records behind these dates, and the releases that only a court can value.
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
                    served_by.extend(modalities[earlier].records());
                }
                ModalityKind::ConditionalRelease | ModalityKind::ProvisionalRelease => {
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
            .left(modality.starts_on, &detained.union(&served))
            .filter(|_| undecided.is_empty())
            .map(|left| {
                let before = day_before(modality.starts_on);
                let inside = detention.records(DateRun { first: left.from, last: before });
                let records = chain.records(modality.starts_on).chain(inside);
                let events = timeline.ids(records.chain(served_by.iter().copied()));
                Calculation { events, ..left }
            });
        let calculated_days = calculation.as_ref().map(Calculation::days);
        let effective_days = entered_days.or(calculated_days);
        let counts = (entered_days, calculated_days);
        findings.extend(mismatch(timeline, modality, chain, counts));
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
    /// The parts of the calculated remainder on `starts_on`, without their records; `None` when no
    /// sentence was pronounced by then.
    fn left(&self, starts_on: NaiveDate, served: &DateSet) -> Option<Calculation> {
        let from = self.start?;
        Some(Calculation {
            from,
            length_days: self.pronounced_by(starts_on).last()?.passed,
            imputed_days: self.imputed.iter().map(|(_, days)| days).sum(),
            served_days: served.clip(from, day_before(starts_on)).days(),
            events: Vec::new(),
        })
    }

    /// The sentences pronounced on or before a date.
    fn pronounced_by(&self, date: NaiveDate) -> &[ChainedSentence<'_>] {
        &self.links[..self.links.partition_point(|link| link.date <= date)]
    }

    /// The records of the sentences pronounced by a date, and of every imputation.
    fn records(&self, date: NaiveDate) -> impl Iterator<Item = RecordIndex> + '_ {
        let imputed = self.imputed.iter().map(|(record, _)| *record);
        self.pronounced_by(date).iter().map(|link| link.record).chain(imputed)
    }
}

fn mismatch(
    timeline: &Timeline<'_>,
    modality: &DatedModality<'_>,
    chain: &SentenceChain<'_>,
    (entered, calculated): (Option<i64>, Option<i64>),
) -> Option<Finding> {
    let (entered, calculated) = entered.zip(calculated)?;
    (entered != calculated).then(|| {
        timeline.finding(
            FindingCode::RemainderMismatch,
            chain.records(modality.starts_on).chain([modality.grant]),
            "The remainder entered is not the one the sentences give; the entered one counts.",
        )
    })
}
