//! The order in which folds read the records of a person.
//! Always: the order follows from `time`, type, `source` and `id`; the order of receipt plays no
//! part. A fold chooses the turns of record types at one instant; two exceptions hold for every
//! fold.
//! Rules: the section "History" of the credit rules ("Order everywhere", with its two exceptions),
//! and "Order at one instant" of the continuity rules.

use std::collections::BTreeSet;

use super::dated::{DatedFact, ScopedId};
use super::fold::History;
use super::item::Item;
use super::ranks::{Rank, Turns, ranks};
use crate::domain::stream::StreamName;
use crate::domain::vocabulary::fact::Fact;

/// The turns of the credit: releases first, arrivals last.
#[derive(Debug, Default)]
pub struct CreditTurns {
    is_detained: bool,
}

impl Turns for CreditTurns {
    fn turn(&self, record: &DatedFact, _: bool) -> u8 {
        match record.fact {
            Fact::Released(_) => 0,
            Fact::Arrived(_) => 2,
            _ => 1,
        }
    }

    fn is_inside(&self) -> bool {
        self.is_detained
    }

    fn read(&mut self, record: &DatedFact) {
        match record.fact {
            Fact::Arrived(_) => self.is_detained = true,
            Fact::Released(released) if !released.reason.is_by_day() => self.is_detained = false,
            _ => {}
        }
    }
}

/// The facts in the order of a fold.
///
/// The two exceptions at one instant: while the person is not inside, an arrival and a release of
/// one detention stand first, the arrival before the release; and a closing of a stay stands before
/// the admissions of that stay if the stay is open, else after them.
pub fn in_order<'a>(
    facts: impl IntoIterator<Item = (&'a Item, &'a Fact)>,
    turns: &mut impl Turns,
) -> Vec<DatedFact<'a>> {
    let dated = |(item, fact): (&'a Item, &'a Fact)| DatedFact {
        place: 0,
        instant: item.instant(),
        date: item.date,
        item,
        fact,
    };
    let mut records = in_turns(facts.into_iter().map(dated).collect(), turns);
    records.iter_mut().enumerate().for_each(|(place, record)| record.place = place);
    records
}

/// The records in force that the view `effective` delivers, in the order of the credit: without
/// corrections, annulments, merges and unmerges, which have had their effect.
pub fn delivered(history: &History) -> Vec<DatedFact<'_>> {
    let facts = history.facts().filter(|(item, _)| !item.kind().is_merge());
    in_order(facts, &mut CreditTurns::default())
}

/// The turn of a stream in the view `effective`: first those of facilities, then those of projects,
/// then those of persons.
pub fn stream_turn(stream: &StreamName) -> u8 {
    match stream {
        StreamName::Facility(_) => 0,
        StreamName::Project(_) => 1,
        StreamName::Person(_) => 2,
    }
}

/// Records in the order that these turns give; each keeps its place in the order it comes from.
pub fn in_turns<'a>(mut records: Vec<DatedFact<'a>>, turns: &mut impl Turns) -> Vec<DatedFact<'a>> {
    let by_key = |a: &DatedFact, b: &DatedFact| a.key().cmp(b.key());
    records.sort_unstable_by(|a, b| a.instant.cmp(&b.instant).then_with(|| by_key(a, b)));
    let mut open_stays: BTreeSet<ScopedId> = BTreeSet::new();
    for group in records.chunk_by_mut(|a, b| a.instant == b.instant) {
        if group.len() > 1 {
            let ranks = ranks(group, turns, &open_stays);
            let mut order: Vec<(Rank, DatedFact)> =
                ranks.into_iter().zip(group.iter().copied()).collect();
            order.sort_by_key(|(rank, _)| *rank);
            group.iter_mut().zip(order).for_each(|(record, (_, next))| *record = next);
        }
        for record in group {
            turns.read(record);
            if let Some(stay) = record.stay() {
                match record.fact {
                    Fact::Admitted(_) => _ = open_stays.insert(stay),
                    fact if fact.closes_stay() => _ = open_stays.remove(&stay),
                    _ => {}
                }
            }
        }
    }
    records
}
