//! The answer: figures, and for each the dates and records it rests on.
//! Always: an absent figure is unknown, never zero; a null is a statement.
//! Form: the JSON of `GET /v1/persons/{uuid}/credit`, but for `person` and `known`.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

use super::query::{Boundary, MonthDays};
use super::rules::Parameter;
use crate::domain::finding::Finding;
use crate::domain::vocabulary::choice::ModalityKind;
use crate::domain::vocabulary::fact::{Code, Id};

/// What the stay and the modality are worth, under every reading side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Credit {
    /// The date asked for.
    pub at: NaiveDate,
    /// The date to which open runs are counted: `at`, or before it today or the death.
    pub counted_to: NaiveDate,
    /// Whether days after today are in the figures, as if nothing changes.
    pub projected: bool,
    /// The rules it was computed with.
    pub ruleset: Ruleset,
    /// Which dates of a stay count.
    pub boundary: Boundary,
    /// How many days a month of a sentence has.
    pub month_days: MonthDays,
    /// The same two, with where they come from.
    pub parameters: ParametersUsed,
    /// In the order of `startsOn`.
    pub modalities: Vec<ModalityCredit>,
    /// Contradictions and gaps; they never block the count.
    pub findings: Vec<Finding>,
    /// Every record that was read for it, in the order of the history.
    pub records: Vec<RecordRead>,
}

/// A record behind the figures, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordRead {
    /// The sender's id.
    pub id: String,
    /// The sender.
    pub source: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When it happened, by the clock in Belgium, after corrections.
    pub time: DateTime<FixedOffset>,
}

/// Which rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Ruleset {
    pub id: String,
    pub version: String,
}

/// The parameters of an answer, with their source and how sure it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ParametersUsed {
    pub boundary: Parameter<Boundary>,
    pub month_days: Parameter<u32>,
}

/// One modality: its window, its base and every reading of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModalityCredit {
    /// The sender's id.
    pub modality: Id,
    /// Which modality it is.
    pub kind: ModalityKind,
    /// The judgment that granted it.
    pub judgment: Id,
    /// Its first date, also when the window is empty.
    pub starts_on: NaiveDate,
    /// The dates it ran; null when it never did.
    pub window: Option<Window>,
    /// What was left to serve when it was granted.
    pub remainder: Remainder,
    /// How the calculated remainder was arrived at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calculation: Option<Calculation>,
    /// The first date in prison after it: from there on what remains is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_on: Option<NaiveDate>,
    /// The dates on which it was complied with.
    pub compliant_days: i64,
    /// Those among them in treatment.
    pub treatment_days: i64,
    /// The houses of the stays that share a date with the window, by code.
    pub facilities: Vec<Code>,
    /// The readings, from the floor up.
    pub readings: Readings,
}

/// First and last date, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Window {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// The base, three counts kept apart; null is "unknown".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remainder {
    /// As the grant says it.
    pub entered_days: Option<i64>,
    /// As the sentences give it.
    pub calculated_days: Option<i64>,
    /// The entered one, else the calculated one.
    pub effective_days: Option<i64>,
}

/// The calculated remainder: `length_days` less the imputed and the served ones, never below 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calculation {
    /// The first date of the sentences, laid one after the other.
    pub from: NaiveDate,
    /// How long they are together.
    pub length_days: i64,
    /// Detention before the sentence, imputed on it.
    pub imputed_days: i64,
    /// Dates from `from` to the day before the modality in prison, or under an earlier modality
    /// that counts as serving.
    pub served_days: i64,
    /// The ids of the records it rests on, in the order of the history.
    pub events: Vec<String>,
}

impl Calculation {
    /// What is left of the sentences.
    pub fn days(&self) -> i64 {
        (self.length_days - self.imputed_days - self.served_days).max(0)
    }
}

/// The readings that apply to a kind of modality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Readings {
    /// Nothing is credited.
    pub none: Reading,
    /// Art. 68 par. 5 al. 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deduction: Option<Reading>,
    /// Art. 68 par. 5 al. 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub court_decision: Option<Reading>,
    /// The proposal.
    pub full_residential: Reading,
}

impl Readings {
    /// Name and reading, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Reading)> {
        [
            ("none", Some(&self.none)),
            ("deduction", self.deduction.as_ref()),
            ("courtDecision", self.court_decision.as_ref()),
            ("fullResidential", Some(&self.full_residential)),
        ]
        .into_iter()
        .filter_map(|(name, reading)| reading.map(|reading| (name, reading)))
    }
}

/// What a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Below this no reading goes.
    LowerBound,
    /// Arithmetic that the law lays down.
    Law,
    /// The court decides.
    Court,
    /// Asked for; not the law.
    Proposal,
}

/// One reading of the law, worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// What the reading is.
    pub status: Status,
    /// The days taken off the remainder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credited_days: Option<i64>,
    /// What the court decided by, once it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecidedBy>,
    /// What the court may credit, while it has not decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<[i64; 2]>,
    /// What is left to serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_days: Option<Days>,
    /// Credit beyond the remainder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unused_days: Option<i64>,
    /// The last day of the sentence. Absent: cannot be computed; null: no return yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence_end: Option<SentenceEnd>,
    /// What is missing for the figures that are absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cannot_compute: Vec<String>,
    /// The text it rests on, and who verified that.
    pub source: Source,
    /// The dates that count.
    pub counted: Vec<DayRun>,
    /// The dates that do not, and why.
    pub excluded: Vec<DayRun>,
}

/// A count, or the least and the most it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Days {
    Exactly(i64),
    Between { min: i64, max: i64 },
}

/// When the sentence ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum SentenceEnd {
    /// Not back in prison, so no date: null.
    NoReturn,
    /// On this date.
    On(NaiveDate),
    /// Between these, as the court decides.
    Between {
        /// If it credits all it may.
        min: NaiveDate,
        /// If it credits nothing.
        max: NaiveDate,
    },
}

/// The judgment that decided, and the record that tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct DecidedBy {
    pub judgment: Id,
    pub event: String,
}

/// The text a reading rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Source {
    pub article: String,
    pub text: String,
    pub verified_by: String,
    pub verified_on: String,
}

/// Consecutive dates that count, or do not, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayRun {
    /// The first date.
    pub from: NaiveDate,
    /// The last date.
    pub to: NaiveDate,
    /// How many.
    pub days: i64,
    /// The reason.
    pub why: Why,
    /// The ids of all records the run rests on, in the order of the history.
    pub events: Vec<String>,
}

/// Why dates count or do not. The excluding reasons in the order in which the first one tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// Counted: in residential treatment under the modality.
    InTreatment,
    /// Counted: the modality was complied with.
    UnderModality,
    /// Not a date of the modality.
    OutsideWindow,
    /// In prison.
    Detained,
    /// The modality was suspended.
    Suspended,
    /// Away from the house without leave.
    UnauthorisedAbsence,
    /// The closing date, which the boundary leaves out.
    ClosingDate,
}
