//! Why a modality stands as it does.
//! Always: of several outcomes that hold, the first in the list stands.
//! Rules: "CreditOutcome" of the credit rules.

use chrono::NaiveDate;

use super::day_book::DayBook;
use super::modality::{ModalityEnd, WindowRuns};
use crate::domain::choices::choices;
use crate::domain::history::DatedFact;
use crate::domain::time::dates::day_after;

choices! {
    /// Why a modality stands as it does on the last date that counts.
    CreditOutcome:
        /// The modality starts later.
        NotStarted = "notStarted",
        /// A revocation took effect.
        Revoked = "revoked",
        /// The person died.
        Deceased = "deceased",
        /// The modality, or the sentence, ended for good.
        Ended = "ended",
        /// A later modality began.
        Replaced = "replaced",
        /// The person lives under the modality.
        Running = "running",
        /// The person is back in prison, or away, without a revocation.
        Returned = "returned",
}

/// What an outcome depends on.
pub(super) struct OutcomeInput<'o, 'a> {
    pub starts_on: NaiveDate,
    /// The last date that counts.
    pub at: NaiveDate,
    pub has_died: bool,
    pub end: &'o ModalityEnd<'a>,
    pub window: &'o WindowRuns,
    pub final_releases: &'o [DatedFact<'a>],
}

impl CreditOutcome {
    /// The outcome of a modality. `next_day` gives the day book of the day after its end.
    pub(super) fn of(input: &OutcomeInput<'_, '_>, next_day: impl Fn() -> DayBook) -> Self {
        let OutcomeInput { starts_on, at, end, window, .. } = input;
        let is_over_at_its_end = || {
            let days = [end.on, day_after(end.on)];
            let goes_on =
                |next: DayBook| !(next.served.is_empty() && next.unlawfully_away.is_empty());
            input.final_releases.iter().any(|release| days.contains(&release.date))
                || !goes_on(next_day())
        };
        if starts_on > at {
            Self::NotStarted
        } else if end.is_from_revocation() {
            Self::Revoked
        } else if input.has_died && end.causes.is_empty() {
            Self::Deceased
        } else if end.is_from_end()
            && !end.is_from_modality()
            && (end.on < *starts_on || (window.reaches(end.on) && is_over_at_its_end()))
        {
            Self::Ended
        } else if end.is_from_modality() && (window.reaches(end.on) || window.runs.is_empty()) {
            Self::Replaced
        } else if window.reaches(*at) {
            Self::Running
        } else {
            Self::Returned
        }
    }

    /// Whether no figure of what is left to serve is asked for.
    pub(super) const fn asks_no_figures(self) -> bool {
        matches!(self, Self::NotStarted | Self::Ended | Self::Replaced | Self::Deceased)
    }
}
