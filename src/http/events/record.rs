//! `POST /v1/events`: one event, a batch, or a stream of lines, into the ledger.
//! Always: 201 only after every event is durable; one bad event of a batch writes nothing; for
//! lines, one line out for each line in.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

use super::{body, lines};
use crate::domain::event::Draft;
use crate::domain::id::Revision;
use crate::domain::vocabulary::json::JsonValue;
use crate::domain::vocabulary::validate::validate;
use crate::http::app::App;
use crate::http::events::refused::{self, EventLabel, InvalidEvent};
use crate::http::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX, RECEIPT_BYTES};
use crate::http::problem::issue::{Issue, IssuePlace};
use crate::http::problem::kind::ProblemType;
use crate::http::problem::{Problem, etag};
use crate::http::request::cloudevents::{self, Attributes, ContentMode};
use crate::http::request::params::{Query, Reading};
use crate::ledger::record::{Receipt, ReceiptStatus, WriteMode};
use crate::ledger::{Expected, clock};

const IF_MATCH: &str = "If-Match";
const IF_NONE_MATCH: &str = "If-None-Match";

/// Records what the request carries.
pub async fn post(State(app): State<App>, query: Query, request: Request) -> Response {
    match record(app, query, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn record(app: App, query: Query, request: Request) -> Result<Response, Problem> {
    let (parts, content) = request.into_parts();
    let headers = parts.headers;
    let RequestHead { mode, write_mode, expected, attributes } = match head(&headers, query).await {
        Ok(head) => head,
        Err(problem) => {
            let _ = tokio::time::timeout(body::DISCARDING_MAX, body::discard(content)).await;
            return Err(problem);
        }
    };
    let (most, limit) = match mode {
        ContentMode::Lines => return lines::record(app, content, &headers, write_mode).await,
        ContentMode::Structured | ContentMode::Binary => (EVENT_BYTES_MAX, "1 MiB an event"),
        ContentMode::Batch => (BATCH_BYTES_MAX, "16 MiB a batch"),
    };
    let bytes = body::read(&app, &headers, content, most, limit).await;
    let bytes = bytes.map_err(|problem| refused::unreadable(&app, problem, write_mode))?;
    let sent = SentEvents { mode, write_mode, attributes, bytes };
    let recorded = write(&app, sent, expected).await;
    recorded.map_err(|problem| match mode {
        ContentMode::Binary => problem.placed(cloudevents::place_in_binary),
        _ => problem,
    })
}

/// What a request says before its body.
struct RequestHead {
    mode: ContentMode,
    write_mode: WriteMode,
    expected: Expected,
    /// Of an event in binary mode.
    attributes: Attributes,
}

async fn head(headers: &HeaderMap, query: Query) -> Result<RequestHead, Problem> {
    let mut query = query.of(&["dryRun"]);
    let write_mode = if query.flag("dryRun") { WriteMode::DryRun } else { WriteMode::Write };
    let mode = cloudevents::mode(headers);
    let expected = expected(headers, mode.as_ref().ok().copied(), &mut query);
    let attributes = match mode {
        Ok(ContentMode::Binary) => cloudevents::attributes(headers, &mut query),
        _ => Attributes::new(),
    };
    query.done().await?;
    Ok(RequestHead { mode: mode?, write_mode, expected, attributes })
}

/// What a request carried, to be read.
struct SentEvents {
    mode: ContentMode,
    write_mode: WriteMode,
    attributes: Attributes,
    bytes: Bytes,
}

/// Records all events or none.
async fn write(app: &App, sent: SentEvents, expected: Expected) -> Result<Response, Problem> {
    let (mode, write_mode) = (sent.mode, sent.write_mode);
    let drafts = check(app, sent).await?;
    if let Some(name) = sent_in(expected)
        && drafts.iter().any(|draft| draft.person != drafts[0].person)
    {
        let detail = "A precondition is about one stream; this batch is about several persons.";
        return Err(Problem::bad_request(vec![Issue::invalid(IssuePlace::Header, name, detail)]));
    }
    let receipts = app.ledger.record(&drafts, expected, write_mode).await;
    let receipts =
        receipts.map_err(|error| refused::unrecorded(app, error, &drafts, mode, write_mode))?;
    app.metrics.recorded(&receipts, write_mode);
    Ok(answer(&receipts, write_mode))
}

/// All drafts, or every violation of every event. A large batch is read and checked beside the
/// threads that answer others.
async fn check(app: &App, sent: SentEvents) -> Result<Vec<Draft>, Problem> {
    if sent.mode != ContentMode::Batch {
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
            ContentMode::Binary => {
                cloudevents::binary(self.attributes, &self.bytes).map(|event| vec![event])
            }
            ContentMode::Batch => cloudevents::batch(&self.bytes).and_then(few),
            ContentMode::Structured | ContentMode::Lines => {
                cloudevents::event(&self.bytes).map(|event| vec![event])
            }
        };
        let events = read.map_err(|problem| refused::unreadable(app, problem, write_mode))?;
        let now = clock::now();
        let mut drafts = Vec::with_capacity(events.len());
        let mut refused = Vec::new();
        for (index, event) in events.iter().enumerate() {
            match validate(event, now) {
                Ok(draft) => drafts.push(draft),
                Err(violations) => {
                    let index = (mode == ContentMode::Batch).then_some(index);
                    refused.push(InvalidEvent { index, who: EventLabel::of(event), violations });
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

/// The events of a batch, if there are not too many.
fn few(events: Vec<JsonValue<'_>>) -> Result<Vec<JsonValue<'_>>, Problem> {
    match events.len() {
        0..=BATCH_EVENTS_MAX => Ok(events),
        _ => Err(Problem::too_large("10,000 events a batch")),
    }
}

/// The answer to what was recorded, or would be.
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
    // Of what was recorded before, the revision may have been passed: it is no tag to write by.
    let recorded = receipts.iter().filter(|receipt| receipt.status == ReceiptStatus::Recorded);
    if let Some(last) = recorded.map(|receipt| receipt.revision).max()
        && !is_dry
        && receipts.iter().all(|receipt| receipt.subject == receipts[0].subject)
    {
        response.headers_mut().insert(header::ETAG, etag(last));
    }
    response
}

/// What the stream must be, by `If-Match` or `If-None-Match` (RFC 9110, 13.1).
fn expected(headers: &HeaderMap, mode: Option<ContentMode>, reading: &mut Reading) -> Expected {
    if mode == Some(ContentMode::Lines) {
        let alone = "Not with NDJSON: its lines stand alone.";
        for name in [IF_MATCH, IF_NONE_MATCH] {
            reading.header(headers, name, alone, |_| None::<Expected>);
        }
        return Expected::Any;
    }
    let strong = "One strong entity tag, such as \"4\"; no weak tag, list or asterisk.";
    let star = "Only an asterisk: the stream must be new.";
    let at = reading.header(headers, IF_MATCH, strong, revision).map(Expected::At);
    let new = reading
        .header(headers, IF_NONE_MATCH, star, |value| (value == b"*").then_some(Expected::New));
    if new.is_some() && headers.contains_key(IF_MATCH) {
        let detail = "Not together with If-Match.";
        reading.tell(Issue::invalid(IssuePlace::Header, IF_NONE_MATCH, detail));
    }
    at.or(new).unwrap_or(Expected::Any)
}

/// The revision of an entity tag.
fn revision(tag: &[u8]) -> Option<Revision> {
    let inner = tag.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'"') {
        return None;
    }
    // A tag that no revision has matches nothing, and the answer is 412.
    let text = std::str::from_utf8(inner).unwrap_or_default();
    let revision = text.parse().ok().filter(|revision: &u64| revision.to_string() == text);
    Some(Revision(revision.unwrap_or(u64::MAX)))
}

/// The header that said it.
fn sent_in(expected: Expected) -> Option<&'static str> {
    match expected {
        Expected::Any => None,
        Expected::New => Some(IF_NONE_MATCH),
        Expected::At(_) => Some(IF_MATCH),
    }
}
