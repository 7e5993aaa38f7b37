//! The body of an item: the answer about one person, without the moment that the list states once
//! for all items.
//! Always: each member of the answer stays a separate value, so a member that a reader may not see
//! can be left out; the members are sorted by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::id::{PersonId, Revision};

/// The members of an answer that the list states once for all items.
const SAID_BY_THE_LIST: [&str; 2] = ["at", "known"];

/// The members of an answer about one person, by name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemBody(BTreeMap<String, Box<RawValue>>);

#[derive(Serialize)]
struct Answered<'a, T> {
    person: PersonId,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<Revision>,
    #[serde(flatten)]
    answer: &'a T,
}

#[derive(Serialize)]
struct Unanswered<'a> {
    person: PersonId,
    unanswered: &'a str,
}

impl ItemBody {
    /// An answer about a person, as of a revision of that person's stream.
    pub(super) fn answered(
        person: PersonId,
        revision: Option<Revision>,
        answer: &impl Serialize,
    ) -> Self {
        Self::of(&Answered { person, revision, answer })
    }

    /// A person without an answer: the routes about one person refuse this person too, with the
    /// problem that has this code.
    pub(super) fn unanswered(person: PersonId, code: &str) -> Self {
        Self::of(&Unanswered { person, unanswered: code })
    }

    fn of(answer: &impl Serialize) -> Self {
        // Converted through JSON values, whose members are sorted by name at every depth.
        let answer = serde_json::to_value(answer).expect("an answer serialises into memory");
        let serde_json::Value::Object(members) = answer else { return Self(BTreeMap::new()) };
        let raw = |value| serde_json::value::to_raw_value(&value).expect("serialises into memory");
        let members = members.into_iter().map(|(name, value)| (name, raw(value)));
        Self(members.filter(|(name, _)| !SAID_BY_THE_LIST.contains(&name.as_str())).collect())
    }

    /// The bytes of all members, by which pages are cut.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.get().len()).sum()
    }
}
