//! Referrals and treatments of a person.
//! Always: each id has one entry, of its first record; a provider who answered is not asked again
//! because two clocks disagree.
//! Rules: `referrals` and `treatments` in the section "Care" of the continuity rules.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::choices::choices;
use crate::domain::history::{ById, DatedFact};
use crate::domain::vocabulary::choice::Setting;
use crate::domain::vocabulary::fact::{Code, Fact, Id, ReferralAnswered, Referred};

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

/// A referral with its answers and the first treatment that names it.
struct Answers<'a> {
    record: DatedFact<'a>,
    referred: &'a Referred,
    first: Option<DatedFact<'a>>,
    last: Option<&'a ReferralAnswered>,
    started: Option<DatedFact<'a>>,
}

/// The referrals, in the order of their records.
pub fn referrals<'a>(records: &[DatedFact<'a>]) -> Vec<SentReferral<'a>> {
    let mut referrals: ById<Answers> = ById::default();
    for record in records {
        let Fact::Referred(referred) = record.fact else { continue };
        let (first, last, started) = (None, None, None);
        let sent = || Answers { record: *record, referred, first, last, started };
        referrals.begin(record.scoped(&referred.referral), sent);
    }
    for record in records {
        let (named, answer) = match record.fact {
            Fact::ReferralAnswered(answer) => (Some(&answer.referral), Some(answer)),
            Fact::TreatmentStarted(started) => (started.referral.as_ref(), None),
            _ => continue,
        };
        let Some(sent) = named.and_then(|id| referrals.get_mut(record.scoped(id))) else {
            continue;
        };
        match answer {
            Some(_) => _ = sent.first.get_or_insert(*record),
            None => _ = sent.started.get_or_insert(*record),
        }
        sent.last = answer.or(sent.last);
    }
    let told = |sent: Answers<'a>| SentReferral { referral: referral(&sent), record: sent.record };
    referrals.all.into_iter().map(told).collect()
}

fn referral(sent: &Answers) -> Referral {
    let Answers { record, referred, first, last, started } = sent;
    let days_to = |later: &DatedFact| (later.date - record.date).num_days().max(0);
    Referral {
        referral: referred.referral.clone(),
        project: referred.project.clone(),
        to_provider: referred.to_provider.clone(),
        by: referred.by.clone(),
        prison: referred.prison.clone(),
        at: record.instant,
        state: match (started, last.map(|answer| answer.accepted)) {
            (Some(_), _) => ReferralState::Started,
            (None, Some(true)) => ReferralState::Accepted,
            (None, Some(false)) => ReferralState::Declined,
            (None, None) => ReferralState::Open,
        },
        waiting_days: last.and_then(|answer| answer.waiting_days),
        answered_at: first.map(|answer| answer.instant),
        days_to_answer: first.as_ref().map(days_to),
        started_at: started.map(|started| started.instant),
        days_to_start: started.as_ref().map(days_to),
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
    let mut treatments: ById<Treatment> = ById::default();
    for record in records {
        match record.fact {
            Fact::TreatmentStarted(fact) => {
                let started = || Treatment {
                    episode: fact.episode.clone(),
                    provider: fact.provider.clone(),
                    setting: fact.setting,
                    structured: fact.structured,
                    since: record.instant,
                    until: None,
                };
                treatments.begin(record.scoped(&fact.episode), started);
            }
            Fact::TreatmentEnded(fact) => {
                if let Some(treatment) = treatments.get_mut(record.scoped(&fact.episode)) {
                    treatment.until.get_or_insert(record.instant);
                }
            }
            _ => {}
        }
    }
    treatments.all
}
