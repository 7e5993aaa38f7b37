//! A probability in whole numbers, so that every machine draws the same.

/// A probability as a count in [`Rate::SCALE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(pub u32);

impl Rate {
    /// The count that stands for certainty.
    pub const SCALE: u32 = 100_000;

    pub(super) const fn percent(percent: u32) -> Self {
        Self(percent * Self::SCALE / 100)
    }

    pub(super) const fn per_mille(per_mille: u32) -> Self {
        Self(per_mille * Self::SCALE / 1000)
    }
}
