//! The question about the credit of days: the date, and the parameters that the law leaves open.
//! Always: a parameter that the caller does not give has the default of the rule file; a value
//! outside its bounds cannot be made.
//! Rules: `[parameters]` of `projections/rules/credit.toml`.

use chrono::NaiveDate;
use serde::Serialize;

use super::rules::CreditRules;
use crate::domain::stays::{AbsenceRule, Boundary, PresenceRule};
use crate::domain::time::calendar::At;

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
    const THIRTY: Self = Self(30);

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

/// One question about the credit of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditQuery {
    /// The moment for which the answer holds; of an instant only the civil date counts.
    pub at: At,
    /// The civil date on which the question is asked.
    pub today: NaiveDate,
    /// Whether dates after today count, as if the present state goes on. Such an answer is marked
    /// as a projection.
    pub project: bool,
    /// The rule for the last date of a closed stay.
    pub boundary: Boundary,
    /// The rule for the dates that an unauthorised absence takes.
    pub absence: AbsenceRule,
    /// How many days a month of a sentence has.
    pub month_days: MonthDays,
}

impl CreditQuery {
    /// The question with the default parameters of the rule file.
    pub fn new(at: At, today: NaiveDate) -> Self {
        let parameters = &CreditRules::shipped().parameters;
        Self {
            at,
            today,
            project: false,
            boundary: parameters.boundary.value,
            absence: parameters.absence.value,
            month_days: parameters.month_days.value.try_into().unwrap_or(MonthDays::THIRTY),
        }
    }

    /// The rule for the dates in treatment.
    pub(super) const fn presence_rule(&self) -> PresenceRule {
        PresenceRule { boundary: self.boundary, absence: self.absence }
    }
}
