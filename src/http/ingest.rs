//! `POST /v1/events`: one event, a batch, or a stream of lines, into the ledger.
//! Always: 201 only after every event is durable; one bad event of a batch writes nothing; for
//! lines, one line out for each line in.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde::Serialize;

use super::event_in::{self, Attributes, Mode};
use super::lines;
use super::problem::{In, Issue, Problem, ProblemType, etag};
use super::query::{Query, Reading};
use super::refusals::{self, Invalid, Who};
use super::state::{App, BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX, SILENCE_MAX};
use crate::domain::event::Draft;
use crate::domain::id::Revision;
use crate::domain::vocabulary::admit::admit;
use crate::domain::vocabulary::json::JsonValue;
use crate::ledger::record::{Receipt, Run, Status};
use crate::ledger::{Expected, clock};

/// A body of at most 16 MiB that takes longer is cut off: 280 KiB a second is a slow line.
const BODY_TIME_MAX: Duration = Duration::from_secs(60);

/// Of a body that is refused unread, so much is read before the answer.
const DISCARDED_BYTES_MAX: usize = 4 * BATCH_BYTES_MAX;

/// And of one that was refused by its head, for so long: a sender that writes on and on is told.
const DISCARDING_MAX: Duration = Duration::from_secs(2);

/// A receipt is about so long.
pub const RECEIPT_BYTES: usize = 448;

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
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    let Head { mode, run, expected, attributes } = match head(&headers, query).await {
        Ok(head) => head,
        Err(problem) => {
            let _ = tokio::time::timeout(DISCARDING_MAX, discard(body)).await;
            return Err(problem);
        }
    };
    let (most, limit) = match mode {
        Mode::Lines => return lines::record(app, body, &headers, run).await,
        Mode::Structured | Mode::Binary => (EVENT_BYTES_MAX, "1 MiB an event"),
        Mode::Batch => (BATCH_BYTES_MAX, "16 MiB a batch"),
    };
    let bytes = read(&app, &headers, body, most, limit).await;
    let bytes = bytes.map_err(|problem| refusals::unreadable(&app, problem, run))?;
    let sent = Sent { mode, run, attributes, bytes };
    let recorded = write(&app, sent, expected).await;
    recorded.map_err(|problem| match mode {
        Mode::Binary => problem.placed(event_in::place_in_binary),
        _ => problem,
    })
}

/// What a request says before its body.
struct Head {
    mode: Mode,
    run: Run,
    expected: Expected,
    /// Of an event in binary mode.
    attributes: Attributes,
}

async fn head(headers: &HeaderMap, query: Query) -> Result<Head, Problem> {
    let mut query = query.of(&["dryRun"]);
    let run = if query.flag("dryRun") { Run::Dry } else { Run::Real };
    let mode = event_in::mode(headers);
    let expected = expected(headers, mode.as_ref().ok().copied(), &mut query);
    let attributes = match mode {
        Ok(Mode::Binary) => event_in::attributes(headers, &mut query),
        _ => Attributes::new(),
    };
    query.done().await?;
    Ok(Head { mode: mode?, run, expected, attributes })
}

/// What a request carried, to be read.
struct Sent {
    mode: Mode,
    run: Run,
    attributes: Attributes,
    bytes: Bytes,
}

/// Records all events or none.
async fn write(app: &App, sent: Sent, expected: Expected) -> Result<Response, Problem> {
    let (mode, run) = (sent.mode, sent.run);
    let drafts = check(app, sent).await?;
    if let Some(name) = sent_in(expected)
        && drafts.iter().any(|draft| draft.person != drafts[0].person)
    {
        let detail = "A precondition is about one stream; this batch is about several persons.";
        return Err(Problem::bad_request(vec![Issue::invalid(In::Header, name, detail)]));
    }
    let receipts = app.ledger.record(&drafts, expected, run).await;
    let receipts =
        receipts.map_err(|error| refusals::unrecorded(app, error, &drafts, mode, run))?;
    app.metrics.recorded(&receipts, run);
    Ok(answer(&receipts, run))
}

/// All drafts, or every violation of every event. A large batch is read and checked beside the
/// threads that answer others.
async fn check(app: &App, sent: Sent) -> Result<Vec<Draft>, Problem> {
    if sent.mode != Mode::Batch {
        return sent.checked(app);
    }
    let app = app.clone();
    let checked = tokio::task::spawn_blocking(move || sent.checked(&app));
    checked.await.map_err(|_| Problem::new(ProblemType::Internal))?
}

impl Sent {
    fn checked(self, app: &App) -> Result<Vec<Draft>, Problem> {
        let (mode, run) = (self.mode, self.run);
        let read = match mode {
            Mode::Binary => event_in::binary(self.attributes, &self.bytes).map(|event| vec![event]),
            Mode::Batch => event_in::batch(&self.bytes).and_then(few),
            Mode::Structured | Mode::Lines => event_in::event(&self.bytes).map(|event| vec![event]),
        };
        let events = read.map_err(|problem| refusals::unreadable(app, problem, run))?;
        let now = clock::now();
        let mut drafts = Vec::with_capacity(events.len());
        let mut refused = Vec::new();
        for (index, event) in events.iter().enumerate() {
            match admit(event, now) {
                Ok(draft) => drafts.push(draft),
                Err(violations) => {
                    let index = (mode == Mode::Batch).then_some(index);
                    refused.push(Invalid { index, who: Who::of(event), violations });
                }
            }
        }
        if refused.is_empty() {
            Ok(drafts)
        } else {
            Err(refusals::invalid(app, refused, mode, run))
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
struct Receipts<'a> {
    #[serde(rename = "dryRun", skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    receipts: &'a [Receipt],
}

fn answer(receipts: &[Receipt], run: Run) -> Response {
    let is_dry = run == Run::Dry;
    let nothing_new = receipts.iter().all(|receipt| receipt.status == Status::Duplicate);
    let status = if nothing_new || is_dry { StatusCode::OK } else { StatusCode::CREATED };
    let body = Receipts { dry_run: is_dry.then_some(true), receipts };
    let mut text = Vec::with_capacity(64 + receipts.len() * RECEIPT_BYTES);
    serde_json::to_writer(&mut text, &body).expect("receipts serialise into memory");
    let kind = HeaderValue::from_static("application/json");
    let mut response = (status, [(header::CONTENT_TYPE, kind)], text).into_response();
    // Of what was recorded before, the revision may have been passed: it is no tag to write by.
    let recorded = receipts.iter().filter(|receipt| receipt.status == Status::Recorded);
    if let Some(last) = recorded.map(|receipt| receipt.revision).max()
        && !is_dry
        && receipts.iter().all(|receipt| receipt.subject == receipts[0].subject)
    {
        response.headers_mut().insert(header::ETAG, etag(last));
    }
    response
}

/// Reads a body of at most `most` bytes, within the room that all bodies share.
async fn read(
    app: &App,
    headers: &HeaderMap,
    mut body: Body,
    most: usize,
    limit: &str,
) -> Result<Bytes, Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > most) {
        discard(body).await;
        return Err(Problem::too_large(limit));
    }
    // Room is taken as bytes arrive: who only announces many keeps nobody out.
    let mut room = app.room(0)?;
    let mut bytes = Vec::new();
    let started = Instant::now();
    while let Some(chunk) = next_chunk(&mut body).await? {
        if started.elapsed() > BODY_TIME_MAX {
            return Err(Problem::new(ProblemType::Timeout));
        }
        room.merge(app.room(chunk.len())?);
        if bytes.len() + chunk.len() > most {
            discard(body).await;
            return Err(Problem::too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

/// Reads on for a while without keeping anything: a client that is still writing when the answer
/// comes sees a broken connection instead of the answer.
async fn discard(mut body: Body) {
    let mut left = DISCARDED_BYTES_MAX;
    while let Ok(Some(chunk)) = next_chunk(&mut body).await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// The next part of a body.
///
/// # Errors
/// A 408 for a sender that has fallen silent, a 400 for one that broke off.
pub async fn next_chunk(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = tokio::time::timeout(SILENCE_MAX, body.frame()).await;
        match frame.map_err(|_| Problem::new(ProblemType::Timeout))? {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(_)) => {
                let detail = "The body broke off.";
                return Err(Problem::bad_request(vec![Issue::invalid(In::Body, "", detail)]));
            }
        }
    }
}

/// What the stream must be, by `If-Match` or `If-None-Match` (RFC 9110, 13.1).
fn expected(headers: &HeaderMap, mode: Option<Mode>, reading: &mut Reading) -> Expected {
    if mode == Some(Mode::Lines) {
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
        reading.tell(Issue::invalid(In::Header, IF_NONE_MATCH, detail));
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
