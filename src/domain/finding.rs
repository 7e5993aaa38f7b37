//! Contradictions and gaps that a reader must know of. They never block an answer.
//! Always: a finding names the records it rests on, and carries no content of theirs.

use serde::Serialize;

use super::choices::choices;

choices! {
    /// What is wrong, as a stable code.
    FindingCode:
        /// The entered remainder is not the calculated one.
        RemainderMismatch = "remainderMismatch",
        /// One modality has two grants; the earliest counts.
        ModalityGrantedTwice = "modalityGrantedTwice",
        /// A window is cut short by another modality.
        ModalityOverlap = "modalityOverlap",
        /// Detained inside the window of a modality that is lived outside.
        ModalityWithoutRelease = "modalityWithoutRelease",
        /// An admission names another modality than its dates do.
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
        /// Arrived while already detained.
        ArrivalWithoutRelease = "arrivalWithoutRelease",
        /// Released while not detained.
        ReleaseWithoutArrival = "releaseWithoutArrival",
        /// One sentence is pronounced twice; the earliest counts.
        SentencePronouncedTwice = "sentencePronouncedTwice",
        /// The registry's own end of a sentence is not the end of the chain.
        EndMismatch = "endMismatch",
        /// Something is recorded as happening after the death.
        RecordAfterDeath = "recordAfterDeath",
        /// A correction or annulment names a record of another person, or of another type.
        TargetElsewhere = "targetElsewhere",
        /// The source and id of a record are those of a record of another person.
        IdReusedAcrossPersons = "idReusedAcrossPersons",
        /// A correction or annulment names an erased record.
        TargetErased = "targetErased",
        /// Records of one class were erased; no figure counts them.
        RecordsErased = "recordsErased",
        /// A code that no registry knows.
        UnknownCode = "unknownCode",
        /// A replacement does not fit the type it replaces; it has no effect.
        ReplacementInvalid = "replacementInvalid",
        /// Goes on or ends what nobody recorded as begun.
        BeginningMissing = "beginningMissing",
        /// Contradicts the record before it, or itself.
        Contradiction = "contradiction",
}

/// One contradiction or gap, with the ids of the records it rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub code: FindingCode,
    /// One sentence for a person; ids and dates only.
    pub message: String,
    /// The `id`s of the records, in order.
    pub events: Vec<String>,
}
