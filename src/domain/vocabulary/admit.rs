//! The short way through the door, for events without fault: read, held against the schemas and
//! written without a tree of their own strings.
//! Always: what it lets in, [`validate::check`] lets in as the very same [`Draft`]; everything it
//! has a doubt about goes that way, which alone tells what is wrong.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use jsonschema::Validator;

use super::canonical;
use super::json::{InPlace, JsonValue};
use super::kind::Kind;
use super::validate;
use super::violation::Violation;
use crate::domain::event::{Draft, Raw};
use crate::domain::history::is_record;
use crate::domain::id::EventKey;

/// Checks one event against every rule of the vocabulary.
///
/// # Errors
/// As [`validate::check`].
pub fn admit(event: &JsonValue, now: DateTime<Utc>) -> Result<Draft, Vec<Violation>> {
    match without_fault(event, now) {
        Some(draft) => Ok(draft),
        None => validate::check(&Raw(event.to_value()), now),
    }
}

/// The draft of an event that holds every rule, if that is plain to see.
fn without_fault(event: &JsonValue, now: DateTime<Utc>) -> Option<Draft> {
    let kind: Kind = event.text("type")?.parse().ok()?;
    let data = event.get("data")?;
    // What names other records or persons has rules of its own, and is rare.
    if is_record(kind) || matches!(kind, Kind::PersonMerged | Kind::PersonUnmerged) {
        return None;
    }
    let names_schema = event.get("dataschema").is_some();
    if names_schema && event.text("dataschema")? != validate::schema_id(kind) {
        return None;
    }
    let time = DateTime::parse_from_rfc3339(event.text("time")?).ok()?;
    if validate::is_ahead(time, now) || data.get("time").is_some() || !is_exact(event) {
        return None;
    }
    static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::compile);
    let holds = SCHEMAS.envelope.is_valid(event) && SCHEMAS.payloads[kind as usize].is_valid(data);
    if !holds {
        return None;
    }
    Some(Draft {
        person: event.text("subject")?.parse().ok()?,
        key: EventKey::new(event.text("source")?, event.text("id")?),
        kind,
        class: kind.class()?,
        canonical: canonical::write(event),
        mirror: None,
    })
}

/// Whether all numbers have one exact form and all names are ASCII.
fn is_exact(value: &JsonValue) -> bool {
    match value {
        JsonValue::Number(number) => canonical::is_exact(number),
        JsonValue::Array(items) => items.iter().all(is_exact),
        JsonValue::Object(members) => {
            members.iter().all(|(name, m)| name.is_ascii() && is_exact(m))
        }
        _ => true,
    }
}

/// The schemas of [`schema`], for values read in place.
struct Schemas {
    envelope: Validator<InPlace>,
    payloads: Vec<Validator<InPlace>>,
}

impl Schemas {
    fn compile() -> Self {
        Self {
            envelope: validate::compile(validate::ENVELOPE),
            payloads: Kind::ALL.iter().map(|kind| validate::compile(kind.schema())).collect(),
        }
    }
}
