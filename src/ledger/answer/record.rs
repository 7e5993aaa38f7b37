//! A record in an answer: its event as it was sent, then what the ledger adds; or that its content
//! was erased.
//! Always: no sender may use the names of the members that the ledger adds (the validator refuses
//! them), so no name stands twice.
//! Form: the HTTP contract, "An event in an answer" and "An erased item".

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::domain::event::{Content, Erasure, Recorded};
use crate::domain::id::{PersonId, Position, RecordedTime, Revision};

/// A record in an answer; serialises to a JSON object.
#[derive(Debug, Clone)]
pub struct RecordAnswer<'a> {
    /// The stream of the record.
    pub stream: PersonId,
    /// Its place in that stream.
    pub revision: Revision,
    /// Its place in the log.
    pub position: Position,
    /// When the ledger recorded it.
    pub recorded_at: RecordedTime,
    /// The event in canonical form, or its erasure.
    pub content: Content<&'a str>,
}

impl<'a> From<&'a Recorded> for RecordAnswer<'a> {
    fn from(recorded: &'a Recorded) -> Self {
        Self {
            stream: recorded.stream,
            revision: recorded.revision,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            content: match &recorded.content {
                Content::Open(event) => Content::Open(event.text()),
                Content::Erased { class, recorded_at, erasure } => Content::Erased {
                    class: *class,
                    recorded_at: *recorded_at,
                    erasure: erasure.clone(),
                },
            },
        }
    }
}

impl Serialize for RecordAnswer<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut object = writer.serialize_map(None)?;
        match &self.content {
            Content::Open(text) => object = write_members(text, object)?,
            Content::Erased { class, erasure, .. } => {
                object.serialize_entry("class", class.code())?;
                object.serialize_entry("erased", &ErasureAnswer::from(erasure))?;
            }
        }
        self.write_place(&mut object)?;
        object.end()
    }
}

impl RecordAnswer<'_> {
    /// Writes the members that the ledger adds to an event.
    pub(super) fn write_place<M: SerializeMap>(&self, object: &mut M) -> Result<(), M::Error> {
        object.serialize_entry("position", &self.position)?;
        object.serialize_entry("recordedtime", &self.recorded_at)?;
        object.serialize_entry("revision", &self.revision)?;
        object.serialize_entry("stream", &self.stream.stream())
    }
}

/// The erasure of a record, as answers show it.
#[derive(Serialize)]
struct ErasureAnswer<'a> {
    at: String,
    basis: &'a str,
}

impl<'a> From<&'a Erasure> for ErasureAnswer<'a> {
    fn from(erasure: &'a Erasure) -> Self {
        let at = erasure.at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        Self { at, basis: &erasure.basis }
    }
}

/// The name of a member, borrowed where it holds no escape.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Passes the members of a JSON object on to an open object, each value as the text that it is:
/// nothing of a value is parsed into memory.
fn write_members<M: SerializeMap>(text: &str, object: M) -> Result<M, M::Error> {
    struct PassOn<M>(M);

    impl<'de, M: SerializeMap> Visitor<'de> for PassOn<M> {
        type Value = M;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<M, A::Error> {
            while let Some((name, value)) = members.next_entry::<Name<'de>, &'de RawValue>()? {
                self.0.serialize_entry(&name.0, value).map_err(A::Error::custom)?;
            }
            Ok(self.0)
        }
    }

    let mut members = serde_json::Deserializer::from_str(text);
    members.deserialize_map(PassOn(object)).map_err(M::Error::custom)
}
