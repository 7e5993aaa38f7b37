//! The two parameters that the law leaves open: which dates of a stay count, and how many days a
//! month of a sentence has.
//! Always: a value outside the bounds cannot be made.
//! Rules: `[parameters]` of `projections/rules/credit.toml`.

use serde::Serialize;

pub use crate::domain::stays::Boundary;

/// How many days a month of a sentence has: 28 to 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MonthDays(u32);

/// The number of days in a month must be 28 to 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 28 to 31")]
pub struct MonthDaysOutOfRange;

impl MonthDays {
    /// The fallback if the rule file's default is not 28 to 31, which its tests exclude.
    pub(super) const THIRTY: Self = Self(30);

    /// The number of days.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for MonthDays {
    type Error = MonthDaysOutOfRange;

    fn try_from(days: u32) -> Result<Self, MonthDaysOutOfRange> {
        if (28..=31).contains(&days) { Ok(Self(days)) } else { Err(MonthDaysOutOfRange) }
    }
}
