//! Internment: held without a term, on trial outside, interned again or free.
//! Always: internment has no term, so no day is left to serve.

use super::held::{Exit, HeldPeriod};
use super::life::Life;
use super::moment::Day;
use super::rates;
use super::sentence::Title;
use super::world::working_day;
use crate::domain::vocabulary::choice::{LegalStatus, ModalityKind, ReleaseReason};

/// Days of a release on trial, at least and at most: invented.
const TRIAL_DAYS: (i32, i32) = (730, 1095);

impl Life<'_> {
    pub(super) fn interned(&mut self, held: &mut HeldPeriod, day: Day) -> Option<Day> {
        let (least, most) = rates::INTERNED_DAYS;
        let exit = working_day(day + self.dice.between(least, most));
        self.inside(held, day, exit, Exit::Leaves);
        if self.goes_on(exit) && self.dice.chance(rates::CONVICTED_TOO) {
            self.change_title(held, exit, LegalStatus::Convicted);
            return self.serve(held, exit);
        }
        if !self.dice.chance(rates::TRIAL_RELEASE) {
            return self.freed(held, exit);
        }
        let end = exit + self.dice.between(TRIAL_DAYS.0, TRIAL_DAYS.1);
        let title = Title { from: day, settled: day, end, days: 0 };
        self.modality(held, title, ModalityKind::TrialRelease, exit)
    }

    /// Back inside after a revocation, and free some months later.
    pub(super) fn interned_again(&mut self, held: &mut HeldPeriod, day: Day) -> Option<Day> {
        let exit = working_day(day + self.dice.between(120, 500));
        self.inside(held, day + 1, exit, Exit::Leaves);
        self.freed(held, exit)
    }

    fn freed(&mut self, held: &HeldPeriod, exit: Day) -> Option<Day> {
        self.release(held, exit, ReleaseReason::Other, true);
        self.free(exit)
    }
}
