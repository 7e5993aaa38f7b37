//! Life outside: substitution handed over, treatment, housing, and the way back.
//! Always: the risk after a release begins on the day of the release.

use super::course::SubstitutionCourse;
use super::life::Life;
use super::moment::Day;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::Series;
use crate::domain::vocabulary::choice::{HousingKind, Setting, StopReason, UseBasis, UsePeriod};

impl Life<'_> {
    /// The final release under this sentence: the course is handed over, life outside goes on.
    pub(super) fn free(&mut self, day: Day) -> Option<Day> {
        self.course_outside(day, false);
        self.free_from(day, day)
    }

    /// Life outside from `since` on; `released` is the day on which the risk after release began.
    pub(super) fn free_from(&mut self, released: Day, since: Day) -> Option<Day> {
        let back = self.dice.chance(rates::BACK_IN_PRISON);
        let soon = self.dice.chance(rates::BACK_WITHIN_TWO_YEARS);
        let days = if soon { self.dice.between(20, 730) } else { self.dice.between(731, 3100) };
        let next = (back && !self.fate.given).then_some(since + days);
        self.outside(released, since, next.map_or(self.world.span.to, |day| day - 1));
        next.filter(|day| self.goes_on(*day))
    }

    /// Stops the course inside on the day of release and hands it over; it may go on outside.
    pub(super) fn course_outside(&mut self, day: Day, residential: bool) {
        if self.course.is_none() {
            return;
        }
        let to = if residential { "deKiem" } else { "msoc" };
        let sent = self.fate.meets(rates::HANDOVER_SENT, &mut self.dice);
        let confirmed = sent && self.hand_over(day, to, SendingSystem::House(to));
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
    pub(super) fn outside(&mut self, released: Day, from: Day, to: Day) {
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
            mode: None,
            financing: Some(self.dice.pick(&[(&"insurance", 7), (&"community", 3)])),
            pressure: Some(self.pressure),
        };
        self.tell_on(start, SendingSystem::House(provider), say);
        let bases = [(UseBasis::SelfReport, 6), (UseBasis::Test, 3), (UseBasis::Observation, 1)];
        let day = (start + self.dice.between(1, 60)).min(to);
        self.use_told(day, UsePeriod::AfterRelease, &bases, SendingSystem::House(provider));
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
}
