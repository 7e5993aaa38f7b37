//! The question about the credit of days: the date, and the parameters that the law leaves open.
//! Always: a parameter that the caller does not give has the default of the rule file.

use chrono::NaiveDate;

use super::parameters::{Boundary, MonthDays};
use super::rules::CreditRules;
use crate::domain::time::calendar::At;

/// One question about the credit of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditQuery {
    /// The moment for which the answer holds; of an instant only the civil date counts.
    pub at: At,
    /// The civil date on which the question is asked.
    pub today: NaiveDate,
    /// Whether dates after today count, as if the present state goes on. Such an answer is marked
    /// as projected.
    pub project: bool,
    /// The rule for the dates of a stay that count.
    pub boundary: Boundary,
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
            month_days: parameters.month_days.value.try_into().unwrap_or(MonthDays::THIRTY),
        }
    }
}
