//! Where the law has the person: detained, absent, under a modality, released, deceased.
//! Always: the state is `unknown` until a record of a prison or of a modality says otherwise.
//! Rules: the section "Custody" of the continuity rules.

mod modality;
mod places;
pub(super) mod whereabouts;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub(super) use self::modality::{DecidingModality, deciding};
pub(super) use self::places::{HeldSpan, MoveKind, PassedMoves, PersonMove, Places, SeenFrom};
pub(super) use self::whereabouts::Whereabouts;
use crate::domain::choices::choices;
use crate::domain::history::InOrOut;
use crate::domain::vocabulary::choice::{AbsenceKind, LegalStatus, ModalityKind, UnitKind};
use crate::domain::vocabulary::fact::{Code, Id};

choices! {
    #[derive(Default)]
    /// The state of custody.
    CustodyState:
        Detained = "detained",
        Absent = "absent",
        UnderModality = "underModality",
        Released = "released",
        Deceased = "deceased",
        #[default]
        Unknown = "unknown",
}

/// Custody at the instant of the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Custody {
    /// The state.
    pub state: CustodyState,
    /// The kind of absence, in the state `absent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AbsenceKind>,
    /// The drug-free unit of the prison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<CustodyUnit>,
    /// The prison, while the person is inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<Code>,
    /// The title under which the person is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_status: Option<LegalStatus>,
    /// The modality that applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modality: Option<Id>,
    /// The kind of that modality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modality_kind: Option<ModalityKind>,
    /// Since when the state holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

/// A placement in a drug-free unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustodyUnit {
    /// The sender's id of the placement.
    pub placement: Id,
    /// The kind of unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<UnitKind>,
    /// The prison of the unit.
    pub facility: Code,
    /// When the person was placed.
    pub since: DateTime<Utc>,
}

impl Custody {
    fn new(
        state: CustodyState,
        since: Option<DateTime<Utc>>,
        modality: Option<&DecidingModality>,
    ) -> Self {
        let (id, kind) = modality.map(|one| (one.id.id.clone(), one.granted.kind)).unzip();
        Self { state, since, modality: id, modality_kind: kind, ..Self::default() }
    }

    /// The custody of a person who died.
    pub fn deceased(since: DateTime<Utc>) -> Self {
        Self::new(CustodyState::Deceased, Some(since), None)
    }
}

/// Custody by the place of the person and the modality that decides.
pub(super) fn custody(places: &Places, modality: Option<&DecidingModality>) -> Custody {
    match places.held_now() {
        Some(held) => {
            inside(&places.now, held, modality.filter(|modality| modality.is_lived_inside()))
        }
        None => outside(&places.now, modality.filter(|modality| modality.applies_outside())),
    }
}

/// The first three rows of the table of states. The modality is lived inside.
fn inside(now: &Whereabouts, held: &HeldSpan, modality: Option<&DecidingModality>) -> Custody {
    let no_longer = modality.and_then(|m| m.over.into_iter().chain(m.suspended).min());
    let running = modality.filter(|_| no_longer.is_none());
    let (state, since) = match (&now.absence, running) {
        (Some(absence), _) => (CustodyState::Absent, Some(absence.since)),
        (None, Some(modality)) => {
            let begins = [now.since, Some(modality.starts), modality.lifted, now.by_day];
            (CustodyState::UnderModality, begins.into_iter().max().flatten())
        }
        (None, None) => (CustodyState::Detained, now.since.max(no_longer)),
    };
    let unit = now.unit.filter(|unit| unit.since >= held.began.instant);
    Custody {
        kind: now.absence.map(|absence| absence.kind),
        unit: unit.map(|unit| CustodyUnit {
            placement: unit.placement.id.clone(),
            kind: unit.kind,
            facility: unit.facility.clone(),
            since: unit.since,
        }),
        facility: now.facility.cloned(),
        legal_status: now.status,
        ..Custody::new(state, since, running)
    }
}

/// The last three rows of the table of states. The modality applies, or applied until it was over.
fn outside(now: &Whereabouts, modality: Option<&DecidingModality>) -> Custody {
    match modality {
        Some(running) if running.over.is_none() => {
            let since = now.since.max(Some(running.starts));
            Custody::new(CustodyState::UnderModality, since, modality)
        }
        _ if now.place == InOrOut::Unknown => Custody::new(CustodyState::Unknown, None, None),
        _ => {
            let since = now.since.max(modality.and_then(|modality| modality.over));
            Custody::new(CustodyState::Released, since, None)
        }
    }
}
