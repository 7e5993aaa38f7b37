//! The shipped JSON Schemas, compiled, and the sentences that report their errors to a sender.
//! Always: errors are collected only after a schema has refused a value, because collecting them
//! costs several times as much as the check; an error names a place and a rule, never a value.
//! Form: `schemas/`, JSON Schema 2020-12.

use std::sync::{LazyLock, OnceLock};

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use jsonschema::{Draft as JsonSchemaDraft, Validator};
use serde_json::Value;

use super::json::JsonValue;
use super::json_node::BorrowedJson;
use super::kind::{Kind, SchemaVersion};
use super::violation::{Violation, ViolationCode};

/// The schema of the envelope, as text.
pub const ENVELOPE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/envelope.json"));

/// A schema of the vocabulary.
pub enum ShippedSchema {
    /// The envelope, which has one version.
    Envelope,
    /// A version of the payload of an event type.
    Payload(&'static SchemaVersion),
}

/// Why there is no schema of a name and a version.
#[derive(Debug, thiserror::Error)]
pub enum SchemaNotFound {
    /// The vocabulary has no event type of this name.
    #[error("no such event type")]
    Name,
    /// The schema has fewer versions.
    #[error("there is no such version; the newest is {newest}")]
    Version {
        /// The number of the newest version.
        newest: usize,
    },
}

/// The schema of an event type, or of `envelope`: of this version, or the newest.
///
/// # Errors
/// See [`SchemaNotFound`].
pub fn by_name(name: &str, version: Option<usize>) -> Result<ShippedSchema, SchemaNotFound> {
    if name == "envelope" {
        let is_there = version.is_none_or(|number| number == 1);
        return is_there
            .then_some(ShippedSchema::Envelope)
            .ok_or(SchemaNotFound::Version { newest: 1 });
    }
    let kind: Kind = name.parse().map_err(|_| SchemaNotFound::Name)?;
    let newest = kind.newest();
    let found = version.map_or(Some(newest), |number| kind.version(number));
    found.map(ShippedSchema::Payload).ok_or(SchemaNotFound::Version { newest: newest.number })
}

impl ShippedSchema {
    /// The JSON Schema.
    pub const fn text(&self) -> &'static str {
        match self {
            Self::Envelope => ENVELOPE,
            Self::Payload(version) => version.schema,
        }
    }
}

/// The members of a type's newest payload that are instants, by type.
static INSTANT_MEMBERS: LazyLock<Vec<Vec<String>>> =
    LazyLock::new(|| Kind::ALL.iter().map(|kind| read_instant_members(*kind)).collect());

/// The names of the direct members of a type's newest payload that are instants: those whose schema
/// has the format `date-time`.
pub fn instant_members(kind: Kind) -> &'static [String] {
    &INSTANT_MEMBERS[kind as usize]
}

fn read_instant_members(kind: Kind) -> Vec<String> {
    let schema: Value =
        serde_json::from_str(kind.newest().schema).expect("a shipped schema is JSON");
    let members = schema["properties"].as_object().into_iter().flatten();
    members
        .filter(|(_, member)| member["format"] == "date-time")
        .map(|(name, _)| name.clone())
        .collect()
}

/// The most violations that one answer lists: a developer corrects these and sends again.
pub const VIOLATIONS_MAX: usize = 100;

static ENVELOPE_VALIDATOR: LazyLock<Validator<BorrowedJson>> = LazyLock::new(|| compile(ENVELOPE));

/// The validators of payloads, by type and then by version, each compiled when it is first needed:
/// to compile all takes longer than to fold a person.
static PAYLOAD_VALIDATORS: LazyLock<Vec<Vec<OnceLock<Validator<BorrowedJson>>>>> =
    LazyLock::new(|| {
        let versions = |kind: &Kind| kind.versions().iter().map(|_| OnceLock::new()).collect();
        Kind::ALL.iter().map(versions).collect()
    });

fn compile(text: &str) -> Validator<BorrowedJson> {
    let schema: Value = serde_json::from_str(text).expect("a shipped schema is JSON");
    jsonschema::options_for::<BorrowedJson>()
        .with_draft(JsonSchemaDraft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .expect("a shipped schema compiles")
}

fn validator(version: &SchemaVersion) -> &'static Validator<BorrowedJson> {
    PAYLOAD_VALIDATORS[version.kind as usize][version.number - 1]
        .get_or_init(|| compile(version.schema))
}

/// The newest version of a type whose schema the payload satisfies.
pub fn newest_held(kind: Kind, data: &JsonValue) -> Option<&'static SchemaVersion> {
    kind.versions().iter().rev().find(|version| validator(version).is_valid(data))
}

/// Adds the violations of the schema of the envelope.
pub(super) fn check_envelope(event: &JsonValue, violations: &mut Vec<Violation>) {
    if !ENVELOPE_VALIDATOR.is_valid(event) {
        describe_all(&ENVELOPE_VALIDATOR, event, "", violations);
    }
}

/// Adds the violations of the schema of a payload; `place` is the pointer to the payload. Without a
/// version, the payload may satisfy any version; if it satisfies none, the violations of the newest
/// version are added.
pub(super) fn check_payload(
    kind: Kind,
    version: Option<&SchemaVersion>,
    data: &JsonValue,
    place: &str,
    violations: &mut Vec<Violation>,
) {
    let is_valid = match version {
        Some(version) => validator(version).is_valid(data),
        None => newest_held(kind, data).is_some(),
    };
    if !is_valid {
        let version = version.unwrap_or(kind.newest());
        describe_all(validator(version), data, place, violations);
    }
}

fn describe_all(
    validator: &Validator<BorrowedJson>,
    value: &JsonValue,
    place: &str,
    violations: &mut Vec<Violation>,
) {
    for error in validator.iter_errors(value).take(VIOLATIONS_MAX) {
        describe(&error, place, violations);
    }
}

/// Adds a schema error as violations: the place, the rule, and what to do; never the value.
fn describe(error: &ValidationError<'_>, base: &str, violations: &mut Vec<Violation>) {
    use ValidationErrorKind as K;
    let place = format!("{base}{}", error.instance_path());
    match error.kind() {
        K::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let detail = format!("`{name}` is required.");
            let name = format!("{place}/{}", escape(name));
            violations.push(Violation::new(name, ViolationCode::Missing, detail));
        }
        K::AdditionalProperties { unexpected } | K::UnevaluatedProperties { unexpected } => {
            violations.extend(unexpected.iter().take(VIOLATIONS_MAX).map(|name| {
                let name = format!("{place}/{}", escape(name));
                let detail = "Not a member of this schema; see its page under /v1/schemas.";
                Violation::new(name, ViolationCode::UnknownMember, detail)
            }));
        }
        _ => {
            let (code, detail) = rule(error);
            violations.push(Violation::new(place, code, detail));
        }
    }
}

/// The rule that a value breaks, for errors that are reported at the place of the value.
fn rule(error: &ValidationError<'_>) -> (ViolationCode, String) {
    use ValidationErrorKind as K;
    match error.kind() {
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
            (ViolationCode::Missing, "Fits none of the schema's alternatives.".into())
        }
        K::AnyOf { .. } => {
            (ViolationCode::WrongType, "Fits none of the schema's alternatives.".into())
        }
        _ => (ViolationCode::BadForm, "Does not satisfy the schema of its type.".into()),
    }
}

fn expected_type(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(json) => format!("Must be of JSON type {json}."),
        TypeKind::Multiple(_) => "Must be of one of the schema's JSON types.".to_owned(),
    }
}

/// A member's name as a step of a JSON pointer (RFC 6901, section 3).
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
