//! `GET /v1/refusals`: the refused events of a sender, and why each was refused.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::id::Position;
use crate::http::app::App;
use crate::http::openapi::names::{LimitSchema, RefusalPageSchema, TextSchema};
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::problem::issue::{Issue, RequestPart};
use crate::http::request::params::{CURSOR, Params, is_digits};
use crate::http::request::principal::Principal;
use crate::refusals::ITEMS_MAX;
use crate::work::Causes;

/// Items of a page, unless the request says otherwise.
const ITEMS_DEFAULT: usize = 100;

/// A sender's refused events, newest first: codes and pointers, no content
#[utoipa::path(
    get,
    path = "/v1/refusals",
    operation_id = "getRefusals",
    params(
        ("source" = TextSchema, Query, description = "The sender."),
        ("limit" = Option<LimitSchema>, Query,
            description = "The most items to give (100; at most 1000)."),
        ("cursor" = Option<Position>, Query, description = "The `next` of an earlier page."),
    ),
    responses(
        (
            status = 200,
            description = "A sender's refused events, newest first: codes and pointers, no content",
            body = RefusalPageSchema,
        ),
        problems::BadRequest,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn get_refusals(
    State(app): State<App>,
    _: Principal,
    mut params: Params,
) -> Result<Json<Value>, Problem> {
    let source = params.text("source").map(str::to_owned);
    if source.is_none() {
        let detail = "This parameter is required: a sender reads the refusals of its own source.";
        params.add_issue(Issue::invalid(RequestPart::Query, "source", detail));
    }
    let limit = params.limit(ITEMS_DEFAULT, ITEMS_MAX);
    let before = params.parse("cursor", CURSOR, |text| {
        // A number that no place can have asks for the newest refusals.
        is_digits(text).then(|| text.parse().unwrap_or(i64::MAX))
    });
    let source = params.finish_and_require(source)?;
    let page = app.refusals.page(&source, before, limit).await;
    let page = page.map_err(|error| {
        tracing::warn!(error = %Causes(&error), "the refusals were not read");
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
