//! Contradictions and gaps in the records that a reader of an answer must know of.
//! Always: a finding never blocks an answer; it names the records behind it and carries none of
//! their content.
//! Form: `findings` in the HTTP contract; the rules stand with the folds that raise them.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::choices::choices;
use super::event::OpenRecord;
use super::id::Position;

choices! {
    /// The stable code of a contradiction or gap. The order is that of the codes in answers.
    FindingCode:
        /// Two absences of one presence overlap.
        AbsenceOverlap = "absenceOverlap",
        /// An absence starts outside any presence of its stay.
        AbsenceWithoutStay = "absenceWithoutStay",
        /// The person arrived while already detained.
        ArrivalWithoutRelease = "arrivalWithoutRelease",
        /// A release and an arrival of one detention share an instant.
        ArrivedAndReleasedAtOnce = "arrivedAndReleasedAtOnce",
        /// An attest counts other days than the records do.
        AttestMismatch = "attestMismatch",
        /// A record continues or ends a period whose beginning is not recorded.
        BeginningMissing = "beginningMissing",
        /// A closing of a stay ends no presence.
        ClosingWithoutStay = "closingWithoutStay",
        /// A record contradicts the record before it, or itself.
        Contradiction = "contradiction",
        /// A court decided a figure beside a deduction that leaves other days.
        DecisionMismatch = "decisionMismatch",
        /// The registry's own end of a sentence is not the end of the chain.
        EndMismatch = "endMismatch",
        /// A record names a place outside the dates on which it was open.
        FacilityClosed = "facilityClosed",
        /// A dose has a form or an interval that its product does not have.
        FormMismatch = "formMismatch",
        /// Two senders began different things under one id.
        IdMeansTwoThings = "idMeansTwoThings",
        /// A record has the source and id of a record of another person.
        IdReusedAcrossPersons = "idReusedAcrossPersons",
        /// A dose is out of range, or far from what it is compared with.
        ImplausibleDose = "implausibleDose",
        /// Days are imputed to a sentence that nobody pronounced.
        ImputationElsewhere = "imputationElsewhere",
        /// The imputed days are not the number of their dates.
        ImputationMismatch = "imputationMismatch",
        /// Days are imputed without dates; they cannot be compared with dates served.
        ImputationUndated = "imputationUndated",
        /// One imputation is recorded twice; it counts once.
        ImputedTwice = "imputedTwice",
        /// One modality has two grants; the earliest counts.
        ModalityGrantedTwice = "modalityGrantedTwice",
        /// A window is cut short by another modality.
        ModalityOverlap = "modalityOverlap",
        /// The person was detained inside the window of a modality that is lived
        /// outside.
        ModalityWithoutRelease = "modalityWithoutRelease",
        /// Dates of the day book were in prison under another title.
        OtherTitle = "otherTitle",
        /// A record names a known prescription of another product.
        ProductMismatch = "productMismatch",
        /// An event is recorded as happening after the death.
        RecordAfterDeath = "recordAfterDeath",
        /// Records of one class were erased; no figure counts them.
        RecordsErased = "recordsErased",
        /// The person was released while not detained.
        ReleaseWithoutArrival = "releaseWithoutArrival",
        /// The entered remainder is not the calculated one.
        RemainderMismatch = "remainderMismatch",
        /// A replacement does not satisfy the schema of the type that it replaces; the
        /// correction has no effect.
        ReplacementInvalid = "replacementInvalid",
        /// A modality was revoked, and no return to prison is recorded.
        ReturnNotRecorded = "returnNotRecorded",
        /// The days served and under the modality reach the remainder.
        SentenceOver = "sentenceOver",
        /// One sentence is pronounced twice with other content; the last one counts.
        SentencePronouncedTwice = "sentencePronouncedTwice",
        /// A stay was closed twice.
        StayClosedTwice = "stayClosedTwice",
        /// An admission names a modality in whose window none of its dates lies.
        StayModalityMismatch = "stayModalityMismatch",
        /// A stay was never closed.
        StayNeverClosed = "stayNeverClosed",
        /// Two presences share dates.
        StayOverlap = "stayOverlap",
        /// Somebody else wrote to the person's stream in the cluster, or deleted it.
        StreamTampered = "streamTampered",
        /// A suspension lasted longer than the month that the law allows.
        SuspensionOverAMonth = "suspensionOverAMonth",
        /// A correction or annulment names a record of another person, or of another
        /// type.
        TargetElsewhere = "targetElsewhere",
        /// A correction or annulment names an erased record.
        TargetErased = "targetErased",
        /// Records name a code that no registry knows.
        UnknownCode = "unknownCode",
        /// A date lies before 1900: a system that does not know the date wrote a default.
        UnsetDate = "unsetDate",
        /// A modality went on after a detention.
        WindowReopened = "windowReopened",
}

/// How an answer names a record: an id alone could be two records of two senders.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct RecordName {
    /// The place of the record in the log.
    pub position: Position,
    /// The system that sent the record.
    pub source: Arc<str>,
    /// The sending system's id of the record.
    pub id: Arc<str>,
}

impl RecordName {
    /// The name of a record whose content can be read.
    pub fn of(record: &OpenRecord) -> Self {
        let key = &record.event().key;
        Self { position: record.position, source: key.source.clone(), id: key.id.clone() }
    }
}

/// One contradiction or gap, with the records behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The kind of contradiction or gap.
    pub code: FindingCode,
    /// One sentence for human readers; it contains codes, numbers and dates only.
    pub message: String,
    /// The numbers, dates and codes of the message, for programs.
    pub values: Map<String, Value>,
    /// The records behind the finding, in the order of records.
    pub records: Vec<RecordName>,
}

impl Finding {
    /// A finding about these records.
    pub fn new(code: FindingCode, message: impl Into<String>, records: Vec<RecordName>) -> Self {
        Self { code, message: message.into(), values: Map::new(), records }
    }

    /// The order of findings that no fold has placed among its records: by code, then by the names
    /// of the records. Positions play no part, so the order of receipt changes nothing.
    pub fn order(&self, other: &Self) -> Ordering {
        let names = |finding: &Self| -> Vec<(Arc<str>, Arc<str>)> {
            finding.records.iter().map(|name| (name.source.clone(), name.id.clone())).collect()
        };
        let by_code = self.code.cmp(&other.code);
        by_code.then_with(|| (names(self), &self.message).cmp(&(names(other), &other.message)))
    }

    /// The same finding with one more value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }
}
