//! Substitution treatment day by day: verified, prescribed, given, withheld, changed, handed over.
//! Always: a due dose is given, withheld with a reason, or without a record; days of absence have
//! no records of doses.

use super::absence::DaysAway;
use super::course::{self, MILLIGRAM, SubstitutionCourse};
use super::fate::SubstitutionStart;
use super::held::HeldPeriod;
use super::life::Life;
use super::moment::{Day, LocalMoment};
use super::place::CodeText;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::Series;
use crate::domain::vocabulary::choice::{
    AbsenceKind, Formulation, Goal, InitiatedBy, NotDeliveredCause, Product, Service, Setting,
    StopReason, WithheldReason,
};

/// Days before an arrival for which community doses are recorded.
const BEFORE_DAYS: i32 = 12;

impl Life<'_> {
    /// Records the doses that the house outside gives before the first arrival.
    pub(super) fn before(&mut self, arrival: Day) {
        if self.fate.substitution != SubstitutionStart::OnArrival {
            return;
        }
        let prescription = self.new_id(Series::Prescription);
        let due = arrival - BEFORE_DAYS;
        let course = course::outside(self.world, &mut self.dice, prescription, due);
        self.course = Some(course);
        self.doses(due, arrival - 1, &[]);
    }

    /// Takes over a course from outside, or starts one.
    pub(super) fn substitution_on_arrival(&mut self, held: &HeldPeriod) {
        let day = held.since + self.dice.pick(&[(0, 60), (1, 30), (2, 8), (4, 2)]);
        if self.course.is_some() && self.dice.chance(rates::HANDOVER_ON_ARRIVAL) {
            self.hand_over(day, held.prison.code(), SendingSystem::CareTeam(held.prison));
        }
        if let Some(mut course) = self.course.take() {
            let say = Say::Verified {
                product: course.product,
                formulation: course.formulation,
                dose: course.dose,
                interval: course.interval().unsigned_abs(),
                last_dose_at: course.last,
                provider: course.place,
            };
            let time = LocalMoment::new(day, i64::from(self.dice.between(13 * 3600, 14 * 3600)));
            self.tell(time, SendingSystem::CareTeam(held.prison), say);
            // Bottles stay at home; a depot goes on.
            let daily = course.interval() == 1;
            course.due = if daily { course.last.day() + 1 } else { course.due }.max(day);
            self.prescribe_inside(course, held, day);
        } else if self.fate.substitution == SubstitutionStart::StartedInside {
            let due = day + self.dice.between(2, 40);
            let prescription = self.new_id(Series::Prescription);
            let mut course = course::outside(self.world, &mut self.dice, prescription, due);
            if course.product == Product::Methadone {
                let start = self.dice.pick(rates::METHADONE_START_MG) * MILLIGRAM;
                course.dose = start.min(course.target);
            }
            self.prescribe_inside(course, held, due);
        }
    }

    /// A new prescription by a prison's care team.
    pub(super) fn prescribe_inside(
        &mut self,
        course: SubstitutionCourse,
        held: &HeldPeriod,
        day: Day,
    ) {
        let detoxification = self.world.detoxification_only(held.prison);
        let goal = if detoxification { Goal::Detoxification } else { Goal::Maintenance };
        self.prescribe(
            SubstitutionCourse {
                goal,
                setting: Setting::Prison,
                place: held.prison.code(),
                source: SendingSystem::CareTeam(held.prison),
                ..course
            },
            day,
        );
    }

    /// A new prescription by the sender and at the place in `course`. Outside prison a taper is not
    /// continued.
    pub(super) fn prescribe(&mut self, course: SubstitutionCourse, day: Day) {
        let prescription = self.new_id(Series::Prescription);
        let inside = course.setting == Setting::Prison;
        let goal = if inside { course.goal } else { Goal::Maintenance };
        let split = !self.fate.given && self.dice.chance(rates::SPLIT);
        let course = if split { course.split() } else { course };
        let course = SubstitutionCourse {
            prescription,
            goal,
            since: day,
            given: 0,
            pause: (0, 0),
            ..course
        };
        let say = Say::Prescribed {
            prescription,
            product: course.product,
            formulation: course.formulation,
            dose: course.dose,
            interval: course.interval().unsigned_abs(),
            goal: course.goal,
            setting: course.setting,
            facility: course.place,
            supervised: true,
            doses_per_day: (course.doses_per_day > 1).then_some(course.doses_per_day),
        };
        let time = LocalMoment::new(day, i64::from(self.dice.between(14 * 3600 + 60, 15 * 3600)));
        self.tell(time, course.source, say);
        self.course = Some(course);
    }

    /// Ends the running course where it is given.
    pub(super) fn stop(&mut self, day: Day, reason: StopReason) -> Option<SubstitutionCourse> {
        let course = self.course.take()?;
        let (prescription, product) = (course.prescription, course.product);
        let last_hour = if reason == StopReason::Transfer { 12 } else { 17 };
        let time = self.dice.moment(day, 9, last_hour);
        self.tell(time, course.source, Say::Stopped { reason, prescription, product });
        Some(course)
    }

    /// Every due dose from one day to another, both included.
    pub(super) fn doses(&mut self, from: Day, to: Day, absences: &[DaysAway]) {
        let Some(course) = &self.course else { return };
        let mut day = course.due.max(from);
        while self.goes_on(day) && day <= to {
            let Some(mut course) = self.course.take() else { return };
            day = self.dose_day(&mut course, day, absences);
            course.due = day;
            if !self.course_ends(&course, day) {
                self.course = Some(course);
            }
        }
    }

    fn course_ends(&mut self, course: &SubstitutionCourse, day: Day) -> bool {
        let (prescription, product) = (course.prescription, course.product);
        let inside = course.setting == Setting::Prison && !self.fate.given;
        let reason = if course.dose == 0 {
            StopReason::Planned
        } else if inside && self.dice.chance(rates::STOPPED_BY_FORCE) {
            StopReason::Forced
        } else if !self.fate.given && self.dice.chance(rates::STOPPED_BY_CLIENT) {
            StopReason::Client
        } else {
            return false;
        };
        self.tell_on(day, course.source, Say::Stopped { reason, prescription, product });
        true
    }

    /// Records one due dose; returns the day on which the next dose is due.
    fn dose_day(
        &mut self,
        course: &mut SubstitutionCourse,
        day: Day,
        absences: &[DaysAway],
    ) -> Day {
        if let Some(absence) = absences.iter().find(|absence| absence.keeps_away(day)) {
            return absence.to + 1;
        }
        let today = absences.iter().find(|absence| absence.from == day);
        if let Some(reason) = self.withheld(course, day, today) {
            let time = self.dose_time(course, day);
            let say = self.dose_not_given(course, reason);
            self.tell(time, course.source, say);
            return day + 1;
        }
        if self.dice.chance(rates::DOSE_UNTOLD) {
            return day + course.interval();
        }
        let take_home = self.take_home(course, today);
        self.give(course, day, take_home);
        self.adjust(course, day);
        day + course.interval() + take_home
    }

    /// A dose that was not given. Some senders record a strike as care that was not delivered.
    fn dose_not_given(&mut self, course: &SubstitutionCourse, reason: WithheldReason) -> Say {
        if reason == WithheldReason::Strike && self.dice.chance(rates::STRIKE_AS_CARE) {
            return Say::NotDelivered {
                cause: NotDeliveredCause::Strike,
                service: Service::Substitution,
                facility: course.place,
                project: None,
                planned: Some(course.prescription),
            };
        }
        Say::Withheld {
            reason,
            product: course.product,
            facility: course.place,
            prescription: course.prescription,
        }
    }

    fn withheld(
        &mut self,
        course: &mut SubstitutionCourse,
        day: Day,
        today: Option<&DaysAway>,
    ) -> Option<WithheldReason> {
        if course.pause.0 > 0 {
            course.pause.0 -= 1;
            return Some(WithheldReason::Refused);
        }
        let in_court = today.is_some_and(|absence| absence.kind == AbsenceKind::Court);
        if in_court && self.dice.chance(rates::WITHHELD_FOR_COURT) {
            return Some(WithheldReason::CourtTransfer);
        }
        if let SendingSystem::CareTeam(prison) = course.source
            && let Some(cause) = self.world.disrupted(prison, day)
            && let Ok(reason) = cause.code().parse()
            && self.dice.chance(rates::WITHHELD_ON_STRIKE)
        {
            return Some(reason);
        }
        if self.dice.chance(rates::BREAK_BEGINS) {
            let days = self.dice.between(3, 6);
            course.pause = (days - 1, days);
            return Some(WithheldReason::Refused);
        }
        if !self.dice.chance(rates::WITHHELD) {
            return None;
        }
        let [refused, no_show, court, intoxicated, stock, staff, lockdown, hold] =
            rates::WITHHELD_REASONS;
        Some(self.dice.pick(&[
            (WithheldReason::Refused, refused),
            (WithheldReason::NoShow, no_show),
            (WithheldReason::CourtTransfer, court),
            (WithheldReason::Intoxicated, intoxicated),
            (WithheldReason::Stock, stock),
            (WithheldReason::StaffShortage, staff),
            (WithheldReason::Lockdown, lockdown),
            (WithheldReason::ClinicalHold, hold),
        ]))
    }

    /// Days for which doses are handed out in advance: for a leave, or between two visits outside.
    fn take_home(&mut self, course: &SubstitutionCourse, today: Option<&DaysAway>) -> i32 {
        if course.interval() > 1 {
            return 0;
        }
        match (course.setting, today) {
            (_, Some(absence)) if absence.is_leave() => absence.to - absence.from,
            (Setting::Community, _) => self.dice.pick(&[(0, 15), (1, 20), (2, 25), (6, 40)]),
            _ => 0,
        }
    }

    fn give(&mut self, course: &mut SubstitutionCourse, day: Day, take_home: i32) {
        let time = self.dose_time(course, day);
        let say = given(course, take_home);
        if course.setting == Setting::Community && !self.fate.given {
            self.told_by_two(time, &say);
        }
        self.tell(time, course.source, say);
        course.last = time;
        if course.doses_per_day > 1 {
            course.last = self.dice.moment(day, 18, 19);
            self.tell(course.last, course.source, given(course, 0));
        }
        course.given += 1;
    }

    /// The pharmacy that gives a dose records it too, minutes later, perhaps.
    fn told_by_two(&mut self, time: LocalMoment, say: &Say) {
        if self.dice.chance(rates::TOLD_BY_TWO) {
            let later = time.plus(i64::from(self.dice.between(60, 20 * 60)));
            self.tell(later, SendingSystem::House("pharmacy"), say.clone());
        }
    }

    /// The new prison gives a daily dose on the day of a transfer, by mistake: the old prison has
    /// given one in the morning.
    pub(super) fn dose_again(&mut self, day: Day) {
        let Some(mut course) = self.course else { return };
        let given = course.last.day() == day && course.interval() == 1;
        if given && !self.fate.given && self.dice.chance(rates::DOUBLE_ON_TRANSFER) {
            self.give(&mut course, day, 0);
            self.course = Some(course);
        }
    }

    fn dose_time(&mut self, course: &SubstitutionCourse, day: Day) -> LocalMoment {
        let hour = if day == course.since { 16 } else { 7 };
        self.dice.moment(day, hour, hour + 1)
    }

    /// Changes the dose: titration up, detoxification down, a lower dose after a long break, or a
    /// wish.
    fn adjust(&mut self, course: &mut SubstitutionCourse, day: Day) {
        let (least, most) = course.range();
        let third = course.given.is_multiple_of(3);
        let broken = std::mem::take(&mut course.pause.1);
        let (to, by) = if broken >= 4 && course.product == Product::Methadone {
            let half = course.dose / 2 / MILLIGRAM * MILLIGRAM;
            (half.clamp(least, 40 * MILLIGRAM), InitiatedBy::Prescriber)
        } else if course.goal == Goal::Detoxification && third {
            (course.tapered(), InitiatedBy::Prescriber)
        } else if course.dose < course.target && third {
            ((course.dose + course.step()).min(course.target), InitiatedBy::Prescriber)
        } else if self.dice.chance(rates::DOSE_CHANGED) {
            let up = self.dice.below(2) == 0;
            let step = course.step();
            let to = if up { course.dose + step } else { course.dose.saturating_sub(step) };
            let client = self.dice.chance(rates::CHANGED_BY_CLIENT);
            let by = if client { InitiatedBy::Client } else { InitiatedBy::Prescriber };
            course.target = to.clamp(least, most);
            (to.clamp(least, most), by)
        } else {
            return self.switch_to_monthly(course, day);
        };
        let from = std::mem::replace(&mut course.dose, to);
        if from != to {
            let (prescription, product) = (course.prescription, course.product);
            let time = self.dice.moment(day, 18, 19);
            let say = Say::DoseChanged { from, to, by, prescription, product };
            self.tell(time, course.source, say);
        }
    }

    /// Switches to the monthly depot, which may follow after four weeks of the weekly depot
    /// (product information).
    fn switch_to_monthly(&mut self, course: &mut SubstitutionCourse, day: Day) {
        let maintained = course.goal == Goal::Maintenance;
        if course.formulation != Formulation::DepotWeekly || course.given < 5 || !maintained {
            return;
        }
        let dose = self.dice.pick(rates::DEPOT_MONTHLY_MG) * MILLIGRAM;
        let next = SubstitutionCourse {
            formulation: Formulation::DepotMonthly,
            dose,
            target: dose,
            ..*course
        };
        self.prescribe(next, day);
        if let Some(next) = self.course.take() {
            *course = next;
        }
    }

    /// Hands the course over to the next place on the day of a move; returns whether the receiver
    /// confirmed the handover.
    pub(super) fn hand_over(&mut self, day: Day, to: CodeText, receiver: SendingSystem) -> bool {
        let Some(course) = self.course else { return false };
        let handover = self.new_id(Series::Handover);
        let bridging = self.dice.pick(&[(0, 15), (2, 40), (3, 20), (7, 25)]);
        let say = Say::HandoverSent {
            handover,
            to,
            product: course.product,
            dose: course.dose.max(MILLIGRAM),
            last_dose_at: course.last,
            bridging,
        };
        let sent = self.dice.moment(day, 10, 12);
        self.tell(sent, course.source, say);
        let confirmed = self.fate.meets(rates::HANDOVER_CONFIRMED, &mut self.dice);
        if confirmed {
            let later = day + self.dice.pick(&[(0, 60), (1, 30), (3, 10)]);
            let time = self.dice.moment(later, 13, 17);
            self.tell(time, receiver, Say::HandoverConfirmed { handover });
        }
        confirmed
    }
}

/// A dose of the course as its giver records it.
fn given(course: &SubstitutionCourse, take_home: i32) -> Say {
    Say::Dose {
        product: course.product,
        dose: course.dose,
        setting: course.setting,
        facility: course.place,
        formulation: course.formulation,
        interval: course.interval().unsigned_abs(),
        prescription: course.prescription,
        supervised: true,
        take_home: (take_home > 0).then_some(take_home.unsigned_abs()),
    }
}
