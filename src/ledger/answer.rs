//! The answers about one person, as JSON: the same for the service and the command line.
//! Always: an answer says of which moment it speaks (`at`), what it knew (`known`), and asking
//! again with both gives it again.

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::read::Person;
use super::read::feed::InPlace;
use crate::domain::credit::{self, Credit, CreditQuery};
use crate::domain::event::Recorded;
use crate::domain::history::Item;
use crate::domain::id::{PersonId, RecordedTime};
use crate::domain::time::calendar::At;
use crate::domain::trajectory;
use crate::domain::trajectory::ContinuityRules;
use crate::domain::vocabulary::kind::Kind;
use crate::domain::vocabulary::registry::Registry;

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

/// A page of a person's history in the order of `time`, as JSON text: most items are the text that
/// was stored. `next` says how to ask for the rest, where there is more.
pub fn history(
    question: &Question,
    person: &Person,
    page: &HistoryPage,
    next: impl FnOnce() -> String,
) -> Vec<u8> {
    let mut items = person
        .history
        .items
        .iter()
        .filter(|item| question.at.includes(item.instant()))
        .filter(|item| page.kind.is_none_or(|kind| kind == item.kind()))
        .skip(page.skip);
    let mut text = json!(question.head(person)).to_string().into_bytes();
    text.pop();
    text.extend_from_slice(b",\"items\":[");
    for (place, item) in items.by_ref().take(page.limit).enumerate() {
        if place > 0 {
            text.push(b',');
        }
        write(item, &mut text);
    }
    text.push(b']');
    if items.next().is_some() {
        text.extend_from_slice(format!(",\"next\":{}", json!(next())).as_bytes());
    }
    text.push(b'}');
    text
}

/// Where a person stands in custody and care.
pub fn trajectory(question: &Question, person: &Person) -> Value {
    let (rules, registry) = (ContinuityRules::shipped(), Registry::shipped());
    let answer = trajectory::answer(&person.history, question.at, rules, registry);
    headed(question, person, &answer)
}

/// The credit of days of a person.
pub fn credit(question: &Question, person: &Person, query: &CreditQuery) -> Credit {
    let asked = CreditQuery { at: question.at, ..*query };
    credit::credit(&person.history, &asked, Registry::shipped())
}

/// The same as JSON.
pub fn credit_json(question: &Question, person: &Person, query: &CreditQuery) -> Value {
    let answer = credit(question, person, query);
    headed(question, person, &answer)
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
pub fn event_json(recorded: &Recorded) -> Value {
    let mut event = recorded.event.members();
    place(recorded, &mut event);
    Value::Object(event)
}

/// Appends an item as it stands: the stored text, unless something touched it.
fn write(item: &Item, text: &mut Vec<u8>) {
    if item.corrected_by.is_empty() && item.annulled_by.is_empty() {
        return InPlace::from(&*item.recorded).write(text);
    }
    serde_json::to_writer(text, &told(item)).expect("an item serialises into memory");
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::*;
    use crate::domain::history as domain_history;
    use crate::domain::id::{DedupKey, Position, Revision};
    use crate::domain::record::{Stamped, View};
    use crate::domain::vocabulary::json::JsonValue;
    use crate::domain::vocabulary::validate::validate;
    use crate::ledger::read::DependsOn;

    const PERSON: &str = "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e";
    const NOW: &str = "2030-01-01T00:00:00Z";

    fn example(kind: Kind) -> Value {
        let mut raw: Value = serde_json::from_str(kind.newest().example).unwrap();
        raw["subject"] = PERSON.into();
        raw["source"] = "urn:test".into();
        raw["id"] = kind.code().into();
        raw
    }

    fn touching(kind: Kind, member: &str, of: Kind, mut data: Value) -> Value {
        let mut raw = example(kind);
        raw["id"] = format!("{kind} of {of}").into();
        data[member] = json!({"source": "urn:test", "id": of.code(), "type": of.code()});
        data["reason"] = if kind == Kind::RecordAnnulled { "duplicate" } else { "typing" }.into();
        raw["data"] = data;
        raw
    }

    /// An example of every type a sender has, some of them corrected and one annulled.
    fn known() -> Person {
        let mut told: Vec<Value> = Kind::ALL
            .iter()
            .filter(|kind| !kind.is_about_record())
            .map(|kind| example(*kind))
            .collect();
        let data = example(Kind::CareScreened)["data"].clone();
        told.push(touching(
            Kind::RecordCorrected,
            "corrects",
            Kind::CareScreened,
            json!({"data": data}),
        ));
        let time = json!({"time": "2020-02-02T02:02:02+01:00"});
        told.push(touching(Kind::RecordCorrected, "corrects", Kind::DetentionArrived, time));
        told.push(touching(Kind::RecordAnnulled, "annuls", Kind::DetentionReleased, json!({})));
        let recorded = |(place, raw): (u64, Value)| {
            let draft = validate(&JsonValue::from(&raw), NOW.parse().unwrap()).unwrap();
            let stamped = Stamped::new(&draft, draft.person, DedupKey([1; 32]), &[2; 32]);
            let bytes = stamped.at(RecordedTime::from_micros(1_790_000_000_000_000 + place as i64));
            let view = View::new(&bytes).unwrap();
            Arc::new(view.open(Position::new(place + 7), Revision(place)).unwrap())
        };
        let history = domain_history::fold((0..).zip(told).map(recorded), &HashSet::new(), None);
        let known = RecordedTime::from_micros(1_800_000_000_000_000);
        Person { history, revision: Some(Revision(40)), known, depends_on: DependsOn::default() }
    }

    #[test]
    fn the_text_of_a_history_says_what_its_members_say() {
        let person = known();
        let touched = |item: &&Item| told(item) != event_json(&item.recorded);
        assert_eq!(person.history.items.iter().filter(touched).count(), 3);
        let at = At::Instant(NOW.parse().unwrap());
        let question = Question { person: PERSON.parse().unwrap(), at, known: None };
        let count = person.history.items.len();
        for (skip, limit, has_more) in [(0, count, false), (0, 5, true), (5, count, false)] {
            let page = HistoryPage { kind: None, skip, limit };
            let text = history(&question, &person, &page, || "there".to_owned());
            let mut expected = question.head(&person);
            let items: Vec<Value> =
                person.history.items.iter().skip(skip).take(limit).map(told).collect();
            assert!(!items.is_empty());
            expected.insert("items".to_owned(), items.into());
            if has_more {
                expected.insert("next".to_owned(), "there".into());
            }
            let read: Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(read, Value::Object(expected), "{skip} {limit}");
        }
    }
}
