//! What the codes of the vocabulary mean to every fold.
//! Always: a meaning is decided here once; the credit, the trajectory and the simulator ask.
//! Rules: the normative pages of the credit ("Sets") and of the trajectory ("Words").

use super::choice::{AbsenceKind, ModalityKind, ReleaseReason};
use super::fact::{Fact, Id, Released};

impl ModalityKind {
    /// Whether the person goes on sleeping in the institution under this modality: limited
    /// detention (beperkte detentie) and the transition house (transitiehuis).
    pub const fn is_lived_inside(self) -> bool {
        matches!(self, Self::LimitedDetention | Self::TransitionHouse)
    }
}

impl AbsenceKind {
    /// Whether days of this absence are not served.
    pub const fn is_unlawful(self) -> bool {
        matches!(self, Self::Escape | Self::FailureToReturn | Self::SentenceInterruption)
    }
}

impl ReleaseReason {
    /// Whether a release for this reason is a release by day, which ends no detention.
    pub const fn is_by_day(self) -> bool {
        matches!(self, Self::LimitedDetention | Self::TransitionHouse)
    }

    /// The kind of modality that the reason names; `None`: the reason is no modality.
    pub fn modality_kind(self) -> Option<ModalityKind> {
        self.code().parse().ok()
    }
}

impl Released {
    /// Whether the release is a final release: the sentence has ended, and custody under this
    /// title with it.
    pub fn is_final_release(&self) -> bool {
        self.is_final && self.reason == ReleaseReason::SentenceEnd
    }
}

impl Fact {
    /// Whether the record says that the person died.
    pub fn is_death(&self) -> bool {
        match self {
            Self::Died => true,
            Self::Released(released) => released.reason == ReleaseReason::Death,
            _ => false,
        }
    }

    /// Whether the record closes a stay in residential treatment.
    pub const fn closes_stay(&self) -> bool {
        matches!(self, Self::StayCompleted(_) | Self::DroppedOut(_) | Self::StayTransferred(_))
    }

    /// Whether a record of this fact may be dated after the death: it tells the death, ends what
    /// the death ended, or states what was before.
    pub fn may_follow_death(&self) -> bool {
        let tells_or_ends = matches!(
            self,
            Self::DeathCause(_)
                | Self::Attested(_)
                | Self::ModalityEnded(_)
                | Self::Revoked(_)
                | Self::Released(_)
                | Self::SubstitutionStopped(_)
        );
        self.is_death() || self.is_ending() || tells_or_ends
    }

    /// Whether the record ends something that another record began.
    pub const fn is_ending(&self) -> bool {
        let is_end = matches!(
            self,
            Self::AbsenceEnded(_)
                | Self::StayAbsenceEnded(_)
                | Self::TreatmentEnded(_)
                | Self::ProgrammeCompleted(_)
                | Self::ProgrammeLeft(_)
                | Self::HousingLeft(_)
        );
        is_end || self.closes_stay()
    }

    /// The detention that a record of custody names.
    pub const fn detention(&self) -> Option<&Id> {
        match self {
            Self::Arrived(of) => Some(&of.detention),
            Self::Transferred(of) => Some(&of.detention),
            Self::StatusChanged(of) => Some(&of.detention),
            Self::AbsenceStarted(of) => Some(&of.detention),
            Self::AbsenceEnded(of) => Some(&of.detention),
            Self::Released(of) => Some(&of.detention),
            _ => None,
        }
    }

    /// The stay that a record of residential treatment names.
    pub const fn stay(&self) -> Option<&Id> {
        match self {
            Self::Admitted(of) => Some(&of.stay),
            Self::StayAbsenceStarted(of) => Some(&of.stay),
            Self::StayAbsenceEnded(of) => Some(&of.stay),
            Self::StayCompleted(of) => Some(&of.stay),
            Self::DroppedOut(of) => Some(&of.stay),
            Self::StayTransferred(of) => Some(&of.stay),
            Self::Attested(of) => Some(&of.stay),
            _ => None,
        }
    }

    /// The modality that a record grants, suspends, ends, revokes or restores. The modality that an
    /// admission names is not among them.
    pub const fn modality(&self) -> Option<&Id> {
        match self {
            Self::Granted(of) => Some(&of.modality),
            Self::ModalitySuspended(of) => Some(&of.modality),
            Self::SuspensionLifted(of) => Some(&of.modality),
            Self::ModalityEnded(of) => Some(&of.modality),
            Self::Revoked(of) => Some(&of.modality),
            Self::Restored(of) => Some(&of.modality),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_release_that_is_a_modality_names_that_modality() {
        let named = |reason: ReleaseReason| reason.modality_kind().map(ModalityKind::code);
        for kind in ModalityKind::ALL {
            let reason: ReleaseReason = kind.code().parse().unwrap();
            assert_eq!(named(reason), Some(kind.code()));
            assert_eq!(reason.is_by_day(), kind.is_lived_inside(), "{kind}");
        }
        assert_eq!(named(ReleaseReason::SentenceEnd), None);
        assert_eq!(named(ReleaseReason::Removal), None);
    }
}
