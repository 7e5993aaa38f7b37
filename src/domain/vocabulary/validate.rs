//! The door: from what was sent to an event that holds every rule, or all its violations.
//! Always: a [`Draft`] passed its JSON Schema, speaks of one person, and has one canonical form.
//! Rules: `schemas/` (JSON Schema 2020-12), compiled in; the vocabulary's page on envelopes.

use std::sync::LazyLock;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use jsonschema::error::{ValidationError, ValidationErrorKind};
use jsonschema::json::Json;
use jsonschema::{Draft as JsonSchemaDraft, Validator};
use serde_json::{Map, Value};

use super::canonical;
use super::kind::{Class, Kind};
use super::violation::{Violation, ViolationCode};
use crate::domain::event::{Draft, Raw};
use crate::domain::history::is_record;
use crate::domain::id::{EventKey, PersonId};

/// How far a sender's clock may run ahead. Source: the vocabulary, attribute `time`.
pub const AHEAD_MINUTES_MAX: i64 = 5;

/// So many violations of one event are told: a developer who has corrected these sends again.
pub const VIOLATIONS_MAX: usize = 100;

/// The envelope's own schema, as text.
pub const ENVELOPE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/envelope.json"));

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::compile);

/// Checks one event against every rule of the vocabulary.
///
/// # Errors
/// All violations, in the order of their places. The sender corrects the event and sends it anew.
pub fn check(raw: &Raw, now: DateTime<Utc>) -> Result<Draft, Vec<Violation>> {
    let Value::Object(members) = &raw.0 else {
        let detail = "An event is a JSON object.";
        return Err(vec![Violation::new("", ViolationCode::WrongType, detail)]);
    };
    let mut violations = Vec::new();
    SCHEMAS.envelope_violations(&raw.0, &mut violations);
    time_violations(members.get("time"), "/time", now, &mut violations);
    let replaced = members.get("data").and_then(|data| data.get("time"));
    time_violations(replaced, "/data/time", now, &mut violations);
    let kind = kind_of(members, &mut violations);
    if let Some(kind) = kind {
        SCHEMAS.payload_violations(kind, members, &mut violations);
        own_rules(kind, members, &mut violations);
    }
    if !is_exact(&raw.0) {
        inexact(&raw.0, &mut String::new(), &mut violations);
    }
    if violations.is_empty()
        && let Some(draft) = kind.and_then(|kind| draft(kind, members))
    {
        return Ok(draft);
    }
    violations.sort();
    violations.dedup_by(|a, b| a.name == b.name);
    violations.truncate(VIOLATIONS_MAX);
    Err(violations)
}

/// Whether a payload holds its type's schema. For replacements that the door could not check.
pub fn fits(kind: Kind, data: &Map<String, Value>) -> bool {
    SCHEMAS.payloads[kind as usize].is_valid(&Value::Object(data.clone()))
}

/// All violations of a payload on its own, for a file without an envelope.
pub fn payload_violations(kind: Kind, data: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    collect(&SCHEMAS.payloads[kind as usize], data, "", &mut violations);
    violations
}

struct Schemas {
    envelope: Validator,
    payloads: Vec<Validator>,
}

impl Schemas {
    fn compile() -> Self {
        Self {
            envelope: compile(ENVELOPE),
            payloads: Kind::ALL.iter().map(|kind| compile(kind.schema())).collect(),
        }
    }

    fn envelope_violations(&self, event: &Value, violations: &mut Vec<Violation>) {
        if !self.envelope.is_valid(event) {
            collect(&self.envelope, event, "", violations);
        }
    }

    fn payload_violations(
        &self,
        kind: Kind,
        members: &Map<String, Value>,
        violations: &mut Vec<Violation>,
    ) {
        let Some(data) = members.get("data") else {
            if kind != Kind::DeathRecorded {
                violations.push(Violation::new(
                    "/data",
                    ViolationCode::Missing,
                    format!("An event of type {kind} carries its facts in `data`."),
                ));
            }
            return;
        };
        let validator = &self.payloads[kind as usize];
        if data.is_object() && !validator.is_valid(data) {
            collect(validator, data, "/data", violations);
        }
        self.replacement_violations(kind, data, violations);
    }

    /// The replacement in a correction holds the schema of the type it names. A target inside the
    /// replacement of a `record.*` is ignored and not checked.
    fn replacement_violations(&self, kind: Kind, data: &Value, violations: &mut Vec<Violation>) {
        if kind != Kind::RecordCorrected {
            return;
        }
        let Some(target) = data.pointer("/corrects/type").and_then(Value::as_str) else { return };
        let Ok(target) = target.parse::<Kind>() else {
            let detail = "`corrects.type` is not an event type of the vocabulary.";
            let name = "/data/corrects/type";
            violations.push(Violation::new(name, ViolationCode::UnknownType, detail));
            return;
        };
        let Some(Value::Object(replacement)) = data.get("data") else { return };
        let mut replacement = replacement.clone();
        if let Some(name) = target_member(target) {
            let own = serde_json::json!({"source": "urn:x", "id": "x", "type": "death.recorded"});
            replacement.insert(name.to_owned(), own);
        }
        let replacement = Value::Object(replacement);
        let validator = &self.payloads[target as usize];
        if !validator.is_valid(&replacement) {
            collect(validator, &replacement, "/data/data", violations);
        }
    }
}

/// The member of a `record.*` payload that names its target.
fn target_member(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::RecordCorrected => Some("corrects"),
        Kind::RecordAnnulled => Some("annuls"),
        _ => None,
    }
}

pub(super) fn compile<F: Json>(text: &str) -> Validator<F> {
    let schema: Value = serde_json::from_str(text).expect("a shipped schema is JSON");
    jsonschema::options_for::<F>()
        .with_draft(JsonSchemaDraft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .expect("a shipped schema compiles")
}

fn kind_of(members: &Map<String, Value>, violations: &mut Vec<Violation>) -> Option<Kind> {
    let name = members.get("type")?.as_str()?;
    let Ok(kind) = name.parse::<Kind>() else {
        let detail = "Not an event type of the vocabulary; see GET /v1/schemas for the list.";
        violations.push(Violation::new("/type", ViolationCode::UnknownType, detail));
        return None;
    };
    if kind == Kind::RecordErased {
        let detail = "record.erased is written by the ledger only.";
        violations.push(Violation::new("/type", ViolationCode::LedgerOnly, detail));
    }
    if let Some(named) = members.get("dataschema").and_then(Value::as_str)
        && named != schema_id(kind)
    {
        let detail = format!("The schema of this type is {}; or leave it out.", schema_id(kind));
        violations.push(Violation::new("/dataschema", ViolationCode::UnknownSchema, detail));
    }
    Some(kind)
}

/// The `dataschema` of a type's newest version.
pub fn schema_id(kind: Kind) -> String {
    format!("urn:care-ledger:schema:{kind}:1")
}

fn time_violations(
    time: Option<&Value>,
    place: &str,
    now: DateTime<Utc>,
    violations: &mut Vec<Violation>,
) {
    let Some(text) = time.and_then(Value::as_str) else { return };
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) if is_ahead(time, now) => {
            violations.push(Violation::new(
                place,
                ViolationCode::InFuture,
                "More than five minutes ahead of the ledger's clock: an event tells what has \
                 happened. Check the sending system's clock and its offset.",
            ));
        }
        Ok(_) => {}
        Err(_) => violations.push(Violation::new(
            place,
            ViolationCode::BadForm,
            "Not an RFC 3339 date and time with offset, such as 2026-03-01T10:00:00+01:00.",
        )),
    }
}

/// Whether a time lies further ahead than clocks differ.
pub(super) fn is_ahead(time: DateTime<FixedOffset>, now: DateTime<Utc>) -> bool {
    time.to_utc() - now > TimeDelta::minutes(AHEAD_MINUTES_MAX)
}

/// Rules between members that a schema cannot say.
fn own_rules(kind: Kind, members: &Map<String, Value>, violations: &mut Vec<Violation>) {
    let data = |pointer: &str| members.get("data").and_then(|d| d.pointer(pointer)?.as_str());
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    if let Some(target) = target_member(kind) {
        let named = data(&format!("/{target}/source"));
        if named.is_some() && named != text("source") {
            violations.push(Violation::new(
                format!("/data/{target}/source"),
                ViolationCode::OtherSource,
                "Only the system that sent a record may correct or annul it: this must be the \
                 event's own `source`.",
            ));
        }
    }
    if matches!(data("/corrects/type"), Some("person.merged" | "person.unmerged")) {
        violations.push(Violation::new(
            "/data/corrects/type",
            ViolationCode::BadForm,
            "A merge lies in the streams of two persons: annul it and tell it anew.",
        ));
    }
    let other = match kind {
        Kind::PersonMerged => "into",
        Kind::PersonUnmerged => "from",
        _ => return,
    };
    let named = data(&format!("/{other}")).and_then(|id| id.parse::<PersonId>().ok());
    if named.is_some() && named == text("subject").and_then(|id| id.parse().ok()) {
        violations.push(Violation::new(
            format!("/data/{other}"),
            ViolationCode::BadForm,
            "Names the event's own `subject`; a merge is between two persons.",
        ));
    }
}

/// Whether all numbers have one exact form and all names are ASCII: otherwise the canonical form
/// would not be RFC 8785.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => canonical::is_exact(number),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.iter().all(|(name, m)| name.is_ascii() && is_exact(m)),
        _ => true,
    }
}

/// Every place that [`is_exact`] does not hold.
fn inexact(value: &Value, place: &mut String, violations: &mut Vec<Violation>) {
    if violations.len() >= VIOLATIONS_MAX {
        return;
    }
    match value {
        Value::Number(number) if !canonical::is_exact(number) => violations.push(Violation::new(
            place.as_str(),
            ViolationCode::OutOfRange,
            "Numbers are integers within plus or minus 2^53 - 1.",
        )),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                within(place, &index.to_string(), |place| inexact(item, place, violations));
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                within(place, &escape(name), |place| {
                    if !name.is_ascii() {
                        let detail = "Member names are ASCII.";
                        let code = ViolationCode::UnknownMember;
                        violations.push(Violation::new(place.as_str(), code, detail));
                    }
                    inexact(member, place, violations);
                });
            }
        }
        _ => {}
    }
}

fn within(place: &mut String, step: &str, visit: impl FnOnce(&mut String)) {
    let length = place.len();
    place.push('/');
    place.push_str(step);
    visit(place);
    place.truncate(length);
}

/// RFC 6901, section 3.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn draft(kind: Kind, members: &Map<String, Value>) -> Option<Draft> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let data = |pointer: &str| members.get("data").and_then(|d| d.pointer(pointer)?.as_str());
    let target = data("/corrects/type").or(data("/annuls/type")).and_then(|k| k.parse().ok());
    let mirror = match kind {
        Kind::PersonMerged => data("/into"),
        Kind::PersonUnmerged => data("/from"),
        _ => None,
    };
    Some(Draft {
        person: text("subject")?.parse().ok()?,
        key: EventKey::new(text("source")?, text("id")?),
        kind,
        class: class_of(kind, target),
        canonical: canonical::bytes(members),
        mirror: mirror.and_then(|id| id.parse().ok()),
    })
}

/// A correction has the class of the type it names. What it names may be a `record.*` whose own
/// target only the history knows: then the class that fewest may read.
fn class_of(kind: Kind, target: Option<Kind>) -> Class {
    let named = if is_record(kind) { target } else { Some(kind) };
    named.and_then(Kind::class).unwrap_or(Class::Clinical)
}

fn collect(validator: &Validator, value: &Value, base: &str, violations: &mut Vec<Violation>) {
    for error in validator.iter_errors(value).take(VIOLATIONS_MAX) {
        describe(&error, base, violations);
    }
}

/// One schema error as violations: where, which rule, and what to do; never the value.
fn describe(error: &ValidationError<'_>, base: &str, violations: &mut Vec<Violation>) {
    use ValidationErrorKind as K;
    let place = format!("{base}{}", error.instance_path());
    let (code, detail) = match error.kind() {
        K::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let detail = format!("`{name}` is required.");
            let name = format!("{place}/{}", escape(name));
            violations.push(Violation::new(name, ViolationCode::Missing, detail));
            return;
        }
        K::AdditionalProperties { unexpected } | K::UnevaluatedProperties { unexpected } => {
            violations.extend(unexpected.iter().take(VIOLATIONS_MAX).map(|name| {
                let name = format!("{place}/{}", escape(name));
                let detail = "Not a member of this schema; see its page under /v1/schemas.";
                Violation::new(name, ViolationCode::UnknownMember, detail)
            }));
            return;
        }
        K::FalseSchema => (ViolationCode::LedgerOnly, "Set by the ledger; leave it out.".into()),
        K::Type { kind } => (ViolationCode::WrongType, expected_type(kind)),
        K::Enum { options } => (ViolationCode::NotInList, format!("Must be one of {options}.")),
        K::Constant { expected_value } => {
            (ViolationCode::NotInList, format!("Must be {expected_value}."))
        }
        K::Pattern { pattern } => (ViolationCode::BadForm, format!("Must match {pattern}.")),
        K::Format { format } => (ViolationCode::BadForm, format!("Must be a valid {format}.")),
        K::MinLength { limit } => (ViolationCode::BadForm, format!("At least {limit} characters.")),
        K::MaxLength { limit } => (ViolationCode::BadForm, format!("At most {limit} characters.")),
        K::Minimum { limit } => (ViolationCode::OutOfRange, format!("At least {limit}.")),
        K::Maximum { limit } => (ViolationCode::OutOfRange, format!("At most {limit}.")),
        K::MinItems { limit } => (ViolationCode::OutOfRange, format!("At least {limit} items.")),
        K::MaxItems { limit } => (ViolationCode::OutOfRange, format!("At most {limit} items.")),
        K::UniqueItems => (ViolationCode::OutOfRange, "Items may not repeat.".into()),
        K::AnyOf { .. } if error.instance().is_object() => {
            (ViolationCode::Missing, "None of the schema's alternatives holds.".into())
        }
        K::AnyOf { .. } => {
            (ViolationCode::WrongType, "None of the schema's alternatives holds.".into())
        }
        _ => (ViolationCode::BadForm, "Does not hold the schema of its type.".into()),
    };
    violations.push(Violation::new(place, code, detail));
}

fn expected_type(kind: &jsonschema::error::TypeKind) -> String {
    use jsonschema::error::TypeKind;
    match kind {
        TypeKind::Single(json) => format!("Must be of JSON type {json}."),
        TypeKind::Multiple(_) => "Must be of one of the schema's JSON types.".to_owned(),
    }
}
