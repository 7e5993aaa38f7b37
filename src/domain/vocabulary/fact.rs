//! The typed payload of each event type, as the folds read it.
//! Always: a payload that satisfies the newest schema of its type can be read; open codes are kept
//! as sent. The fields and their units are those of that schema.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::choice::*;
use super::kind::Kind;
use crate::domain::id::PersonId;

pub use super::code::{Appointment, Code, Id, Target};
pub use super::organisation::*;

// A row: the type of the payload, the event type, the members. Payloads of other files come first.
macro_rules! facts {
    (
        elsewhere { $($elsewhere:ident = $kind_elsewhere:ident),* $(,)? }
        $($(#[$attr:meta])* $name:ident = $kind:ident {
            $($(#[$fattr:meta])* $field:ident: $type:ty),* $(,)?
        })*
    ) => {
        $(
            $(#[$attr])*
            #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
            #[serde(rename_all = "camelCase")]
            #[allow(missing_docs)]
            pub struct $name { $($(#[$fattr])* pub $field: $type,)* }
        )*

        /// The typed payload of an event: one variant for each type of the vocabulary.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Fact {
            $($name($name),)*
            $($elsewhere($elsewhere),)*
            /// `death.recorded` has no payload.
            Died,
        }

        impl Fact {
            /// Reads a payload of the newest version of its type from JSON text.
            ///
            /// # Errors
            /// [`Undecodable`] when the payload is not one of that version.
            pub fn read(kind: Kind, data: &str) -> Result<Self, Undecodable> {
                match kind {
                    $(Kind::$kind => serde_json::from_str::<$name>(data)
                        .map(Self::$name)
                        .map_err(|_| Undecodable(kind)),)*
                    $(Kind::$kind_elsewhere => serde_json::from_str::<$elsewhere>(data)
                        .map(Self::$elsewhere)
                        .map_err(|_| Undecodable(kind)),)*
                    Kind::DeathRecorded => Ok(Self::Died),
                }
            }
        }
    };
}

/// The payload is not one of its type, so the event has no effect on any answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload is not one of {0}")]
pub struct Undecodable(pub Kind);

facts! {
    elsewhere {
        Counted = FacilityCounted, Disrupted = FacilityDisrupted, Offered = FacilityOffered,
        ProjectStarted = ProjectStarted, Funded = ProjectFunded, Evaluated = ProjectEvaluated,
        ProjectEnded = ProjectEnded, Trained = ProjectTrained,
    }
    /// `detention.arrived`
    Arrived = DetentionArrived {
        detention: Id,
        facility: Code,
        legal_status: LegalStatus,
        reason: Option<ArrivalReason>,
    }
    /// `detention.transferred`
    Transferred = DetentionTransferred { detention: Id, from: Code, to: Code }
    /// `detention.statusChanged`
    StatusChanged = DetentionStatusChanged { detention: Id, from: LegalStatus, to: LegalStatus }
    /// `detention.absenceStarted`
    AbsenceStarted = DetentionAbsenceStarted { detention: Id, kind: AbsenceKind }
    /// `detention.absenceEnded`
    AbsenceEnded = DetentionAbsenceEnded { detention: Id }
    /// `detention.released`
    Released = DetentionReleased {
        detention: Id,
        reason: ReleaseReason,
        #[serde(rename = "final")]
        is_final: bool,
        destination_region: Option<Code>,
    }
    /// `sentence.pronounced`
    Pronounced = SentencePronounced {
        sentence: Id,
        judgment: Id,
        years: u32,
        months: u32,
        days: u32,
        starts_on: Option<NaiveDate>,
        ends_on: Option<NaiveDate>,
        court: Option<Id>,
        offence: Option<Code>,
        facts_from: Option<NaiveDate>,
        facts_to: Option<NaiveDate>,
    }
    /// `sentence.detentionImputed`
    DetentionImputed = SentenceDetentionImputed {
        sentence: Id,
        days: u32,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    }
    /// `modality.granted`
    Granted = ModalityGranted {
        modality: Id,
        kind: ModalityKind,
        judgment: Id,
        starts_on: Option<NaiveDate>,
        remainder_days: Option<u32>,
        probation_ends_on: Option<NaiveDate>,
        #[serde(default)]
        conditions: Vec<Code>,
    }
    /// `modality.suspended`
    ModalitySuspended = ModalitySuspended { modality: Id, judgment: Id }
    /// `modality.suspensionLifted`
    SuspensionLifted = ModalitySuspensionLifted { modality: Id, judgment: Id }
    /// `modality.ended`
    ModalityEnded = ModalityEnded { modality: Id, reason: Code }
    /// `modality.revoked`
    Revoked = ModalityRevoked {
        modality: Id,
        judgment: Id,
        basis: RevocationBasis,
        effective_on: Option<NaiveDate>,
        credited_days: Option<u32>,
        remaining_days: Option<u32>,
        #[serde(rename = "final")]
        is_final: bool,
    }
    /// `modality.restored`
    Restored = ModalityRestored { modality: Id, judgment: Id }
    /// `residential.admitted`
    Admitted = ResidentialAdmitted {
        stay: Id, facility: Code, programme: Code, modality: Option<Id>,
    }
    /// `residential.absenceStarted`
    StayAbsenceStarted = ResidentialAbsenceStarted { stay: Id, authorised: bool }
    /// `residential.absenceEnded`
    StayAbsenceEnded = ResidentialAbsenceEnded { stay: Id }
    /// `residential.completed`
    StayCompleted = ResidentialCompleted { stay: Id }
    /// `residential.droppedOut`
    DroppedOut = ResidentialDroppedOut { stay: Id, initiative: Initiative }
    /// `residential.transferred`
    StayTransferred = ResidentialTransferred { stay: Id, to_facility: Code }
    /// `residential.attested`
    Attested = ResidentialAttested { stay: Id, from: NaiveDate, to: NaiveDate, days: u32 }
    /// `substitution.verified`
    Verified = SubstitutionVerified {
        product: Product,
        formulation: Formulation,
        dose_micrograms: u32,
        interval_days: u32,
        last_dose_at: DateTime<FixedOffset>,
        provider: Code,
    }
    /// `substitution.prescribed`
    Prescribed = SubstitutionPrescribed {
        prescription: Id,
        product: Product,
        formulation: Formulation,
        dose_micrograms: u32,
        interval_days: u32,
        goal: Goal,
        setting: Setting,
        facility: Option<Code>,
        supervised: Option<bool>,
        doses_per_day: Option<u32>,
    }
    /// `substitution.doseContinued`
    DoseContinued = SubstitutionDoseContinued {
        product: Product,
        dose_micrograms: u32,
        setting: Setting,
        facility: Code,
        formulation: Option<Formulation>,
        interval_days: Option<u32>,
        prescription: Option<Id>,
        supervised: Option<bool>,
        take_home_days: Option<u32>,
    }
    /// `substitution.doseWithheld`
    DoseWithheld = SubstitutionDoseWithheld {
        reason: WithheldReason,
        product: Option<Product>,
        facility: Option<Code>,
        prescription: Option<Id>,
    }
    /// `substitution.doseChanged`
    DoseChanged = SubstitutionDoseChanged {
        from_micrograms: u32,
        to_micrograms: u32,
        initiated_by: InitiatedBy,
        prescription: Option<Id>,
        product: Option<Product>,
    }
    /// `substitution.stopped`
    SubstitutionStopped = SubstitutionStopped {
        reason: StopReason,
        prescription: Option<Id>,
        product: Option<Product>,
    }
    /// `substitution.handoverSent`
    HandoverSent = SubstitutionHandoverSent {
        handover: Id,
        to_provider: Code,
        product: Product,
        dose_micrograms: u32,
        last_dose_at: DateTime<FixedOffset>,
        bridging_days: u32,
    }
    /// `substitution.handoverConfirmed`
    HandoverConfirmed = SubstitutionHandoverConfirmed { handover: Id }
    /// `care.screened`
    Screened = CareScreened {
        instrument: Code,
        need_identified: bool,
        #[serde(default)]
        substances: Vec<Code>,
        project: Option<Code>,
        #[serde(default)]
        comorbidity: Vec<Code>,
        motivation: Option<Motivation>,
        #[serde(default)]
        ever_used: Vec<Code>,
        #[serde(default)]
        used_in_detention: Vec<Code>,
        #[serde(default)]
        first_used_in_prison: Vec<Code>,
        prior_treatment: Option<bool>,
    }
    /// `cap.referred`
    Referred = CapReferred {
        referral: Id,
        project: Code,
        to_provider: Option<Code>,
        by: Option<Code>,
        prison: Option<Code>,
    }
    /// `cap.oriented`
    Oriented = CapOriented { project: Code, prison: Option<Code>, mode: Option<Code> }
    /// `referral.answered`
    ReferralAnswered = ReferralAnswered {
        referral: Id,
        accepted: bool,
        reason: Option<Code>,
        waiting_days: Option<u32>,
    }
    /// `treatment.started`
    TreatmentStarted = TreatmentStarted {
        episode: Id,
        provider: Code,
        setting: Setting,
        structured: bool,
        referral: Option<Id>,
        project: Option<Code>,
        mode: Option<Code>,
        financing: Option<Code>,
        legal_pressure: Option<LegalPressure>,
    }
    /// `treatment.ended`
    TreatmentEnded = TreatmentEnded { episode: Id, reason: Code }
    /// `care.notDelivered`
    NotDelivered = CareNotDelivered {
        cause: NotDeliveredCause,
        service: Option<Service>,
        facility: Option<Code>,
        project: Option<Code>,
        planned: Option<Id>,
    }
    /// `programme.enrolled`
    Enrolled = ProgrammeEnrolled {
        enrolment: Id,
        project: Code,
        programme: ProgrammeKind,
        planned_sessions: u32,
        eligibility: Option<Eligibility>,
        continues: Option<Id>,
    }
    /// `programme.sessionHeld`
    SessionHeld = ProgrammeSessionHeld {
        enrolment: Id,
        session: Id,
        minutes: u32,
        form: Option<SessionForm>,
        #[serde(default)]
        topics: Vec<Code>,
        #[serde(default)]
        facilitators: Vec<Code>,
    }
    /// `programme.completed`
    ProgrammeCompleted = ProgrammeCompleted { enrolment: Id, sessions_attended: u32 }
    /// `programme.left`
    ProgrammeLeft = ProgrammeLeft { enrolment: Id, reason: Code }
    /// `drugFreeUnit.placed`
    UnitPlaced = DrugFreeUnitPlaced { placement: Id, facility: Code, kind: Option<UnitKind> }
    /// `drugFreeUnit.left`
    UnitLeft = DrugFreeUnitLeft { placement: Id, reason: Option<Code> }
    /// `consultation.held`
    Consulted = ConsultationHeld {
        roles: Vec<Code>,
        minutes: u32,
        client_present: bool,
        financing: Option<ConsultationFinancing>,
        reference_person: Option<bool>,
    }
    /// `plan.agreed`
    PlanAgreed = PlanAgreed {
        plan: Id,
        version: u32,
        domains: Vec<LifeDomain>,
        agreed_by_client: bool,
    }
    /// `plan.reviewed`
    PlanReviewed = PlanReviewed { plan: Id, version: u32, domains_reached: Vec<LifeDomain> }
    /// `release.prepared`
    ReleasePrepared = ReleasePrepared {
        expected_on: NaiveDate,
        prescription_days: Option<u32>,
        appointment: Option<Appointment>,
        insured: Option<bool>,
        naloxone: Option<bool>,
    }
    /// `housing.placed`
    HousingPlaced = HousingPlaced { placement: Id, kind: HousingKind, provider: Code }
    /// `housing.left`
    HousingLeft = HousingLeft { placement: Id, reason: Option<Code> }
    /// `overdose.recorded`
    Overdose = OverdoseRecorded { place: OverdosePlace, outcome: Code, naloxone_used: Option<bool> }
    /// `death.causeRecorded`
    DeathCause = DeathCauseRecorded { cause_group: CauseGroup }
    /// `outcome.measured`
    OutcomeMeasured = OutcomeMeasured {
        instrument: Code,
        domain: Code,
        score: i32,
        scale_min: Option<i32>,
        scale_max: Option<i32>,
        moment: MeasuredMoment,
        project: Option<Code>,
        enrolment: Option<Id>,
    }
    /// `use.reported`
    UseReported = UseReported { substances: Vec<Code>, period: UsePeriod, basis: UseBasis }
    /// `care.verified`
    CareVerified = CareVerified { provider: Code, kind: Code, since: Option<NaiveDate> }
    /// `insurance.recorded`
    InsuranceRecorded = InsuranceRecorded {
        insured: bool,
        capacity: Option<InsuranceCapacity>,
        from: Option<NaiveDate>,
    }
    /// `person.described`
    PersonDescribed = PersonDescribed {
        sex: Option<Sex>,
        birth_decade: Option<u32>,
        home_region: Option<Code>,
    }
    /// `consent.given`
    ConsentGiven = ConsentGiven {
        consent: Id,
        scope: ConsentScope,
        recipients: Vec<Id>,
        valid_until: Option<NaiveDate>,
    }
    /// `consent.withdrawn`
    ConsentWithdrawn = ConsentWithdrawn { consent: Id }
    /// `record.corrected`
    Corrected = RecordCorrected {
        corrects: Target,
        reason: Code,
        data: Option<Map<String, Value>>,
        time: Option<DateTime<FixedOffset>>,
    }
    /// `record.annulled`
    Annulled = RecordAnnulled { annuls: Target, reason: AnnulmentReason }
    /// `person.merged`
    Merged = PersonMerged { into: PersonId, reason: Code }
    /// `person.unmerged`
    Unmerged = PersonUnmerged { from: PersonId, reason: Code }
    /// `record.erased`
    Erased = RecordErased { class: Code, generations: Vec<u32>, basis: Code }
}
