//! Overdose, the answer to an overdose, and death.
//! Always: neither happens to a person who still has a slot in the figures of 2025.

use super::held::HeldPeriod;
use super::life::Life;
use super::moment::{Day, LocalMoment};
use super::rates::{self, Rate};
use super::say::Say;
use super::sender::SendingSystem;
use super::written::CodeTexts;
use crate::domain::vocabulary::choice::{
    CauseGroup, ConsultationFinancing, OverdosePlace, ReleaseReason,
};

impl Life<'_> {
    /// Overdose and death in prison.
    pub(super) fn harm_inside(&mut self, held: &HeldPeriod, from: Day, to: Day) {
        if self.fate.given || self.fate.slot.is_some() {
            return;
        }
        let day = self.dice.between(from, to.max(from));
        let overdose = self.fate.problem && self.dice.chance(rates::OVERDOSE_IN_PRISON);
        let death = self.dice.chance(rates::DEATH_IN_PRISON);
        if overdose {
            self.overdose(day, OverdosePlace::Prison, rates::OVERDOSE_FATAL);
        } else if death {
            let time = self.dice.moment(day, 6, 22);
            let cause = self.cause_in_prison();
            self.dies_of(time, cause);
        }
        if let Some(time) = self.died {
            let (detention, reason) = (held.detention, ReleaseReason::Death);
            let say = Say::Released { detention, reason, is_final: true, region: None };
            self.tell(time, SendingSystem::Registry(held.prison), say);
        }
    }

    fn cause_in_prison(&mut self) -> CauseGroup {
        let [suicide, natural, accident, other, unknown] = rates::CAUSES_IN_PRISON;
        self.dice.pick(&[
            (CauseGroup::Suicide, suicide),
            (CauseGroup::Natural, natural),
            (CauseGroup::Accident, accident),
            (CauseGroup::Other, other),
            (CauseGroup::Unknown, unknown),
        ])
    }

    /// Ends the life. The cause is recorded weeks later, as of the death.
    fn dies_of(&mut self, time: LocalMoment, cause: CauseGroup) {
        self.die(time);
        if self.fate.meets(rates::CAUSE_TOLD, &mut self.dice) {
            let weeks = self.dice.between(7, 60);
            let say = Say::CauseOfDeath { cause };
            self.tell_late(time, weeks, SendingSystem::CivilRegistry, say);
        }
    }

    /// Records an overdose, and the death that may follow.
    fn overdose(&mut self, day: Day, place: OverdosePlace, fatal: Rate) {
        let fatal = self.dice.chance(fatal);
        let time = self.dice.moment(day, 10, 20);
        let source = match (self.course, place) {
            (Some(course), OverdosePlace::Prison) => course.source,
            _ => SendingSystem::House("msoc"),
        };
        let outcome = if fatal { "fatal" } else { "recovered" };
        let naloxone = self.dice.below(3) == 0;
        if !self.goes_on(day) {
            return;
        }
        if fatal {
            self.dies_of(time, CauseGroup::DrugRelated);
        }
        self.tell(time, source, Say::Overdose { place, outcome, naloxone });
        if !fatal && self.dice.chance(rates::OVERDOSE_ANSWERED) {
            self.answer_overdose(day, place, source);
        }
    }

    /// A talk with the person on one of the two next days.
    fn answer_overdose(&mut self, day: Day, place: OverdosePlace, source: SendingSystem) {
        let roles: CodeTexts = match place {
            OverdosePlace::Prison => &["prisonPhysician", "nurse"],
            OverdosePlace::Community => &["physician", "counsellor"],
        };
        let say = Say::Consulted {
            roles,
            minutes: 30,
            client_present: true,
            financing: Some(ConsultationFinancing::Unpaid),
            reference_person: Some(false),
        };
        let later = day + self.dice.between(1, 2);
        let time = self.dice.moment(later, 8, 9);
        self.tell(time, source, say);
    }

    /// An overdose after the release, most likely in the first two weeks.
    pub(super) fn risk(&mut self, released: Day, to: Day) {
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
