//! The form of an answer that a request asks for, by its `Accept` headers.
//! Always: the most specific range decides about a form, and `q=0` rules the form out. Where no
//! form is acceptable, the first form that is offered is given (RFC 9110, 12.5.1 allows it).
//! Form: RFC 9110, 12.5.1.

use std::cmp::Reverse;

use axum::http::{HeaderMap, header};

/// A form that an answer can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerForm {
    /// `application/json`.
    Json,
    /// `text/plain`: a table for people.
    PlainText,
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
            Self::EventStream => ("text", "event-stream"),
        }
    }

    const fn asked_by(self) -> AskedBy {
        match self {
            Self::Json | Self::PlainText => AskedBy::AnyRange,
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
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let texts = values.flat_map(|value| value.split(','));
    texts.enumerate().filter_map(|(place, text)| range(text, place)).collect()
}

fn range(text: &str, place: usize) -> Option<MediaRange> {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next()?;
    // Some old clients write a single asterisk for `*/*`.
    let (kind, subtype) = if name == "*" { ("*", "*") } else { name.split_once('/')? };
    let quality = match parts.find_map(|part| part.strip_prefix("q=")) {
        Some(text) => quality(text)?,
        None => 1_000,
    };
    Some(MediaRange { kind: kind.to_owned(), subtype: subtype.to_owned(), quality, place })
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
    fn several_headers_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, HeaderValue::from_static("application/json;q=0.1"));
        headers.append(header::ACCEPT, HeaderValue::from_static("text/plain"));
        assert_eq!(accepted_form(&headers, Json, PlainText), PlainText);
    }
}
