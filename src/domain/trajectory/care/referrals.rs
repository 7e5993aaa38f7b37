//! Referrals and treatments of a person.
//! Always: each id has one entry, of its first record; a provider who answered is not asked again
//! because two clocks disagree.
//! Rules: `referrals` and `treatments` in the section "Care" of the continuity rules.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::choices::choices;
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::vocabulary::choice::Setting;
use crate::domain::vocabulary::fact::{Code, Fact, Id, Referred};

choices! {
    /// The state of a referral.
    ReferralState:
        /// Nobody answered.
        Open = "open",
        /// The last answer was yes.
        Accepted = "accepted",
        /// The last answer was no.
        Declined = "declined",
        /// A treatment started.
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
    /// The prison from which the person was referred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prison: Option<Code>,
    pub at: DateTime<Utc>,
    pub state: ReferralState,
    /// The waiting time that the last answer names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_days: Option<u32>,
    /// When the first answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<DateTime<Utc>>,
    /// Dates from the referral to the first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_to_answer: Option<i64>,
    /// When the first treatment started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// Dates from the referral to the first treatment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_to_start: Option<i64>,
}

impl Referral {
    /// Whether the referral asks for something still.
    pub const fn is_need(&self) -> bool {
        matches!(self.state, ReferralState::Open | ReferralState::Accepted)
    }
}

/// A referral with its record.
#[derive(Debug, Clone)]
pub struct SentReferral<'a> {
    pub referral: Referral,
    pub record: DatedFact<'a>,
}

/// The referrals, in the order of their records.
pub fn referrals<'a>(records: &[DatedFact<'a>]) -> Vec<SentReferral<'a>> {
    let mut referrals: Vec<SentReferral> = Vec::new();
    let mut places: HashMap<ScopedId, usize> = HashMap::new();
    for record in records {
        let Fact::Referred(fact) = record.fact else { continue };
        places.entry(record.scoped(&fact.referral)).or_insert_with(|| {
            referrals.push(SentReferral { referral: referred(record, fact), record: *record });
            referrals.len() - 1
        });
    }
    for record in records {
        let named = match record.fact {
            Fact::ReferralAnswered(fact) => &fact.referral,
            Fact::TreatmentStarted(fact) => match &fact.referral {
                Some(referral) => referral,
                None => continue,
            },
            _ => continue,
        };
        if let Some(&place) = places.get(&record.scoped(named)) {
            referrals[place].note(record);
        }
    }
    referrals
}

fn referred(record: &DatedFact, fact: &Referred) -> Referral {
    Referral {
        referral: fact.referral.clone(),
        project: fact.project.clone(),
        to_provider: fact.to_provider.clone(),
        by: fact.by.clone(),
        prison: fact.prison.clone(),
        at: record.instant,
        state: ReferralState::Open,
        waiting_days: None,
        answered_at: None,
        days_to_answer: None,
        started_at: None,
        days_to_start: None,
    }
}

impl SentReferral<'_> {
    /// Takes note of an answer, or of a treatment.
    fn note(&mut self, record: &DatedFact) {
        let days = (record.date - self.record.date).num_days().max(0);
        let referral = &mut self.referral;
        if let Fact::ReferralAnswered(answer) = record.fact {
            referral.waiting_days = answer.waiting_days;
            if referral.state != ReferralState::Started {
                referral.state = match answer.accepted {
                    true => ReferralState::Accepted,
                    false => ReferralState::Declined,
                };
            }
            referral.answered_at.get_or_insert(record.instant);
            referral.days_to_answer.get_or_insert(days);
        } else {
            referral.state = ReferralState::Started;
            referral.started_at.get_or_insert(record.instant);
            referral.days_to_start.get_or_insert(days);
        }
    }
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

/// The treatments, in the order in which they began.
pub fn treatments(records: &[DatedFact]) -> Vec<Treatment> {
    let mut treatments: Vec<Treatment> = Vec::new();
    let mut places: HashMap<ScopedId, usize> = HashMap::new();
    for record in records {
        match record.fact {
            Fact::TreatmentStarted(fact) => {
                places.entry(record.scoped(&fact.episode)).or_insert_with(|| {
                    treatments.push(Treatment {
                        episode: fact.episode.clone(),
                        provider: fact.provider.clone(),
                        setting: fact.setting,
                        structured: fact.structured,
                        since: record.instant,
                        until: None,
                    });
                    treatments.len() - 1
                });
            }
            Fact::TreatmentEnded(fact) => {
                if let Some(&place) = places.get(&record.scoped(&fact.episode)) {
                    treatments[place].until.get_or_insert(record.instant);
                }
            }
            _ => {}
        }
    }
    treatments
}
