//! The names of care events and the class that decides who may read them.
//! Always: one variant a type of the vocabulary, and one JSON Schema a variant.

use std::fmt;
use std::str::FromStr;

/// Who may read an event, and under which key it is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// J: judicial facts of the prison registry and the courts.
    Judicial,
    /// C: clinical facts of care.
    Clinical,
    /// A: attested days and places only, meant for legal readers.
    Attested,
    /// S: the ledger's own and the person's say over it.
    System,
}

impl Class {
    /// The letter used in schemas, records and queries.
    pub const fn letter(self) -> char {
        match self {
            Self::Judicial => 'J',
            Self::Clinical => 'C',
            Self::Attested => 'A',
            Self::System => 'S',
        }
    }

    /// The reverse of [`Class::letter`].
    pub const fn from_letter(letter: char) -> Option<Self> {
        match letter {
            'J' => Some(Self::Judicial),
            'C' => Some(Self::Clinical),
            'A' => Some(Self::Attested),
            'S' => Some(Self::System),
            _ => None,
        }
    }
}

/// The text is not the name of an event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event type of the vocabulary")]
pub struct NotAKind;

enum Reads {
    Judicial,
    Clinical,
    Attested,
    System,
    AsTarget,
}

macro_rules! kinds {
    ($($variant:ident = $name:literal, $class:ident;)*) => {
        /// The type of a care event, `detention.arrived` and so on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Kind {
            /// Every type, in the order of the vocabulary.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in the CloudEvents attribute `type`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The JSON Schema of its payload, newest version, as text.
            pub const fn schema(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!(
                        env!("CARGO_MANIFEST_DIR"), "/schemas/", $name, ".v1.json"
                    )),)*
                }
            }

            /// A realistic example event, as text.
            pub const fn example(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!(
                        env!("CARGO_MANIFEST_DIR"), "/schemas/examples/", $name, ".json"
                    )),)*
                }
            }

            const fn reads(self) -> Reads {
                match self { $(Self::$variant => Reads::$class,)* }
            }
        }

        impl FromStr for Kind {
            type Err = NotAKind;

            fn from_str(name: &str) -> Result<Self, NotAKind> {
                match name { $($name => Ok(Self::$variant),)* _ => Err(NotAKind) }
            }
        }
    };
}

kinds! {
    DetentionArrived = "detention.arrived", Judicial;
    DetentionTransferred = "detention.transferred", Judicial;
    DetentionStatusChanged = "detention.statusChanged", Judicial;
    DetentionAbsenceStarted = "detention.absenceStarted", Judicial;
    DetentionAbsenceEnded = "detention.absenceEnded", Judicial;
    DetentionReleased = "detention.released", Judicial;
    SentencePronounced = "sentence.pronounced", Judicial;
    SentenceDetentionImputed = "sentence.detentionImputed", Judicial;
    ModalityGranted = "modality.granted", Judicial;
    ModalitySuspended = "modality.suspended", Judicial;
    ModalitySuspensionLifted = "modality.suspensionLifted", Judicial;
    ModalityEnded = "modality.ended", Judicial;
    ModalityRevoked = "modality.revoked", Judicial;
    ResidentialAdmitted = "residential.admitted", Attested;
    ResidentialAbsenceStarted = "residential.absenceStarted", Attested;
    ResidentialAbsenceEnded = "residential.absenceEnded", Attested;
    ResidentialCompleted = "residential.completed", Attested;
    ResidentialDroppedOut = "residential.droppedOut", Attested;
    ResidentialTransferred = "residential.transferred", Attested;
    ResidentialAttested = "residential.attested", Attested;
    SubstitutionVerified = "substitution.verified", Clinical;
    SubstitutionPrescribed = "substitution.prescribed", Clinical;
    SubstitutionDoseContinued = "substitution.doseContinued", Clinical;
    SubstitutionDoseWithheld = "substitution.doseWithheld", Clinical;
    SubstitutionDoseChanged = "substitution.doseChanged", Clinical;
    SubstitutionStopped = "substitution.stopped", Clinical;
    SubstitutionHandoverSent = "substitution.handoverSent", Clinical;
    SubstitutionHandoverConfirmed = "substitution.handoverConfirmed", Clinical;
    CareScreened = "care.screened", Clinical;
    CapReferred = "cap.referred", Clinical;
    CapOriented = "cap.oriented", Clinical;
    ReferralAnswered = "referral.answered", Clinical;
    TreatmentStarted = "treatment.started", Clinical;
    TreatmentEnded = "treatment.ended", Clinical;
    CareNotDelivered = "care.notDelivered", Clinical;
    ProgrammeEnrolled = "programme.enrolled", Clinical;
    ProgrammeSessionHeld = "programme.sessionHeld", Clinical;
    ProgrammeCompleted = "programme.completed", Clinical;
    ProgrammeLeft = "programme.left", Clinical;
    DrugFreeUnitPlaced = "drugFreeUnit.placed", Judicial;
    DrugFreeUnitLeft = "drugFreeUnit.left", Judicial;
    ConsultationHeld = "consultation.held", Clinical;
    PlanAgreed = "plan.agreed", Clinical;
    ReleasePrepared = "release.prepared", Clinical;
    HousingPlaced = "housing.placed", Attested;
    HousingLeft = "housing.left", Attested;
    OverdoseRecorded = "overdose.recorded", Clinical;
    DeathRecorded = "death.recorded", Judicial;
    ConsentGiven = "consent.given", System;
    ConsentWithdrawn = "consent.withdrawn", System;
    RecordCorrected = "record.corrected", AsTarget;
    RecordAnnulled = "record.annulled", AsTarget;
    PersonMerged = "person.merged", System;
    PersonUnmerged = "person.unmerged", System;
    RecordErased = "record.erased", System;
}

impl Kind {
    /// The class of an event of this type; `None` for a correction or an annulment, which has
    /// the class of the type it names.
    pub const fn class(self) -> Option<Class> {
        match self.reads() {
            Reads::Judicial => Some(Class::Judicial),
            Reads::Clinical => Some(Class::Clinical),
            Reads::Attested => Some(Class::Attested),
            Reads::System => Some(Class::System),
            Reads::AsTarget => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
        assert_eq!("detention.Arrived".parse::<Kind>(), Err(NotAKind));
    }
}
