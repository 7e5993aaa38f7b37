//! Answers for the operators of the service: its health, its counters, the page of each type of
//! problem, and the root, which links to the rest.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::domain::id::Position;
use crate::domain::stream::StreamName;
use crate::domain::time::calendar::At;
use crate::http::app::App;
use crate::http::openapi::names::{AnySchema, ErrorCodeSchema, TextSchema};
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::http::request::params::Params;
use crate::http::request::principal::Principal;
use crate::ledger::answer::format_at;
use crate::ledger::{Condition, StoreStatus, StreamHarm, clock};
use crate::projection::{ProjectionProgress, ProjectionStatus};
use crate::work::HealthProbe;

/// `GET /health` names so many streams of the cluster at most.
const HARMED_STREAMS_SHOWN: usize = 20;

/// Whether the service does its work
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "getHealth",
    responses(
        (status = 200, description = "Whether the service does its work", body = AnySchema),
        (status = 503, description = "DOWN", body = AnySchema),
        problems::BadRequest,
        problems::Internal,
    )
)]
pub async fn get_health(
    State(app): State<App>,
    _: Principal,
    params: Params,
) -> Result<Response, Problem> {
    params.finish()?;
    // UP, DEGRADED or DOWN: the Belgif REST guide, `hlth-res`.
    let StoreStatus { tail: last, condition, .. } = *app.ledger.status().borrow();
    let (code, store, detail) = match condition {
        Condition::Writable => (StatusCode::OK, "UP", "takes writes"),
        Condition::DiskFull => (StatusCode::OK, "DEGRADED", "the disk is full; reads go on"),
        Condition::Unreachable => {
            (StatusCode::OK, "DEGRADED", "the cluster is not reached; reads go on from its copy")
        }
        Condition::Failed => {
            (StatusCode::SERVICE_UNAVAILABLE, "DOWN", "the store failed; its log says why")
        }
        Condition::Ended => (StatusCode::SERVICE_UNAVAILABLE, "DOWN", "restart this process"),
    };
    let faulted: Vec<HealthProbe> =
        app.workers().into_iter().filter(HealthProbe::is_faulted).collect();
    let harmed = app.ledger.harmed_streams().await;
    let is_degraded = !faulted.is_empty() || !harmed.is_empty();
    let status = if store == "UP" && is_degraded { "DEGRADED" } else { store };
    let mut components = json!({
        "store": {"status": store, "position": last.to_string(), "detail": detail}
    });
    for probe in &faulted {
        components[probe.worker] = json!({"status": "DEGRADED", "state": "faulted"});
    }
    if !harmed.is_empty() {
        components["cluster"] = cluster_component(&harmed);
    }
    if let Some(lists) = &app.lists {
        let mut progress = *lists.subscribe().borrow();
        if lists.probe().is_faulted() {
            progress.status = ProjectionStatus::Faulted;
        }
        components["lists"] = lists_component(progress, last, clock::now());
    }
    if let Some(projections) = &app.projections {
        let load = projections.load();
        // A program that stands still is no outage of the service.
        components["programs"] = json!({
            "status": "UP", "count": load.count, "faulted": load.faulted, "lag": load.lag
        });
    }
    let body = json!({
        "status": status, "version": env!("CARGO_PKG_VERSION"), "components": components
    });
    Ok((code, Json(body)).into_response())
}

/// The streams of the cluster to which somebody else did something, and what to do.
fn cluster_component(harmed: &[(StreamName, StreamHarm)]) -> Value {
    let streams = harmed.iter().take(HARMED_STREAMS_SHOWN).map(|(name, harm)| {
        let mut shown = json!({"stream": name});
        if let Some(mark) = harm.mark {
            shown["mark"] = mark.name().into();
        }
        if harm.is_tampered {
            shown["tampered"] = true.into();
        }
        shown
    });
    let mut component = json!({"status": "DEGRADED", "streams": streams.collect::<Vec<_>>()});
    if harmed.len() > HARMED_STREAMS_SHOWN {
        component["more"] = (harmed.len() - HARMED_STREAMS_SHOWN).into();
    }
    let mut details = Vec::new();
    if harmed.iter().any(|(_, harm)| harm.mark.is_some()) {
        details.push(
            "the next scavenge would remove records of the marked streams: take the marks off, and \
             do not scavenge before (runbook: CareLedgerStreamMarked)",
        );
    }
    if harmed.iter().any(|(_, harm)| harm.is_tampered) {
        details.push(
            "somebody else wrote to a tampered stream, or deleted it, and nothing can be recorded \
             there: move the ledger out of the cluster and into an empty one (runbook: \
             CareLedgerStreamTampered)",
        );
    }
    component["detail"] = details.join("; ").into();
    component
}

/// The progress of the lists. `lag` counts the events that the lists have not read yet; `known` is
/// the recorded time of the last event that they have read; up to `asOf` every row also shows the
/// changes that come with time alone.
fn lists_component(lists: ProjectionProgress, last: Position, now: DateTime<Utc>) -> Value {
    let (status, state) = match lists.status {
        ProjectionStatus::Running => ("UP", "running"),
        ProjectionStatus::Rebuilding => ("UP", "rebuilding"),
        ProjectionStatus::Faulted => ("DEGRADED", "faulted"),
    };
    let lag = last.number().saturating_sub(lists.position.number());
    let mut component = json!({
        "status": status, "state": state, "position": lists.position.to_string(), "lag": lag
    });
    if let Some(known_at) = lists.known_at {
        component["known"] = known_at.to_string().into();
        let as_of = lists.next_due.map_or(now, |due| due.min(now));
        component["asOf"] = format_at(At::Instant(as_of)).into();
    }
    component
}

/// The process answers
#[utoipa::path(
    get,
    path = "/health/live",
    operation_id = "getLive",
    responses(
        (status = 200, description = "The process answers", body = AnySchema),
        problems::BadRequest,
        problems::Internal,
    )
)]
pub async fn get_live(_: Principal, params: Params) -> Result<Json<Value>, Problem> {
    params.finish()?;
    Ok(Json(json!({"status": "UP"})))
}

/// Counters for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    responses(
        (
            status = 200,
            description = "Counters for Prometheus",
            content((TextSchema = "application/openmetrics-text")),
        ),
        problems::BadRequest,
        problems::Internal,
    )
)]
pub async fn get_metrics(
    State(app): State<App>,
    _: Principal,
    params: Params,
) -> Result<Response, Problem> {
    params.finish()?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let kind = HeaderValue::from_static(kind);
    let harmed = app.ledger.harmed_streams().await;
    let text = app.metrics.text(&app.workers(), app.refusals.dropped(), &harmed);
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Where to go from here
#[utoipa::path(
    get,
    path = "/",
    operation_id = "getRoot",
    responses(
        (status = 200, description = "Where to go from here", body = AnySchema),
        problems::BadRequest,
        problems::Internal,
    )
)]
pub async fn get_root(_: Principal, params: Params) -> Result<Json<Value>, Problem> {
    params.finish()?;
    Ok(Json(json!({
        "name": "care-ledger", "version": env!("CARGO_PKG_VERSION"),
        "docs": "/docs", "openapi": "/openapi.json", "schemas": "/v1/schemas", "health": "/health"
    })))
}

/// The page of a problem type
#[utoipa::path(
    get,
    path = "/errors/{code}",
    operation_id = "getErrorPage",
    params(("code" = ErrorCodeSchema, Path, description = "The last word of the type.")),
    responses(
        (
            status = 200,
            description = "The page of a problem type",
            content((TextSchema = "text/markdown")),
        ),
        problems::BadRequest,
        problems::NotFound,
        problems::Internal,
    )
)]
pub async fn get_error_page(_: Principal, params: Params) -> Result<Response, Problem> {
    let code = params.path_text("code").map(str::to_owned);
    params.finish()?;
    let found = ProblemType::ALL.iter().find(|kind| Some(kind.code()) == code.as_deref());
    let kind = found.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let markdown = HeaderValue::from_static("text/markdown; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, markdown)], kind.page()).into_response())
}
