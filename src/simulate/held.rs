//! A person who is held: where, since when, under which title.

use super::moment::Day;
use super::place::Prison;
use super::series::SeriesId;
use crate::domain::vocabulary::choice::LegalStatus;

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
    /// The day on which the person is moved because a programme goes on in another prison.
    pub(super) goes_on_at: Option<(Day, Prison)>,
}

/// Whether the person leaves prison after a stretch of detention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Leaves,
    Stays,
}
