//! `GET /v1/projections/{name}/partitions`: partitions and their results.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::StreamExt as _;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::asked::{blocking, kept, name, not_answered};
use crate::http::app::App;
use crate::http::openapi::names::{AnySchema, LimitSchema, ProjectionNameSchema, TextSchema};
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::http::request::accept::{AnswerForm, accepted_form};
use crate::http::request::params::Params;
use crate::http::request::principal::Principal;
use crate::http::request::wait_for::LEDGER_POSITION;
use crate::projection::runner::{PartitionRow, Projections};
use crate::projection::summary::csv;

/// Partitions of a page, unless the request says otherwise, and at most.
const ITEMS_DEFAULT: usize = 1_000;
const ITEMS_MAX: usize = 10_000;

/// Pages that wait for a reader. A slow reader slows its answer down.
const PAGES_AHEAD: usize = 2;

/// Partitions and their results, a page at a time
#[utoipa::path(
    get,
    path = "/v1/projections/{name}/partitions",
    operation_id = "getProjectionPartitions",
    params(
        ("name" = ProjectionNameSchema, Path, description = "The name."),
        ("limit" = Option<LimitSchema>, Query,
            description = "The most items to give (1000; at most 10000)."),
        ("cursor" = Option<TextSchema>, Query, description = "The `next` of an earlier page."),
    ),
    responses(
        (status = 200, description = "Partitions and their results; as CSV all of them",
            content((AnySchema = "application/json"), (TextSchema = "text/csv"))),
        problems::BadRequest,
        problems::NotFound,
        problems::ResultFaulted,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn get_projection_partitions(
    State(app): State<App>,
    _: Principal,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let limit = params.limit(ITEMS_DEFAULT, ITEMS_MAX);
    // The name of a partition is the cursor: a page goes on after it.
    let after = params.text("cursor").map(str::to_owned);
    let name = name(&mut params);
    let name = params.finish_and_require(name)?;
    let projections = kept(&app)?;
    if accepted_form(&headers, AnswerForm::Json, AnswerForm::Csv) == AnswerForm::Csv {
        return all_as_csv(projections, name).await;
    }
    let page = blocking(move || projections.partitions(&name, after.as_deref(), limit)).await?;
    let page = page.map_err(|error| not_answered(&error))?;
    let next = page.has_more.then(|| page.rows.last().map(|row| row.partition.clone())).flatten();
    let items: Vec<PartitionItem> = page.rows.iter().map(PartitionItem::of).collect();
    let mut response = Json(PartitionsAnswer { items, next }).into_response();
    let position = HeaderValue::from(page.position.number());
    response.headers_mut().insert(LEDGER_POSITION, position);
    Ok(response)
}

/// A partition as it is sent.
#[derive(Serialize)]
struct PartitionItem<'a> {
    partition: &'a str,
    result: Option<&'a RawValue>,
}

impl<'a> PartitionItem<'a> {
    fn of(row: &'a PartitionRow) -> Self {
        let read = |text: &'a String| serde_json::from_str(text).expect("an engine writes JSON");
        Self { partition: &row.partition, result: row.result.as_ref().map(read) }
    }
}

/// A page of partitions as it is sent.
#[derive(Serialize)]
struct PartitionsAnswer<'a> {
    items: Vec<PartitionItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// All partitions as CSV, made while they are sent.
async fn all_as_csv(projections: Projections, name: String) -> Result<Response, Problem> {
    let (lines, mut made) = mpsc::channel(PAGES_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut is_first = true;
        let all = projections.each_page(&name, |page| {
            let mut text = String::new();
            if std::mem::take(&mut is_first) {
                text.push_str("partition,result\r\n");
            }
            let rows = page.rows.iter().map(|row| {
                let result = row.result.as_deref().unwrap_or_default();
                csv::line([csv::field(&row.partition), csv::quoted(result)].into_iter())
            });
            text.extend(rows);
            lines.blocking_send(Ok((page.position, Bytes::from(text)))).is_ok()
        });
        if let Err(error) = all {
            // A reader that has left is no fault.
            let _ = lines.blocking_send(Err(error));
        }
    });
    let first = made.recv().await.ok_or_else(|| Problem::new(ProblemType::Internal))?;
    let (position, first) = first.map_err(|error| not_answered(&error))?;
    // A fault in a later page breaks the answer off, which tells the reader.
    let rest = futures::stream::poll_fn(move |context| made.poll_recv(context));
    let rest = rest.map(|page| page.map(|(_, text)| text));
    let all = futures::stream::once(async move { Ok(first) }).chain(rest);
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let position = HeaderValue::from(position.number());
    let body = Body::from_stream(all);
    Ok(([(header::CONTENT_TYPE, kind), (LEDGER_POSITION, position)], body).into_response())
}
