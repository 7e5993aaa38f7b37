//! The remainder of the sentence as the answer shows it: what a person needs to recompute it.
//! Always: a count that is not known is null; the parts of the calculated count stand with their
//! records.
//! Rules: "Base" of the credit rules.

use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::finding::RecordName;
use crate::domain::time::dates::DateRun;
use crate::domain::vocabulary::fact::Id;

/// The days left to serve as a modality starts, in three counts; null means "unknown".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remainder {
    /// The remainder that the grant of the modality states.
    pub entered_days: Option<i64>,
    /// The remainder that follows from the sentences.
    pub calculated_days: Option<i64>,
    /// The entered remainder, or else the calculated one.
    pub effective_days: Option<i64>,
    /// How the calculated remainder comes about; absent while no sentence counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calculation: Option<Calculation>,
}

/// The parts of the calculated remainder: `lengthDays`, less the number of dates in `imputed`,
/// `detained` and `underEarlier` together (`servedDays`), less `undatedDays`; never below zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calculation {
    /// The first date of the chain of sentences.
    pub from: NaiveDate,
    /// The last date of the chain; absent if it lies after the year 9999.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// The length of all sentences together.
    pub length_days: i64,
    /// The sentences that count, in the order of the chain.
    pub sentences: Vec<ChainedSentence>,
    /// I: imputed dates before the modality.
    pub imputed: Vec<RecordedRun>,
    /// D': dates in prison from the start of the chain to the day before the modality, without
    /// those under another title.
    pub detained: Vec<RecordedRun>,
    /// X: dates lived under earlier modalities that count as served.
    pub under_earlier: Vec<RecordedRun>,
    /// The number of dates of the three sets together.
    pub served_days: i64,
    /// The imputations that count by their number.
    pub undated: Vec<UndatedImputation>,
    /// U: the days of `undated`.
    pub undated_days: i64,
    /// The earlier release whose worth is the court's to say; the calculated remainder is then
    /// null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks_for: Option<Id>,
}

/// One sentence of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ChainedSentence {
    pub sentence: Id,
    pub judgment: Id,
    pub years: u32,
    pub months: u32,
    pub days: u32,
    /// The length in days of the calendar, at its place in the chain.
    pub length_days: i64,
    /// The registry's own end, if it states one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<NaiveDate>,
    /// The record that decides the place, and the record that decides the content.
    pub records: Vec<RecordName>,
}

/// Consecutive dates with the records that they rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct RecordedRun {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub days: i64,
    pub records: Vec<RecordName>,
}

impl RecordedRun {
    /// A run with its records.
    pub(in crate::domain::credit) fn new(run: DateRun, records: Vec<RecordName>) -> Self {
        Self { from: run.first, to: run.last, days: run.days(), records }
    }
}

/// Days imputed to a sentence without dates that agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct UndatedImputation {
    pub sentence: Id,
    pub days: i64,
    pub records: Vec<RecordName>,
}
