//! How often things happen, each with its source or marked invented.
//! Weights and spans of days in other files that name no source are invented too.
//! Always: a [`Rate`] is a count in [`Rate::SCALE`]; a weight has a meaning only beside the other
//! weights of its list.
//! Nothing here is a finding about any prison, house or person.

mod care;
mod custody;
mod errors;
mod harm;
mod organisation;
mod residence;
mod substitution;

pub use self::care::*;
pub use self::custody::*;
pub use self::errors::*;
pub use self::harm::*;
pub use self::organisation::*;
pub use self::residence::*;
pub use self::substitution::*;
pub use super::rate::Rate;

// Who.

/// Problem users among the detained: 34.8 % used in detention (Favril and Vander Laenen), about
/// one third (sources B4).
pub const PROBLEM_USE: Rate = Rate::percent(34);
/// Arrivals in the first weeks of a plan without a stock, the rest over the period: invented.
pub const IN_FIRST_WEEKS: Rate = Rate::percent(40);
/// The number of these first weeks: invented.
pub const FIRST_WEEKS: i32 = 6;
/// Days before the plan on which a person of the stock may have arrived, at most: invented. With a
/// mean imprisonment of 8.2 months (SPACE 2014, sources B4) few persons are held for longer.
pub const STOCK_DAYS_MAX: i32 = 540;

// The figures of 2025 that a plan over that whole year gives exactly.

/// The fewest persons with which a plan gives these figures.
pub const PERSONS_FOR_2025_MIN: u64 = 1_000;
/// Referrals (aanmeldingen) to a project in 2025, with its prison: slides, 2026. A referral is
/// neither a person nor a start of treatment.
pub const REFERRALS_2025: &[(&str, &str, u32)] = &[
    ("ddGent", "gent", 199),
    ("ddDendermonde", "dendermonde", 176),
    ("drugsDeBaasBrugge", "brugge", 76),
    ("drugsDeBaasBeveren", "beveren", 85),
    ("drugsDeBaasOudenaarde", "oudenaarde", 66),
];
/// Participants (deelnemers) of B.Leave in 2025: slides, 2026.
pub const B_LEAVE_2025: u32 = 28;
/// Persons referred to a project with one referral : with two; invented. Plans with few persons
/// need more referrals per person.
pub const REFERRALS_A_PERSON: [u32; 2] = [85, 15];
/// Referred persons who serve a short sentence and are not in pretrial detention: invented.
pub const REFERRED_ON_SENTENCE: Rate = Rate::percent(30);
/// Referred persons among all persons of a plan, at most: four fifths of problem users, invented.
pub const REFERRED_PERSONS_MAX: Rate = Rate::percent(27);
