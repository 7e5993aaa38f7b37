//! Whether substitution went on over each move: arrival, transfer, release, admission.
//! Always: one entry a record of a move; `continuous` is a statement only when a dose before and
//! a dose after are known.
//! Form: `transitions` of the trajectory in the HTTP contract.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Record;
use super::doses::{Dose, Timeline, silent_from};
use super::rules::Rules;
use crate::domain::calendar::days_after;
use crate::domain::choice::StopReason;
use crate::domain::fact::{Code, Fact};

/// What kind of move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum TransitionKind {
    Arrival,
    Transfer,
    Release,
    ResidentialAdmission,
}

/// One move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Of what kind.
    pub kind: TransitionKind,
    /// When.
    pub at: DateTime<Utc>,
    /// The prison that was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Code>,
    /// The place that was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Code>,
    /// The last dose known up to the move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_dose_before: Option<DateTime<Utc>>,
    /// The first dose known after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_dose_after: Option<DateTime<Utc>>,
    /// Whole hours between the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_hours: Option<i64>,
    /// Whether the dose after came within one interval and the tolerance; null when that cannot
    /// be said.
    pub continuous: Option<bool>,
}

/// The moves, in order.
pub fn fold(records: &[Record], timeline: &Timeline, rules: &Rules) -> Vec<Transition> {
    let mut transitions = Vec::new();
    let mut facility: Option<&Code> = None;
    for (item, fact) in records {
        let (kind, from, to) = match fact {
            Fact::Arrived(fact) => (TransitionKind::Arrival, None, Some(&fact.facility)),
            Fact::Transferred(fact) => (TransitionKind::Transfer, Some(&fact.from), Some(&fact.to)),
            Fact::Released(_) => (TransitionKind::Release, facility, None),
            Fact::Admitted(fact) => {
                (TransitionKind::ResidentialAdmission, None, Some(&fact.facility))
            }
            _ => continue,
        };
        if kind != TransitionKind::ResidentialAdmission {
            facility = to;
        }
        let mut transition = Transition {
            kind,
            at: item.instant(),
            from: from.cloned(),
            to: to.cloned(),
            last_dose_before: None,
            first_dose_after: None,
            gap_hours: None,
            continuous: None,
        };
        bridge(&mut transition, timeline, rules);
        transitions.push(transition);
    }
    transitions
}

/// Adds the doses on either side. A substitution that had ended by plan or by the person before
/// the move was none to go on with, nor is one of which nothing was known by then.
fn bridge(transition: &mut Transition, timeline: &Timeline, rules: &Rules) {
    let before = timeline.last_dose(transition.at);
    let after = timeline.first_dose(transition.at).map(|dose| dose.at);
    transition.last_dose_before = before.map(|dose| dose.at);
    transition.first_dose_after = after;
    let (Some(before), Some(after)) = (before, after) else { return };
    if is_unknown(before, transition.at, timeline, rules) {
        return;
    }
    transition.gap_hours = Some((after - before.at).num_hours());
    let ended = [StopReason::Planned, StopReason::Client];
    if !timeline.stopped_between(before.at, transition.at, &ended) {
        transition.continuous = Some(after <= before.continuous_until(rules));
    }
}

/// Whether silence alone had followed the last dose for so long that nothing was known at the move.
fn is_unknown(dose: &Dose, moved: DateTime<Utc>, timeline: &Timeline, rules: &Rules) -> bool {
    let silent = |due| silent_from(due, dose.interval_days, rules);
    let within = |at: DateTime<Utc>| at > dose.at && at <= moved;
    let stopped = timeline.stops.iter().any(|(item, _)| within(item.instant()));
    let withheld = || timeline.withheld.iter().filter(|w| within(w.item.instant()));
    let heard = withheld().next_back().map(|last| silent(days_after(last.item.instant(), 1)));
    let broken_off = withheld().next().zip(withheld().next_back()).is_some_and(|(first, last)| {
        let days = last.item.date().signed_duration_since(first.item.date()).num_days() + 1;
        days >= rules.thresholds.missed_review_days.value.into()
    });
    moved > silent(dose.next_due()).max(heard.unwrap_or(dose.at)) && !stopped && !broken_off
}
