//! The names of care events and the class that decides who may read them.
//! Always: each type has one JSON Schema and one example for each version; versions are numbered
//! from 1.

use crate::domain::choices::choices;
use crate::domain::stream::StreamCategory;

choices! {
    /// The class of an event: decides who may read the event and which key seals its content. The
    /// code is the letter that schemas, records and queries use.
    Class:
        /// Judicial facts of the prison registry and the courts.
        Judicial = "J",
        /// Clinical facts of care.
        Clinical = "C",
        /// Attested days and places only, meant for legal readers.
        Attested = "A",
        /// Facts about the ledger itself, and the person's consent.
        System = "S",
        /// Facts about an organisation (a facility or a project); no person is in them.
        Organisational = "O",
}

impl Class {
    /// The letter as a byte, as records hold it.
    pub const fn letter(self) -> u8 {
        self.code().as_bytes()[0]
    }

    /// The class with this letter.
    pub fn from_letter(letter: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|class| class.letter() == letter)
    }
}

/// One version of the payload of an event type.
#[derive(Debug, PartialEq, Eq)]
pub struct SchemaVersion {
    /// The type.
    pub kind: Kind,
    /// The number of the version, from 1.
    pub number: usize,
    /// The JSON Schema of the payload, as text.
    pub schema: &'static str,
    /// A realistic example event, as text.
    pub example: &'static str,
}

impl SchemaVersion {
    /// The `dataschema` of an event whose payload has this version.
    pub fn id(&self) -> String {
        format!("{SCHEMA_PREFIX}{}:{}", self.kind, self.number)
    }
}

const SCHEMA_PREFIX: &str = "urn:care-ledger:schema:";

/// The class that the events of a type have.
enum TypeClass {
    Judicial,
    Clinical,
    Attested,
    System,
    Organisational,
    /// A correction or an annulment has the class of the type that it names.
    AsTarget,
}

macro_rules! shipped {
    ($($path:literal),*) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/", $($path),*))
    };
}

// A row: the variant, the type's name, its class, and its newest version; `after` lists the older
// versions, oldest first. An example of an older version carries its number in the file name.
macro_rules! kinds {
    ($(
        $variant:ident = $name:literal, $class:ident, $newest:literal $(after $($old:literal)+)?;
    )*) => {
        choices! {
            /// The type of a care event, `detention.arrived` and so on.
            Kind: $($variant = $name,)*
        }

        impl Kind {
            /// Every version of the payload, oldest first; there is at least one.
            pub const fn versions(self) -> &'static [SchemaVersion] {
                match self {
                    $(Self::$variant => &[
                        $($(SchemaVersion {
                            kind: Self::$variant,
                            number: $old,
                            schema: shipped!($name, ".v", $old, ".json"),
                            example: shipped!("examples/", $name, ".v", $old, ".json"),
                        },)+)?
                        SchemaVersion {
                            kind: Self::$variant,
                            number: $newest,
                            schema: shipped!($name, ".v", $newest, ".json"),
                            example: shipped!("examples/", $name, ".json"),
                        },
                    ],)*
                }
            }

            const fn type_class(self) -> TypeClass {
                match self { $(Self::$variant => TypeClass::$class,)* }
            }
        }
    };
}

kinds! {
    DetentionArrived = "detention.arrived", Judicial, 1;
    DetentionTransferred = "detention.transferred", Judicial, 1;
    DetentionStatusChanged = "detention.statusChanged", Judicial, 1;
    DetentionAbsenceStarted = "detention.absenceStarted", Judicial, 2 after 1;
    DetentionAbsenceEnded = "detention.absenceEnded", Judicial, 1;
    DetentionReleased = "detention.released", Judicial, 2 after 1;
    SentencePronounced = "sentence.pronounced", Judicial, 2 after 1;
    SentenceDetentionImputed = "sentence.detentionImputed", Judicial, 1;
    ModalityGranted = "modality.granted", Judicial, 2 after 1;
    ModalitySuspended = "modality.suspended", Judicial, 1;
    ModalitySuspensionLifted = "modality.suspensionLifted", Judicial, 1;
    ModalityEnded = "modality.ended", Judicial, 1;
    ModalityRevoked = "modality.revoked", Judicial, 2 after 1;
    ModalityRestored = "modality.restored", Judicial, 1;
    ResidentialAdmitted = "residential.admitted", Attested, 1;
    ResidentialAbsenceStarted = "residential.absenceStarted", Attested, 1;
    ResidentialAbsenceEnded = "residential.absenceEnded", Attested, 1;
    ResidentialCompleted = "residential.completed", Attested, 1;
    ResidentialDroppedOut = "residential.droppedOut", Attested, 2 after 1;
    ResidentialTransferred = "residential.transferred", Attested, 1;
    ResidentialAttested = "residential.attested", Attested, 1;
    SubstitutionVerified = "substitution.verified", Clinical, 1;
    SubstitutionPrescribed = "substitution.prescribed", Clinical, 2 after 1;
    SubstitutionDoseContinued = "substitution.doseContinued", Clinical, 1;
    SubstitutionDoseWithheld = "substitution.doseWithheld", Clinical, 1;
    SubstitutionDoseChanged = "substitution.doseChanged", Clinical, 1;
    SubstitutionStopped = "substitution.stopped", Clinical, 1;
    SubstitutionHandoverSent = "substitution.handoverSent", Clinical, 1;
    SubstitutionHandoverConfirmed = "substitution.handoverConfirmed", Clinical, 1;
    CareScreened = "care.screened", Clinical, 2 after 1;
    CapReferred = "cap.referred", Clinical, 2 after 1;
    CapOriented = "cap.oriented", Clinical, 1;
    ReferralAnswered = "referral.answered", Clinical, 1;
    TreatmentStarted = "treatment.started", Clinical, 2 after 1;
    TreatmentEnded = "treatment.ended", Clinical, 1;
    CareNotDelivered = "care.notDelivered", Clinical, 1;
    ProgrammeEnrolled = "programme.enrolled", Clinical, 2 after 1;
    ProgrammeSessionHeld = "programme.sessionHeld", Clinical, 2 after 1;
    ProgrammeCompleted = "programme.completed", Clinical, 1;
    ProgrammeLeft = "programme.left", Clinical, 1;
    DrugFreeUnitPlaced = "drugFreeUnit.placed", Judicial, 2 after 1;
    DrugFreeUnitLeft = "drugFreeUnit.left", Judicial, 1;
    ConsultationHeld = "consultation.held", Clinical, 2 after 1;
    PlanAgreed = "plan.agreed", Clinical, 2 after 1;
    PlanReviewed = "plan.reviewed", Clinical, 1;
    ReleasePrepared = "release.prepared", Clinical, 1;
    HousingPlaced = "housing.placed", Attested, 1;
    HousingLeft = "housing.left", Attested, 1;
    OverdoseRecorded = "overdose.recorded", Clinical, 1;
    DeathRecorded = "death.recorded", Judicial, 1;
    DeathCauseRecorded = "death.causeRecorded", Clinical, 1;
    OutcomeMeasured = "outcome.measured", Clinical, 1;
    UseReported = "use.reported", Clinical, 1;
    CareVerified = "care.verified", Clinical, 1;
    InsuranceRecorded = "insurance.recorded", Clinical, 1;
    PersonDescribed = "person.described", Clinical, 1;
    FacilityCounted = "facility.counted", Organisational, 1;
    FacilityDisrupted = "facility.disrupted", Organisational, 1;
    FacilityOffered = "facility.offered", Organisational, 1;
    ProjectStarted = "project.started", Organisational, 1;
    ProjectFunded = "project.funded", Organisational, 1;
    ProjectEvaluated = "project.evaluated", Organisational, 1;
    ProjectEnded = "project.ended", Organisational, 1;
    ProjectTrained = "project.trained", Organisational, 1;
    ConsentGiven = "consent.given", System, 1;
    ConsentWithdrawn = "consent.withdrawn", System, 1;
    RecordCorrected = "record.corrected", AsTarget, 1;
    RecordAnnulled = "record.annulled", AsTarget, 1;
    PersonMerged = "person.merged", System, 1;
    PersonUnmerged = "person.unmerged", System, 1;
    RecordErased = "record.erased", System, 1;
}

impl Kind {
    /// The newest version of the payload. Folds read payloads in this version.
    pub const fn newest(self) -> &'static SchemaVersion {
        let versions = self.versions();
        &versions[versions.len() - 1]
    }

    /// The version of the payload with this number.
    pub fn version(self, number: usize) -> Option<&'static SchemaVersion> {
        self.versions().iter().find(|version| version.number == number)
    }

    /// The version number in a `dataschema`; the ledger may not have that version. `None`: the
    /// `dataschema` is not of this type.
    pub fn version_number(self, dataschema: &str) -> Option<usize> {
        let rest = dataschema.strip_prefix(SCHEMA_PREFIX)?.strip_prefix(self.code())?;
        rest.strip_prefix(':')?.parse().ok()
    }

    /// The class of an event of this type; `None` for a correction or an annulment, which has the
    /// class of the type that it names.
    pub const fn class(self) -> Option<Class> {
        match self.type_class() {
            TypeClass::Judicial => Some(Class::Judicial),
            TypeClass::Clinical => Some(Class::Clinical),
            TypeClass::Attested => Some(Class::Attested),
            TypeClass::System => Some(Class::System),
            TypeClass::Organisational => Some(Class::Organisational),
            TypeClass::AsTarget => None,
        }
    }

    /// The category of the streams that events of this type go to; `None` for a correction or an
    /// annulment, which goes to the stream of the record that it names.
    pub fn stream_category(self) -> Option<StreamCategory> {
        self.class()?;
        let (prefix, _) = self.code().split_once('.').expect("each name has a dot");
        Some(prefix.parse().unwrap_or(StreamCategory::Person))
    }

    /// Whether an event of this type is about another record, rather than about a person.
    pub const fn is_about_record(self) -> bool {
        matches!(self, Self::RecordCorrected | Self::RecordAnnulled | Self::RecordErased)
    }

    /// Whether an event of this type merges two persons, or takes a merge back. The other person's
    /// stream gets a copy of its record.
    pub const fn is_merge(self) -> bool {
        matches!(self, Self::PersonMerged | Self::PersonUnmerged)
    }

    /// The member of the payload that names the record which an event of this type corrects or
    /// annuls.
    pub const fn target_member(self) -> Option<&'static str> {
        match self {
            Self::RecordCorrected => Some("corrects"),
            Self::RecordAnnulled => Some("annuls"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_of_class_o_go_to_the_streams_of_organisations_and_no_others() {
        for kind in Kind::ALL {
            let is_of_organisation = kind.stream_category().map(|c| c != StreamCategory::Person);
            let has_class_o = kind.class().map(|class| class == Class::Organisational);
            assert_eq!(is_of_organisation, has_class_o, "{kind}");
        }
    }

    #[test]
    fn versions_are_numbered_from_one_without_gaps() {
        for kind in Kind::ALL {
            let numbers: Vec<usize> = kind.versions().iter().map(|v| v.number).collect();
            assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "{kind}");
            for version in kind.versions() {
                assert_eq!(kind.version_number(&version.id()), Some(version.number), "{kind}");
                assert_eq!(version.kind, *kind);
            }
        }
        let other = Kind::CapOriented.newest().id();
        assert_eq!(Kind::CapReferred.version_number(&other), None);
    }
}
