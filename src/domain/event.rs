//! An event on its way in, one type a stage, so that no stage can be skipped:
//! [`Raw`] (as sent) → [`Draft`] (holds all rules) → [`super::record::Stamped`] (bytes to store) →
//! [`Recorded`] (durable, in its place).
//! Form: CloudEvents 1.0, JSON event format.

use chrono::{DateTime, FixedOffset};
use serde_json::{Map, Value};

use super::id::{EventKey, PersonId, Position, RecordedTime, Revision};
use super::kind::{Class, Kind};

/// An event as sent, whatever the mode: attributes and `data` in one JSON value. Nothing of it
/// is checked yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw(pub Value);

/// An event that holds every rule of the vocabulary. Only [`super::schema::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whose stream it goes to.
    pub person: PersonId,
    /// The duplicate key.
    pub key: EventKey,
    /// Its type.
    pub kind: Kind,
    /// Who may read it; a correction has the class of what it corrects.
    pub class: Class,
    /// The RFC 8785 form of what was sent, before defaults.
    pub canonical: Vec<u8>,
    /// Where a merge or its undoing is written as well: the other person's stream.
    pub mirror: Option<PersonId>,
}

/// A stored event in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The stream it lies in; a merge lies in two.
    pub stream: PersonId,
    /// Its place in that stream.
    pub revision: Revision,
    /// Its place in the log.
    pub position: Position,
    /// When the ledger learned of it.
    pub recorded: RecordedTime,
    /// What was said.
    pub event: Event,
}

/// The content of a stored event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The duplicate key.
    pub key: EventKey,
    /// Its type.
    pub kind: Kind,
    /// The person it speaks of.
    pub subject: PersonId,
    /// When it happened, with the sender's offset.
    pub time: DateTime<FixedOffset>,
    /// Every member as sent, `data` among them.
    pub members: Map<String, Value>,
}

/// Stored bytes are not an event of this version's vocabulary: the log was written by a newer
/// version, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored event cannot be read by this version")]
pub struct Unreadable;

impl Event {
    /// Reads the JSON object of an accepted event.
    ///
    /// # Errors
    /// [`Unreadable`] when an attribute that every accepted event has is absent or malformed.
    pub fn from_members(members: Map<String, Value>) -> Result<Self, Unreadable> {
        let text = |name: &str| members.get(name).and_then(Value::as_str).ok_or(Unreadable);
        Ok(Self {
            key: EventKey::new(text("source")?, text("id")?),
            kind: text("type")?.parse().map_err(|_| Unreadable)?,
            subject: text("subject")?.parse().map_err(|_| Unreadable)?,
            time: DateTime::parse_from_rfc3339(text("time")?).map_err(|_| Unreadable)?,
            members,
        })
    }

    /// Reads the canonical bytes of an accepted event.
    ///
    /// # Errors
    /// [`Unreadable`], as [`Event::from_members`].
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::from_members(serde_json::from_slice(bytes).map_err(|_| Unreadable)?)
    }

    /// The payload; empty where the type has none.
    pub fn data(&self) -> &Map<String, Value> {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.members.get("data").and_then(Value::as_object).unwrap_or(&EMPTY)
    }
}
