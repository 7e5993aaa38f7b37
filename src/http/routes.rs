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
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::app::{App, Services};
use crate::http::events::{body, read, record};
use crate::http::limits::{HEADERS_BYTES_MAX, HEADERS_COUNT_MAX, URI_BYTES_MAX};
use crate::http::openapi::document::Contract;
use crate::http::problem::kind::ProblemType;
use crate::http::problem::{Problem, RequestId};
use crate::http::{docs, lists, ops, persons, projections, refusals, schemas};
use crate::ledger::Ledger;

/// The routes about events and persons.
fn records() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(record::post_events, read::get_events))
        .routes(routes!(read::get_event))
        .routes(routes!(persons::get_history))
        .routes(routes!(persons::get_trajectory))
        .routes(routes!(persons::get_credit))
        .routes(routes!(lists::get_trajectories))
        .routes(routes!(lists::get_credits))
        .routes(routes!(refusals::get_refusals))
}

/// The routes of analysts.
fn analysts() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(projections::get_projections))
        .routes(routes!(
            projections::get_projection,
            projections::put_projection,
            projections::delete_projection
        ))
        .routes(routes!(projections::reset_projection))
        .routes(routes!(projections::get_projection_source))
        .routes(routes!(projections::get_projection_state))
        .routes(routes!(projections::get_projection_result))
        .routes(routes!(projections::get_projection_shared))
        .routes(routes!(projections::get_projection_partitions))
        .routes(routes!(projections::get_projection_summary))
        .routes(routes!(projections::post_replay))
}

/// The routes about the service itself.
fn service() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ops::get_root))
        .routes(routes!(schemas::list_schemas))
        .routes(routes!(schemas::get_schema))
        .routes(routes!(ops::get_error_page))
        .routes(routes!(ops::get_health))
        .routes(routes!(ops::get_live))
        .routes(routes!(ops::get_metrics))
        .routes(routes!(docs::get_contract))
}

/// The routes over an open ledger without lists; refusals are forgotten when the routes end.
pub fn router(ledger: Ledger) -> Router {
    router_with(ledger, Services::none())
}

/// The routes over an open ledger and the services beside it.
pub fn router_with(ledger: Ledger, services: Services) -> Router {
    let routes = OpenApiRouter::with_openapi(Contract::start())
        .merge(records())
        .merge(analysts())
        .merge(service());
    let (routes, operations) = routes.split_for_parts();
    let app = App::new(ledger, services, Contract::new(operations));
    routes
        .merge(docs::page())
        .fallback(|request| refuse(request, ProblemType::NotFound))
        // axum adds `Allow`, with the methods of the path.
        .method_not_allowed_fallback(|request| refuse(request, ProblemType::MethodNotAllowed))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

/// Refuses a request whose body nothing has read. The body is read on for a while: a sender that is
/// still writing when the answer comes would see a broken connection instead of the problem.
async fn refuse(request: Request, kind: ProblemType) -> Response {
    body::discard_for_a_while(request.into_body()).await;
    Problem::new(kind).into_response()
}

/// The routes whose answers have several forms, by `Accept`.
const NEGOTIATED: [&str; 3] =
    ["/v1/events", "/v1/persons/{person}/credit", "/v1/projections/{name}/summary"];

/// Says what caches may do with an answer, also with a refusal: an answer about events and persons
/// is kept nowhere, and an answer with several forms is not given to who asked for another.
fn set_caching(response: &mut Response, path: &str, route: &str) {
    let headers = response.headers_mut();
    if path.starts_with("/v1/") && !path.starts_with("/v1/schemas") {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if NEGOTIATED.contains(&route) && !headers.contains_key(header::VARY) {
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
    }
}

/// Refuses a request whose head is too large; counts and logs each request once, by its route.
async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        _ => "other",
    };
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let path = request.uri().path().to_owned();
    let refused = head_problem(&request).or_else(|| host_problem(&app, &request));
    let mut response = match refused {
        Some(kind) => refuse(request, kind).await,
        None => next.run(request).await,
    };
    set_caching(&mut response, &path, &route);
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
fn head_problem(request: &Request) -> Option<ProblemType> {
    let uri_bytes = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    if uri_bytes > URI_BYTES_MAX {
        return Some(ProblemType::UriTooLong);
    }
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let is_too_large = headers.len() > HEADERS_COUNT_MAX || bytes > HEADERS_BYTES_MAX;
    is_too_large.then_some(ProblemType::HeadersTooLarge)
}

/// The problem of a request for a host that is not served. A probe may name any host.
fn host_problem(app: &App, request: &Request) -> Option<ProblemType> {
    let is_probe = request.uri().path() == "/health/live";
    (!is_probe && !app.hosts.serves(request)).then_some(ProblemType::Misdirected)
}

/// Answers a request whose handler panicked: a fault of ours. The sender gets an id and no content;
/// the panic hook of the command has logged the place.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::new(ProblemType::Internal).into_response()
}
