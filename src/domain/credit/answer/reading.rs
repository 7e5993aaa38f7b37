//! The readings of the law as the answer shows them: figures, and the dates behind each figure.
//! Always: an unknown figure is absent or null, never zero; what is missing is said.
//! Form: `readings` of a modality.

use std::fmt;

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use super::decision::{DecidedBy, PendingDecision};
use crate::domain::choices::choices;
use crate::domain::credit::day_book::DayState;
use crate::domain::credit::outcome::CreditOutcome;
use crate::domain::credit::rules::{ReadingName, ReadingStatus};
use crate::domain::finding::RecordName;
use crate::domain::source_mark::SourceMark;
use crate::domain::vocabulary::fact::Id;

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
    /// The reasons for which figures are absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cannot_compute: Vec<Missing>,
    /// The legal text behind the reading.
    pub source: LegalSource,
    /// The dates that count.
    pub counted: Vec<ReasonRun>,
    /// The dates that do not count, each with the reason.
    pub excluded: Vec<ReasonRun>,
}

/// Why figures of a reading are absent; JSON has the text of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// No remainder is entered, and no sentence counts.
    Remainder,
    /// No remainder is entered, and only a court can say what this earlier modality is worth.
    WorthOfEarlier(Id),
    /// The court decided what is left to serve; the remainder before the credit is unknown.
    CreditedDays,
    /// No rule of the law was found for this kind of modality.
    Rule,
    /// Erased records could have changed the figures.
    ErasedRecords,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remainder => f.write_str("needs modality.granted.remainderDays or a sentence"),
            Self::WorthOfEarlier(code) => {
                write!(f, "needs remainderDays: earlier modality {code}")
            }
            Self::CreditedDays => f.write_str("creditedDays"),
            Self::Rule => f.write_str("no rule was found for this kind"),
            Self::ErasedRecords => f.write_str("recordsErased"),
        }
    }
}

impl Serialize for Missing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
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

/// The legal text behind a reading, and who verified the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct LegalSource {
    pub article: &'static str,
    pub text: &'static str,
    pub mark: SourceMark,
    pub verified_by: &'static str,
    pub verified_on: &'static str,
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
