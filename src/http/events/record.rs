//! `POST /v1/events`: one event, a batch, or a stream of lines, into the ledger.
//! Always: 201 only after every event is durable; one bad event of a batch writes nothing; for
//! lines, one line out for each line in.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::{body, lines};
use crate::domain::event::Draft;
use crate::domain::id::Revision;
use crate::domain::vocabulary::json::JsonValue;
use crate::domain::vocabulary::validate::validate;
use crate::http::app::App;
use crate::http::events::refused::{self, EventLabel, InvalidEvent};
use crate::http::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX, RECEIPT_BYTES};
use crate::http::openapi::names::{
    AnySchema, CareEventBatchSchema, CareEventSchema, FlagSchema, LinesSchema, ReceiptsSchema,
    StarSchema, TextSchema,
};
use crate::http::openapi::parameters::in_header;
use crate::http::openapi::problems;
use crate::http::problem::issue::{Issue, RequestPart};
use crate::http::problem::kind::ProblemType;
use crate::http::problem::{Problem, etag};
use crate::http::request::cloudevents::{self, Attributes, ContentMode, WholeMode};
use crate::http::request::params::Params;
use crate::http::request::principal::Principal;
use crate::ledger::record::{Receipt, ReceiptStatus, WriteMode};
use crate::ledger::{Expected, clock};

const IF_MATCH: &str = "If-Match";
const IF_NONE_MATCH: &str = "If-None-Match";

/// Record events
///
/// 201 only after every event is durable. The same source and id with the same content gets its
/// first receipt again, so a retry is always safe.
#[utoipa::path(
    post,
    path = "/v1/events",
    operation_id = "postEvents",
    params(
        ("dryRun" = Option<FlagSchema>, Query, description =
            "Say what would happen, and write nothing."),
        RequestHeaders,
    ),
    request_body(
        description = "One event, a batch, one event a line, or (with ce- headers) the data of \
            one event.",
        content(
            (CareEventSchema = "application/cloudevents+json"),
            (CareEventBatchSchema = "application/cloudevents-batch+json"),
            (LinesSchema = "application/x-ndjson"),
            (AnySchema = "application/json"),
        ),
    ),
    responses(
        (
            status = 200,
            description = "All were recorded before, a dry run, or answers a line",
            content((ReceiptsSchema = "application/json"), (LinesSchema = "application/x-ndjson")),
        ),
        (
            status = 201,
            description = "Recorded and durable",
            body = ReceiptsSchema,
            headers(("ETag" = Revision, description =
                "The last revision of the one stream.")),
        ),
        problems::BadRequest,
        problems::Timeout,
        problems::IdReused,
        problems::WrongRevision,
        problems::TooLarge,
        problems::UnsupportedMediaType,
        problems::InvalidEvent,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn post_events(
    State(app): State<App>,
    _: Principal,
    params: Params,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, content) = request.into_parts();
    let headers = parts.headers;
    let RequestHead { mode, write_mode, expected, attributes } = match head(&headers, params) {
        Ok(head) => head,
        Err(problem) => {
            body::discard_for_a_while(content).await;
            return Err(problem);
        }
    };
    let mode = match mode {
        ContentMode::Lines => return lines::record(app, content, &headers, write_mode).await,
        ContentMode::Whole(mode) => mode,
    };
    let (max, limit) = match mode {
        WholeMode::Structured | WholeMode::Binary => (EVENT_BYTES_MAX, "1 MiB an event"),
        WholeMode::Batch => (BATCH_BYTES_MAX, "16 MiB a batch"),
    };
    let bytes = body::read(&app, &headers, content, max, limit).await;
    let bytes = bytes.map_err(|problem| refused::unreadable(&app, problem, write_mode))?;
    // The drafts take about as much memory as the body, so the memory stays reserved until the
    // answer; on a thread of its own also after the sender has left.
    let _reserved = bytes.clone();
    let sent = SentEvents { mode, write_mode, attributes, bytes };
    let recorded = check_and_record(&app, sent, expected).await;
    recorded.map_err(|problem| match mode {
        WholeMode::Binary => problem.placed(cloudevents::place_in_binary),
        _ => problem,
    })
}

/// The headers that a recording request may have.
struct RequestHeaders;

impl IntoParams for RequestHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let tag = "\"<revision>\": the one stream is there.";
        let prefer = "receipts=stream: answer lines as they come (NDJSON).";
        vec![
            in_header::<Revision>(IF_MATCH, tag),
            in_header::<StarSchema>(IF_NONE_MATCH, "*: the one stream is new."),
            in_header::<TextSchema>("Prefer", prefer),
        ]
    }
}

/// The head of a recording request, read into types.
struct RequestHead {
    mode: ContentMode,
    write_mode: WriteMode,
    expected: Expected,
    /// The attributes of an event in binary mode; empty in other modes.
    attributes: Attributes,
}

fn head(headers: &HeaderMap, mut params: Params) -> Result<RequestHead, Problem> {
    let write_mode = if params.flag("dryRun") { WriteMode::DryRun } else { WriteMode::Write };
    let mode = cloudevents::mode(headers);
    let expected = expected(headers, mode.as_ref().ok().copied(), &mut params);
    let attributes = match mode {
        Ok(ContentMode::Whole(WholeMode::Binary)) => cloudevents::attributes(headers, &mut params),
        _ => Attributes::new(),
    };
    params.finish()?;
    Ok(RequestHead { mode: mode?, write_mode, expected, attributes })
}

/// The events of a request as bytes, before the JSON is read.
struct SentEvents {
    mode: WholeMode,
    write_mode: WriteMode,
    attributes: Attributes,
    bytes: Bytes,
}

/// Checks all events, then records all of them or none.
async fn check_and_record(
    app: &App,
    sent: SentEvents,
    expected: Expected,
) -> Result<Response, Problem> {
    let (mode, write_mode) = (sent.mode, sent.write_mode);
    let drafts = check(app, sent).await?;
    if let Some(name) = header_of(expected)
        && drafts.iter().any(|draft| draft.stream != drafts[0].stream)
    {
        let detail = "A precondition is about one stream; this batch goes to several streams.";
        return Err(Problem::bad_request(vec![Issue::invalid(RequestPart::Header, name, detail)]));
    }
    let receipts = app.ledger.record(&drafts, expected, write_mode).await;
    let receipts =
        receipts.map_err(|error| refused::unrecorded(app, error, &drafts, mode, write_mode))?;
    app.metrics.recorded(&receipts, write_mode);
    Ok(answer(&receipts, write_mode))
}

/// All drafts, or every violation of every event. A batch is read and checked on a thread of its
/// own, so that other requests are answered meanwhile.
async fn check(app: &App, sent: SentEvents) -> Result<Vec<Draft>, Problem> {
    if sent.mode != WholeMode::Batch {
        return sent.checked(app);
    }
    let app = app.clone();
    let checked = tokio::task::spawn_blocking(move || sent.checked(&app));
    checked.await.map_err(|_| Problem::new(ProblemType::Internal))?
}

impl SentEvents {
    fn checked(self, app: &App) -> Result<Vec<Draft>, Problem> {
        let (mode, write_mode) = (self.mode, self.write_mode);
        let read = match mode {
            WholeMode::Binary => {
                cloudevents::binary(self.attributes, &self.bytes).map(|event| vec![event])
            }
            WholeMode::Batch => cloudevents::batch(&self.bytes).and_then(not_too_many),
            WholeMode::Structured => cloudevents::event(&self.bytes).map(|event| vec![event]),
        };
        let events = read.map_err(|problem| refused::unreadable(app, problem, write_mode))?;
        let now = clock::now();
        let mut drafts = Vec::with_capacity(events.len());
        let mut refused = Vec::new();
        for (index, event) in events.iter().enumerate() {
            match validate(event, now) {
                Ok(draft) => drafts.push(draft),
                Err(violations) => {
                    let index = (mode == WholeMode::Batch).then_some(index);
                    refused.push(InvalidEvent { index, label: EventLabel::of(event), violations });
                }
            }
        }
        if refused.is_empty() {
            Ok(drafts)
        } else {
            Err(refused::invalid(app, refused, mode, write_mode))
        }
    }
}

/// The events of a batch.
///
/// # Errors
/// A 413: there are too many.
fn not_too_many(events: Vec<JsonValue<'_>>) -> Result<Vec<JsonValue<'_>>, Problem> {
    match events.len() {
        0..=BATCH_EVENTS_MAX => Ok(events),
        _ => Err(Problem::too_large("10,000 events a batch")),
    }
}

/// The answer to events that were recorded, or in a dry run would be recorded.
#[derive(Serialize)]
struct ReceiptsAnswer<'a> {
    #[serde(rename = "dryRun", skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    receipts: &'a [Receipt],
}

fn answer(receipts: &[Receipt], write_mode: WriteMode) -> Response {
    let is_dry = write_mode == WriteMode::DryRun;
    let nothing_new = receipts.iter().all(|receipt| receipt.status == ReceiptStatus::Duplicate);
    let status = if nothing_new || is_dry { StatusCode::OK } else { StatusCode::CREATED };
    let body = ReceiptsAnswer { dry_run: is_dry.then_some(true), receipts };
    let mut text = Vec::with_capacity(64 + receipts.len() * RECEIPT_BYTES);
    serde_json::to_writer(&mut text, &body).expect("receipts serialise into memory");
    let kind = HeaderValue::from_static("application/json");
    let mut response = (status, [(header::CONTENT_TYPE, kind)], text).into_response();
    // A duplicate's revision may not be the last any more, so a precondition with it could fail.
    let recorded = receipts.iter().filter(|receipt| receipt.status == ReceiptStatus::Recorded);
    if let Some(last) = recorded.map(|receipt| receipt.revision).max()
        && !is_dry
        && receipts.iter().all(|receipt| receipt.stream == receipts[0].stream)
    {
        response.headers_mut().insert(header::ETAG, etag(last));
    }
    response
}

/// The state that the stream must have, by `If-Match` or `If-None-Match` (RFC 9110, 13.1).
fn expected(headers: &HeaderMap, mode: Option<ContentMode>, params: &mut Params) -> Expected {
    if mode == Some(ContentMode::Lines) {
        let alone = "No precondition with NDJSON: each line is recorded by itself.";
        for name in [IF_MATCH, IF_NONE_MATCH] {
            params.header(headers, name, alone, |_| None::<Expected>);
        }
        return Expected::Any;
    }
    let strong = "Must be one strong entity tag, such as \"4\": no weak tag, list or asterisk.";
    let star = "Must be an asterisk, which asks that the stream is new.";
    let at = params.header(headers, IF_MATCH, strong, revision).map(Expected::At);
    let new = params
        .header(headers, IF_NONE_MATCH, star, |value| (value == b"*").then_some(Expected::New));
    if new.is_some() && headers.contains_key(IF_MATCH) {
        let detail = "Not allowed together with If-Match.";
        params.add_issue(Issue::invalid(RequestPart::Header, IF_NONE_MATCH, detail));
    }
    at.or(new).unwrap_or(Expected::Any)
}

/// The revision of an entity tag.
fn revision(tag: &[u8]) -> Option<Revision> {
    let inner = tag.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'"') {
        return None;
    }
    // A tag that no revision can have matches nothing: the answer is a 412, not a 400.
    let text = std::str::from_utf8(inner).unwrap_or_default();
    let revision = text.parse().ok().filter(|revision: &u64| revision.to_string() == text);
    Some(Revision(revision.unwrap_or(u64::MAX)))
}

/// The header in which a precondition was sent.
fn header_of(expected: Expected) -> Option<&'static str> {
    match expected {
        Expected::Any => None,
        Expected::New => Some(IF_NONE_MATCH),
        Expected::At(_) => Some(IF_MATCH),
    }
}
