//! Chance that a seed repeats (SplitMix64).

/// Random numbers; the same seed gives the same numbers.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to below `n`.
    pub fn below(&mut self, n: i64) -> i64 {
        i64::try_from(self.throw() % u64::try_from(n).unwrap()).unwrap()
    }

    /// True in so many of a hundred throws.
    pub fn percent(&mut self, chance: i64) -> bool {
        self.below(100) < chance
    }

    pub fn one_of<T: Clone>(&mut self, items: &[T]) -> T {
        let count = i64::try_from(items.len()).unwrap();
        items[usize::try_from(self.below(count)).unwrap()].clone()
    }
}
