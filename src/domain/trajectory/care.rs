//! Programmes, referrals, treatments and housing of a person.
//! Always: each id has one entry; entries are in the order in which they began; the first beginning
//! and the first end of an id count; an end without a beginning becomes a finding, never an entry.
//! Form: the members `programmes`, `referrals`, `treatments` and `housing` of the trajectory in the
//! HTTP contract.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::records::{StatedFact, finding_about};
use crate::domain::choices::choices;
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::Item;
use crate::domain::vocabulary::choice::{HousingKind, ProgrammeKind, Setting};
use crate::domain::vocabulary::fact::{Code, Enrolled, Fact, Id, ReferralAnswered, Referred};

choices! {
    /// The state of an enrolment.
    ProgrammeState:
        Open = "open",
        Completed = "completed",
        Left = "left",
}

/// One enrolment in a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Programme {
    pub enrolment: Id,
    pub project: Code,
    pub programme: ProgrammeKind,
    pub state: ProgrammeState,
    /// The number of sessions held, each session once.
    pub sessions_held: usize,
    pub planned_sessions: u32,
    pub since: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// The time and record of the last session, or else of the enrolment.
    #[serde(skip)]
    pub last: (DateTime<Utc>, String),
}

choices! {
    /// The state of a referral.
    ReferralState:
        Open = "open",
        Accepted = "accepted",
        Declined = "declined",
        Started = "started",
}

/// One referral.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Referral {
    pub referral: Id,
    pub project: Code,
    /// Absent for a registration at the project itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_provider: Option<Code>,
    /// The code of the party that brought the person to the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Code>,
    pub at: DateTime<Utc>,
    pub state: ReferralState,
    /// The waiting time that the last answer names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_days: Option<u32>,
    /// The id of the record of the referral.
    #[serde(skip)]
    pub event: String,
}

/// One episode of treatment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Treatment {
    pub episode: Id,
    pub provider: Code,
    pub setting: Setting,
    pub structured: bool,
    pub since: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// Supported housing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Housing {
    pub placement: Id,
    pub kind: HousingKind,
    pub provider: Code,
    pub since: DateTime<Utc>,
}

/// The enrolments, in the order in which they began.
pub fn programmes(records: &[StatedFact], findings: &mut Vec<Finding>) -> Vec<Programme> {
    let mut programmes: Vec<Programme> = Vec::new();
    let mut places: HashMap<&Id, usize> = HashMap::new();
    let mut sessions: HashSet<(&Id, &Id)> = HashSet::new();
    for (item, fact) in records {
        let (id, end) = match fact {
            Fact::Enrolled(fact) => {
                places.entry(&fact.enrolment).or_insert_with(|| {
                    programmes.push(enrolled(item, fact));
                    programmes.len() - 1
                });
                continue;
            }
            Fact::SessionHeld(fact) => (&fact.enrolment, None),
            Fact::ProgrammeCompleted(fact) => (&fact.enrolment, Some(ProgrammeState::Completed)),
            Fact::ProgrammeLeft(fact) => (&fact.enrolment, Some(ProgrammeState::Left)),
            _ => continue,
        };
        let Some(programme) = places.get(id).map(|&place| &mut programmes[place]) else {
            let message = "This event names an enrolment that no earlier record begins.";
            findings.push(finding_about(FindingCode::BeginningMissing, message, &[item]));
            continue;
        };
        if let Fact::SessionHeld(fact) = fact
            && sessions.insert((id, &fact.session))
        {
            programme.sessions_held += 1;
            programme.last = (item.instant(), item.id().to_owned());
        }
        if let (Some(state), None) = (end, programme.until) {
            (programme.state, programme.until) = (state, Some(item.instant()));
        }
    }
    programmes
}

fn enrolled(item: &Item, fact: &Enrolled) -> Programme {
    Programme {
        enrolment: fact.enrolment.clone(),
        project: fact.project.clone(),
        programme: fact.programme,
        state: ProgrammeState::Open,
        sessions_held: 0,
        planned_sessions: fact.planned_sessions,
        since: item.instant(),
        until: None,
        last: (item.instant(), item.id().to_owned()),
    }
}

/// The referrals, in the order of their records. The last answer counts, and a treatment that names
/// a referral starts it. An answer or a treatment belongs to its referral even if its time is
/// earlier: a provider who answered is not asked again because two clocks disagree.
pub fn referrals(records: &[StatedFact], findings: &mut Vec<Finding>) -> Vec<Referral> {
    let mut referrals: Vec<Referral> = Vec::new();
    let mut places: HashMap<&Id, usize> = HashMap::new();
    for (item, fact) in records {
        if let Fact::Referred(fact) = fact {
            places.entry(&fact.referral).or_insert_with(|| {
                referrals.push(referred(item, fact));
                referrals.len() - 1
            });
        }
    }
    let mut referred_so_far: HashSet<&Id> = HashSet::new();
    for (item, fact) in records {
        match fact {
            Fact::Referred(fact) => {
                referred_so_far.insert(&fact.referral);
            }
            Fact::ReferralAnswered(fact) => {
                if !referred_so_far.contains(&fact.referral) {
                    let message = "This answer names a referral that no earlier record makes.";
                    findings.push(finding_about(FindingCode::BeginningMissing, message, &[item]));
                }
                if let Some(&place) = places.get(&fact.referral) {
                    answer(&mut referrals[place], fact);
                }
            }
            Fact::TreatmentStarted(fact) => {
                let named = fact.referral.as_ref().and_then(|referral| places.get(referral));
                if let Some(&place) = named {
                    referrals[place].state = ReferralState::Started;
                }
            }
            _ => {}
        }
    }
    referrals
}

fn referred(item: &Item, fact: &Referred) -> Referral {
    Referral {
        referral: fact.referral.clone(),
        project: fact.project.clone(),
        to_provider: fact.to_provider.clone(),
        by: fact.by.clone(),
        at: item.instant(),
        state: ReferralState::Open,
        waiting_days: None,
        event: item.id().to_owned(),
    }
}

fn answer(referral: &mut Referral, fact: &ReferralAnswered) {
    referral.waiting_days = fact.waiting_days;
    if referral.state != ReferralState::Started {
        referral.state = match fact.accepted {
            true => ReferralState::Accepted,
            false => ReferralState::Declined,
        };
    }
}

/// The treatments, in the order in which they began.
pub fn treatments(records: &[StatedFact], findings: &mut Vec<Finding>) -> Vec<Treatment> {
    let mut treatments: Vec<Treatment> = Vec::new();
    let mut places: HashMap<&Id, usize> = HashMap::new();
    for (item, fact) in records {
        match fact {
            Fact::TreatmentStarted(fact) => {
                places.entry(&fact.episode).or_insert_with(|| {
                    treatments.push(Treatment {
                        episode: fact.episode.clone(),
                        provider: fact.provider.clone(),
                        setting: fact.setting,
                        structured: fact.structured,
                        since: item.instant(),
                        until: None,
                    });
                    treatments.len() - 1
                });
            }
            Fact::TreatmentEnded(fact) => match places.get(&fact.episode) {
                Some(&place) => {
                    treatments[place].until.get_or_insert(item.instant());
                }
                None => {
                    let message = "This event ends a treatment that no earlier record starts.";
                    findings.push(finding_about(FindingCode::BeginningMissing, message, &[item]));
                }
            },
            _ => {}
        }
    }
    treatments
}

/// The last placement, unless the person left that placement.
pub fn housing(records: &[StatedFact], findings: &mut Vec<Finding>) -> Option<Housing> {
    let mut housing: Option<Housing> = None;
    let mut placed: HashSet<&Id> = HashSet::new();
    for (item, fact) in records {
        match fact {
            Fact::HousingPlaced(fact) => {
                placed.insert(&fact.placement);
                housing = Some(Housing {
                    placement: fact.placement.clone(),
                    kind: fact.kind,
                    provider: fact.provider.clone(),
                    since: item.instant(),
                });
            }
            Fact::HousingLeft(fact) => {
                housing.take_if(|housing| housing.placement == fact.placement);
                if !placed.contains(&fact.placement) {
                    let message = "This event ends a placement that no earlier record begins.";
                    findings.push(finding_about(FindingCode::BeginningMissing, message, &[item]));
                }
            }
            _ => {}
        }
    }
    housing
}
