//! Tries a law on random input; a failure is shrunk and says how to run the same again.

use care_ledger::domain::credit::{Boundary, CreditQuery};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::reference::Asked;
use crate::script::{day, query};

/// The number of cases for each law, unless `PROPTEST_CASES` gives another.
pub const CASES: u32 = 500;

/// Tries a law on random input; a failure says how to run the same again.
pub fn law<S: Strategy>(
    name: &str,
    strategy: S,
    holds: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = cases.unwrap_or(CASES);
    let seed: u64 = match std::env::var("SEED") {
        Ok(seed) => seed.parse().expect("SEED is a number"),
        Err(_) => u64::from(std::process::id()) << 32 | u64::from(now_nanos()),
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    if let Err(failure) = TestRunner::new_with_rng(config, rng).run(&strategy, holds) {
        panic!("{failure}\nSEED={seed} PROPTEST_CASES={cases} cargo test {name}");
    }
}

fn now_nanos() -> u32 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos()
}

pub fn question(asked: Asked) -> CreditQuery {
    let boundary = if asked.exclude_last { Boundary::ExcludeLast } else { Boundary::AnyPart };
    let month_days = u32::try_from(asked.month_days).unwrap().try_into().unwrap();
    CreditQuery { boundary, month_days, ..query(day(asked.at)) }
}
