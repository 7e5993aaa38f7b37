//! The validator: turns an event as sent into a [`Draft`] that satisfies every rule, or lists all
//! violations.
//! Always: a draft passed its JSON Schema, is about one person or one organisation, and has one
//! written form; no other place makes a draft.
//! Rules: `schemas/` (JSON Schema 2020-12), compiled in; the vocabulary's page on envelopes.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use super::canonical;
use super::json::JsonValue;
use super::kind::{Class, Kind, SchemaVersion};
use super::schemas::{self, VIOLATIONS_MAX, escape};
use super::subject::check_subject;
use super::violation::{Violation, ViolationCode};
use crate::domain::event::Draft;
use crate::domain::id::{EventKey, PersonId};
use crate::domain::stream::StreamName;

/// How far a sender's clock may run ahead. Source: the vocabulary, attribute `time`.
pub const AHEAD_MINUTES_MAX: i64 = 5;

/// Leaves out the attributes that are null: a null attribute means the same as an absent attribute
/// (CloudEvents JSON event format, 2.2). Every caller that reads events as JSON calls this before
/// [`validate`].
pub fn without_null_attributes(mut event: JsonValue<'_>) -> JsonValue<'_> {
    if let JsonValue::Object(members) = &mut event {
        members.retain(|(_, member)| *member != JsonValue::Null);
    }
    event
}

/// Checks one event against every rule of the vocabulary.
///
/// # Errors
/// All violations, in the order of their places. The sender corrects the event and sends it again.
pub fn validate(event: &JsonValue, now: DateTime<Utc>) -> Result<Draft, Vec<Violation>> {
    if !matches!(event, JsonValue::Object(_)) {
        let detail = "An event is a JSON object.";
        return Err(vec![Violation::new("", ViolationCode::WrongType, detail)]);
    }
    let mut violations = Vec::new();
    schemas::check_envelope(event, &mut violations);
    check_time(event.text("time"), "/time", now, &mut violations);
    let replacing = event.get("data").and_then(|data| data.text("time"));
    check_time(replacing, "/data/time", now, &mut violations);
    let kind = check_type(event, &mut violations);
    if let Some(kind) = kind {
        check_payload(kind, event, &mut violations);
        check_target(kind, event, &mut violations);
        check_subject(kind, target(kind, event), event, &mut violations);
        check_other_person(kind, event, &mut violations);
    }
    if !is_exact(event) {
        check_exactness(event, &mut String::new(), &mut violations);
    }
    if violations.is_empty()
        && let Some(draft) = kind.and_then(|kind| draft(kind, event))
    {
        return Ok(draft);
    }
    violations.sort();
    violations.dedup_by(|a, b| a.name == b.name);
    violations.truncate(VIOLATIONS_MAX);
    Err(violations)
}

/// Makes the draft of an event without violations.
fn draft(kind: Kind, event: &JsonValue) -> Option<Draft> {
    let named = |member| event.get("data")?.text(member)?.parse().ok();
    let stream = StreamName::of_subject(event.text("subject")?).ok()?;
    let class = class_of(kind, target(kind, event), &stream);
    let is_organisational = class == Class::Organisational;
    assert_eq!(is_organisational, stream.person().is_none(), "checked by check_subject");
    Some(Draft {
        stream,
        key: EventKey::new(event.text("source")?, event.text("id")?),
        kind,
        class,
        canonical: canonical::write(&with_kept_subject(event)),
        mirror: other_person_member(kind).and_then(named),
    })
}

/// The event with the pseudonym of its person in lower case, in which it is kept.
fn with_kept_subject<'e, 'v>(event: &'e JsonValue<'v>) -> Cow<'e, JsonValue<'v>> {
    let subject = event.text("subject").filter(|text| text.bytes().any(|b| b.is_ascii_uppercase()));
    let person = subject.and_then(|subject| subject.parse::<PersonId>().ok());
    let (JsonValue::Object(members), Some(person)) = (event, person) else {
        return Cow::Borrowed(event);
    };
    let mut members = members.clone();
    for (_, subject) in members.iter_mut().filter(|(name, _)| name == "subject") {
        *subject = JsonValue::Text(person.to_string());
    }
    Cow::Owned(JsonValue::Object(members))
}

/// The class of an event. A correction or an annulment has the class of the type that it names. If
/// that type is a `record.*` too, only the history can find the record that is changed in the end:
/// then the class is the class that the fewest readers may read. In the stream of an organisation
/// every event has the class of organisations: no person is in it.
fn class_of(kind: Kind, target: Option<Kind>, stream: &StreamName) -> Class {
    if stream.person().is_none() {
        return Class::Organisational;
    }
    let decisive = if kind.is_about_record() { target } else { Some(kind) };
    decisive.and_then(Kind::class).unwrap_or(Class::Clinical)
}

/// The type that a correction or an annulment names, if the vocabulary has that type.
fn target(kind: Kind, event: &JsonValue) -> Option<Kind> {
    target_type(kind, event)?.parse().ok()
}

/// The name of the type that a correction or an annulment names.
fn target_type<'e>(kind: Kind, event: &'e JsonValue) -> Option<&'e str> {
    event.get("data")?.get(kind.target_member()?)?.text("type")
}

fn check_time(
    time: Option<&str>,
    place: &str,
    now: DateTime<Utc>,
    violations: &mut Vec<Violation>,
) {
    let Some(text) = time else { return };
    let (code, detail) = match DateTime::parse_from_rfc3339(text) {
        Ok(time) if time.to_utc() - now <= TimeDelta::minutes(AHEAD_MINUTES_MAX) => return,
        Ok(_) => (
            ViolationCode::InFuture,
            "More than five minutes ahead of the ledger's clock: an event reports what has \
             happened. Check the sending system's clock and its offset.",
        ),
        Err(_) => (
            ViolationCode::BadForm,
            "Not an RFC 3339 date and time with offset, such as 2026-03-01T10:00:00+01:00.",
        ),
    };
    violations.push(Violation::new(place, code, detail));
}

fn check_type(event: &JsonValue, violations: &mut Vec<Violation>) -> Option<Kind> {
    let Ok(kind) = event.text("type")?.parse::<Kind>() else {
        let detail = "Not an event type of the vocabulary; see GET /v1/schemas for the list.";
        violations.push(Violation::new("/type", ViolationCode::UnknownType, detail));
        return None;
    };
    if kind == Kind::RecordErased {
        let detail = "record.erased is written by the ledger only.";
        violations.push(Violation::new("/type", ViolationCode::LedgerOnly, detail));
    }
    Some(kind)
}

/// The schema that `dataschema` names for the payload.
enum NamedSchema {
    /// `dataschema` is absent: any version of the type will do.
    Any,
    Version(&'static SchemaVersion),
    /// A version of this type that this ledger does not have.
    UnknownVersion,
    /// No schema of this type.
    Foreign,
}

impl NamedSchema {
    fn of(kind: Kind, event: &JsonValue) -> Self {
        let Some(dataschema) = event.text("dataschema") else { return Self::Any };
        match kind.version_number(dataschema) {
            Some(number) => kind.version(number).map_or(Self::UnknownVersion, Self::Version),
            None => Self::Foreign,
        }
    }
}

/// Checks the payload against the schema that `dataschema` names; without one, against all
/// versions of the type, newest first.
fn check_payload(kind: Kind, event: &JsonValue, violations: &mut Vec<Violation>) {
    let named = NamedSchema::of(kind, event);
    if matches!(named, NamedSchema::UnknownVersion | NamedSchema::Foreign) {
        let detail = match kind.versions() {
            [only] => format!("The schema of this type is {}; or leave it out.", only.id()),
            several => {
                let ids: Vec<String> = several.iter().map(SchemaVersion::id).collect();
                format!("The schemas of this type are {}; or leave it out.", ids.join(" and "))
            }
        };
        violations.push(Violation::new("/dataschema", ViolationCode::UnknownSchema, detail));
    }
    let Some(data) = event.get("data") else {
        if kind != Kind::DeathRecorded {
            let detail = format!("An event of type {kind} carries its facts in `data`.");
            violations.push(Violation::new("/data", ViolationCode::Missing, detail));
        }
        return;
    };
    // The schema of the envelope refuses `data` that is not an object.
    if matches!(data, JsonValue::Object(_)) {
        let version = match named {
            // This ledger does not have the schema, so it cannot check the payload.
            NamedSchema::UnknownVersion => return,
            NamedSchema::Version(version) => Some(version),
            NamedSchema::Any | NamedSchema::Foreign => None,
        };
        schemas::check_payload(kind, version, data, "/data", violations);
    }
    if kind == Kind::RecordCorrected {
        check_replacement(event, data, violations);
    }
}

/// Checks the replacement in a correction against the schemas of the type that the correction
/// names. A target inside the replacement of a `record.*` is ignored and not checked.
fn check_replacement(event: &JsonValue, data: &JsonValue, violations: &mut Vec<Violation>) {
    let place = "/data/corrects/type";
    let Some(target) = target_type(Kind::RecordCorrected, event) else { return };
    let Ok(target) = target.parse::<Kind>() else {
        let detail = "`corrects.type` is not an event type of the vocabulary.";
        violations.push(Violation::new(place, ViolationCode::UnknownType, detail));
        return;
    };
    if target.is_merge() {
        let detail = "A merge is recorded with two persons: annul it and send a new one.";
        violations.push(Violation::new(place, ViolationCode::BadForm, detail));
    }
    let Some(replacement @ JsonValue::Object(_)) = data.get("data") else { return };
    let replacement = with_some_target(target, replacement);
    schemas::check_payload(target, None, &replacement, "/data/data", violations);
}

/// A payload whose own target is replaced by one that the schema accepts.
fn with_some_target<'e, 'v>(kind: Kind, data: &'e JsonValue<'v>) -> Cow<'e, JsonValue<'v>> {
    let (Some(name), JsonValue::Object(members)) = (kind.target_member(), data) else {
        return Cow::Borrowed(data);
    };
    let text = |name, text| (Cow::Borrowed(name), JsonValue::Plain(text));
    let target = JsonValue::Object(vec![
        text("id", "x"),
        text("source", "urn:x"),
        text("type", Kind::DeathRecorded.code()),
    ]);
    let mut members = members.clone();
    members.retain(|(found, _)| found != name);
    let place = members.partition_point(|(found, _)| **found < *name);
    members.insert(place, (Cow::Borrowed(name), target));
    Cow::Owned(JsonValue::Object(members))
}

/// Checks that a correction or an annulment comes from the system that sent the record.
fn check_target(kind: Kind, event: &JsonValue, violations: &mut Vec<Violation>) {
    let Some(member) = kind.target_member() else { return };
    let target = event.get("data").and_then(|data| data.get(member));
    let named = target.and_then(|target| target.text("source"));
    if named.is_some() && named != event.text("source") {
        violations.push(Violation::new(
            format!("/data/{member}/source"),
            ViolationCode::OtherSource,
            "Only the system that sent a record may correct or annul it: this must be the \
             event's own `source`.",
        ));
    }
}

/// The payload member of a merge or an unmerge that names the other person.
const fn other_person_member(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::PersonMerged => Some("into"),
        Kind::PersonUnmerged => Some("from"),
        _ => None,
    }
}

/// Checks that a merge or an unmerge names two persons.
fn check_other_person(kind: Kind, event: &JsonValue, violations: &mut Vec<Violation>) {
    let Some(member) = other_person_member(kind) else { return };
    let person = |text: &str| text.parse::<PersonId>().ok();
    let other = event.get("data").and_then(|data| data.text(member)).and_then(person);
    if other.is_some() && other == event.text("subject").and_then(person) {
        violations.push(Violation::new(
            format!("/data/{member}"),
            ViolationCode::BadForm,
            "Names the event's own `subject`; a merge is between two persons.",
        ));
    }
}

/// Whether all numbers have one exact form and all names are ASCII: otherwise the written form
/// would not be RFC 8785.
fn is_exact(value: &JsonValue) -> bool {
    match value {
        JsonValue::Number(number) => canonical::is_exact(number),
        JsonValue::Array(items) => items.iter().all(is_exact),
        JsonValue::Object(members) => {
            members.iter().all(|(name, member)| name.is_ascii() && is_exact(member))
        }
        _ => true,
    }
}

/// Adds a violation for every place where [`is_exact`] fails; `place` is the pointer to the value.
fn check_exactness(value: &JsonValue, place: &mut String, violations: &mut Vec<Violation>) {
    if violations.len() >= VIOLATIONS_MAX {
        return;
    }
    match value {
        JsonValue::Number(number) if !canonical::is_exact(number) => {
            let detail = "Numbers are integers within plus or minus 2^53 - 1.";
            violations.push(Violation::new(place.as_str(), ViolationCode::OutOfRange, detail));
        }
        JsonValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                within(place, &index.to_string(), |place| check_exactness(item, place, violations));
            }
        }
        JsonValue::Object(members) => {
            for (name, member) in members {
                within(place, &escape(name), |place| {
                    if !name.is_ascii() {
                        let detail = "Member names are ASCII.";
                        let code = ViolationCode::UnknownMember;
                        violations.push(Violation::new(place.as_str(), code, detail));
                    }
                    check_exactness(member, place, violations);
                });
            }
        }
        _ => {}
    }
}

/// Visits a value one step below a place.
fn within(place: &mut String, step: &str, visit: impl FnOnce(&mut String)) {
    let length = place.len();
    place.push('/');
    place.push_str(step);
    visit(place);
    place.truncate(length);
}
