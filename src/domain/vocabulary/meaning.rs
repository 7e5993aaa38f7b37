//! What the codes of the vocabulary mean to every fold.
//! Always: a meaning is decided here once; the credit, the trajectory and the simulator ask.
//! Rules: the normative pages of the credit ("Sets") and of the trajectory ("Words").

use super::choice::{AbsenceKind, ModalityKind, ReleaseReason};
use super::fact::{Fact, Released};

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
