//! What begins an interruption, how it fades, and the days without a dose.
//! Always: silence begins none; a missing record is unknown, never missed.
//! Rules: "Silence and interruption" in the section "Substitution" of the continuity rules.

use chrono::{DateTime, NaiveDate, Utc};

use super::cover::Due;
use crate::domain::history::DatedFact;
use crate::domain::time::dates::days_between;

/// What began an interruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onset {
    /// (a) Enough dates without a dose.
    Withheld,
    /// (b) A depot was refused, and its window is over.
    Depot(Due),
    /// (c) A forced stop. The days without a dose run from the date of due.
    Forced { due_on: NaiveDate },
    /// (d) A dose that came after a gap.
    Gap,
}

/// An interruption.
#[derive(Debug, Clone, Copy)]
pub struct Interruption<'a> {
    pub onset: Onset,
    pub since: DateTime<Utc>,
    /// The record that began it.
    pub record: DatedFact<'a>,
    /// The record of the last dose before it.
    pub dose_before: Option<DatedFact<'a>>,
    /// When it faded: nobody knows any more.
    pub faded: Option<DateTime<Utc>>,
}

/// The dates without a dose that follow each other, with few silent dates between.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    first: NaiveDate,
    last: NaiveDate,
}

/// The days without a dose: the greatest number so far, and the stretch that goes on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DatesWithout {
    pub days: u32,
    stretch: Option<Stretch>,
}

impl DatesWithout {
    /// Takes note of a number of days without a dose.
    pub fn note(&mut self, days: u32) {
        self.days = self.days.max(days);
    }

    /// Adds a date, which begins another stretch if too many silent dates lie between.
    pub fn add(&mut self, date: NaiveDate, bridged_days: u32) {
        let goes_on = |stretch: &Stretch| days_between(stretch.last, date) <= bridged_days + 1;
        let first = self.stretch.filter(goes_on).map_or(date, |stretch| stretch.first);
        self.stretch = Some(Stretch { first, last: date });
    }

    /// The number R of a withheld dose: dates from the first of its stretch to its own.
    pub fn dates_to(&self, date: NaiveDate) -> u32 {
        let its = self.stretch.filter(|stretch| stretch.last == date);
        its.map_or(0, |stretch| days_between(stretch.first, date) + 1)
    }

    pub const fn forget_days(&mut self) {
        self.days = 0;
    }

    pub const fn forget_stretch(&mut self) {
        self.stretch = None;
    }
}
