//! Every event in the order in which it was recorded: in pages, live, or one by its key or
//! position.
//! Always: pages and the live feed give the same text of an event, and `after` is exclusive.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::domain::id::{EventKey, Position};
use crate::domain::vocabulary::kind::Kind;
use crate::http::app::App;
use crate::http::feed::live;
use crate::http::feed::record_text::{FEED_READER, write_record};
use crate::http::openapi::names::{AnySchema, EventPageSchema, LimitSchema, TextSchema};
use crate::http::openapi::parameters::in_header;
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::problem::issue::{Issue, RequestPart};
use crate::http::problem::kind::ProblemType;
use crate::http::request::accept::{AnswerForm, accepted_form};
use crate::http::request::known_position::require_known;
use crate::http::request::params::{EVENT_TYPE, Params};
use crate::http::request::principal::Principal;
use crate::http::request::wait_for::WaitFor;
use crate::http::server::connection::ClientConnection;
use crate::ledger::answer::RecordAnswer;
use crate::ledger::read::feed::FeedFilter;

/// Items of a page, unless the request says otherwise, and at most. Source: the HTTP contract.
const ITEMS_DEFAULT: usize = 1_000;
const ITEMS_MAX: usize = 10_000;

/// Bytes after which a page ends early: as many as in the largest batch.
const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Records read for one page of a filtered feed, at most; the next page goes on after them.
const RECORDS_LOOKED_AT_MAX: usize = 100_000;

/// Records that are read at once where a filter may select few of them.
const RECORDS_READ_FILTERED: usize = 5_000;

/// The header by which a live feed resumes (WHATWG HTML, 9.2.4).
const LAST_EVENT_ID: &str = "Last-Event-ID";

const POSITION: &str = "Must be the `position` of an event, or the `next` of an earlier page.";

const FEED: &str = "With `Accept: text/event-stream` a live feed of server-sent events: all events \
    after `Last-Event-ID` or `after` (without both, all events), then each new event. `id` is the \
    position, `data` the event. A position beyond the end is a 409. A block with an `id` and \
    no `data` says that no event up to that position was wanted. A reader that takes nothing for \
    30 s is cut off, and can resume.";

/// Every event, in the order in which it was recorded, in pages or live
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "getEvents",
    description = FEED,
    params(
        ("after" = Option<Position>, Query, description =
            "The `position` of an event, or the `next` of an earlier page; exclusive."),
        ("limit" = Option<LimitSchema>, Query, description =
            "The most items to give (1000; at most 10000; live: no end)."),
        ("type" = Option<Kind>, Query, description = "Only events of this type."),
        ("source" = Option<TextSchema>, Query, description = "Only events of this sender."),
        ("id" = Option<TextSchema>, Query, description =
            "With `source`: this event alone, not a page; 404 without one."),
        LastEventId,
        WaitFor,
    ),
    responses(
        (
            status = 200,
            description = "Every event, in the order in which it was recorded, in pages or live",
            content((EventPageSchema = "application/json"), (TextSchema = "text/event-stream")),
        ),
        problems::BadRequest,
        problems::NotFound,
        problems::PositionUnknown,
        problems::Internal,
        problems::NotYetRead,
        problems::Unavailable,
    )
)]
pub async fn get_events(
    State(app): State<App>,
    _: Principal,
    connection: Option<Extension<ClientConnection>>,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let wait_for = WaitFor::read(&headers, &mut params);
    let form = accepted_form(&headers, AnswerForm::Json, AnswerForm::EventStream);
    let vary = [(header::VARY, HeaderValue::from_static("accept"))];
    let request = EventsRequest::read(params, form, &headers)?;
    let waited = wait_for.log(&app.ledger).await?;
    if let Some((after, place, name)) = request.resumed_after() {
        require_known(&app.ledger, after, place, name).await?;
    }
    let after = request.resumed_after().map(|(after, ..)| after);
    let EventsRequest { limit, filter, key, .. } = request;
    let answer = match (form, key) {
        (AnswerForm::EventStream, _) => {
            let connection = connection.map(|Extension(connection)| connection).unwrap_or_default();
            let after = after.unwrap_or(Position::START);
            live::feed(&app.live, filter, after, limit, connection)?
        }
        (_, Some(key)) => event_with_key(&app, &key, filter.kind, after).await?,
        (_, None) => page(&app, &filter, after.unwrap_or(Position::START), limit).await?,
    };
    Ok((vary, waited, answer).into_response())
}

/// The header of a live reader, for the contract.
struct LastEventId;

impl IntoParams for LastEventId {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let words = "Live: the last `id` seen; wins over `after`. A page takes no account of it.";
        vec![in_header::<TextSchema>(LAST_EVENT_ID, words)]
    }
}

/// The parameters of a request for events.
struct EventsRequest {
    after: Option<Position>,
    /// The position in the header of a live reader; it wins over `after`.
    last_seen: Option<Position>,
    limit: usize,
    filter: FeedFilter,
    /// The key of the event, where the request asks for one event.
    key: Option<EventKey>,
}

impl EventsRequest {
    fn read(mut params: Params, form: AnswerForm, headers: &HeaderMap) -> Result<Self, Problem> {
        let is_live = form == AnswerForm::EventStream;
        let after = params.parse("after", POSITION, |text| text.parse().ok());
        let (default, max) =
            if is_live { (usize::MAX, usize::MAX) } else { (ITEMS_DEFAULT, ITEMS_MAX) };
        let limit = params.limit(default, max);
        let kind = params.parse("type", EVENT_TYPE, |text| text.parse().ok());
        let source: Option<Arc<str>> = params.text("source").map(Arc::from);
        let id = params.text("id").map(str::to_owned);
        let key = source.as_deref().zip(id.as_deref());
        let key = key.map(|(source, id)| EventKey::new(source, id));
        if id.is_some() && key.is_none() {
            let detail = "An `id` is unique within its sender only: give the `source` as well.";
            params.add_issue(Issue::invalid(RequestPart::Query, "source", detail));
        }
        if id.is_some() && is_live {
            let detail = "One event has no live feed.";
            params.add_issue(Issue::invalid(RequestPart::Query, "id", detail));
        }
        let last_seen = if is_live { last_seen(&mut params, headers) } else { None };
        params.finish()?;
        Ok(Self { after, last_seen, limit, filter: FeedFilter { kind, source }, key })
    }

    /// The position after which the answer begins, and where the request names it.
    fn resumed_after(&self) -> Option<(Position, RequestPart, &'static str)> {
        let last_seen = self.last_seen.map(|seen| (seen, RequestPart::Header, LAST_EVENT_ID));
        last_seen.or(self.after.map(|after| (after, RequestPart::Query, "after")))
    }
}

/// The position by which a live reader resumes. A reader that has seen nothing yet may send the
/// header empty.
fn last_seen(params: &mut Params, headers: &HeaderMap) -> Option<Position> {
    headers.get(LAST_EVENT_ID).filter(|seen| !seen.is_empty())?;
    let rule = "Must be the `id` of an event of this feed.";
    params
        .header(headers, LAST_EVENT_ID, rule, |bytes| std::str::from_utf8(bytes).ok()?.parse().ok())
}

/// The one event with a key, if the rest of the query selects it too.
async fn event_with_key(
    app: &App,
    key: &EventKey,
    kind: Option<Kind>,
    after: Option<Position>,
) -> Result<Response, Problem> {
    let found = app.ledger.record_with_key(&FEED_READER, key).await?.filter(|record| {
        kind.is_none_or(|kind| record.event().is_some_and(|event| event.kind == kind))
            && after.is_none_or(|after| record.position > after)
    });
    let found = found.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    Ok(Json(RecordAnswer::from(&*found)).into_response())
}

/// A page of the log. The body `{items, next?}` is put together from the texts of the events.
async fn page(
    app: &App,
    wanted: &FeedFilter,
    after: Position,
    limit: usize,
) -> Result<Response, Problem> {
    let step = if wanted.is_filtered() { limit.max(RECORDS_READ_FILTERED) } else { limit };
    let (mut last, mut looked_at, mut items) = (after, 0, 0);
    let mut body = b"{\"items\":[".to_vec();
    let is_full = |items: usize, body: &Vec<u8>| items == limit || body.len() >= PAGE_BYTES_MAX;
    let mut is_end = false;
    while !is_full(items, &body) && looked_at < RECORDS_LOOKED_AT_MAX && !is_end {
        let events = app.ledger.feed_events(&FEED_READER, last, step).await?;
        is_end = events.is_empty();
        for event in events {
            if is_full(items, &body) {
                break;
            }
            looked_at += 1;
            last = event.position();
            if wanted.matches(&event) {
                if items > 0 {
                    body.push(b',');
                }
                items += 1;
                write_record(&event.answer(), &mut body);
            }
        }
    }
    is_end |= last >= app.ledger.tail();
    let end = if is_end { "]}".to_owned() } else { format!("],\"next\":\"{last}\"}}") };
    body.extend_from_slice(end.as_bytes());
    let kind = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// The event at a position
#[utoipa::path(
    get,
    path = "/v1/events/{position}",
    operation_id = "getEvent",
    params(("position" = Position, Path, description = "Its position."), WaitFor),
    responses(
        (status = 200, description = "The event at a position", body = AnySchema),
        problems::BadRequest,
        problems::NotFound,
        problems::Internal,
        problems::NotYetRead,
        problems::Unavailable,
    )
)]
pub async fn get_event(
    State(app): State<App>,
    _: Principal,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let wait_for = WaitFor::read(&headers, &mut params);
    let position = params.path("position", "Must be the `position` of an event.");
    let position: Position = params.finish_and_require(position)?;
    let waited = wait_for.log(&app.ledger).await?;
    let found = app.ledger.record_at(&FEED_READER, position).await?;
    let found = found.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    Ok((waited, Json(RecordAnswer::from(&*found))).into_response())
}
