//! A modality: granted, lived, served to the end of the sentence.
//! Always: an entered remainder is the sentence minus the imputed days and the days served, except
//! where a data error was added.

use super::fate::{ModalityOutcome, StayEnding};
use super::held::{Exit, HeldPeriod};
use super::life::Life;
use super::moment::Day;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::sentence::Title;
use super::series::{Series, SeriesId};
use super::world::working_day;
use super::written::{CodeTexts, Date};
use crate::domain::vocabulary::choice::{ArrivalReason, LegalStatus, ModalityKind, ReleaseReason};

/// A modality in force.
#[derive(Debug, Clone, Copy)]
pub(super) struct GrantedModality {
    pub(super) id: SeriesId,
    pub(super) kind: ModalityKind,
    pub(super) start: Day,
    /// The days left to serve when the modality was granted.
    pub(super) remainder: i32,
    pub(super) residential: bool,
}

impl GrantedModality {
    pub(super) fn release_reason(&self) -> ReleaseReason {
        self.kind.code().parse().expect("each kind of modality is a reason of release too")
    }

    /// Whether the person still sleeps in the institution.
    pub(super) const fn is_inside(&self) -> bool {
        self.kind.is_lived_inside()
    }
}

impl Life<'_> {
    /// Lives a modality from its first day; returns the day of the next detention, if there is one.
    pub(super) fn modality(
        &mut self,
        held: &mut HeldPeriod,
        title: Title,
        kind: ModalityKind,
        start: Day,
    ) -> Option<Day> {
        if !self.goes_on(start) {
            return None;
        }
        let residential = self.goes_residential(kind);
        let modality = self.grant(title, kind, start, residential);
        if !modality.is_inside() {
            self.release(held, start, modality.release_reason(), false);
            self.course_outside(start, residential);
        } else if self.fate.meets(rates::RELEASE_BY_DAY_TOLD, &mut self.dice) {
            self.gate(held, start, modality.release_reason(), false);
        }
        let (fails_on, called_back) = self.course_of(&modality, title.end);
        if called_back && fails_on < title.end - 5 {
            return self.called_back(held, title, modality, fails_on);
        }
        let since = if residential { fails_on.min(title.end) } else { start };
        let since = self.arrested_meanwhile(held, title.end, &modality, since);
        self.served(held, title.end, modality, since)
    }

    fn goes_residential(&mut self, kind: ModalityKind) -> bool {
        if self.fate.given {
            return self.fate.stay.is_some();
        }
        let conditional = kind == ModalityKind::ConditionalRelease;
        let rate =
            if conditional { rates::RESIDENTIAL_CONDITION } else { rates::RESIDENTIAL_OTHERWISE };
        self.fate.problem && self.dice.chance(rate)
    }

    fn grant(
        &mut self,
        title: Title,
        kind: ModalityKind,
        start: Day,
        residential: bool,
    ) -> GrantedModality {
        let id = self.new_id(Series::Modality);
        let judgment = self.new_id(Series::Judgment);
        let remainder = (title.end - start).max(0);
        // Internment has no term, so nothing remains of a term.
        let interned = kind == ModalityKind::TrialRelease;
        let entered = self.fate.meets(rates::REMAINDER_ENTERED, &mut self.dice) && !interned;
        let wrong = !self.fate.given && self.dice.chance(rates::REMAINDER_WRONG);
        let slip = if wrong { self.dice.between(1, 30) } else { 0 };
        let drawn: CodeTexts =
            self.dice.pick(&[(&["ambulatoryTreatment"] as CodeTexts, 3), (&[] as CodeTexts, 7)]);
        let ambulatory = if self.fate.problem { drawn } else { &[] };
        let conditions = if residential { &["residentialTreatment"] } else { ambulatory };
        let modality = GrantedModality { id, kind, start, remainder, residential };
        let tried = is_courts_choice(kind) || interned;
        let say = Say::Granted {
            modality: id,
            kind,
            judgment,
            starts_on: Some(Date::on(start)),
            remainder: entered.then_some((remainder + slip).unsigned_abs()),
            probation_ends_on: tried.then_some(Date::on(title.end - 1)),
            conditions,
        };
        let day = working_day((start - self.dice.between(4, 11)).max(title.settled + 1));
        self.tell_on(day, SendingSystem::SentenceCourt, say);
        modality
    }

    /// Lives the modality until its end; returns the day of the end, and whether the person is then
    /// called back.
    fn course_of(&mut self, modality: &GrantedModality, end: Day) -> (Day, bool) {
        let start = modality.start;
        let fails = self.dice.chance(rates::MODALITY_FAILS);
        let day = start + self.dice.between(15, if self.fate.given { 60 } else { 240 });
        let fails = self.fate.outcome.map_or(fails, |outcome| outcome != ModalityOutcome::Served);
        if modality.residential {
            let first = start + self.dice.pick(&[(0, 7), (1, 2), (3, 1)]);
            let stay = self.stay(first, Some(modality.id), end - 1);
            let dropped_out = stay.ending == StayEnding::DroppedOut;
            let called = self.fate.meets(rates::DROPOUT_CALLED_BACK, &mut self.dice);
            return (stay.last + self.dice.between(6, 25), dropped_out && called);
        }
        if modality.is_inside() {
            let day = day.min(end);
            self.doses(start, if fails { day } else { end }, &[]);
            return (day, fails);
        }
        (day, fails)
    }

    /// Arrests the person for other facts, perhaps, while the modality runs; it goes on afterwards.
    /// Returns the day from which the rest of the modality is still to be lived.
    fn arrested_meanwhile(
        &mut self,
        held: &mut HeldPeriod,
        end: Day,
        modality: &GrantedModality,
        since: Day,
    ) -> Day {
        let free = !self.fate.given && !modality.is_inside() && !modality.residential;
        if !free || end - since < 120 || !self.dice.chance(rates::ARRESTED_MEANWHILE) {
            return since;
        }
        let day = since + self.dice.between(20, 60);
        self.outside(since, since, day - 1);
        if !self.goes_on(day) {
            return since;
        }
        held.detention = self.new_id(Series::Detention);
        self.return_to_prison(held, day, LegalStatus::Pretrial, ArrivalReason::New);
        let exit = working_day(day + self.dice.between(3, 35));
        self.inside(held, day, exit, Exit::Stays);
        self.release(held, exit, ReleaseReason::PretrialLifted, true);
        self.course_outside(exit, false);
        exit
    }

    /// The modality runs to the end of the sentence.
    pub(super) fn served(
        &mut self,
        held: &HeldPeriod,
        end: Day,
        modality: GrantedModality,
        since: Day,
    ) -> Option<Day> {
        let reason = "termReached";
        let time = self.dice.moment(end, 6, 6);
        let say = Say::ModalityEnded { modality: modality.id, reason };
        if modality.is_inside() {
            self.doses(since, end, &[]);
            self.tell(time, SendingSystem::SentenceCourt, say);
            self.release(held, end, ReleaseReason::SentenceEnd, true);
            self.course_outside(end, false);
            return self.free_from(end, end);
        }
        let released = if modality.residential { since - 1 } else { since };
        self.outside(released, since, end);
        self.tell(time, SendingSystem::SentenceCourt, say);
        self.free_from(end, end)
    }
}

/// Whether the court decides after a revocation what is left to serve (sources A1.2).
pub(super) const fn is_courts_choice(kind: ModalityKind) -> bool {
    matches!(kind, ModalityKind::ConditionalRelease | ModalityKind::ProvisionalRelease)
}
