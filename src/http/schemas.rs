//! The vocabulary, for the developers of sending systems.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::domain::vocabulary::kind::Kind;
use crate::domain::vocabulary::schemas;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::http::request::params::Query;

/// `GET /v1/schemas`: every type with its title and class.
pub async fn list(query: Query) -> Result<Json<Value>, Problem> {
    query.none().await?;
    let items: Vec<Value> = Kind::ALL.iter().map(|kind| summary(*kind)).collect();
    Ok(Json(json!({"items": items})))
}

/// `GET /v1/schemas/{type}`: the JSON Schema of a type, or of `envelope`.
pub async fn one(
    path: Result<Path<String>, PathRejection>,
    query: Query,
) -> Result<Response, Problem> {
    query.none().await?;
    let Path(name) = path.map_err(|_| Problem::new(ProblemType::NotFound))?;
    let text = match name.as_str() {
        "envelope" => schemas::ENVELOPE,
        name => {
            name.parse::<Kind>().map_err(|_| Problem::new(ProblemType::NotFound))?.newest().schema
        }
    };
    let kind = HeaderValue::from_static("application/schema+json");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn summary(kind: Kind) -> Value {
    let schema: Value =
        serde_json::from_str(kind.newest().schema).expect("a shipped schema is JSON");
    let example: Value =
        serde_json::from_str(kind.newest().example).expect("a shipped example is JSON");
    json!({
        "type": kind.code(), "title": schema["title"], "class": schema["x-class"],
        "dataschema": schema["$id"], "href": format!("/v1/schemas/{kind}"), "example": example
    })
}
