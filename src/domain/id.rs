//! Names of things: persons, events, places in the log.
//! Always: inside the crate no id is a bare `String`, no position a bare `u64`.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, SecondsFormat, Timelike as _, Utc};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// The pseudonym of a person: a UUID, never a name or a national number. One person, one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(Uuid);

impl PersonId {
    /// Takes a UUID as a pseudonym.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The 16 bytes, as they stand in a record's clear part.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The reverse of [`PersonId::as_bytes`].
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is not a UUID in its hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")]
pub struct NotAPerson;

impl FromStr for PersonId {
    type Err = NotAPerson;

    /// Reads the hyphenated form only, in either case. A pseudonym is always written in lower case.
    fn from_str(text: &str) -> Result<Self, NotAPerson> {
        if text.len() != 36 {
            return Err(NotAPerson);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| NotAPerson)
    }
}

/// The identity of an event: its `source` and `id`. Two events with one key are the same event
/// (CloudEvents 1.0, 3.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct EventKey {
    /// The system that sent the event.
    pub source: Arc<str>,
    /// The sending system's id for the event.
    pub id: Arc<str>,
}

impl EventKey {
    /// Builds a key from its two parts.
    pub fn new(source: &str, id: &str) -> Self {
        Self { source: source.into(), id: id.into() }
    }
}

/// The keyed hash of an [`EventKey`]. The duplicate index holds this hash instead of the key, so
/// that nothing of a sender's id survives an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DedupKey(pub [u8; 32]);

/// A map by dedup key, or by part of a dedup key.
pub type DedupKeyMap<V, K = DedupKey> = HashMap<K, V, ByDedupKey>;

/// The hasher of a [`DedupKeyMap`]: takes the first bytes of a dedup key as its hash. Dedup keys
/// are keyed hashes, so no sender can choose keys that collide.
pub type ByDedupKey = BuildHasherDefault<OwnBytes>;

/// The state of [`ByDedupKey`]: the first eight bytes of the key.
#[derive(Debug, Clone, Copy, Default)]
pub struct OwnBytes(u64);

impl Hasher for OwnBytes {
    /// The last write counts: the length of a dedup key, always the same, is written before the
    /// key itself.
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The rank of a record in the log, from 1, without gaps: the same in a folder, on every replica of
/// a cluster, and after a move between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// The position before the first record.
    pub const START: Self = Self(0);

    /// Takes a rank as a position.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The rank.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The position just before this one; `None` for [`Position::START`].
    pub const fn previous(self) -> Option<Self> {
        match self.0.checked_sub(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Position {
    /// Writes the rank as a string, which callers treat as opaque.
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(self)
    }
}

/// The text is no position of this ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position of this ledger")]
pub struct NotAPosition;

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotAPosition);
        }
        // Too large a number is beyond the end of every log, as the largest one is.
        Ok(Self(text.parse().unwrap_or(u64::MAX)))
    }
}

/// The place of a record in its stream, from 0, without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// The number of a content key among the keys of one stream and class; 0: the content is not
/// encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyGeneration(pub u32);

/// When the ledger recorded an event: microseconds since 1970 UTC. With one writer the time rises
/// with position, so the records known at an instant are a prefix of the log. With several writers
/// (a cluster) the time rises within a stream only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordedTime(i64);

impl RecordedTime {
    /// Makes a time from microseconds since 1970 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The instant, for comparison and display.
    pub fn instant(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

impl Serialize for RecordedTime {
    /// Writes the instant as an RFC 3339 string.
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(self)
    }
}

impl fmt::Display for RecordedTime {
    /// Writes RFC 3339 in UTC with six decimals. All texts have the same length, so text order is
    /// time order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = self.instant();
        let Ok(year @ 0..=9999) = u32::try_from(instant.year()) else {
            return f.write_str(&instant.to_rfc3339_opts(SecondsFormat::Micros, true));
        };
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let parts = [
            (0..4, year),
            (5..7, instant.month()),
            (8..10, instant.day()),
            (11..13, instant.hour()),
            (14..16, instant.minute()),
            (17..19, instant.second()),
            (20..26, instant.timestamp_subsec_micros()),
        ];
        for (place, mut number) in parts {
            for digit in text[place].iter_mut().rev() {
                *digit += (number % 10) as u8;
                number /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_one_spelling() {
        let lower: PersonId = "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e".parse().unwrap();
        let upper: PersonId = "3F2C1D6E-0F5B-4D43-9A3E-0A6F6C1B2D3E".parse().unwrap();
        assert_eq!(lower, upper);
        assert_eq!(upper.to_string(), "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e");
        for wrong in ["", "3f2c1d6e0f5b4d439a3e0a6f6c1b2d3e", "urn:uuid:x", "85.07.30-033.28"] {
            assert_eq!(wrong.parse::<PersonId>(), Err(NotAPerson), "{wrong}");
        }
    }

    #[test]
    fn recorded_times_order_as_text() {
        let early = RecordedTime::from_micros(1_790_000_000_000_001);
        let late = RecordedTime::from_micros(1_790_000_000_100_000);
        assert!(early.to_string() < late.to_string());
        assert_eq!(early.to_string().len(), late.to_string().len());
    }

    #[test]
    fn recorded_times_are_written_as_rfc_3339() {
        for micros in [0, -1, 1_790_000_000_000_001, 951_782_400_000_000, i64::MIN, i64::MAX] {
            let time = RecordedTime::from_micros(micros);
            let expected = time.instant().to_rfc3339_opts(SecondsFormat::Micros, true);
            assert_eq!(time.to_string(), expected, "{micros}");
        }
    }

    #[test]
    fn only_digits_are_a_position() {
        for wrong in ["", "-1", "+1", "1.0", " 1"] {
            assert_eq!(wrong.parse::<Position>(), Err(NotAPosition), "{wrong}");
        }
        assert_eq!("42".parse(), Ok(Position::new(42)));
        assert_eq!("99999999999999999999".parse(), Ok(Position::new(u64::MAX)));
    }
}
