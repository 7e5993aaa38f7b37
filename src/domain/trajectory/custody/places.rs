//! The detentions and the moves of a person, and from where covers are seen over time.
//! Always: a release and an arrival at one instant make no break in prison.
//! Rules: the section "Custody" of the continuity rules; "Release by day" and "Departure" in its
//! section "Words".

use chrono::{DateTime, Utc};

use super::whereabouts::Whereabouts;
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{DatedFact, InOrOut, finding_about, in_turns, pairs};
use crate::domain::vocabulary::choice::ReleaseReason;
use crate::domain::vocabulary::fact::{Code, Fact};

/// From where a cover is seen: bottles at home do not cover a person in prison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenFrom {
    /// Outside, of unknown place, or absent.
    Liberty,
    /// In prison without a break since this entry.
    Prison { entry: DateTime<Utc> },
}

/// A detention: from the record that made the person inside to the next departure. A record is of
/// the detention from the instant of its beginning to that of its end.
#[derive(Debug, Clone, Copy)]
pub struct HeldSpan<'a> {
    pub began: DatedFact<'a>,
    pub departure: Option<DatedFact<'a>>,
}

impl HeldSpan<'_> {
    /// Whether an instant lies in the detention.
    pub fn holds(&self, instant: DateTime<Utc>) -> bool {
        self.began.instant <= instant
            && self.departure.is_none_or(|departure| instant <= departure.instant)
    }
}

/// The kind of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveKind {
    Arrival,
    Transfer,
    /// A release by which the person leaves, or a removal from the territory.
    Departure(ReleaseReason),
    /// A release by day, or a release of a person who was already outside.
    NoDeparture,
    Admission,
}

impl MoveKind {
    const fn is_departure(self) -> bool {
        matches!(self, Self::Departure(_))
    }
}

/// What the moves of one instant change for substitution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedMoves {
    /// Whether nobody knows any more how an interruption stands.
    pub fade_interruption: bool,
    /// Whether the person departs.
    pub depart: bool,
    /// From where covers are seen after the moves.
    pub seen: SeenFrom,
}

impl PassedMoves {
    /// What moves of these kinds change.
    pub fn of(kinds: &[MoveKind], seen: SeenFrom) -> Self {
        let fades = |kind: &MoveKind| {
            matches!(kind, MoveKind::Arrival | MoveKind::Transfer) || kind.is_departure()
        };
        Self {
            fade_interruption: kinds.iter().any(fades),
            depart: kinds.iter().any(|kind| kind.is_departure()),
            seen,
        }
    }
}

/// A record that moves the person.
#[derive(Debug, Clone, Copy)]
pub struct PersonMove<'a> {
    pub record: DatedFact<'a>,
    pub kind: MoveKind,
    /// The prison just before the move.
    pub facility_before: Option<&'a Code>,
    /// Whether the move begins a detention.
    pub begins_detention: bool,
    /// Of a transfer or a departure: what the moves of its instant change if its own record is left
    /// out.
    pub without: Option<PassedMoves>,
}

impl PersonMove<'_> {
    /// Whether the move is a departure.
    pub const fn is_departure(&self) -> bool {
        self.kind.is_departure()
    }

    /// Whether substitution may have to go on across the move.
    pub const fn is_move(&self) -> bool {
        !matches!(self.kind, MoveKind::NoDeparture)
    }
}

/// The places of the person over time.
#[derive(Debug, Default)]
pub struct Places<'a> {
    pub now: Whereabouts<'a>,
    pub held: Vec<HeldSpan<'a>>,
    pub moves: Vec<PersonMove<'a>>,
    pub findings: Vec<Finding>,
    /// Each instant from which covers are seen from another place.
    seen: Vec<(DateTime<Utc>, SeenFrom)>,
}

impl<'a> Places<'a> {
    /// Reads the records in order.
    pub fn read(records: &[DatedFact<'a>]) -> Self {
        let mut places = Self::default();
        for at_once in records.chunk_by(|a, b| a.instant == b.instant) {
            places.read_instant(at_once);
        }
        places
    }

    fn read_instant(&mut self, at_once: &[DatedFact<'a>]) {
        let before = self.now;
        if before.place != InOrOut::Inside {
            self.findings.extend(arrived_and_released(at_once));
        }
        for record in at_once {
            let (place, facility_before) = (self.now.place, self.now.facility);
            self.findings.extend(self.now.read(*record, at_once));
            let begins_detention = place != InOrOut::Inside && self.now.place == InOrOut::Inside;
            if begins_detention {
                self.held.push(HeldSpan { began: *record, departure: None });
            }
            let Some(kind) = move_kind(record, place) else { continue };
            if kind.is_departure() {
                self.held.last_mut().map(|held| held.departure.get_or_insert(*record));
            }
            let without = (kind == MoveKind::Transfer || kind.is_departure())
                .then(|| self.without(before, record, at_once));
            let record = *record;
            let made = PersonMove { record, kind, facility_before, begins_detention, without };
            self.moves.push(made);
        }
        let Some(record) = at_once.first() else { return };
        let seen = seen_after(self.now, self.seen_last(), record.instant);
        if seen != self.seen_last() {
            self.seen.push((record.instant, seen));
        }
    }

    /// What the moves of an instant change if one of its records is left out: the others may stand
    /// in another order, and another release may be the departure.
    fn without(
        &self,
        before: Whereabouts<'a>,
        left_out: &DatedFact<'a>,
        at_once: &[DatedFact<'a>],
    ) -> PassedMoves {
        let others = at_once
            .iter()
            .filter(|record| record.place != left_out.place && record.detention().is_some());
        let others = in_turns(others.copied().collect(), &mut before.turns());
        let mut now = before;
        let kind = |record: &DatedFact<'a>| {
            let place = now.place;
            now.read(*record, &others);
            move_kind(record, place)
        };
        let kinds: Vec<MoveKind> = others.iter().filter_map(kind).collect();
        PassedMoves::of(&kinds, seen_after(now, self.seen_last(), left_out.instant))
    }

    fn seen_last(&self) -> SeenFrom {
        self.seen.last().map_or(SeenFrom::Liberty, |(_, seen)| *seen)
    }

    /// From where covers are seen at an instant.
    pub fn seen_at(&self, instant: DateTime<Utc>) -> SeenFrom {
        let come = &self.seen[..self.seen.partition_point(|(since, _)| *since <= instant)];
        come.last().map_or(SeenFrom::Liberty, |(_, seen)| *seen)
    }

    /// The instants from which covers are seen from another place.
    pub fn seen_changes(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.seen.iter().map(|(since, _)| *since)
    }

    /// This detention, while the person is inside.
    pub fn held_now(&self) -> Option<&HeldSpan<'a>> {
        self.held.last().filter(|_| self.now.place == InOrOut::Inside)
    }

    /// The detention that a departure ended.
    pub fn ended_by(&self, departure: &PersonMove) -> Option<&HeldSpan<'a>> {
        let place = departure.record.place;
        let ends = |held: &&HeldSpan| held.departure.is_some_and(|ended| ended.place == place);
        self.held.iter().rfind(ends)
    }

    /// The last departure.
    pub fn last_departure(&self) -> Option<&PersonMove<'a>> {
        self.moves.iter().rfind(|made| made.is_departure())
    }
}

/// An unbroken stay in prison goes on; another one begins at this instant.
fn seen_after(now: Whereabouts, before: SeenFrom, instant: DateTime<Utc>) -> SeenFrom {
    match (now.is_in_prison(), before) {
        (false, _) => SeenFrom::Liberty,
        (true, SeenFrom::Liberty) => SeenFrom::Prison { entry: instant },
        (true, inside) => inside,
    }
}

/// How a record moves a person who is at this place just before it.
fn move_kind(record: &DatedFact, place: InOrOut) -> Option<MoveKind> {
    match record.fact {
        Fact::Arrived(_) => Some(MoveKind::Arrival),
        Fact::Transferred(_) => Some(MoveKind::Transfer),
        Fact::Admitted(_) => Some(MoveKind::Admission),
        Fact::Released(released) => {
            let reason = released.reason;
            let leaves = !reason.is_by_day()
                && (place != InOrOut::Outside || reason == ReleaseReason::Removal);
            Some(if leaves { MoveKind::Departure(reason) } else { MoveKind::NoDeparture })
        }
        _ => None,
    }
}

/// The findings that a detention begins and ends at one instant: the arrival was read first.
fn arrived_and_released(at_once: &[DatedFact]) -> impl Iterator<Item = Finding> {
    pairs(at_once).into_iter().map(|(arrival, release)| {
        let message = "Arrived and released at one instant; the arrival was read first.";
        finding_about(FindingCode::ArrivedAndReleasedAtOnce, message, &[*arrival, *release])
    })
}
