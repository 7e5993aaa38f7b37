//! What stands of a person's records once corrections and annulments are applied.
//! Always: the order of receipt changes nothing; a correction acts from its own recorded time.
//! Rules: the section "History" of the credit rules.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde_json::{Map, Value};

use super::event::Recorded;
use super::finding::{Finding, FindingCode};
use super::id::{EventKey, RecordedTime};
use super::time::calendar;
use super::vocabulary::fact::Fact;
use super::vocabulary::kind::Kind;
use super::vocabulary::{json, schemas, upcast};

/// Every record known, in the order of `time`, each as it stands.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// All records, `record.*` among them, in the order of [`Item::order`].
    pub items: Vec<Item>,
    /// Corrections and annulments without effect.
    pub findings: Vec<Finding>,
}

/// One record as it stands.
#[derive(Debug, Clone)]
pub struct Item {
    /// The record as it was told.
    pub recorded: Arc<Recorded>,
    /// When it happened, after corrections.
    pub time: DateTime<FixedOffset>,
    /// The payload after corrections; `None` while it is the original one.
    pub replaced: Option<Map<String, Value>>,
    /// The payload, typed. `None`: not decodable, so without effect.
    pub fact: Option<Fact>,
    /// The corrections in force, in the order in which they apply.
    pub corrected_by: Vec<Arc<Recorded>>,
    /// The annulments in force.
    pub annulled_by: Vec<Arc<Recorded>>,
}

impl Item {
    /// The payload as it stands.
    pub fn data(&self) -> Cow<'_, Map<String, Value>> {
        match &self.replaced {
            Some(data) => Cow::Borrowed(data),
            None => Cow::Owned(self.recorded.event.data()),
        }
    }

    /// The type.
    pub fn kind(&self) -> Kind {
        self.recorded.event.kind
    }

    /// The sender's id.
    pub fn id(&self) -> &str {
        &self.recorded.event.key.id
    }

    /// The instant at which it happened.
    pub fn instant(&self) -> DateTime<Utc> {
        self.time.to_utc()
    }

    /// The civil date on which it happened.
    pub fn date(&self) -> NaiveDate {
        calendar::date_of(self.instant())
    }

    /// Whether it counts: not annulled.
    pub fn in_force(&self) -> bool {
        self.annulled_by.is_empty()
    }

    /// The order of everything: instant; at one instant releases first and arrivals last; then
    /// `source`, `id`.
    pub fn order(&self, other: &Self) -> Ordering {
        let rank = |kind| match kind {
            Kind::DetentionReleased => 0,
            Kind::DetentionArrived => 2,
            _ => 1,
        };
        (self.instant(), rank(self.kind()), &self.recorded.event.key).cmp(&(
            other.instant(),
            rank(other.kind()),
            &other.recorded.event.key,
        ))
    }
}

impl History {
    /// The facts that count: in force, decodable, no `record.*`, in order.
    pub fn facts(&self) -> impl Iterator<Item = (&Item, &Fact)> {
        self.items
            .iter()
            .filter(|item| item.in_force() && !item.kind().is_about_record())
            .filter_map(|item| item.fact.as_ref().map(|fact| (item, fact)))
    }
}

/// Folds records into what stands of them.
///
/// `known` leaves out what the ledger learned later. `elsewhere` holds the keys of records of
/// other persons that a correction or annulment here names.
pub fn fold(
    records: impl IntoIterator<Item = Arc<Recorded>>,
    elsewhere: &HashSet<EventKey>,
    known: Option<RecordedTime>,
) -> History {
    let is_known = |record: &Arc<Recorded>| known.is_none_or(|known| record.recorded <= known);
    let records = once(records.into_iter().filter(is_known).collect());
    let mut findings = Vec::new();
    let targets = targets(&records, elsewhere, &mut findings);
    if targets.iter().all(Option::is_none) {
        let mut items: Vec<Item> =
            records.iter().map(|record| stand(record, &[], &mut findings)).collect();
        items.sort_by(Item::order);
        return History { items, findings };
    }
    let (order, effective) = outermost_first(&targets);
    let mut touching: Vec<Vec<usize>> = vec![Vec::new(); records.len()];
    let mut items: Vec<Option<Item>> = vec![None; records.len()];
    for place in order {
        let mut by: Vec<&Item> =
            touching[place].iter().filter_map(|&i| items[i].as_ref()).collect();
        by.sort_by(|a, b| a.order(b));
        let item = stand(&records[place], &by, &mut findings);
        if let Some(target) = targets[place]
            && effective[place]
            && item.in_force()
            && item.fact.is_some()
        {
            touching[target].push(place);
        }
        items[place] = Some(item);
    }
    let mut items: Vec<Item> = items.into_iter().flatten().collect();
    items.sort_by(Item::order);
    findings.sort();
    History { items, findings }
}

/// Each record once: a merge lies in two streams, and a delivery may be repeated.
fn once(mut records: Vec<Arc<Recorded>>) -> Vec<Arc<Recorded>> {
    let mut seen = HashSet::with_capacity(records.len());
    let firsts: Vec<bool> = records.iter().map(|record| seen.insert(&record.event.key)).collect();
    let mut firsts = firsts.into_iter();
    records.retain(|_| firsts.next() == Some(true));
    records
}

/// The record that this one names as wrong, by key and type name, as first told: a correction
/// keeps its target for good.
pub fn target(record: &Recorded) -> Option<(EventKey, String)> {
    if record.event.kind.target_member().is_none() {
        return None;
    }
    match record.event.fact().ok()? {
        Fact::Corrected(c) => Some((c.corrects.key(), c.corrects.kind.into())),
        Fact::Annulled(a) => Some((a.annuls.key(), a.annuls.kind.into())),
        _ => None,
    }
}

/// For each record the place of the record it touches.
fn targets(
    records: &[Arc<Recorded>],
    elsewhere: &HashSet<EventKey>,
    findings: &mut Vec<Finding>,
) -> Vec<Option<usize>> {
    if !records.iter().any(|record| record.event.kind.target_member().is_some()) {
        return vec![None; records.len()];
    }
    let places: HashMap<&EventKey, usize> =
        records.iter().enumerate().map(|(place, record)| (&record.event.key, place)).collect();
    let resolve = |record: &Arc<Recorded>| {
        let (key, kind) = target(record)?;
        let found = places.get(&key).copied();
        let fits = found.is_some_and(|place| {
            let event = &records[place].event;
            event.subject == record.event.subject && event.kind.code() == kind
        });
        if fits {
            return found;
        }
        if found.is_some() || elsewhere.contains(&key) {
            findings.push(Finding {
                code: FindingCode::TargetElsewhere,
                message: format!(
                    "{} names a record of another person or of another type; it has no effect.",
                    record.event.kind
                ),
                events: vec![record.event.key.id.to_string()],
            });
        }
        None
    };
    records.iter().map(resolve).collect()
}

/// The places in an order in which whatever touches a record comes before it, and whether each
/// may have an effect: a record that leads back to itself has none.
fn outermost_first(targets: &[Option<usize>]) -> (Vec<usize>, Vec<bool>) {
    let mut waiting = vec![0_usize; targets.len()];
    for target in targets.iter().flatten() {
        waiting[*target] += 1;
    }
    let mut order: Vec<usize> = (0..targets.len()).filter(|&place| waiting[place] == 0).collect();
    let mut next = 0;
    while next < order.len() {
        if let Some(target) = targets[order[next]] {
            waiting[target] -= 1;
            if waiting[target] == 0 {
                order.push(target);
            }
        }
        next += 1;
    }
    let mut effective = vec![false; targets.len()];
    for &place in &order {
        effective[place] = true;
    }
    order.extend((0..targets.len()).filter(|&place| !effective[place]));
    (order, effective)
}

/// Applies what touches a record, in order; `by` are corrections and annulments in force.
fn stand(record: &Arc<Recorded>, by: &[&Item], findings: &mut Vec<Finding>) -> Item {
    let mut item = Item {
        recorded: record.clone(),
        time: record.event.time,
        replaced: None,
        fact: record.event.fact().ok(),
        corrected_by: Vec::new(),
        annulled_by: Vec::new(),
    };
    for touch in by {
        match &touch.fact {
            Some(Fact::Annulled(_)) => item.annulled_by.push(touch.recorded.clone()),
            Some(Fact::Corrected(correction)) => {
                if let Some(data) = &correction.data {
                    let told_so = touch.replaced.is_none();
                    match replacement(record, data, told_so) {
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

/// The payload that replaces a record's own. `told_so`: the correction stands as it was told, so
/// the door has checked its payload against the schema; otherwise that is done here.
fn replacement(
    record: &Recorded,
    data: &Map<String, Value>,
    told_so: bool,
) -> Option<(Map<String, Value>, Fact)> {
    let kind = record.event.kind;
    let mut data = data.clone();
    if kind.is_about_record() {
        let mut told = record.event.data();
        for target in ["corrects", "annuls"] {
            match told.remove(target) {
                Some(kept) => data.insert(target.to_owned(), kept),
                None => data.remove(target),
            };
        }
    }
    let text = serde_json::to_string(&data).ok()?;
    let holds = || schemas::newest_held(kind, &json::read(text.as_bytes()).ok()?);
    if !told_so && holds().is_none() {
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
