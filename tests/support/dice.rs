//! Chance that a seed repeats (SplitMix64).

/// A number of the environment, such as `ROUNDS`, or the default.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// `SEED` of the environment, or a new seed for each run.
pub fn seed() -> u64 {
    number("SEED", std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos().into())
}

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
    pub fn below(&mut self, n: u64) -> u64 {
        self.throw() % n
    }

    /// A number in the range.
    pub fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.below(range.end - range.start)
    }

    pub fn one_of<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        if items.is_empty() {
            return None;
        }
        let place = self.below(items.len() as u64);
        items.get(usize::try_from(place).unwrap()).cloned()
    }
}
