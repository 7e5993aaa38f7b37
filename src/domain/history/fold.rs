//! Folds records into a history: each record once, with its corrections and annulments applied.
//! Always: the order of receipt changes nothing; an erased record has no effect on any other.
//! Rules: a correction replaces the time or the payload of its target; an annulment puts its target
//! out of force; a correction or annulment that was annulled itself has no effect.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::erased;
use super::item::Item;
use super::targets::{OutsideTargets, outermost_first, targets};
use crate::domain::event::{Content, Erasure, Event, OpenRecord, Recorded};
use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::id::{EventKey, RecordedTime};
use crate::domain::time::calendar::date_of;
use crate::domain::vocabulary::fact::Fact;
use crate::domain::vocabulary::kind::Class;
use crate::domain::vocabulary::{json, schemas, upcast};

/// All records of a person, in the order of `time`, with corrections and annulments applied.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// All readable records, `record.*` among them, in the order of [`Item::order`].
    pub items: Vec<Item>,
    /// The erased records, in the order of their `recordedtime`.
    pub erased: Vec<Arc<Recorded>>,
    /// Findings about corrections and annulments without effect, and about erased records.
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

    /// Class, `recordedtime` and erasure of each erased record, in the order of `recordedtime`.
    pub fn erasures(&self) -> impl Iterator<Item = (Class, RecordedTime, &Erasure)> {
        self.erased.iter().filter_map(|record| match &record.content {
            Content::Erased { class, recorded_at, erasure } => {
                Some((*class, *recorded_at, erasure))
            }
            Content::Open(_) => None,
        })
    }
}

/// Folds records into a history.
///
/// Records with a `recordedtime` after `known_at` are left out. `outside` says why a record that a
/// correction or annulment names is not among `records`.
pub fn fold(
    records: impl IntoIterator<Item = Arc<Recorded>>,
    outside: &OutsideTargets,
    known_at: Option<RecordedTime>,
) -> History {
    let is_known =
        |record: &Arc<Recorded>| known_at.is_none_or(|known_at| record.recorded_at <= known_at);
    let (records, erased) = split_erased(records.into_iter().filter(is_known));
    let mut findings = erased::findings(&erased);
    let targets = targets(&records, outside, &mut findings);
    let mut items = corrected(&records, &targets, &mut findings);
    items.sort_unstable_by(Item::order);
    withdraw(&mut findings, &items);
    findings.sort_by(Finding::order);
    History { items, erased, findings }
}

/// Takes away the findings about corrections and annulments that were annulled themselves: the
/// sender has withdrawn what the finding is about.
fn withdraw(findings: &mut Vec<Finding>, items: &[Item]) {
    let annulled: HashSet<RecordName> = items
        .iter()
        .filter(|item| item.kind().is_about_record() && !item.in_force())
        .map(|item| RecordName::of(&item.recorded))
        .collect();
    findings.retain(|finding| !finding.records.iter().any(|record| annulled.contains(record)));
}

/// The records as items, each after the corrections and annulments that apply to it.
fn corrected(
    records: &[OpenRecord],
    targets: &[Option<usize>],
    findings: &mut Vec<Finding>,
) -> Vec<Item> {
    let (order, effective) = outermost_first(targets);
    // The corrections and annulments, and for each target the places of those in force.
    let mut acting: BTreeMap<usize, Item> = BTreeMap::new();
    let mut in_force: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut item = |place, acting: &BTreeMap<usize, Item>, by: Option<&Vec<usize>>| {
        let mut by: Vec<&Item> = by.into_iter().flatten().map(|change| &acting[change]).collect();
        by.sort_by(|a, b| a.order(b));
        with_changes(&records[place], &by, findings)
    };
    for place in order {
        let Some(target) = targets[place] else { continue };
        let change = item(place, &acting, in_force.get(&place));
        if effective[place] && change.in_force() && change.fact.is_some() {
            in_force.entry(target).or_default().push(place);
        }
        acting.insert(place, change);
    }
    let mut items: Vec<Item> = Vec::with_capacity(records.len());
    let others = (0..records.len()).filter(|&place| targets[place].is_none());
    items.extend(others.map(|place| item(place, &acting, in_force.get(&place))));
    items.extend(acting.into_values());
    items
}

/// The readable records and the erased records, each once: a merge has a record in two streams, and
/// two streams may hold one key with other content. The first copy stands.
fn split_erased(
    records: impl Iterator<Item = Arc<Recorded>>,
) -> (Vec<OpenRecord>, Vec<Arc<Recorded>>) {
    let (mut readable, mut erased) = (Vec::new(), Vec::new());
    for record in records {
        match OpenRecord::new(record) {
            Ok(record) => readable.push(record),
            Err(record) => erased.push(record),
        }
    }
    if readable.windows(2).all(|pair| pair[0].stream == pair[1].stream) {
        // Within a stream a key names one event, so its copies stand side by side.
        let order = |a: &OpenRecord, b: &OpenRecord| {
            let (a, b) = (a.event(), b.event());
            a.time.cmp(&b.time).then_with(|| a.key.cmp(&b.key))
        };
        readable.sort_by(order);
        readable.dedup_by(|a, b| order(a, b).is_eq());
    } else {
        let mut seen: HashSet<&EventKey> = HashSet::with_capacity(readable.len());
        let firsts: Vec<bool> =
            readable.iter().map(|record| seen.insert(&record.event().key)).collect();
        let mut firsts = firsts.into_iter();
        readable.retain(|_| firsts.next() == Some(true));
    }
    erased.sort_by_key(|record| (record.recorded_at, record.position));
    erased.dedup_by_key(|record| record.position);
    (readable, erased)
}

/// Applies the corrections and annulments `by` to a record, in the order given. All of them are in
/// force.
fn with_changes(record: &OpenRecord, by: &[&Item], findings: &mut Vec<Finding>) -> Item {
    let event = record.event();
    let mut item = Item {
        recorded: record.clone(),
        time: event.time,
        date: date_of(event.time.to_utc()),
        replaced: None,
        fact: event.fact().ok(),
        corrected_by: Vec::new(),
        annulled_by: Vec::new(),
    };
    for change in by {
        match &change.fact {
            Some(Fact::Annulled(_)) => item.annulled_by.push(change.recorded.clone()),
            Some(Fact::Corrected(correction)) => {
                if let Some(data) = &correction.data {
                    let checked = match change.replaced {
                        None => Checked::ByValidator,
                        Some(_) => Checked::NotYet,
                    };
                    match replacement(event, data, checked) {
                        Some((data, fact)) => {
                            item.replaced = Some(data);
                            item.fact = Some(fact);
                        }
                        None => {
                            findings.push(invalid(&change.recorded));
                            continue;
                        }
                    }
                }
                // The time of a correction or annulment only orders it, so it stays as sent.
                if !event.kind.is_about_record() {
                    item.time = correction.time.unwrap_or(item.time);
                    item.date = date_of(item.instant());
                }
                item.corrected_by.push(change.recorded.clone());
            }
            _ => {}
        }
    }
    item
}

/// Whether the payload in a correction was checked against the schema of its target's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checked {
    /// Yes: the correction is as it was sent, so the validator has checked the payload.
    ByValidator,
    /// No: another correction replaced the payload of this correction.
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

fn invalid(record: &OpenRecord) -> Finding {
    let message = "A replacement does not satisfy the schema of the type that it replaces; the \
                   correction has no effect.";
    Finding::new(FindingCode::ReplacementInvalid, message, vec![RecordName::of(record)])
}
