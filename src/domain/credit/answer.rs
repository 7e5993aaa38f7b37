//! The answer about the credit of days: the figures, and for each figure the dates and records
//! behind it.
//! Always: an unknown figure is absent or null, never zero. A null `sentenceEnd` says that no end
//! can be told, a null `window` that no date lies in it, a null `backOn` that the person is not
//! back in prison under this sentence.
//! Form: the JSON of `GET /v1/persons/{person}/credit`, without the members of `AnswerHead`.

use chrono::NaiveDate;
use serde::Serialize;

use super::answer_base::Remainder;
use super::answer_record::{RecordChange, RecordRead};
use super::day_book::DayState;
use super::outcome::CreditOutcome;
use super::rules::{Parameter, ReadingName, ReadingStatus, Rule};
use crate::domain::choices::choices;
use crate::domain::finding::{Finding, RecordName};
use crate::domain::source_mark::SourceMark;
use crate::domain::stays::{AbsenceRule, Boundary};
use crate::domain::time::dates::DateRun;
use crate::domain::vocabulary::choice::{ModalityKind, RevocationBasis};
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
    pub rules: Vec<Rule>,
}

/// The name and version of the rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Ruleset {
    pub id: String,
    pub version: String,
    pub as_of: String,
}

/// The parameters of an answer with their sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ParametersUsed {
    pub boundary: Parameter<Boundary>,
    pub absence: Parameter<AbsenceRule>,
    pub month_days: Parameter<u32>,
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

/// The readings that apply to one kind of modality.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Readings {
    /// Nothing is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub none: Option<Reading>,
    /// Art. 68 par. 5 al. 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deduction: Option<Reading>,
    /// Art. 68 par. 5 al. 2, or another kind once a court has decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub court_decision: Option<Reading>,
    /// The proposal of the working group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_residential: Option<Reading>,
}

impl Readings {
    /// The reading with this name, if it applies.
    pub const fn of(&self, name: ReadingName) -> Option<&Reading> {
        match name {
            ReadingName::NoCredit => self.none.as_ref(),
            ReadingName::Deduction => self.deduction.as_ref(),
            ReadingName::CourtDecision => self.court_decision.as_ref(),
            ReadingName::FullResidential => self.full_residential.as_ref(),
        }
    }

    /// Each reading with its name, in the order of [`ReadingName`].
    pub fn iter(&self) -> impl Iterator<Item = (ReadingName, &Reading)> {
        ReadingName::ALL.iter().filter_map(|name| Some((*name, self.of(*name)?)))
    }
}

/// One reading of the law, worked out for one modality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// The legal status of the reading.
    pub status: ReadingStatus,
    /// The days taken off what is left to serve. Negative when a court leaves more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credited_days: Option<i64>,
    /// The least and the most the court may credit, while the court has not decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<[i64; 2]>,
    /// The days left to serve from `backOn` on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_days: Option<DayCount>,
    /// The credited days that exceed what is left to serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unused_days: Option<i64>,
    /// The last day of the sentence; null while no end can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence_end: Option<SentenceEnd>,
    /// The decision that gives the figure, once the court has decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<DecidedBy>,
    /// Later decisions that decide nothing yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<PendingDecision>,
    /// The outcome for which no figure of what is left to serve is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<CreditOutcome>,
    /// What is missing, or why figures are absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cannot_compute: Vec<String>,
    /// The legal text behind the reading.
    pub source: LegalSource,
    /// The dates that count.
    pub counted: Vec<ReasonRun>,
    /// The dates that do not count, each with the reason.
    pub excluded: Vec<ReasonRun>,
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
    /// No end can be told: null in JSON.
    Open,
    /// This date.
    On(NaiveDate),
    /// Between two dates, because the court has not decided yet.
    Between {
        /// The end if the court credits all it may.
        min: Option<NaiveDate>,
        /// The end if the court credits nothing.
        max: Option<NaiveDate>,
    },
}

/// The judgment by which the court decided, and the record that states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct DecidedBy {
    pub judgment: Id,
    pub record: RecordName,
}

/// A decision that decides nothing yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct PendingDecision {
    pub judgment: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credited_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_days: Option<i64>,
}

/// One decision on a modality: a grant, suspension, lift, revocation, restoration or end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The type of the record.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The date of the record.
    pub on: NaiveDate,
    /// The date from which the decision has its effect.
    pub effective_on: NaiveDate,
    /// The judgment, if the type has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judgment: Option<Id>,
    /// The paragraph of the law, of a revocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<RevocationBasis>,
    /// Why the modality ended, of an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// Whether a revocation is final.
    #[serde(rename = "final", skip_serializing_if = "Option::is_none")]
    pub is_final: Option<bool>,
    /// The days that the court credits, if the revocation says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credited_days: Option<i64>,
    /// The days that the court leaves, if the revocation says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_days: Option<i64>,
    /// The effect of the decision on the date of the answer.
    pub effect: DecisionEffect,
    /// The record.
    pub record: RecordName,
}

choices! {
    /// The effect of a decision on the date of the answer.
    DecisionEffect:
        /// The decision has its effect, and gives no figure.
        InForce = "inForce",
        /// The decision gives the figure.
        Decides = "decides",
        /// The decision has a figure and decides nothing yet.
        Pending = "pending",
        /// A later decision gives the figure.
        Superseded = "superseded",
        /// A restoration of the modality took every effect away.
        Annulled = "annulled",
        /// The effect has not come.
        NotYet = "notYet",
        /// The modality was granted before; the earliest grant counts.
        Repeated = "repeated",
}

/// The legal text behind a reading, and who verified the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct LegalSource {
    pub article: String,
    pub text: String,
    pub mark: SourceMark,
    pub verified_by: String,
    pub verified_on: String,
}

/// Consecutive dates that count, or do not count, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct ReasonRun {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub days: i64,
    pub why: DayReason,
    /// The records that the run rests on, in order.
    pub records: Vec<RecordName>,
}

choices! {
    /// Why dates count or do not count. If several reasons exclude a date, the answer gives the
    /// first of them in this order.
    DayReason:
        /// Counted: in residential treatment under the modality.
        InTreatment = "inTreatment",
        /// Not counted: outside the window of the modality.
        OutsideWindow = "outsideWindow",
        /// Counted, or not counted because it is not treatment: lived under the modality.
        UnderModality = "underModality",
        /// Not counted: in prison under this sentence, where each date is served.
        Served = "served",
        /// Not counted: in prison under another title.
        OtherTitle = "otherTitle",
        /// Not counted: away from the prison without right.
        UnlawfullyAway = "unlawfullyAway",
        /// Not counted: the modality was suspended.
        Suspended = "suspended",
        /// Not counted: at liberty outside the modality.
        AtLarge = "atLarge",
        /// Not counted: away from the treatment facility without leave.
        UnauthorisedAbsence = "unauthorisedAbsence",
        /// Not counted: the closing date, which the parameter `boundary` leaves out.
        ClosingDate = "closingDate",
}

impl From<DayState> for DayReason {
    fn from(state: DayState) -> Self {
        match state {
            DayState::UnderModality => Self::UnderModality,
            DayState::Served => Self::Served,
            DayState::OtherTitle => Self::OtherTitle,
            DayState::UnlawfullyAway => Self::UnlawfullyAway,
            DayState::Suspended => Self::Suspended,
            DayState::AtLarge => Self::AtLarge,
        }
    }
}
