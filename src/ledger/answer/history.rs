//! The history of one person: every record in the order of `time`, each with its corrections and
//! annulments.
//! Always: an erased record is sorted by its `recordedtime`, because its `time` was erased.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::person::{Answer, Question};
use super::record::RecordAnswer;
use crate::domain::event::{OpenRecord, Recorded};
use crate::domain::history::Item;
use crate::domain::id::{Position, RecordedTime};
use crate::domain::vocabulary::json::JsonValue;
use crate::domain::vocabulary::kind::Kind;
use crate::domain::vocabulary::schemas;
use crate::ledger::read::person::PersonHistory;

/// The part of a history that a request asks for.
#[derive(Debug, Clone, Copy)]
pub struct HistoryPage {
    /// Only events of this type.
    pub kind: Option<Kind>,
    /// The number of items to skip.
    pub skip: usize,
    /// The most items to return.
    pub limit: usize,
}

/// A page of a person's history.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryAnswer<'a> {
    items: Vec<HistoryItem<'a>>,
    /// The cursor of the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Answers with a page of a person's history. `next` makes the cursor of the next page, and is
/// called only if there are more items. `None`: the history never had an item behind those that the
/// page skips, so the page before was of another history.
pub fn history<'a>(
    question: &Question,
    person: &'a PersonHistory,
    page: &HistoryPage,
    next: impl FnOnce() -> String,
) -> Option<Answer<HistoryAnswer<'a>>> {
    let is_wanted = |item: &HistoryItem| {
        question.at.includes(item.instant())
            && page.kind.is_none_or(|kind| item.kind() == Some(kind))
    };
    let (wanted, left_out): (Vec<_>, Vec<_>) = in_order(person).into_iter().partition(is_wanted);
    // An erased record may have been wanted before it lost its type and its time.
    let erased = left_out.iter().filter(|item| matches!(item, HistoryItem::Erased(_))).count();
    if page.skip > 0 && page.skip >= wanted.len() + erased {
        return None;
    }
    let mut wanted = wanted.into_iter().skip(page.skip);
    let items = wanted.by_ref().take(page.limit).collect();
    let next = wanted.next().map(|_| next());
    Some(Answer::new(question, person, HistoryAnswer { items, next }))
}

/// The readable and the erased records in one order.
fn in_order(person: &PersonHistory) -> Vec<HistoryItem<'_>> {
    let history = &person.history;
    let mut items: Vec<HistoryItem> = history.items.iter().map(HistoryItem::Open).collect();
    if !history.erased.is_empty() {
        items.extend(history.erased.iter().map(|record| HistoryItem::Erased(record)));
        // Stable: readable records keep their own order.
        items.sort_by_key(HistoryItem::instant);
    }
    items
}

/// One item of a history.
#[derive(Debug, Clone, Copy)]
enum HistoryItem<'a> {
    Open(&'a Item),
    Erased(&'a Recorded),
}

impl HistoryItem<'_> {
    fn instant(&self) -> DateTime<Utc> {
        match self {
            Self::Open(item) => item.instant(),
            Self::Erased(record) => record.recorded_at.instant(),
        }
    }

    /// The type; `None`: the record was erased.
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Open(item) => Some(item.kind()),
            Self::Erased(_) => None,
        }
    }
}

impl Serialize for HistoryItem<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Erased(record) => RecordAnswer::from(*record).serialize(writer),
            Self::Open(item) if item.corrected_by.is_empty() && item.annulled_by.is_empty() => {
                RecordAnswer::from(&*item.recorded).serialize(writer)
            }
            Self::Open(item) => serialize_changed(item, writer),
        }
    }
}

/// Writes an item that was corrected or annulled: its present values, the values first sent, and
/// the records that changed it.
fn serialize_changed<S: Serializer>(item: &Item, writer: S) -> Result<S::Ok, S::Error> {
    let event = item.event();
    let mut members = event.members();
    let mut original = Map::new();
    if item.time != event.time {
        let corrected = item.time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let sent = members.insert("time".to_owned(), corrected.into());
        original.extend(sent.map(|time| ("time".to_owned(), time)));
    }
    if let Some(data) = &item.replaced {
        let sent = members.insert("data".to_owned(), Value::Object(data.clone()));
        original.insert("data".to_owned(), sent.unwrap_or_else(|| Map::new().into()));
        original.extend(correct_dataschema(event.kind, &mut members));
    }
    let mut object = writer.serialize_map(None)?;
    for (name, value) in &members {
        object.serialize_entry(name, value)?;
    }
    if !original.is_empty() {
        object.serialize_entry("original", &original)?;
    }
    for (name, by) in [("correctedBy", &item.corrected_by), ("annulledBy", &item.annulled_by)] {
        if !by.is_empty() {
            let by: Vec<ChangedBy> = by.iter().map(ChangedBy::from).collect();
            object.serialize_entry(name, &by)?;
        }
    }
    RecordAnswer::from(&*item.recorded).write_ledger_members(&mut object)?;
    object.end()
}

/// Lets `dataschema`, if the event has this member, name the schema version of the replaced
/// payload. Returns the member as it was sent, if it named another version.
fn correct_dataschema(kind: Kind, members: &mut Map<String, Value>) -> Option<(String, Value)> {
    let held = schemas::newest_held(kind, &JsonValue::from(&members["data"]))?.id();
    let named = members.get_mut("dataschema").filter(|named| **named != held)?;
    Some(("dataschema".to_owned(), std::mem::replace(named, held.into())))
}

/// A correction or annulment, as the item that it changed shows it.
#[derive(Serialize)]
struct ChangedBy<'a> {
    source: &'a str,
    id: &'a str,
    reason: Value,
    recordedtime: RecordedTime,
    position: Position,
}

impl<'a> From<&'a OpenRecord> for ChangedBy<'a> {
    fn from(record: &'a OpenRecord) -> Self {
        let event = record.event();
        Self {
            source: &event.key.source,
            id: &event.key.id,
            reason: event.data().remove("reason").unwrap_or_default(),
            recordedtime: record.recorded_at,
            position: record.position,
        }
    }
}
