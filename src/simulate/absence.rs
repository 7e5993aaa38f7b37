//! Absences of a held person: court, leave, hospital, escape, interruption of the sentence.
//! Always: absences of one detention do not overlap, and lie within it. Days that an unlawful
//! absence takes from a sentence are added to its end.

use super::held::HeldPeriod;
use super::life::Life;
use super::moment::Day;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::world::is_weekend;
use crate::domain::vocabulary::choice::{AbsenceKind, ArrivalReason, LegalStatus};

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

    /// The dates of this absence that are not served: those after the first and before the last.
    fn days_unserved(&self) -> i32 {
        if self.kind.is_unlawful() { (self.to - self.from - 1).max(0) } else { 0 }
    }
}

impl Life<'_> {
    /// At most one absence in the month from `month` on, over before `limit`.
    pub(super) fn absence(
        &mut self,
        held: &HeldPeriod,
        month: Day,
        leaves: bool,
        limit: Day,
    ) -> Option<DaysAway> {
        let from = month + self.dice.between(1, 12);
        let (kind, days) = self.drawn_absence(held, from, leaves)?;
        let away = DaysAway { from, to: from + days, kind };
        if away.to >= limit {
            return None;
        }
        let (detention, registry) = (held.detention, SendingSystem::Registry(held.prison));
        let left = self.dice.moment(from, 9, 10);
        self.tell(left, registry, Say::Absent { detention, kind });
        self.comes_back(held, &away);
        if held.status == LegalStatus::Convicted {
            self.unserved += away.days_unserved();
        }
        Some(away)
    }

    fn drawn_absence(
        &mut self,
        held: &HeldPeriod,
        day: Day,
        leaves: bool,
    ) -> Option<(AbsenceKind, i32)> {
        let pretrial = held.status == LegalStatus::Pretrial;
        if pretrial && self.dice.chance(rates::COURT_MONTHLY) {
            return (!is_weekend(day)).then_some((AbsenceKind::Court, 0));
        }
        if leaves && self.dice.chance(rates::LEAVE_MONTHLY) {
            return Some(self.leave());
        }
        if self.dice.chance(rates::HOSPITAL_MONTHLY) {
            return Some((AbsenceKind::Hospital, self.dice.between(1, 9)));
        }
        if self.fate.given {
            return None;
        }
        if self.dice.chance(rates::ESCAPE_MONTHLY) {
            return Some((AbsenceKind::Escape, self.dice.between(1, 14)));
        }
        let settled = self.fate.slot.is_some() || !leaves;
        if !settled && self.dice.chance(rates::INTERRUPTED_MONTHLY) {
            return Some((AbsenceKind::SentenceInterruption, self.dice.between(14, 89)));
        }
        None
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

    /// Records the return. Who escaped or stayed away may be arrested, and arrives.
    fn comes_back(&mut self, held: &HeldPeriod, away: &DaysAway) {
        let wanted = matches!(away.kind, AbsenceKind::Escape | AbsenceKind::FailureToReturn);
        if wanted && self.dice.chance(rates::RETURNED_BY_ARREST) {
            return self.arrive(held, away.to, ArrivalReason::Return);
        }
        let back = self.dice.moment(away.to, 16, 18);
        let detention = held.detention;
        let registry = SendingSystem::Registry(held.prison);
        self.tell(back, registry, Say::BackFromAbsence { detention });
    }
}
