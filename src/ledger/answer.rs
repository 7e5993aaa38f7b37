//! The answers about one person, as JSON: the same for the service and the command line.
//! Always: an answer says of which moment it speaks (`at`), what it knew (`known`), and asking
//! again with both gives it again.

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::read::Person;
use crate::domain::calendar::At;
use crate::domain::credit::{self, Credit};
use crate::domain::event::Recorded;
use crate::domain::history::Item;
use crate::domain::id::{PersonId, RecordedTime};
use crate::domain::kind::Kind;
use crate::domain::registry::Registry;
use crate::domain::trajectory;
use crate::domain::trajectory::rules::Rules;

/// What is asked of a person.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// Of whom.
    pub person: PersonId,
    /// The moment the answer speaks of.
    pub at: At,
    /// Only what was recorded by then; `None`: all.
    pub known: Option<RecordedTime>,
}

impl Question {
    /// The members that open every answer.
    fn head(&self, person: &Person) -> Map<String, Value> {
        let mut head = Map::new();
        head.insert("person".to_owned(), json!(self.person));
        head.insert("at".to_owned(), json!(moment(self.at)));
        head.insert("known".to_owned(), json!(person.known.to_string()));
        if let Some(revision) = person.revision {
            head.insert("revision".to_owned(), json!(revision));
        }
        head
    }
}

/// A date as a date, an instant in UTC.
pub fn moment(at: At) -> String {
    match at {
        At::Date(date) => date.to_string(),
        At::Instant(instant) => instant.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    }
}

/// Part of a history.
pub struct HistoryPage {
    /// Only events of this type.
    pub kind: Option<Kind>,
    /// So many items are left out at the start.
    pub skip: usize,
    /// At most so many items.
    pub limit: usize,
}

/// A page of a person's history in the order of `time`, and whether there is more.
pub fn history(question: &Question, person: &Person, page: &HistoryPage) -> (Value, bool) {
    let mut items = person
        .history
        .items
        .iter()
        .filter(|item| question.at.includes(item.instant()))
        .filter(|item| page.kind.is_none_or(|kind| kind == item.kind()))
        .skip(page.skip);
    let shown: Vec<Value> = items.by_ref().take(page.limit).map(told).collect();
    let has_more = items.next().is_some();
    let mut answer = question.head(person);
    answer.insert("items".to_owned(), Value::Array(shown));
    (Value::Object(answer), has_more)
}

/// Where a person stands in custody and care.
pub fn trajectory(question: &Question, person: &Person) -> Value {
    let (rules, registry) = (Rules::shipped(), Registry::shipped());
    let answer = trajectory::answer(&person.history, question.at, rules, registry);
    headed(question, person, &answer)
}

/// The credit of days of a person.
pub fn credit(question: &Question, person: &Person, query: &credit::Query) -> Credit {
    let asked = credit::Query { at: question.at, ..*query };
    credit::credit(&person.history, &asked, Registry::shipped())
}

/// The same as JSON.
pub fn credit_json(question: &Question, person: &Person, query: &credit::Query) -> Value {
    let answer = credit(question, person, query);
    headed(question, person, &answer)
}

/// The same as a table that a lawyer checks by hand.
pub fn credit_table(question: &Question, person: &Person, query: &credit::Query) -> String {
    let known = question.known.map(|known| known.to_string());
    let answer = credit(question, person, query);
    credit::table::table(&answer, &question.person.to_string(), known.as_deref())
}

/// An answer as JSON, behind the members that open every answer.
pub fn headed(question: &Question, person: &Person, answer: &impl Serialize) -> Value {
    let mut head = question.head(person);
    let answer = serde_json::to_value(answer).expect("an answer serialises into memory");
    if let Value::Object(members) = answer {
        for (name, member) in members {
            head.entry(name).or_insert(member);
        }
    }
    Value::Object(head)
}

/// An event as it was told, in its place.
pub fn as_told(recorded: &Recorded) -> Value {
    let mut event = recorded.event.members();
    place(recorded, &mut event);
    Value::Object(event)
}

/// An item as it stands, with what was first told of it and what touched it.
fn told(item: &Item) -> Value {
    let recorded = &item.recorded;
    let mut event = recorded.event.members();
    let mut original = Map::new();
    if item.time != recorded.event.time {
        let corrected = item.time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        original
            .extend(event.insert("time".to_owned(), json!(corrected)).map(|t| ("time".into(), t)));
    }
    if let Some(data) = &item.replaced {
        let data = Value::Object(data.clone());
        let first = event.insert("data".to_owned(), data);
        original.insert("data".to_owned(), first.unwrap_or_else(|| json!({})));
    }
    if !original.is_empty() {
        event.insert("original".to_owned(), Value::Object(original));
    }
    for (name, touched_by) in
        [("correctedBy", &item.corrected_by), ("annulledBy", &item.annulled_by)]
    {
        if !touched_by.is_empty() {
            let by = touched_by.iter().map(|record| touch(record)).collect();
            event.insert(name.to_owned(), Value::Array(by));
        }
    }
    place(recorded, &mut event);
    Value::Object(event)
}

/// What the ledger adds to an event: where it lies and when it was learned.
fn place(recorded: &Recorded, event: &mut Map<String, Value>) {
    event.insert("recordedtime".to_owned(), json!(recorded.recorded.to_string()));
    event.insert("position".to_owned(), json!(recorded.position.to_string()));
    event.insert("revision".to_owned(), json!(recorded.revision));
    event.insert("stream".to_owned(), json!(recorded.stream.stream()));
}

fn touch(record: &Recorded) -> Value {
    json!({
        "source": &*record.event.key.source, "id": &*record.event.key.id,
        "reason": record.event.data().get("reason"),
        "recordedtime": record.recorded.to_string(), "position": record.position.to_string()
    })
}
