//! Supported housing, and re-integration plans.
//! Always: a plan is shown in its highest version; housing ends with a detention.
//! Rules: `housing` and `plans` in the section "Care" of the continuity rules.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::trajectory::custody::Places;
use crate::domain::vocabulary::choice::{HousingKind, LifeDomain};
use crate::domain::vocabulary::fact::{Code, Fact, Id, PlanAgreed};

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
    let is_left = records.iter().any(|record| match record.fact {
        Fact::HousingLeft(left) => {
            record.place > placed.place && record.scoped(&left.placement) == placement
        }
        _ => false,
    });
    let is_held = places
        .held
        .iter()
        .any(|held| held.began.place > placed.place && matches!(held.began.fact, Fact::Arrived(_)));
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

impl AgreedPlan {
    fn new(record: &DatedFact, fact: &PlanAgreed) -> Self {
        Self {
            plan: fact.plan.clone(),
            version: fact.version,
            domains: fact.domains.clone(),
            agreed_by_client: fact.agreed_by_client,
            at: record.instant,
            reviewed_at: None,
            reviewed_version: None,
            domains_reached: None,
        }
    }
}

/// The plans, in the order in which they were first agreed.
pub fn plans(records: &[DatedFact]) -> Vec<AgreedPlan> {
    let mut plans: Vec<AgreedPlan> = Vec::new();
    let mut places: HashMap<ScopedId, usize> = HashMap::new();
    for record in records {
        let Fact::PlanAgreed(fact) = record.fact else { continue };
        let agreed = AgreedPlan::new(record, fact);
        match places.get(&record.scoped(&fact.plan)) {
            Some(&place) if plans[place].version <= fact.version => plans[place] = agreed,
            Some(_) => {}
            None => {
                places.insert(record.scoped(&fact.plan), plans.len());
                plans.push(agreed);
            }
        }
    }
    for record in records {
        let Fact::PlanReviewed(fact) = record.fact else { continue };
        if let Some(&place) = places.get(&record.scoped(&fact.plan)) {
            plans[place].reviewed_at = Some(record.instant);
            plans[place].reviewed_version = Some(fact.version);
            plans[place].domains_reached = Some(fact.domains_reached.clone());
        }
    }
    plans
}
