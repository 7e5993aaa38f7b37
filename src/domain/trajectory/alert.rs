//! What an alert is: something in the records that someone should act on.
//! Always: an alert names records, codes and dates, and nothing about the person.
//! Form: `alerts` of the trajectory in the HTTP contract.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::rules::{Severity, Threshold};
use crate::domain::choices::choices;
use crate::domain::history::Item;

choices! {
    /// What is wrong, as a stable code.
    AlertCode:
        /// Nothing is recorded past the time when a dose was due, so that its state is unknown.
        SubstitutionOverdue = "substitutionOverdue",
        /// Nobody confirmed that they take over.
        HandoverUnconfirmed = "handoverUnconfirmed",
        /// A provider has not answered a referral.
        ReferralUnanswered = "referralUnanswered",
        /// Released, and no structured treatment began.
        ReleaseWithoutFollowUp = "releaseWithoutFollowUp",
        /// Maintained before, and this prison only tapers.
        DetoxOnly = "detoxOnly",
        /// No session for too long, or the term is over.
        ProgrammeStalled = "programmeStalled",
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// What is wrong.
    pub code: AlertCode,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How urgent.
    pub severity: Severity,
    /// The records it rests on.
    pub events: Vec<String>,
    /// Codes and dates only.
    pub detail: String,
    /// Where the threshold comes from.
    pub source: String,
}

/// The sources of thresholds, each once.
pub(super) fn sources(thresholds: &[&Threshold]) -> String {
    let mut sources: Vec<&str> = Vec::new();
    for threshold in thresholds {
        if !sources.contains(&&*threshold.source) {
            sources.push(&threshold.source);
        }
    }
    sources.join("; ")
}

/// The ids of the records that an alert names.
pub(super) fn ids<'a>(items: impl IntoIterator<Item = &'a Item>) -> Vec<String> {
    let mut ids: Vec<String> = items.into_iter().map(|item| item.id().to_owned()).collect();
    ids.dedup();
    ids
}

/// An instant in a detail.
pub(super) fn shown(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
