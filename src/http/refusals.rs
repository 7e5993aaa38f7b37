//! `GET /v1/refusals`: what of a sender's events was refused, and why.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::problem::issue::{Issue, IssuePlace};
use crate::http::request::params::Query;
use crate::refusals::ITEMS_MAX;

/// Items of a page, when nobody says otherwise.
const ITEMS_DEFAULT: usize = 100;

/// `GET /v1/refusals`: the refused events of a source, newest first.
pub async fn list(State(app): State<App>, query: Query) -> Result<Json<Value>, Problem> {
    let mut query = query.of(&["source", "limit", "cursor"]);
    let source = query.text("source").map(str::to_owned);
    if source.is_none() {
        let detail = "Required: a sender reads the refusals of its own source.";
        query.tell(Issue::invalid(IssuePlace::Query, "source", detail));
    }
    let limit = query.limit("limit", ITEMS_DEFAULT, ITEMS_MAX);
    let sentence = "Must be the `next` of an earlier page.";
    let is_place = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let before = query.parse("cursor", sentence, |text| {
        // A place beyond all places is after the newest.
        is_place(text).then(|| text.parse().unwrap_or(i64::MAX))
    });
    let source = query.done_with(source).await?;
    let page = app.refusals.page(&source, before, limit).await;
    let page = page.map_err(|error| {
        tracing::warn!(error = %error, "the refusals were not read");
        Problem::unavailable()
    })?;
    let mut answer = json!({
        "items": page.items, "dropped": page.dropped, "completeSince": page.complete_since
    });
    if let Some(next) = page.next {
        answer["next"] = next.into();
    }
    Ok(Json(answer))
}
