//! Invented lives over the whole vocabulary, for demonstrations, load and tests.
//!
//! [`events`] tells a plan's lives as their senders would: prisons, courts, care teams, houses,
//! referral points; with records that come late, twice, wrong and then corrected, or never.
//! Always: the same plan gives the same bytes on every machine; the order is that of sending over
//! all persons; memory does not grow with the number of persons ([`Events`]); every event passes
//! [`crate::domain::vocabulary::validate::check`] with a clock at or after its sending. No
//! person, name or case is real: pseudonyms are random, rates are in [`rates`], each with its
//! source or "invented".

mod care;
mod course;
mod custody;
mod dice;
mod doses;
mod fate;
mod life;
mod mess;
mod moment;
mod programme;
mod quota;
pub mod rates;
mod referral;
mod release;
mod residence;
mod say;
mod source;
mod stream;
mod world;

use chrono::NaiveDate;
use serde_json::Value;

use crate::domain::id::PersonId;
pub use stream::Events;
pub use world::UNLISTED;

/// What to simulate.
///
/// A person's life depends on `seed`, the person's index and the period. Two plans of one seed are
/// two versions of the same persons: to add persons to a ledger, take another seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many persons arrive in prison, each for the first time in the plan.
    pub persons: u64,
    /// How many more are in prison already on the first day. What lasts of their past (arrival,
    /// sentence, prescription, but no doses) is sent at the start with its true, earlier time.
    pub detained: u64,
    /// First date on which something happens.
    pub from: NaiveDate,
    /// Last date; what happens or is sent later is left out. Dates lie between 1980 and 9999.
    pub to: NaiveDate,
    /// Where all chance comes from.
    pub seed: u64,
}

/// The events of a plan, complete structured CloudEvents, in the order in which they are sent.
///
/// The first few persons are given lives in which what is rare happens, so that a plan of 300
/// persons over a year holds every type that a sender may send. See [`protagonist`].
pub fn events(plan: Plan) -> impl Iterator<Item = Value> {
    Events::new(plan)
}

/// The person of index 0, whose life is given in any plan over a full year: prison, screening,
/// substitution, short programme, conditional release with residential treatment and an entered
/// remainder, dropout after 60 to 200 days (the date first told wrong, then corrected), and back
/// in prison, where the court sets what is left.
pub fn protagonist(plan: &Plan) -> PersonId {
    stream::pseudonyms(plan.seed, 0).0
}
