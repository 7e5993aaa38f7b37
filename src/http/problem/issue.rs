//! One broken rule of a request, as a problem lists it.
//! Always: an issue names the place and the rule, never the value that was sent.

use serde::Serialize;

use super::kind::ProblemType;
use crate::domain::vocabulary::violation::{Violation, ViolationCode};
use crate::projection::runner::parts::{PartIssue, PartName};

/// Whether an issue carries the index of its event: only in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventIndexing {
    /// The request is a batch.
    InBatch,
    /// The request, or the line, is one event.
    OneEvent,
}

impl EventIndexing {
    /// The `index` of an issue about the event at this index of the request.
    pub fn of(self, index: usize) -> Option<usize> {
        match self {
            Self::InBatch => Some(index),
            Self::OneEvent => None,
        }
    }
}

/// The part of a request in which a rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestPart {
    /// The body; `name` is a JSON pointer.
    Body,
    /// The query.
    Query,
    /// The path.
    Path,
    /// A header.
    Header,
}

/// One broken rule.
#[derive(Debug, Clone, Serialize)]
pub struct Issue {
    /// The rule, as a stable code.
    #[serde(rename = "type")]
    pub rule: &'static str,
    /// The part of the request that breaks the rule.
    #[serde(rename = "in")]
    pub place: RequestPart,
    /// A JSON pointer, or the name of a parameter or header.
    pub name: String,
    /// The code of the violation, where an event breaks a rule of the vocabulary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<ViolationCode>,
    /// A sentence for the developer of the sending system.
    pub detail: String,
    /// The index of the event in its batch, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The place in a part of a projection.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePlace>,
}

/// A place in a part of a projection.
#[derive(Debug, Clone, Serialize)]
pub struct SourcePlace {
    /// The part.
    pub part: PartName,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

const SCHEMA_VIOLATION: &str = "urn:problem-type:belgif:input-validation:schemaViolation";
const INVALID_INPUT: &str = "urn:problem-type:belgif:input-validation:invalidInput";
const UNKNOWN_INPUT: &str = "urn:problem-type:belgif:input-validation:unknownInput";

impl Issue {
    /// Input of the right form that breaks a rule.
    pub fn invalid(place: RequestPart, name: &str, detail: impl Into<String>) -> Self {
        Self::new(INVALID_INPUT, place, name, detail)
    }

    /// The issue for a parameter that this resource does not have.
    pub fn unknown_parameter(place: RequestPart, name: &str, detail: impl Into<String>) -> Self {
        Self::new(UNKNOWN_INPUT, place, name, detail)
    }

    fn new(rule: &'static str, place: RequestPart, name: &str, detail: impl Into<String>) -> Self {
        let (name, detail) = (name.to_owned(), detail.into());
        Self { rule, place, name, code: None, detail, index: None, source: None }
    }

    /// A broken rule of the vocabulary, in the event at `index`.
    pub fn violation(violation: Violation, index: Option<usize>) -> Self {
        let rule = match violation.code {
            ViolationCode::UnknownMember => UNKNOWN_INPUT,
            ViolationCode::OtherSource => ProblemType::OtherSource.urn(),
            ViolationCode::InFuture => INVALID_INPUT,
            _ => SCHEMA_VIOLATION,
        };
        let Violation { name, code, detail } = violation;
        let (place, code) = (RequestPart::Body, Some(code));
        Self { rule, place, name, code, detail, index, source: None }
    }

    /// The issue of a projection that is refused, at a place in one of its parts.
    pub fn in_source(issue: PartIssue) -> Self {
        let PartIssue { part, message, line, column } = issue;
        let source = Some(SourcePlace { part, line, column });
        Self { source, ..Self::invalid(RequestPart::Body, "", message) }
    }

    /// The issue for the event at `index`, whose `source` and `id` are in use with other content.
    pub fn reused(index: Option<usize>) -> Self {
        let detail = "This source and id were recorded before with other content. A new fact needs \
                      a new id; a correction is an event of type record.corrected.";
        let rule = ProblemType::IdReused.urn();
        Self { index, ..Self::new(rule, RequestPart::Body, "/id", detail) }
    }

    /// The issue for the event at `index`, whose stream takes no records any more.
    pub fn tampered(index: Option<usize>) -> Self {
        let detail = "Somebody else wrote to this stream in the cluster, or deleted it. The \
                      operator moves the ledger out of the cluster and into an empty one: GET \
                      /health names the stream.";
        let rule = ProblemType::StreamTampered.urn();
        Self { index, ..Self::new(rule, RequestPart::Body, "/subject", detail) }
    }
}
