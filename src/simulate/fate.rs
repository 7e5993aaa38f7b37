//! The fate of a detention: the facts that are fixed before the detention is lived.
//! Always: the first persons of a plan have given fates, so that rare events occur; a person with a
//! slot in the figures of 2025 has the facts that the slot needs; all other fates are drawn from
//! the rates.

use super::moment::Day;
use super::place::{BRUGGE, CodeText, HASSELT, Prison, RUISELEDE};
use super::plan::GIVEN_COUNT;
use super::random::RandomStream;
use super::rates::{self, Rate};
use crate::domain::vocabulary::choice::ModalityKind;

/// When a person's substitution treatment starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubstitutionStart {
    None,
    OnArrival,
    StartedInside,
}

/// How a residential stay ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StayEnding {
    DroppedOut,
    Completed,
    MovedHouse,
}

/// How a modality goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModalityOutcome {
    Served,
    SuspendedThenServed,
    Revoked,
    /// Revoked, but the revocation is quashed.
    Restored,
}

/// A residential stay whose length and end are fixed.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenStay {
    pub(super) days: i32,
    pub(super) ending: StayEnding,
}

/// A person's part of the figures of 2025.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) project: CodeText,
    pub(super) prison: Prison,
    /// Referrals to the project; none for a participant of B.Leave.
    pub(super) referrals: u32,
    /// The day of the arrival.
    pub(super) start: Day,
}

impl Slot {
    /// Whether the slot is for a participant of B.Leave.
    pub(super) fn is_b_leave(&self) -> bool {
        self.prison == RUISELEDE
    }
}

/// The fixed facts of a detention; `None` leaves a fact to chance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fate {
    pub(super) problem: bool,
    pub(super) substitution: SubstitutionStart,
    /// Whether the fate is given: the person accepts all care that is offered, and most rare events
    /// and contradictions in the records are left out.
    pub(super) given: bool,
    pub(super) prison: Option<Prison>,
    pub(super) pretrial_days: Option<i32>,
    pub(super) sentence_months: Option<u32>,
    /// Detention before this one that is imputed as well.
    pub(super) earlier_days: Option<i32>,
    /// The modality, and how many days after the conviction it starts.
    pub(super) modality: Option<(ModalityKind, i32)>,
    pub(super) stay: Option<GivenStay>,
    pub(super) outcome: Option<ModalityOutcome>,
    pub(super) dies_outside: bool,
    pub(super) leaves_programme: bool,
    pub(super) withdraws_consent: bool,
    /// Whether the merge of the person's two pseudonyms is undone later; `None`: there is only one
    /// pseudonym.
    pub(super) merged: Option<bool>,
    /// The person's part of the figures of 2025.
    pub(super) slot: Option<Slot>,
}

impl Fate {
    /// The fate of a person's first detention in the plan.
    pub(super) fn first(person: u64, slot: Option<Slot>, dice: &mut RandomStream) -> Self {
        let drawn = Self::drawn(dice);
        match (person, slot) {
            (0, _) => Self::protagonist(dice),
            (1..GIVEN_COUNT, _) => Self::rare(person, dice),
            (_, Some(slot)) if slot.is_b_leave() => drawn.participant(slot, dice),
            (_, Some(slot)) => drawn.referred(slot, dice),
            (_, None) => drawn,
        }
    }

    /// The fate of a later detention of the same person.
    pub(super) fn later(self, dice: &mut RandomStream) -> Self {
        Self { problem: self.problem, merged: None, ..Self::drawn(dice) }
    }

    /// A fate drawn from the rates alone.
    pub(super) fn drawn(dice: &mut RandomStream) -> Self {
        let problem = dice.chance(rates::PROBLEM_USE);
        let substitution = if !problem {
            SubstitutionStart::None
        } else if dice.chance(rates::SUBSTITUTION_ON_ARRIVAL) {
            SubstitutionStart::OnArrival
        } else if dice.chance(rates::SUBSTITUTION_STARTED) {
            SubstitutionStart::StartedInside
        } else {
            SubstitutionStart::None
        };
        let merged = dice.chance(rates::MERGED).then(|| dice.chance(rates::UNMERGED));
        Self {
            problem,
            substitution,
            given: false,
            prison: None,
            pretrial_days: None,
            sentence_months: None,
            earlier_days: None,
            modality: None,
            stay: None,
            outcome: None,
            dies_outside: false,
            leaves_programme: false,
            withdraws_consent: false,
            merged,
            slot: None,
        }
    }

    /// Held at the project's prison, in pretrial detention or on a short sentence, long enough for
    /// all referrals.
    fn referred(self, slot: Slot, dice: &mut RandomStream) -> Self {
        let days = 20 * slot.referrals.cast_signed() + dice.between(50, 90);
        let (prison, slot) = (Some(slot.prison), Some(slot));
        let held = Self { problem: true, prison, slot, ..self };
        // A sentence of 10 months leaves time for 130 days.
        if days <= 130 && dice.chance(rates::REFERRED_ON_SENTENCE) {
            let sentence_months = Some(dice.pick(&[(10, 1), (12, 1)]));
            let modality = Some((ModalityKind::ElectronicMonitoring, days));
            return Self { sentence_months, modality, ..held };
        }
        Self { pretrial_days: Some(days), ..held }
    }

    /// Convicted soon, with a sentence long enough for the programme.
    fn participant(self, slot: Slot, dice: &mut RandomStream) -> Self {
        let pretrial_days = Some(dice.between(20, 45));
        let sentence_months = Some(dice.pick(&[(24, 4), (30, 3), (36, 2)]));
        let kinds =
            [(ModalityKind::ElectronicMonitoring, 3), (ModalityKind::ConditionalRelease, 2)];
        let modality = Some((dice.pick(&kinds), dice.between(170, 290)));
        let slot = Some(slot);
        Self { problem: true, pretrial_days, sentence_months, modality, slot, ..self }
    }

    /// 18 months, of which some 118 days are imputed and 75 served when the release begins: about
    /// 350 are left.
    fn protagonist(dice: &mut RandomStream) -> Self {
        let days = dice.between(95, 140);
        Self {
            problem: true,
            substitution: SubstitutionStart::OnArrival,
            given: true,
            prison: Some(BRUGGE),
            pretrial_days: Some(58),
            sentence_months: Some(18),
            earlier_days: Some(60),
            modality: Some((ModalityKind::ConditionalRelease, 75)),
            stay: Some(GivenStay { days, ending: StayEnding::DroppedOut }),
            outcome: Some(ModalityOutcome::Revoked),
            ..Self::drawn(dice)
        }
        .unmerged()
    }

    fn rare(person: u64, dice: &mut RandomStream) -> Self {
        let kind = match person {
            2 | 3 | 5 => ModalityKind::ConditionalRelease,
            6 => ModalityKind::TransitionHouse,
            7 => ModalityKind::LimitedDetention,
            8 => ModalityKind::ProvisionalRelease,
            _ => ModalityKind::ElectronicMonitoring,
        };
        let stay = |days, ending| Some(GivenStay { days, ending });
        let base = Self {
            problem: true,
            substitution: SubstitutionStart::OnArrival,
            given: true,
            pretrial_days: Some(42),
            sentence_months: Some(12),
            earlier_days: Some(90),
            modality: Some((kind, 30)),
            outcome: Some(ModalityOutcome::Served),
            ..Self::drawn(dice).unmerged()
        };
        match person {
            1 => Self {
                outcome: Some(ModalityOutcome::SuspendedThenServed),
                withdraws_consent: true,
                ..base
            },
            2 => Self { stay: stay(90, StayEnding::Completed), ..base },
            3 => Self { stay: stay(80, StayEnding::MovedHouse), ..base },
            4 => Self {
                prison: Some(HASSELT),
                outcome: Some(ModalityOutcome::Revoked),
                merged: Some(true),
                ..base
            },
            5 => Self { prison: Some(BRUGGE), dies_outside: true, ..base },
            8 => Self { outcome: Some(ModalityOutcome::Restored), ..base },
            7 => Self {
                prison: Some(BRUGGE),
                outcome: Some(ModalityOutcome::Revoked),
                leaves_programme: true,
                ..base
            },
            _ => base,
        }
    }

    fn unmerged(self) -> Self {
        Self { merged: None, ..self }
    }

    /// Whether an event with this rate happens; with a given fate the event always happens.
    pub(super) fn meets(&self, rate: Rate, dice: &mut RandomStream) -> bool {
        self.given || dice.chance(rate)
    }
}
