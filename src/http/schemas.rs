//! The vocabulary, for the developers of sending systems.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::domain::vocabulary::kind::{Kind, SchemaVersion};
use crate::domain::vocabulary::schemas;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::http::request::params::Query;

/// `GET /v1/schemas`: every type with its title, its class and the versions of its schema.
pub async fn list(query: Query) -> Result<Json<Value>, Problem> {
    query.none().await?;
    let items: Vec<Value> = Kind::ALL.iter().map(|kind| summary(*kind)).collect();
    Ok(Json(json!({"items": items})))
}

/// `GET /v1/schemas/{type}`: the JSON Schema of a type, or of `envelope`; the newest version, or
/// the one that `version` names.
pub async fn one(
    path: Result<Path<String>, PathRejection>,
    query: Query,
) -> Result<Response, Problem> {
    let mut query = query.of(&["version"]);
    let sentence = "Must be the number of a version, from 1.";
    let version: Option<usize> = query.parse("version", sentence, |text| text.parse().ok());
    query.done().await?;
    let schema = path.ok().and_then(|Path(name)| schema(&name, version));
    let text = schema.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let kind = HeaderValue::from_static("application/schema+json");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// The text of a schema; the envelope has one version.
fn schema(name: &str, version: Option<usize>) -> Option<&'static str> {
    if name == "envelope" {
        return version.is_none_or(|number| number == 1).then_some(schemas::ENVELOPE);
    }
    let kind: Kind = name.parse().ok()?;
    let version = version.map_or(Some(kind.newest()), |number| kind.version(number))?;
    Some(version.schema)
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
