//! The order of the records of one instant: by turn, by `source` and `id`, with the exceptions.
//! Always: the order rests on the records before the instant and at it.
//! Rules: "Order everywhere" in the section "History" of the credit rules, and "Order at one
//! instant" of the continuity rules.

use std::collections::{BTreeMap, BTreeSet};

use super::dated::{DatedFact, ScopedId};
use crate::domain::id::EventKey;
use crate::domain::vocabulary::fact::Fact;

/// How one fold orders the records of one instant. Turns are compared before `source` and `id`.
pub trait Turns {
    /// The turn of a record. `is_released` says whether its detention is released at its instant.
    fn turn(&self, record: &DatedFact, is_released: bool) -> u8;

    /// Whether an end of an absence ends one that runs from an earlier instant. It then stands just
    /// before the first absence of its detention that starts at its own instant.
    fn ends_earlier_absence(&self, _: &DatedFact) -> bool {
        false
    }

    /// Whether the person is inside, after all records read so far.
    fn is_inside(&self) -> bool;

    /// Reads the next record in the order.
    fn read(&mut self, record: &DatedFact);
}

/// The place of a record among the records of one instant. `beside` is the record next to which the
/// record is placed: usually the record itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank<'a> {
    is_behind_pairs: bool,
    turn: u8,
    beside: &'a EventKey,
    /// Below 0: before `beside`; above 0: after it.
    side: i8,
    /// The key of the record itself, or of the one just before which it stands.
    own: &'a EventKey,
    /// Whether `own` is the record's own key.
    is_itself: bool,
}

/// The side of the records of a detention that stand between its arrival and its release, by turn.
const BETWEEN_PAIR: i8 = 1;

/// The side of a release that stands behind its arrival.
const BEHIND_PAIR: i8 = i8::MAX;

/// The records of one instant, in the order of their keys, with their turns.
struct Group<'g, 'a> {
    records: &'g [DatedFact<'a>],
    turns: Vec<u8>,
    /// The places of the records of each detention that is released there.
    of_released: BTreeMap<ScopedId<'a>, Vec<usize>>,
}

impl<'g, 'a> Group<'g, 'a> {
    fn new(records: &'g [DatedFact<'a>], fold: &impl Turns) -> Self {
        let releases = records.iter().filter(|record| matches!(record.fact, Fact::Released(_)));
        let released = releases.filter_map(DatedFact::detention);
        let mut of_released: BTreeMap<ScopedId, Vec<usize>> =
            released.map(|detention| (detention, Vec::new())).collect();
        let turn = |(place, record): (usize, &DatedFact<'a>)| {
            let own = record.detention().and_then(|detention| of_released.get_mut(&detention));
            let turn = fold.turn(record, own.is_some());
            own.into_iter().for_each(|own| own.push(place));
            turn
        };
        let turns = records.iter().enumerate().map(turn).collect();
        Self { records, turns, of_released }
    }

    /// The records that a test holds for, with their places.
    fn all(
        &self,
        holds: impl Fn(&Fact) -> bool,
    ) -> impl Iterator<Item = (usize, &'g DatedFact<'a>)> {
        self.records.iter().enumerate().filter(move |(_, record)| holds(record.fact))
    }

    fn place(&self, record: &DatedFact<'a>) -> usize {
        self.records.element_offset(record).expect("a record of the group")
    }

    /// The places of the records of the detention of a release whose turn comes before that of the
    /// release, with their turns.
    fn before_release(&self, release: usize) -> impl Iterator<Item = (usize, i8)> {
        let detention = self.records[release].detention();
        let own = detention.and_then(|detention| self.of_released.get(&detention));
        let turn = self.turns[release];
        let before = own.into_iter().flatten().filter(move |&&place| self.turns[place] < turn);
        before.map(|&place| (place, i8::try_from(self.turns[place]).unwrap_or(BEHIND_PAIR - 1)))
    }
}

/// The ranks of the records of one instant, which come in the order of their keys.
pub(super) fn ranks<'a>(
    records: &[DatedFact<'a>],
    fold: &impl Turns,
    open_stays: &BTreeSet<ScopedId>,
) -> Vec<Rank<'a>> {
    let group = Group::new(records, fold);
    let own = |(record, &turn): (&DatedFact<'a>, &u8)| Rank {
        is_behind_pairs: true,
        turn,
        beside: record.key(),
        side: 0,
        own: record.key(),
        is_itself: true,
    };
    let mut ranks: Vec<Rank<'a>> = records.iter().zip(&group.turns).map(own).collect();
    place_beside_releases(&group, &mut ranks);
    if !fold.is_inside() {
        place_pairs_first(&group, &mut ranks);
    }
    place_closings(&group, open_stays, &mut ranks);
    place_before_next_absences(&group, fold, &mut ranks);
    ranks
}

/// Places the records of a detention whose turn comes before that of its release just before its
/// first release.
fn place_beside_releases<'a>(group: &Group<'_, 'a>, ranks: &mut [Rank<'a>]) {
    let mut placed: BTreeSet<ScopedId> = BTreeSet::new();
    for (place, release) in group.all(|fact| matches!(fact, Fact::Released(_))) {
        if !release.detention().is_some_and(|detention| placed.insert(detention)) {
            continue;
        }
        for (own, turn) in group.before_release(place) {
            let rank = &mut ranks[own];
            (rank.turn, rank.beside) = (group.turns[place], release.key());
            rank.side = turn - i8::MAX;
        }
    }
}

/// Places the pairs of an arrival and a release of one detention first.
fn place_pairs_first<'a>(group: &Group<'_, 'a>, ranks: &mut [Rank<'a>]) {
    for (arrival, release) in pairs(group.records) {
        let ends = (group.place(arrival), group.place(release));
        let between = group.before_release(ends.1).map(|(own, turn)| (own, BETWEEN_PAIR + turn));
        for (place, side) in between.chain([(ends.0, 0), (ends.1, BEHIND_PAIR)]) {
            let rank = &mut ranks[place];
            if rank.is_behind_pairs {
                (rank.is_behind_pairs, rank.turn, rank.beside) = (false, 0, arrival.key());
                rank.side = side;
            }
        }
    }
}

/// Places each closing of a stay beside the admissions of that stay. Of several closings of an open
/// stay the first ends the presence that is open.
fn place_closings<'a>(
    group: &Group<'_, 'a>,
    open_stays: &BTreeSet<ScopedId>,
    ranks: &mut [Rank<'a>],
) {
    let stays = group.all(Fact::closes_stay).filter_map(|(_, closing)| closing.stay());
    let mut open: BTreeSet<ScopedId> = stays.filter(|stay| open_stays.contains(stay)).collect();
    for (place, closing) in group.all(Fact::closes_stay) {
        let Some(stay) = closing.stay() else { continue };
        let admissions = group.all(|fact| matches!(fact, Fact::Admitted(_)));
        let admissions = admissions
            .filter(|(_, admission)| admission.stay() == Some(stay))
            .map(|(place, admission)| (group.turns[place], admission.key()));
        let (admission, side) = match open.remove(&stay) {
            true => (admissions.min(), -1),
            false => (admissions.max(), 1),
        };
        let Some((turn, beside)) = admission else { continue };
        let own = closing.key();
        let moved = Rank { is_behind_pairs: true, turn, beside, side, own, is_itself: true };
        if side < 0 || ranks[place] < moved {
            ranks[place] = moved;
        }
    }
}

/// Places each end of an earlier absence before the absences of its detention that start there.
fn place_before_next_absences<'a>(
    group: &Group<'_, 'a>,
    fold: &impl Turns,
    ranks: &mut [Rank<'a>],
) {
    for (place, end) in group.all(|fact| matches!(fact, Fact::AbsenceEnded(_))) {
        if !fold.ends_earlier_absence(end) {
            continue;
        }
        let starts = group.all(|fact| matches!(fact, Fact::AbsenceStarted(_)));
        let starts = starts.filter(|(_, start)| start.detention() == end.detention());
        if let Some(first) = starts.map(|(start, _)| ranks[start]).min() {
            ranks[place] = Rank { is_itself: false, ..first };
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
