//! The vocabulary, for the developers of sending systems.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::domain::vocabulary::kind::{Kind, SchemaVersion};
use crate::domain::vocabulary::schemas;
use crate::http::openapi::names::{AnySchema, SchemaListSchema, SchemaNameSchema, VersionSchema};
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::http::request::params::{Params, number};
use crate::http::request::principal::Principal;

/// The vocabulary
#[utoipa::path(
    get,
    path = "/v1/schemas",
    operation_id = "listSchemas",
    responses(
        (status = 200, description = "The vocabulary", body = SchemaListSchema),
        problems::BadRequest,
        problems::Internal,
    )
)]
pub async fn list_schemas(_: Principal, params: Params) -> Result<Json<Value>, Problem> {
    params.finish()?;
    let items: Vec<Value> = Kind::ALL.iter().map(|kind| summary(*kind)).collect();
    Ok(Json(json!({"items": items})))
}

/// The JSON Schema of an event type, or of `envelope`
#[utoipa::path(
    get,
    path = "/v1/schemas/{type}",
    operation_id = "getSchema",
    params(
        ("type" = SchemaNameSchema, Path, description = "An event type."),
        ("version" = Option<VersionSchema>, Query, description =
            "The number of the version (the newest)."),
    ),
    responses(
        (
            status = 200,
            description = "The JSON Schema of an event type, or of `envelope`",
            content((AnySchema = "application/schema+json")),
        ),
        problems::BadRequest,
        problems::NotFound,
        problems::Internal,
    )
)]
pub async fn get_schema(_: Principal, mut params: Params) -> Result<Response, Problem> {
    let name = params.path_text("type").map(str::to_owned);
    let rule = "Must be the number of a version, from 1.";
    let from_1 = |text: &str| number(text).filter(|version: &usize| *version > 0);
    let version = params.parse("version", rule, from_1);
    params.finish()?;
    let schema = name.and_then(|name| schemas::by_name(&name, version).ok());
    let schema = schema.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let kind = HeaderValue::from_static("application/schema+json");
    Ok(([(header::CONTENT_TYPE, kind)], schema.text()).into_response())
}

fn summary(kind: Kind) -> Value {
    let newest = kind.newest();
    let schema: Value = serde_json::from_str(newest.schema).expect("a shipped schema is JSON");
    let example: Value = serde_json::from_str(newest.example).expect("a shipped example is JSON");
    let href = format!("/v1/schemas/{kind}");
    let version = |version: &SchemaVersion| {
        let href = format!("{href}?version={}", version.number);
        json!({"version": version.number, "dataschema": version.id(), "href": href})
    };
    let versions: Vec<Value> = kind.versions().iter().map(version).collect();
    json!({
        "type": kind.code(), "title": schema["title"], "class": schema["x-class"],
        "dataschema": newest.id(), "href": href, "example": example, "versions": versions
    })
}
