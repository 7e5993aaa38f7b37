//! Works out the modalities of a person, one after another: end, window, day book, outcome, base.
//! Always: a modality depends on the ones before it and on the starts of those after it, so they
//! are worked out in order.
//! Rules: "Sets", "Day book" and "CreditOutcome" of the credit rules.

use chrono::NaiveDate;

use super::base::{Base, CountingSentences, EarlierModality, Sentences, base, counting_sentences};
use super::custody::{CustodyDates, Escape, one_date};
use super::day_book::{DayBook, DaySets, day_book};
use super::modality::{
    Modality, ModalityEnd, Suspension, WindowRuns, end, modalities, suspensions, window,
};
use super::outcome::{CreditOutcome, OutcomeInput};
use super::query::CreditQuery;
use super::records::CreditRecords;
use crate::domain::history::DatedFact;
use crate::domain::stays::Stays;
use crate::domain::time::dates::{DateRun, DateSet, day_after, day_before};
use crate::domain::vocabulary::choice::LegalStatus;

/// Everything that the records say, before any modality is worked out.
pub(super) struct CreditInput<'a> {
    pub counted: CreditRecords<'a>,
    pub query: CreditQuery,
    pub custody: CustodyDates<'a>,
    pub stays: Stays<'a>,
    pub sentences: Sentences<'a>,
    pub modalities: Vec<Modality<'a>>,
    pub ends: Vec<ModalityEnd<'a>>,
    /// The escapes that count.
    pub escapes: Vec<Escape<'a>>,
    /// A, unlawfully away.
    pub away: DateSet,
    /// D, detained.
    pub detained: DateSet,
    /// P, present in treatment.
    pub present: DateSet,
}

impl<'a> CreditInput<'a> {
    /// Reads the records that count.
    pub fn new(counted: CreditRecords<'a>, query: CreditQuery) -> Self {
        let at = counted.at;
        let custody = CustodyDates::read(&counted.records, at);
        let stays = Stays::read(&counted.records);
        let sentences = Sentences::read(&counted.records);
        let modalities = modalities(&counted.records);
        let ends: Vec<ModalityEnd> = (0..modalities.len())
            .map(|index| end(&modalities, index, &custody, &counted))
            .collect();
        let inside = lived_inside(&modalities, &ends).map(|(dates, _)| dates).collect();
        let escapes: Vec<Escape> = custody.away(&inside).copied().collect();
        let away = escapes.iter().map(|escape| escape.run).collect();
        let detained = custody.all_dates.minus(&away);
        let present = stays.dates(at, query.presence_rule());
        Self {
            counted,
            query,
            custody,
            stays,
            sentences,
            modalities,
            ends,
            escapes,
            away,
            detained,
            present,
        }
    }

    /// The windows of the modalities that are lived inside, each with its grant.
    pub fn lived_inside(&self) -> impl Iterator<Item = (DateRun, DatedFact<'a>)> {
        lived_inside(&self.modalities, &self.ends)
    }

    /// Works out all modalities, in order.
    pub fn work(&self) -> Vec<WorkedModality<'_, 'a>> {
        let mut worked: Vec<WorkedModality> = Vec::with_capacity(self.modalities.len());
        for index in 0..self.modalities.len() {
            let modality = self.work_one(index, &worked);
            worked.push(modality);
        }
        worked
    }

    fn work_one<'i>(
        &'i self,
        index: usize,
        earlier: &[WorkedModality<'i, 'a>],
    ) -> WorkedModality<'i, 'a> {
        let (modality, end, at) = (&self.modalities[index], &self.ends[index], self.counted.at);
        let window = window(modality, end.on, &self.custody.detentions);
        let suspensions = suspensions(modality, end.on);
        let suspended = suspensions.iter().map(|suspension| suspension.run).collect();
        let earlier: Vec<EarlierModality> =
            earlier.iter().map(WorkedModality::as_earlier).collect();
        let final_releases = &self.custody.final_releases;
        let counting = counting_sentences(&self.sentences, modality, final_releases, &earlier);
        let served_by_title = served_by_title(&self.custody, modality.starts_on, |from| {
            let revoked = modality.revoked_on(at).map(|revoked| revoked.max(from));
            let suspended = DateSet::first_from(&suspended, from);
            revoked.into_iter().chain(suspended).min()
        });
        let sets = DaySets {
            lived_inside: modality.kind().is_lived_inside(),
            window: &window.dates,
            suspended: &suspended,
            away: &self.away,
            detained: &self.detained,
            release_dates: &self.custody.release_dates,
            served_by_title: &served_by_title,
            imputed: &counting.imputed,
        };
        let next_day = day_after(end.on);
        let outcome_input = OutcomeInput {
            starts_on: modality.starts_on,
            at,
            has_died: self.counted.death.is_some(),
            end,
            window: &window,
            final_releases,
        };
        let outcome = CreditOutcome::of(&outcome_input, || day_book(&sets, one_date(next_day)));
        let next_start = end.next.map(|next| day_before(self.modalities[next].starts_on));
        let final_release = end.final_release.map(|release| release.date);
        let ended_on = (outcome == CreditOutcome::Ended).then_some(end.on);
        let bounds = [next_start, final_release, ended_on];
        let last = bounds.into_iter().flatten().fold(at, NaiveDate::min);
        let book = day_book(&sets, DateRun { first: modality.starts_on, last });
        let base =
            base(modality, &counting, &self.detained, &earlier, self.query.month_days.number());
        let treated = self.present.intersect(&book.under_modality);
        WorkedModality {
            modality,
            end,
            window,
            suspensions,
            counting,
            outcome,
            book,
            base,
            treated,
        }
    }
}

/// The windows of the modalities that are lived inside, each with its grant.
fn lived_inside<'m, 'a>(
    modalities: &'m [Modality<'a>],
    ends: &'m [ModalityEnd<'a>],
) -> impl Iterator<Item = (DateRun, DatedFact<'a>)> {
    let inside = modalities.iter().zip(ends).filter(|(m, _)| m.kind().is_lived_inside());
    inside.map(|(m, end)| (DateRun { first: m.starts_on, last: end.on }, m.grant))
}

/// A modality that was worked out.
pub(super) struct WorkedModality<'i, 'a> {
    pub modality: &'i Modality<'a>,
    pub end: &'i ModalityEnd<'a>,
    pub window: WindowRuns,
    pub suspensions: Vec<Suspension<'a>>,
    pub counting: CountingSentences<'a>,
    pub outcome: CreditOutcome,
    pub book: DayBook,
    pub base: Base,
    /// T, the treatment days.
    pub treated: DateSet,
}

impl<'a> WorkedModality<'_, 'a> {
    /// What the bases of later modalities read of this one.
    fn as_earlier(&self) -> EarlierModality<'_, 'a> {
        let has_ended = self.outcome == CreditOutcome::Ended;
        let closes = has_ended && self.end.on >= self.modality.starts_on;
        EarlierModality {
            kind: self.modality.kind(),
            book: &self.book,
            has_ended,
            closing: self.end.records().filter(|_| closes).collect(),
        }
    }

    /// V: the dates served inside while the modality lasted.
    pub fn served_inside(&self) -> DateSet {
        self.book.served_inside(self.window.last())
    }

    /// B: back in prison under this sentence.
    pub fn back_on(&self) -> Option<NaiveDate> {
        self.book.back_on(self.window.last())
    }
}

/// The dates in prison that are served by their title. Of a detention that began on or after the
/// start of the modality under another title, only the dates from `served_from` on.
fn served_by_title(
    custody: &CustodyDates<'_>,
    starts_on: NaiveDate,
    served_from: impl Fn(NaiveDate) -> Option<NaiveDate>,
) -> DateSet {
    let convicted = custody.titles.iter().filter(|title| title.title == LegalStatus::Convicted);
    let served = convicted.filter_map(|title| {
        let detention = &custody.detentions[title.detention];
        let is_for_new_facts =
            detention.run.first >= starts_on && detention.status != LegalStatus::Convicted;
        let first = match is_for_new_facts {
            true => title.run.first.max(served_from(detention.run.first)?),
            false => title.run.first,
        };
        Some(DateRun { first, ..title.run })
    });
    served.collect()
}
