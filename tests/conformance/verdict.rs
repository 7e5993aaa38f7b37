//! The validator reads events in place. Its verdict is the same as the verdict of the JSON Schema
//! library on the same event as a `serde_json` tree: for every example and every fixture, and for
//! each of them changed in one place.

use care_ledger::domain::vocabulary::json::{self, JsonValue};
use care_ledger::domain::vocabulary::kind::Kind;
use care_ledger::domain::vocabulary::schemas::ENVELOPE;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::domain::vocabulary::violation::{Violation, ViolationCode};
use jsonschema::Validator;
use jsonschema::error::{ValidationError, ValidationErrorKind};
use serde_json::{Value, json};

use crate::{fixture, now};

/// The schemas of the library's own representation of JSON.
struct Schemas {
    envelope: Validator,
    payloads: Vec<Vec<Validator>>,
}

impl Schemas {
    fn compile() -> Self {
        let compile = |text: &str| {
            let schema = serde_json::from_str(text).unwrap();
            jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
        };
        let versions = |kind: &Kind| kind.versions().iter().map(|v| compile(v.schema)).collect();
        Self { envelope: compile(ENVELOPE), payloads: Kind::ALL.iter().map(versions).collect() }
    }

    /// Whether the envelope and the payload hold their schemas.
    fn hold(&self, event: &Value) -> bool {
        let kind: Option<Kind> = event["type"].as_str().and_then(|name| name.parse().ok());
        let payload = match (kind, event.get("data")) {
            (Some(kind), Some(data)) => {
                self.payloads[kind as usize].iter().any(|schema| schema.is_valid(data))
            }
            (kind, _) => kind == Some(Kind::DeathRecorded),
        };
        self.envelope.is_valid(event) && payload
    }

    /// The places at which the envelope or the payload break their schemas.
    fn broken_places(&self, event: &Value) -> Vec<String> {
        let kind: Option<Kind> = event["type"].as_str().and_then(|name| name.parse().ok());
        let mut places: Vec<String> =
            self.envelope.iter_errors(event).flat_map(|error| broken_by("", &error)).collect();
        let Some(kind) = kind else { return places };
        let Some(data) = event.get("data") else {
            places.extend((kind != Kind::DeathRecorded).then(|| "/data".to_owned()));
            return places;
        };
        // A payload may hold any version: where it holds none, the places of one are as good.
        let versions = &self.payloads[kind as usize];
        if !versions.iter().any(|schema| schema.is_valid(data)) {
            let newest = versions.last().unwrap().iter_errors(data);
            places.extend(newest.flat_map(|error| broken_by("/data", &error)));
        }
        places
    }
}

/// The places that an error is about: a member that is missing or too many, or the value itself.
fn broken_by(base: &str, error: &ValidationError<'_>) -> Vec<String> {
    let place = format!("{base}{}", error.instance_path());
    let member = |name: &str| format!("{place}/{name}");
    match error.kind() {
        ValidationErrorKind::Required { property } => vec![member(property.as_str().unwrap())],
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|name| member(name)).collect()
        }
        _ => vec![place],
    }
}

/// The rules that no schema can express: the place of a violation, and its code.
const BEYOND_SCHEMAS: &[(&str, ViolationCode)] = &[
    ("/dataschema", ViolationCode::UnknownSchema),
    ("/time", ViolationCode::InFuture),
    ("/data/time", ViolationCode::InFuture),
    ("/type", ViolationCode::LedgerOnly),
    // A correction or an annulment names a record of its own source.
    ("/data/annuls/source", ViolationCode::OtherSource),
    ("/data/corrects/source", ViolationCode::OtherSource),
    ("/data/corrects/type", ViolationCode::UnknownType),
    // A merge is annulled and not corrected, and it is between two persons.
    ("/data/corrects/type", ViolationCode::BadForm),
    ("/data/from", ViolationCode::BadForm),
    ("/data/into", ViolationCode::BadForm),
    // The subject is of the category that the type says, and `data` names the same organisation.
    ("/subject", ViolationCode::BadForm),
    ("/data/facility", ViolationCode::BadForm),
    ("/data/project", ViolationCode::BadForm),
];

/// Whether no schema of the event can express a rule. The replacement in a correction holds the
/// schema of another type.
fn is_beyond_schemas(event: &Value, violation: &Violation) -> bool {
    let is_replacement =
        event["type"] == "record.corrected" && violation.name.starts_with("/data/data");
    let rule = (&*violation.name, violation.code);
    is_replacement || BEYOND_SCHEMAS.contains(&rule)
}

/// Whether the validator accepts an event, read from bytes and from a tree alike.
fn is_accepted(event: &Value, schemas: &Schemas) -> bool {
    let text = serde_json::to_vec(event).unwrap();
    let verdict = validate(&json::read(&text).unwrap(), now());
    assert_eq!(validate(&JsonValue::from(event), now()), verdict, "{event}");
    match (&verdict, schemas.hold(event)) {
        (Ok(_), true) => {}
        (Err(violations), false) => {
            let broken = schemas.broken_places(event);
            let is_named = |place: &String| violations.iter().any(|v| v.name.starts_with(place));
            assert!(broken.iter().all(is_named), "{event}: {broken:?}, {violations:?}");
            let is_broken = |v: &Violation| broken.iter().any(|place| v.name.starts_with(place));
            // A payload of no type has no schema, though a few rules hold for every payload.
            let is_untyped = broken.iter().any(|place| place == "/type");
            let has_cause = |v: &Violation| {
                let is_of_no_schema = is_untyped && v.name.starts_with("/data/");
                is_broken(v) || is_of_no_schema || is_beyond_schemas(event, v)
            };
            assert!(violations.iter().all(has_cause), "{event}: {broken:?}, {violations:?}");
        }
        (Err(violations), true) => {
            let is_beyond = |violation| is_beyond_schemas(event, violation);
            assert!(violations.iter().all(is_beyond), "{event}: {violations:?}");
        }
        (Ok(_), false) => panic!("accepted against its schema: {event}"),
    }
    verdict.is_ok()
}

/// The places of all members, as pointers.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    let members = value.as_object().into_iter().flatten();
    for (name, member) in members {
        let place = format!("{place}/{name}");
        places(member, &place, found);
        found.push(place);
    }
}

/// The event with one place changed to each of many values, left out, and with a foreign member
/// added.
fn changed(event: &Value) -> Vec<Value> {
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1_u64 << 60),
        json!(""),
        json!("x"),
        json!("é \u{1} \" \\ \u{1F600}"),
        json!("2027-01-01T00:00:00Z"),
        json!("2026-11-23T12:04:00Z"),
        json!([]),
        json!(["x", "x"]),
        json!({}),
        json!("y".repeat(400)),
    ];
    let mut found = Vec::new();
    places(event, "", &mut found);
    let mut all = Vec::new();
    for place in found {
        let (parent, name) = place.rsplit_once('/').unwrap();
        let with = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
            let mut event = event.clone();
            change(event.pointer_mut(parent).unwrap().as_object_mut().unwrap());
            event
        };
        all.extend(
            values
                .iter()
                .map(|value| with(&|members| drop(members.insert(name.to_owned(), value.clone())))),
        );
        all.push(with(&|members| drop(members.remove(name))));
        for stranger in ["stranger", "dataschema", "étrange", "time"] {
            all.push(with(&|members| drop(members.insert(stranger.to_owned(), json!("x")))));
        }
    }
    all
}

#[test]
fn the_verdict_is_that_of_the_schemas() {
    let schemas = Schemas::compile();
    let (mut accepted, mut refused) = (0, 0);
    for kind in Kind::ALL.iter().copied() {
        let example: Value = serde_json::from_str(kind.newest().example).unwrap();
        let (valid, invalid) = (fixture(kind, "valid"), fixture(kind, "invalid")["event"].clone());
        for event in [example, valid, invalid] {
            for event in changed(&event).iter().chain([&event]) {
                if is_accepted(event, &schemas) { accepted += 1 } else { refused += 1 }
            }
        }
    }
    // Most of the changed events are wrong. A change in free text or a further attribute is
    // allowed.
    assert!(accepted > 1_000 && refused > 10_000, "{accepted} accepted, {refused} refused");
}
