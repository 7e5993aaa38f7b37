//! Query parameters: known names only, once each, parsed to the types of the domain.
//! Always: every broken rule is told at once, those of path and headers among them, by name, never
//! with the value.

use std::str::FromStr;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::choices::NotAChoice;
use crate::domain::id::RecordedTime;
use crate::domain::time::calendar::At;
use crate::http::problem::Problem;
use crate::http::problem::issue::{Issue, IssuePlace};
use crate::http::request::wait_for::{self, Hold};

/// The parameters of a request, as sent.
pub struct Query {
    pairs: Vec<(String, String)>,
    /// What is wrong with the headers that any read takes.
    issues: Vec<Issue>,
    hold: Option<Hold>,
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let malformed = |_| {
            let detail = "Not a query string of names and values.";
            Problem::bad_request(vec![Issue::invalid(IssuePlace::Query, "", detail)])
        };
        let mut issues = Vec::new();
        if wait_for::is_read(&parts.method) && wait_for::is_malformed(&parts.headers) {
            let detail = "Must be the `position` of an event.";
            issues.push(Issue::invalid(IssuePlace::Header, "Ledger-Position", detail));
        }
        let hold = parts.extensions.get::<Hold>().cloned();
        Ok(Self { pairs: query.map_err(malformed)?.0, issues, hold })
    }
}

/// Parameters being read, and what is wrong with the request so far.
pub struct Reading {
    pairs: Vec<(String, String)>,
    issues: Vec<Issue>,
    hold: Option<Hold>,
}

impl Query {
    /// Starts reading: names outside `known` and repeated names are refused.
    pub fn of(self, known: &[&str]) -> Reading {
        let Self { pairs, mut issues, hold } = self;
        for (place, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let detail =
                    format!("Not a parameter of this resource; known: {}.", known.join(", "));
                issues.push(Issue::unknown(IssuePlace::Query, name, detail));
            } else if pairs[..place].iter().any(|(earlier, _)| earlier == name) {
                issues.push(Issue::invalid(IssuePlace::Query, name, "Given twice."));
            }
        }
        Reading { pairs, issues, hold }
    }

    /// Refuses every parameter, and waits as asked.
    ///
    /// # Errors
    /// A 400 that names what was sent; a 504.
    pub async fn none(self) -> Result<(), Problem> {
        self.of(&[]).done().await
    }
}

impl Reading {
    /// Adds what is wrong elsewhere in the request.
    pub fn tell(&mut self, issue: Issue) {
        self.issues.push(issue);
    }

    /// Parses the one parameter of a path; `None` has become an issue with this sentence.
    pub fn path<T: FromStr>(
        &mut self,
        path: Result<Path<String>, PathRejection>,
        name: &str,
        sentence: &str,
    ) -> Option<T> {
        let value = path.ok().and_then(|Path(text)| text.parse().ok());
        if value.is_none() {
            self.tell(Issue::invalid(IssuePlace::Path, name, sentence));
        }
        value
    }

    /// Parses a header that stands once; one that does not parse becomes an issue with this
    /// sentence.
    pub fn header<T>(
        &mut self,
        headers: &HeaderMap,
        name: &str,
        sentence: &str,
        parse: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<T> {
        let mut values = headers.get_all(name).iter();
        let first = values.next()?.as_bytes();
        let value = if values.next().is_none() { parse(first) } else { None };
        if value.is_none() {
            self.tell(Issue::invalid(IssuePlace::Header, name, sentence));
        }
        value
    }

    /// The text of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Parses a parameter; a value that does not parse becomes an issue with this sentence.
    pub fn parse<T>(
        &mut self,
        name: &str,
        sentence: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = parse(self.text(name)?);
        if value.is_none() {
            self.tell(Issue::invalid(IssuePlace::Query, name, sentence));
        }
        value
    }

    /// A code of a closed list; any other text becomes an issue that names the codes.
    pub fn choice<T: FromStr<Err = NotAChoice>>(&mut self, name: &str) -> Option<T> {
        match self.text(name)?.parse() {
            Ok(choice) => Some(choice),
            Err(NotAChoice(codes)) => {
                let sentence = format!("Must be one of {}.", codes.join(", "));
                self.tell(Issue::invalid(IssuePlace::Query, name, sentence));
                None
            }
        }
    }

    /// `true` or `false`; absent is `false`.
    pub fn flag(&mut self, name: &str) -> bool {
        self.parse(name, "Must be true or false.", |text| text.parse().ok()).unwrap_or(false)
    }

    /// The moment an answer speaks of: an instant or a civil date.
    pub fn at(&mut self, name: &str) -> Option<At> {
        self.parse(name, MOMENT, at)
    }

    /// The last record an answer knows of: an instant, or a civil date meaning its end.
    pub fn known(&mut self, name: &str) -> Option<RecordedTime> {
        let at = self.at(name)?;
        Some(RecordedTime::from_micros(at.instant().timestamp_micros()))
    }

    /// A number of items, at least 1, at most `most` (more is cut to it).
    pub fn limit(&mut self, name: &str, default: usize, most: usize) -> usize {
        let sentence = "Must be a whole number of at least 1.";
        let parse = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let limit = text.parse().unwrap_or(usize::MAX);
            (digits && limit > 0).then_some(limit)
        };
        self.parse(name, sentence, parse).unwrap_or(default).min(most)
    }

    /// Ends the reading; a good request then waits as asked.
    ///
    /// # Errors
    /// A 400 with every issue; a 504.
    pub async fn done(self) -> Result<(), Problem> {
        self.done_with(Some(())).await
    }

    /// Ends the reading, with what the answer cannot do without; `None` has been told as an issue.
    ///
    /// # Errors
    /// A 400 with every issue; a 504.
    pub async fn done_with<T>(self, needed: Option<T>) -> Result<T, Problem> {
        let needed = needed.filter(|_| self.issues.is_empty());
        let needed = needed.ok_or_else(|| Problem::bad_request(self.issues))?;
        if let Some(hold) = self.hold {
            hold.reached().await?;
        }
        Ok(needed)
    }
}

const MOMENT: &str = "Must be a date (2026-03-01) or an RFC 3339 instant with offset \
                      (2026-03-01T10:00:00+01:00), between the years 1900 and 2200.";

/// A date or an instant, in years in which every computation with days stays exact.
pub fn at(text: &str) -> Option<At> {
    let at = match text.parse::<NaiveDate>() {
        // The parser of dates takes spaces for digits.
        Ok(date) if date.to_string() == text => At::Date(date),
        // An unencoded plus sign arrives as a space.
        _ => At::Instant(DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?.to_utc()),
    };
    is_exact(at).then_some(at)
}

fn is_exact(at: At) -> bool {
    (1900..=2200).contains(&chrono::Datelike::year(&at.date()))
}

/// An instant in a cursor, in microseconds since 1970, as one of ours writes it.
pub fn micros(text: &str) -> Option<DateTime<Utc>> {
    let micros: i64 = text.parse().ok()?;
    let at = DateTime::from_timestamp_micros(micros)?;
    (micros.to_string() == text && is_exact(At::Instant(at))).then_some(at)
}

/// Whether a media type is asked for more than JSON (RFC 9110, 12.5.1); the first of equals counts.
pub fn prefers(headers: &HeaderMap, kind: &str) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut best = (0.0, false);
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let is_kind = match parts.next().as_deref() {
            Some("application/json" | "application/*" | "*/*") => false,
            Some(range) if range == kind || range == "text/*" => true,
            _ => continue,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        let quality = quality.unwrap_or(1.0);
        if quality > best.0 {
            best = (quality, is_kind);
        }
    }
    best.1
}
