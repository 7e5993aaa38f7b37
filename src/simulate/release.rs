//! After the gate: modalities and how they end, life outside, the way back.
//! Always: an entered remainder is the sentence minus the imputed days and the days served, except
//! where a data error was added.

use super::course::SubstitutionCourse;
use super::custody::{Exit, HeldPeriod, Title, lived_outside};
use super::fate::{ModalityOutcome, StayEnding};
use super::life::Life;
use super::moment::Day;
use super::rates::{self, Rate};
use super::say::{CodeTexts, Date, Say};
use super::sender::SendingSystem;
use super::series::{Series, SeriesId};
use super::world::working_day;
use crate::domain::vocabulary::choice::{
    ArrivalReason, HousingKind, ModalityKind, OverdosePlace, ReleaseReason, RevocationBasis,
    Setting, StopReason,
};

/// A modality in force.
#[derive(Debug, Clone, Copy)]
struct GrantedModality {
    id: SeriesId,
    kind: ModalityKind,
    start: Day,
    /// The days left to serve when the modality was granted.
    remainder: i32,
    residential: bool,
}

impl GrantedModality {
    /// Whether the person still sleeps in the institution.
    const fn sleeps_inside(&self) -> bool {
        !lived_outside(self.kind)
    }

    const fn release_reason(&self) -> ReleaseReason {
        match self.kind {
            ModalityKind::ElectronicMonitoring => ReleaseReason::ElectronicMonitoring,
            ModalityKind::ConditionalRelease => ReleaseReason::ConditionalRelease,
            ModalityKind::ProvisionalRelease => ReleaseReason::ProvisionalRelease,
            ModalityKind::LimitedDetention => ReleaseReason::LimitedDetention,
            ModalityKind::TransitionHouse => ReleaseReason::Other,
            ModalityKind::EarlyRelease => ReleaseReason::EarlyRelease,
            ModalityKind::TrialRelease => ReleaseReason::TrialRelease,
        }
    }

    const fn courts_choice(&self) -> bool {
        matches!(self.kind, ModalityKind::ConditionalRelease | ModalityKind::ProvisionalRelease)
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
        if !modality.sleeps_inside() {
            self.release(held, start, modality.release_reason(), false);
            self.course_outside(start, residential);
        }
        let (fails_on, called_back) = self.course_of(&modality, title.end);
        if called_back && fails_on < title.end - 5 {
            return self.suspended(held, title, modality, fails_on);
        }
        let since = if residential { fails_on.min(title.end) } else { start };
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
        let entered = self.fate.meets(rates::REMAINDER_ENTERED, &mut self.dice);
        let wrong = !self.fate.given && self.dice.chance(rates::REMAINDER_WRONG);
        let slip = if wrong { self.dice.between(1, 30) } else { 0 };
        let drawn: CodeTexts =
            self.dice.pick(&[(&["ambulatoryTreatment"] as CodeTexts, 3), (&[] as CodeTexts, 7)]);
        let ambulatory = if self.fate.problem { drawn } else { &[] };
        let conditions = if residential { &["residentialTreatment"] } else { ambulatory };
        let modality = GrantedModality { id, kind, start, remainder, residential };
        let say = Say::Granted {
            modality: id,
            kind,
            judgment,
            starts_on: Some(Date(start)),
            remainder: entered.then_some((remainder + slip).unsigned_abs()),
            probation_ends_on: modality.courts_choice().then_some(Date(title.end - 1)),
            conditions,
        };
        let day = working_day((start - self.dice.between(4, 11)).max(title.from + 1));
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
        if modality.sleeps_inside() {
            let day = day.min(end);
            self.doses(start, if fails { day } else { end }, &[]);
            return (day, fails);
        }
        (day, fails)
    }

    /// The modality runs to the end of the sentence.
    fn served(
        &mut self,
        held: &HeldPeriod,
        end: Day,
        modality: GrantedModality,
        since: Day,
    ) -> Option<Day> {
        let reason = "termReached";
        let time = self.dice.moment(end, 6, 6);
        let say = Say::ModalityEnded { modality: modality.id, reason };
        if modality.sleeps_inside() {
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

    /// After an arrest the court suspends the modality, then lifts the suspension or revokes.
    fn suspended(
        &mut self,
        held: &mut HeldPeriod,
        title: Title,
        modality: GrantedModality,
        day: Day,
    ) -> Option<Day> {
        if !modality.sleeps_inside() {
            if !modality.residential {
                self.outside(modality.start, modality.start, day - 1);
            }
            self.doses(modality.start, day - 1, &[]);
            if !self.goes_on(day) {
                return None;
            }
            held.since = day;
            held.cared_for = false;
            self.arrive(held, day, ArrivalReason::Recall);
            self.arrival_care(held);
        }
        // The court has 7 working days to suspend; a suspension lasts at most a month (sources
        // A1.7).
        let suspended = working_day(day + self.dice.between(1, 7));
        let decided = working_day(suspended + self.dice.between(10, 27));
        let judgment = self.new_id(Series::Judgment);
        let say = Say::Suspended { modality: modality.id, judgment };
        self.tell_on(suspended, SendingSystem::SentenceCourt, say);
        self.inside(held, day, decided, Exit::Stays);
        if !self.goes_on(decided) {
            return None;
        }
        let judgment = self.new_id(Series::Judgment);
        let lifted = match self.fate.outcome {
            Some(outcome) => outcome == ModalityOutcome::SuspendedThenServed,
            None => self.dice.chance(rates::SUSPENSION_LIFTED),
        };
        if lifted && decided < title.end {
            let say = Say::SuspensionLifted { modality: modality.id, judgment };
            let time = self.dice.moment(decided, 9, 9);
            self.tell(time, SendingSystem::SentenceCourt, say);
            if !modality.sleeps_inside() {
                self.release(held, decided, modality.release_reason(), false);
                self.course_outside(decided, false);
            }
            return self.served(held, title.end, modality, decided);
        }
        self.revoked(held, title, modality, day, decided)
    }

    fn revoked(
        &mut self,
        held: &mut HeldPeriod,
        title: Title,
        modality: GrantedModality,
        back: Day,
        day: Day,
    ) -> Option<Day> {
        let lived = (back - modality.start).min(modality.remainder);
        let judgment = self.new_id(Series::Judgment);
        let gives = self.fate.meets(rates::COURT_GIVES_REMAINING, &mut self.dice);
        let whole = !self.fate.given && self.dice.chance(rates::COURT_GIVES_WHOLE);
        let share = self.dice.between(0, 100);
        let (basis, credited, remaining) = if modality.courts_choice() {
            let left = modality.remainder - if whole { 0 } else { lived * share / 100 };
            let remaining = gives.then_some(left.unsigned_abs());
            (RevocationBasis::Art68par5al2, None, remaining)
        } else {
            let credited = gives.then_some(lived.unsigned_abs());
            (RevocationBasis::Art68par5al1, credited, None)
        };
        let say = Say::Revoked {
            modality: modality.id,
            judgment,
            basis,
            effective_on: Some(Date(back)),
            credited,
            remaining,
            is_final: self.dice.below(5) > 0,
        };
        let time = self.dice.moment(day, 14, 16);
        self.tell(time, SendingSystem::SentenceCourt, say);
        let left = remaining.map_or(modality.remainder - lived, u32::cast_signed);
        self.rest(held, title, back + left, day)
    }

    /// Serves the rest of the sentence, perhaps with electronic monitoring near its end.
    fn rest(&mut self, held: &mut HeldPeriod, title: Title, end: Day, day: Day) -> Option<Day> {
        let again = end - day > 200 && !self.fate.given && self.dice.below(2) == 0;
        let exit = if again { (day + end) / 2 } else { end.max(day) };
        self.inside(held, day + 1, exit.max(day + 1), Exit::Leaves);
        if again && self.goes_on(exit) {
            let kind = ModalityKind::ElectronicMonitoring;
            return self.modality(held, Title { end, ..title }, kind, exit);
        }
        self.release(held, exit.max(day + 1), ReleaseReason::SentenceEnd, true);
        self.free(exit.max(day + 1))
    }

    /// The final release under this sentence: the course is handed over, life outside goes on.
    pub(super) fn free(&mut self, day: Day) -> Option<Day> {
        self.course_outside(day, false);
        self.free_from(day, day)
    }

    /// Life outside from `since` on; `released` is the day on which the risk after release began.
    fn free_from(&mut self, released: Day, since: Day) -> Option<Day> {
        let back = self.dice.chance(rates::BACK_IN_PRISON);
        let soon = self.dice.chance(rates::BACK_WITHIN_TWO_YEARS);
        let days = if soon { self.dice.between(20, 730) } else { self.dice.between(731, 3100) };
        let next = (back && !self.fate.given).then_some(since + days);
        self.outside(released, since, next.map_or(self.world.span.to, |day| day - 1));
        next.filter(|day| self.goes_on(*day))
    }

    /// Stops the course inside on the day of release and hands it over; it may go on outside.
    fn course_outside(&mut self, day: Day, residential: bool) {
        if self.course.is_none() {
            return;
        }
        let to = if residential { "deKiem" } else { "msoc" };
        let confirmed = self.hand_over(day, to);
        let Some(course) = self.stop(day, StopReason::Release) else { return };
        let (when_confirmed, otherwise) = rates::CONTINUED_OUTSIDE;
        let rate = if confirmed { when_confirmed } else { otherwise };
        if residential {
            self.course = Some(course);
        } else if self.fate.meets(rate, &mut self.dice) {
            let wait = if confirmed { self.dice.between(0, 3) } else { self.dice.between(1, 20) };
            let due = day + 1 + wait;
            let (setting, source) = (Setting::Community, SendingSystem::House("msoc"));
            let course = SubstitutionCourse { due, setting, source, place: "msoc", ..course };
            self.prescribe(course, due);
        }
    }

    /// Life outside from one day to another: treatment, substitution, overdose, housing.
    fn outside(&mut self, released: Day, from: Day, to: Day) {
        let to = to.min(self.world.span.to);
        if from > to || !self.goes_on(from) {
            return;
        }
        self.doses(from, to, &[]);
        if !self.fate.problem {
            return;
        }
        if from == released {
            self.engage(from, to);
            self.risk(released, to);
            if !self.fate.given && self.dice.chance(rates::SHELTERED_AFTER_RELEASE) {
                self.housed(from, HousingKind::ShelteredLiving, "shelteredLiving");
            }
        }
    }

    /// Treatment outside that starts within 21 days of the release, or later, or never.
    fn engage(&mut self, from: Day, to: Day) {
        let days = if self.dice.chance(rates::ENGAGED_21_DAYS) {
            self.dice.between(0, 21)
        } else if self.dice.chance(rates::ENGAGED_LATER) {
            self.dice.between(22, 120)
        } else {
            return;
        };
        let start = from + days;
        if start > to {
            return;
        }
        let episode = self.new_id(Series::Episode);
        let provider = self.dice.pick(&[("msoc", 4), ("cggAdentro", 3), ("deKiem", 3)]);
        let say = Say::TreatmentStarted {
            episode,
            provider,
            setting: Setting::Community,
            structured: self.dice.below(8) > 0,
            referral: None,
            project: None,
        };
        self.tell_on(start, SendingSystem::House(provider), say);
        let end = start + self.dice.between(14, 300);
        if end <= to {
            let reason = self.dice.pick(&[("completed", 3), ("byClient", 5), ("noContact", 4)]);
            self.tell_on(
                end,
                SendingSystem::House(provider),
                Say::TreatmentEnded { episode, reason },
            );
        }
    }

    /// An overdose after the release, most likely in the first two weeks.
    fn risk(&mut self, released: Day, to: Day) {
        if self.fate.dies_outside {
            let day = (released + self.dice.between(2, 13)).min(to);
            return self.overdose(day, OverdosePlace::Community, Rate(Rate::SCALE));
        }
        if self.fate.given {
            return;
        }
        let treated = self.course.is_some();
        let divisor = if treated { rates::OVERDOSE_DIVISOR_SUBSTITUTION } else { 1 };
        let early = self.dice.chance(Rate(rates::OVERDOSE_FIRST_WEEKS.0 / divisor));
        let late = self.dice.chance(Rate(rates::OVERDOSE_WEEKS_3_TO_12.0 / divisor));
        let day = match (early, late) {
            (true, _) => released + self.dice.between(0, 13),
            (false, true) => released + self.dice.between(14, 83),
            (false, false) => return,
        };
        if day <= to {
            self.overdose(day, OverdosePlace::Community, rates::OVERDOSE_FATAL);
        }
    }
}
