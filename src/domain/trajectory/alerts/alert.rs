//! An alert: something in the records that someone should act on.
//! Always: an alert names records, codes and dates, and nothing else about the person; it says
//! where each of its thresholds comes from.
//! Rules: the section "Alerts" of the continuity rules.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::choices::choices;
use crate::domain::finding::RecordName;
use crate::domain::history::DatedFact;
use crate::domain::time::calendar::date_of;
use crate::domain::trajectory::rules::{Severity, Threshold};

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

/// An alert, and the places of its records in the order of records.
#[derive(Debug, Clone)]
pub struct RaisedAlert {
    pub alert: Alert,
    pub places: Vec<usize>,
}

impl RaisedAlert {
    /// An alert that rests on these records and thresholds.
    pub fn new<'a, 'r>(
        code: AlertCode,
        since: DateTime<Utc>,
        severity: Severity,
        records: impl IntoIterator<Item = DatedFact<'a>>,
        thresholds: impl IntoIterator<Item = &'r Threshold>,
    ) -> Self {
        let mut records: Vec<DatedFact> = records.into_iter().collect();
        records.sort_by_key(|record| record.place);
        records.dedup_by_key(|record| record.place);
        let source = sources(thresholds.into_iter().map(|threshold| &*threshold.source));
        let alert = Alert {
            code,
            since,
            severity,
            records: records.iter().map(DatedFact::name).collect(),
            detail: String::new(),
            source,
            values: Map::new(),
        };
        Self { alert, places: records.iter().map(|record| record.place).collect() }
    }

    /// The same alert with this sentence.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.alert.detail = detail.into();
        self
    }

    /// The same alert with this source.
    pub fn source(mut self, source: &str) -> Self {
        source.clone_into(&mut self.alert.source);
        self
    }

    /// The same alert with one more value.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.alert.values.insert(name.to_owned(), value.into());
        self
    }
}

/// Sources, each once.
fn sources<'s>(all: impl Iterator<Item = &'s str>) -> String {
    let mut sources: Vec<&str> = Vec::new();
    for source in all {
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources.join("; ")
}

/// An instant as a value of an alert.
pub fn told(instant: DateTime<Utc>) -> Value {
    serde_json::to_value(instant).unwrap_or_default()
}

/// An instant as the detail of an alert shows it: its civil date.
pub fn shown(instant: DateTime<Utc>) -> NaiveDate {
    date_of(instant)
}
