//! Whether substitution continued across each move: arrival, transfer, release, admission.
//! Always: each record of a move has one entry; `continuous` is null unless a dose before the move
//! and a dose after the move are recorded.
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
    /// The kind of move.
    TransitionKind:
        Arrival = "arrival",
        Transfer = "transfer",
        Release = "release",
        ResidentialAdmission = "residentialAdmission",
}

/// One move, with the last dose before the move and the first dose after the move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// The kind of move.
    pub kind: TransitionKind,
    /// When the person moved.
    pub at: DateTime<Utc>,
    /// The prison that was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Code>,
    /// The place that was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Code>,
    /// The last recorded dose up to the move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_dose_before: Option<DateTime<Utc>>,
    /// The first recorded dose after the move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_dose_after: Option<DateTime<Utc>>,
    /// Whole hours between the two doses, unless `continuous` is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_hours: Option<i64>,
    /// Whether the first dose after the move came before the interval and its tolerance had passed;
    /// null: the records do not say.
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

/// Adds the doses before and after the move. A substitution that was stopped by plan or by the
/// person before the move had nothing to continue. Silence before the move does not end a
/// substitution; otherwise the longest gaps would be left out.
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
