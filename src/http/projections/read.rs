//! Reading a projection: its status, source, states, results and partitions.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::asked::{blocking, kept, name, no_projection, not_answered};
use crate::http::app::App;
use crate::http::openapi::names::{
    AnySchema, ProjectionNameSchema, ProjectionStatusSchema, TextSchema,
};
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::request::params::Params;
use crate::http::request::principal::Principal;
use crate::http::request::wait_for::LEDGER_POSITION;
use crate::projection::runner::{ProjectionReport, Projections, StateAnswer, StateAnswerError};

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
