//! The body of an item: the answer about one person, without the moment that the list says for all.
//! Always: each member of the answer stays a value of its own, which can be left out for a reader
//! who may not see it; the members stand in the order of their names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::id::{PersonId, Revision};

/// Members of an answer that the list says once for all of its items.
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

    /// A person whom the routes about one person refuse as well; `code` is that problem's.
    pub(super) fn unanswered(person: PersonId, code: &str) -> Self {
        Self::of(&Unanswered { person, unanswered: code })
    }

    fn of(answer: &impl Serialize) -> Self {
        // By way of values, whose members are in the order of their names at every depth.
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
