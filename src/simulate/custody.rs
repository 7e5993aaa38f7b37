//! A detention: arrival, status, the days inside, transfers, release.
//! Always: a release is earlier in the day than an arrival of the same day.

use super::fate::Slot;
use super::held::{Exit, HeldPeriod};
use super::life::Life;
use super::moment::{Day, LocalMoment};
use super::place::{Prison, REGIONS, RUISELEDE};
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::sentence::Title;
use super::series::Series;
use super::world::working_day;
use crate::domain::vocabulary::choice::{
    ArrivalReason, LegalPressure, LegalStatus, ReleaseReason, StopReason,
};

/// Days of a month in which absences and transfers are drawn.
const MONTH: i32 = 30;

impl Life<'_> {
    /// Lives a detention from its first day; returns the first day of the next one, if any.
    pub(super) fn detention(&mut self, day: Day) -> Option<Day> {
        let drawn = self.world.any_prison(&mut self.dice, day);
        let prison = self.fate.prison.unwrap_or(drawn);
        let detention = self.new_id(Series::Detention);
        let status = self.arrival_status();
        let mut held = HeldPeriod {
            detention,
            prison,
            since: day,
            status,
            sentence_days: None,
            cared_for: false,
            goes_on_at: None,
        };
        self.arrive(&held, day, ArrivalReason::New);
        self.arrival_care(&held);
        match status {
            LegalStatus::Pretrial => self.pretrial(&mut held, day),
            LegalStatus::Convicted => self.serve(&mut held, day),
            LegalStatus::Interned => self.interned(&mut held, day),
            LegalStatus::Other => self.held_otherwise(&mut held, day),
        }
    }

    fn arrival_status(&mut self) -> LegalStatus {
        if self.fate.pretrial_days.is_some() {
            return LegalStatus::Pretrial;
        }
        if self.fate.slot.is_some() {
            return LegalStatus::Convicted;
        }
        let [pretrial, convicted, interned, other] = rates::ARRIVAL_STATUS;
        self.dice.pick(&[
            (LegalStatus::Pretrial, pretrial),
            (LegalStatus::Convicted, convicted),
            (LegalStatus::Interned, interned),
            (LegalStatus::Other, other),
        ])
    }

    /// Records an arrival between 11:00 and 13:00, so that a release of the same day is earlier.
    pub(super) fn arrive(&mut self, held: &HeldPeriod, day: Day, reason: ArrivalReason) {
        self.episode = Some(held.detention);
        let time = LocalMoment::new(day, i64::from(self.dice.between(11 * 3600, 13 * 3600 - 1)));
        let say = Say::Arrived {
            detention: held.detention,
            facility: held.prison.code(),
            status: held.status,
            reason,
        };
        self.tell(time, SendingSystem::Registry(held.prison), say);
    }

    /// A stay for another reason than a sentence, which ends in a release for good.
    fn held_otherwise(&mut self, held: &mut HeldPeriod, day: Day) -> Option<Day> {
        let exit = day + self.dice.between(5, 60);
        self.inside(held, day, exit, Exit::Leaves);
        self.release(held, exit, ReleaseReason::Removal, true);
        None
    }

    fn pretrial(&mut self, held: &mut HeldPeriod, day: Day) -> Option<Day> {
        let drawn = self.dice.between(15, 200);
        let exit = working_day(day + self.fate.pretrial_days.unwrap_or(drawn));
        let settled = self.fate.pretrial_days.is_some();
        let convicted = self.fate.slot.map_or(settled, |slot| slot.is_b_leave());
        self.inside(held, day, exit, Exit::Stays);
        if !convicted && self.dice.chance(rates::PRETRIAL_LIFTED) {
            let acquitted = self.dice.chance(rates::ACQUITTED);
            let reason =
                if acquitted { ReleaseReason::Acquittal } else { ReleaseReason::PretrialLifted };
            self.release(held, exit, reason, true);
            return self.free(exit);
        }
        if !convicted && self.dice.chance(rates::INTERNED_INSTEAD) {
            self.change_title(held, exit, LegalStatus::Interned);
            return self.interned(held, exit);
        }
        self.change_title(held, exit, LegalStatus::Convicted);
        self.serve(held, exit)
    }

    /// Records that the person is held under another title from a day on, unless it is the same.
    pub(super) fn change_title(&mut self, held: &mut HeldPeriod, day: Day, to: LegalStatus) {
        let from = std::mem::replace(&mut held.status, to);
        if from != to {
            let say = Say::StatusChanged { detention: held.detention, from, to };
            self.tell_on(day, SendingSystem::Registry(held.prison), say);
        }
    }

    /// Serves a sentence, from the first day of its execution to the end of this detention.
    pub(super) fn serve(&mut self, held: &mut HeldPeriod, day: Day) -> Option<Day> {
        let title = self.sentence(held, day);
        let (kind, exit) = self.modality_ahead(&title);
        self.long_programme_ahead(held, day, exit);
        held.sentence_days = Some(title.days);
        let leaves = kind.is_none_or(|kind| !kind.is_lived_inside());
        let next = if leaves { Exit::Leaves } else { Exit::Stays };
        self.inside(held, day + 1, exit, next);
        match kind {
            Some(kind) => {
                let end = title.end + std::mem::take(&mut self.unserved);
                self.modality(held, Title { end, ..title }, kind, exit)
            }
            None => self.sentence_ends(held, exit),
        }
    }

    /// Serves the days that unlawful absences left unserved, and is released for good.
    pub(super) fn sentence_ends(&mut self, held: &mut HeldPeriod, day: Day) -> Option<Day> {
        let end = day + std::mem::take(&mut self.unserved);
        self.doses(day, end, &[]);
        if !self.fate.given && self.dice.chance(rates::HELD_ON) {
            return self.held_on(held, end);
        }
        self.release(held, end, ReleaseReason::SentenceEnd, true);
        self.free(end)
    }

    /// Stays in prison under another title once the sentence is over.
    fn held_on(&mut self, held: &mut HeldPeriod, day: Day) -> Option<Day> {
        if !self.goes_on(day) {
            return None;
        }
        let (title, reason) = self.dice.pick(&[
            ((LegalStatus::Pretrial, ReleaseReason::PretrialLifted), 1),
            ((LegalStatus::Other, ReleaseReason::Removal), 1),
        ]);
        self.change_title(held, day, title);
        let exit = working_day(day + self.dice.between(5, 60));
        self.inside(held, day + 1, exit, Exit::Leaves);
        self.release(held, exit, reason, true);
        if reason == ReleaseReason::Removal { None } else { self.free(exit) }
    }

    /// Lives the days in prison from one day to another, both included.
    pub(super) fn inside(&mut self, held: &mut HeldPeriod, from: Day, to: Day, exit: Exit) {
        self.care(held, from, to, exit);
        let half = (from + to) / 2;
        let mut start = from;
        if let Some((day, prison)) = held.goes_on_at.take().filter(|(day, _)| *day < to) {
            self.months(held, from, day, half);
            if self.goes_on(day) {
                self.move_to(held, prison, day);
                start = day + 1;
            }
        }
        self.months(held, start, to, half);
        self.harm_inside(held, from, to);
        // Referrals lie in the first stretch inside.
        self.fate.slot = self.fate.slot.filter(Slot::is_b_leave);
    }

    /// Absences, transfers and doses from one day to another; leave is possible after `half`.
    fn months(&mut self, held: &mut HeldPeriod, from: Day, to: Day, half: Day) {
        let mut start = from;
        let mut absences = Vec::new();
        let mut month = from;
        while month + MONTH <= to && self.goes_on(month) {
            let mut next = month + MONTH;
            let leaves = held.status == LegalStatus::Convicted && month > half;
            if let Some(absence) = self.absence(held, month, leaves, to) {
                next = next.max(absence.to + 1);
                absences.push(absence);
            } else if self.may_move(held) {
                self.doses(start, month, &absences);
                let prison = self.world.any_prison(&mut self.dice, month);
                self.move_to(held, prison, month);
                start = month + 1;
            }
            month = next;
        }
        self.doses(start, to, &absences);
    }

    fn may_move(&mut self, held: &HeldPeriod) -> bool {
        let awaited = self.fate.slot.is_some_and(|slot| !slot.is_b_leave());
        let settled = self.fate.given || awaited || held.prison == RUISELEDE;
        !settled && self.dice.chance(rates::TRANSFER_MONTHLY)
    }

    pub(super) fn move_to(&mut self, held: &mut HeldPeriod, prison: Prison, day: Day) {
        if prison == held.prison {
            return;
        }
        let (from, to) = (held.prison.code(), prison.code());
        let say = Say::MovedPrison { detention: held.detention, from, to };
        let moved = self.dice.moment(day, 9, 12);
        self.tell(moved, SendingSystem::Registry(prison), say);
        held.prison = prison;
        if self.course.is_none() {
            return;
        }
        if self.dice.chance(rates::HANDOVER_ON_TRANSFER) {
            self.hand_over(day, to, SendingSystem::CareTeam(prison));
        }
        if let Some(course) = self.stop(day, StopReason::Transfer) {
            self.prescribe_inside(course, held, day);
            self.dose_again(day);
        }
    }

    /// Records a release in the morning and ends the detention.
    pub(super) fn release(
        &mut self,
        held: &HeldPeriod,
        day: Day,
        reason: ReleaseReason,
        is_final: bool,
    ) {
        self.gate(held, day, reason, is_final);
        self.episode = None;
        self.pressure = match reason {
            ReleaseReason::PretrialLifted if self.dice.chance(rates::PRETRIAL_ALTERNATIVE) => {
                LegalPressure::PretrialAlternative
            }
            _ if reason.modality_kind().is_some() => LegalPressure::Condition,
            _ => LegalPressure::Voluntary,
        };
    }

    /// Records that a person goes out in the morning. A release by day ends no detention.
    pub(super) fn gate(
        &mut self,
        held: &HeldPeriod,
        day: Day,
        reason: ReleaseReason,
        is_final: bool,
    ) {
        let region = self.dice.pick(REGIONS);
        let abroad = reason == ReleaseReason::Removal || reason.is_by_day();
        let say = Say::Released {
            detention: held.detention,
            reason,
            is_final,
            region: (!abroad && self.dice.below(5) > 0).then_some(region),
        };
        let time =
            LocalMoment::new(day, i64::from(self.dice.between(9 * 3600 + 1800, 10 * 3600 + 3599)));
        self.tell(time, SendingSystem::Registry(held.prison), say);
    }
}
