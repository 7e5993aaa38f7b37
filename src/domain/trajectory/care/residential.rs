//! Whether the person lives in residential treatment, and for how many days.
//! Always: days are civil dates, each counted once; only the last admission counts.
//! Rules: `residential` in the section "Care" of the continuity rules; the presences are those of
//! the set P of the credit rules.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::choices::choices;
use crate::domain::stays::{PresenceRule, Stays};
use crate::domain::time::calendar::date_of;
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::vocabulary::fact::{Code, Id};

choices! {
    /// The state of residential treatment.
    ResidentialState:
        /// In treatment and present.
        InTreatment = "inTreatment",
        /// In treatment, and absent for a time.
        Absent = "absent",
        /// No record says that the person is in residential treatment.
        None = "none",
        /// Erased records may have said that the person is in residential treatment.
        Unknown = "unknown",
}

/// Residential treatment at the instant of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Residential {
    /// The state; without a presence there is no other member.
    pub state: ResidentialState,
    /// The sender's id of the stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stay: Option<Id>,
    /// The house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<Code>,
    /// The programme of the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programme: Option<Code>,
    /// Since the admission or, while absent, since the earliest absence that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Dates present in treatment, since the admission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
}

impl Residential {
    /// Treatment of which only the state is told.
    pub const fn of_state(state: ResidentialState) -> Self {
        Self { state, stay: None, facility: None, programme: None, since: None, days: None }
    }
}

/// Residential treatment at the present.
pub fn residential(stays: &Stays, clock: &AnswerClock) -> Residential {
    let Some(presence) = stays.open() else {
        return Residential::of_state(ResidentialState::None);
    };
    let absent_since = presence.running_absences().map(|absence| absence.start.instant).min();
    let state = match absent_since {
        Some(_) => ResidentialState::Absent,
        None => ResidentialState::InTreatment,
    };
    // While an unauthorised absence runs, it takes each further date.
    let is_away = presence.running_absences().any(|absence| !absence.authorised);
    let today = if is_away { date_of(clock.now()) } else { clock.today() };
    Residential {
        state,
        stay: Some(presence.stay.id.clone()),
        facility: Some(presence.admission.facility.clone()),
        programme: Some(presence.admission.programme.clone()),
        since: Some(absent_since.unwrap_or(presence.admitted.instant)),
        days: Some(presence.dates(today, PresenceRule::DEFAULT).days()),
    }
}
