//! Folds records into what stands of them: each record once, with its corrections and annulments.
//! Always: the order of receipt changes nothing; an erased record has no effect on any other.
//! Rules: the section "History" of the credit rules.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::erased;
use super::item::Item;
use super::targets::{OutsideTargets, outermost_first, targets};
use crate::domain::event::{Content, Erasure, Event, OpenRecord, Recorded};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::id::{EventKey, RecordedTime};
use crate::domain::vocabulary::fact::Fact;
use crate::domain::vocabulary::kind::Class;
use crate::domain::vocabulary::{json, schemas, upcast};

/// Every record known, in the order of `time`, each as it stands.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// All readable records, `record.*` among them, in the order of [`Item::order`].
    pub items: Vec<Item>,
    /// The erased records, in the order of their recorded time.
    pub erased: Vec<Arc<Recorded>>,
    /// Corrections and annulments without effect, and what was erased.
    pub findings: Vec<Finding>,
}

impl History {
    /// The facts that count: in force, decodable, no `record.*`, in order.
    pub fn facts(&self) -> impl Iterator<Item = (&Item, &Fact)> {
        self.items
            .iter()
            .filter(|item| item.in_force() && !item.kind().is_about_record())
            .filter_map(|item| item.fact.as_ref().map(|fact| (item, fact)))
    }

    /// Class, recorded time and erasure of each erased record, in the order of recorded time.
    pub fn erasures(&self) -> impl Iterator<Item = (Class, RecordedTime, &Erasure)> {
        self.erased.iter().filter_map(|record| match &record.content {
            Content::Erased { class, recorded_at, erasure } => {
                Some((*class, *recorded_at, erasure))
            }
            Content::Open(_) => None,
        })
    }
}

/// Folds records into what stands of them.
///
/// `known_at` leaves out what the ledger recorded later. `outside` says of records that are not
/// among these, but are named by a correction or annulment here, why they are not.
pub fn fold(
    records: impl IntoIterator<Item = Arc<Recorded>>,
    outside: &OutsideTargets,
    known_at: Option<RecordedTime>,
) -> History {
    let is_known =
        |record: &Arc<Recorded>| known_at.is_none_or(|known_at| record.recorded_at <= known_at);
    let (records, erased) = apart(records.into_iter().filter(is_known));
    let mut findings = erased::findings(&erased);
    let targets = targets(&records, outside, &mut findings);
    let mut items = match targets.iter().all(Option::is_none) {
        true => records.iter().map(|record| stand(record, &[], &mut findings)).collect(),
        false => corrected(&records, &targets, &mut findings),
    };
    items.sort_by(Item::order);
    findings.sort();
    History { items, erased, findings }
}

/// The records as items, each after the corrections and annulments that apply to it.
fn corrected(
    records: &[OpenRecord],
    targets: &[Option<usize>],
    findings: &mut Vec<Finding>,
) -> Vec<Item> {
    let (order, effective) = outermost_first(targets);
    let mut touching: Vec<Vec<usize>> = vec![Vec::new(); records.len()];
    let mut items: Vec<Option<Item>> = vec![None; records.len()];
    for place in order {
        let mut by: Vec<&Item> =
            touching[place].iter().filter_map(|&i| items[i].as_ref()).collect();
        by.sort_by(|a, b| a.order(b));
        let item = stand(&records[place], &by, findings);
        if let Some(target) = targets[place]
            && effective[place]
            && item.in_force()
            && item.fact.is_some()
        {
            touching[target].push(place);
        }
        items[place] = Some(item);
    }
    items.into_iter().flatten().collect()
}

/// The readable records and the erased records. Each readable record stands once: a merge has a
/// record in two streams, and a delivery may be repeated.
fn apart(records: impl Iterator<Item = Arc<Recorded>>) -> (Vec<OpenRecord>, Vec<Arc<Recorded>>) {
    let (mut readable, mut erased) = (Vec::new(), Vec::new());
    for record in records {
        match OpenRecord::new(record) {
            Ok(record) => readable.push(record),
            Err(record) => erased.push(record),
        }
    }
    let mut seen: HashSet<&EventKey> = HashSet::with_capacity(readable.len());
    let firsts: Vec<bool> =
        readable.iter().map(|record| seen.insert(&record.event().key)).collect();
    let mut firsts = firsts.into_iter();
    readable.retain(|_| firsts.next() == Some(true));
    erased.sort_by_key(|record| (record.recorded_at, record.position));
    erased.dedup_by_key(|record| record.position);
    (readable, erased)
}

/// Applies what touches a record, in order; `by` are corrections and annulments in force.
fn stand(record: &OpenRecord, by: &[&Item], findings: &mut Vec<Finding>) -> Item {
    let event = record.event();
    let mut item = Item {
        recorded: record.clone(),
        time: event.time,
        replaced: None,
        fact: event.fact().ok(),
        corrected_by: Vec::new(),
        annulled_by: Vec::new(),
    };
    for touch in by {
        match &touch.fact {
            Some(Fact::Annulled(_)) => item.annulled_by.push(touch.recorded.clone()),
            Some(Fact::Corrected(correction)) => {
                if let Some(data) = &correction.data {
                    let checked = match touch.replaced {
                        None => Checked::AtTheDoor,
                        Some(_) => Checked::NotYet,
                    };
                    match replacement(event, data, checked) {
                        Some((data, fact)) => {
                            item.replaced = Some(data);
                            item.fact = Some(fact);
                        }
                        None => {
                            findings.push(invalid(touch.id()));
                            continue;
                        }
                    }
                }
                item.time = correction.time.unwrap_or(item.time);
                item.corrected_by.push(touch.recorded.clone());
            }
            _ => {}
        }
    }
    item
}

/// Whether the payload in a correction was checked against the schema of its target's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checked {
    /// The correction stands as it was sent, so the validator has checked it.
    AtTheDoor,
    /// Another correction replaced the payload of this correction.
    NotYet,
}

/// The payload that replaces the payload of an event; `None` when it does not fit the type.
fn replacement(
    event: &Event,
    data: &Map<String, Value>,
    checked: Checked,
) -> Option<(Map<String, Value>, Fact)> {
    let kind = event.kind;
    let mut data = data.clone();
    if kind.is_about_record() {
        let mut sent = event.data();
        for target in ["corrects", "annuls"] {
            match sent.remove(target) {
                Some(target_key) => data.insert(target.to_owned(), target_key),
                None => data.remove(target),
            };
        }
    }
    let text = serde_json::to_string(&data).ok()?;
    let holds = || schemas::newest_held(kind, &json::read(text.as_bytes()).ok()?);
    if checked == Checked::NotYet && holds().is_none() {
        return None;
    }
    upcast::fact(kind, None, &text).ok().map(|fact| (data, fact))
}

fn invalid(id: &str) -> Finding {
    Finding {
        code: FindingCode::ReplacementInvalid,
        message: "A replacement does not fit the type it replaces; it has no effect.".to_owned(),
        events: vec![id.to_owned()],
    }
}
