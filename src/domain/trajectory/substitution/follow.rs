//! Follows substitution from the first record to the present, and looks at it at every move.
//! Always: what holds at a move is what the elements at or before the move say; a report that came
//! later counts too.
//! Rules: the section "Substitution" of the continuity rules; "Transitions"; `handoverUnconfirmed`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::cover::Dose;
use super::elements::{Element, Stop, SubstitutionRecords};
use super::flow::{Flow, Passed};
use super::prescriptions::Prescription;
use super::standing::standing;
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::trajectory::custody::{MoveKind, PersonMove, Places};
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::vocabulary::fact::Fact;

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

/// A prescription, with its amount as the last change before a dose left it.
#[derive(Debug, Clone, Copy)]
pub struct Ordered<'a> {
    pub prescription: Prescription<'a>,
    pub micrograms: u32,
}

/// Substitution up to the present.
#[derive(Debug)]
pub struct FollowedSubstitution<'a, 't> {
    pub now: Flow<'a, 't>,
    /// The doses, in order.
    pub doses: Vec<Dose<'a>>,
    /// For each dose the prescription that it is compared with.
    pub ordered: Vec<Option<Ordered<'a>>>,
    /// The amount that the last change of a prescription left.
    changed: HashMap<ScopedId<'a>, (DateTime<Utc>, u32)>,
    /// The stops that ended a course, in order.
    pub ending_stops: Vec<Stop<'a>>,
    /// By the place of the record of the move.
    pub at_moves: HashMap<usize, AtMove>,
}

impl<'a> FollowedSubstitution<'a, '_> {
    /// The last dose at or before an instant.
    pub fn last_dose(&self, until: DateTime<Utc>) -> Option<&Dose<'a>> {
        self.doses[..self.doses.partition_point(|dose| dose.at <= until)].last()
    }

    /// The last substitution record.
    pub fn last_record(&self) -> Option<DatedFact<'a>> {
        self.now.records.records.last().copied()
    }

    /// The doses after an instant.
    pub fn doses_after(&self, instant: DateTime<Utc>) -> &[Dose<'a>] {
        &self.doses[self.doses.partition_point(|dose| dose.at <= instant)..]
    }
}

/// The instants of substitution records that are no elements, or whose element is earlier.
pub fn others(records: &SubstitutionRecords) -> Vec<DateTime<Utc>> {
    let is_other = |fact: &Fact| {
        matches!(fact, Fact::Verified(_) | Fact::HandoverSent(_) | Fact::HandoverConfirmed(_))
    };
    let others = records.records.iter().filter(|record| is_other(record.fact));
    others.map(|record| record.instant).collect()
}

/// Follows substitution up to an instant.
pub fn follow<'a, 't>(
    records: &'t SubstitutionRecords<'a>,
    others: &'t [DateTime<Utc>],
    places: &Places<'a>,
    now: DateTime<Utc>,
    rules: &'t ContinuityRules,
) -> FollowedSubstitution<'a, 't> {
    let flow = Flow::new(records, others, rules);
    let mut followed = FollowedSubstitution {
        now: flow,
        doses: Vec::new(),
        ordered: Vec::new(),
        changed: HashMap::new(),
        ending_stops: Vec::new(),
        at_moves: HashMap::new(),
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
        let come = moves.partition_point(|made| made.record.instant <= at);
        followed.pass(at, here, &moves[..come], &moves[come..], places);
        (elements, moves) = (later, &moves[come..]);
    }
    followed.now.pass_time(now);
    followed.now.begin_by_clock(now);
    followed
}

impl<'a, 't> FollowedSubstitution<'a, 't> {
    /// Passes one instant: its moves, then its elements.
    fn pass(
        &mut self,
        at: DateTime<Utc>,
        elements: &[Element],
        moves: &[PersonMove<'a>],
        later: &[PersonMove<'a>],
        places: &Places<'a>,
    ) {
        self.now.pass_time(at);
        let before = (!moves.is_empty()).then(|| self.now.clone());
        self.now.follow(moves, places.seen_at(at));
        for passed in read_all(&mut self.now, at, elements) {
            match passed {
                Passed::Dose(dose, ordered) => {
                    self.ordered.push(ordered.map(|one| self.as_changed(one)));
                    self.doses.push(dose);
                }
                Passed::Change(id, micrograms) => {
                    self.changed.insert(id, (at, micrograms));
                }
                Passed::CourseEnd(stop) => self.ending_stops.push(stop),
                Passed::Other => {}
            }
        }
        let Some(before) = before else { return };
        for (index, made) in moves.iter().enumerate().filter(|(_, made)| made.is_move()) {
            let mut next = moves[index + 1..].iter().chain(later).filter(|made| made.is_move());
            let until = next.next().map(|next| next.record.instant);
            let mut at_move = AtMove {
                first_dose_after: self.first_dose(at, until),
                was_needed: before.is_needed_before(at),
                ..AtMove::default()
            };
            if let Some(first) = at_move.first_dose_after.filter(|_| !self.now.course.is_empty()) {
                let due = self.now.due(places.seen_at(first));
                at_move.in_time_until = due.map(|due| due.in_time_until(self.now.rules));
            }
            if matches!(made.kind, MoveKind::Transfer | MoveKind::Departure(_)) {
                at_move.is_duty = is_duty(before.clone(), elements, moves, made, places);
            }
            self.at_moves.insert(made.record.place, at_move);
        }
    }

    fn as_changed(&self, prescription: Prescription<'a>) -> Ordered<'a> {
        let changed = self.changed.get(&prescription.id);
        let changed = changed.filter(|(at, _)| *at >= prescription.record.instant);
        let micrograms = changed.map_or(prescription.prescribed.dose_micrograms, |(_, to)| *to);
        Ordered { prescription, micrograms }
    }

    fn first_dose(&self, at: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let doses = &self.now.records.doses;
        let first = doses.get(doses.partition_point(|dose| dose.at <= at)).map(|dose| dose.at);
        first.filter(|first| until.is_none_or(|until| *first <= until))
    }
}

/// Reads the elements of one instant. A depot's window that ends then has ended after all of them.
fn read_all<'a>(
    flow: &mut Flow<'a, '_>,
    at: DateTime<Utc>,
    elements: &[Element],
) -> Vec<Passed<'a>> {
    let passed = elements.iter().map(|element| flow.read(element)).collect();
    flow.begin_by_clock(at);
    passed
}

/// Whether a move is a duty: what substitution was at its instant, with the move left out.
fn is_duty<'a>(
    mut flow: Flow<'a, '_>,
    elements: &[Element],
    moves: &[PersonMove<'a>],
    made: &PersonMove<'a>,
    places: &Places<'a>,
) -> bool {
    let at = made.record.instant;
    let others: Vec<PersonMove> =
        moves.iter().filter(|other| other.record.place != made.record.place).copied().collect();
    flow.follow(&others, made.seen_without);
    read_all(&mut flow, at, elements);
    let seen_at = |instant| if instant < at { places.seen_at(instant) } else { made.seen_without };
    let state = standing(&flow, seen_at, &AnswerClock::at(at)).state;
    let is_forced = flow.interruption.is_some_and(|interruption| interruption.is_forced());
    state.goes_on() || state.is_interrupted() && !is_forced
}

impl Flow<'_, '_> {
    /// Whether substitution went on or was in doubt just before an instant.
    fn is_needed_before(&self, at: DateTime<Utc>) -> bool {
        !self.is_stopped() && self.has_record(at - chrono::TimeDelta::microseconds(1))
    }

    /// Whether an element or a substitution record is at or before an instant.
    pub(super) fn has_record(&self, until: DateTime<Utc>) -> bool {
        let element = self.records.elements.first().map(|element| element.at);
        let record = self.records.records.first().map(|record| record.instant);
        element.into_iter().chain(record).any(|first| first <= until)
    }
}
