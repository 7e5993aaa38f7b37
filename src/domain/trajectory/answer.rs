//! The answer about one person: where they are, how their care stands, what someone should act on.
//! Always: an absent member means that the records do not say.
//! Form: the JSON of `GET /v1/persons/{uuid}/trajectory`, without `person`, `at` and `known`.

use serde::Serialize;

use super::alert::Alert;
use super::care::{Housing, Programme, Referral, Treatment};
use super::custody::Custody;
use super::residential::Residential;
use super::substitution::Substitution;
use super::transitions::Transition;
use crate::domain::finding::Finding;

/// The trajectory of one person at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trajectory {
    /// Where the person is in the eyes of the law.
    pub custody: Custody,
    /// The state of substitution treatment.
    pub substitution: Substitution,
    /// Residential treatment.
    pub residential: Residential,
    /// Enrolments in programmes.
    pub programmes: Vec<Programme>,
    /// Referrals.
    pub referrals: Vec<Referral>,
    /// Treatments.
    pub treatments: Vec<Treatment>,
    /// Supported housing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub housing: Option<Housing>,
    /// Moves of the person, and whether substitution continued across each of them.
    pub transitions: Vec<Transition>,
    /// The alerts on which someone should act.
    pub alerts: Vec<Alert>,
    /// Contradictions and gaps in the records.
    pub findings: Vec<Finding>,
}

impl Trajectory {
    /// Adds findings made elsewhere, such as those of the registry, and keeps each finding once.
    pub fn with_findings(mut self, findings: impl IntoIterator<Item = Finding>) -> Self {
        self.findings.extend(findings);
        self.findings.sort_by(Finding::order);
        self.findings.dedup();
        self
    }
}
