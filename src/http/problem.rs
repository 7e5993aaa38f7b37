//! Every refusal as an RFC 9457 problem, and the only place that knows status codes.
//! Always: no content, no name, no number of a person; a 5xx shows a request id and nothing else.
//! Types: those of the Belgif REST guide where one fits, else `urn:problem-type:careLedger:…`.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::state::RequestId;
use crate::domain::id::Revision;
use crate::domain::vocabulary::violation::{Violation, ViolationCode};
use crate::ledger::record::{Receipt, RecordError, Unrecorded};
use crate::ledger::{AppendError, ReadError, clock};

/// How long a sender waits before it sends again after a 503: several commits of a full queue.
const RETRY_AFTER_SECONDS: u32 = 1;

/// So many issues are told in one answer: one for each event of the largest batch.
const ISSUES_MAX: usize = 10_000;

macro_rules! problem_types {
    ($($variant:ident = $urn:literal, $status:ident, $title:literal, $detail:literal;)*) => {
        /// What is wrong; its last word names its page, `/errors/<code>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ProblemType { $(#[doc = $title] $variant,)* }

        impl ProblemType {
            /// Every type, for the pages and the contract.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable `type`.
            pub const fn urn(self) -> &'static str {
                match self { $(Self::$variant => concat!("urn:problem-type:", $urn),)* }
            }

            /// The status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What to do, where the place that refuses has nothing closer to say.
            const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)* }
            }
        }
    };
}

problem_types! {
    BadRequest = "belgif:badRequest", BAD_REQUEST, "Bad request",
        "The request breaks the rules named in `issues`.";
    NotFound = "belgif:resourceNotFound", NOT_FOUND, "Resource not found",
        "There is nothing at this address; GET /openapi.json describes every route.";
    MethodNotAllowed = "careLedger:methodNotAllowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "The header Allow names the methods of this resource.";
    IdReused = "careLedger:idReused", CONFLICT, "This source and id are in use with other content",
        "Nothing was written.";
    WrongRevision = "careLedger:wrongRevision", PRECONDITION_FAILED,
        "The stream is at another revision", "Nothing was written.";
    TooLarge = "belgif:payloadTooLarge", PAYLOAD_TOO_LARGE, "Payload too large",
        "Send it in smaller parts.";
    UnsupportedMediaType = "careLedger:unsupportedMediaType", UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type", "GET /openapi.json names the media types that are taken.";
    InvalidEvent = "careLedger:invalidEvent", UNPROCESSABLE_ENTITY, "Invalid event",
        "Nothing was written.";
    OtherSource = "careLedger:otherSource", UNPROCESSABLE_ENTITY,
        "Only the system that sent a record may correct or annul it", "Nothing was written.";
    StreamTooLong = "careLedger:streamTooLong", UNPROCESSABLE_ENTITY,
        "This person has too many records for one answer", "Page through GET /v1/events instead.";
    Timeout = "careLedger:requestTimeout", REQUEST_TIMEOUT, "The request took too long to arrive",
        "Send it again: what was recorded already is answered as a duplicate.";
    Internal = "belgif:internalServerError", INTERNAL_SERVER_ERROR, "Internal server error",
        "A fault of the service; its log says more under the id in `instance`.";
    NotYetRead = "careLedger:notYetRead", GATEWAY_TIMEOUT,
        "The position asked for has not been read yet",
        "The time asked for with Prefer: wait is over; ask again.";
    Unavailable = "belgif:serviceUnavailable", SERVICE_UNAVAILABLE, "Service unavailable",
        "Send the same again after the seconds in Retry-After.";
}

impl ProblemType {
    /// The last word of the type, which names its page.
    pub fn code(self) -> &'static str {
        self.urn().rsplit(':').next().unwrap_or_default()
    }
}

/// Where in a request a rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum In {
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
    pub kind: &'static str,
    /// Where to look.
    #[serde(rename = "in")]
    pub place: In,
    /// A JSON pointer, or the name of a parameter or header.
    pub name: String,
    /// A finer code for a refused event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<ViolationCode>,
    /// A sentence for the developer of the sending system.
    pub detail: String,
    /// The place of the event in its batch, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

const SCHEMA_VIOLATION: &str = "urn:problem-type:belgif:input-validation:schemaViolation";
const INVALID_INPUT: &str = "urn:problem-type:belgif:input-validation:invalidInput";
const UNKNOWN_INPUT: &str = "urn:problem-type:belgif:input-validation:unknownInput";

impl Issue {
    /// Input of the right form that breaks a rule.
    pub fn invalid(place: In, name: &str, detail: impl Into<String>) -> Self {
        Self::new(INVALID_INPUT, place, name, detail)
    }

    /// Input that nobody asked for.
    pub fn unknown(place: In, name: &str, detail: impl Into<String>) -> Self {
        Self::new(UNKNOWN_INPUT, place, name, detail)
    }

    fn new(kind: &'static str, place: In, name: &str, detail: impl Into<String>) -> Self {
        Self { kind, place, name: name.to_owned(), code: None, detail: detail.into(), index: None }
    }

    /// A broken rule of the vocabulary, in the event at `index`.
    pub fn violation(violation: Violation, index: Option<usize>) -> Self {
        let kind = match violation.code {
            ViolationCode::UnknownMember => UNKNOWN_INPUT,
            ViolationCode::OtherSource => ProblemType::OtherSource.urn(),
            ViolationCode::InFuture => INVALID_INPUT,
            _ => SCHEMA_VIOLATION,
        };
        let Violation { name, code, detail } = violation;
        Self { kind, place: In::Body, name, code: Some(code), detail, index }
    }

    /// The event at `index` carries a key that is in use.
    pub fn reused(index: Option<usize>) -> Self {
        let detail = "Recorded before with other content; a new fact needs a new id, and a \
                      correction is an event of type record.corrected.";
        let kind = ProblemType::IdReused.urn();
        Self { index, ..Self::new(kind, In::Body, "/id", detail) }
    }
}

/// A refusal, on its way to an answer. Boxed: the good path carries a pointer, not a page.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Told>);

#[derive(Debug, Clone, Serialize)]
struct Told {
    #[serde(rename = "type")]
    urn: &'static str,
    href: String,
    title: &'static str,
    status: u16,
    detail: Cow<'static, str>,
    /// This very refusal; the same id stands in the log.
    instance: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    issues: Vec<Issue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    receipts: Vec<Receipt>,
    #[serde(skip)]
    kind: ProblemType,
    #[serde(skip)]
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem without further words.
    pub fn new(kind: ProblemType) -> Self {
        Self(Box::new(Told {
            urn: kind.urn(),
            href: format!("/errors/{}", kind.code()),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: kind.detail().into(),
            instance: format!("urn:uuid:{}", clock::request_id()),
            issues: Vec::new(),
            receipts: Vec::new(),
            kind,
            headers: Vec::new(),
        }))
    }

    /// What is wrong.
    pub fn kind(&self) -> ProblemType {
        self.0.kind
    }

    /// The id of this very refusal.
    pub fn instance(&self) -> &str {
        &self.0.instance
    }

    /// The broken rules.
    pub fn broken(&self) -> &[Issue] {
        &self.0.issues
    }

    /// Says what to do, in a sentence without content.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Names the broken rules.
    pub fn issues(mut self, issues: Vec<Issue>) -> Self {
        self.0.issues = issues;
        self
    }

    /// Tells each issue at the place where the sender wrote what it is about.
    pub fn placed(mut self, place: impl FnMut(Issue) -> Issue) -> Self {
        self.0.issues = self.0.issues.into_iter().map(place).collect();
        self
    }

    /// Adds a header to the answer.
    pub fn header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// A 400 that names its issues.
    pub fn bad_request(issues: Vec<Issue>) -> Self {
        Self::new(ProblemType::BadRequest).issues(issues)
    }

    /// A 422: every violation of every event.
    pub fn invalid(refused: Vec<(Option<usize>, Vec<Violation>)>) -> Self {
        let issue = |(index, violations): (_, Vec<Violation>)| {
            violations.into_iter().map(move |violation| Issue::violation(violation, index))
        };
        let all = refused.iter().map(|(_, violations)| violations.len()).sum::<usize>();
        let issues: Vec<Issue> = refused.into_iter().flat_map(issue).take(ISSUES_MAX).collect();
        let only_source = issues.iter().all(|i| i.code == Some(ViolationCode::OtherSource));
        let kind = if only_source { ProblemType::OtherSource } else { ProblemType::InvalidEvent };
        let more = all - issues.len();
        let more = if more > 0 {
            format!(" {more} further issues are not listed.")
        } else {
            String::new()
        };
        Self::new(kind).detail(format!("Nothing was written.{more}")).issues(issues)
    }

    /// A 413 with the limit that was passed.
    pub fn too_large(limit: &str) -> Self {
        Self::new(ProblemType::TooLarge).detail(format!("The limit is {limit}."))
    }

    /// A 412 with the stream's last revision as `ETag`.
    fn wrong_revision(actual: Option<Revision>) -> Self {
        let problem = Self::new(ProblemType::WrongRevision);
        match actual {
            Some(revision) => problem
                .detail("Nothing was written. The ETag is the stream's last revision.")
                .header(header::ETAG, etag(revision)),
            None => problem.detail("Nothing was written. The stream does not exist yet."),
        }
    }

    /// A 503 that says when to come back.
    pub fn unavailable() -> Self {
        Self::new(ProblemType::Unavailable)
            .header(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))
    }

    /// What went wrong while recording, as an answer; what was recorded all the same stands in
    /// `receipts`. `index`: whether places are told.
    pub fn record(unrecorded: Unrecorded, index: bool) -> Self {
        let Unrecorded { why, recorded } = unrecorded;
        let mut problem = match why {
            RecordError::Reused(places) => {
                let issue = |place| Issue::reused(index.then_some(place));
                Self::new(ProblemType::IdReused).issues(places.into_iter().map(issue).collect())
            }
            RecordError::WrongRevision { actual } => Self::wrong_revision(actual),
            RecordError::Append(error) => Self::append(error),
            RecordError::Read(error) => error.into(),
        };
        if !recorded.is_empty() {
            problem.0.detail = "Part of it was written: `receipts` says what. To send the same \
                                again is safe."
                .into();
            problem.0.receipts = recorded;
        }
        problem
    }

    fn append(error: AppendError) -> Self {
        let problem = match error {
            AppendError::Busy => return Self::unavailable(),
            AppendError::TooLarge => {
                return Self::new(ProblemType::TooLarge)
                    .detail("The cluster takes less of one person at once. Send it in parts.");
            }
            AppendError::Unreachable => Self::unavailable().detail(
                "The store is not reached at the moment, and nothing was written. Send the same \
                 again after the seconds in Retry-After.",
            ),
            AppendError::Unsure => Self::unavailable().detail(
                "The store did not say in time whether it was written. Send the same again after \
                 the seconds in Retry-After: what was recorded is answered as a duplicate.",
            ),
            AppendError::DiskFull | AppendError::Failed => Self::unavailable(),
        };
        tracing::error!(instance = %problem.0.instance, error = %error, "not written");
        problem
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        if let ReadError::TooLong { limit } = error {
            return Self::new(ProblemType::StreamTooLong)
                .detail(format!("The limit is {limit}; page through GET /v1/events instead."));
        }
        let problem = Self::unavailable();
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(instance = %problem.0.instance, error = %error, cause, "not read");
        problem
    }
}

/// A revision as a strong entity tag.
pub fn etag(revision: Revision) -> HeaderValue {
    HeaderValue::try_from(format!("\"{}\"", revision.0)).expect("digits and quotes are a header")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_string(&self).expect("a problem serialises into memory");
        let kind = HeaderValue::from_static("application/problem+json");
        let id = RequestId(self.0.instance);
        let mut response =
            (self.0.kind.status(), [(header::CONTENT_TYPE, kind)], body).into_response();
        response.headers_mut().extend(self.0.headers);
        response.extensions_mut().insert(id);
        response
    }
}
