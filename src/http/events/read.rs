//! The log as it was told, in pages and live: every event in the order in which it was recorded.
//! Always: both give the same text of the same events, and `after` is exclusive.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use crate::domain::id::{EventKey, Position};
use crate::domain::vocabulary::kind::Kind;
use crate::http::app::App;
use crate::http::feed::live;
use crate::http::problem::Problem;
use crate::http::problem::issue::{Issue, IssuePlace};
use crate::http::problem::kind::ProblemType;
use crate::http::record_text::{FEED_READER, write_record};
use crate::http::request::params::{Query, Reading, prefers};
use crate::http::server::connection::ClientConnection;
use crate::ledger::answer::RecordAnswer;
use crate::ledger::read::feed::FeedFilter;

/// Items of a page, when nobody says otherwise and at most. Source: the HTTP contract.
const ITEMS_DEFAULT: usize = 1_000;
const ITEMS_MAX: usize = 10_000;

/// A page ends early once it has so many bytes, one of the largest batches.
const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// So many records are looked through for one page of a filtered feed; `next` goes on from there.
const LOOKED_AT_MAX: usize = 100_000;

/// So many are read at once where few may be wanted.
const STEP_FILTERED: usize = 5_000;

const POSITION: &str = "Must be the `position` of an event, or the `next` of an earlier page.";

/// `GET /v1/events`: a page of the log, with `text/event-stream` the live feed, or with `source`
/// and `id` one event.
pub async fn get(
    State(app): State<App>,
    connection: Option<Extension<ClientConnection>>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    let is_live = prefers(&headers, "text/event-stream");
    let mut query = query.of(&["after", "limit", "type", "source", "id"]);
    let after = query.parse("after", POSITION, |text| text.parse().ok());
    let most = if is_live { usize::MAX } else { ITEMS_MAX };
    let limit = query.limit("limit", if is_live { usize::MAX } else { ITEMS_DEFAULT }, most);
    let wanted = wanted(&mut query);
    let id = query.text("id").map(str::to_owned);
    let key = wanted.source.as_deref().zip(id.as_deref());
    let key = key.map(|(source, id)| EventKey::new(source, id));
    if id.is_some() && key.is_none() {
        let detail = "An `id` is its sender's: give the `source` as well.";
        query.tell(Issue::invalid(IssuePlace::Query, "source", detail));
    }
    if id.is_some() && is_live {
        query.tell(Issue::invalid(IssuePlace::Query, "id", "One event has no live feed."));
    }
    let sentence = "Must be the `id` of an event of this feed.";
    // For pages it says nothing, and a reader that has seen nothing yet may send it empty.
    let says = headers.get("Last-Event-ID").is_some_and(|seen| is_live && !seen.is_empty());
    let seen = says.then(|| {
        query.header(&headers, "Last-Event-ID", sentence, |bytes| {
            std::str::from_utf8(bytes).ok()?.parse::<Position>().ok()
        })
    });
    let seen = seen.flatten();
    query.done().await?;
    if is_live {
        let after = seen.or(after).unwrap_or(Position::START);
        let connection = connection.map(|Extension(connection)| connection).unwrap_or_default();
        return live::feed(&app.live, wanted, after, limit, connection);
    }
    match key {
        Some(key) => known(&app, &key, wanted.kind, after).await,
        None => page(&app, &wanted, after.unwrap_or(Position::START), limit).await,
    }
}

fn wanted(query: &mut Reading) -> FeedFilter {
    let kind = query.parse("type", "Must be an event type.", |text| text.parse::<Kind>().ok());
    FeedFilter { kind, source: query.text("source").map(Arc::from) }
}

/// The one event with a key, if the rest of the query takes it too.
async fn known(
    app: &App,
    key: &EventKey,
    kind: Option<Kind>,
    after: Option<Position>,
) -> Result<Response, Problem> {
    let found = app.ledger.event(&FEED_READER, key).await?.filter(|record| {
        kind.is_none_or(|kind| record.event().is_some_and(|event| event.kind == kind))
            && after.is_none_or(|after| record.position > after)
    });
    let found = found.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    Ok(Json(RecordAnswer::from(&found)).into_response())
}

/// The body is `{items, next?}`, put together from the texts of its events.
async fn page(
    app: &App,
    wanted: &FeedFilter,
    after: Position,
    limit: usize,
) -> Result<Response, Problem> {
    let step = if wanted.is_filtered() { limit.max(STEP_FILTERED) } else { limit };
    let (mut last, mut looked_at, mut items) = (after, 0, 0);
    let mut body = b"{\"items\":[".to_vec();
    let is_full = |items: usize, body: &Vec<u8>| items == limit || body.len() >= PAGE_BYTES_MAX;
    let mut is_end = false;
    while !is_full(items, &body) && looked_at < LOOKED_AT_MAX && !is_end {
        let read = app.ledger.feed_events(&FEED_READER, last, step).await?;
        is_end = read.is_empty();
        for told in read {
            if is_full(items, &body) {
                break;
            }
            looked_at += 1;
            last = told.position();
            if wanted.takes(&told) {
                if items > 0 {
                    body.push(b',');
                }
                items += 1;
                write_record(&told.answer(), &mut body);
            }
        }
    }
    is_end |= last >= app.ledger.tail();
    let end = if is_end { "]}".to_owned() } else { format!("],\"next\":\"{last}\"}}") };
    body.extend_from_slice(end.as_bytes());
    let kind = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// `GET /v1/events/{position}`
pub async fn one(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    query: Query,
) -> Result<Response, Problem> {
    let mut query = query.of(&[]);
    let position: Option<Position> =
        query.path(path, "position", "Must be the `position` of an event.");
    let position = query.done_with(position).await?;
    let found = app.ledger.at(&FEED_READER, position).await?;
    let found = found.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    Ok(Json(RecordAnswer::from(&found)).into_response())
}
