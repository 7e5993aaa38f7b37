//! Follows substitution from the first record to the present, and looks at it at every move.
//! Always: what holds at a move is what the elements at or before the move say; a report that came
//! later counts too.
//! Rules: the section "Substitution" of the continuity rules; "Transitions"; `handoverUnconfirmed`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::cover::Dose;
use super::elements::{Element, Stop, SubstitutionRecords};
use super::flow::{Flow, Passed};
use super::interruption::Onset;
use super::standing::{SubstitutionState, standing};
use crate::domain::history::DatedFact;
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::trajectory::custody::{MoveKind, PassedMoves, PersonMove, Places};
use crate::domain::trajectory::rules::ContinuityRules;

/// What substitution was at a move.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtMove {
    /// The first dose between the move and the next move.
    pub first_dose_after: Option<DateTime<Utc>>,
    /// The last instant at which that dose goes on with the course at the move; `None`: there was
    /// nothing to go on with.
    pub in_time_until: Option<DateTime<Utc>>,
    /// Whether someone has the duty to take substitution over.
    pub is_duty: bool,
    /// Whether substitution went on or was in doubt just before the move.
    pub was_needed: bool,
}

/// Substitution up to the present.
#[derive(Debug)]
pub struct FollowedSubstitution<'a, 't> {
    pub now: Flow<'a, 't>,
    /// The doses, in order.
    pub doses: Vec<Dose<'a>>,
    /// The stops that ended a course, in order.
    pub ending_stops: Vec<Stop<'a>>,
    /// By the place of the record of the move.
    at_moves: BTreeMap<usize, AtMove>,
}

/// Follows substitution up to the present of a clock.
pub fn follow<'a, 't>(
    records: &'t SubstitutionRecords<'a>,
    places: &Places<'a>,
    now: DateTime<Utc>,
    rules: &'t ContinuityRules,
) -> FollowedSubstitution<'a, 't> {
    let mut followed = FollowedSubstitution {
        now: Flow::new(records, rules),
        doses: Vec::with_capacity(records.doses.len()),
        ending_stops: Vec::new(),
        at_moves: BTreeMap::new(),
    };
    let elements = records.elements.iter().map(|element| element.at);
    let moves = places.moves.iter().map(|made| made.record.instant);
    let mut instants: Vec<DateTime<Utc>> =
        elements.chain(moves).chain(places.seen_changes()).collect();
    instants.sort_unstable();
    instants.dedup();
    let (mut elements, mut moves) = (&records.elements[..], &places.moves[..]);
    for at in instants {
        let (here, later) = elements.split_at(elements.partition_point(|one| one.at <= at));
        let (moves_here, moves_later) =
            moves.split_at(moves.partition_point(|made| made.record.instant <= at));
        followed.pass(at, here, moves_here, places);
        (elements, moves) = (later, moves_later);
    }
    followed.now.pass_time(now);
    followed.now.begin_by_clock(|since| since <= now);
    followed
}

impl<'a> FollowedSubstitution<'a, '_> {
    /// The last dose at or before an instant.
    pub fn last_dose(&self, until: DateTime<Utc>) -> Option<&Dose<'a>> {
        self.doses[..self.doses.partition_point(|dose| dose.at <= until)].last()
    }

    /// The doses after an instant.
    pub fn doses_after(&self, instant: DateTime<Utc>) -> &[Dose<'a>] {
        &self.doses[self.doses.partition_point(|dose| dose.at <= instant)..]
    }

    /// The last substitution record.
    pub fn last_record(&self) -> Option<DatedFact<'a>> {
        self.now.records.records.last().copied()
    }

    /// What substitution was at a move.
    pub fn at_move(&self, made: &PersonMove) -> AtMove {
        self.at_moves.get(&made.record.place).copied().unwrap_or_default()
    }

    /// Passes one instant: its moves, then its elements.
    fn pass(
        &mut self,
        at: DateTime<Utc>,
        elements: &[Element],
        moves: &[PersonMove<'a>],
        places: &Places<'a>,
    ) {
        self.now.pass_time(at);
        let before = moves.iter().any(|made| made.without.is_some()).then(|| self.now.clone());
        let was_needed = !self.now.is_stopped()
            && self.now.records.elements.first().is_some_and(|one| one.at < at);
        let kinds: Vec<MoveKind> = moves.iter().map(|made| made.kind).collect();
        self.now.follow(at, PassedMoves::of(&kinds, places.seen_at(at)));
        for element in elements {
            match self.now.read(element) {
                Passed::Dose => self.doses.extend(self.now.last_dose),
                Passed::CourseEnd => {
                    self.ending_stops.push(self.now.records.stops[element.index]);
                }
                Passed::Other => {}
            }
        }
        // A depot's window that ends at this instant has ended after all of its elements.
        self.now.begin_by_clock(|since| since <= at);
        for made in moves.iter().filter(|made| made.is_move()) {
            let first_dose_after = self.first_dose_after(made, places);
            let goes_on = first_dose_after.filter(|_| !self.now.course.is_empty());
            let due = goes_on.and_then(|first| self.now.due(places.seen_at(first)));
            let at_move = AtMove {
                first_dose_after,
                in_time_until: due.map(|due| due.in_time_until(self.now.rules)),
                is_duty: before.as_ref().zip(made.without).is_some_and(|(before, without)| {
                    is_duty(before.clone(), elements, without, at, places)
                }),
                was_needed,
            };
            self.at_moves.insert(made.record.place, at_move);
        }
    }

    /// The first dose between a move and the next one.
    fn first_dose_after(&self, made: &PersonMove, places: &Places) -> Option<DateTime<Utc>> {
        let doses = &self.now.records.doses;
        let first = doses.get(doses.partition_point(|dose| dose.at <= made.record.instant))?.at;
        let later = places.moves.partition_point(|other| other.record.place <= made.record.place);
        let next = places.moves[later..].iter().find(|other| other.is_move());
        next.is_none_or(|next| first <= next.record.instant).then_some(first)
    }
}

/// Whether a move is a duty: what substitution was at its instant, with its record left out.
fn is_duty(
    mut flow: Flow,
    elements: &[Element],
    without: PassedMoves,
    at: DateTime<Utc>,
    places: &Places,
) -> bool {
    flow.follow(at, without);
    for element in elements {
        flow.read(element);
    }
    flow.begin_by_clock(|since| since <= at);
    match standing(&flow, places, &AnswerClock::at(at)).state {
        SubstitutionState::Maintained | SubstitutionState::Tapering => true,
        SubstitutionState::Interrupted => {
            let onset = flow.interruption.map(|interruption| interruption.onset);
            !matches!(onset, Some(Onset::Forced { .. }))
        }
        _ => false,
    }
}
