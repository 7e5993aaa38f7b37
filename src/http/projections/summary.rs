//! `GET /v1/projections/{name}/summary`: the table over all partitions.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::asked::{blocking, kept, name, no_projection, not_answered};
use crate::domain::id::Position;
use crate::http::app::App;
use crate::http::openapi::names::{AnySchema, ProjectionNameSchema, TextSchema};
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::http::request::accept::{AnswerForm, accepted_form};
use crate::http::request::params::Params;
use crate::http::request::principal::Principal;
use crate::projection::runner::{SummaryFound, SummaryMade};
use crate::projection::summary::SummaryTable;

/// A table as it is sent.
#[derive(Serialize)]
struct SummaryAnswer<'a> {
    #[serde(flatten)]
    table: &'a SummaryTable,
    position: Position,
    known: &'a str,
    #[serde(rename = "sourceHash")]
    source_hash: &'a str,
}

/// The table of a projection's summary
#[utoipa::path(
    get,
    path = "/v1/projections/{name}/summary",
    operation_id = "getProjectionSummary",
    params(("name" = ProjectionNameSchema, Path, description = "The name.")),
    responses(
        (status = 200, description = "The table, and the position that it is of",
            content((AnySchema = "application/json"), (TextSchema = "text/csv"))),
        problems::BadRequest,
        problems::NotFound,
        problems::SummaryFaulted,
        problems::Internal,
        problems::Unavailable,
    )
)]
pub async fn get_projection_summary(
    State(app): State<App>,
    _: Principal,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let name = name(&mut params);
    let name = params.finish_and_require(name)?;
    let projections = kept(&app)?;
    let found = blocking(move || projections.summary(&name)).await?;
    let SummaryFound { made, position, known, source_hash } =
        found.map_err(|error| not_answered(&error))?;
    let table = match made {
        SummaryMade::Table(table) => table,
        SummaryMade::Faulted => return Err(Problem::new(ProblemType::SummaryFaulted)),
        SummaryMade::NotYet => {
            let detail = "The summary has not run yet: it runs when the projection has caught up.";
            return Err(Problem::unavailable().detail(detail));
        }
        SummaryMade::None => {
            return Err(no_projection().detail("This projection has no summary."));
        }
    };
    match accepted_form(&headers, AnswerForm::Json, AnswerForm::Csv) {
        AnswerForm::Csv => {
            let kind = HeaderValue::from_static("text/csv; charset=utf-8");
            Ok(([(header::CONTENT_TYPE, kind)], table.csv()).into_response())
        }
        _ => {
            let (known, source_hash) = (known.as_str(), source_hash.as_str());
            Ok(Json(SummaryAnswer { table: &table, position, known, source_hash }).into_response())
        }
    }
}
