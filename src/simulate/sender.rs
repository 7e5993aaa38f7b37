//! The sending systems.
//! Always: each system has one URN, and only the system that sent a record corrects or annuls it.

use super::place::Prison;

/// A sending system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendingSystem {
    /// The registry of a prison.
    Registry(Prison),
    /// The care team of a prison.
    CareTeam(Prison),
    /// The criminal courts.
    Court,
    /// The sentence implementation courts.
    SentenceCourt,
    /// The court of cassation.
    Cassation,
    /// A treatment provider or a project, by its code.
    House(&'static str),
    /// The official source of deaths.
    CivilRegistry,
    /// The administration of the prisons.
    PrisonAdministration,
    /// The office that pays and evaluates projects.
    ProjectOffice,
    /// The data steward.
    Steward,
}

impl SendingSystem {
    /// The CloudEvents attribute `source`.
    pub(super) fn urn(self) -> String {
        let (place, system) = match self {
            Self::Registry(prison) => (prison.code(), ":registry"),
            Self::CareTeam(prison) => (prison.code(), ":care-team"),
            Self::Court => ("court", ""),
            Self::SentenceCourt => ("sentence-court", ""),
            Self::Cassation => ("court-of-cassation", ""),
            Self::House(code) => (code, ""),
            Self::CivilRegistry => ("civil-registry", ""),
            Self::PrisonAdministration => ("prison-administration", ""),
            Self::ProjectOffice => ("project-office", ""),
            Self::Steward => ("steward", ""),
        };
        const BASE: &str = "urn:care-ledger:sim:";
        let mut urn = String::with_capacity(BASE.len() + place.len() + system.len());
        urn.push_str(BASE);
        urn.push_str(place);
        urn.push_str(system);
        urn
    }

    /// Whether the sender is a court, which sends a judgment days later and not on the same day.
    pub(super) const fn is_court(self) -> bool {
        matches!(self, Self::Court | Self::SentenceCourt | Self::Cassation)
    }
}
