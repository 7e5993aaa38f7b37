//! The payload of a simulated event, in a form small enough to keep many, and as JSON.
//! Always: each member has the name and the unit of the vocabulary.

use serde_json::{Map, Value};

use super::moment::{Day, LocalMoment, write_date, write_moment};
use super::place::CodeText;
use super::sender::SendingSystem;
use super::series::{SeriesId, numbered};
use super::world::World;
use crate::domain::vocabulary::choice;
use crate::domain::vocabulary::kind::Kind;

/// A list of open codes.
pub(super) type CodeTexts = &'static [&'static str];

/// A civil date inside a payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Date(pub(super) Day);

/// The record that a correction or an annulment names, by its number in the life.
#[derive(Debug, Clone, Copy)]
pub(super) struct CorrectionTarget {
    pub(super) serial: u32,
    pub(super) kind: Kind,
}

/// The replacement in a correction.
pub(super) type Replacement = Option<Box<Say>>;

/// The facts beside a payload that writing the payload needs.
#[derive(Clone, Copy)]
pub(super) struct Ink<'a> {
    pub(super) world: &'a World,
    /// The text with which every event id of this person begins.
    pub(super) tag: &'a str,
    pub(super) source: SendingSystem,
    /// The other pseudonym in a merge.
    pub(super) other: &'a str,
}

/// The other pseudonym in a merge or its undoing.
#[derive(Debug, Clone, Copy)]
pub(super) struct OtherPerson;

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
        "months" months: u32, "days" days: u32, "startsOn" starts_on: Option<Date>,
        "endsOn" ends_on: Option<Date>, "court" court: CodeText,
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
        "supervised" supervised: bool,
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
        "instrument" instrument: CodeText, "needIdentified" need: bool,
        "substances" substances: CodeTexts,
        "project" project: Option<CodeText>,
    }
    Referred = CapReferred {
        "referral" referral: SeriesId, "project" project: CodeText, "toProvider" to: CodeText,
        "prison" prison: CodeText,
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
        "project" project: Option<CodeText>,
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
    }
    SessionHeld = ProgrammeSessionHeld {
        "enrolment" enrolment: SeriesId, "session" session: SeriesId, "minutes" minutes: u32,
        "form" form: choice::SessionForm,
    }
    ProgrammeCompleted = ProgrammeCompleted {
        "enrolment" enrolment: SeriesId, "sessionsAttended" attended: u32,
    }
    ProgrammeLeft = ProgrammeLeft { "enrolment" enrolment: SeriesId, "reason" reason: CodeText }
    UnitPlaced = DrugFreeUnitPlaced {
        "placement" placement: SeriesId, "facility" facility: CodeText,
    }
    UnitLeft = DrugFreeUnitLeft {
        "placement" placement: SeriesId, "reason" reason: Option<CodeText>,
    }
    Consulted = ConsultationHeld {
        "roles" roles: CodeTexts, "minutes" minutes: u32, "clientPresent" client_present: bool,
    }
    PlanAgreed = PlanAgreed {
        "plan" plan: SeriesId, "version" version: u32, "domains" domains: CodeTexts,
        "agreedByClient" agreed: bool,
    }
    ReleasePrepared = ReleasePrepared {
        "expectedOn" expected_on: Date, "prescriptionDays" prescription_days: Option<u32>,
        "appointment" appointment: bool, "insured" insured: bool, "naloxone" naloxone: bool,
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
    Merged = PersonMerged { "into" into: OtherPerson, "reason" reason: CodeText }
    Unmerged = PersonUnmerged { "from" from: OtherPerson, "reason" reason: CodeText }
}

/// A member of a payload as JSON; `None` leaves it out.
trait Member {
    fn written(&self, ink: Ink<'_>) -> Option<Value>;
}

impl<T: Member> Member for Option<T> {
    fn written(&self, ink: Ink<'_>) -> Option<Value> {
        self.as_ref().and_then(|member| member.written(ink))
    }
}

macro_rules! members {
    ($($type:ty: |$member:ident, $ink:ident| $value:expr;)*) => {
        $(impl Member for $type {
            fn written(&self, $ink: Ink<'_>) -> Option<Value> {
                let $member = self;
                Some($value.into())
            }
        })*
    };
}

members! {
    CodeText: |code, _ink| *code;
    CodeTexts: |codes, _ink| Value::Array(codes.iter().map(|code| (*code).into()).collect());
    SeriesId: |id, _ink| id.text();
    u32: |number, _ink| *number;
    bool: |flag, _ink| *flag;
    Date: |date, _ink| date_text(date.0);
    LocalMoment: |moment, ink| moment_text(*moment, ink.world);
    OtherPerson: |_other, ink| ink.other;
    CorrectionTarget: |target, ink| target_members(*target, ink);
    Box<Say>: |say, ink| Value::Object(say.data(ink));
    choice::LegalStatus: |it, _ink| it.code();
    choice::ArrivalReason: |it, _ink| it.code();
    choice::AbsenceKind: |it, _ink| it.code();
    choice::ReleaseReason: |it, _ink| it.code();
    choice::ModalityKind: |it, _ink| it.code();
    choice::RevocationBasis: |it, _ink| it.code();
    choice::Initiative: |it, _ink| it.code();
    choice::Product: |it, _ink| it.code();
    choice::Formulation: |it, _ink| it.code();
    choice::Goal: |it, _ink| it.code();
    choice::Setting: |it, _ink| it.code();
    choice::WithheldReason: |it, _ink| it.code();
    choice::InitiatedBy: |it, _ink| it.code();
    choice::StopReason: |it, _ink| it.code();
    choice::NotDeliveredCause: |it, _ink| it.code();
    choice::Service: |it, _ink| it.code();
    choice::ProgrammeKind: |it, _ink| it.code();
    choice::Eligibility: |it, _ink| it.code();
    choice::SessionForm: |it, _ink| it.code();
    choice::HousingKind: |it, _ink| it.code();
    choice::OverdosePlace: |it, _ink| it.code();
    choice::ConsentScope: |it, _ink| it.code();
    choice::AnnulmentReason: |it, _ink| it.code();
}

pub(super) fn date_text(day: Day) -> String {
    let mut out = String::with_capacity(10);
    write_date(&mut out, day);
    out
}

pub(super) fn moment_text(moment: LocalMoment, world: &World) -> String {
    let mut out = String::with_capacity(25);
    write_moment(&mut out, moment, world.offset_hours(moment.day()));
    out
}

fn target_members(target: CorrectionTarget, ink: Ink<'_>) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("source".to_owned(), ink.source.urn().into());
    members.insert("id".to_owned(), numbered(ink.tag, target.serial).into());
    members.insert("type".to_owned(), target.kind.code().into());
    members
}
