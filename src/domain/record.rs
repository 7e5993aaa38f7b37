//! The bytes of a record, as they are stored, committed to and disclosed.
//! Always: `clear ‖ tag ‖ nonce ‖ sealed ‖ recordedby ‖ recordedtime`; position and revision are
//! not in it.
//! Format 0: the sealed part, `salt ‖ JCS(event)`, is not encrypted and the nonce is zero.
//!
//! ```text
//! offset  length  part
//!      0       1  format (0)
//!      1       1  class: J, C, A, S or O
//!      2       4  key generation, big-endian (0 in format 0)
//!      6      16  stream: the person's UUID, or of class O a keyed hash of its name
//!     22      32  dedup key: keyed BLAKE3 of source and id
//!     54      32  tag: BLAKE3 keyed by the salt, over JCS(event)
//!     86      24  nonce
//!    110      32  salt            ┐ sealed
//!    142       n  JCS(event)      ┘
//!  142+n       8  recordedby: keyed BLAKE3 of the credential that recorded (zero: none yet)
//!  150+n       8  recordedtime, microseconds since 1970 UTC, big-endian
//! ```

use super::event::{self, Draft, Unreadable};
use super::id::{DedupKey, EventKey, KeyGeneration, PersonId, RecordedTime};
use super::stream::{StreamId, StreamName};
use super::vocabulary::kind::Class;

/// The first byte of a record.
pub const FORMAT: u8 = 0;

/// The length of the clear part, which ends with the dedup key.
pub const CLEAR_BYTES: usize = TAG;

const CLASS: usize = 1;
const GENERATION: usize = 2;
const STREAM: usize = 6;
const DEDUP_KEY: usize = 22;
const TAG: usize = 54;
const NONCE: usize = 86;
const SALT: usize = 110;
const EVENT: usize = 142;
const RECORDED_BY_BYTES: usize = 8;
const RECORDED_TIME_BYTES: usize = 8;

/// The length of what follows the event.
const TAIL_BYTES: usize = RECORDED_BY_BYTES + RECORDED_TIME_BYTES;

/// Hashes an event key under the ledger's `dedup_hash_key`, so that the stored dedup key reveals
/// nothing about the sender's id. Each text is hashed behind its length, so that no two event keys
/// give the same bytes.
pub fn dedup_key(dedup_hash_key: &[u8; 32], key: &EventKey) -> DedupKey {
    hash_event_key(dedup_hash_key, key, &[])
}

/// The dedup key of the copy of a merge, which lies in the other person's stream.
pub fn dedup_key_of_copy(dedup_hash_key: &[u8; 32], key: &EventKey, stream: PersonId) -> DedupKey {
    hash_event_key(dedup_hash_key, key, stream.as_bytes())
}

fn hash_event_key(dedup_hash_key: &[u8; 32], key: &EventKey, stream: &[u8]) -> DedupKey {
    let mut hasher = blake3::Hasher::new_keyed(dedup_hash_key);
    hasher.update(&(key.source.len() as u64).to_be_bytes());
    hasher.update(key.source.as_bytes());
    hasher.update(&(key.id.len() as u64).to_be_bytes());
    hasher.update(key.id.as_bytes());
    hasher.update(stream);
    DedupKey(hasher.finalize().into())
}

/// A record without its `recordedby` and `recordedtime`. The writer of the store adds both when it
/// gives the record its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnstampedRecord {
    /// The keyed hash of the event key (source and id).
    pub dedup_key: DedupKey,
    /// Everything before `recordedby`.
    pub head: Vec<u8>,
}

impl UnstampedRecord {
    /// Lays out a draft for the person's own stream or, as the copy of a merge, for the stream of
    /// the other person.
    pub fn new(draft: &Draft, stream: StreamId, dedup_key: DedupKey, salt: &[u8; 32]) -> Self {
        let mut head = Vec::with_capacity(EVENT + draft.canonical.len() + TAIL_BYTES);
        head.push(FORMAT);
        head.push(draft.class.letter());
        head.extend_from_slice(&[0; 4]);
        head.extend_from_slice(stream.as_bytes());
        head.extend_from_slice(&dedup_key.0);
        head.extend_from_slice(blake3::keyed_hash(salt, &draft.canonical).as_bytes());
        head.extend_from_slice(&[0; SALT - NONCE]);
        head.extend_from_slice(salt);
        head.extend_from_slice(&draft.canonical);
        Self { dedup_key, head }
    }

    /// The stream that the record goes to.
    pub fn stream_id(&self) -> StreamId {
        StreamId::from_bytes(array(&self.head[STREAM..DEDUP_KEY]))
    }

    /// Adds `recordedby` and `recordedtime`, and returns the complete bytes of the record.
    pub fn stamp(mut self, recorded: RecordedTime) -> Vec<u8> {
        self.head.extend_from_slice(&[0; RECORDED_BY_BYTES]);
        self.head.extend_from_slice(&recorded.micros().to_be_bytes());
        self.head
    }
}

/// The BLAKE3 hash of a record. The log of hashes commits to this hash.
pub fn commitment(record: &[u8]) -> blake3::Hash {
    blake3::hash(record)
}

/// A record's bytes, read in place.
#[derive(Debug, Clone, Copy)]
pub struct View<'a>(&'a [u8]);

impl<'a> View<'a> {
    /// Reads stored bytes as a record, without copying them.
    ///
    /// # Errors
    /// [`Unreadable`] for another format, an unknown class, or bytes too short to be a record.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let long_enough = bytes.len() >= EVENT + TAIL_BYTES;
        if !long_enough || bytes[0] != FORMAT {
            return Err(Unreadable);
        }
        Class::from_letter(bytes[CLASS]).ok_or(Unreadable)?;
        Ok(Self(bytes))
    }

    /// The stream that the record lies in.
    pub fn stream_id(self) -> StreamId {
        StreamId::from_bytes(array(&self.0[STREAM..DEDUP_KEY]))
    }

    /// The person in whose stream the record lies; `None`: the record is about an organisation
    /// (class O).
    pub fn person(self) -> Option<PersonId> {
        let is_of_person = self.class() != Class::Organisational;
        is_of_person.then(|| PersonId::from_bytes(array(&self.0[STREAM..DEDUP_KEY])))
    }

    /// The keyed hash of the event key (source and id).
    pub fn dedup_key(self) -> DedupKey {
        DedupKey(array(&self.0[DEDUP_KEY..TAG]))
    }

    /// The class, which says who may read the record.
    pub fn class(self) -> Class {
        Class::from_letter(self.0[CLASS]).expect("checked by View::new")
    }

    /// The generation of the key of this stream and class under which the content is sealed.
    pub fn generation(self) -> KeyGeneration {
        KeyGeneration(u32::from_be_bytes(array(&self.0[GENERATION..STREAM])))
    }

    /// The RFC 8785 bytes of the event.
    pub fn canonical(self) -> &'a [u8] {
        &self.0[EVENT..self.0.len() - TAIL_BYTES]
    }

    /// A keyed hash of the credential that sent the event; zero if there was none.
    pub fn recorded_by(self) -> [u8; 8] {
        let end = self.0.len() - RECORDED_TIME_BYTES;
        array(&self.0[end - RECORDED_BY_BYTES..end])
    }

    /// When the ledger recorded the event.
    pub fn recorded_at(self) -> RecordedTime {
        let tail = &self.0[self.0.len() - RECORDED_TIME_BYTES..];
        RecordedTime::from_micros(i64::from_be_bytes(array(tail)))
    }

    /// Whether the tag is the hash of the event under the salt of the record.
    pub fn tag_holds(self) -> bool {
        let salt: [u8; 32] = array(&self.0[SALT..EVENT]);
        blake3::keyed_hash(&salt, self.canonical()) == array::<32>(&self.0[TAG..NONCE])
    }
}

/// The name of the stream that a record lies in. The clear part of a record about an organisation
/// has only a hash of the name, so the name is read from the subject of the event.
///
/// # Errors
/// [`Unreadable`] when the subject of an event about an organisation names no stream.
pub fn stream_name(view: View<'_>) -> Result<StreamName, Unreadable> {
    match view.person() {
        Some(person) => Ok(StreamName::Person(person)),
        None => event::organisation(view.canonical()),
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the length is checked by View::new")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Event;
    use crate::domain::stream::Stream;
    use crate::domain::vocabulary::kind::Kind;

    fn person() -> PersonId {
        "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e".parse().unwrap()
    }

    fn draft() -> Draft {
        let canonical = br#"{"data":{},"id":"e1","source":"urn:test","specversion":"1.0",
            "subject":"3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e","time":"2026-03-01T10:00:00+01:00",
            "type":"death.recorded"}"#;
        Draft {
            stream: person().into(),
            key: EventKey::new("urn:test", "e1"),
            kind: Kind::DeathRecorded,
            class: Class::Judicial,
            canonical: canonical.to_vec(),
            mirror: None,
        }
    }

    #[test]
    fn what_is_laid_out_reads_back() {
        let draft = draft();
        let dedup_key = dedup_key(&[7; 32], &draft.key);
        let recorded = RecordedTime::from_micros(1_790_000_000_000_000);
        let bytes =
            UnstampedRecord::new(&draft, person().into(), dedup_key, &[9; 32]).stamp(recorded);
        let view = View::new(&bytes).unwrap();
        assert_eq!(
            (view.person(), view.dedup_key(), view.class()),
            (Some(person()), dedup_key, draft.class)
        );
        assert_eq!(view.stream_id(), person().into());
        assert_eq!(stream_name(view), Ok(draft.stream));
        assert_eq!((view.canonical(), view.recorded_at()), (&draft.canonical[..], recorded));
        assert!(view.tag_holds());
        assert_eq!(view.generation(), KeyGeneration(0));
        let event = Event::from_canonical(view.canonical()).unwrap();
        assert_eq!((event.key, event.kind), (draft.key, draft.kind));
        assert_eq!(view.recorded_by(), [0; 8]);
    }

    #[test]
    fn a_record_about_an_organisation_has_no_person() {
        let name: StreamName = "facility-leuvenHulp".parse().unwrap();
        let stream = Stream::named(name.clone(), &[5; 32]);
        let rows = [
            (&br#"{"subject":"facility:leuvenHulp"}"#[..], Ok(name)),
            (br#"{"subject":"person:3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e"}"#, Err(Unreadable)),
            (br#"{"subject":"facility-leuvenHulp"}"#, Err(Unreadable)),
            (b"{}", Err(Unreadable)),
        ];
        for (canonical, expected) in rows {
            let class = Class::Organisational;
            let draft = Draft { class, canonical: canonical.to_vec(), ..draft() };
            let unstamped = UnstampedRecord::new(&draft, stream.id(), DedupKey([1; 32]), &[9; 32]);
            assert_eq!(unstamped.stream_id(), stream.id());
            let bytes = unstamped.stamp(RecordedTime::from_micros(1));
            let view = View::new(&bytes).unwrap();
            assert_eq!((view.stream_id(), view.person()), (stream.id(), None));
            assert_eq!(stream_name(view), expected);
        }
    }

    #[test]
    fn every_flipped_byte_of_the_sealed_part_breaks_the_tag() {
        let draft = draft();
        let dedup_key = dedup_key(&[7; 32], &draft.key);
        let bytes = UnstampedRecord::new(&draft, person().into(), dedup_key, &[9; 32])
            .stamp(RecordedTime::from_micros(1));
        for place in SALT..bytes.len() - TAIL_BYTES {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            assert!(!View::new(&flipped).unwrap().tag_holds(), "byte {place}");
        }
    }

    #[test]
    fn no_two_event_keys_share_a_dedup_key() {
        let key = [7; 32];
        let rows = [("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", "")];
        let mut dedup_keys: Vec<_> =
            rows.map(|(s, i)| dedup_key(&key, &EventKey::new(s, i))).to_vec();
        dedup_keys.push(dedup_key_of_copy(&key, &EventKey::new("ab", "c"), person()));
        let count = dedup_keys.len();
        dedup_keys.sort();
        dedup_keys.dedup();
        assert_eq!(dedup_keys.len(), count);
    }

    #[test]
    fn other_formats_and_stubs_are_not_read() {
        assert!(View::new(&[]).is_err());
        assert!(View::new(&[1; 200]).is_err());
        assert!(View::new(&[0; 200]).is_err(), "class 0");
    }
}
