//! An alert: something in the records that someone should act on.
//! Always: an alert names records, codes and dates, and nothing else about the person; it says
//! where each of its thresholds comes from. Alerts read what the sections of the answer say.
//! Rules: the section "Alerts" of the continuity rules.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::choices::choices;
use crate::domain::finding::RecordName;
use crate::domain::history::DatedFact;
use crate::domain::stays::Stays;
use crate::domain::trajectory::care::{
    PreparedRelease, ProgrammeCourse, Residential, SentReferral, Treatment,
};
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::trajectory::custody::{Custody, DecidingModality, Places};
use crate::domain::trajectory::rules::{ContinuityRules, Severities, Severity, Threshold};
use crate::domain::trajectory::substitution::{FollowedSubstitution, Standing, Substitution};

choices! {
    /// The stable code of an alert. The order is that of the alerts in answers.
    AlertCode:
        /// Records say that substitution broke off.
        SubstitutionInterrupted = "substitutionInterrupted",
        /// A dose was due, and nothing is recorded since: the state of substitution is unknown.
        SubstitutionOverdue = "substitutionOverdue",
        /// Two places gave a daily dose within half an interval.
        DoubleDose = "doubleDose",
        /// Nobody confirmed that they take over substitution.
        HandoverUnconfirmed = "handoverUnconfirmed",
        /// The person was maintained before, and this prison prescribes detoxification only.
        DetoxOnly = "detoxOnly",
        /// No care is recorded since an overdose.
        OverdoseUnanswered = "overdoseUnanswered",
        /// The treatment that a court made a condition was not begun, or broke off.
        ConditionAtRisk = "conditionAtRisk",
        /// No care is recorded since the person dropped out of residential treatment.
        DropoutUnanswered = "dropoutUnanswered",
        /// A release comes, or came, and what the person needs is not prepared.
        ReleaseUnprepared = "releaseUnprepared",
        /// The person was released, and no structured treatment began.
        ReleaseWithoutFollowUp = "releaseWithoutFollowUp",
        /// A provider has not answered a referral.
        ReferralUnanswered = "referralUnanswered",
        /// No session of a programme was held for too long, or its term is over.
        ProgrammeStalled = "programmeStalled",
        /// A release comes, and no plan is agreed.
        PlanOverdue = "planOverdue",
}

/// One alert: what is wrong, since when, and the rule behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The code of the alert.
    pub code: AlertCode,
    /// The instant since which the alert stands.
    pub since: DateTime<Utc>,
    /// How urgent the alert is.
    pub severity: Severity,
    /// The records that the alert rests on, in the order of records.
    pub records: Vec<RecordName>,
    /// One sentence with codes and dates only.
    pub detail: String,
    /// Where the thresholds come from; "ours" marks a choice that nobody has confirmed.
    pub source: String,
    /// The numbers, dates and codes of the alert, for programs.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
}

/// Where the person stands: all that alerts look at.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'s, 'a> {
    pub records: &'s [DatedFact<'a>],
    pub places: &'s Places<'a>,
    pub modality: Option<&'s DecidingModality<'a>>,
    pub custody: &'s Custody,
    pub followed: &'s FollowedSubstitution<'a, 's>,
    pub standing: &'s Standing<'s>,
    pub substitution: &'s Substitution,
    pub stays: &'s Stays<'a>,
    pub residential: &'s Residential,
    pub programmes: &'s [ProgrammeCourse<'a>],
    pub referrals: &'s [SentReferral<'a>],
    pub treatments: &'s [Treatment],
    pub release: &'s PreparedRelease<'a>,
    pub clock: &'s AnswerClock,
    pub rules: &'s ContinuityRules,
}

impl<'a> Situation<'_, 'a> {
    /// An alert that rests on these records and thresholds; `None`: `since` has not come.
    pub fn raise<'r>(
        &self,
        code: AlertCode,
        since: DateTime<Utc>,
        detail: String,
        records: impl IntoIterator<Item = DatedFact<'a>>,
        thresholds: impl IntoIterator<Item = &'r Threshold>,
    ) -> Option<RaisedAlert> {
        if !self.clock.reached(since) {
            return None;
        }
        let mut records: Vec<DatedFact> = records.into_iter().collect();
        records.sort_by_key(|record| record.place);
        records.dedup_by_key(|record| record.place);
        let mut sources: Vec<&str> = Vec::new();
        for threshold in thresholds {
            if !sources.contains(&&*threshold.source) {
                sources.push(&threshold.source);
            }
        }
        let alert = Alert {
            code,
            since,
            severity: severity(code, &self.rules.severities),
            records: records.iter().map(DatedFact::name).collect(),
            detail,
            source: sources.join("; "),
            values: Map::new(),
        };
        Some(RaisedAlert { alert, places: records.iter().map(|record| record.place).collect() })
    }
}

/// An alert, and the places of its records in the order of records.
#[derive(Debug, Clone)]
pub struct RaisedAlert {
    pub alert: Alert,
    pub places: Vec<usize>,
}

impl RaisedAlert {
    /// The same alert with one more value.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.alert.values.insert(name.to_owned(), value.into());
        self
    }
}

/// How urgent an alert is when it is raised.
const fn severity(code: AlertCode, severities: &Severities) -> Severity {
    match code {
        AlertCode::SubstitutionInterrupted => severities.substitution_interrupted,
        AlertCode::SubstitutionOverdue => severities.substitution_overdue,
        AlertCode::DoubleDose => severities.double_dose,
        AlertCode::HandoverUnconfirmed => severities.handover_unconfirmed,
        AlertCode::DetoxOnly => severities.detox_only,
        AlertCode::OverdoseUnanswered => severities.overdose_unanswered,
        AlertCode::ConditionAtRisk => severities.condition_at_risk,
        AlertCode::DropoutUnanswered => severities.dropout_unanswered,
        AlertCode::ReleaseUnprepared => severities.release_unprepared,
        AlertCode::ReleaseWithoutFollowUp => severities.release_without_follow_up_at_high_risk,
        AlertCode::ReferralUnanswered => severities.referral_unanswered,
        AlertCode::ProgrammeStalled => severities.programme_stalled,
        AlertCode::PlanOverdue => severities.plan_overdue,
    }
}
