//! An alert: something in the records that someone should act on.
//! Always: an alert names records, codes and dates, and nothing about the person.
//! Form: `alerts` of the trajectory in the HTTP contract.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::rules::{Severity, Threshold};
use crate::domain::choices::choices;
use crate::domain::history::Item;

choices! {
    /// The stable code of an alert.
    AlertCode:
        /// A dose was due, and nothing is recorded since: the state of substitution is unknown.
        SubstitutionOverdue = "substitutionOverdue",
        /// Nobody confirmed that they take over substitution.
        HandoverUnconfirmed = "handoverUnconfirmed",
        /// A provider has not answered a referral.
        ReferralUnanswered = "referralUnanswered",
        /// The person was released, and no structured treatment began.
        ReleaseWithoutFollowUp = "releaseWithoutFollowUp",
        /// The person was maintained before, and this prison prescribes detoxification only.
        DetoxOnly = "detoxOnly",
        /// No session of a programme was held for too long, or its term is over.
        ProgrammeStalled = "programmeStalled",
}

/// One alert: what is wrong, since when, and the rule behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The code of the alert.
    pub code: AlertCode,
    /// The instant since which the alert holds.
    pub since: DateTime<Utc>,
    /// How urgent the alert is.
    pub severity: Severity,
    /// The ids of the records that the alert depends on.
    pub events: Vec<String>,
    /// One sentence with codes and dates only.
    pub detail: String,
    /// The source of the threshold.
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

/// An instant as the detail of an alert shows it.
pub(super) fn shown(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
