//! From a request to events that are read but not validated, in each CloudEvents mode.
//! Always: the same event gives the same [`JsonValue`] in every mode.
//! Form: CloudEvents 1.0, HTTP protocol binding, sections 3.1 to 3.3; JSON event format.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::percent_decode;

use super::params::Params;
use crate::domain::vocabulary::json::{self, JsonValue, ParseError};
use crate::domain::vocabulary::sent::{self, SentValue};
use crate::domain::vocabulary::validate::without_null_attributes;
use crate::http::problem::Problem;
use crate::http::problem::issue::{Issue, RequestPart};
use crate::http::problem::kind::ProblemType;

/// How a request carries its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentMode {
    /// One JSON event a line.
    Lines,
    /// A body that is read whole before its events are.
    Whole(WholeMode),
}

/// The CloudEvents mode of a body that is read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WholeMode {
    /// One JSON event.
    Structured,
    /// A JSON array of events.
    Batch,
    /// Attributes in `ce-` headers, data in the body.
    Binary,
}

/// The mode that a request is in.
///
/// # Errors
/// A 415 that lists the modes.
pub fn mode(headers: &HeaderMap) -> Result<ContentMode, Problem> {
    let unsupported = || {
        Problem::new(ProblemType::UnsupportedMediaType).detail(
            "Send application/cloudevents+json (one event), application/cloudevents-batch+json \
             (an array), application/x-ndjson (one event a line), or application/json with ce- \
             headers (binary mode).",
        )
    };
    let is_encoded = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if is_encoded {
        return Err(Problem::new(ProblemType::UnsupportedMediaType)
            .detail("Send the body without a Content-Encoding."));
    }
    let is_binary = headers.contains_key("ce-specversion");
    let media_type = match headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str) {
        None if is_binary => return Ok(ContentMode::Whole(WholeMode::Binary)),
        None | Some(Err(_)) => return Err(unsupported()),
        Some(Ok(text)) => text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase(),
    };
    match media_type.as_str() {
        "application/cloudevents+json" => Ok(ContentMode::Whole(WholeMode::Structured)),
        "application/cloudevents-batch+json" => Ok(ContentMode::Whole(WholeMode::Batch)),
        "application/x-ndjson" => Ok(ContentMode::Lines),
        "application/json" if is_binary => Ok(ContentMode::Whole(WholeMode::Binary)),
        _ => Err(unsupported()),
    }
}

/// Reads one event.
///
/// # Errors
/// A 400 that says where the JSON breaks.
pub fn event(bytes: &[u8]) -> Result<JsonValue<'_>, Problem> {
    sent::event(bytes).map_err(|error| syntax(&error))
}

/// Reads one of many lines. The reader of lines has skipped a byte order mark before the first.
///
/// # Errors
/// A 400 that says where the JSON breaks.
pub fn line(bytes: &[u8]) -> Result<JsonValue<'_>, Problem> {
    sent::line(bytes).map_err(|error| syntax(&error))
}

/// Reads a batch.
///
/// # Errors
/// A 400 that says where the JSON breaks, or that it is no array.
pub fn batch(bytes: &[u8]) -> Result<Vec<JsonValue<'_>>, Problem> {
    match sent::value(bytes).map_err(|error| syntax(&error))? {
        SentValue::Many(events) => Ok(events),
        SentValue::One(_) => {
            let detail = "A batch is a JSON array of events.";
            Err(Problem::bad_request(vec![Issue::invalid(RequestPart::Body, "", detail)]))
        }
    }
}

/// The attributes of an event in binary mode, by name.
pub type Attributes = BTreeMap<String, String>;

/// Reads the attributes of an event in binary mode. A header that is no attribute becomes an issue.
pub fn attributes(headers: &HeaderMap, params: &mut Params) -> Attributes {
    let mut members = Attributes::new();
    for name in headers.keys() {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else { continue };
        let mut values = headers.get_all(name).iter();
        match (values.next().and_then(decode), values.next()) {
            (Some(value), None) if !matches!(attribute, "data" | "datacontenttype") => {
                members.insert(attribute.to_owned(), value);
            }
            _ => {
                let detail = "An attribute is one header, in percent-encoded UTF-8. The data is \
                              the body, and datacontenttype is the Content-Type.";
                params.add_issue(Issue::invalid(RequestPart::Header, name.as_str(), detail));
            }
        }
    }
    if headers.contains_key(header::CONTENT_TYPE) {
        // Binary mode has no other Content-Type.
        members.insert("datacontenttype".to_owned(), "application/json".into());
    }
    members
}

/// Reads an event in binary mode: its attributes and the body.
///
/// # Errors
/// A 400 that says where the JSON of the data breaks.
pub fn binary(attributes: Attributes, body: &[u8]) -> Result<JsonValue<'_>, Problem> {
    let member = |(name, value)| (Cow::Owned(name), JsonValue::Text(value));
    let mut members: Vec<(Cow<str>, JsonValue)> = attributes.into_iter().map(member).collect();
    let body = sent::without_byte_order_mark(body);
    if !body.is_empty() {
        let data = json::read(body).map_err(|error| syntax(&error))?;
        let place = members.partition_point(|(name, _)| **name < *"data");
        members.insert(place, (Cow::Borrowed("data"), data));
    }
    Ok(without_null_attributes(JsonValue::Object(members)))
}

/// Moves an issue of an event to its place in binary mode: an attribute is in a header, and `data`
/// is the body.
pub fn place_in_binary(issue: Issue) -> Issue {
    let Some(member) = issue.name.strip_prefix('/') else { return issue };
    match member.strip_prefix("data") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            Issue { name: rest.to_owned(), ..issue }
        }
        // A pointer writes the tilde, which a header's name may hold, as ~0 (RFC 6901, 3).
        _ => Issue {
            place: RequestPart::Header,
            name: format!("ce-{}", member.replace("~0", "~")),
            ..issue
        },
    }
}

/// Decodes a header value as the HTTP binding asks (section 3.1.3.2): first the quotes of a quoted
/// string, then the percent signs. `None`: the value is not UTF-8.
fn decode(value: &HeaderValue) -> Option<String> {
    let unquoted = unquote(value.as_bytes());
    let text = percent_decode(&unquoted).decode_utf8().ok()?;
    Some(text.into_owned())
}

/// The content of a quoted string (RFC 9110, 5.6.4), or the bytes as they are.
fn unquote(bytes: &[u8]) -> Vec<u8> {
    let inner = bytes.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let Some(inner) = inner else { return bytes.to_vec() };
    let mut plain = Vec::with_capacity(inner.len());
    let mut escaped = false;
    for &byte in inner {
        if byte == b'\\' && !escaped {
            escaped = true;
        } else {
            plain.push(byte);
            escaped = false;
        }
    }
    plain
}

fn syntax(error: &ParseError) -> Problem {
    Problem::bad_request(vec![Issue::invalid(RequestPart::Body, "", error.to_string())])
}
