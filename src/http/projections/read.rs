//! Reading a projection: its status, source, states, results and partitions.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::asked::{blocking, kept, name, no_projection, not_answered};
use crate::http::app::App;
use crate::http::openapi::names::{
    AnySchema, LimitSchema, ProjectionNameSchema, ProjectionStatusSchema, TextSchema,
};
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::request::params::Params;
use crate::http::request::principal::Principal;
use crate::http::request::wait_for::LEDGER_POSITION;
use crate::projection::runner::{
    PartitionRow, ProjectionReport, Projections, StateAnswer, StateAnswerError,
};

/// Partitions of a page, unless the request says otherwise, and at most.
const ITEMS_DEFAULT: usize = 1_000;
const ITEMS_MAX: usize = 10_000;

/// The status of every projection
#[utoipa::path(
    get,
    path = "/v1/projections",
    operation_id = "getProjections",
    responses(
        (status = 200, description = "The status of every projection", body = AnySchema),
        problems::BadRequest,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn get_projections(
    State(app): State<App>,
    _: Principal,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.finish()?;
    Ok(Json(json!({"items": kept(&app)?.reports()})))
}

/// The status of a projection
#[utoipa::path(
    get,
    path = "/v1/projections/{name}",
    operation_id = "getProjection",
    params(("name" = ProjectionNameSchema, Path, description = "The name.")),
    responses(
        (status = 200, description = "Its status", body = ProjectionStatusSchema),
        problems::BadRequest,
        problems::NotFound,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn get_projection(
    State(app): State<App>,
    _: Principal,
    mut params: Params,
) -> Result<Json<ProjectionReport>, Problem> {
    let name = name(&mut params);
    let name = params.finish_and_require(name)?;
    kept(&app)?.report(&name).map(Json).ok_or_else(no_projection)
}

/// The parts that run, as JSON texts
#[utoipa::path(
    get,
    path = "/v1/projections/{name}/source",
    operation_id = "getProjectionSource",
    params(("name" = ProjectionNameSchema, Path, description = "The name.")),
    responses(
        (status = 200, description = "The parts that run", body = AnySchema),
        problems::BadRequest,
        problems::NotFound,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn get_projection_source(
    State(app): State<App>,
    _: Principal,
    mut params: Params,
) -> Result<Json<Value>, Problem> {
    let name = name(&mut params);
    let name = params.finish_and_require(name)?;
    let parts = kept(&app)?.source(&name).ok_or_else(no_projection)?;
    let mut answer = json!({"projection": parts.projection});
    let others =
        [("summary", &parts.summary), ("chart", &parts.chart), ("fixtures", &parts.fixtures)];
    for (name, part) in others {
        if let Some(part) = part {
            answer[name] = json!(part);
        }
    }
    Ok(Json(answer))
}

/// The state of a partition
#[utoipa::path(
    get,
    path = "/v1/projections/{name}/state",
    operation_id = "getProjectionState",
    params(
        ("name" = ProjectionNameSchema, Path, description = "The name."),
        ("partition" = Option<TextSchema>, Query, description = "The partition; '' if absent."),
    ),
    responses(
        (status = 200, description = "The bare state", body = AnySchema),
        problems::BadRequest,
        problems::NotFound,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn get_projection_state(
    State(app): State<App>,
    _: Principal,
    params: Params,
) -> Result<Response, Problem> {
    of_partition(&app, params, |projections, name, partition| projections.state(name, partition))
        .await
}

/// The result of a partition
#[utoipa::path(
    get,
    path = "/v1/projections/{name}/result",
    operation_id = "getProjectionResult",
    params(
        ("name" = ProjectionNameSchema, Path, description = "The name."),
        ("partition" = Option<TextSchema>, Query, description = "The partition; '' if absent."),
    ),
    responses(
        (status = 200, description = "The bare result", body = AnySchema),
        problems::BadRequest,
        problems::NotFound,
        problems::ResultFaulted,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn get_projection_result(
    State(app): State<App>,
    _: Principal,
    params: Params,
) -> Result<Response, Problem> {
    of_partition(&app, params, |projections, name, partition| projections.result(name, partition))
        .await
}

/// The state that all partitions share
#[utoipa::path(
    get,
    path = "/v1/projections/{name}/shared",
    operation_id = "getProjectionShared",
    params(("name" = ProjectionNameSchema, Path, description = "The name.")),
    responses(
        (status = 200, description = "The bare shared state", body = AnySchema),
        problems::BadRequest,
        problems::NotFound,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn get_projection_shared(
    State(app): State<App>,
    _: Principal,
    mut params: Params,
) -> Result<Response, Problem> {
    let name = name(&mut params);
    let name = params.finish_and_require(name)?;
    let projections = kept(&app)?;
    let found = blocking(move || projections.shared(&name)).await?;
    found.map(bare).map_err(|error| not_answered(&error))
}

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
        (status = 200, description = "Partitions and their results", body = AnySchema),
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
    mut params: Params,
) -> Result<Response, Problem> {
    let limit = params.limit(ITEMS_DEFAULT, ITEMS_MAX);
    // The name of a partition is the cursor: a page goes on after it.
    let after = params.text("cursor").map(str::to_owned);
    let name = name(&mut params);
    let name = params.finish_and_require(name)?;
    let projections = kept(&app)?;
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

async fn of_partition(
    app: &App,
    mut params: Params,
    read: impl FnOnce(&Projections, &str, &str) -> Result<StateAnswer, StateAnswerError>
    + Send
    + 'static,
) -> Result<Response, Problem> {
    let partition = params.text("partition").unwrap_or_default().to_owned();
    let name = name(&mut params);
    let name = params.finish_and_require(name)?;
    let projections = kept(app)?;
    let found = blocking(move || read(&projections, &name, &partition)).await?;
    found.map(bare).map_err(|error| not_answered(&error))
}

/// JSON as it is, and how far the log was read for it.
fn bare(found: StateAnswer) -> Response {
    let kind = HeaderValue::from_static("application/json");
    let position = HeaderValue::from(found.position.number());
    ([(header::CONTENT_TYPE, kind), (LEDGER_POSITION, position)], found.json).into_response()
}
