//! A detention: arrival, status, sentence, absences, transfers.
//! Always: absences of one detention do not overlap, and lie within it.

use super::fate::Slot;
use super::life::Life;
use super::moment::{Day, LocalMoment};
use super::place::{Prison, RUISELEDE};
use super::rates::{self, Rate};
use super::say::{Date, Say};
use super::sender::SendingSystem;
use super::series::{Series, SeriesId};
use super::world::{is_weekend, working_day};
use crate::domain::vocabulary::choice::{
    AbsenceKind, ArrivalReason, LegalStatus, ModalityKind, OverdosePlace, ReleaseReason, StopReason,
};

/// The prison in which a person is held, and since when.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldPeriod {
    pub(super) detention: SeriesId,
    pub(super) prison: Prison,
    pub(super) since: Day,
    pub(super) status: LegalStatus,
    /// Length of the sentence being served.
    pub(super) sentence_days: Option<i32>,
    /// Whether care was offered since the arrival.
    pub(super) cared_for: bool,
}

/// Whether the person leaves prison after a stretch of detention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Leaves,
    Stays,
}

/// A sentence being served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Title {
    /// First day of execution.
    pub(super) from: Day,
    /// First free day, if no modality or revocation changes it.
    pub(super) end: Day,
    /// Length before imputation.
    pub(super) days: i32,
}

/// Days on which a held person is elsewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct DaysAway {
    pub(super) from: Day,
    pub(super) to: Day,
    pub(super) kind: AbsenceKind,
}

impl DaysAway {
    /// Whether no dose can be given on a day: away in the morning.
    pub(super) const fn keeps_away(&self, day: Day) -> bool {
        self.from < day && day <= self.to
    }

    pub(super) const fn is_leave(&self) -> bool {
        matches!(self.kind, AbsenceKind::Leave | AbsenceKind::ExtendedLeave)
    }
}

/// Days of a month in which absences and transfers are drawn.
const MONTH: i32 = 30;

impl Life<'_> {
    /// Lives a detention from its first day; returns the first day of the next one, if any.
    pub(super) fn detention(&mut self, day: Day) -> Option<Day> {
        let prison = self.fate.prison.unwrap_or_else(|| self.world.any_prison(&mut self.dice));
        let detention = self.new_id(Series::Detention);
        let status = self.arrival_status();
        let (sentence_days, cared_for) = (None, false);
        let mut held =
            HeldPeriod { detention, prison, since: day, status, sentence_days, cared_for };
        self.arrive(&held, day, ArrivalReason::New);
        self.arrival_care(&held);
        match status {
            LegalStatus::Pretrial => self.pretrial(&mut held, day),
            LegalStatus::Convicted => self.serve(&mut held, day),
            LegalStatus::Interned => self.leave_by(&mut held, day, 300, 900, ReleaseReason::Other),
            LegalStatus::Other => self.leave_by(&mut held, day, 5, 60, ReleaseReason::Removal),
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

    fn leave_by(
        &mut self,
        held: &mut HeldPeriod,
        day: Day,
        days_min: i32,
        days_max: i32,
        reason: ReleaseReason,
    ) -> Option<Day> {
        let exit = day + self.dice.between(days_min, days_max);
        self.inside(held, day, exit, Exit::Leaves);
        self.release(held, exit, reason, true);
        if reason == ReleaseReason::Removal { None } else { self.free(exit) }
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
        let (from, to) = (LegalStatus::Pretrial, LegalStatus::Convicted);
        let detention = held.detention;
        self.tell_on(
            exit,
            SendingSystem::Registry(held.prison),
            Say::StatusChanged { detention, from, to },
        );
        held.status = to;
        self.serve(held, exit)
    }

    /// Serves a sentence, from the first day of its execution to the end of this detention.
    fn serve(&mut self, held: &mut HeldPeriod, day: Day) -> Option<Day> {
        let title = self.sentence(held, day);
        let (kind, exit) = self.modality_ahead(&title);
        self.long_programme_ahead(held, day, exit);
        held.sentence_days = Some(title.days);
        let leaves = kind.is_none_or(lived_outside);
        let next = if leaves { Exit::Leaves } else { Exit::Stays };
        self.inside(held, day + 1, exit, next);
        match kind {
            Some(kind) => self.modality(held, title, kind, exit),
            None => {
                self.release(held, exit, ReleaseReason::SentenceEnd, true);
                self.free(exit)
            }
        }
    }

    fn sentence(&mut self, held: &HeldPeriod, day: Day) -> Title {
        let drawn = self.dice.pick(rates::SENTENCE_MONTHS);
        let months = self.fate.sentence_months.unwrap_or(drawn);
        let days = (months / 12 * 365 + months % 12 * 30).cast_signed();
        let sentence = self.new_id(Series::Sentence);
        let judgment = self.new_id(Series::Judgment);
        let wrong = if self.dice.chance(rates::END_DATE_WRONG) { 5 } else { 0 };
        let given = self.dice.chance(rates::END_DATE_GIVEN);
        let last = date_to_date(day, months) - 1 + wrong;
        let say = Say::Pronounced {
            sentence,
            judgment,
            years: months / 12,
            months: months % 12,
            days: 0,
            starts_on: Some(Date(day)),
            ends_on: given.then_some(Date(last)),
            court: "court-of-first-instance",
        };
        let time = self.dice.moment(day, 9, 10);
        self.tell(time, SendingSystem::Court, say);
        let imputed = self.impute(held, sentence, day);
        let end = (date_to_date(day, months) - imputed).max(day + 10);
        Title { from: day, end, days }
    }

    /// Records the detention before the conviction as days imputed to the sentence (sources A2.7).
    fn impute(&mut self, held: &HeldPeriod, sentence: SeriesId, day: Day) -> i32 {
        let registry = SendingSystem::Registry(held.prison);
        let own = day - held.since;
        if own > 0 {
            let (from, to) = (Some(Date(held.since)), Some(Date(day - 1)));
            let days = own.unsigned_abs();
            self.tell_on(day + 1, registry, Say::Imputed { sentence, days, from, to });
        }
        let earlier = match self.fate.earlier_days {
            Some(days) => days,
            None if self.dice.chance(rates::IMPUTED_EARLIER) => self.dice.between(5, 120),
            None => return own,
        };
        let to = held.since - self.dice.between(20, 200);
        let (from, to) = (Some(Date(to - earlier + 1)), Some(Date(to)));
        let days = earlier.unsigned_abs();
        self.tell_on(day + 1, registry, Say::Imputed { sentence, days, from, to });
        own + earlier
    }

    /// The next modality and its first day; without a modality, the day on which the sentence ends.
    fn modality_ahead(&mut self, title: &Title) -> (Option<ModalityKind>, Day) {
        if let Some((kind, days)) = self.fate.modality {
            return (Some(kind), working_day(title.from + days));
        }
        let [monitoring, conditional, limited, provisional, house, none] = rates::MODALITIES;
        let kind = self.dice.pick(&[
            (Some(ModalityKind::ElectronicMonitoring), monitoring),
            (Some(ModalityKind::ConditionalRelease), conditional),
            (Some(ModalityKind::LimitedDetention), limited),
            (Some(ModalityKind::ProvisionalRelease), provisional),
            (Some(ModalityKind::TransitionHouse), house),
            (None, none),
        ]);
        // Conditional release is possible after a third of the sentence, the other modalities six
        // months earlier (sources A3.4, A3.5); the wait for a judgment is invented.
        let third = title.end - title.days * 2 / 3;
        let conditional = kind == Some(ModalityKind::ConditionalRelease);
        let earliest = if conditional { third } else { third - 180 };
        let start = working_day(earliest.max(title.from + 10) + self.dice.between(5, 60));
        if kind.is_none() || start > title.end - 20 { (None, title.end) } else { (kind, start) }
    }

    /// Lives the days in prison from one day to another, both included.
    pub(super) fn inside(&mut self, held: &mut HeldPeriod, from: Day, to: Day, exit: Exit) {
        self.care(held, from, to, exit);
        let mut start = from;
        let mut absences = Vec::new();
        let mut month = from;
        while month + MONTH <= to && self.goes_on(month) {
            let leaves = held.status == LegalStatus::Convicted && month > (from + to) / 2;
            if let Some(absence) = self.absence(held, month, leaves) {
                absences.push(absence);
            } else if self.may_move(held) {
                self.doses(start, month, &absences);
                let prison = self.world.any_prison(&mut self.dice);
                self.move_to(held, prison, month);
                start = month + 1;
            }
            month += MONTH;
        }
        self.doses(start, to, &absences);
        self.harm_inside(held, from, to);
        // Referrals lie in the first stretch inside.
        self.fate.slot = self.fate.slot.filter(Slot::is_b_leave);
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
        let detention = held.detention;
        self.tell_on(
            day,
            SendingSystem::Registry(prison),
            Say::MovedPrison { detention, from, to },
        );
        held.prison = prison;
        if let Some(course) = self.stop(day, StopReason::Transfer) {
            self.prescribe_inside(course, held, day);
        }
    }

    /// At most one absence in the month from `month` on.
    fn absence(&mut self, held: &HeldPeriod, month: Day, leaves: bool) -> Option<DaysAway> {
        let day = month + self.dice.between(1, 12);
        let pretrial = held.status == LegalStatus::Pretrial;
        let (kind, days) = if pretrial && self.dice.chance(rates::COURT_MONTHLY) {
            (AbsenceKind::Court, if is_weekend(day) { return None } else { 0 })
        } else if leaves && self.dice.chance(rates::LEAVE_MONTHLY) {
            self.leave()
        } else if self.dice.chance(rates::HOSPITAL_MONTHLY) {
            (AbsenceKind::Hospital, self.dice.between(1, 9))
        } else if !self.fate.given && self.dice.chance(rates::ESCAPE_MONTHLY) {
            (AbsenceKind::Escape, self.dice.between(1, 14))
        } else {
            return None;
        };
        let absence = DaysAway { from: day, to: day + days, kind };
        let (detention, registry) = (held.detention, SendingSystem::Registry(held.prison));
        let left = self.dice.moment(day, 9, 10);
        self.tell(left, registry, Say::Absent { detention, kind });
        let back = self.dice.moment(absence.to, 16, 18);
        self.tell(back, registry, Say::BackFromAbsence { detention });
        Some(absence)
    }

    fn leave(&mut self) -> (AbsenceKind, i32) {
        if !self.fate.given && self.dice.chance(rates::FAILURE_TO_RETURN) {
            (AbsenceKind::FailureToReturn, self.dice.between(1, 14))
        } else if self.dice.chance(rates::LEAVE_EXTENDED) {
            (AbsenceKind::ExtendedLeave, 7)
        } else {
            (AbsenceKind::Leave, self.dice.between(1, 2))
        }
    }

    /// Overdose and death; neither while the person still has a slot in the figures of 2025.
    fn harm_inside(&mut self, held: &HeldPeriod, from: Day, to: Day) {
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
            self.die(time);
        }
        if let Some(time) = self.died {
            let (detention, reason) = (held.detention, ReleaseReason::Death);
            let say = Say::Released { detention, reason, is_final: true, region: None };
            self.tell(time, SendingSystem::Registry(held.prison), say);
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
        let regions =
            [("eastFlanders", 30), ("westFlanders", 22), ("antwerp", 28), ("limburg", 14)];
        let region = self.dice.pick(&regions);
        let abroad = reason == ReleaseReason::Removal;
        let say = Say::Released {
            detention: held.detention,
            reason,
            is_final,
            region: (!abroad && self.dice.below(5) > 0).then_some(region),
        };
        let time =
            LocalMoment::new(day, i64::from(self.dice.between(9 * 3600 + 1800, 10 * 3600 + 3599)));
        self.tell(time, SendingSystem::Registry(held.prison), say);
        self.episode = None;
    }

    /// Records an overdose, and the death that may follow.
    pub(super) fn overdose(&mut self, day: Day, place: OverdosePlace, fatal: Rate) {
        let fatal = self.dice.chance(fatal);
        let time = self.dice.moment(day, 10, 20);
        let source = match (self.course, place) {
            (Some(course), OverdosePlace::Prison) => course.source,
            _ => SendingSystem::House("msoc"),
        };
        let outcome = if fatal { "fatal" } else { "recovered" };
        let naloxone = self.dice.below(3) == 0;
        if self.goes_on(day) {
            if fatal {
                self.die(time);
            }
            self.tell(time, source, Say::Overdose { place, outcome, naloxone });
        }
    }
}

/// Whether the person leaves the institution under a modality.
pub(super) const fn lived_outside(kind: ModalityKind) -> bool {
    !matches!(kind, ModalityKind::LimitedDetention | ModalityKind::TransitionHouse)
}

/// The first day after a sentence of `months`: years date to date, then months of 30 days.
fn date_to_date(day: Day, months: u32) -> Day {
    let date = super::moment::date_of(day);
    let years = date.checked_add_months(chrono::Months::new(months / 12 * 12)).unwrap_or(date);
    super::moment::day_of(years) + (months % 12 * 30).cast_signed()
}
