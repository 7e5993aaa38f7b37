//! For those who run the service: health, the pages of the errors, and what is where.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::domain::id::Position;
use crate::domain::time::calendar::At;
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::http::request::params::Query;
use crate::ledger::answer::moment;
use crate::ledger::{Condition, StoreStatus, clock};
use crate::projection::{ProjectionProgress, ProjectionStatus};
use crate::work::HealthProbe;

/// `GET /health`: whether the service does its work. Belgif, `hlth-res`: UP, DEGRADED or DOWN.
pub async fn health(State(app): State<App>, query: Query) -> Result<Response, Problem> {
    query.none().await?;
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
    let status = if store == "UP" && !faulted.is_empty() { "DEGRADED" } else { store };
    let mut components = json!({
        "store": {"status": store, "position": last.to_string(), "detail": detail}
    });
    for probe in &faulted {
        components[probe.worker] = json!({"status": "DEGRADED", "state": "faulted"});
    }
    if let Some(lists) = &app.lists {
        let mut progress = *lists.subscribe().borrow();
        if lists.probe().is_faulted() {
            progress.status = ProjectionStatus::Faulted;
        }
        components["lists"] = component(progress, last, clock::now());
    }
    let body = json!({
        "status": status, "version": env!("CARGO_PKG_VERSION"), "components": components
    });
    Ok((code, Json(body)).into_response())
}

/// How the lists stand beside the log and the clock: `lag` counts the events they have not read
/// yet, `known` is when the last one they have was recorded, and up to `asOf` every row shows what
/// the clock has changed.
fn component(lists: ProjectionProgress, last: Position, now: DateTime<Utc>) -> Value {
    let (status, state) = match lists.status {
        ProjectionStatus::Running => ("UP", "running"),
        ProjectionStatus::Rebuilding => ("UP", "rebuilding"),
        ProjectionStatus::Faulted => ("DEGRADED", "faulted"),
    };
    let lag = last.number().saturating_sub(lists.position.number());
    let mut told = json!({
        "status": status, "state": state, "position": lists.position.to_string(), "lag": lag
    });
    if let Some(known_at) = lists.known_at {
        told["known"] = known_at.to_string().into();
        let as_of = lists.next_due.map_or(now, |due| due.min(now));
        told["asOf"] = moment(At::Instant(as_of)).into();
    }
    told
}

/// `GET /health/live`: the process answers.
pub async fn live(query: Query) -> Result<Json<Value>, Problem> {
    query.none().await?;
    Ok(Json(json!({"status": "UP"})))
}

/// `GET /metrics`: counters for Prometheus.
pub async fn metrics(State(app): State<App>, query: Query) -> Result<Response, Problem> {
    query.none().await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let kind = HeaderValue::from_static(kind);
    let text = app.metrics.text(&app.workers(), app.refusals.dropped());
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// `GET /`: where to go from here.
pub async fn root(query: Query) -> Result<Json<Value>, Problem> {
    query.none().await?;
    Ok(Json(json!({
        "name": "care-ledger", "version": env!("CARGO_PKG_VERSION"),
        "docs": "/docs", "openapi": "/openapi.json", "schemas": "/v1/schemas", "health": "/health"
    })))
}

macro_rules! pages {
    ($($code:literal),* $(,)?) => {
        fn page(code: &str) -> Option<&'static str> {
            match code {
                $($code => Some(include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/ops/errors/", $code, ".md"
                ))),)*
                _ => None,
            }
        }
    };
}

pages! {
    "badRequest", "resourceNotFound", "methodNotAllowed", "idReused", "wrongRevision",
    "payloadTooLarge", "unsupportedMediaType", "invalidEvent", "otherSource", "requestTimeout",
    "internalServerError", "notYetRead", "serviceUnavailable", "streamTooLong",
}

/// `GET /errors/{code}`: what a problem means and what to do.
pub async fn error_page(
    path: Result<Path<String>, PathRejection>,
    query: Query,
) -> Result<Response, Problem> {
    query.none().await?;
    let page = path.ok().and_then(|Path(code)| page(&code));
    let page = page.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let kind = HeaderValue::from_static("text/markdown; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], page).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_its_page() {
        for kind in ProblemType::ALL {
            let page = page(kind.code()).unwrap_or_else(|| panic!("{}", kind.code()));
            assert!(page.contains(kind.urn()), "{}", kind.code());
            assert!(page.contains(&kind.status().as_u16().to_string()), "{}", kind.code());
        }
    }
}
