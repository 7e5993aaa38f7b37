//! Every route of the service, on one screen, and what each request passes on its way to one.
//! Always: every refusal is a problem (RFC 9457); a log line carries ids and routes, never a URL,
//! a body or a header of the sender's.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::http::app::{App, Services};
use crate::http::events::{read, record};
use crate::http::problem::kind::ProblemType;
use crate::http::problem::{Problem, RequestId};

use crate::http::request::wait_for;
use crate::http::{lists, openapi, ops, persons, refusals, schemas};
use crate::ledger::Ledger;

/// The routes over an open ledger without lists; what was refused is kept as long as they are.
pub fn router(ledger: Ledger) -> Router {
    router_with(ledger, Services::none())
}

/// The routes over an open ledger and what is kept beside it.
pub fn router_with(ledger: Ledger, services: Services) -> Router {
    let app = App::new(ledger, services);
    Router::new()
        .route("/", get(ops::root))
        .route("/v1/events", post(record::post).get(read::get))
        .route("/v1/events/{position}", get(read::one))
        .route("/v1/persons/{person}/history", get(persons::history))
        .route("/v1/persons/{person}/trajectory", get(persons::trajectory))
        .route("/v1/persons/{person}/credit", get(persons::credit))
        .route("/v1/trajectories", get(lists::trajectories))
        .route("/v1/credits", get(lists::credits))
        .route("/v1/refusals", get(refusals::list))
        .route("/v1/schemas", get(schemas::list))
        .route("/v1/schemas/{type}", get(schemas::one))
        .route("/errors/{code}", get(ops::error_page))
        .route("/health", get(ops::health))
        .route("/health/live", get(ops::live))
        .route("/metrics", get(ops::metrics))
        .route("/openapi.json", get(openapi::get))
        .merge(openapi::page())
        .fallback(|| async { Problem::new(ProblemType::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(ProblemType::MethodNotAllowed) })
        .layer(middleware::from_fn_with_state(app.clone(), wait_for::hold))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

/// Counts and logs each request once, by its route.
async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        _ => "other",
    };
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let mut response = next.run(request).await;
    let status = response.status();
    let took = started.elapsed();
    let instance = response.extensions().get::<RequestId>().map(|id| id.0.as_str());
    if status.is_server_error() {
        tracing::warn!(method, route, status = status.as_u16(), instance, ?took, "answered");
    } else {
        tracing::debug!(method, route, status = status.as_u16(), instance, ?took, "answered");
    }
    if status == StatusCode::METHOD_NOT_ALLOWED && !response.headers().contains_key(header::ALLOW) {
        let allow = if route == "/v1/events" { "GET, HEAD, POST" } else { "GET, HEAD" };
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    app.metrics.answered(method, route, status.as_u16(), took);
    response
}

/// A panic is a fault of ours: the sender learns an id, the log where it happened, nobody content.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::new(ProblemType::Internal).into_response()
}
