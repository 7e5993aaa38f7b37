//! A record in an answer: its event as it was sent, then what the ledger adds; or that its content
//! was erased.
//! Always: no member name occurs twice, because the validator refuses events that use the names of
//! the members that the ledger adds.
//! Form: the ledger adds the members `position`, `recordedtime`, `revision` and `stream` to an
//! event; an erased record has these four, `class` and `erased`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::domain::event::{Content, Erasure, Event, Recorded};
use crate::domain::id::{Position, RecordedTime, Revision};
use crate::domain::stream::StreamName;

/// A record in an answer; serialises to a JSON object.
#[derive(Debug, Clone)]
pub struct RecordAnswer<'a> {
    /// The stream of the record.
    pub stream: StreamName,
    /// The record's revision in the stream.
    pub revision: Revision,
    /// The record's position in the log.
    pub position: Position,
    /// When the ledger recorded the event.
    pub recorded_at: RecordedTime,
    /// The event in canonical form, or its erasure.
    pub content: Content<&'a str>,
}

impl<'a> From<&'a Recorded> for RecordAnswer<'a> {
    fn from(recorded: &'a Recorded) -> Self {
        Self {
            stream: recorded.stream.clone(),
            revision: recorded.revision,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            content: recorded.content.map_ref(Event::text),
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
        self.write_ledger_members(&mut object)?;
        object.end()
    }
}

impl RecordAnswer<'_> {
    /// Writes the members that the ledger adds to an event.
    pub(super) fn write_ledger_members<M: SerializeMap>(
        &self,
        object: &mut M,
    ) -> Result<(), M::Error> {
        object.serialize_entry("position", &self.position)?;
        object.serialize_entry("recordedtime", &self.recorded_at)?;
        object.serialize_entry("revision", &self.revision)?;
        object.serialize_entry("stream", &self.stream)
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

/// The name of a member, borrowed if it contains no escape.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Copies the members of a JSON object into an object that is being written. Values are copied as
/// text and not parsed.
fn write_members<M: SerializeMap>(text: &str, object: M) -> Result<M, M::Error> {
    struct CopyMembers<M>(M);

    impl<'de, M: SerializeMap> Visitor<'de> for CopyMembers<M> {
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
    members.deserialize_map(CopyMembers(object)).map_err(M::Error::custom)
}
