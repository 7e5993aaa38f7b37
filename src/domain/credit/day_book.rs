//! The day book: every date of a modality is one of six things.
//! Always: the states of a book are disjoint, and together they are all its dates. One pure
//! function makes the book; every figure of the credit is derived from it.
//! Rules: "Day book" of the credit rules.

use chrono::NaiveDate;

use crate::domain::choices::choices;
use crate::domain::time::dates::{DateRun, DateSet, day_after};

choices! {
    /// What a date is for one modality.
    DayState:
        /// Lived under the modality.
        UnderModality = "underModality",
        /// In prison under this sentence.
        Served = "served",
        /// In prison under another title.
        OtherTitle = "otherTitle",
        /// Away from the prison without right.
        UnlawfullyAway = "unlawfullyAway",
        /// The modality is suspended, and the person is at liberty.
        Suspended = "suspended",
        /// At liberty outside the modality.
        AtLarge = "atLarge",
}

/// The sets of dates from which a day book is made.
#[derive(Debug)]
pub(super) struct DaySets<'s> {
    /// Whether the person goes on sleeping in prison under the modality.
    pub lived_inside: bool,
    /// W, the window of the modality.
    pub window: &'s DateSet,
    /// S, suspended.
    pub suspended: &'s DateSet,
    /// A, unlawfully away.
    pub away: &'s DateSet,
    /// D, detained; no date of A is in it.
    pub detained: &'s DateSet,
    /// The dates on which a detention ended.
    pub release_dates: &'s DateSet,
    /// The dates of D whose title makes them served.
    pub served_by_title: &'s DateSet,
    /// I, the imputed dates.
    pub imputed: &'s DateSet,
}

/// The dates of a modality by state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DayBook {
    /// The dates of the book; empty when its last date is before its first.
    pub extent: DateRun,
    /// K, lived under the modality.
    pub under_modality: DateSet,
    pub served: DateSet,
    pub other_title: DateSet,
    pub unlawfully_away: DateSet,
    pub suspended: DateSet,
    pub at_large: DateSet,
}

/// Makes the day book of a modality for the dates of `extent`.
pub(super) fn day_book(sets: &DaySets<'_>, extent: DateRun) -> DayBook {
    let mut left = DateSet::new([extent]);
    let served = sets.served_by_title.union(sets.imputed).intersect(sets.detained);
    let other_title = sets.detained.minus(&served);
    let prevents = if sets.lived_inside {
        other_title.clone()
    } else {
        // The day of release is the modality's.
        sets.detained.minus(sets.release_dates)
    };
    let under_modality = sets.window.minus(sets.suspended).minus(sets.away).minus(&prevents);
    let mut take = |dates: &DateSet| {
        let taken = left.intersect(dates);
        left = left.minus(&taken);
        taken
    };
    DayBook {
        extent,
        under_modality: take(&under_modality),
        served: take(&served),
        other_title: take(&other_title),
        unlawfully_away: take(sets.away),
        suspended: take(sets.suspended),
        at_large: left,
    }
}

impl DayBook {
    /// The dates of one state.
    pub const fn dates(&self, state: DayState) -> &DateSet {
        match state {
            DayState::UnderModality => &self.under_modality,
            DayState::Served => &self.served,
            DayState::OtherTitle => &self.other_title,
            DayState::UnlawfullyAway => &self.unlawfully_away,
            DayState::Suspended => &self.suspended,
            DayState::AtLarge => &self.at_large,
        }
    }

    /// The maximal runs of each state, in the order of dates.
    pub fn runs(&self) -> Vec<(DayState, DateRun)> {
        let of_state = |&state| self.dates(state).runs().map(move |run| (state, run));
        let mut runs: Vec<(DayState, DateRun)> = DayState::ALL.iter().flat_map(of_state).collect();
        runs.sort_by_key(|(_, run)| run.first);
        runs
    }

    /// V: the served dates up to the last date of the window; none while the window is empty.
    pub fn served_inside(&self, window_last: Option<NaiveDate>) -> DateSet {
        let up_to = |last| self.served.clip(self.extent.first, last);
        window_last.map_or_else(DateSet::default, up_to)
    }

    /// B: the first served date after the last date of the window, or after the start of an empty
    /// window.
    pub fn back_on(&self, window_last: Option<NaiveDate>) -> Option<NaiveDate> {
        self.served.first_from(window_last.map_or(self.extent.first, day_after))
    }
}
