//! Codes and ids inside payloads: the names that senders give to things.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::id::EventKey;

/// A sender's own id inside a payload (`stay`, `modality`, …): unique per person across sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub Box<str>);

/// An open lowerCamelCase code: a place, a house, a project, a reason. Cheap to clone: each record
/// carries the name of its stream, which may hold a code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub Arc<str>);

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        /// A text that is copied only once, into the code.
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

        Text::deserialize(reader).map(|Text(text)| Self(text.into()))
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The appointment after a release: its id, or only whether there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Appointment {
    /// Whether there is an appointment.
    Made(bool),
    /// The sender's id of the appointment.
    Named(Id),
}

impl Appointment {
    /// Whether there is an appointment.
    pub const fn is_made(&self) -> bool {
        matches!(self, Self::Made(true) | Self::Named(_))
    }
}

/// The record that a correction or an annulment names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Target {
    /// The system that sent the record.
    pub source: Box<str>,
    /// The sending system's id of the record.
    pub id: Box<str>,
    /// The name of the record's type.
    #[serde(rename = "type")]
    pub kind: Box<str>,
}

impl Target {
    /// The event key of the record.
    pub fn key(&self) -> EventKey {
        EventKey::new(&self.source, &self.id)
    }
}
