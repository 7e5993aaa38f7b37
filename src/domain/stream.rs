//! Streams: the parts of the log, one for each person, facility and project.
//! Always: a stream has one name; its id follows from the name and the ledger's key.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::choices::choices;
use super::id::PersonId;
use super::vocabulary::code::Code;

/// The longest code in the name of a stream; the schemas allow codes of the same length.
const CODE_BYTES_MAX: usize = 100;

choices! {
    /// The category of a stream: what its records are about.
    StreamCategory:
        /// One person.
        Person = "person",
        /// One facility.
        Facility = "facility",
        /// One project.
        Project = "project",
}

/// The name of a stream: a category and a key, such as `person-<uuid>` or `facility-<code>`. Cheap
/// to clone and to compare.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StreamName {
    /// All records about one person.
    Person(PersonId),
    /// All records about one facility.
    Facility(Code),
    /// All records about one project.
    Project(Code),
}

impl StreamName {
    /// The beginnings of names, each a category and a hyphen: of persons, facilities, projects.
    pub const PREFIXES: [&str; 3] = ["person-", "facility-", "project-"];

    /// The category of the stream.
    pub const fn category(&self) -> StreamCategory {
        match self {
            Self::Person(_) => StreamCategory::Person,
            Self::Facility(_) => StreamCategory::Facility,
            Self::Project(_) => StreamCategory::Project,
        }
    }

    /// The person whom the stream is about; `None`: it is about an organisation.
    pub const fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person(person) => Some(*person),
            Self::Facility(_) | Self::Project(_) => None,
        }
    }

    /// The stream that an event with this `subject` goes to: a person's UUID, or
    /// `facility:<code>` or `project:<code>`.
    ///
    /// # Errors
    /// [`NotAStream`] for any other text.
    pub fn of_subject(subject: &str) -> Result<Self, NotAStream> {
        if let Ok(person) = subject.parse() {
            return Ok(Self::Person(person));
        }
        match subject.split_once(':') {
            Some(("facility", key)) => code(key).map(Self::Facility),
            Some(("project", key)) => code(key).map(Self::Project),
            _ => Err(NotAStream),
        }
    }

    /// The `subject` of the events in this stream.
    pub const fn subject(&self) -> Subject<'_> {
        Subject(self)
    }

    fn prefix(&self) -> &'static str {
        let [person, facility, project] = Self::PREFIXES;
        match self {
            Self::Person(_) => person,
            Self::Facility(_) => facility,
            Self::Project(_) => project,
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())?;
        match self {
            Self::Person(person) => person.fmt(f),
            Self::Facility(code) | Self::Project(code) => code.fmt(f),
        }
    }
}

impl From<PersonId> for StreamName {
    fn from(person: PersonId) -> Self {
        Self::Person(person)
    }
}

/// The `subject` by which events name a stream: a person's UUID, `facility:<code>` or
/// `project:<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a>(&'a StreamName);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            StreamName::Person(person) => person.fmt(f),
            StreamName::Facility(code) => write!(f, "facility:{code}"),
            StreamName::Project(code) => write!(f, "project:{code}"),
        }
    }
}

impl Serialize for Subject<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(self)
    }
}

/// The text is not the name of a stream: see [`StreamName`] for the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a stream of the form person-<uuid>, facility-<code> or project-<code>")]
pub struct NotAStream;

impl FromStr for StreamName {
    type Err = NotAStream;

    fn from_str(text: &str) -> Result<Self, NotAStream> {
        let [person, facility, project] = Self::PREFIXES.map(|prefix| text.strip_prefix(prefix));
        match (person, facility, project) {
            (Some(key), ..) => key.parse().map(Self::Person).map_err(|_| NotAStream),
            (_, Some(key), _) => code(key).map(Self::Facility),
            (.., Some(key)) => code(key).map(Self::Project),
            (None, None, None) => Err(NotAStream),
        }
    }
}

fn code(key: &str) -> Result<Code, NotAStream> {
    let is_code = key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.len() <= CODE_BYTES_MAX
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_code { Ok(Code(key.into())) } else { Err(NotAStream) }
}

impl Serialize for StreamName {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamName {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(reader)?.parse().map_err(D::Error::custom)
    }
}

/// The 16 bytes by which a record names its stream: the UUID of a person, or the keyed hash of the
/// name of another stream. The class of the record says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId([u8; 16]);

impl Hash for StreamId {
    /// Hashes the bytes alone. The derived code would also hash their number, which is always 16:
    /// 227 instructions a hash instead of 159 (callgrind).
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

impl StreamId {
    /// The bytes, as they stand in a record's clear part.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The reverse of [`StreamId::as_bytes`].
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl From<PersonId> for StreamId {
    fn from(person: PersonId) -> Self {
        Self(*person.as_bytes())
    }
}

/// A stream: its name, and the id that follows from the name. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    name: StreamName,
    id: StreamId,
}

impl Stream {
    /// The stream of a person. Its id is the person's UUID, so no key is needed.
    pub fn person(person: PersonId) -> Self {
        Self { name: StreamName::Person(person), id: person.into() }
    }

    /// The stream with this name. `stream_hash_key` is the ledger's key for names of streams.
    pub fn named(name: StreamName, stream_hash_key: &[u8; 32]) -> Self {
        let hash = match &name {
            StreamName::Person(person) => return Self::person(*person),
            other => blake3::keyed_hash(stream_hash_key, other.to_string().as_bytes()),
        };
        let (id, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        Self { name, id: StreamId(*id) }
    }

    /// The name under which a cluster stores the stream.
    pub fn name(&self) -> &StreamName {
        &self.name
    }

    /// The id by which records name the stream.
    pub fn id(&self) -> StreamId {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: &str = "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e";

    fn names() -> [StreamName; 3] {
        let code = || Code("leuvenHulp".into());
        [
            StreamName::Person(PERSON.parse().unwrap()),
            StreamName::Facility(code()),
            StreamName::Project(code()),
        ]
    }

    #[test]
    fn names_read_back() {
        let texts = [&format!("person-{PERSON}"), "facility-leuvenHulp", "project-leuvenHulp"];
        for (name, text) in names().into_iter().zip(texts) {
            assert_eq!(name.to_string(), text);
            assert_eq!(text.parse(), Ok(name.clone()));
            let json = serde_json::to_string(&name).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<StreamName>(&json).unwrap(), name);
        }
    }

    #[test]
    fn subjects_read_back() {
        let texts = [PERSON, "facility:leuvenHulp", "project:leuvenHulp"];
        for (name, text) in names().into_iter().zip(texts) {
            assert_eq!(name.subject().to_string(), text);
            assert_eq!(StreamName::of_subject(text), Ok(name));
        }
        for wrong in [
            "",
            ":",
            "facility:",
            "facility:Leuven",
            "facility:leuven:hulp",
            "facility-leuven",
            "leuven",
            "house:leuven",
            &format!("person:{PERSON}"),
        ] {
            assert_eq!(StreamName::of_subject(wrong), Err(NotAStream), "{wrong}");
        }
    }

    #[test]
    fn wrong_names_are_refused() {
        let too_long = format!("facility-{}", "a".repeat(CODE_BYTES_MAX + 1));
        let without_hyphens = format!("person-{}", PERSON.replace('-', ""));
        let rows = [
            "",
            "person-",
            "facility-",
            "project-",
            "person",
            PERSON,
            "facilityx",
            "person-leuven",
            "house-leuven",
            "Facility-leuven",
            "facility-Leuven",
            "facility-leuven-hulp",
            "facility-1",
            "facility-leuvén",
            "facility- leuven",
            "$facility-leuven",
            &too_long,
            &without_hyphens,
        ];
        for wrong in rows {
            assert_eq!(wrong.parse::<StreamName>(), Err(NotAStream), "{wrong}");
            assert!(serde_json::from_value::<StreamName>(wrong.into()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_id_is_the_persons_uuid_or_differs_by_key_and_by_name() {
        let [person, facility, project] = names();
        let id = |name: &StreamName, key: u8| Stream::named(name.clone(), &[key; 32]).id();
        let uuid: PersonId = PERSON.parse().unwrap();
        assert_eq!(id(&person, 1).as_bytes(), uuid.as_bytes());
        assert_eq!(id(&person, 1), id(&person, 2));
        let other = StreamName::Facility(Code("gentHulp".into()));
        let mut ids = vec![id(&person, 1)];
        for name in [&facility, &project, &other] {
            assert_eq!(id(name, 1), id(name, 1));
            ids.extend([id(name, 1), id(name, 2)]);
        }
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        let hash = blake3::keyed_hash(&[1; 32], b"facility-leuvenHulp");
        assert_eq!(id(&facility, 1).as_bytes(), &hash.as_bytes()[..16]);
    }
}
