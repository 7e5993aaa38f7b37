//! `GET /openapi.json`, the contract, and `GET /docs`, the page that shows it.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::http::app::App;
use crate::http::openapi::names::AnySchema;
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::http::request::params::Params;
use crate::http::request::principal::Principal;

/// This contract
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getContract",
    responses(
        (status = 200, description = "This contract", body = AnySchema),
        problems::BadRequest,
        problems::Internal,
    )
)]
pub async fn get_contract(
    State(app): State<App>,
    _: Principal,
    params: Params,
) -> Result<Response, Problem> {
    params.finish()?;
    let kind = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, kind)], app.contract.text()).into_response())
}

/// The page, from files in the binary. An unknown file is answered with a problem.
pub fn page() -> Router<App> {
    let page = SwaggerUi::new("/docs").config(Config::new(["/openapi.json"]));
    Router::from(page).layer(middleware::map_response(as_problem))
}

async fn as_problem(response: Response) -> Response {
    match response.status() {
        StatusCode::NOT_FOUND => Problem::new(ProblemType::NotFound).into_response(),
        status if status.is_server_error() => Problem::new(ProblemType::Internal).into_response(),
        _ => response,
    }
}
