//! The answer about the credit of days: the figures, and for each figure the dates and records
//! behind it.
//! Always: an unknown figure is absent or null, never zero. A null `sentenceEnd` says that no end
//! can be told, a null `window` that no date lies in it, a null `backOn` that the person is not
//! back in prison under this sentence.
//! Form: the JSON of `GET /v1/persons/{person}/credit`, without the members of `AnswerHead`.

mod decision;
mod reading;
mod record;
mod remainder;

pub use decision::{DecidedBy, Decision, DecisionEffect, PendingDecision};
pub use reading::{
    DayCount, DayReason, LegalSource, Missing, Reading, Readings, ReasonRun, SentenceEnd,
};
pub use record::{ActingChange, RecordChange, RecordRead, StatedContent};
pub(super) use record::{changes, records_read};
pub use remainder::{Calculation, ChainedSentence, RecordedRun, Remainder, UndatedImputation};

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::Serialize;

use super::day_book::DayState;
use super::outcome::CreditOutcome;
use super::rules::{Parameter, ReadingName, Rule};
use crate::domain::finding::{Finding, RecordName};
use crate::domain::stays::{AbsenceRule, Boundary};
use crate::domain::time::dates::DateRun;
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
    /// Whether the answer is a projection: dates after today count as if the present state goes on.
    pub projected: bool,
    /// The rules by which the answer was computed.
    pub ruleset: Ruleset,
    /// The parameters with their sources.
    pub parameters: ParametersUsed,
    /// The modalities, in the order of `startsOn`.
    pub modalities: Vec<ModalityCredit>,
    /// Contradictions and gaps in the records; they never block the count.
    pub findings: Vec<Finding>,
    /// Every record that the computation read, in order.
    pub records: Vec<RecordRead>,
    /// The corrected and annulled records, in order.
    pub changes: Vec<RecordChange>,
    /// The rules of ours for which no source was found.
    pub rules: &'static [Rule],
}

/// The name and version of the rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Ruleset {
    pub id: &'static str,
    pub version: &'static str,
    pub as_of: &'static str,
}

/// The parameters of an answer with their sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ParametersUsed {
    pub boundary: Cow<'static, Parameter<Boundary>>,
    pub absence: Cow<'static, Parameter<AbsenceRule>>,
    pub month_days: Cow<'static, Parameter<u32>>,
}

/// One modality: its window, its day book, its remainder and its readings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModalityCredit {
    /// The sender's id of the modality.
    pub modality: Id,
    /// The kind of modality.
    pub kind: ModalityKind,
    /// The judgment that granted the modality.
    pub judgment: Id,
    /// The date on which the modality starts.
    pub starts_on: NaiveDate,
    /// Why the modality stands as it does.
    pub outcome: CreditOutcome,
    /// The reading that is law for this modality; null: no rule was found for its kind.
    pub lawful: Option<ReadingName>,
    /// While the modality runs: the date of the revocation that the figures suppose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_revoked_on: Option<NaiveDate>,
    /// The first and the last date of the window; null when it has none.
    pub window: Option<Window>,
    /// The runs of the window.
    pub windows: Vec<Window>,
    /// The days left to serve when the modality starts.
    pub remainder: Remainder,
    /// The number of dates lived under the modality.
    pub modality_days: i64,
    /// The number of those dates on which the person was also present in treatment.
    pub treatment_days: i64,
    /// The number of dates served in prison up to the last date of the window.
    pub served_inside_days: i64,
    /// The first date back in prison under this sentence.
    pub back_on: Option<NaiveDate>,
    /// Every date of the modality, with its state.
    pub day_book: Vec<StateRun>,
    /// The readings that apply to the kind of modality.
    pub readings: Readings,
    /// Every decision on the modality, in order.
    pub decisions: Vec<Decision>,
    /// The codes of the facilities whose stays share a date with the window, in their order.
    pub facilities: Vec<Code>,
}

/// A run of the window as the answer writes it: its first and its last date, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Window {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl From<DateRun> for Window {
    fn from(run: DateRun) -> Self {
        Self { from: run.first, to: run.last }
    }
}

/// Consecutive dates of the day book in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct StateRun {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub days: i64,
    pub state: DayState,
    /// The records that the run rests on, in order.
    pub records: Vec<RecordName>,
}
