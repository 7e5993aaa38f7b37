//! The duties to take substitution over after a move, and the handovers that are for them.
//! Always: a duty is taken over by a confirmation, or by the first dose that shows it.
//! Rules: "handoverUnconfirmed" in the section "Alerts" of the continuity rules.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::situation::Situation;
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::time::calendar::{date_of, days_after, end_of};
use crate::domain::time::workdays::workdays_after;
use crate::domain::trajectory::custody::{MoveKind, PersonMove};
use crate::domain::trajectory::substitution::Dose;
use crate::domain::vocabulary::choice::Setting;
use crate::domain::vocabulary::fact::{Fact, HandoverSent};

/// A handover that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handover<'a> {
    pub record: DatedFact<'a>,
    pub sent: &'a HandoverSent,
    /// When it was confirmed; a confirmation counts from the later of its time and the handover's.
    pub confirmed: Option<DateTime<Utc>>,
}

impl Handover<'_> {
    /// Whether a dose was given by the provider who should take over.
    pub fn is_given_there(&self, dose: &Dose) -> bool {
        dose.given.is_some() && dose.best.place == Some(&self.sent.to_provider)
    }
}

/// The handovers, in order.
pub(super) fn handovers<'a>(records: &[DatedFact<'a>]) -> Vec<Handover<'a>> {
    let mut confirmed: HashMap<ScopedId, DateTime<Utc>> = HashMap::new();
    for record in records {
        if let Fact::HandoverConfirmed(fact) = record.fact {
            confirmed.entry(record.scoped(&fact.handover)).or_insert(record.instant);
        }
    }
    let handover = |record: &DatedFact<'a>| {
        let Fact::HandoverSent(sent) = record.fact else { return None };
        let confirmed = confirmed.get(&record.scoped(&sent.handover));
        let confirmed = confirmed.map(|at| (*at).max(record.instant));
        Some(Handover { record: *record, sent, confirmed })
    };
    records.iter().filter_map(handover).collect()
}

/// The handovers that are for a move: sent after the duty before and before the duty after it.
pub(super) fn handovers_for<'h, 'a>(
    made: &PersonMove<'a>,
    duties: &[PersonMove<'a>],
    handovers: &'h [Handover<'a>],
    ahead_days: u32,
) -> Vec<&'h Handover<'a>> {
    let place = made.record.place;
    let before = duties.iter().rfind(|duty| duty.record.place < place);
    let after = duties.iter().find(|duty| duty.record.place > place);
    let is_for = |handover: &&Handover| {
        let sent = handover.record.instant;
        before.is_none_or(|before| before.record.instant < sent)
            && after.is_none_or(|after| sent < after.record.instant)
            && days_after(sent, ahead_days) >= made.record.instant
    };
    handovers.iter().filter(is_for).collect()
}

/// A duty with its handovers, and when it was taken over.
#[derive(Debug)]
pub(super) struct Duty<'h, 'a> {
    pub made: PersonMove<'a>,
    pub handovers: Vec<&'h Handover<'a>>,
    pub taken_over: Option<DateTime<Utc>>,
}

/// The moves that are duties.
pub(super) fn duty_moves<'a>(on: &Situation<'_, 'a>) -> Vec<PersonMove<'a>> {
    on.places.moves.iter().filter(|made| on.followed.at_move(made).is_duty).copied().collect()
}

/// The duties, from the last to the first. An alert looks at the last ones only.
pub(super) fn duties_from_last<'h, 'a>(
    on: &'h Situation<'_, 'a>,
    handovers: &'h [Handover<'a>],
) -> impl Iterator<Item = Duty<'h, 'a>> {
    let moves = duty_moves(on);
    (0..moves.len()).rev().map(move |index| duty(on, handovers, &moves, index))
}

fn duty<'h, 'a>(
    on: &Situation<'_, 'a>,
    handovers: &'h [Handover<'a>],
    moves: &[PersonMove<'a>],
    index: usize,
) -> Duty<'h, 'a> {
    let made = moves[index];
    let at = made.record.instant;
    let ahead_days = on.rules.thresholds.handover_ahead_days.value;
    let handovers = handovers_for(&made, moves, handovers, ahead_days);
    let next = moves.get(index + 1).map(|next| next.record.instant);
    let confirmed = handovers.iter().filter_map(|handover| handover.confirmed).min();
    let confirmed = confirmed.map(|confirmed| confirmed.max(at));
    let in_time = |dose: &&Dose| next.is_none_or(|next| dose.at <= next);
    let mut later = on.followed.doses_after(at).iter().take_while(in_time);
    let shown = later.find(|dose| takes_over(on, &made, &handovers, dose));
    let taken_over = confirmed.into_iter().chain(shown.map(|dose| dose.at)).min();
    Duty { made, handovers, taken_over }
}

/// Whether a dose after a duty shows that someone took over.
fn takes_over(on: &Situation, made: &PersonMove, handovers: &[&Handover], dose: &Dose) -> bool {
    if dose.given.is_none() {
        return false;
    }
    let is_elsewhere = match (made.kind, made.record.fact) {
        (MoveKind::Transfer, Fact::Transferred(moved)) => dose.best.place != Some(&moved.from),
        _ => dose.best.setting != Some(Setting::Prison),
    };
    let is_arrival = |other: &&PersonMove| {
        other.kind == MoveKind::Arrival && other.record.place > made.record.place
    };
    let arrival = || on.places.moves.iter().find(is_arrival);
    is_elsewhere
        || handovers.iter().any(|handover| handover.is_given_there(dose))
        || dose.best.setting == Some(Setting::Prison)
            && arrival().is_some_and(|arrival| arrival.record.instant <= dose.at)
}

/// The deadline of a duty or of a handover.
pub(super) fn deadline(on: &Situation, at: DateTime<Utc>) -> DateTime<Utc> {
    let thresholds = &on.rules.thresholds;
    let interval_days = on.followed.last_dose(at).map_or(1, |dose| dose.best.interval_days);
    let by_interval = days_after(at, thresholds.handover_intervals.value * interval_days);
    let workday = workdays_after(date_of(at), thresholds.handover_working_days.value);
    by_interval.min(end_of(workday))
}
