//! Putting, resetting and deleting a projection.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::asked::{blocking, kept, name, no_projection};
use super::parts;
use crate::http::app::App;
use crate::http::events::body;
use crate::http::openapi::names::{AnySchema, ProjectionNameSchema, ProjectionStatusSchema};
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::problem::issue::Issue;
use crate::http::problem::kind::ProblemType;
use crate::http::request::params::Params;
use crate::http::request::principal::Principal;
use crate::projection::runner::{Put, RunnerError};
use crate::work::Causes;

/// Keep a projection, or give it a new source
///
/// A new source is built beside the old one, which answers until the new one has caught up. The
/// answer does not wait for that.
#[utoipa::path(
    put,
    path = "/v1/projections/{name}",
    operation_id = "putProjection",
    params(("name" = ProjectionNameSchema, Path, description = "The name.")),
    request_body(
        description = "The program, or a form with the parts projection, summary, chart, fixtures.",
        content((AnySchema = "text/javascript"), (AnySchema = "multipart/form-data")),
    ),
    responses(
        (status = 200, description = "The same source", body = ProjectionStatusSchema),
        (status = 201, description = "New", body = ProjectionStatusSchema),
        (status = 202, description = "A new source, built beside", body = ProjectionStatusSchema),
        problems::BadRequest,
        problems::Timeout,
        problems::TooLarge,
        problems::UnsupportedMediaType,
        problems::InvalidProjection,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn put_projection(
    State(app): State<App>,
    _: Principal,
    mut params: Params,
    request: Request,
) -> Result<Response, Problem> {
    let name = name(&mut params);
    let name = match params.finish_and_require(name) {
        Ok(name) => name,
        Err(problem) => {
            body::discard_for_a_while(request.into_body()).await;
            return Err(problem);
        }
    };
    let projections = kept(&app)?;
    let parts = parts::read(&app, request).await?;
    let (put, of) = (projections.clone(), name.clone());
    let put = blocking(move || put.put(&of, parts)).await?.map_err(|error| not_changed(&error))?;
    let status = match put {
        Put::New => StatusCode::CREATED,
        Put::Same => StatusCode::OK,
        Put::Rebuilding => StatusCode::ACCEPTED,
        Put::Refused(issues) => {
            let issues = issues.into_iter().map(Issue::in_source).collect();
            return Err(Problem::new(ProblemType::InvalidProjection).issues(issues));
        }
    };
    let report = projections.report(&name).ok_or_else(no_projection)?;
    Ok((status, Json(report)).into_response())
}

/// Fold a projection from zero again
#[utoipa::path(
    post,
    path = "/v1/projections/{name}/reset",
    operation_id = "resetProjection",
    params(("name" = ProjectionNameSchema, Path, description = "The name.")),
    responses(
        (status = 202, description = "Folded from zero", body = ProjectionStatusSchema),
        problems::BadRequest,
        problems::NotFound,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn reset_projection(
    State(app): State<App>,
    _: Principal,
    mut params: Params,
) -> Result<Response, Problem> {
    let name = name(&mut params);
    let name = params.finish_and_require(name)?;
    let projections = kept(&app)?;
    let (reset, of) = (projections.clone(), name.clone());
    let is_reset = blocking(move || reset.reset(&of)).await?;
    if !is_reset.map_err(|error| not_changed(&error))? {
        return Err(no_projection());
    }
    let report = projections.report(&name).ok_or_else(no_projection)?;
    Ok((StatusCode::ACCEPTED, Json(report)).into_response())
}

/// End a projection; its states are deleted
#[utoipa::path(
    delete,
    path = "/v1/projections/{name}",
    operation_id = "deleteProjection",
    params(("name" = ProjectionNameSchema, Path, description = "The name.")),
    responses(
        (status = 204, description = "Its states are gone from the disk"),
        problems::BadRequest,
        problems::NotFound,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn delete_projection(
    State(app): State<App>,
    _: Principal,
    mut params: Params,
) -> Result<StatusCode, Problem> {
    let name = name(&mut params);
    let name = params.finish_and_require(name)?;
    let projections = kept(&app)?;
    let is_deleted = blocking(move || projections.delete(&name)).await?;
    match is_deleted.map_err(|error| not_changed(&error))? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_projection()),
    }
}

fn not_changed(error: &RunnerError) -> Problem {
    tracing::error!(error = %Causes(error), "a projection was not changed");
    Problem::unavailable()
}
