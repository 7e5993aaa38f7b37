//! What a simulated sender says, in a form small enough to keep many, and how it is written out.
//! Always: a member is written under the name the vocabulary gives it, in the vocabulary's units.

use serde_json::{Map, Value};

use super::moment::{Day, Moment, write_date, write_moment};
use super::source::Source;
use super::world::World;
use crate::domain::vocabulary::choice;
use crate::domain::vocabulary::kind::Kind;

/// An open code: a place, a project, a reason.
pub(super) type Code = &'static str;

/// A list of open codes.
pub(super) type Codes = &'static [&'static str];

/// A civil date inside a payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Date(pub(super) Day);

/// What a sender numbers; one count a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Series {
    Detention,
    Sentence,
    Judgment,
    Modality,
    Stay,
    Prescription,
    Handover,
    Referral,
    Episode,
    Enrolment,
    Session,
    Placement,
    Plan,
    Consent,
}

/// How many [`Series`] there are.
pub(super) const SERIES_COUNT: usize = Series::Consent as usize + 1;

impl Series {
    const fn code(self) -> &'static str {
        match self {
            Self::Detention => "detention-",
            Self::Sentence => "sentence-",
            Self::Judgment => "judgment-",
            Self::Modality => "modality-",
            Self::Stay => "stay-",
            Self::Prescription => "prescription-",
            Self::Handover => "handover-",
            Self::Referral => "referral-",
            Self::Episode => "episode-",
            Self::Enrolment => "enrolment-",
            Self::Session => "session-",
            Self::Placement => "placement-",
            Self::Plan => "plan-",
            Self::Consent => "consent-",
        }
    }
}

/// A sender's own id inside a payload, unique for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(pub(super) Series, pub(super) u16);

impl Id {
    pub(super) fn text(self) -> String {
        numbered(self.0.code(), u32::from(self.1))
    }
}

/// `prefix` and a decimal number.
pub(super) fn numbered(prefix: &str, number: u32) -> String {
    let mut digits = [0; 10];
    let mut start = digits.len();
    let mut left = number;
    loop {
        start -= 1;
        digits[start] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    let mut out = String::with_capacity(prefix.len() + digits.len() - start);
    out.push_str(prefix);
    out.extend(digits[start..].iter().map(|digit| char::from(*digit)));
    out
}

/// The record that a correction or an annulment names, by its number in the life.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) serial: u32,
    pub(super) kind: Kind,
}

/// The replacement in a correction.
pub(super) type Replacement = Option<Box<Say>>;

/// What writing a payload needs beyond the payload itself.
#[derive(Clone, Copy)]
pub(super) struct Ink<'a> {
    pub(super) world: &'a World,
    /// What every event id of this person begins with.
    pub(super) tag: &'a str,
    pub(super) source: Source,
    /// The other pseudonym in a merge.
    pub(super) other: &'a str,
}

/// The other pseudonym in a merge or its undoing.
#[derive(Debug, Clone, Copy)]
pub(super) struct OtherPerson;

macro_rules! says {
    ($($variant:ident = $kind:ident { $($key:literal $field:ident: $type:ty),* $(,)? })*) => {
        /// One statement: one variant a type of the vocabulary that a sender may send.
        #[derive(Debug, Clone)]
        pub(super) enum Say {
            $($variant { $($field: $type),* },)*
        }

        impl Say {
            pub(super) const fn kind(&self) -> Kind {
                match self { $(Self::$variant { .. } => Kind::$kind,)* }
            }

            /// The payload as it is sent.
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
        "detention" detention: Id, "facility" facility: Code,
        "legalStatus" status: choice::LegalStatus, "reason" reason: choice::ArrivalReason,
    }
    MovedPrison = DetentionTransferred {
        "detention" detention: Id, "from" from: Code, "to" to: Code,
    }
    StatusChanged = DetentionStatusChanged {
        "detention" detention: Id,
        "from" from: choice::LegalStatus, "to" to: choice::LegalStatus,
    }
    Absent = DetentionAbsenceStarted { "detention" detention: Id, "kind" kind: choice::AbsenceKind }
    BackFromAbsence = DetentionAbsenceEnded { "detention" detention: Id }
    Released = DetentionReleased {
        "detention" detention: Id, "reason" reason: choice::ReleaseReason,
        "final" is_final: bool, "destinationRegion" region: Option<Code>,
    }
    Pronounced = SentencePronounced {
        "sentence" sentence: Id, "judgment" judgment: Id, "years" years: u32,
        "months" months: u32, "days" days: u32, "startsOn" starts_on: Option<Date>,
        "endsOn" ends_on: Option<Date>, "court" court: Code,
    }
    Imputed = SentenceDetentionImputed {
        "sentence" sentence: Id, "days" days: u32,
        "from" from: Option<Date>, "to" to: Option<Date>,
    }
    Granted = ModalityGranted {
        "modality" modality: Id, "kind" kind: choice::ModalityKind, "judgment" judgment: Id,
        "startsOn" starts_on: Option<Date>, "remainderDays" remainder: Option<u32>,
        "probationEndsOn" probation_ends_on: Option<Date>, "conditions" conditions: Codes,
    }
    Suspended = ModalitySuspended { "modality" modality: Id, "judgment" judgment: Id }
    SuspensionLifted = ModalitySuspensionLifted { "modality" modality: Id, "judgment" judgment: Id }
    ModalityEnded = ModalityEnded { "modality" modality: Id, "reason" reason: Code }
    Revoked = ModalityRevoked {
        "modality" modality: Id, "judgment" judgment: Id, "basis" basis: choice::RevocationBasis,
        "effectiveOn" effective_on: Option<Date>, "creditedDays" credited: Option<u32>,
        "remainingDays" remaining: Option<u32>, "final" is_final: bool,
    }
    Admitted = ResidentialAdmitted {
        "stay" stay: Id, "facility" facility: Code, "programme" programme: Code,
        "modality" modality: Option<Id>,
    }
    Away = ResidentialAbsenceStarted { "stay" stay: Id, "authorised" authorised: bool }
    BackInHouse = ResidentialAbsenceEnded { "stay" stay: Id }
    StayCompleted = ResidentialCompleted { "stay" stay: Id }
    DroppedOut = ResidentialDroppedOut {
        "stay" stay: Id, "initiative" initiative: choice::Initiative,
        "reasonCode" reason: Option<Code>,
    }
    MovedHouse = ResidentialTransferred { "stay" stay: Id, "toFacility" to: Code }
    Attested = ResidentialAttested {
        "stay" stay: Id, "from" from: Date, "to" to: Date, "days" days: u32,
    }
    Verified = SubstitutionVerified {
        "product" product: choice::Product, "formulation" formulation: choice::Formulation,
        "doseMicrograms" dose: u32, "intervalDays" interval: u32,
        "lastDoseAt" last_dose_at: Moment, "provider" provider: Code,
    }
    Prescribed = SubstitutionPrescribed {
        "prescription" prescription: Id, "product" product: choice::Product,
        "formulation" formulation: choice::Formulation, "doseMicrograms" dose: u32,
        "intervalDays" interval: u32, "goal" goal: choice::Goal,
        "setting" setting: choice::Setting, "facility" facility: Code,
        "supervised" supervised: bool,
    }
    Dose = SubstitutionDoseContinued {
        "product" product: choice::Product, "doseMicrograms" dose: u32,
        "setting" setting: choice::Setting, "facility" facility: Code,
        "formulation" formulation: choice::Formulation, "intervalDays" interval: u32,
        "prescription" prescription: Id, "supervised" supervised: bool,
        "takeHomeDays" take_home: Option<u32>,
    }
    Withheld = SubstitutionDoseWithheld {
        "reason" reason: choice::WithheldReason, "product" product: choice::Product,
        "facility" facility: Code, "prescription" prescription: Id,
    }
    DoseChanged = SubstitutionDoseChanged {
        "fromMicrograms" from: u32, "toMicrograms" to: u32,
        "initiatedBy" by: choice::InitiatedBy, "prescription" prescription: Id,
        "product" product: choice::Product,
    }
    Stopped = SubstitutionStopped {
        "reason" reason: choice::StopReason, "prescription" prescription: Id,
        "product" product: choice::Product,
    }
    HandoverSent = SubstitutionHandoverSent {
        "handover" handover: Id, "toProvider" to: Code, "product" product: choice::Product,
        "doseMicrograms" dose: u32, "lastDoseAt" last_dose_at: Moment,
        "bridgingDays" bridging: u32,
    }
    HandoverConfirmed = SubstitutionHandoverConfirmed { "handover" handover: Id }
    Screened = CareScreened {
        "instrument" instrument: Code, "needIdentified" need: bool, "substances" substances: Codes,
        "project" project: Option<Code>,
    }
    Referred = CapReferred {
        "referral" referral: Id, "project" project: Code, "toProvider" to: Code,
        "prison" prison: Code,
    }
    Oriented = CapOriented { "project" project: Code, "prison" prison: Code, "mode" mode: Code }
    Answered = ReferralAnswered {
        "referral" referral: Id, "accepted" accepted: bool, "reason" reason: Option<Code>,
        "waitingDays" waiting: Option<u32>,
    }
    TreatmentStarted = TreatmentStarted {
        "episode" episode: Id, "provider" provider: Code, "setting" setting: choice::Setting,
        "structured" structured: bool, "referral" referral: Option<Id>,
        "project" project: Option<Code>,
    }
    TreatmentEnded = TreatmentEnded { "episode" episode: Id, "reason" reason: Code }
    NotDelivered = CareNotDelivered {
        "cause" cause: choice::NotDeliveredCause, "service" service: choice::Service,
        "facility" facility: Code, "project" project: Option<Code>, "planned" planned: Option<Id>,
    }
    Enrolled = ProgrammeEnrolled {
        "enrolment" enrolment: Id, "project" project: Code,
        "programme" programme: choice::ProgrammeKind, "plannedSessions" planned: u32,
        "eligibility" eligibility: choice::Eligibility,
    }
    SessionHeld = ProgrammeSessionHeld {
        "enrolment" enrolment: Id, "session" session: Id, "minutes" minutes: u32,
        "form" form: choice::SessionForm,
    }
    ProgrammeCompleted = ProgrammeCompleted {
        "enrolment" enrolment: Id, "sessionsAttended" attended: u32,
    }
    ProgrammeLeft = ProgrammeLeft { "enrolment" enrolment: Id, "reason" reason: Code }
    UnitPlaced = DrugFreeUnitPlaced { "placement" placement: Id, "facility" facility: Code }
    UnitLeft = DrugFreeUnitLeft { "placement" placement: Id, "reason" reason: Option<Code> }
    Consulted = ConsultationHeld {
        "roles" roles: Codes, "minutes" minutes: u32, "clientPresent" client_present: bool,
    }
    PlanAgreed = PlanAgreed {
        "plan" plan: Id, "version" version: u32, "domains" domains: Codes,
        "agreedByClient" agreed: bool,
    }
    ReleasePrepared = ReleasePrepared {
        "expectedOn" expected_on: Date, "prescriptionDays" prescription_days: Option<u32>,
        "appointment" appointment: bool, "insured" insured: bool, "naloxone" naloxone: bool,
    }
    HousingPlaced = HousingPlaced {
        "placement" placement: Id, "kind" kind: choice::HousingKind, "provider" provider: Code,
    }
    HousingLeft = HousingLeft { "placement" placement: Id, "reason" reason: Option<Code> }
    Overdose = OverdoseRecorded {
        "place" place: choice::OverdosePlace, "outcome" outcome: Code,
        "naloxoneUsed" naloxone: bool,
    }
    Died = DeathRecorded {}
    ConsentGiven = ConsentGiven {
        "consent" consent: Id, "scope" scope: choice::ConsentScope, "recipients" recipients: Codes,
        "validUntil" valid_until: Option<Date>,
    }
    ConsentWithdrawn = ConsentWithdrawn { "consent" consent: Id }
    Corrected = RecordCorrected {
        "corrects" corrects: Target, "reason" reason: Code, "data" data: Replacement,
        "time" time: Option<Moment>,
    }
    Annulled = RecordAnnulled { "annuls" annuls: Target, "reason" reason: choice::AnnulmentReason }
    Merged = PersonMerged { "into" into: OtherPerson, "reason" reason: Code }
    Unmerged = PersonUnmerged { "from" from: OtherPerson, "reason" reason: Code }
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
    Code: |code, _ink| *code;
    Codes: |codes, _ink| Value::Array(codes.iter().map(|code| (*code).into()).collect());
    Id: |id, _ink| id.text();
    u32: |number, _ink| *number;
    bool: |flag, _ink| *flag;
    Date: |date, _ink| date_text(date.0);
    Moment: |moment, ink| moment_text(*moment, ink.world);
    OtherPerson: |_other, ink| ink.other;
    Target: |target, ink| target_members(*target, ink);
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

pub(super) fn moment_text(moment: Moment, world: &World) -> String {
    let mut out = String::with_capacity(25);
    write_moment(&mut out, moment, world.offset_hours(moment.day()));
    out
}

fn target_members(target: Target, ink: Ink<'_>) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("source".to_owned(), ink.source.urn().into());
    members.insert("id".to_owned(), numbered(ink.tag, target.serial).into());
    members.insert("type".to_owned(), target.kind.code().into());
    members
}
