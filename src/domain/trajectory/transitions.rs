//! Whether substitution went on over each move: arrival, transfer, release, admission.
//! Always: one entry a record of a move; `continuous` is a statement only when a dose before and
//! a dose after are known.
//! Form: `transitions` of the trajectory in the HTTP contract.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::doses::SubstitutionTimeline;
use super::records::StatedFact;
use super::rules::ContinuityRules;
use super::stops::ended_between;
use crate::domain::choices::choices;
use crate::domain::vocabulary::choice::StopReason;
use crate::domain::vocabulary::fact::{Code, Fact};

choices! {
    /// What kind of move.
    TransitionKind:
        Arrival = "arrival",
        Transfer = "transfer",
        Release = "release",
        ResidentialAdmission = "residentialAdmission",
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
    /// Whole hours between the two, where `continuous` can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_hours: Option<i64>,
    /// Whether the dose after came within one interval and the tolerance; null when that cannot
    /// be said.
    pub continuous: Option<bool>,
}

/// The moves, in order.
pub fn fold(
    records: &[StatedFact],
    timeline: &SubstitutionTimeline,
    rules: &ContinuityRules,
) -> Vec<Transition> {
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
/// the move was none to go on with; silence ends none, or the longest breaks would not be told.
fn bridge(transition: &mut Transition, timeline: &SubstitutionTimeline, rules: &ContinuityRules) {
    let before = timeline.last_dose(transition.at);
    let after = timeline.first_dose(transition.at).map(|dose| dose.at);
    transition.last_dose_before = before.map(|dose| dose.at);
    transition.first_dose_after = after;
    let (Some(before), Some(after)) = (before, after) else { return };
    let ended = [StopReason::Planned, StopReason::Client];
    if ended_between(timeline, before.at, transition.at, &ended) {
        return;
    }
    transition.gap_hours = Some((after - before.at).num_hours());
    transition.continuous = Some(after <= before.continuous_until(rules));
}
