//! The typed payloads of the events about organisations: facilities and projects.
//! Always: no person is in them; the code of the organisation is also in the event's `subject`.

use chrono::NaiveDate;
use serde::Deserialize;

use super::choice::{DisruptionCause, EvaluationKind, EvaluationOutcome, FundingKind};
use super::code::Code;

/// `facility.counted`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Counted {
    pub facility: Code,
    pub present: u32,
    pub places: u32,
    pub floor_sleepers: Option<u32>,
}

/// `facility.disrupted`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Disrupted {
    pub facility: Code,
    pub cause: DisruptionCause,
    pub from: NaiveDate,
    pub to: Option<NaiveDate>,
}

/// `facility.offered`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Offered {
    pub facility: Code,
    pub offer: Code,
    pub from: NaiveDate,
    pub to: Option<NaiveDate>,
    pub project: Option<Code>,
}

/// `project.started`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ProjectStarted {
    pub project: Code,
    pub site: Option<Code>,
    pub trial_ends_on: Option<NaiveDate>,
}

/// `project.funded`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Funded {
    pub project: Code,
    pub funding: FundingKind,
    pub from: NaiveDate,
    pub to: Option<NaiveDate>,
    pub euro_cents: Option<u64>,
}

/// `project.evaluated`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Evaluated {
    pub project: Code,
    pub evaluation: EvaluationKind,
    pub outcome: EvaluationOutcome,
}

/// `project.ended`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ProjectEnded {
    pub project: Code,
    pub reason: Code,
}

/// `project.trained`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Trained {
    pub project: Code,
    pub audience: Code,
    pub persons: u32,
    pub minutes: u32,
    pub facility: Option<Code>,
}
