//! The payload of a simulated event, in a form small enough to keep many, and as JSON.
//! Always: each member has the name and the unit of the vocabulary.

use serde_json::{Map, Value};

use super::moment::LocalMoment;
use super::place::CodeText;
use super::series::SeriesId;
use super::written::{
    CodeRef, CodeTexts, CodesRef, CorrectionTarget, Date, Ink, Member, OtherPerson,
    PlannedAppointment, ScreeningInstrument,
};
use crate::domain::vocabulary::choice;
use crate::domain::vocabulary::kind::{Kind, SchemaVersion};

/// The replacement in a correction.
pub(super) type Replacement = Option<Box<Say>>;

macro_rules! says {
    ($($variant:ident = $kind:ident { $($key:literal $field:ident: $type:ty),* $(,)? })*) => {
        /// A payload: one variant for each type of the vocabulary that a sender may send.
        #[derive(Debug, Clone)]
        pub(super) enum Say {
            $($variant { $($field: $type),* },)*
        }

        impl Say {
            pub(super) const fn kind(&self) -> Kind {
                match self { $(Self::$variant { .. } => Kind::$kind,)* }
            }

            /// The payload as JSON, as it is sent.
            pub(super) fn data(&self, ink: Ink<'_>) -> Map<String, Value> {
                let mut members = Map::new();
                match self {
                    $(Self::$variant { $($field),* } => {
                        $(if let Some(value) = $field.written(ink) {
                            members.insert($key.to_owned(), value);
                        })*
                    })*
                }
                members
            }
        }
    };
}

says! {
    Arrived = DetentionArrived {
        "detention" detention: SeriesId, "facility" facility: CodeText,
        "legalStatus" status: choice::LegalStatus, "reason" reason: choice::ArrivalReason,
    }
    MovedPrison = DetentionTransferred {
        "detention" detention: SeriesId, "from" from: CodeText, "to" to: CodeText,
    }
    StatusChanged = DetentionStatusChanged {
        "detention" detention: SeriesId,
        "from" from: choice::LegalStatus, "to" to: choice::LegalStatus,
    }
    Absent = DetentionAbsenceStarted {
        "detention" detention: SeriesId, "kind" kind: choice::AbsenceKind,
    }
    BackFromAbsence = DetentionAbsenceEnded { "detention" detention: SeriesId }
    Released = DetentionReleased {
        "detention" detention: SeriesId, "reason" reason: choice::ReleaseReason,
        "final" is_final: bool, "destinationRegion" region: Option<CodeText>,
    }
    Pronounced = SentencePronounced {
        "sentence" sentence: SeriesId, "judgment" judgment: SeriesId, "years" years: u32,
        "months" months: u32, "days" days: u32, "startsOn" starts_on: Date,
        "endsOn" ends_on: Option<Date>, "court" court: CodeRef,
        "offence" offence: Option<CodeRef>, "factsFrom" facts_from: Option<Date>,
        "factsTo" facts_to: Option<Date>,
    }
    Imputed = SentenceDetentionImputed {
        "sentence" sentence: SeriesId, "days" days: u32,
        "from" from: Option<Date>, "to" to: Option<Date>,
    }
    Granted = ModalityGranted {
        "modality" modality: SeriesId, "kind" kind: choice::ModalityKind,
        "judgment" judgment: SeriesId,
        "startsOn" starts_on: Option<Date>, "remainderDays" remainder: Option<u32>,
        "probationEndsOn" probation_ends_on: Option<Date>, "conditions" conditions: CodeTexts,
    }
    Suspended = ModalitySuspended { "modality" modality: SeriesId, "judgment" judgment: SeriesId }
    SuspensionLifted = ModalitySuspensionLifted {
        "modality" modality: SeriesId, "judgment" judgment: SeriesId,
    }
    ModalityEnded = ModalityEnded { "modality" modality: SeriesId, "reason" reason: CodeText }
    Revoked = ModalityRevoked {
        "modality" modality: SeriesId, "judgment" judgment: SeriesId,
        "basis" basis: choice::RevocationBasis,
        "effectiveOn" effective_on: Option<Date>, "creditedDays" credited: Option<u32>,
        "remainingDays" remaining: Option<u32>, "final" is_final: bool,
    }
    Restored = ModalityRestored { "modality" modality: SeriesId, "judgment" judgment: SeriesId }
    Admitted = ResidentialAdmitted {
        "stay" stay: SeriesId, "facility" facility: CodeText, "programme" programme: CodeText,
        "modality" modality: Option<SeriesId>,
    }
    Away = ResidentialAbsenceStarted { "stay" stay: SeriesId, "authorised" authorised: bool }
    BackInHouse = ResidentialAbsenceEnded { "stay" stay: SeriesId }
    StayCompleted = ResidentialCompleted { "stay" stay: SeriesId }
    DroppedOut = ResidentialDroppedOut {
        "stay" stay: SeriesId, "initiative" initiative: choice::Initiative,
        "reasonCode" reason: Option<CodeText>,
    }
    MovedHouse = ResidentialTransferred { "stay" stay: SeriesId, "toFacility" to: CodeText }
    Attested = ResidentialAttested {
        "stay" stay: SeriesId, "from" from: Date, "to" to: Date, "days" days: u32,
    }
    Verified = SubstitutionVerified {
        "product" product: choice::Product, "formulation" formulation: choice::Formulation,
        "doseMicrograms" dose: u32, "intervalDays" interval: u32,
        "lastDoseAt" last_dose_at: LocalMoment, "provider" provider: CodeText,
    }
    Prescribed = SubstitutionPrescribed {
        "prescription" prescription: SeriesId, "product" product: choice::Product,
        "formulation" formulation: choice::Formulation, "doseMicrograms" dose: u32,
        "intervalDays" interval: u32, "goal" goal: choice::Goal,
        "setting" setting: choice::Setting, "facility" facility: CodeText,
        "supervised" supervised: bool, "dosesPerDay" doses_per_day: Option<u32>,
    }
    Dose = SubstitutionDoseContinued {
        "product" product: choice::Product, "doseMicrograms" dose: u32,
        "setting" setting: choice::Setting, "facility" facility: CodeText,
        "formulation" formulation: choice::Formulation, "intervalDays" interval: u32,
        "prescription" prescription: SeriesId, "supervised" supervised: bool,
        "takeHomeDays" take_home: Option<u32>,
    }
    Withheld = SubstitutionDoseWithheld {
        "reason" reason: choice::WithheldReason, "product" product: choice::Product,
        "facility" facility: CodeText, "prescription" prescription: SeriesId,
    }
    DoseChanged = SubstitutionDoseChanged {
        "fromMicrograms" from: u32, "toMicrograms" to: u32,
        "initiatedBy" by: choice::InitiatedBy, "prescription" prescription: SeriesId,
        "product" product: choice::Product,
    }
    Stopped = SubstitutionStopped {
        "reason" reason: choice::StopReason, "prescription" prescription: SeriesId,
        "product" product: choice::Product,
    }
    HandoverSent = SubstitutionHandoverSent {
        "handover" handover: SeriesId, "toProvider" to: CodeText,
        "product" product: choice::Product,
        "doseMicrograms" dose: u32, "lastDoseAt" last_dose_at: LocalMoment,
        "bridgingDays" bridging: u32,
    }
    HandoverConfirmed = SubstitutionHandoverConfirmed { "handover" handover: SeriesId }
    Screened = CareScreened {
        "instrument" instrument: ScreeningInstrument, "needIdentified" need: bool,
        "substances" substances: CodesRef, "project" project: Option<CodeText>,
        "comorbidity" comorbidity: Option<CodesRef>,
        "motivation" motivation: Option<choice::Motivation>,
        "everUsed" ever: Option<CodesRef>, "usedInDetention" inside: Option<CodesRef>,
        "firstUsedInPrison" first: Option<CodesRef>, "priorTreatment" prior: Option<bool>,
    }
    Referred = CapReferred {
        "referral" referral: SeriesId, "project" project: CodeText,
        "toProvider" to: Option<CodeText>, "by" by: Option<CodeRef>, "prison" prison: CodeText,
    }
    Oriented = CapOriented {
        "project" project: CodeText, "prison" prison: CodeText, "mode" mode: CodeText,
    }
    Answered = ReferralAnswered {
        "referral" referral: SeriesId, "accepted" accepted: bool, "reason" reason: Option<CodeText>,
        "waitingDays" waiting: Option<u32>,
    }
    TreatmentStarted = TreatmentStarted {
        "episode" episode: SeriesId, "provider" provider: CodeText,
        "setting" setting: choice::Setting,
        "structured" structured: bool, "referral" referral: Option<SeriesId>,
        "project" project: Option<CodeText>, "mode" mode: Option<CodeRef>,
        "financing" financing: Option<CodeRef>,
        "legalPressure" pressure: Option<choice::LegalPressure>,
    }
    TreatmentEnded = TreatmentEnded { "episode" episode: SeriesId, "reason" reason: CodeText }
    NotDelivered = CareNotDelivered {
        "cause" cause: choice::NotDeliveredCause, "service" service: choice::Service,
        "facility" facility: CodeText, "project" project: Option<CodeText>,
        "planned" planned: Option<SeriesId>,
    }
    Enrolled = ProgrammeEnrolled {
        "enrolment" enrolment: SeriesId, "project" project: CodeText,
        "programme" programme: choice::ProgrammeKind, "plannedSessions" planned: u32,
        "eligibility" eligibility: choice::Eligibility,
        "continues" continues: Option<SeriesId>,
    }
    SessionHeld = ProgrammeSessionHeld {
        "enrolment" enrolment: SeriesId, "session" session: SeriesId, "minutes" minutes: u32,
        "form" form: choice::SessionForm, "topics" topics: Option<CodesRef>,
        "facilitators" facilitators: Option<CodesRef>,
    }
    ProgrammeCompleted = ProgrammeCompleted {
        "enrolment" enrolment: SeriesId, "sessionsAttended" attended: u32,
    }
    ProgrammeLeft = ProgrammeLeft { "enrolment" enrolment: SeriesId, "reason" reason: CodeText }
    UnitPlaced = DrugFreeUnitPlaced {
        "placement" placement: SeriesId, "facility" facility: CodeText,
        "kind" kind: Option<choice::UnitKind>,
    }
    UnitLeft = DrugFreeUnitLeft {
        "placement" placement: SeriesId, "reason" reason: Option<CodeText>,
    }
    Consulted = ConsultationHeld {
        "roles" roles: CodeTexts, "minutes" minutes: u32, "clientPresent" client_present: bool,
        "financing" financing: Option<choice::ConsultationFinancing>,
        "referencePerson" reference_person: Option<bool>,
    }
    PlanAgreed = PlanAgreed {
        "plan" plan: SeriesId, "version" version: u32, "domains" domains: CodeTexts,
        "agreedByClient" agreed: bool,
    }
    PlanReviewed = PlanReviewed {
        "plan" plan: SeriesId, "version" version: u32, "domainsReached" reached: CodeTexts,
    }
    ReleasePrepared = ReleasePrepared {
        "expectedOn" expected_on: Date, "prescriptionDays" prescription_days: Option<u32>,
        "appointment" appointment: Option<PlannedAppointment>, "insured" insured: Option<bool>,
        "naloxone" naloxone: Option<bool>,
    }
    HousingPlaced = HousingPlaced {
        "placement" placement: SeriesId, "kind" kind: choice::HousingKind,
        "provider" provider: CodeText,
    }
    HousingLeft = HousingLeft { "placement" placement: SeriesId, "reason" reason: Option<CodeText> }
    Overdose = OverdoseRecorded {
        "place" place: choice::OverdosePlace, "outcome" outcome: CodeText,
        "naloxoneUsed" naloxone: bool,
    }
    Died = DeathRecorded {}
    CauseOfDeath = DeathCauseRecorded { "causeGroup" cause: choice::CauseGroup }
    Measured = OutcomeMeasured {
        "instrument" instrument: CodeRef, "domain" domain: CodeRef, "score" score: i32,
        "scaleMin" least: i32, "scaleMax" most: i32, "moment" moment: choice::MeasuredMoment,
        "project" project: CodeText, "enrolment" enrolment: SeriesId,
    }
    UseTold = UseReported {
        "substances" substances: CodesRef, "period" period: choice::UsePeriod,
        "basis" basis: choice::UseBasis,
    }
    CareConfirmed = CareVerified {
        "provider" provider: CodeText, "kind" kind: CodeText, "since" since: Option<Date>,
    }
    Insurance = InsuranceRecorded {
        "insured" insured: bool, "capacity" capacity: choice::InsuranceCapacity,
        "from" from: Date,
    }
    Described = PersonDescribed {
        "sex" sex: Option<choice::Sex>, "birthDecade" decade: Option<u32>,
        "homeRegion" region: Option<CodeText>,
    }
    ConsentGiven = ConsentGiven {
        "consent" consent: SeriesId, "scope" scope: choice::ConsentScope,
        "recipients" recipients: CodeTexts,
        "validUntil" valid_until: Option<Date>,
    }
    ConsentWithdrawn = ConsentWithdrawn { "consent" consent: SeriesId }
    Corrected = RecordCorrected {
        "corrects" corrects: CorrectionTarget, "reason" reason: CodeText, "data" data: Replacement,
        "time" time: Option<LocalMoment>,
    }
    Annulled = RecordAnnulled {
        "annuls" annuls: CorrectionTarget, "reason" reason: choice::AnnulmentReason,
    }
    Counted = FacilityCounted {
        "facility" facility: CodeText, "present" present: u32, "places" places: u32,
        "floorSleepers" floor_sleepers: Option<u32>,
    }
    Disrupted = FacilityDisrupted {
        "facility" facility: CodeText, "cause" cause: choice::DisruptionCause,
        "from" from: Date, "to" to: Option<Date>,
    }
    Offered = FacilityOffered {
        "facility" facility: CodeText, "offer" offer: CodeText, "from" from: Date,
        "to" to: Option<Date>, "project" project: Option<CodeText>,
    }
    ProjectBegun = ProjectStarted {
        "project" project: CodeText, "site" site: Option<CodeText>,
        "trialEndsOn" trial_ends_on: Option<Date>,
    }
    Funded = ProjectFunded {
        "project" project: CodeText, "funding" funding: choice::FundingKind,
        "from" from: Date, "to" to: Option<Date>, "euroCents" euro_cents: Option<u32>,
    }
    Evaluated = ProjectEvaluated {
        "project" project: CodeText, "evaluation" evaluation: choice::EvaluationKind,
        "outcome" outcome: choice::EvaluationOutcome,
    }
    ProjectOver = ProjectEnded { "project" project: CodeText, "reason" reason: CodeText }
    Trained = ProjectTrained {
        "project" project: CodeText, "audience" audience: CodeText, "persons" persons: u32,
        "minutes" minutes: u32, "facility" facility: Option<CodeText>,
    }
    Merged = PersonMerged { "into" into: OtherPerson, "reason" reason: CodeText }
    Unmerged = PersonUnmerged { "from" from: OtherPerson, "reason" reason: CodeText }
}

impl Say {
    /// The newest version of the payload's schema that the payload satisfies.
    pub(super) fn schema(&self) -> &'static SchemaVersion {
        match self {
            // Only the first version has a reason.
            Self::DroppedOut { reason: Some(_), .. } => &self.kind().versions()[0],
            _ => self.kind().newest(),
        }
    }
}

impl Say {
    /// The subject of a record about an organisation; `None`: the record is about a person.
    pub(super) fn organisation(&self) -> Option<String> {
        match self {
            Self::Counted { facility, .. }
            | Self::Disrupted { facility, .. }
            | Self::Offered { facility, .. } => Some(format!("facility:{facility}")),
            Self::ProjectBegun { project, .. }
            | Self::Funded { project, .. }
            | Self::Evaluated { project, .. }
            | Self::ProjectOver { project, .. }
            | Self::Trained { project, .. } => Some(format!("project:{project}")),
            _ => None,
        }
    }
}

impl Member for Box<Say> {
    fn written(&self, ink: Ink<'_>) -> Option<Value> {
        Some(Value::Object(self.data(ink)))
    }
}
