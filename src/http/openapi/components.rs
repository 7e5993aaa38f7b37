//! The schemas of the contract: of parameters, of what a sender sends, and of the answers.
//! Always: the schemas of events are the very files of the vocabulary.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::trajectory::trajectory;
use crate::domain::credit::{AbsenceRule, Boundary, CreditOutcome};
use crate::domain::stream::StreamCategory;
use crate::domain::trajectory::AlertCode;
use crate::domain::trajectory::CustodyState;
use crate::domain::trajectory::SubstitutionState;
use crate::domain::vocabulary::kind::{Kind, SchemaVersion};
use crate::domain::vocabulary::schemas;
use crate::http::problem::kind::ProblemType;
use crate::projection::replay::ReplayMode;

/// The years in which every answer is exact, whatever the offset of the moment.
const YEARS: &str = "^(190[1-9]|19[1-9][0-9]|20[0-9]{2}|21[0-9]{2})-";

const COMPLETE_SINCE: &str = "Every event that was refused after this moment is in the list, \
    except in the moments before a service was killed";

/// The cursor of a list: the letter of the list, a position, two instants in microseconds, a
/// pseudonym and a number.
const LIST_CURSOR: &str = "^[tc]\\.[0-9]{1,19}\\.[0-9]{1,16}\\.[0-9]{1,16}\\.\
    [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\.[0-9]{1,19}$";

/// The schemas that the operations name.
pub fn components() -> Map<String, Value> {
    let parts = [parameters(), events(), answers(), trajectory()];
    let objects = parts.into_iter().filter_map(|part| part.as_object().cloned());
    let mut components: Map<String, Value> = objects.flatten().collect();
    for kind in Kind::ALL {
        let versions = kind.versions().iter();
        components.extend(versions.map(|version| (data_name(version), file(version.schema))));
    }
    for kind in sendable() {
        components.insert(format!("event.{kind}"), event(kind));
    }
    components
}

/// The schemas of parameters and headers.
fn parameters() -> Value {
    let moment = "A date (2026-03-01) or an RFC 3339 instant with offset, after 1900, before 2200";
    json!({
        "Any": {},
        "Text": {"type": "string"},
        "Flag": {"type": "boolean"},
        "Limit": {"type": "integer", "minimum": 1},
        "Version": {"type": "integer", "minimum": 1, "maximum": 1000},
        "Seconds": {"type": "integer", "minimum": 1},
        "Uuid": {"type": "string", "format": "uuid"},
        "Moment": {"type": "string", "description": moment, "anyOf": [
            {"format": "date", "pattern": YEARS}, {"format": "date-time", "pattern": YEARS}]},
        "Position": {"type": "string", "pattern": "^[0-9]{1,19}$",
            "description": "Opaque: take it from an answer"},
        "Cursor": {"type": "string", "pattern": "^[0-9]{1,16}\\.-?[0-9]{1,16}\\.[0-9]{1,9}$",
            "description": "Opaque: take it from an answer"},
        "ListCursor": {"type": "string", "description": "Opaque: take it from an answer",
            "pattern": LIST_CURSOR},
        "Code": {"type": "string", "pattern": "^[a-z][a-zA-Z0-9]{0,99}$"},
        "Days": {"type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32},
        "CustodyState": {"type": "string", "enum": CustodyState::CODES},
        "SubstitutionState": {"type": "string", "enum": SubstitutionState::CODES},
        "AlertCode": {"type": "string", "enum": AlertCode::CODES},
        "ProjectionName": {"type": "string", "pattern": "^[a-z][A-Za-z0-9]{0,63}$"},
        "EntityTag": {"type": "string", "pattern": "^\"[0-9]{1,19}\"$", "examples": ["\"4\""]},
        "Star": {"type": "string", "enum": ["*"]},
        "ErrorCode": {"type": "string",
            "enum": ProblemType::ALL.iter().map(|kind| kind.code()).collect::<BTreeSet<_>>()},
        "SchemaName": {"type": "string",
            "enum": Kind::CODES.iter().copied().chain(["envelope"]).collect::<Vec<_>>()},
        "AbsenceRule": {"type": "string", "enum": AbsenceRule::CODES},
        "Boundary": {"type": "string", "enum": Boundary::CODES},
        "CreditOutcome": {"type": "string", "enum": CreditOutcome::CODES},
        "ReplayMode": {"type": "string", "enum": ReplayMode::CODES},
        "MonthDays": {"type": "integer", "minimum": 28, "maximum": 31},
        "EventType": {"type": "string", "enum": Kind::CODES}
    })
}

/// The schemas of what a sender sends.
fn events() -> Value {
    json!({
        "Envelope": file(schemas::ENVELOPE),
        "CareEvent": care_event(),
        "CareEventBatch": {"type": "array", "items": {"$ref": "#/components/schemas/CareEvent"}},
        "Lines": {"type": "string", "description": "One JSON object a line"}
    })
}

/// The schemas of what the service answers.
fn answers() -> Value {
    let run = json!({"type": "object", "properties": {
        "from": {"type": "string", "format": "date"}, "to": {"type": "string", "format": "date"},
        "days": {"type": "integer"}, "why": {"type": "string"},
        "records": {"type": "array", "items": {"$ref": "#/components/schemas/RecordName"}}
    }});
    json!({
        "Receipt": receipt(),
        "Receipts": {"type": "object", "required": ["receipts"], "properties": {
            "dryRun": {"type": "boolean"},
            "receipts": {"type": "array", "items": {"$ref": "#/components/schemas/Receipt"}}}},
        "EventPage": {"type": "object", "anyOf": [
            {"required": ["items"]}, {"required": ["id", "source", "position", "revision"]}],
            "properties": {
            "items": {"type": "array", "items": {"type": "object"}}, "next": {"type": "string"}}},
        "History": {"type": "object", "required": ["person", "at", "items"], "properties": {
            "items": {"type": "array", "items": {"type": "object"}}, "next": {"type": "string"}}},
        "TrajectoryPage": page("ListedTrajectory"),
        "CreditPage": page("ModalityCredit"),
        "ModalityCredit": {"type": "object", "required": ["person", "at", "known"]},
        "Run": run,
        "Credit": {"type": "object",
            "required": ["person", "at", "known", "position",
            "ruleset", "parameters", "modalities", "findings"]},
        "SchemaList": {"type": "object", "required": ["items"]},
        "RefusalPage": {"type": "object", "required": ["items", "dropped", "completeSince"],
            "properties": {
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Refusal"}},
            "next": {"type": "string"}, "dropped": {"type": "integer"},
            "completeSince": {"type": "string", "format": "date-time",
                "description": COMPLETE_SINCE}}},
        "ProjectionStatus": projection_status(),
        "Refusal": refusal(),
        "Issue": issue(),
        "Problem": problem()
    })
}

/// A page of a list over all persons.
fn page(item: &str) -> Value {
    let items = json!({"type": "array", "items": {"$ref": format!("#/components/schemas/{item}")}});
    json!({"type": "object", "required": ["asOf", "known", "items"], "properties": {
        "asOf": {"type": "string", "format": "date-time"},
        "known": {"type": "string", "format": "date-time"},
        "items": items, "next": {"type": "string"}}})
}

/// The types that a sender may send: `record.erased` is the ledger's own.
fn sendable() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| *kind != Kind::RecordErased)
}

/// An event of any type; `type` says which schema it follows.
fn care_event() -> Value {
    let place = |kind: Kind| format!("#/components/schemas/event.{kind}");
    let one_of: Vec<Value> = sendable().map(|kind| json!({"$ref": place(kind)})).collect();
    let mapping: Map<String, Value> =
        sendable().map(|kind| (kind.code().to_owned(), place(kind).into())).collect();
    json!({"description": "The event of its type; more extension attributes are kept.",
        "oneOf": one_of, "discriminator": {"propertyName": "type", "mapping": mapping}})
}

/// The name of the schema of a payload: the newest version has the name of its type.
fn data_name(version: &SchemaVersion) -> String {
    let SchemaVersion { kind, number, .. } = version;
    if *number == kind.newest().number {
        format!("data.{kind}")
    } else {
        format!("data.{kind}.v{number}")
    }
}

/// The schema of an event of one type, of any version: `dataschema` says which payload it has, and
/// the newest is meant when it is left out.
fn event(kind: Kind) -> Value {
    let mut versions: Vec<Value> = kind.versions().iter().rev().map(event_of_version).collect();
    if versions.len() == 1 { versions.remove(0) } else { json!({"anyOf": versions}) }
}

/// The envelope, with the payload of one version of a type.
fn event_of_version(version: &SchemaVersion) -> Value {
    let kind = version.kind;
    let mut event = file(schemas::ENVELOPE);
    for (name, member) in event["properties"].as_object_mut().into_iter().flatten() {
        *member = match name.as_str() {
            "type" => json!({"const": kind.code()}),
            "subject" => subject(kind.stream_category()),
            "dataschema" => json!({"const": version.id()}),
            "data" => json!({"$ref": format!("#/components/schemas/{}", data_name(version))}),
            _ => json!({"$ref": format!("#/components/schemas/Envelope/properties/{name}")}),
        };
    }
    event["title"] = file(version.schema)["title"].take();
    event["description"] = json!(format!("An event of type {kind}."));
    if let Some(required) = event["required"].as_array_mut() {
        // Only an event of a death needs no `data`: its type says everything.
        if kind != Kind::DeathRecorded {
            required.push("data".into());
        }
        if version.number != kind.newest().number {
            required.push("dataschema".into());
        }
    }
    event
}

/// The schema of the subject of an event about this category; `None`: of the record that the event
/// changes.
fn subject(category: Option<StreamCategory>) -> Value {
    let pattern = match category {
        None => return json!({"$ref": "#/components/schemas/Envelope/properties/subject"}),
        Some(StreamCategory::Person) => {
            "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$".to_owned()
        }
        Some(category) => format!("^{category}:[a-z][A-Za-z0-9]{{0,99}}$"),
    };
    json!({"type": "string", "pattern": pattern})
}

/// A shipped schema without `$schema` and `$id`, which only a file has.
fn file(text: &str) -> Value {
    let mut schema: Value = serde_json::from_str(text).expect("a shipped schema is JSON");
    if let Some(members) = schema.as_object_mut() {
        members.remove("$schema");
        members.remove("$id");
    }
    schema
}

fn receipt() -> Value {
    json!({"type": "object",
        "required": ["id", "source", "subject", "stream", "revision", "status"],
        "properties": {
            "id": {"type": "string"}, "source": {"type": "string"},
            "subject": {"type": "string"}, "stream": {"type": "string"},
            "revision": {"type": "integer"}, "position": {"type": "string"},
            "recordedtime": {"type": "string", "format": "date-time"},
            "commitment": {"type": "string"},
            "status": {"type": "string", "enum": ["recorded", "duplicate"]}}})
}

fn problem() -> Value {
    let urns: Vec<&str> = ProblemType::ALL.iter().map(|kind| kind.urn()).collect();
    json!({"type": "object", "required": ["type", "href", "title", "status", "detail", "instance"],
        "properties": {
            "type": {"type": "string", "enum": urns}, "href": {"type": "string"},
            "title": {"type": "string"}, "status": {"type": "integer"},
            "detail": {"type": "string"}, "instance": {"type": "string"},
            "issues": {"type": "array", "items": {"$ref": "#/components/schemas/Issue"}},
            "receipts": {"type": "array", "items": {"$ref": "#/components/schemas/Receipt"}}}})
}

fn issue() -> Value {
    json!({"type": "object", "required": ["type", "in", "name", "detail"], "properties": {
        "type": {"type": "string"}, "name": {"type": "string"},
        "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
        "code": {"type": "string"}, "detail": {"type": "string"},
        "index": {"type": "integer"}, "line": {"type": "integer"}, "column": {"type": "integer"},
        "part": {"type": "string", "enum": ["projection", "summary", "chart", "fixtures"]}}})
}

/// The status of a projection.
fn projection_status() -> Value {
    json!({"type": "object",
        "required": ["name", "state", "view", "cores", "position", "lag", "eventsPerSecond",
            "sourceHash"],
        "properties": {
            "name": {"type": "string"}, "state": {"type": "string", "enum": ["running", "faulted"]},
            "view": {"type": "string", "enum": ["recorded", "effective"]},
            "cores": {"type": "object"}, "position": {"$ref": "#/components/schemas/Position"},
            "lag": {"type": "integer"}, "eventsPerSecond": {"type": "integer"},
            "sourceHash": {"type": "string"}, "stale": {"type": "boolean"},
            "fault": {"type": "object"}, "summaryFault": {"type": "object"},
            "rebuild": {"type": "object"}}})
}

/// A refused event as its sender reads it: the key of the event, its type if known, no content.
fn refusal() -> Value {
    let urns: Vec<&str> = ProblemType::ALL.iter().map(|kind| kind.urn()).collect();
    json!({"type": "object", "required": ["at", "source", "id", "problem"],
        "additionalProperties": false,
        "properties": {
            "at": {"type": "string", "format": "date-time"},
            "source": {"type": "string"}, "id": {"type": "string"},
            "type": {"type": "string", "enum": Kind::CODES},
            "problem": {"type": "object", "additionalProperties": false,
                "required": ["type", "href", "status", "instance", "issues"],
                "properties": {
                    "type": {"type": "string", "enum": urns}, "href": {"type": "string"},
                    "status": {"type": "integer"}, "instance": {"type": "string"},
                    "issues": {"type": "array", "items": {"$ref": "#/components/schemas/Issue"}},
                    "furtherIssues": {"type": "integer"}}}}})
}
