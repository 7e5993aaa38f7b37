//! The decisions on a modality as the answer shows them.
//! Always: every decision stands in the list, restored and pending ones too.
//! Form: `decisions` of a modality; `decidedBy` and `pending` of a reading.

use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::choices::choices;
use crate::domain::finding::RecordName;
use crate::domain::vocabulary::choice::RevocationBasis;
use crate::domain::vocabulary::fact::{Code, Id};

/// One decision on a modality: a grant, suspension, lift, revocation, restoration or end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The type of the record.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The date of the record.
    pub on: NaiveDate,
    /// The date from which the decision has its effect.
    pub effective_on: NaiveDate,
    /// The judgment, if the type has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judgment: Option<Id>,
    /// The paragraph of the law, of a revocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<RevocationBasis>,
    /// Why the modality ended, of an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// Whether a revocation is final.
    #[serde(rename = "final", skip_serializing_if = "Option::is_none")]
    pub is_final: Option<bool>,
    /// The days that the court credits, if the revocation says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credited_days: Option<i64>,
    /// The days that the court leaves, if the revocation says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_days: Option<i64>,
    /// The effect of the decision on the date of the answer.
    pub effect: DecisionEffect,
    /// The record.
    pub record: RecordName,
}

choices! {
    /// The effect of a decision on the date of the answer.
    DecisionEffect:
        /// The decision has its effect, and gives no figure.
        InForce = "inForce",
        /// The decision gives the figure.
        Decides = "decides",
        /// The decision has a figure and decides nothing yet.
        Pending = "pending",
        /// A later decision gives the figure.
        Superseded = "superseded",
        /// A restoration of the modality took every effect away.
        Annulled = "annulled",
        /// The effect has not come.
        NotYet = "notYet",
        /// The modality was granted before; the earliest grant counts.
        Repeated = "repeated",
}

/// The judgment by which the court decided, and the record that states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct DecidedBy {
    pub judgment: Id,
    pub record: RecordName,
}

/// A decision that decides nothing yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct PendingDecision {
    pub judgment: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credited_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_days: Option<i64>,
}
