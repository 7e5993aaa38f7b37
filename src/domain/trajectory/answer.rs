//! The answer about one person: where they are, how their care stands, what someone should act on.
//! Always: an absent member means that the records do not say.
//! Form: the JSON of `GET /v1/persons/{uuid}/trajectory`, without the members that every answer
//! about a person begins with.

use serde::Serialize;

use super::alerts::Alert;
use super::care::{AgreedPlan, Housing, Programme, Referral, Release, Residential, Treatment};
use super::custody::Custody;
use super::substitution::Substitution;
use super::transitions::Transition;
use crate::domain::finding::Finding;

/// The trajectory of one person at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trajectory {
    /// Where the law has the person.
    pub custody: Custody,
    /// Substitution treatment.
    pub substitution: Substitution,
    /// Residential treatment.
    pub residential: Residential,
    /// Courses of programmes.
    pub programmes: Vec<Programme>,
    /// Referrals.
    pub referrals: Vec<Referral>,
    /// Treatments.
    pub treatments: Vec<Treatment>,
    /// Supported housing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub housing: Option<Housing>,
    /// Re-integration plans.
    pub plans: Vec<AgreedPlan>,
    /// What was prepared for the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// Moves of the person, and whether substitution continued across each of them.
    pub transitions: Vec<Transition>,
    /// The alerts on which someone should act.
    pub alerts: Vec<Alert>,
    /// Contradictions and gaps in the records.
    pub findings: Vec<Finding>,
}
