//! Supported housing, and re-integration plans.
//! Always: a plan is shown in its highest version; housing ends with a detention.
//! Rules: `housing` and `plans` in the section "Care" of the continuity rules.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::history::{ById, DatedFact};
use crate::domain::trajectory::custody::Places;
use crate::domain::vocabulary::choice::{HousingKind, LifeDomain};
use crate::domain::vocabulary::fact::{Code, Fact, Id};

/// Supported housing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Housing {
    pub placement: Id,
    pub kind: HousingKind,
    pub provider: Code,
    pub since: DateTime<Utc>,
}

/// The last placement, unless the person left it or a detention began since.
pub fn housing(records: &[DatedFact], places: &Places) -> Option<Housing> {
    let placed = records.iter().rfind(|record| matches!(record.fact, Fact::HousingPlaced(_)))?;
    let Fact::HousingPlaced(fact) = placed.fact else { return None };
    let placement = placed.scoped(&fact.placement);
    let is_left = records[placed.place + 1..].iter().any(|record| match record.fact {
        Fact::HousingLeft(left) => record.scoped(&left.placement) == placement,
        _ => false,
    });
    let is_held = places
        .held
        .iter()
        .map(|held| held.began)
        .any(|began| began.place > placed.place && matches!(began.fact, Fact::Arrived(_)));
    (!is_left && !is_held).then(|| Housing {
        placement: fact.placement.clone(),
        kind: fact.kind,
        provider: fact.provider.clone(),
        since: placed.instant,
    })
}

/// One re-integration plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct AgreedPlan {
    pub plan: Id,
    /// The highest version agreed.
    pub version: u32,
    pub domains: Vec<LifeDomain>,
    pub agreed_by_client: bool,
    /// When that version was agreed.
    pub at: DateTime<Utc>,
    /// When the plan was last reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains_reached: Option<Vec<LifeDomain>>,
}

/// The plans, in the order in which they were first agreed.
pub fn plans(records: &[DatedFact]) -> Vec<AgreedPlan> {
    let mut plans: ById<AgreedPlan> = ById::default();
    for record in records {
        let Fact::PlanAgreed(fact) = record.fact else { continue };
        let agreed = AgreedPlan {
            plan: fact.plan.clone(),
            version: fact.version,
            domains: fact.domains.clone(),
            agreed_by_client: fact.agreed_by_client,
            at: record.instant,
            reviewed_at: None,
            reviewed_version: None,
            domains_reached: None,
        };
        let plan = plans.begin(record.scoped(&fact.plan), || agreed.clone());
        if plan.version <= fact.version {
            *plan = agreed;
        }
    }
    for record in records {
        let Fact::PlanReviewed(fact) = record.fact else { continue };
        if let Some(plan) = plans.get_mut(record.scoped(&fact.plan)) {
            plan.reviewed_at = Some(record.instant);
            plan.reviewed_version = Some(fact.version);
            plan.domains_reached = Some(fact.domains_reached.clone());
        }
    }
    plans.all
}
