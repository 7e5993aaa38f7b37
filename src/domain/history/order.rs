//! The order in which folds read the records of a person.
//! Always: the order follows from `time`, type, `source` and `id`; the order of receipt plays no
//! part. A fold chooses the turns of record types at one instant; two exceptions hold for every
//! fold.
//! Rules: the section "History" of the credit rules ("Order everywhere", with its two exceptions),
//! and "Order at one instant" of the continuity rules.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::fold::History;
use super::item::Item;
use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::id::{EventKey, Position};
use crate::domain::stream::StreamName;
use crate::domain::vocabulary::fact::{Fact, Id};

/// An id inside a payload, as a fold compares ids: the same id in two streams names two things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopedId<'a> {
    /// The stream of the record that has the id.
    pub stream: &'a StreamName,
    /// The id as sent.
    pub id: &'a Id,
}

/// A record that counts, with its place in the order of a fold.
#[derive(Debug, Clone, Copy)]
pub struct DatedFact<'a> {
    /// The index of the record in the order of the fold.
    pub place: usize,
    /// When the fact happened.
    pub instant: DateTime<Utc>,
    /// The civil date of `instant`.
    pub date: NaiveDate,
    /// The record with its corrections.
    pub item: &'a Item,
    /// The fact that the record states.
    pub fact: &'a Fact,
}

impl<'a> DatedFact<'a> {
    /// The name of the record in answers.
    pub fn name(&self) -> RecordName {
        RecordName::of(&self.item.recorded)
    }

    /// An id of this record's payload, within the record's stream.
    pub fn scoped(&self, id: &'a Id) -> ScopedId<'a> {
        ScopedId { stream: &self.item.recorded.stream, id }
    }

    /// The detention that the record names, if the record is about one.
    pub fn detention(&self) -> Option<ScopedId<'a>> {
        self.fact.detention().map(|id| self.scoped(id))
    }

    /// The stay that the record names, if the record is about one.
    pub fn stay(&self) -> Option<ScopedId<'a>> {
        self.fact.stay().map(|id| self.scoped(id))
    }

    /// The modality that the record is about, if any.
    pub fn modality(&self) -> Option<ScopedId<'a>> {
        self.fact.modality().map(|id| self.scoped(id))
    }

    fn key(&self) -> &'a EventKey {
        &self.item.event().key
    }
}

/// A finding about these records, which the finding names once each and in their order.
pub fn finding_about(code: FindingCode, message: &str, records: &[DatedFact]) -> Finding {
    let mut records = records.to_vec();
    records.sort_by_key(|record| record.place);
    records.dedup_by_key(|record| record.place);
    Finding::new(code, message, records.iter().map(DatedFact::name).collect())
}

/// Sorts findings by code, then by their records in the order of a fold, and keeps each once.
/// `records` are the records that have a place in that order.
pub fn put_in_order<'a>(
    findings: &mut Vec<Finding>,
    history: &'a History,
    records: impl IntoIterator<Item = &'a DatedFact<'a>>,
) {
    if findings.len() < 2 {
        return;
    }
    let mut places: BTreeMap<Position, (DateTime<Utc>, Option<usize>)> =
        history.items.iter().map(|item| (item.recorded.position, (item.instant(), None))).collect();
    let with_place = |record: &DatedFact<'a>| {
        (record.item.recorded.position, (record.instant, Some(record.place)))
    };
    places.extend(records.into_iter().map(with_place));
    let place = |name: &RecordName| {
        (places.get(&name.position).copied(), name.source.clone(), name.id.clone())
    };
    findings.sort_by_cached_key(|finding| {
        let records: Vec<_> = finding.records.iter().map(place).collect();
        (finding.code, records, finding.message.clone())
    });
    findings.dedup();
}

/// How one fold orders the records of one instant. Turns are compared before `source` and `id`.
pub trait Turns {
    /// The turn of a record among all records of its instant.
    fn turn(&self, record: &DatedFact, at_once: &[DatedFact]) -> u8;

    /// Whether the record ends an absence that runs from an earlier instant. It then stands just
    /// before the first absence of its detention that starts at its own instant.
    fn ends_earlier_absence(&self, _: &DatedFact) -> bool {
        false
    }

    /// Whether the person is inside, after all records read so far.
    fn is_inside(&self) -> bool;

    /// Reads the next record in the order.
    fn read(&mut self, record: &DatedFact);
}

/// The turns of the credit: releases first, arrivals last.
#[derive(Debug, Default)]
pub struct CreditTurns {
    is_detained: bool,
}

impl Turns for CreditTurns {
    fn turn(&self, record: &DatedFact, _: &[DatedFact]) -> u8 {
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

/// The place of a record among the records of one instant. `beside` is the record next to which the
/// record is placed: usually the record itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a> {
    is_behind_pairs: bool,
    turn: u8,
    beside: &'a EventKey,
    /// Below 0: before `beside`; above 0: after it.
    side: i8,
    own: &'a EventKey,
    /// False: just before the record whose own rank this is.
    is_itself: bool,
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

/// The ranks of the records of one instant, which come in the order of their keys.
fn ranks<'a>(
    group: &[DatedFact<'a>],
    turns: &impl Turns,
    open_stays: &BTreeSet<ScopedId>,
) -> Vec<Rank<'a>> {
    let own = |record: &DatedFact<'a>| Rank {
        is_behind_pairs: true,
        turn: turns.turn(record, group),
        beside: record.key(),
        side: 0,
        own: record.key(),
        is_itself: true,
    };
    let mut ranks: Vec<Rank<'a>> = group.iter().map(own).collect();
    place_beside_releases(group, turns, &mut ranks);
    if !turns.is_inside() {
        for (arrival, release) in pairs(group) {
            let own_records = own_records(release, group, turns);
            let between = own_records.map(|(record, turn)| (record, BETWEEN_PAIR + turn));
            for (record, side) in between.chain([(arrival, 0), (release, BEHIND_PAIR)]) {
                let rank = rank_of(record, group, &mut ranks);
                if rank.is_behind_pairs {
                    (rank.is_behind_pairs, rank.turn, rank.beside) = (false, 0, arrival.key());
                    rank.side = side;
                }
            }
        }
    }
    // Of several closings of an open stay the first ends the presence that is open.
    let closings = || group.iter().filter(|record| record.fact.closes_stay());
    let stays = closings().filter_map(DatedFact::stay);
    let mut open: BTreeSet<ScopedId> = stays.filter(|stay| open_stays.contains(stay)).collect();
    for closing in closings() {
        let Some(stay) = closing.stay() else { continue };
        let is_admission = |other: &&DatedFact| {
            matches!(other.fact, Fact::Admitted(_)) && other.stay() == Some(stay)
        };
        let admissions = group.iter().filter(is_admission);
        let admissions = admissions.map(|other| (turns.turn(other, group), other.key()));
        let (admission, side) = match open.remove(&stay) {
            true => (admissions.min(), -1),
            false => (admissions.max(), 1),
        };
        let Some((turn, beside)) = admission else { continue };
        let own = closing.key();
        let moved = Rank { is_behind_pairs: true, turn, beside, side, own, is_itself: true };
        let rank = rank_of(closing, group, &mut ranks);
        if side < 0 || *rank < moved {
            *rank = moved;
        }
    }
    place_before_next_absences(group, turns, &mut ranks);
    ranks
}

/// The rank of a record of the group.
fn rank_of<'r, 'a>(
    record: &DatedFact<'a>,
    group: &[DatedFact<'a>],
    ranks: &'r mut [Rank<'a>],
) -> &'r mut Rank<'a> {
    &mut ranks[group.element_offset(record).expect("a record of the group")]
}

/// The side of the records of a detention that stand between its arrival and its release, by turn.
const BETWEEN_PAIR: i8 = 1;

/// The side of a release that stands behind its arrival.
const BEHIND_PAIR: i8 = i8::MAX;

/// The records of the detention of a release whose turn comes before that of the release, with
/// their turns.
fn own_records<'g, 'a>(
    release: &'g DatedFact<'a>,
    group: &'g [DatedFact<'a>],
    turns: &impl Turns,
) -> impl Iterator<Item = (&'g DatedFact<'a>, i8)> {
    let turn_of_release = turns.turn(release, group);
    let with_turn = group.iter().map(move |record| (record, turns.turn(record, group)));
    let own = with_turn.filter(move |(record, turn)| {
        record.detention() == release.detention() && *turn < turn_of_release
    });
    own.map(|(record, turn)| (record, i8::try_from(turn).unwrap_or(BEHIND_PAIR - 1)))
}

/// Places the records of a detention whose turn comes before that of its release just before its
/// first release.
fn place_beside_releases<'a>(group: &[DatedFact<'a>], turns: &impl Turns, ranks: &mut [Rank<'a>]) {
    let mut placed: BTreeSet<ScopedId> = BTreeSet::new();
    for release in group.iter().filter(|record| matches!(record.fact, Fact::Released(_))) {
        if !release.detention().is_some_and(|detention| placed.insert(detention)) {
            continue;
        }
        let turn_of_release = turns.turn(release, group);
        for (record, turn) in own_records(release, group, turns) {
            let rank = rank_of(record, group, ranks);
            (rank.turn, rank.beside) = (turn_of_release, release.key());
            rank.side = turn - i8::MAX;
        }
    }
}

/// Places each end of an earlier absence before the absences of its detention that start there.
fn place_before_next_absences<'a>(
    group: &[DatedFact<'a>],
    turns: &impl Turns,
    ranks: &mut [Rank<'a>],
) {
    for end in group.iter().filter(|record| turns.ends_earlier_absence(record)) {
        let starts = group.iter().zip(&*ranks).filter(|(other, _)| {
            matches!(other.fact, Fact::AbsenceStarted(_)) && other.detention() == end.detention()
        });
        if let Some(first) = starts.map(|(_, rank)| *rank).min() {
            *rank_of(end, group, ranks) = Rank { is_itself: false, ..first };
        }
    }
}

/// The arrivals and releases of one detention at one instant, in pairs, while the person is not
/// inside. A release by day ends no detention, so no pair follows it.
pub fn pairs<'g, 'a>(group: &'g [DatedFact<'a>]) -> Vec<(&'g DatedFact<'a>, &'g DatedFact<'a>)> {
    let mut releases: Vec<(&DatedFact, bool)> = group
        .iter()
        .filter_map(|record| match record.fact {
            Fact::Released(released) => Some((record, released.reason.is_by_day())),
            _ => None,
        })
        .collect();
    let mut pairs = Vec::new();
    for arrival in group.iter().filter(|record| matches!(record.fact, Fact::Arrived(_))) {
        let same = |(release, _): &(&DatedFact, bool)| release.detention() == arrival.detention();
        let Some(found) = releases.iter().position(same) else { continue };
        let (release, is_by_day) = releases.remove(found);
        pairs.push((arrival, release));
        if is_by_day {
            break;
        }
    }
    pairs
}
