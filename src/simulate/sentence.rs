//! A sentence: pronounced, perhaps again on appeal, and the detention before it imputed.
//! Always: every record of one sentence names the same first day; an appeal is settled before the
//! first modality starts.

use super::held::HeldPeriod;
use super::life::Life;
use super::moment::{Day, date_of, day_of};
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::{Series, SeriesId};
use super::world::working_day;
use super::written::{CodeRef, Date};
use crate::domain::vocabulary::choice::ModalityKind;

/// A sentence being served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Title {
    /// First day of execution.
    pub(super) from: Day,
    /// The day of the last judgment on the sentence.
    pub(super) settled: Day,
    /// First free day, if no modality or revocation changes it.
    pub(super) end: Day,
    /// Length before imputation.
    pub(super) days: i32,
}

/// The facts of a sentence that each of its judgments repeats.
#[derive(Clone, Copy)]
struct Case {
    sentence: SeriesId,
    from: Day,
    offence: Option<CodeRef>,
    facts: (Day, Day),
}

const FIRST_COURT: CodeRef = &"court-of-first-instance";
const APPEAL_COURT: CodeRef = &"court-of-appeal";

impl Life<'_> {
    pub(super) fn sentence(&mut self, held: &HeldPeriod, day: Day) -> Title {
        let drawn = self.dice.pick(rates::SENTENCE_MONTHS);
        let first = self.fate.sentence_months.unwrap_or(drawn);
        let told = self.fate.meets(rates::OFFENCE_TOLD, &mut self.dice);
        let until = held.since - self.dice.between(1, 40);
        let case = Case {
            sentence: self.new_id(Series::Sentence),
            from: day,
            offence: told.then_some(self.dice.pick(rates::OFFENCES)),
            facts: (until - self.dice.between(0, 120), until),
        };
        self.pronounce(case, first, day, FIRST_COURT);
        let (months, settled) = self.appeal(case, first, day);
        let imputed = self.impute(held, case.sentence, day);
        let end = (date_to_date(day, months) - imputed).max(settled + 10);
        Title { from: day, settled, end, days: length_days(months) }
    }

    fn pronounce(&mut self, case: Case, months: u32, day: Day, court: CodeRef) {
        let judgment = self.new_id(Series::Judgment);
        let slips = self.dice.chance(rates::END_DATE_WRONG) && !self.fate.given;
        let wrong = if slips { 5 } else { 0 };
        let given = self.dice.chance(rates::END_DATE_GIVEN);
        let last = date_to_date(case.from, months) - 1 + wrong;
        let dated = case.offence.is_some();
        let say = Say::Pronounced {
            sentence: case.sentence,
            judgment,
            years: months / 12,
            months: months % 12,
            days: 0,
            starts_on: Date::on(case.from),
            ends_on: given.then_some(Date::on(last)),
            court,
            offence: case.offence,
            facts_from: dated.then_some(Date::on(case.facts.0)),
            facts_to: dated.then_some(Date::on(case.facts.1)),
        };
        let time = self.dice.moment(day, 9, 10);
        self.tell(time, SendingSystem::Court, say);
    }

    /// Pronounces the sentence again on appeal, perhaps. Returns the months that hold in the end,
    /// and the day from which they hold.
    fn appeal(&mut self, case: Case, first: u32, day: Day) -> (u32, Day) {
        let fixed = self.fate.given || self.fate.modality.is_some();
        if fixed || first < 12 || !self.dice.chance(rates::APPEALED) {
            return (first, day);
        }
        let settled = working_day(day + self.dice.between(15, 60));
        let share = self.dice.pick(rates::APPEAL_LENGTHS);
        let months = (first * share / 100).clamp(6, 48);
        self.pronounce(case, months, settled, APPEAL_COURT);
        (months, settled)
    }

    /// Records the detention before the conviction as days imputed to the sentence (sources A2.7).
    fn impute(&mut self, held: &HeldPeriod, sentence: SeriesId, day: Day) -> i32 {
        let own = day - held.since;
        if own > 0 {
            self.imputed(held, sentence, day, (held.since, day - 1));
        }
        let earlier = match self.fate.earlier_days {
            Some(days) => days,
            None if self.dice.chance(rates::IMPUTED_EARLIER) => self.dice.between(5, 120),
            None => return own,
        };
        let to = held.since - self.dice.between(20, 200);
        self.imputed(held, sentence, day, (to - earlier + 1, to));
        own + earlier
    }

    fn imputed(&mut self, held: &HeldPeriod, sentence: SeriesId, day: Day, (from, to): (Day, Day)) {
        let dated = self.fate.given || !self.dice.chance(rates::IMPUTATION_UNDATED);
        let say = Say::Imputed {
            sentence,
            days: (to - from + 1).unsigned_abs(),
            from: dated.then_some(Date::on(from)),
            to: dated.then_some(Date::on(to)),
        };
        self.tell_on(day + 1, SendingSystem::Registry(held.prison), say);
    }

    /// The next modality and its first day; without a modality, the day on which the sentence ends.
    pub(super) fn modality_ahead(&mut self, title: &Title) -> (Option<ModalityKind>, Day) {
        if let Some((kind, days)) = self.fate.modality {
            return (Some(kind), working_day(title.from + days));
        }
        let [monitoring, conditional, limited, provisional, house, early, none] = rates::MODALITIES;
        let kind = self.dice.pick(&[
            (Some(ModalityKind::ElectronicMonitoring), monitoring),
            (Some(ModalityKind::ConditionalRelease), conditional),
            (Some(ModalityKind::LimitedDetention), limited),
            (Some(ModalityKind::ProvisionalRelease), provisional),
            (Some(ModalityKind::TransitionHouse), house),
            (Some(ModalityKind::EarlyRelease), early),
            (None, none),
        ]);
        // Conditional and early release are possible after a third of the sentence, the other
        // modalities six months earlier (sources A3.4, A3.5, A3.10); the wait for a judgment is
        // invented.
        let third = title.end - title.days * 2 / 3;
        let at_a_third =
            matches!(kind, Some(ModalityKind::ConditionalRelease | ModalityKind::EarlyRelease));
        let earliest = if at_a_third { third } else { third - 180 };
        let start = working_day(earliest.max(title.settled + 10) + self.dice.between(5, 60));
        let early = kind == Some(ModalityKind::EarlyRelease);
        let long = title.days > length_days(rates::EARLY_RELEASE_MONTHS_MAX);
        let barred = early && (long || start < self.world.milestones.early_release);
        if kind.is_none() || barred || start > title.end - 20 {
            return (None, title.end);
        }
        (kind, start)
    }
}

/// The days of a sentence before imputation, to compare lengths.
fn length_days(months: u32) -> i32 {
    (months / 12 * 365 + months % 12 * 30).cast_signed()
}

/// The first day after a sentence of `months`: years date to date, then months of 30 days.
fn date_to_date(day: Day, months: u32) -> Day {
    let date = date_of(day);
    let years = date.checked_add_months(chrono::Months::new(months / 12 * 12)).unwrap_or(date);
    day_of(years) + (months % 12 * 30).cast_signed()
}
