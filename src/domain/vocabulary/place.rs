//! The places that the registers list, and the dates on which each place was open.
//! Always: a place without periods, and a period without a first or last date, raises no doubt: the
//! register does not know that date.
//! Form: `schemas/registry/`; `openedOn` and `closedOn` are `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.

use std::fmt;

use chrono::{Months, NaiveDate};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::code::Code;
use crate::domain::choices::choices;

choices! {
    /// What a place is. The first four hold detained or interned persons.
    PlaceKind:
        Prison = "prison",
        DetentionHouse = "detentionHouse",
        TransitionHouse = "transitionHouse",
        ForensicCentre = "forensicCentre",
        ResidentialHouse = "residentialHouse",
        Msoc = "msoc",
        /// Day centres and other outpatient centres for drug users.
        DayCentre = "dayCentre",
        CrisisCentre = "crisisCentre",
        Cgg = "cgg",
        ShelteredLiving = "shelteredLiving",
        Caw = "caw",
        /// Services that orient and refer and give no treatment.
        ReferralPoint = "referralPoint",
}

impl PlaceKind {
    /// Whether `detention.*` may name a place of this kind. Records of care may name any place.
    pub const fn holds_detained(self) -> bool {
        matches!(
            self,
            Self::Prison | Self::DetentionHouse | Self::TransitionHouse | Self::ForensicCentre
        )
    }
}

/// A place of the registers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Place {
    /// The code that records name. A place keeps its code after it closed.
    pub code: Code,
    /// The name for human readers, in the language of the place.
    pub name: String,
    /// What the place is.
    pub kind: PlaceKind,
    /// When the place was open, earliest first. Empty: not known.
    #[serde(default)]
    pub periods: Vec<OpenPeriod>,
}

/// A time in which a place was open, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenPeriod {
    /// The place was open from the first day of this date. `None`: not known.
    pub opened_on: Option<PartialDate>,
    /// The place was open until the last day of this date. `None`: open today, or not known.
    pub closed_on: Option<PartialDate>,
}

impl OpenPeriod {
    fn includes(self, date: NaiveDate) -> bool {
        self.opened_on.is_none_or(|opened| opened.first <= date)
            && self.closed_on.is_none_or(|closed| date <= closed.last)
    }
}

impl Place {
    /// The closure in which a date falls; `None`: the place was open, or the register does not
    /// know.
    pub fn closure_on(&self, date: NaiveDate) -> Option<PlaceClosure> {
        if self.periods.is_empty() || self.periods.iter().any(|period| period.includes(date)) {
            return None;
        }
        let closings = self.periods.iter().filter_map(|period| period.closed_on);
        let openings = self.periods.iter().filter_map(|period| period.opened_on);
        Some(PlaceClosure {
            code: self.code.clone(),
            date,
            closed_on: closings.filter(|closed| closed.last < date).max(),
            opened_on: openings.filter(|opened| date < opened.first).min(),
        })
    }
}

/// A place named on a date on which the place was not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceClosure {
    /// The code of the place.
    pub code: Code,
    /// The civil date on which the place is named.
    pub date: NaiveDate,
    /// When the place had closed before that date. `None`: the place had not opened yet.
    pub closed_on: Option<PartialDate>,
    /// When the place opened after that date. `None`: the place stayed closed.
    pub opened_on: Option<PartialDate>,
}

impl PlaceClosure {
    /// One sentence for human readers: codes and dates only.
    pub fn message(&self) -> String {
        let Self { code, date, .. } = self;
        let state = match (self.closed_on, self.opened_on) {
            (Some(closed), Some(opened)) => {
                format!("closed {} and opened again {}", closed.when(), opened.when())
            }
            (Some(closed), None) => format!("closed {}", closed.when()),
            (None, Some(opened)) => format!("opened {}", opened.when()),
            (None, None) => "was not open".to_owned(),
        };
        format!("A record of {date} names {code}, a place that {state}.")
    }

    /// The codes and dates of the message, for programs: `code`, `date`, `closedOn`, `openedOn`.
    pub fn values(&self) -> Map<String, Value> {
        let text = |date: PartialDate| date.to_string();
        let values = [
            ("code", Some(self.code.to_string())),
            ("date", Some(self.date.to_string())),
            ("closedOn", self.closed_on.map(text)),
            ("openedOn", self.opened_on.map(text)),
        ];
        let known = values.into_iter().filter_map(|(name, value)| Some((name, value?)));
        known.map(|(name, value)| (name.to_owned(), value.into())).collect()
    }
}

/// A date to the precision known: a year, a month or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct PartialDate {
    /// The first day that the date can mean.
    pub first: NaiveDate,
    /// The last day that the date can mean.
    pub last: NaiveDate,
}

/// The text is not `YYYY`, `YYYY-MM` or `YYYY-MM-DD`: correct the register.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a year, a month or a date")]
pub struct NotAPartialDate(String);

impl TryFrom<String> for PartialDate {
    type Error = NotAPartialDate;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (rest, months) = match text.len() {
            4 => ("-01-01", 12),
            7 => ("-01", 1),
            _ => ("", 0),
        };
        let parsed = || {
            let first: NaiveDate = format!("{text}{rest}").parse().ok()?;
            let next = first.checked_add_months(Months::new(months))?;
            let last = if months == 0 { first } else { next.pred_opt()? };
            Some(Self { first, last })
        };
        parsed().filter(|date| date.to_string() == text).ok_or(NotAPartialDate(text))
    }
}

impl PartialDate {
    /// The date after its preposition: "in 2022", "on 2022-03-01".
    fn when(self) -> String {
        let preposition = if self.first == self.last { "on" } else { "in" };
        format!("{preposition} {self}")
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = (self.last - self.first).num_days() + 1;
        let form = match days {
            1 => "%Y-%m-%d",
            2..=31 => "%Y-%m",
            _ => "%Y",
        };
        write!(f, "{}", self.first.format(form))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_date_is_read_to_the_precision_known() {
        let rows = [
            ("2022", Some(("2022-01-01", "2022-12-31"))),
            ("2024-02", Some(("2024-02-01", "2024-02-29"))),
            ("2022-03-01", Some(("2022-03-01", "2022-03-01"))),
            ("2022-13", None),
            ("2022-02-30", None),
            ("2022-3-1", None),
            ("22", None),
            ("+2022-3-01", None),
            ("", None),
        ];
        for (text, expected) in rows {
            let read = PartialDate::try_from(text.to_owned()).ok();
            let bounds = read.map(|date| (date.first.to_string(), date.last.to_string()));
            let expected = expected.map(|(first, last)| (first.to_owned(), last.to_owned()));
            assert_eq!(bounds, expected, "{text}");
            assert!(read.is_none_or(|date| date.to_string() == text), "{text}");
        }
    }

    #[test]
    fn a_place_is_closed_outside_its_periods() {
        let ever = json!([]);
        let since = json!([{"openedOn": "2022-09-12"}]);
        let until = json!([{"closedOn": "2013-11"}]);
        let both = json!([{"openedOn": "2010", "closedOn": "2016"}]);
        let twice = json!([{"closedOn": "2022-03-01"}, {"openedOn": "2024-01-08"}]);
        let opened = |date: &str| Some(format!("opened {date}"));
        let closed = |date: &str| Some(format!("closed {date}"));
        let rows = [
            (&ever, "1900-01-01", None),
            (&since, "2022-09-11", opened("on 2022-09-12")),
            (&since, "2022-09-12", None),
            (&until, "1850-01-01", None),
            (&until, "2013-11-30", None),
            (&until, "2013-12-01", closed("in 2013-11")),
            (&both, "2009-12-31", opened("in 2010")),
            (&both, "2010-01-01", None),
            (&both, "2016-12-31", None),
            (&both, "2017-01-01", closed("in 2016")),
            (&twice, "2022-03-01", None),
            (&twice, "2022-03-02", closed("on 2022-03-01 and opened again on 2024-01-08")),
            (&twice, "2024-01-08", None),
        ];
        for (periods, date, expected) in rows {
            let place = json!({"code": "x", "name": "X", "kind": "prison", "periods": periods});
            let place: Place = serde_json::from_value(place).unwrap();
            let closure = place.closure_on(date.parse().unwrap());
            let expected =
                expected.map(|state| format!("A record of {date} names x, a place that {state}."));
            assert_eq!(closure.map(|closure| closure.message()), expected, "{periods} on {date}");
        }
    }
}
