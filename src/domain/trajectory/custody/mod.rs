//! Where the law has the person: detained, absent, under a modality, released, deceased.
//! Always: the state is `unknown` until a record of a prison or of a modality says otherwise.
//! Rules: the section "Custody" of the continuity rules.

mod modality;
mod places;
pub(super) mod whereabouts;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub(super) use self::modality::{DecidingModality, deciding};
pub(super) use self::places::{HeldSpan, MoveKind, PersonMove, Places, SeenFrom};
pub(super) use self::whereabouts::{InOrOut, Whereabouts};
use crate::domain::choices::choices;
use crate::domain::vocabulary::choice::{AbsenceKind, LegalStatus, ModalityKind, UnitKind};
use crate::domain::vocabulary::fact::{Code, Id};

choices! {
    /// The state of custody.
    CustodyState:
        Detained = "detained",
        Absent = "absent",
        UnderModality = "underModality",
        Released = "released",
        Deceased = "deceased",
        Unknown = "unknown",
}

/// Custody at the instant of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    fn new(state: CustodyState, since: Option<DateTime<Utc>>) -> Self {
        let (kind, unit, facility, legal_status) = (None, None, None, None);
        let (modality, modality_kind) = (None, None);
        Self { state, kind, unit, facility, legal_status, modality, modality_kind, since }
    }

    /// The custody of a person who died.
    pub fn deceased(since: DateTime<Utc>) -> Self {
        Self::new(CustodyState::Deceased, Some(since))
    }

    fn under(mut self, modality: &DecidingModality) -> Self {
        self.modality = Some(modality.id.id.clone());
        self.modality_kind = Some(modality.granted.kind);
        self
    }

    fn at(mut self, places: &Places) -> Self {
        let now = &places.now;
        self.facility = now.facility.cloned();
        self.legal_status = now.status;
        let began = places.held_now().map(|held| held.began.instant);
        self.unit = now.unit.filter(|unit| Some(unit.since) >= began).map(|unit| CustodyUnit {
            placement: unit.placement.id.clone(),
            kind: unit.kind,
            facility: unit.facility.clone(),
            since: unit.since,
        });
        self
    }
}

/// Custody by the place of the person and the modality that decides.
pub(super) fn custody(places: &Places, modality: Option<&DecidingModality>) -> Custody {
    match places.now.place {
        InOrOut::Inside => {
            inside(places, modality.filter(|modality| modality.is_lived_inside())).at(places)
        }
        _ => outside(&places.now, modality.filter(|modality| modality.applies_outside())),
    }
}

/// The first three rows of the table of states. The modality is lived inside.
fn inside(places: &Places, modality: Option<&DecidingModality>) -> Custody {
    let now = &places.now;
    let no_longer = modality.and_then(|m| m.over.into_iter().chain(m.suspended).min());
    let running = modality.filter(|_| no_longer.is_none());
    let custody = if let Some(absence) = &now.absence {
        let absent = Custody::new(CustodyState::Absent, Some(absence.since));
        Custody { kind: Some(absence.kind), ..absent }
    } else if let Some(modality) = running {
        let begins = [now.since, Some(modality.starts), modality.lifted, now.by_day];
        Custody::new(CustodyState::UnderModality, begins.into_iter().max().flatten())
    } else {
        Custody::new(CustodyState::Detained, now.since.max(no_longer))
    };
    match running {
        Some(modality) => custody.under(modality),
        None => custody,
    }
}

/// The last three rows of the table of states. The modality applies, or applied until it was over.
fn outside(now: &Whereabouts, modality: Option<&DecidingModality>) -> Custody {
    match modality {
        Some(modality) if modality.over.is_none() => {
            let since = now.since.max(Some(modality.starts));
            Custody::new(CustodyState::UnderModality, since).under(modality)
        }
        _ if now.place == InOrOut::Unknown => Custody::new(CustodyState::Unknown, None),
        _ => Custody::new(CustodyState::Released, now.since.max(modality.and_then(|m| m.over))),
    }
}
