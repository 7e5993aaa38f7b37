//! A ledger with lists in this very process, whose clock the test sets.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use care_ledger::domain::credit;
use care_ledger::domain::event::Draft;
use care_ledger::domain::id::{PersonId, Position};
use care_ledger::domain::time::calendar::{self, At};
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::ledger::answer::{self, Question, format_at};
use care_ledger::ledger::read::open::Reader;
use care_ledger::ledger::record::WriteMode;
use care_ledger::ledger::{Expected, Ledger};
use care_ledger::projection::{
    CreditFilter, ItemKey, ListPage, Lists, PageRequest, Pin, TrajectoryFilter,
};
use care_ledger::simulate::{Plan, events};
use care_ledger::store::open::StoreConfig;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

const READER: Reader = Reader::system("test");

/// A ledger, its lists, and the clock of the lists.
pub struct Country {
    pub ledger: Ledger,
    pub lists: Lists,
    now: Arc<AtomicI64>,
}

pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The events of made-up lives of a few weeks, in the order of sending.
pub fn lives(persons: u64) -> Vec<Value> {
    let (from, to) = ("2025-10-01".parse().unwrap(), "2025-11-30".parse().unwrap());
    events(Plan { persons, detained: 0, from, to, seed: 5 }).collect()
}

/// An event of a person, as the one sender of these tests sends it.
pub fn event(person: PersonId, id: &str, kind: &str, time: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:test", "type": kind, "subject": person,
        "time": time, "data": data
    })
}

impl Country {
    pub async fn open(folder: &Path, now: &str) -> Self {
        let store = StoreConfig::Folder(folder.to_owned());
        let ledger = Ledger::open(&store, &mut |_, _| ()).await.unwrap();
        Self::over(ledger, folder, now).await
    }

    /// The lists of a ledger that is open already.
    pub async fn over(ledger: Ledger, folder: &Path, now: &str) -> Self {
        let now = Arc::new(AtomicI64::new(instant(now).timestamp_micros()));
        let clock = {
            let now = now.clone();
            move || DateTime::from_timestamp_micros(now.load(Ordering::SeqCst)).unwrap()
        };
        let lists = Lists::start(ledger.clone(), folder, clock).await.unwrap();
        Self { ledger, lists, now }
    }

    pub fn set_clock(&self, now: &str) {
        self.now.store(instant(now).timestamp_micros(), Ordering::SeqCst);
    }

    /// Breaks the clock: from now on, reading it panics.
    pub fn break_clock(&self) {
        self.now.store(i64::MAX, Ordering::SeqCst);
    }

    pub async fn record(&self, events: &[Value]) {
        let now = instant("2030-01-01T00:00:00Z");
        let draft = |event: &Value| validate(&JsonValue::from(event), now).unwrap();
        let drafts: Vec<Draft> = events.iter().map(draft).collect();
        for drafts in drafts.chunks(1_000) {
            let told = self.ledger.record_each(drafts, WriteMode::Write).await.unwrap();
            assert!(told.iter().all(Result::is_ok), "a key is in use");
        }
        assert!(self.caught_up().await);
    }

    pub async fn record_one(&self, event: &Value) {
        let now = instant("2030-01-01T00:00:00Z");
        let draft = validate(&JsonValue::from(event), now).unwrap();
        self.ledger.record(&[draft], Expected::Any, WriteMode::Write).await.unwrap();
    }

    pub async fn caught_up(&self) -> bool {
        let last = self.ledger.tail();
        self.lists.reached(last, Duration::from_secs(60)).await
    }

    /// Everybody in the log.
    pub async fn everybody(&self) -> Vec<PersonId> {
        let mut persons: Vec<PersonId> = Vec::new();
        let mut after = Position::START;
        loop {
            let records = self.ledger.record_headers(after, 10_000).await.unwrap();
            let Some(last) = records.last() else { break };
            after = last.position;
            persons.extend(records.iter().filter_map(|record| record.person));
        }
        persons.sort_unstable();
        persons.dedup();
        persons
    }

    /// The persons of the lists at a moment: each under one pseudonym.
    pub async fn listed_persons(&self, pin: Pin) -> Vec<PersonId> {
        let mut persons = Vec::new();
        for person in self.everybody().await {
            if self.trajectory(person, pin).await.is_some() {
                persons.push(person);
            }
        }
        persons
    }

    /// The whole list, in pages of this size, which all show one moment.
    pub async fn trajectories(&self, filter: &TrajectoryFilter, limit: usize) -> Listed {
        let mut listed = Listed::default();
        let mut asked = PageRequest { pin: None, after: None, limit };
        loop {
            let page = self.lists.trajectories(filter, asked).await.unwrap();
            let Some(next) = listed.take(page, limit) else { return listed };
            asked = PageRequest { pin: listed.pin, after: Some(next), limit };
        }
    }

    pub async fn credits(&self, filter: &CreditFilter, limit: usize) -> Listed {
        let mut listed = Listed::default();
        let mut asked = PageRequest { pin: None, after: None, limit };
        loop {
            let page = self.lists.credits(filter, asked).await.unwrap();
            let Some(next) = listed.take(page, limit) else { return listed };
            asked = PageRequest { pin: listed.pin, after: Some(next), limit };
        }
    }

    /// The trajectory of one person at the moment of `pin`.
    pub async fn trajectory(&self, person: PersonId, pin: Pin) -> Option<Value> {
        let question = Question { person, at: At::Instant(pin.at), known_at: Some(pin.known_at) };
        let found = self.ledger.person(&READER, person, Some(pin.known_at)).await.unwrap()?;
        if found.pseudonyms.merged_into.is_some() {
            return None;
        }
        let answer = answer::trajectory(&question, &found);
        found.revision.map(|_| serde_json::to_value(answer).unwrap())
    }

    /// The credit of one person at the moment of `pin`, one item for each modality.
    pub async fn credit(&self, person: PersonId, pin: Pin) -> Vec<Value> {
        let question = Question { person, at: At::Instant(pin.at), known_at: Some(pin.known_at) };
        let Some(found) = self.ledger.person(&READER, person, Some(pin.known_at)).await.unwrap()
        else {
            return Vec::new();
        };
        if found.pseudonyms.merged_into.is_some() {
            return Vec::new();
        }
        let query = credit::CreditQuery::new(question.at, calendar::date_of(pin.at));
        let credit = serde_json::to_value(answer::credit(&question, &found, &query)).unwrap();
        credit["modalities"].as_array().unwrap().clone()
    }

    /// Every difference between the lists and the answers about each person, in sentences.
    pub async fn differences(&self) -> Vec<String> {
        let mut found = Vec::new();
        let (trajectories, credits) = (
            self.trajectories(&TrajectoryFilter::default(), 40).await,
            self.credits(&CreditFilter::default(), 7).await,
        );
        let (pin, credit_pin) = (trajectories.pin.unwrap(), credits.pin.unwrap());
        let (mut told, mut worth) = (trajectories.by_person(), credits.by_person());
        for person in self.everybody().await {
            let listed = told.remove(&person).unwrap_or_default();
            let expected: Vec<Value> = self.trajectory(person, pin).await.into_iter().collect();
            if listed != expected {
                found.push(format!("{person}: listed {listed:?}, not {expected:?}"));
            }
            let listed = worth.remove(&person).unwrap_or_default();
            let expected = self.credit(person, credit_pin).await;
            if listed.len() != expected.len() {
                found.push(format!("{person}: {} credits, not {}", listed.len(), expected.len()));
            }
            let pairs = listed.iter().zip(&expected).filter(|(l, e)| !same_credit(l, e));
            found.extend(pairs.map(|(l, e)| format!("{person}: credit {l}, not {e}")));
        }
        let strangers = told.keys().chain(worth.keys());
        found.extend(strangers.map(|person| format!("{person}: listed, and not in the log")));
        found
    }
}

/// Whether a list item has the figures of the answer about the person.
fn same_credit(listed: &Value, expected: &Value) -> bool {
    let members =
        ["modality", "kind", "startsOn", "outcome", "modalityDays", "treatmentDays"].as_slice();
    let figures = |name: &str| {
        let mut figures = expected["readings"].get(name)?.clone();
        let members = figures.as_object_mut().unwrap();
        members.retain(|name, _| !["source", "counted", "excluded"].contains(&name.as_str()));
        Some(figures)
    };
    let lawful = expected["lawful"].as_str().and_then(|name| {
        let mut figures = figures(name)?;
        figures["reading"] = name.into();
        Some(figures)
    });
    members.iter().all(|name| listed[name] == expected[name])
        && listed.get("lawful") == lawful.as_ref()
        && ["fullResidential", "none"].iter().all(|name| listed.get(name) == figures(name).as_ref())
}

/// All pages of a list.
#[derive(Default)]
pub struct Listed {
    pub items: Vec<Value>,
    pub pin: Option<Pin>,
    pub pages: usize,
}

impl Listed {
    fn take(&mut self, page: ListPage, limit: usize) -> Option<ItemKey> {
        assert!(page.items.len() <= limit);
        assert!(self.pin.is_none_or(|pin| pin == page.pin), "all pages speak of one moment");
        self.pin = Some(page.pin);
        self.pages += 1;
        assert!(self.pages < 10_000, "a cursor leads to itself");
        let at = format_at(At::Instant(page.pin.at));
        self.items.extend(page.items.iter().map(|item| {
            let mut item: Value = serde_json::to_value(item).unwrap();
            item["at"] = json!(at);
            item["known"] = json!(page.pin.known_at.to_string());
            item
        }));
        page.next
    }

    pub fn by_person(&self) -> BTreeMap<PersonId, Vec<Value>> {
        let mut by_person: BTreeMap<PersonId, Vec<Value>> = BTreeMap::new();
        for item in &self.items {
            let person = item["person"].as_str().unwrap().parse().unwrap();
            by_person.entry(person).or_default().push(item.clone());
        }
        by_person
    }

    pub fn persons(&self) -> Vec<PersonId> {
        self.by_person().into_keys().collect()
    }
}
