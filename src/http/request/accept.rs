//! The form and the language of an answer that a request asks for, by its `Accept` and
//! `Accept-Language` headers.
//! Always: the most specific range decides about a form or a language, and `q=0` rules it out.
//! Where none is acceptable, the first that is offered is given (RFC 9110, 12.5.1 and 12.5.4 allow
//! it).
//! Form: RFC 9110, 12.5.1 and 12.5.4; RFC 4647, 3.3.1.

use std::cmp::Reverse;

use axum::http::{HeaderMap, HeaderName, header};

use crate::text::words::Language;

/// A form that an answer can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerForm {
    /// `application/json`.
    Json,
    /// `text/plain`: a table for people.
    PlainText,
    /// `text/csv`: a table for spreadsheets.
    Csv,
    /// `text/event-stream`: a live feed.
    EventStream,
}

/// The ranges that can ask for a form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AskedBy {
    /// Every range that covers the form, such as `text/*`.
    AnyRange,
    /// Only the full name: a client that accepts anything does not expect an answer without end.
    FullName,
}

impl AnswerForm {
    /// The media type without parameters, as type and subtype.
    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::PlainText => ("text", "plain"),
            Self::Csv => ("text", "csv"),
            Self::EventStream => ("text", "event-stream"),
        }
    }

    const fn asked_by(self) -> AskedBy {
        match self {
            Self::Json | Self::PlainText | Self::Csv => AskedBy::AnyRange,
            Self::EventStream => AskedBy::FullName,
        }
    }
}

/// How closely a range names a form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Specificity {
    Anything,
    Type,
    FullName,
}

/// One range of an `Accept` header, such as `text/*;q=0.5`.
struct MediaRange {
    kind: String,
    subtype: String,
    /// The quality in thousandths; 0 rules a form out.
    quality: u16,
    /// Its place among all ranges of the request.
    place: usize,
}

/// The form to answer in, of the two that are offered. The form with the higher quality wins; of
/// equals the form that a range names more closely, then the form whose range comes first, then the
/// form that is offered first.
pub fn accepted_form(headers: &HeaderMap, first: AnswerForm, other: AnswerForm) -> AnswerForm {
    let ranges = ranges(headers);
    match (rank(first, &ranges), rank(other, &ranges)) {
        (Some(first_rank), Some(other_rank)) if other_rank > first_rank => other,
        (None, Some(_)) => other,
        _ => first,
    }
}

/// The language that the request wants most, of those in which pages are written; English if it
/// accepts none of them. A range with subtags, such as `nl-BE`, also covers the language itself.
pub fn accepted_language(headers: &HeaderMap) -> Language {
    let texts = texts(headers, &header::ACCEPT_LANGUAGE);
    let ranges: Vec<(String, u16)> = texts
        .filter_map(|text| {
            let (name, quality) = weighted(&text)?;
            let language = name.split('-').next()?;
            Some((language.to_owned(), quality))
        })
        .collect();
    let quality_of = |language: Language| {
        let named = |name: &str| ranges.iter().find(|(range, _)| range == name);
        named(language.code()).or_else(|| named("*")).map_or(0, |(_, quality)| *quality)
    };
    // Of equals, `max_by_key` takes the last; the first offered is wanted.
    let wanted = Language::ALL.iter().rev().copied().max_by_key(|language| quality_of(*language));
    wanted.filter(|language| quality_of(*language) > 0).unwrap_or(Language::English)
}

/// The rank of a form: the higher one is wanted more. `None`: the form is not acceptable.
fn rank(form: AnswerForm, ranges: &[MediaRange]) -> Option<(u16, Specificity, Reverse<usize>)> {
    let covering = ranges
        .iter()
        .filter_map(|range| Some((range.specificity(form)?, Reverse(range.place), range.quality)));
    let (specificity, place, quality) = covering.max()?;
    let is_asked = form.asked_by() == AskedBy::AnyRange || specificity == Specificity::FullName;
    (is_asked && quality > 0).then_some((quality, specificity, place))
}

impl MediaRange {
    /// How closely this range names a form; `None`: it does not cover the form.
    fn specificity(&self, form: AnswerForm) -> Option<Specificity> {
        let (kind, subtype) = form.media_type();
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => Some(Specificity::Anything),
            (found, "*") if found == kind => Some(Specificity::Type),
            (found, name) if found == kind && name == subtype => Some(Specificity::FullName),
            _ => None,
        }
    }
}

/// The ranges of all `Accept` headers; a range that cannot be read is left out.
fn ranges(headers: &HeaderMap) -> Vec<MediaRange> {
    let texts = texts(headers, &header::ACCEPT);
    texts.enumerate().filter_map(|(place, text)| range(&text, place)).collect()
}

/// The parts between commas of all headers of one name.
fn texts<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> + 'h {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::to_ascii_lowercase)
}

fn range(text: &str, place: usize) -> Option<MediaRange> {
    let (name, quality) = weighted(text)?;
    // Some old clients write a single asterisk for `*/*`.
    let (kind, subtype) = if name == "*" { ("*", "*") } else { name.split_once('/')? };
    Some(MediaRange { kind: kind.to_owned(), subtype: subtype.to_owned(), quality, place })
}

/// A range and its quality, which is 1 unless the range says otherwise. `None`: no quality can be
/// read.
fn weighted(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next()?;
    let quality = match parts.find_map(|part| part.strip_prefix("q=")) {
        Some(text) => quality(text)?,
        None => 1_000,
    };
    Some((name, quality))
}

/// A quality in thousandths, which is as fine as RFC 9110 writes them.
fn quality(text: &str) -> Option<u16> {
    let quality: f32 = text.parse().ok()?;
    // The range was checked, so the conversion is exact.
    (0.0..=1.0).contains(&quality).then(|| (quality * 1_000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::AnswerForm::{EventStream, Json, PlainText};
    use super::*;

    #[test]
    fn the_form_is_the_one_that_is_wanted_most() {
        let rows = [
            ("", PlainText, Json),
            ("*/*", PlainText, Json),
            ("text/plain", PlainText, PlainText),
            ("text/*", PlainText, PlainText),
            ("TEXT/PLAIN; charset=utf-8", PlainText, PlainText),
            ("text/html, */*;q=0.8", PlainText, Json),
            ("text/plain;q=0.4, application/json;q=0.5", PlainText, Json),
            ("text/plain;q=0.5, application/json;q=0.4", PlainText, PlainText),
            ("text/plain, application/json", PlainText, PlainText),
            ("application/json, text/plain", PlainText, Json),
            ("*/*, text/plain", PlainText, PlainText),
            ("text/*;q=0.9, text/plain;q=0.1, application/json;q=0.5", PlainText, Json),
            ("text/plain;q=0, */*", PlainText, Json),
            ("application/json;q=0, */*", PlainText, PlainText),
            ("text/plain;q=0", PlainText, Json),
            ("image/png", PlainText, Json),
            ("text/plain;q=many, application/json;q=0.1", PlainText, Json),
            ("text/plain;q=nan", PlainText, Json),
            ("text/event-stream", EventStream, EventStream),
            ("text/event-stream;q=0.1, application/json", EventStream, Json),
            ("text/event-stream;q=0.5, */*;q=0.1", EventStream, EventStream),
            ("text/event-stream;q=0", EventStream, Json),
            ("text/*", EventStream, Json),
            ("text/*, application/json;q=0", EventStream, Json),
            ("*/*, application/json;q=0", EventStream, Json),
        ];
        for (accept, other, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(accepted_form(&headers, Json, other), expected, "{accept}");
        }
    }

    #[test]
    fn the_language_is_the_one_that_is_wanted_most() {
        let rows = [
            ("", "en"),
            ("nl", "nl"),
            ("nl-BE,nl;q=0.9,en;q=0.8", "nl"),
            ("fr, nl;q=0.5, en;q=0.4", "nl"),
            ("fr, de", "en"),
            ("en;q=0.2, nl;q=0.3", "nl"),
            ("nl;q=0", "en"),
            ("*", "en"),
            ("en;q=0, *;q=0.1", "nl"),
            ("NL-be", "nl"),
            ("nl;q=high", "en"),
        ];
        for (wanted, code) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(wanted));
            assert_eq!(accepted_language(&headers).code(), code, "{wanted}");
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, HeaderValue::from_static("application/json;q=0.1"));
        headers.append(header::ACCEPT, HeaderValue::from_static("text/plain"));
        assert_eq!(accepted_form(&headers, Json, PlainText), PlainText);
    }
}
