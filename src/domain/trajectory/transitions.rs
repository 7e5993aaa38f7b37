//! Whether substitution continued across each move: arrival, transfer, release, admission.
//! Always: each record of a move has one entry; a gap is told once, by the last move before the
//! dose that shows it; `continuous` is null where the records do not say.
//! Rules: the section "Transitions" of the continuity rules.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::custody::PersonMove;
use super::substitution::{AtMove, FollowedSubstitution};
use crate::domain::choices::choices;
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
    /// The first recorded dose between the move and the next move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_dose_after: Option<DateTime<Utc>>,
    /// Whole hours between the two doses, unless `continuous` is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_hours: Option<i64>,
    /// Whether the first dose after the move came in time; null: the records do not say.
    pub continuous: Option<bool>,
}

/// The entry of a record that moves the person. A release that is no departure has no doses.
pub(super) fn transition(made: &PersonMove, followed: &FollowedSubstitution) -> Transition {
    let (kind, from, to) = match made.record.fact {
        Fact::Arrived(fact) => (TransitionKind::Arrival, None, Some(&fact.facility)),
        Fact::Transferred(fact) => (TransitionKind::Transfer, Some(&fact.from), Some(&fact.to)),
        Fact::Admitted(fact) => (TransitionKind::ResidentialAdmission, None, Some(&fact.facility)),
        _ => (TransitionKind::Release, made.facility_before, None),
    };
    let at = made.record.instant;
    let last_dose_before = followed.last_dose(at).filter(|_| made.is_move()).map(|dose| dose.at);
    let AtMove { first_dose_after, in_time_until, .. } = followed.at_move(made);
    let both = last_dose_before.zip(first_dose_after).zip(in_time_until);
    Transition {
        kind,
        at,
        from: from.cloned(),
        to: to.cloned(),
        last_dose_before,
        first_dose_after,
        gap_hours: both.map(|((before, after), _)| (after - before).num_hours()),
        continuous: both.map(|((_, after), until)| after <= until),
    }
}
