//! The record that each correction or annulment names, and the order in which they apply.
//! Always: a correction or annulment has no effect if it names another person's record or an erased
//! record, or if its chain of targets leads back to the correction or annulment itself.

use std::collections::{BTreeMap, HashSet};

use super::erased;
use crate::domain::event::{Event, OpenRecord};
use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::id::EventKey;
use crate::domain::vocabulary::fact::Fact;

/// The records that a correction or annulment names and that are not among the readable records
/// of the person.
#[derive(Debug, Clone, Default)]
pub struct OutsideTargets {
    /// Records of other persons.
    pub of_others: HashSet<EventKey>,
    /// Erased records of this person.
    pub erased: HashSet<EventKey>,
}

/// The key and type name of the record that this event corrects or annuls, as first sent: a later
/// correction of this event never changes the target.
pub fn target(event: &Event) -> Option<(EventKey, String)> {
    event.kind.target_member()?;
    match event.fact().ok()? {
        Fact::Corrected(c) => Some((c.corrects.key(), c.corrects.kind.into())),
        Fact::Annulled(a) => Some((a.annuls.key(), a.annuls.kind.into())),
        _ => None,
    }
}

/// For each record the index of the record that it corrects or annuls.
pub(super) fn targets(
    records: &[OpenRecord],
    outside: &OutsideTargets,
    findings: &mut Vec<Finding>,
) -> Vec<Option<usize>> {
    let named: Vec<Option<(EventKey, String)>> =
        records.iter().map(|record| target(record.event())).collect();
    // Few records are named, so only their keys go into a map.
    let mut places: BTreeMap<&EventKey, Option<usize>> =
        named.iter().flatten().map(|(key, _)| (key, None)).collect();
    if places.is_empty() {
        return vec![None; records.len()];
    }
    for (place, record) in records.iter().enumerate() {
        if let Some(found) = places.get_mut(&record.event().key) {
            *found = Some(place);
        }
    }
    let resolve = |(record, named): (&OpenRecord, &Option<(EventKey, String)>)| {
        let event = record.event();
        let (key, kind) = named.as_ref()?;
        let found = places[key];
        let fits = found.is_some_and(|place| {
            let named = records[place].event();
            named.subject == event.subject && named.kind.code() == kind
        });
        if fits {
            return found;
        }
        if found.is_some() || outside.of_others.contains(key) {
            findings.push(target_elsewhere(record));
        } else if outside.erased.contains(key) {
            findings.push(erased::target_erased(record));
        }
        None
    };
    records.iter().zip(&named).map(resolve).collect()
}

fn target_elsewhere(record: &OpenRecord) -> Finding {
    let message = format!(
        "The {} names a record of another person or of another type and has no effect.",
        record.event().kind
    );
    Finding::new(FindingCode::TargetElsewhere, message, vec![RecordName::of(record)])
}

/// Where each of some records may name another one: the indexes of the records, each after those
/// that name it; and for each record whether it is in no circle. A record whose chain of targets
/// leads back to the record itself is in a circle.
pub fn outermost_first(targets: &[Option<usize>]) -> (Vec<usize>, Vec<bool>) {
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
