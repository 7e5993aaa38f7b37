//! The names of care events and the class that decides who may read them.
//! Always: one variant a type of the vocabulary, and one JSON Schema a variant.

use crate::domain::choices::choices;

choices! {
    /// Who may read an event, and under which key its content is sealed. The code is the letter
    /// that schemas, records and queries use.
    Class:
        /// Judicial facts of the prison registry and the courts.
        Judicial = "J",
        /// Clinical facts of care.
        Clinical = "C",
        /// Attested days and places only, meant for legal readers.
        Attested = "A",
        /// Facts about the ledger itself, and the person's consent.
        System = "S",
        /// Facts about an organisation (a facility or a project); no person is in them. No event
        /// type has this class yet.
        Organisational = "O",
}

impl Class {
    /// The letter as the byte that a record holds.
    pub const fn letter(self) -> u8 {
        self.code().as_bytes()[0]
    }

    /// The class with this letter.
    pub fn from_letter(letter: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|class| class.letter() == letter)
    }
}

enum Reads {
    Judicial,
    Clinical,
    Attested,
    System,
    AsTarget,
}

macro_rules! kinds {
    ($($variant:ident = $name:literal, $class:ident;)*) => {
        choices! {
            /// The type of a care event, `detention.arrived` and so on.
            Kind: $($variant = $name,)*
        }

        impl Kind {
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
