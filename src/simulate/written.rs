//! The members of a payload, in a form small enough to keep many, and as JSON.
//! Always: a member that is absent is left out; dates and moments are those of Belgium.

use std::num::NonZeroI32;

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
/// A code in half the bytes of its text, for payloads with many codes.
pub(super) type CodeRef = &'static CodeText;
/// A list of codes in half the bytes, for payloads with many lists.
pub(super) type CodesRef = &'static CodeTexts;

/// A civil date inside a payload. No date is day 0, so an absent date takes no further byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Date(NonZeroI32);

impl Date {
    pub(super) fn on(day: Day) -> Self {
        Self(NonZeroI32::new(day).expect("a date is after the year 0"))
    }
}

/// The instrument of a screening.
#[derive(Debug, Clone, Copy)]
pub(super) enum ScreeningInstrument {
    ArrivalTriage,
    Assist,
}

impl ScreeningInstrument {
    const fn code(self) -> &'static str {
        match self {
            Self::ArrivalTriage => "arrivalTriage",
            Self::Assist => "assist",
        }
    }
}

/// The record that a correction or an annulment names, by its number in the life.
#[derive(Debug, Clone, Copy)]
pub(super) struct CorrectionTarget {
    pub(super) serial: u32,
    pub(super) kind: Kind,
}

/// The appointment that a prepared release names.
#[derive(Debug, Clone, Copy)]
pub(super) enum PlannedAppointment {
    Made(bool),
    Named(SeriesId),
}

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

/// A member of a payload as JSON; `None` leaves it out.
pub(super) trait Member {
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
    CodeRef: |code, _ink| **code;
    CodeTexts: |codes, _ink| Value::Array(codes.iter().map(|code| (*code).into()).collect());
    CodesRef: |codes, _ink| Value::Array(codes.iter().map(|code| (*code).into()).collect());
    PlannedAppointment: |planned, _ink| match planned {
        PlannedAppointment::Made(made) => Value::Bool(*made),
        PlannedAppointment::Named(id) => Value::String(id.text()),
    };
    SeriesId: |id, _ink| id.text();
    u32: |number, _ink| *number;
    i32: |number, _ink| *number;
    bool: |flag, _ink| *flag;
    Date: |date, _ink| date_text(date.0.get());
    LocalMoment: |moment, ink| moment_text(*moment, ink.world);
    OtherPerson: |_other, ink| ink.other;
    CorrectionTarget: |target, ink| target_members(*target, ink);
    ScreeningInstrument: |it, _ink| it.code();
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
    choice::Motivation: |it, _ink| it.code();
    choice::LegalPressure: |it, _ink| it.code();
    choice::UnitKind: |it, _ink| it.code();
    choice::ConsultationFinancing: |it, _ink| it.code();
    choice::CauseGroup: |it, _ink| it.code();
    choice::MeasuredMoment: |it, _ink| it.code();
    choice::UsePeriod: |it, _ink| it.code();
    choice::UseBasis: |it, _ink| it.code();
    choice::InsuranceCapacity: |it, _ink| it.code();
    choice::Sex: |it, _ink| it.code();
    choice::DisruptionCause: |it, _ink| it.code();
    choice::FundingKind: |it, _ink| it.code();
    choice::EvaluationKind: |it, _ink| it.code();
    choice::EvaluationOutcome: |it, _ink| it.code();
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
