//! The contract as OpenAPI 3.1, and the page that shows it.
//! Always: every route of the service is in it (a test compares), and the schemas are the very
//! files of the vocabulary.

pub mod components;

use std::sync::LazyLock;

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{
    ContentBuilder, Header, HeaderBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder, Ref,
    Required, ResponseBuilder,
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use self::components::components;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::http::request::params::Query;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// `GET /openapi.json`
pub async fn get(query: Query) -> Result<Response, Problem> {
    query.none().await?;
    let kind = HeaderValue::from_static("application/json");
    Ok(([(CONTENT_TYPE, kind)], DOCUMENT.as_str()).into_response())
}

/// `GET /docs`, from vendored files.
pub fn page() -> SwaggerUi {
    SwaggerUi::new("/docs").config(Config::new(["/openapi.json"]))
}

/// The whole contract.
fn document() -> Value {
    let info = InfoBuilder::new()
        .title("Care Ledger")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("EUPL-1.2").build()))
        .build();
    let mut paths = PathsBuilder::new();
    for (method, path, operation) in operations() {
        paths = paths.path(path, PathItem::new(method, operation));
    }
    let document = OpenApiBuilder::new().info(info).paths(paths.build()).build();
    let mut document = serde_json::to_value(document).expect("the contract serialises into memory");
    document["components"] = json!({"schemas": components()});
    document
}

const DESCRIPTION: &str = "Care events in; a person's history, trajectory and credit of days out. \
    Events are CloudEvents 1.0; errors are RFC 9457 problems; the conventions are those of the \
    Belgif REST guide, but that CloudEvents extension attributes are accepted on input.";

fn operations() -> Vec<(HttpMethod, &'static str, Operation)> {
    let get = |path, operation: OperationBuilder| (HttpMethod::Get, path, operation.build());
    vec![
        (HttpMethod::Post, "/v1/events", post_events().build()),
        get("/v1/events", events()),
        get("/v1/events/{position}", one_event()),
        get("/v1/persons/{person}/history", history()),
        get("/v1/persons/{person}/trajectory", trajectory()),
        get("/v1/persons/{person}/credit", credit()),
        get("/v1/refusals", refusals()),
        get("/v1/trajectories", trajectories()),
        get("/v1/credits", credits()),
        get("/v1/schemas", read("listSchemas", "The vocabulary", "SchemaList", &[])),
        get("/v1/schemas/{type}", one_schema()),
        get("/errors/{code}", error_page()),
        get("/", read("getRoot", "Where to go from here", "Any", &[])),
        get("/health", health()),
        get("/health/live", read("getLive", "The process answers", "Any", &[])),
        get("/metrics", metrics()),
        get("/openapi.json", read("getContract", "This contract", "Any", &[])),
    ]
}

fn post_events() -> OperationBuilder {
    let body = RequestBodyBuilder::new()
        .content("application/cloudevents+json", content("CareEvent"))
        .content("application/cloudevents-batch+json", content("CareEventBatch"))
        .content("application/x-ndjson", content("Lines"))
        .content("application/json", content("Any"))
        .description(Some(
            "One event, a batch, one event a line, or (with ce- headers) the data of one event.",
        ))
        .required(Some(Required::True))
        .build();
    let known = good("All were recorded before, a dry run, or answers a line", "Receipts")
        .content("application/x-ndjson", content("Lines"));
    let operation = OperationBuilder::new()
        .operation_id(Some("postEvents"))
        .summary(Some("Record events"))
        .description(Some(
            "201 only after every event is durable. The same source and id with the same content \
             gets its first receipt again, so a retry is always safe.",
        ))
        .parameter(query("dryRun", "Say what would happen, and write nothing.", "Flag"))
        .parameter(header(
            "If-Match",
            "\"<revision>\": the one person's stream is there.",
            "EntityTag",
        ))
        .parameter(header("If-None-Match", "*: the one person's stream is new.", "Star"))
        .parameter(header("Prefer", "receipts=stream: answer lines as they come (NDJSON).", "Text"))
        .request_body(Some(body))
        .response("200", known)
        .response("201", good("Recorded and durable", "Receipts").header("ETag", revision()));
    problems(
        operation,
        &[
            ProblemType::BadRequest,
            ProblemType::Timeout,
            ProblemType::IdReused,
            ProblemType::WrongRevision,
            ProblemType::TooLarge,
            ProblemType::UnsupportedMediaType,
            ProblemType::InvalidEvent,
            ProblemType::Internal,
            ProblemType::Unavailable,
        ],
    )
}

const FEED: &str = "With `Accept: text/event-stream` a live feed of server-sent events: all after \
    `Last-Event-ID` or `after`, or all, and then each new one; `id` is the position, `data` the \
    event. A position beyond the end is waited for. A block with an `id` and no `data` says that \
    nothing wanted came up to there. A reader that takes nothing for 30 s is cut off, and resumes.";

fn events() -> OperationBuilder {
    let after = "The `position` of an event, or the `next` of an earlier page; exclusive.";
    let summary = "Every event, in the order in which it was recorded, in pages or live";
    let operation = OperationBuilder::new()
        .operation_id(Some("getEvents"))
        .summary(Some(summary))
        .description(Some(FEED))
        .response("200", good(summary, "EventPage").content("text/event-stream", content("Text")));
    let kinds = [
        ProblemType::BadRequest,
        ProblemType::NotFound,
        ProblemType::Internal,
        ProblemType::Unavailable,
    ];
    problems(waiting(operation), &kinds)
        .parameter(query("after", after, "Position"))
        .parameter(header(
            "Last-Event-ID",
            "Live: the last `id` seen; wins over `after`.",
            "Position",
        ))
        .parameter(query(
            "limit",
            "At most so many items (1000; at most 10000; live: no end).",
            "Limit",
        ))
        .parameter(query("type", "Only events of this type.", "EventType"))
        .parameter(query("source", "Only events of this sender.", "Text"))
        .parameter(query(
            "id",
            "With `source`: this event alone, not a page; 404 without one.",
            "Text",
        ))
}

fn one_event() -> OperationBuilder {
    let kinds = [ProblemType::NotFound, ProblemType::Unavailable];
    read("getEvent", "The event at a position", "Any", &kinds).parameter(path(
        "position",
        "Its position.",
        "Position",
    ))
}

fn history() -> OperationBuilder {
    let summary = "A person's events in the order of time, as they stand";
    of_person("getHistory", summary, good(summary, "History"))
        .parameter(query("type", "Only events of this type.", "EventType"))
        .parameter(query("limit", "At most so many items (1000; at most 10000).", "Limit"))
        .parameter(query("cursor", "The `next` of an earlier page.", "Cursor"))
}

fn trajectory() -> OperationBuilder {
    let summary = "Where a person stands in custody and care";
    of_person("getTrajectory", summary, good(summary, "Trajectory"))
}

fn credit() -> OperationBuilder {
    let summary = "The credit of days under every reading of the law, side by side";
    let answer = good("The credit; as text/plain a table to check by hand", "Credit")
        .content("text/plain", content("Text"));
    of_person("getCredit", summary, answer)
        .parameter(query("boundary", "Which dates of a stay count (anyPart).", "Boundary"))
        .parameter(query("monthDays", "Days in a month of a sentence (30).", "MonthDays"))
        .parameter(query("project", "Run what is open on to a later `at`.", "Flag"))
}

fn trajectories() -> OperationBuilder {
    list("getTrajectories", "Where everybody stands, by custody and care", "TrajectoryPage")
        .parameter(query("facility", "Only persons in this prison.", "Code"))
        .parameter(query("custody", "Only this state of custody.", "CustodyState"))
        .parameter(query("substitution", "Only this state.", "SubstitutionState"))
        .parameter(query("alert", "Only persons with this alert.", "AlertCode"))
}

fn credits() -> OperationBuilder {
    list("getCredits", "What everybody's days in treatment are worth, by modality", "CreditPage")
        .parameter(query("minDays", "Only with at least so many treatment days.", "Days"))
        .parameter(query("facility", "Only with a stay in this house within the window.", "Code"))
}

/// An operation that lists all persons.
fn list(id: &str, summary: &str, schema: &str) -> OperationBuilder {
    let read_to = told("How far the log had been read.", "Position");
    let operation = OperationBuilder::new()
        .operation_id(Some(id))
        .summary(Some(summary))
        .description(Some(
            "All pages that one cursor leads to speak of one moment: `asOf` and `known`.",
        ))
        .parameter(query("limit", "At most so many items (1000; at most 10000).", "Limit"))
        .parameter(query("cursor", "The `next` of an earlier page.", "ListCursor"))
        .response("200", good(summary, schema).header("Ledger-Position", read_to));
    let kinds = [ProblemType::BadRequest, ProblemType::Internal, ProblemType::Unavailable];
    problems(waiting(operation), &kinds)
}

/// A read that can wait until a position has been read.
fn waiting(operation: OperationBuilder) -> OperationBuilder {
    let wait = "wait=<seconds>: with Ledger-Position, answer once that has been read, or 504.";
    let operation = operation.parameter(header("Prefer", wait, "Text")).parameter(header(
        "Ledger-Position",
        "With Prefer: a `position`.",
        "Position",
    ));
    problems(operation, &[ProblemType::NotYetRead])
}

fn of_person(id: &str, summary: &str, answer: ResponseBuilder) -> OperationBuilder {
    let operation = OperationBuilder::new()
        .operation_id(Some(id))
        .summary(Some(summary))
        .parameter(path("person", "The pseudonym.", "Uuid"))
        .parameter(query("at", "The state as it was then, by time; default now.", "Moment"))
        .parameter(query("known", "Only what was recorded by then; default all.", "Moment"))
        .response("200", answer.header("ETag", revision()));
    let kinds = [
        ProblemType::BadRequest,
        ProblemType::NotFound,
        ProblemType::StreamTooLong,
        ProblemType::Internal,
        ProblemType::Unavailable,
    ];
    problems(waiting(operation), &kinds)
}

fn refusals() -> OperationBuilder {
    let summary = "A sender's refused events, newest first: codes and pointers, no content";
    read("getRefusals", summary, "RefusalPage", &[])
        .parameter(query("source", "The sender.", "Text").required(Required::True))
        .parameter(query("limit", "At most so many items (100; at most 1000).", "Limit"))
        .parameter(query("cursor", "The `next` of an earlier page.", "Position"))
}

fn one_schema() -> OperationBuilder {
    let summary = "The JSON Schema of an event type, or of `envelope`";
    let operation = operation("getSchema", summary, "application/schema+json", "Any")
        .parameter(path("type", "An event type.", "SchemaName"))
        .parameter(query("version", "The number of the version (the newest).", "Version"));
    problems(operation, &[ProblemType::BadRequest, ProblemType::NotFound, ProblemType::Internal])
}

fn error_page() -> OperationBuilder {
    let operation =
        operation("getErrorPage", "The page of a problem type", "text/markdown", "Text")
            .parameter(path("code", "The last word of the type.", "ErrorCode"));
    problems(operation, &[ProblemType::BadRequest, ProblemType::NotFound, ProblemType::Internal])
}

fn health() -> OperationBuilder {
    read("getHealth", "Whether the service does its work", "Any", &[])
        .response("503", good("DOWN", "Any"))
}

fn metrics() -> OperationBuilder {
    let kind = "application/openmetrics-text";
    let operation = operation("getMetrics", "Counters for Prometheus", kind, "Text");
    problems(operation, &[ProblemType::BadRequest, ProblemType::Internal])
}

fn read(id: &str, summary: &str, answer: &str, kinds: &[ProblemType]) -> OperationBuilder {
    let operation = operation(id, summary, "application/json", answer);
    problems(problems(operation, &[ProblemType::BadRequest, ProblemType::Internal]), kinds)
}

/// An operation with one good answer.
fn operation(id: &str, summary: &str, kind: &str, answer: &str) -> OperationBuilder {
    let response = ResponseBuilder::new().description(summary).content(kind, content(answer));
    let operation = OperationBuilder::new().operation_id(Some(id)).summary(Some(summary));
    operation.response("200", response)
}

fn problems(mut operation: OperationBuilder, kinds: &[ProblemType]) -> OperationBuilder {
    for kind in kinds {
        let response = ResponseBuilder::new()
            .description(kind.urn())
            .content("application/problem+json", content("Problem"));
        let response = match kind {
            ProblemType::WrongRevision => response.header("ETag", revision()),
            ProblemType::Unavailable => response.header("Retry-After", seconds()),
            _ => response,
        };
        operation = operation.response(kind.status().as_str(), response);
    }
    operation
}

/// An answer in JSON.
fn good(words: &str, answer: &str) -> ResponseBuilder {
    ResponseBuilder::new().description(words).content("application/json", content(answer))
}

fn revision() -> Header {
    told("The last revision of the one person's stream.", "EntityTag")
}

fn seconds() -> Header {
    told("Come back after so many seconds.", "Seconds")
}

/// A header of an answer.
fn told(words: &str, schema: &str) -> Header {
    let schema = Ref::from_schema_name(schema);
    HeaderBuilder::new().description(Some(words)).schema(Some(schema)).build()
}

fn content(schema: &str) -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build()
}

fn parameter(place: ParameterIn, name: &str, words: &str, schema: &str) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .description(Some(words))
        .schema(Some(Ref::from_schema_name(schema)))
}

fn query(name: &str, words: &str, schema: &str) -> ParameterBuilder {
    parameter(ParameterIn::Query, name, words, schema)
}

fn header(name: &str, words: &str, schema: &str) -> ParameterBuilder {
    parameter(ParameterIn::Header, name, words, schema)
}

fn path(name: &str, words: &str, schema: &str) -> ParameterBuilder {
    parameter(ParameterIn::Path, name, words, schema).required(Required::True)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_contract_and_no_other() {
        let routes = include_str!("../routes.rs").lines().filter_map(|line| {
            let path = line.trim().strip_prefix(".route(\"")?;
            path.split('"').next()
        });
        let mut routes: Vec<String> = routes.map(str::to_owned).collect();
        let document = document();
        let mut paths: Vec<String> =
            document["paths"].as_object().unwrap().keys().cloned().collect();
        routes.sort();
        paths.sort();
        assert_eq!(routes, paths);
    }

    #[test]
    fn every_schema_named_is_there() {
        let text = document().to_string();
        for name in text.split("#/components/schemas/").skip(1) {
            let name = name.split('"').next().unwrap();
            let found = json!(components()).pointer(&format!("/{name}")).is_some();
            assert!(found, "{name}");
        }
    }
}
