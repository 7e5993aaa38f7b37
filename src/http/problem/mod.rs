//! Every refusal as an RFC 9457 problem.
//! Always: no content, no name, no number of a person; a 5xx shows a request id and what to do, and
//! after a recording that failed half-way the receipts, but never the cause.

pub mod issue;
pub mod kind;

use std::borrow::Cow;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::domain::id::Revision;
use crate::domain::vocabulary::violation::Violation;
use crate::http::problem::issue::{EventIndexing, Issue};
use crate::http::problem::kind::ProblemType;
use crate::ledger::record::{Receipt, RecordError, RecordFailure};
use crate::ledger::{AppendError, ReadError, clock};
use crate::work::Causes;

/// The seconds in Retry-After of a 503: the time of several commits of a full queue.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Issues that one answer lists at most: one for each event of the largest batch.
const ISSUES_MAX: usize = 10_000;

/// The id of a problem, for the log line of its request.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// A refusal that becomes an answer. Its body is boxed, so that a `Result` with a problem stays
/// small.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<ProblemBody>);

/// The problem as it is sent.
#[derive(Debug, Clone, Serialize)]
struct ProblemBody {
    #[serde(rename = "type")]
    urn: &'static str,
    href: String,
    title: &'static str,
    status: u16,
    detail: Cow<'static, str>,
    /// The id of this one refusal; the log line has the same id.
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
    /// A problem with the title and the detail of its type.
    pub fn new(kind: ProblemType) -> Self {
        Self(Box::new(ProblemBody {
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

    /// The type.
    pub fn kind(&self) -> ProblemType {
        self.0.kind
    }

    /// The id of this one refusal.
    pub fn instance(&self) -> &str {
        &self.0.instance
    }

    /// The broken rules.
    pub fn issue_list(&self) -> &[Issue] {
        &self.0.issues
    }

    /// Replaces the detail: a sentence about what to do, without content.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Names the broken rules.
    pub fn issues(mut self, issues: Vec<Issue>) -> Self {
        self.0.issues = issues;
        self
    }

    /// Moves each issue to the place where the sender wrote what the issue is about.
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
        let kind = ProblemType::of_violations(issues.iter().filter_map(|issue| issue.code));
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

    /// A 503 that says after how many seconds to send again.
    pub fn unavailable() -> Self {
        Self::new(ProblemType::Unavailable)
            .header(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))
    }

    /// The problem of a recording that failed. Its `receipts` list the events that were recorded.
    pub fn record(unrecorded: RecordFailure, index: EventIndexing) -> Self {
        let RecordFailure { why, recorded } = unrecorded;
        let mut problem = match why {
            RecordError::Reused(places) => {
                let issue = |place| Issue::reused(index.of(place));
                Self::new(ProblemType::IdReused).issues(places.into_iter().map(issue).collect())
            }
            RecordError::Tampered(places) => {
                let issue = |place| Issue::tampered(index.of(place));
                Self::new(ProblemType::StreamTampered)
                    .issues(places.into_iter().map(issue).collect())
            }
            RecordError::WrongRevision { actual } => Self::wrong_revision(actual),
            RecordError::Append(error) => Self::append(error),
            RecordError::Read(error) => error.into(),
        };
        if !recorded.is_empty() {
            problem.0.detail =
                "Part of it was written: `receipts` lists the recorded events. Sending \
                                the same again is safe."
                    .into();
            problem.0.receipts = recorded;
        }
        problem
    }

    fn append(error: AppendError) -> Self {
        let problem = match error {
            AppendError::Busy => return Self::unavailable(),
            AppendError::TooLarge => {
                return Self::new(ProblemType::TooLarge).detail(
                    "The cluster takes fewer bytes for one stream at once. Send smaller parts.",
                );
            }
            AppendError::Unreachable => Self::unavailable().detail(
                "The store cannot be reached at the moment, and nothing was written. Send the \
                 same again after the seconds in Retry-After.",
            ),
            AppendError::Unsure => Self::unavailable().detail(
                "The store did not answer in time, so the events may or may not be recorded. Send \
                 the same again after the seconds in Retry-After: recorded events are answered \
                 as duplicates.",
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
        tracing::error!(instance = %problem.0.instance, error = %Causes(&error), "not read");
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
