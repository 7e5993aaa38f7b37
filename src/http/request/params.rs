//! The parameters of a request, from its path and its query, converted to types of `domain`.
//! Always: every broken rule is listed at once, those of the headers included, by name and never
//! with the value. A query parameter that the handler does not read is refused.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use crate::domain::choices::NotAChoice;
use crate::domain::id::RecordedTime;
use crate::domain::time::calendar::At;
use crate::http::problem::Problem;
use crate::http::problem::issue::{Issue, RequestPart};

/// The rule for the parameter `type`, where it selects events.
pub const EVENT_TYPE: &str = "Must be an event type; GET /v1/schemas lists them.";

/// The rule for the parameter `cursor`.
pub const CURSOR: &str = "Must be the `next` of an earlier page.";

/// The parameters of a request while the handler reads them, and the issues found so far. A handler
/// reads each of its parameters and ends with [`Params::finish`].
#[must_use = "unknown and malformed parameters are refused by `finish`"]
pub struct Params {
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    /// The names of the query parameters that the handler has read.
    read_names: Vec<&'static str>,
    issues: Vec<Issue>,
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let malformed = |_| {
            let detail = "The query string is not a list of names and values.";
            Problem::bad_request(vec![Issue::invalid(RequestPart::Query, "", detail)])
        };
        let query = query.map_err(malformed)?.0;
        // A path that is not UTF-8 has no parameters that could be read.
        let path = RawPathParams::from_request_parts(parts, state).await;
        let path = path.iter().flatten().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Self { path: path.collect(), query, read_names: Vec::new(), issues: Vec::new() })
    }
}

impl Params {
    /// Adds an issue that the handler has found itself.
    pub fn add_issue(&mut self, issue: Issue) {
        self.issues.push(issue);
    }

    /// The text of a parameter of the path.
    pub fn path_text(&self, name: &str) -> Option<&str> {
        let found = self.path.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Reads a path parameter. If it cannot be parsed, adds an issue with `rule` and returns
    /// `None`.
    pub fn path<T: FromStr>(&mut self, name: &str, rule: &str) -> Option<T> {
        let value = self.path_text(name).and_then(|text| text.parse().ok());
        if value.is_none() {
            self.add_issue(Issue::invalid(RequestPart::Path, name, rule));
        }
        value
    }

    /// Gives back a value that was read from a path parameter. If there is none, adds an issue with
    /// this `rule`.
    pub fn require_path<T>(&mut self, value: Option<T>, name: &str, rule: &str) -> Option<T> {
        if value.is_none() {
            self.add_issue(Issue::invalid(RequestPart::Path, name, rule));
        }
        value
    }

    /// Reads a header that may be present once. A header that cannot be parsed becomes an issue
    /// with this `rule`.
    pub fn header<T>(
        &mut self,
        headers: &HeaderMap,
        name: &str,
        rule: &str,
        parse: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<T> {
        let mut values = headers.get_all(name).iter();
        let first = values.next()?.as_bytes();
        let value = if values.next().is_none() { parse(first) } else { None };
        if value.is_none() {
            self.add_issue(Issue::invalid(RequestPart::Header, name, rule));
        }
        value
    }

    /// The text of a query parameter.
    pub fn text(&mut self, name: &'static str) -> Option<&str> {
        if !self.read_names.contains(&name) {
            self.read_names.push(name);
        }
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Reads a query parameter. A value that cannot be parsed becomes an issue with this `rule`.
    pub fn parse<T>(
        &mut self,
        name: &'static str,
        rule: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = parse(self.text(name)?);
        if value.is_none() {
            self.add_issue(Issue::invalid(RequestPart::Query, name, rule));
        }
        value
    }

    /// Reads a query parameter that has a closed list of codes.
    pub fn choice<T: FromStr<Err = NotAChoice>>(&mut self, name: &'static str) -> Option<T> {
        match self.text(name)?.parse() {
            Ok(choice) => Some(choice),
            Err(NotAChoice(codes)) => {
                let rule = format!("Must be one of {}.", codes.join(", "));
                self.add_issue(Issue::invalid(RequestPart::Query, name, rule));
                None
            }
        }
    }

    /// Whether a query parameter is `true`; an absent parameter counts as `false`.
    pub fn flag(&mut self, name: &'static str) -> bool {
        self.parse(name, "Must be true or false.", |text| text.parse().ok()).unwrap_or(false)
    }

    /// `at`: the instant or civil date that an answer speaks of.
    pub fn at(&mut self) -> Option<At> {
        self.parse("at", INSTANT_OR_DATE, instant_or_date)
    }

    /// `known`: the latest recorded time that counts; a civil date means the end of that date.
    pub fn known_at(&mut self) -> Option<RecordedTime> {
        let known_at = self.parse("known", INSTANT_OR_DATE, instant_or_date)?;
        Some(RecordedTime::from_micros(known_at.instant().timestamp_micros()))
    }

    /// `limit`: a number of items, at least 1. A number larger than `max` is cut to `max`.
    pub fn limit(&mut self, default: usize, max: usize) -> usize {
        let parse = |text: &str| {
            let limit = text.parse().unwrap_or(usize::MAX);
            (is_digits(text) && limit > 0).then_some(limit)
        };
        let rule = "Must be a whole number of at least 1.";
        self.parse("limit", rule, parse).unwrap_or(default).min(max)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// A 400 with every issue.
    pub fn finish(self) -> Result<(), Problem> {
        self.finish_and_require(Some(()))
    }

    /// Ends the reading and gives back a value that the handler needs. If the value is absent, an
    /// issue already says why.
    ///
    /// # Errors
    /// A 400 with every issue.
    pub fn finish_and_require<T>(mut self, needed: Option<T>) -> Result<T, Problem> {
        let mut issues = self.unknown_or_repeated_issues();
        issues.append(&mut self.issues);
        match needed {
            Some(needed) if issues.is_empty() => Ok(needed),
            _ => Err(Problem::bad_request(issues)),
        }
    }

    /// Issues for the query parameters that the handler does not read, or that were given twice.
    fn unknown_or_repeated_issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        for (place, (name, _)) in self.query.iter().enumerate() {
            if !self.read_names.contains(&name.as_str()) {
                let detail = match self.read_names.is_empty() {
                    true => "This resource takes no parameters.".to_owned(),
                    false => format!("This resource takes: {}.", self.read_names.join(", ")),
                };
                issues.push(Issue::unknown_parameter(RequestPart::Query, name, detail));
            } else if self.query[..place].iter().any(|(earlier, _)| earlier == name) {
                let detail = "This parameter was given twice.";
                issues.push(Issue::invalid(RequestPart::Query, name, detail));
            }
        }
        issues
    }
}

/// Whether a text is a number in digits alone. Rust's own parser also takes a plus sign.
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a number that is written in digits alone.
pub fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| is_digits(text))
}

/// The words for a parameter that [`instant_or_date`] cannot read.
pub const INSTANT_OR_DATE: &str = "Must be a date (2026-03-01) or an RFC 3339 instant with offset \
    (2026-03-01T10:00:00+01:00), between the years 1900 and 2200.";

/// A civil date or an instant, in years in which every computation with days stays exact.
pub fn instant_or_date(text: &str) -> Option<At> {
    let at = match text.parse::<NaiveDate>() {
        // The parser of dates also accepts spaces around its numbers.
        Ok(date) if date.to_string() == text => At::Date(date),
        // A plus sign that was not percent-encoded arrives as a space.
        _ => At::Instant(DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?.to_utc()),
    };
    is_exact(at).then_some(at)
}

fn is_exact(at: At) -> bool {
    (1900..=2200).contains(&at.date().year())
}

/// Reads an instant of a cursor: microseconds since 1970, exactly as the ledger writes them.
pub fn cursor_instant(text: &str) -> Option<DateTime<Utc>> {
    let micros: i64 = text.parse().ok()?;
    let at = DateTime::from_timestamp_micros(micros)?;
    (micros.to_string() == text && is_exact(At::Instant(at))).then_some(at)
}
