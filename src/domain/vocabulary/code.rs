//! Codes and ids inside payloads: the names that senders give to things.

use serde::{Deserialize, Serialize};

use crate::domain::id::EventKey;

/// A sender's own id inside a payload (`stay`, `modality`, …): unique per person across sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub Box<str>);

/// An open lowerCamelCase code: a place, a house, a project, a reason.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub Box<str>);

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
