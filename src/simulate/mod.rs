//! Invented lives over the whole vocabulary, for demonstrations, load and tests.
//!
//! [`events`] gives the records that senders (prisons, courts, care teams, houses, referral points)
//! would send about the lives of a plan, and about the prisons and projects in them. Some records
//! come late, twice, wrong and then corrected, or never.
//! Always: the same plan gives the same bytes on every machine; the events of all persons come in
//! the order of sending; memory does not grow with the number of persons ([`SimulatedEvents`]);
//! every event passes [`crate::domain::vocabulary::validate::validate`] with a clock at or after
//! its sending. No person, name or case is real: pseudonyms are random, rates are in [`rates`],
//! each with its source or "invented".

mod absence;
mod care;
mod consult;
mod course;
mod custody;
mod data_errors;
mod doses;
mod facility;
mod fate;
mod harm;
mod held;
mod intake;
mod internment;
mod life;
mod modality;
mod moment;
mod organisation;
mod outcome;
mod place;
mod plan;
mod programme;
mod project;
mod quota;
mod random;
mod rate;
pub mod rates;
mod recall;
mod referral;
mod release;
mod residence;
mod say;
mod sender;
mod sentence;
mod series;
mod stream;
mod world;
mod written;

use serde_json::Value;

pub use self::place::UNLISTED;
pub use self::plan::Plan;
pub use self::stream::SimulatedEvents;
use crate::domain::id::PersonId;

/// The events of a plan, complete structured CloudEvents, in the order in which they are sent.
///
/// The first few persons have given fates, in which rare events happen, so that a plan of 300
/// persons over a year holds every type that a sender may send. See [`protagonist`].
pub fn events(plan: Plan) -> impl Iterator<Item = Value> {
    SimulatedEvents::new(plan)
}

/// The person of index 0, whose life is given in any plan over a full year: prison, screening,
/// substitution, short programme, conditional release with residential treatment and an entered
/// remainder, dropout after 60 to 200 days (the date is first sent wrong, then corrected), and back
/// in prison, where the court sets the days left to serve.
pub fn protagonist(plan: &Plan) -> PersonId {
    stream::pseudonyms(plan.seed, 0).0
}
