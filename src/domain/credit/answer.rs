//! The answer about the credit of days: the figures, and for each figure the dates and records
//! behind it.
//! Always: an unknown figure is absent or, in `remainder`, null; never zero. Other nulls are facts:
//! a null `sentenceEnd` says that the person is not back in prison, a null `window` that there are
//! no dates under the modality.
//! Form: the JSON of `GET /v1/persons/{person}/credit`, without the members of `AnswerHead`:
//! `person`, `at`, `known` and `revision`.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::Serialize;

use super::parameters::{Boundary, MonthDays};
use super::rules::{Parameter, ReadingName, ReadingStatus};
use crate::domain::choices::choices;
use crate::domain::finding::Finding;
use crate::domain::vocabulary::choice::ModalityKind;
use crate::domain::vocabulary::fact::{Code, Id};

/// The credit of days of one person, under every reading of the law side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Credit {
    /// The date asked for. Not serialised here: `AnswerHead` writes the moment asked for as `at`.
    #[serde(skip)]
    pub at: NaiveDate,
    /// The last date that counts: the earliest of the date asked for, today (unless projected) and
    /// the date of death.
    pub counted_to: NaiveDate,
    /// Whether the figures contain days after today, counted as if the present state goes on.
    pub projected: bool,
    /// The rules by which the answer was computed.
    pub ruleset: Ruleset,
    /// The rule for the dates of a stay that count.
    pub boundary: Boundary,
    /// How many days a month of a sentence has.
    pub month_days: MonthDays,
    /// `boundary` and `month_days` again, with their sources.
    pub parameters: ParametersUsed,
    /// The modalities, in the order of `startsOn`.
    pub modalities: Vec<ModalityCredit>,
    /// Contradictions and gaps in the records; they never block the count.
    pub findings: Vec<Finding>,
    /// Every record that the computation read, in the order of the history.
    pub records: Vec<RecordRead>,
}

/// A record that the computation read, after corrections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordRead {
    /// The sender's id of the record.
    pub id: String,
    /// The sender.
    pub source: String,
    /// The type of the record.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When the event happened, by the clock in Belgium.
    pub time: DateTime<FixedOffset>,
}

/// The name and version of the rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Ruleset {
    pub id: String,
    pub version: String,
}

/// The parameters of an answer with their sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ParametersUsed {
    pub boundary: Parameter<Boundary>,
    pub month_days: Parameter<u32>,
}

/// One modality: its window, its remainder and its readings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModalityCredit {
    /// The sender's id of the modality.
    pub modality: Id,
    /// The kind of modality.
    pub kind: ModalityKind,
    /// The judgment that granted the modality.
    pub judgment: Id,
    /// The date on which the modality starts, also when the window is empty.
    pub starts_on: NaiveDate,
    /// The dates on which the modality ran; null when there are none.
    pub window: Option<Window>,
    /// The days left to serve when the modality starts.
    pub remainder: Remainder,
    /// How the calculated remainder comes about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calculation: Option<Calculation>,
    /// The first date in prison after the window: the remaining days are served from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_on: Option<NaiveDate>,
    /// The number of dates on which the person complied with the modality.
    pub compliant_days: i64,
    /// The number of those dates on which the person was also present in treatment.
    pub treatment_days: i64,
    /// The codes of the facilities whose stays share a date with the window, in their order.
    pub facilities: Vec<Code>,
    /// The readings that apply to the kind of modality.
    pub readings: Readings,
}

/// The window of a modality as the answer writes it: its first and its last date, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Window {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// The remainder of the sentence in three counts that are kept apart; null means "unknown".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remainder {
    /// The remainder that the grant of the modality states.
    pub entered_days: Option<i64>,
    /// The remainder that follows from the sentences.
    pub calculated_days: Option<i64>,
    /// The entered remainder, or else the calculated one.
    pub effective_days: Option<i64>,
}

/// The parts of the calculated remainder: `length_days` less `imputed_days` and `served_days`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calculation {
    /// The first date of the first sentence. The sentences follow each other without a gap.
    pub from: NaiveDate,
    /// The length of all sentences together.
    pub length_days: i64,
    /// The days of detention before the sentence that are deducted from it (toerekening).
    pub imputed_days: i64,
    /// The dates served from `from` to the day before the modality: in prison, or under an
    /// earlier modality that counts as serving.
    pub served_days: i64,
    /// The ids of the records behind the calculation, in the order of the history.
    pub events: Vec<String>,
}

impl Calculation {
    /// The calculated remainder, never below zero.
    pub fn days(&self) -> i64 {
        (self.length_days - self.imputed_days - self.served_days).max(0)
    }
}

/// The readings that apply to one kind of modality.
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
    /// The proposal of the working group.
    pub full_residential: Reading,
}

impl Readings {
    /// Each reading with its name, in the order of [`ReadingName`].
    pub fn iter(&self) -> impl Iterator<Item = (ReadingName, &Reading)> {
        [
            (ReadingName::NoCredit, Some(&self.none)),
            (ReadingName::Deduction, self.deduction.as_ref()),
            (ReadingName::CourtDecision, self.court_decision.as_ref()),
            (ReadingName::FullResidential, Some(&self.full_residential)),
        ]
        .into_iter()
        .filter_map(|(name, reading)| reading.map(|reading| (name, reading)))
    }
}

/// One reading of the law, worked out for one modality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// The legal status of the reading.
    pub status: ReadingStatus,
    /// The days taken off the remainder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credited_days: Option<i64>,
    /// The judgment by which the court decided, once the court has decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecidedBy>,
    /// The least and the most the court may credit, while the court has not decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<[i64; 2]>,
    /// The days left to serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_days: Option<DayCount>,
    /// The credited days that exceed the remainder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unused_days: Option<i64>,
    /// The last day of the sentence. Absent if it cannot be computed (see `cannot_compute`); null
    /// if the person is not back in prison yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence_end: Option<SentenceEnd>,
    /// The reasons why figures are absent: an input is missing, a record was erased, or the end of
    /// the sentence is too late for a date.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cannot_compute: Vec<String>,
    /// The legal text behind the reading.
    pub source: LegalSource,
    /// The dates that count.
    pub counted: Vec<DayRun>,
    /// The dates that do not count, each with the reason.
    pub excluded: Vec<DayRun>,
}

/// A number of days: exact, or between the least and the most possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum DayCount {
    Exactly(i64),
    Between { min: i64, max: i64 },
}

/// The last day of the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum SentenceEnd {
    /// The person is not back in prison, so there is no date: null in JSON.
    NoReturn,
    /// This date.
    On(NaiveDate),
    /// One of the dates from `min` to `max`, because the court has not decided yet.
    Between {
        /// The end if the court credits all it may.
        min: NaiveDate,
        /// The end if the court credits nothing.
        max: NaiveDate,
    },
}

/// The judgment by which the court decided, and the id of the record that states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct DecidedBy {
    pub judgment: Id,
    pub event: String,
}

/// The legal text behind a reading, and who verified the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct LegalSource {
    pub article: String,
    pub text: String,
    pub verified_by: String,
    pub verified_on: String,
}

/// Consecutive dates that count, or do not count, for one reason, as the answer writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayRun {
    /// The first date.
    pub from: NaiveDate,
    /// The last date.
    pub to: NaiveDate,
    /// The number of dates.
    pub days: i64,
    /// The reason.
    pub why: DayReason,
    /// The ids of all records that the run depends on, in the order of the history.
    pub events: Vec<String>,
}

choices! {
    /// Why dates count or do not count. If several reasons exclude a date, the answer gives the
    /// first of them in this order.
    DayReason:
        /// Counted: in residential treatment under the modality.
        InTreatment = "inTreatment",
        /// Counted: the person complied with the modality.
        UnderModality = "underModality",
        /// Not counted: outside the window of the modality.
        OutsideWindow = "outsideWindow",
        /// Not counted: in prison.
        Detained = "detained",
        /// Not counted: the modality was suspended.
        Suspended = "suspended",
        /// Not counted: away from the treatment facility without leave.
        UnauthorisedAbsence = "unauthorisedAbsence",
        /// Not counted: the closing date, which the parameter `boundary` leaves out.
        ClosingDate = "closingDate",
}
