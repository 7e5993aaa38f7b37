//! The dice of all tests, with the numbers that dates are counted in.

use crate::support::dice;

/// Random numbers; the same seed gives the same numbers.
pub struct Dice(dice::Dice);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(dice::Dice::new(seed))
    }

    pub fn throw(&mut self) -> u64 {
        self.0.throw()
    }

    /// A number from 0 to below `n`.
    pub fn below(&mut self, n: i64) -> i64 {
        i64::try_from(self.0.below(u64::try_from(n).unwrap())).unwrap()
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
