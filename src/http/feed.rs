//! The log as it was told, in pages: every event in the order in which it was recorded.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::problem::{In, Issue, Problem, ProblemType};
use super::query::Query;
use super::state::App;
use crate::domain::id::{EventKey, Position};
use crate::domain::kind::Kind;
use crate::ledger::answer;

/// Items of a page, when nobody says otherwise and at most. Source: the HTTP contract.
const ITEMS_DEFAULT: usize = 1_000;
const ITEMS_MAX: usize = 10_000;

/// So many records are looked through for one page of a filtered feed; `next` goes on from there.
const LOOKED_AT_MAX: usize = 100_000;

/// So many are read at once where few may be wanted.
const STEP_FILTERED: usize = 5_000;

/// `GET /v1/events`: a page of the log, or with `source` and `id` one event.
pub async fn page(State(app): State<App>, query: Query) -> Result<Json<Value>, Problem> {
    let mut query = query.of(&["after", "limit", "type", "source", "id"]);
    let sentence = "Must be the `position` of an event, or the `next` of an earlier page.";
    let after = query.parse("after", sentence, |text| text.parse().ok());
    let limit = query.limit("limit", ITEMS_DEFAULT, ITEMS_MAX);
    let kind = query.parse("type", "Must be an event type.", |text| text.parse::<Kind>().ok());
    let source = query.text("source").map(str::to_owned);
    let id = query.text("id").map(str::to_owned);
    let key = source.as_deref().zip(id.as_deref()).map(|(source, id)| EventKey::new(source, id));
    if id.is_some() && key.is_none() {
        let detail = "An `id` is its sender's: give the `source` as well.";
        query.tell(Issue::invalid(In::Query, "source", detail));
    }
    query.done()?;
    if let Some(key) = key {
        let found = app.ledger.event(&key).await?;
        let found = found.filter(|event| {
            kind.is_none_or(|kind| kind == event.event.kind)
                && after.is_none_or(|after| event.position > after)
        });
        let found = found.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
        return Ok(Json(answer::as_told(&found)));
    }
    let is_filtered = kind.is_some() || source.is_some();
    let step = if is_filtered { limit.max(STEP_FILTERED) } else { limit };
    let mut items = Vec::new();
    let mut last = after.unwrap_or(Position::START);
    let mut looked_at = 0;
    while items.len() < limit && looked_at < LOOKED_AT_MAX {
        let read = app.ledger.log(last, step).await?;
        if read.is_empty() {
            return Ok(Json(json!({"items": items})));
        }
        for recorded in read {
            if items.len() == limit {
                break;
            }
            looked_at += 1;
            last = recorded.position;
            let event = &recorded.event;
            let wanted = kind.is_none_or(|kind| kind == event.kind)
                && source.as_deref().is_none_or(|source| source == &*event.key.source);
            if wanted {
                items.push(answer::as_told(&recorded));
            }
        }
    }
    Ok(Json(json!({"items": items, "next": last.to_string()})))
}

/// `GET /v1/events/{position}`
pub async fn one(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let mut query = query.of(&[]);
    let position: Option<Position> =
        query.path(path, "position", "Must be the `position` of an event.");
    let position = query.done_with(position)?;
    let found = app.ledger.at(position).await?;
    let found = found.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    Ok(Json(answer::as_told(&found)))
}
