//! All chance in the simulator.
//! Always: integers only, so every machine gives the same result. Each person has a separate random
//! stream for each purpose, so the draws for one person never change the draws for another.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::moment::{Day, LocalMoment};
use super::rate::Rate;

/// What a random stream is for. Each person has one stream for each purpose.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Identity = 0,
    Start = 1,
    Life = 2,
    DataErrors = 3,
}

const PURPOSES: u64 = 4;

/// The random numbers of one person for one purpose.
pub(super) struct RandomStream(ChaCha8Rng);

impl RandomStream {
    pub(super) fn new(seed: u64, person: u64, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(person.wrapping_mul(PURPOSES).wrapping_add(purpose as u64));
        Self(rng)
    }

    /// 0 ≤ answer < `count`.
    pub(super) fn below(&mut self, count: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(count)) >> 32) as u32
    }

    /// `low` ≤ answer ≤ `high`.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        debug_assert!(low <= high, "{low} is above {high}");
        low + self.below(low.abs_diff(high) + 1).cast_signed()
    }

    pub(super) fn chance(&mut self, rate: Rate) -> bool {
        self.below(Rate::SCALE) < rate.0
    }

    /// One of the choices, each as likely as its weight.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[(T, u32)]) -> T {
        let total = choices.iter().map(|(_, weight)| weight).sum();
        let mut left = self.below(total);
        for (choice, weight) in choices {
            if left < *weight {
                return *choice;
            }
            left -= weight;
        }
        unreachable!("the weights sum to the total drawn from")
    }

    /// A moment on `day`, from `hour_first` up to the end of `hour_last`.
    pub(super) fn moment(&mut self, day: Day, hour_first: i32, hour_last: i32) -> LocalMoment {
        let second = self.between(hour_first * 3600, hour_last * 3600 + 3599);
        LocalMoment::new(day, i64::from(second))
    }

    /// 16 bytes with the version and variant bits of a random UUID (RFC 9562, 5.4).
    pub(super) fn uuid(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        bytes
    }
}

/// A fixed hash of three numbers (SplitMix64). Used where a value must not depend on the order of
/// draws, for example for a strike, which must be on the same day for everybody in a prison.
pub(super) const fn hash_numbers(numbers: [u64; 3]) -> u64 {
    let mut state = 0;
    let mut index = 0;
    while index < numbers.len() {
        state = mix(state ^ numbers[index]);
        index += 1;
    }
    state
}

const fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
