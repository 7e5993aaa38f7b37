//! An event on its way in, with one type per stage, so that no stage can be skipped:
//! [`JsonValue`](super::vocabulary::json::JsonValue) (as sent) → [`Draft`] (satisfies every rule) →
//! [`super::record::UnstampedRecord`] (bytes to store) → [`Recorded`] (durable).
//! Form: CloudEvents 1.0, JSON event format.

use std::borrow::Cow;
use std::ops::{Deref, Range};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::id::{EventKey, PersonId, Position, RecordedTime, Revision};
use super::stream::StreamName;
use super::vocabulary::fact::{Fact, Undecodable};
use super::vocabulary::kind::{Class, Kind, SchemaVersion};
use super::vocabulary::upcast;

/// An event that satisfies every rule of the vocabulary. Only
/// [`super::vocabulary::validate::validate`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The stream that the event goes to.
    pub stream: StreamName,
    /// The event key: source and id.
    pub key: EventKey,
    /// The event's type.
    pub kind: Kind,
    /// The class, which says who may read the event; a correction has the class of its target.
    pub class: Class,
    /// The event as sent, in RFC 8785 form, without defaults.
    pub canonical: Vec<u8>,
    /// For a merge or an unmerge: the other person, whose stream gets a copy.
    pub mirror: Option<PersonId>,
}

/// A stored record with its revision and position, and with its content as one reader finds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The stream in which the record lies. A merge has a record in two streams.
    pub stream: StreamName,
    /// The record's revision in the stream.
    pub revision: Revision,
    /// The record's position in the log.
    pub position: Position,
    /// When the ledger recorded the event.
    pub recorded_at: RecordedTime,
    /// The event as it was sent, or the fact that its content was erased.
    pub content: Content,
}

impl Recorded {
    /// The event; `None`: its content was erased.
    pub fn event(&self) -> Option<&Event> {
        match &self.content {
            Content::Open(event) => Some(event),
            Content::Erased { .. } => None,
        }
    }
}

/// The content of a stored record: readable, or erased by the destruction of its key. `T` is the
/// form of readable content: a parsed [`Event`], or only its text.
#[derive(Debug, Clone, PartialEq)]
pub enum Content<T = Event> {
    /// The content can be read.
    Open(T),
    /// The key of the content was destroyed. The record keeps its position and its revision.
    Erased {
        /// The class of the record, which is in its unencrypted part.
        class: Class,
        /// When the ledger recorded the event, whose own `time` was erased.
        recorded_at: RecordedTime,
        /// When and why the content was erased.
        erasure: Erasure,
    },
}

impl<T> Content<T> {
    /// The same content, with readable content in another form.
    pub fn map_ref<'c, U>(&'c self, form: impl FnOnce(&'c T) -> U) -> Content<U> {
        match self {
            Self::Open(content) => Content::Open(form(content)),
            Self::Erased { class, recorded_at, erasure } => Content::Erased {
                class: *class,
                recorded_at: *recorded_at,
                erasure: erasure.clone(),
            },
        }
    }
}

/// A record whose content can be read. Folds take only these records.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRecord(Arc<Recorded>);

impl OpenRecord {
    /// Wraps a record whose content can be read.
    ///
    /// # Errors
    /// Returns the record itself if its content was erased.
    pub fn new(record: Arc<Recorded>) -> Result<Self, Arc<Recorded>> {
        match record.content {
            Content::Open(_) => Ok(Self(record)),
            Content::Erased { .. } => Err(record),
        }
    }

    /// The event.
    pub fn event(&self) -> &Event {
        self.0.event().expect("checked by OpenRecord::new")
    }
}

impl Deref for OpenRecord {
    type Target = Recorded;

    fn deref(&self) -> &Recorded {
        &self.0
    }
}

/// The erasure of a key, and so of all content under that key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Erasure {
    /// When the key was destroyed.
    pub at: DateTime<Utc>,
    /// The legal ground, as a code of `[A-Za-z0-9]{1,64}`.
    pub basis: Arc<str>,
}

/// The content of a stored event. Its payload stays text until a reader asks for it: most readers
/// want the typed [`super::vocabulary::fact::Fact`], which is read from that text.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The event key: source and id.
    pub key: EventKey,
    /// The event's type.
    pub kind: Kind,
    /// The stream of the person or organisation that the event is about, as its `subject` names
    /// it. The copy of a merge lies in the other person's stream.
    pub subject: StreamName,
    /// When the event happened, with the sender's offset.
    pub time: DateTime<FixedOffset>,
    /// The schema version of the payload, if `dataschema` names one.
    schema: Option<&'static SchemaVersion>,
    /// The event as sent, in canonical form.
    text: Box<str>,
    /// Where `data` is in `text`.
    data: Range<usize>,
}

/// Stored bytes are not an event of this version's vocabulary: the log was written by a newer
/// version, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored event cannot be read by this version")]
pub struct Unreadable;

/// The members of an event that its readers always need.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// The stream of the organisation that an event of class O is about: its subject is
/// `facility:<code>` or `project:<code>`.
///
/// # Errors
/// [`Unreadable`] when the subject names no organisation.
pub fn organisation(canonical: &[u8]) -> Result<StreamName, Unreadable> {
    #[derive(Deserialize)]
    struct OnlySubject<'a> {
        #[serde(borrow)]
        subject: Cow<'a, str>,
    }

    let OnlySubject { subject } = serde_json::from_slice(canonical).map_err(|_| Unreadable)?;
    match StreamName::of_subject(&subject) {
        Ok(StreamName::Person(_)) | Err(_) => Err(Unreadable),
        Ok(name) => Ok(name),
    }
}

/// The `dataschema` of an event whose payload has this place in its text. Canonical form sorts the
/// members by name, so only members that begin with `data` can stand between the two. To read it
/// with the other attributes takes 1.7 % more of the time of all folds (callgrind).
fn dataschema(text: &str, data: &Range<usize>) -> Result<Option<String>, Unreadable> {
    #[derive(Deserialize)]
    struct OnlySchema {
        dataschema: Option<String>,
    }

    let behind = &text[data.end..];
    match behind.strip_prefix(r#","dataschema":"#) {
        Some(value) => {
            String::deserialize(&mut serde_json::Deserializer::from_str(value)).map(Some)
        }
        None if !data.is_empty() && !behind.starts_with(r#","data"#) => Ok(None),
        None => serde_json::from_str(text).map(|OnlySchema { dataschema }| dataschema),
    }
    .map_err(|_| Unreadable)
}

impl Event {
    /// Reads the canonical bytes of an accepted event.
    ///
    /// # Errors
    /// [`Unreadable`] when an attribute that every accepted event has is absent or malformed, or
    /// when `dataschema` names a version that only a newer ledger has.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(bytes).map_err(|_| Unreadable)?;
        if !(text.starts_with('{') && text.ends_with('}')) {
            return Err(Unreadable);
        }
        let envelope: Envelope = serde_json::from_str(text).map_err(|_| Unreadable)?;
        let data = envelope.data.map_or("", RawValue::get);
        // `data` borrows from `text`, so the difference of the addresses is its offset.
        let start = if data.is_empty() { 0 } else { data.as_ptr().addr() - text.as_ptr().addr() };
        let kind: Kind = envelope.kind.parse().map_err(|_| Unreadable)?;
        let data = start..start + data.len();
        let named = |dataschema: &str| kind.version(kind.version_number(dataschema)?);
        let schema = dataschema(text, &data)?.map(|name| named(&name).ok_or(Unreadable));
        Ok(Self {
            key: EventKey::new(&envelope.source, &envelope.id),
            kind,
            schema: schema.transpose()?,
            subject: StreamName::of_subject(&envelope.subject).map_err(|_| Unreadable)?,
            time: DateTime::parse_from_rfc3339(&envelope.time).map_err(|_| Unreadable)?,
            data,
            text: text.into(),
        })
    }

    /// The event as sent, in canonical form: a JSON object.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every member as sent, `data` among them.
    pub fn members(&self) -> Map<String, Value> {
        serde_json::from_str(&self.text).expect("checked by the validator")
    }

    /// The fact that the payload states, read in the newest version of its type.
    ///
    /// # Errors
    /// [`Undecodable`] when the payload is not one of its type.
    pub fn fact(&self) -> Result<Fact, Undecodable> {
        upcast::fact(self.kind, self.schema, self.data_text())
    }

    /// The payload as text, in the newest version of its type; as sent if it is not one of its
    /// type.
    pub fn newest_data_text(&self) -> Cow<'_, str> {
        let newest = upcast::newest_form(self.kind, self.schema, self.data_text());
        newest.unwrap_or(Cow::Borrowed(self.data_text()))
    }

    /// The payload; empty if the event has none.
    pub fn data(&self) -> Map<String, Value> {
        serde_json::from_str(self.data_text()).unwrap_or_default()
    }

    /// The payload as text; an empty object if the event has none.
    pub fn data_text(&self) -> &str {
        if self.data.is_empty() { "{}" } else { &self.text[self.data.clone()] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_wherever_the_attributes_stand() {
        let one = r#""dataschema":"urn:care-ledger:schema:cap.referred:1""#;
        let rows = [
            ("without payload", format!("{{{one}"), Some(1)),
            ("behind the payload", format!(r#"{{"data":{{}},{one}"#), Some(1)),
            ("behind its type", format!(r#"{{"data":{{}},"datacontenttype":"a/b",{one}"#), Some(1)),
            (
                "behind an extension",
                format!(r#"{{"alpha":"x","data":{{}},"datab":"x",{one}"#),
                Some(1),
            ),
            ("only inside the payload", format!(r#"{{"data":{{{one}}}"#), None),
            ("only another name", r#"{"data":{},"datas":"x""#.to_owned(), None),
            ("nowhere", r#"{"alpha":"x""#.to_owned(), None),
        ];
        for (why, begin, expected) in rows {
            let rest = r#""id":"i","source":"urn:x","specversion":"1.0",
                "subject":"3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e","time":"2026-03-01T10:00:00Z",
                "type":"cap.referred"}"#;
            let event = Event::from_canonical(format!("{begin},{rest}").as_bytes()).unwrap();
            assert_eq!(event.schema.map(|version| version.number), expected, "{why}");
            let newer = format!("{begin},{rest}").replace("referred:1", "referred:9");
            assert_eq!(
                Event::from_canonical(newer.as_bytes()).is_ok(),
                expected.is_none(),
                "{why}"
            );
        }
    }
}
