//! A care event as a program sees it.
//! Always: what a program reads follows from the record alone; each part is made when the program
//! asks for it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, SecondsFormat, Timelike as _};
use serde_json::value::RawValue;

use super::event::ScriptEvent;
use crate::domain::event::{Event, OpenRecord};
use crate::domain::time::calendar::{date_of, local_time};
use crate::domain::vocabulary::schemas::instant_members;
use crate::projection::view::Delivered;

/// The name of the members of an event that are its payload.
const DATA: &str = "data";

/// See the module.
pub struct CareEvent {
    delivered: Delivered,
    stream: String,
    /// The payload in the newest version of its type, if that is not the payload as delivered.
    newest: OnceCell<Option<Box<str>>>,
}

impl CareEvent {
    /// The event of a record that a view delivers.
    pub fn new(delivered: Delivered) -> Self {
        let stream = delivered.stream().to_string();
        Self { delivered, stream, newest: OnceCell::new() }
    }

    /// The record as it was told.
    pub fn record(&self) -> &OpenRecord {
        self.delivered.record()
    }

    fn event(&self) -> &Event {
        self.record().event()
    }

    /// The civil dates of the event in Brussels, and the minute of its day: JSON text.
    fn civil(&self) -> String {
        let event = self.event();
        let time = local_time(self.delivered.time().to_utc());
        let recorded = date_of(self.record().recorded_at.instant());
        let mut civil: BTreeMap<&str, String> = BTreeMap::new();
        let members = instant_members(event.kind);
        if !members.is_empty() {
            // No member of the vocabulary has a name with an escape.
            let data: BTreeMap<&str, &RawValue> =
                serde_json::from_str(self.payload()).unwrap_or_default();
            for name in members {
                let text = data.get(name.as_str()).map(|raw| raw.get().trim_matches('"'));
                let instant = text.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
                if let Some(instant) = instant {
                    civil.insert(name, quoted(date_of(instant.to_utc())));
                }
            }
        }
        civil.insert("minute", (time.hour() * 60 + time.minute()).to_string());
        civil.insert("recordedtime", quoted(recorded));
        civil.insert("time", quoted(time.date_naive()));
        object(civil.iter().map(|(name, text)| (*name, text.as_str())))
    }

    fn payload(&self) -> &str {
        if let Some(corrected) = self.delivered.corrected_data() {
            return corrected;
        }
        let newest = self.newest.get_or_init(|| match self.event().newest_data_text() {
            Cow::Owned(text) => Some(text.into()),
            Cow::Borrowed(_) => None,
        });
        newest.as_deref().unwrap_or_else(|| self.event().data_text())
    }
}

impl ScriptEvent for CareEvent {
    fn stream(&self) -> &str {
        &self.stream
    }

    fn event_type(&self) -> &str {
        self.event().kind.code()
    }

    fn sequence_number(&self) -> u64 {
        self.delivered.number()
    }

    fn created(&self) -> String {
        // RFC 3339 with six decimals; the seventh is always 0.
        let text = self.delivered.created().to_string();
        format!("{}0Z", text.trim_end_matches('Z'))
    }

    fn event_id(&self) -> String {
        let key = &self.event().key;
        let mut hash = blake3::Hasher::new();
        hash.update(key.source.as_bytes()).update(&[0]).update(key.id.as_bytes());
        let hash = hash.finalize();
        let bytes = hash.as_bytes().first_chunk().expect("a hash has 32 bytes");
        uuid::Builder::from_custom_bytes(*bytes).into_uuid().to_string()
    }

    fn is_json(&self) -> bool {
        true
    }

    /// The payload as it was sent, in canonical form. An event whose type asks for no payload may
    /// come without: it has an empty one, so that handlers see it.
    fn body(&self) -> Option<&str> {
        Some(self.event().data_text())
    }

    fn data(&self) -> Option<&str> {
        Some(self.payload())
    }

    fn metadata(&self) -> Option<String> {
        let members: BTreeMap<&str, &RawValue> =
            serde_json::from_str(self.event().text()).expect("checked by the validator");
        let mut texts: BTreeMap<&str, &str> =
            members.iter().map(|(name, raw)| (*name, raw.get())).collect();
        texts.remove(DATA);
        let civil = self.civil();
        let position = self.record().position.number().to_string();
        let recorded = quoted(self.record().recorded_at);
        texts.extend([("civil", &*civil), ("position", &*position), ("recordedtime", &*recorded)]);
        let time = self.delivered.time();
        let time = (time != self.event().time)
            .then(|| quoted(time.to_rfc3339_opts(SecondsFormat::AutoSi, true)));
        texts.extend(time.as_deref().map(|time| ("time", time)));
        let corrected_by = self.delivered.corrected_by().map(|record| key_json(record.event()));
        texts.extend(corrected_by.as_deref().map(|by| ("correctedby", by)));
        Some(object(texts.into_iter()))
    }
}

/// The key of an event, as the metadata of another names it.
fn key_json(event: &Event) -> String {
    let [id, source] = [&event.key.id, &event.key.source]
        .map(|text| serde_json::to_string(&**text).expect("a text serialises into memory"));
    object([("id", &*id), ("source", &*source)].into_iter())
}

/// A text that needs no escapes, in quotes.
fn quoted(text: impl fmt::Display) -> String {
    format!("\"{text}\"")
}

/// A JSON object of members in order, whose names need no escapes: those of attributes are letters
/// and digits. With sorted names and canonical values this is RFC 8785.
fn object<'t>(members: impl Iterator<Item = (&'t str, &'t str)>) -> String {
    let mut text = String::from("{");
    for (name, value) in members {
        let separator = if text.len() > 1 { "," } else { "" };
        for part in [separator, "\"", name, "\":", value] {
            text.push_str(part);
        }
    }
    text + "}"
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::domain::event::{Content, Recorded};
    use crate::domain::id::{Position, RecordedTime, Revision};

    fn told(text: &str) -> CareEvent {
        // Canonical form has no white space.
        let text: String = text.split_whitespace().collect();
        let event = Event::from_canonical(text.as_bytes()).unwrap();
        let record = Recorded {
            stream: event.subject.clone(),
            revision: Revision(3),
            position: Position::new(17),
            recorded_at: RecordedTime::from_micros(1_774_738_800_000_001),
            content: Content::Open(event),
        };
        CareEvent::new(Delivered::told(OpenRecord::new(Arc::new(record)).unwrap()))
    }

    const VERIFIED: &str = r#"{"data":{"doseMicrograms":60000,"formulation":"oralSolution",
        "intervalDays":1,"lastDoseAt":"2026-03-28T22:59:00Z","product":"methadone",
        "provider":"msocGent"},"id":"a","source":"urn:x","specversion":"1.0",
        "subject":"3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e","time":"2026-03-28T23:30:00Z",
        "type":"substitution.verified"}"#;

    #[test]
    fn civil_dates_are_those_of_brussels() {
        let metadata: Value = serde_json::from_str(&told(VERIFIED).metadata().unwrap()).unwrap();
        let civil = json!({
            "lastDoseAt": "2026-03-28", "minute": 30, "recordedtime": "2026-03-29",
            "time": "2026-03-29",
        });
        assert_eq!(metadata["civil"], civil);
        assert_eq!(metadata["position"], 17);
        assert_eq!(metadata["source"], "urn:x");
        assert!(metadata.get("data").is_none());
    }

    #[test]
    fn the_members_follow_from_the_record() {
        let told = told(VERIFIED);
        assert_eq!(told.stream(), "person-3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e");
        assert_eq!(told.sequence_number(), 3);
        assert_eq!(told.created(), "2026-03-28T23:00:00.0000010Z");
        let id: uuid::Uuid = told.event_id().parse().unwrap();
        assert_eq!((id.get_version_num(), id.get_variant()), (8, uuid::Variant::RFC4122));
        assert_ne!(told.event_id(), self::told(&VERIFIED.replace("urn:x", "urn:y")).event_id());
    }

    #[test]
    fn an_older_payload_has_its_newest_form() {
        let sent = r#"{"data":{"reasonCode":"R1"},
            "dataschema":"urn:care-ledger:schema:residential.droppedOut:1","id":"a",
            "source":"urn:x","specversion":"1.0",
            "subject":"3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e","time":"2026-03-28T23:30:00Z",
            "type":"residential.droppedOut"}"#;
        let told = told(sent);
        assert_eq!(told.body(), Some(r#"{"reasonCode":"R1"}"#));
        assert_eq!(told.data(), Some("{}"));
    }
}
