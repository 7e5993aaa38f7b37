//! Contradictions and gaps in the records that a reader of an answer must know of.
//! Always: a finding never blocks an answer; it names the records behind it and carries none of
//! their content.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::choices::choices;

choices! {
    /// The stable code of a contradiction or gap.
    FindingCode:
        /// The entered remainder is not the calculated one.
        RemainderMismatch = "remainderMismatch",
        /// One modality has two grants; the earliest counts.
        ModalityGrantedTwice = "modalityGrantedTwice",
        /// A window is cut short by another modality.
        ModalityOverlap = "modalityOverlap",
        /// The person was detained inside the window of a modality that is lived outside.
        ModalityWithoutRelease = "modalityWithoutRelease",
        /// An admission names a modality in whose window none of its dates lies.
        StayModalityMismatch = "stayModalityMismatch",
        /// A stay was never closed.
        StayNeverClosed = "stayNeverClosed",
        /// A stay was closed twice.
        StayClosedTwice = "stayClosedTwice",
        /// Two stays cover one date.
        StayOverlap = "stayOverlap",
        /// An attest counts other days than the records do.
        AttestMismatch = "attestMismatch",
        /// An absence starts outside any stay.
        AbsenceWithoutStay = "absenceWithoutStay",
        /// Two absences of one stay overlap.
        AbsenceOverlap = "absenceOverlap",
        /// The person arrived while already detained.
        ArrivalWithoutRelease = "arrivalWithoutRelease",
        /// The person was released while not detained.
        ReleaseWithoutArrival = "releaseWithoutArrival",
        /// One sentence is pronounced twice; the earliest counts.
        SentencePronouncedTwice = "sentencePronouncedTwice",
        /// The registry's own end of a sentence is not the end of the chain.
        EndMismatch = "endMismatch",
        /// An event is recorded as happening after the death.
        RecordAfterDeath = "recordAfterDeath",
        /// A correction or annulment names a record of another person, or of another type.
        TargetElsewhere = "targetElsewhere",
        /// A record has the source and id of a record of another person.
        IdReusedAcrossPersons = "idReusedAcrossPersons",
        /// A correction or annulment names an erased record.
        TargetErased = "targetErased",
        /// Records of one class were erased; no figure counts them.
        RecordsErased = "recordsErased",
        /// A record names a code that no registry knows.
        UnknownCode = "unknownCode",
        /// A replacement does not satisfy the schema of the type that it replaces; the correction
        /// has no effect.
        ReplacementInvalid = "replacementInvalid",
        /// A record continues or ends a period whose beginning is not recorded.
        BeginningMissing = "beginningMissing",
        /// A record contradicts the record before it, or itself.
        Contradiction = "contradiction",
}

/// One contradiction or gap, with the ids of the records behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The kind of contradiction or gap.
    pub code: FindingCode,
    /// One sentence for human readers; it contains ids and dates only.
    pub message: String,
    /// The ids of the records behind the finding, in order.
    pub events: Vec<String>,
    /// For [`FindingCode::RecordsErased`]: which records were erased.
    #[serde(flatten)]
    pub erased: Option<ErasedRecords>,
}

/// The records of one class that one erasure took.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErasedRecords {
    /// The code of the class.
    pub class: &'static str,
    /// How many records.
    pub count: usize,
    /// When the content was erased.
    pub erased_at: DateTime<Utc>,
    /// The legal ground, as a code.
    pub basis: Arc<str>,
}

impl Finding {
    /// A finding about these records, each by its id.
    pub fn new(code: FindingCode, message: impl Into<String>, events: Vec<String>) -> Self {
        Self { code, message: message.into(), events, erased: None }
    }
}
