//! The base: the days of the sentence that are left when a modality starts.
//! Always: three counts are kept apart, and an unknown count is none, never zero.
//! Rules: "Base" of the credit rules.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::day_book::DayBook;
use super::modality::Modality;
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::time::dates::{DateRun, DateSet, SentenceLength, chain, day_before};
use crate::domain::vocabulary::choice::ModalityKind;
use crate::domain::vocabulary::fact::{DetentionImputed, Fact, Pronounced};

/// All records of one sentence.
#[derive(Debug)]
pub(super) struct Sentence<'a> {
    pub id: ScopedId<'a>,
    /// In order; an appeal adds a record.
    pub pronounced: Vec<(DatedFact<'a>, &'a Pronounced)>,
}

/// A record that days of detention are imputed to a sentence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Imputation<'a> {
    pub record: DatedFact<'a>,
    pub imputed: &'a DetentionImputed,
    pub sentence: ScopedId<'a>,
}

impl Imputation<'_> {
    /// The dates, if the record has both.
    pub fn dates(&self) -> Option<DateRun> {
        Some(DateRun { first: self.imputed.from?, last: self.imputed.to? })
    }

    pub fn days(&self) -> i64 {
        self.imputed.days.into()
    }

    /// The dates, if `days` is their number.
    pub fn agreeing_dates(&self) -> Option<DateRun> {
        self.dates().filter(|dates| dates.days().max(0) == self.days())
    }
}

/// All sentences and imputations of a person.
#[derive(Debug)]
pub(super) struct Sentences<'a> {
    /// In the order of their first records.
    pub sentences: Vec<Sentence<'a>>,
    /// In order.
    pub imputations: Vec<Imputation<'a>>,
}

impl<'a> Sentences<'a> {
    /// Gathers the sentences.
    pub fn read(records: &[DatedFact<'a>]) -> Self {
        let mut indexes: BTreeMap<ScopedId, usize> = BTreeMap::new();
        let (mut sentences, mut imputations) = (Vec::<Sentence>::new(), Vec::new());
        for record in records {
            match record.fact {
                Fact::Pronounced(pronounced) => {
                    let id = record.scoped(&pronounced.sentence);
                    let index = *indexes.entry(id).or_insert(sentences.len());
                    if index == sentences.len() {
                        sentences.push(Sentence { id, pronounced: Vec::new() });
                    }
                    sentences[index].pronounced.push((*record, pronounced));
                }
                Fact::DetentionImputed(imputed) => {
                    let sentence = record.scoped(&imputed.sentence);
                    imputations.push(Imputation { record: *record, imputed, sentence });
                }
                _ => {}
            }
        }
        Self { sentences, imputations }
    }
}

/// One sentence that counts, with its place in the chain.
#[derive(Debug, Clone)]
pub(super) struct CountingSentence<'a> {
    pub id: ScopedId<'a>,
    /// The first record, which decides the place in the chain.
    pub first: DatedFact<'a>,
    /// The last record dated on or before the start of the modality, which decides the content.
    pub last: DatedFact<'a>,
    pub content: &'a Pronounced,
}

impl CountingSentence<'_> {
    pub fn length(&self) -> SentenceLength {
        let Pronounced { years, months, days, .. } = *self.content;
        SentenceLength { years, months, days }
    }
}

/// The sentences that count for a modality, with the days imputed to them.
#[derive(Debug, Default)]
pub(super) struct CountingSentences<'a> {
    pub sentences: Vec<CountingSentence<'a>>,
    /// The imputations whose dates agree with their number.
    pub dated: Vec<Imputation<'a>>,
    /// The set I: the dates of `dated`.
    pub imputed: DateSet,
    /// The imputations that count by their number.
    pub undated: Vec<Imputation<'a>>,
    /// U: the days of `undated`.
    pub undated_days: i64,
}

/// What the base of a modality reads of one before it.
pub(super) struct EarlierModality<'w, 'a> {
    pub kind: ModalityKind,
    pub book: &'w DayBook,
    /// Whether the modality ended for good.
    pub has_ended: bool,
    /// The records that ended the modality for good, on or after its start. They close the
    /// sentences before them, as final releases do.
    pub closing: Vec<DatedFact<'a>>,
}

/// The sentences that count for a modality.
pub(super) fn counting_sentences<'a>(
    all: &Sentences<'a>,
    modality: &Modality<'a>,
    final_releases: &[DatedFact<'a>],
    earlier: &[EarlierModality<'_, 'a>],
) -> CountingSentences<'a> {
    let starts_on = modality.starts_on;
    let closing = final_releases.iter().chain(earlier.iter().flat_map(|e| &e.closing));
    let closing = closing.filter(|record| record.date < starts_on);
    let last_closing = closing.map(|record| record.place).max();
    let counting = |sentence: &Sentence<'a>| {
        let by_then = sentence.pronounced.partition_point(|(record, _)| record.date <= starts_on);
        let (last, content) = *sentence.pronounced[..by_then].last()?;
        let (first, _) = sentence.pronounced[0];
        let is_closed = last_closing.is_some_and(|closing| first.place < closing);
        (!is_closed).then_some(CountingSentence { id: sentence.id, first, last, content })
    };
    let sentences: Vec<CountingSentence> = all.sentences.iter().filter_map(counting).collect();
    let ids: BTreeSet<ScopedId> = sentences.iter().map(|sentence| sentence.id).collect();
    let mut counting = CountingSentences { sentences, ..CountingSentences::default() };
    let of_counting = || all.imputations.iter().filter(|i| ids.contains(&i.sentence));
    counting.dated = of_counting().filter(|i| i.agreeing_dates().is_some()).copied().collect();
    counting.imputed = counting.dated.iter().filter_map(Imputation::agreeing_dates).collect();
    let mut told: BTreeSet<(ScopedId, i64)> =
        counting.dated.iter().map(|i| (i.sentence, i.days())).collect();
    let undated = of_counting().filter(|i| i.agreeing_dates().is_none());
    counting.undated = undated.filter(|i| told.insert((i.sentence, i.days()))).copied().collect();
    counting.undated_days = counting.undated.iter().map(Imputation::days).sum();
    counting
}

/// The chain of sentences, and what is taken off it.
#[derive(Debug)]
pub(super) struct SentenceChain {
    pub start: NaiveDate,
    /// For each counting sentence the number of days from the start to its end.
    pub passed: Vec<i64>,
    /// D' from the start to the day before the modality.
    pub detained: DateSet,
    /// X from the start to the day before the modality.
    pub under_earlier: DateSet,
    /// The dates of I before the modality.
    pub imputed: DateSet,
}

impl SentenceChain {
    /// The length of all sentences together.
    pub fn days(&self) -> i64 {
        self.passed.last().copied().unwrap_or(0)
    }
}

/// The base of one modality.
#[derive(Debug, Default)]
pub(super) struct Base {
    pub entered: Option<i64>,
    pub calculated: Option<i64>,
    /// `None`: no sentence counts.
    pub chain: Option<SentenceChain>,
    /// The earlier release, as an index, whose worth is the court's to say.
    pub asks_for: Option<usize>,
}

impl Base {
    /// The days that all figures start from.
    pub fn effective(&self) -> Option<i64> {
        self.entered.or(self.calculated)
    }
}

/// Works out the base of a modality from its counting sentences, the set D, and the modalities
/// before it.
pub(super) fn base(
    modality: &Modality<'_>,
    counting: &CountingSentences<'_>,
    detained: &DateSet,
    earlier: &[EarlierModality<'_, '_>],
    month_days: u32,
) -> Base {
    let entered = modality.granted.remainder_days.map(i64::from);
    let Some(first) = counting.sentences.first() else {
        return Base { entered, ..Base::default() };
    };
    let (starts_on, eve) = (modality.starts_on, day_before(modality.starts_on));
    let other_titles = earlier.iter().flat_map(|earlier| earlier.book.other_title.runs());
    let detained = detained.minus(&other_titles.collect());
    let as_served = earlier.iter().filter(|earlier| counts_as_served(earlier.kind));
    let under_earlier: DateSet =
        as_served.flat_map(|earlier| earlier.book.under_modality.runs()).collect();
    let begun = detained.union(&under_earlier).clip(first.first.date, eve);
    let begun = begun.runs().next().map(|run| run.first);
    let start = first.content.starts_on.or(begun).unwrap_or(starts_on);
    let lengths: Vec<SentenceLength> =
        counting.sentences.iter().map(CountingSentence::length).collect();
    let chain = SentenceChain {
        start,
        passed: chain(start, &lengths, month_days),
        detained: detained.clip(start, eve),
        under_earlier: under_earlier.clip(start, eve),
        imputed: counting.imputed.minus(&DateSet::between(starts_on, NaiveDate::MAX)),
    };
    let undecided = |earlier: &EarlierModality<'_, '_>| {
        is_for_the_court(earlier.kind)
            && !earlier.has_ended
            && earlier.book.under_modality.first_from(start).is_some()
    };
    let asks_for = earlier.iter().position(undecided);
    let served = chain.imputed.union(&chain.detained).union(&chain.under_earlier).days();
    let calculated = (chain.days() - served - counting.undated_days).max(0);
    let calculated = asks_for.is_none().then_some(calculated);
    Base { entered, calculated, chain: Some(chain), asks_for }
}

/// Whether the dates lived under a modality of this kind are dates of the sentence served.
const fn counts_as_served(kind: ModalityKind) -> bool {
    matches!(
        kind,
        ModalityKind::LimitedDetention
            | ModalityKind::ElectronicMonitoring
            | ModalityKind::TransitionHouse
    )
}

/// Whether only a court can say what a release of this kind was worth.
const fn is_for_the_court(kind: ModalityKind) -> bool {
    !counts_as_served(kind)
}
