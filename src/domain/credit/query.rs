//! What is asked: the date, and the parameters the law leaves open.
//! Always: a parameter is in its bounds, and every answer says with which it was computed.

use chrono::NaiveDate;
use serde::Serialize;

use super::rules;
use crate::domain::choices::choices;
use crate::domain::time::calendar::At;

choices! {
    /// Which dates of a stay count.
    Boundary:
        /// Every date on which the person was resident at any instant.
        AnyPart = "anyPart",
        /// The same, but not the closing date of a closed presence.
        ExcludeLast = "excludeLast",
}

/// How many days a month of a sentence has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MonthDays(u32);

/// No month has so many days: the caller chooses 28 to 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 28 to 31")]
pub struct NotMonthDays;

impl MonthDays {
    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for MonthDays {
    type Error = NotMonthDays;

    fn try_from(days: u32) -> Result<Self, NotMonthDays> {
        if (28..=31).contains(&days) { Ok(Self(days)) } else { Err(NotMonthDays) }
    }
}

/// One question about the credit of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// The moment the answer speaks of; an instant is taken as its date.
    pub at: At,
    /// The civil date on which the question is put.
    pub today: NaiveDate,
    /// Whether an `at` after today runs what is open on to it, as a labelled projection.
    pub project: bool,
    /// Which dates of a stay count.
    pub boundary: Boundary,
    /// How many days a month of a sentence has.
    pub month_days: MonthDays,
}

impl Query {
    /// The question with the rule file's own parameters.
    pub fn new(at: At, today: NaiveDate) -> Self {
        let parameters = &rules::shipped().parameters;
        Self {
            at,
            today,
            project: false,
            boundary: parameters.boundary.value,
            month_days: parameters.month_days.value.try_into().unwrap_or(MonthDays(30)),
        }
    }
}
