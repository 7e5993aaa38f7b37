//! Every route of the service on one screen, and the layers that a request passes before its
//! handler.
//! Always: paths, methods and parameters are written beside the handlers (`#[utoipa::path]`), and
//! both the routes and the contract are made from there. Every refusal is a problem (RFC 9457). A
//! log line carries ids and routes, never a sender's URL, body or headers.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::http::app::{App, Services};
use crate::http::events::{read, record};
use crate::http::limits::{HEADERS_BYTES_MAX, HEADERS_COUNT_MAX, URI_BYTES_MAX};
use crate::http::openapi::document::Contract;
use crate::http::problem::kind::ProblemType;
use crate::http::problem::{Problem, RequestId};
use crate::http::{docs, lists, ops, persons, refusals, schemas};
use crate::ledger::Ledger;

/// The routes about events and persons. No cache may keep their answers.
fn records() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(only(routes!(record::post_events, read::get_events)))
        .routes(only(routes!(read::get_event)))
        .routes(only(routes!(persons::get_history)))
        .routes(only(routes!(persons::get_trajectory)))
        .routes(only(routes!(persons::get_credit)))
        .routes(only(routes!(lists::get_trajectories)))
        .routes(only(routes!(lists::get_credits)))
        .routes(only(routes!(refusals::get_refusals)))
        .layer(middleware::map_response(keep_in_no_cache))
}

/// The routes about the service itself.
fn service() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(only(routes!(ops::get_root)))
        .routes(only(routes!(schemas::list_schemas)))
        .routes(only(routes!(schemas::get_schema)))
        .routes(only(routes!(ops::get_error_page)))
        .routes(only(routes!(ops::get_health)))
        .routes(only(routes!(ops::get_live)))
        .routes(only(routes!(ops::get_metrics)))
        .routes(only(routes!(docs::get_contract)))
}

/// The routes over an open ledger without lists; refusals are forgotten when the routes end.
pub fn router(ledger: Ledger) -> Router {
    router_with(ledger, Services::none())
}

/// The routes over an open ledger and the services beside it.
pub fn router_with(ledger: Ledger, services: Services) -> Router {
    let routes = OpenApiRouter::with_openapi(Contract::start()).merge(records()).merge(service());
    let (routes, operations) = routes.split_for_parts();
    let app = App::new(ledger, services, Contract::new(operations));
    routes
        .merge(docs::page())
        .fallback(|| async { Problem::new(ProblemType::NotFound) })
        .method_not_allowed_fallback(|| async { not_allowed(HeaderValue::from_static(READ)) })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

/// The methods of a path that only reads.
const READ: &str = "GET, HEAD";

/// Answers any other method of a path with a 405 that names the methods of the path.
fn only((schemas, paths, methods): UtoipaMethodRouter<App>) -> UtoipaMethodRouter<App> {
    let has_post = paths.paths.values().any(|path| path.post.is_some());
    let allow = HeaderValue::from_static(if has_post { "GET, HEAD, POST" } else { READ });
    (schemas, paths, methods.fallback(move || async { not_allowed(allow) }))
}

fn not_allowed(allow: HeaderValue) -> Problem {
    Problem::new(ProblemType::MethodNotAllowed).header(header::ALLOW, allow)
}

async fn keep_in_no_cache(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Refuses a request whose head is too large; counts and logs each request once, by its route.
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
    let response = match head_problem(&request) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    };
    let status = response.status();
    let took = started.elapsed();
    let instance = response.extensions().get::<RequestId>().map(|id| id.0.as_str());
    if status.is_server_error() {
        tracing::warn!(method, route, status = status.as_u16(), instance, ?took, "answered");
    } else {
        tracing::debug!(method, route, status = status.as_u16(), instance, ?took, "answered");
    }
    app.metrics.answered(method, route, status.as_u16(), took);
    response
}

/// The problem of a request whose address or headers are too large. A far larger head never comes
/// here: the HTTP library answers it with a bare status.
fn head_problem(request: &Request) -> Option<Problem> {
    let uri_bytes = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    if uri_bytes > URI_BYTES_MAX {
        return Some(Problem::new(ProblemType::UriTooLong));
    }
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let is_too_large = headers.len() > HEADERS_COUNT_MAX || bytes > HEADERS_BYTES_MAX;
    is_too_large.then(|| Problem::new(ProblemType::HeadersTooLarge))
}

/// Answers a request whose handler panicked: a fault of ours. The sender gets an id and no content;
/// the panic hook of the command has logged the place.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::new(ProblemType::Internal).into_response()
}
