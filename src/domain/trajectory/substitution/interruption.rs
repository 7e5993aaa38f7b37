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

/// One count of days without a dose.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    days: u32,
    stretch: Option<Stretch>,
}

/// The days without a dose: the greatest number so far, and the stretch that goes on. They are also
/// counted from the last prescription on, which may turn out to have ended an interruption.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DaysWithout {
    all: Count,
    since_prescription: Count,
}

impl DaysWithout {
    /// The greatest number so far.
    pub const fn days(&self) -> u32 {
        self.all.days
    }

    /// Takes note of a number of days without a dose.
    pub fn note(&mut self, days: u32) {
        for count in self.counts() {
            count.days = count.days.max(days);
        }
    }

    /// Adds a date, which begins another stretch if too many silent dates lie between.
    pub fn add(&mut self, date: NaiveDate, bridged_days: u32) {
        let goes_on = |stretch: &Stretch| days_between(stretch.last, date) <= bridged_days + 1;
        for count in self.counts() {
            let first = count.stretch.filter(goes_on).map_or(date, |stretch| stretch.first);
            count.stretch = Some(Stretch { first, last: date });
        }
    }

    /// The number R of a withheld dose: dates from the first of its stretch to its own.
    pub fn dates_to(&self, date: NaiveDate) -> u32 {
        let its = self.all.stretch.filter(|stretch| stretch.last == date);
        its.map_or(0, |stretch| days_between(stretch.first, date) + 1)
    }

    pub fn forget_days(&mut self) {
        for count in self.counts() {
            count.days = 0;
        }
    }

    pub fn forget_stretch(&mut self) {
        for count in self.counts() {
            count.stretch = None;
        }
    }

    /// A prescription stands here.
    pub fn pass_prescription(&mut self) {
        self.since_prescription = Count::default();
    }

    /// Only what stands behind the last prescription counts.
    pub const fn count_from_prescription(&mut self) {
        self.all = self.since_prescription;
    }

    const fn counts(&mut self) -> [&mut Count; 2] {
        [&mut self.all, &mut self.since_prescription]
    }
}
