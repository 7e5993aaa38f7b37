//! The plan of a simulation, and the figures that follow from the plan alone: the number of
//! persons, the days, and the day on which each person arrives.
//! Always: nothing here depends on the lives that are drawn.

use chrono::NaiveDate;

use super::moment::{Day, day_of};
use super::random::{Purpose, RandomStream};
use super::rates;

/// The simulation that was asked for.
///
/// A person's life depends on `seed`, the person's index and the period. Two plans of one seed are
/// two versions of the same persons: to add persons to a ledger, take another seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The number of persons who arrive in prison, each for the first time in the plan.
    pub persons: u64,
    /// The number of further persons, who are in prison already on the first day. The lasting
    /// records of their past (arrival, sentence, prescription, but no doses) are sent at the start
    /// with their true, earlier time.
    pub detained: u64,
    /// First date on which something happens.
    pub from: NaiveDate,
    /// Last date; events that happen or are sent later are left out. Dates lie between 1980 and
    /// 9999.
    pub to: NaiveDate,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// The number of persons at the start of a plan who have given fates, so that rare events occur.
pub(super) const GIVEN_COUNT: u64 = 9;

/// Days from the first day of the plan on which the persons with a given fate arrive.
const GIVEN_START_DAYS: i32 = 2;

/// A plan whose dates are counted in days.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlanDays {
    pub(super) seed: u64,
    pub(super) persons: u64,
    pub(super) detained: u64,
    pub(super) from: Day,
    pub(super) to: Day,
}

impl PlanDays {
    pub(super) fn new(plan: &Plan) -> Self {
        let Plan { persons, detained, from, to, seed } = *plan;
        Self { seed, persons, detained, from: day_of(from), to: day_of(to) }
    }

    /// The number of all persons: those who arrive, then the stock.
    pub(super) const fn everybody(&self) -> u64 {
        self.persons.saturating_add(self.detained)
    }

    /// Whether a person is in prison already on the first day.
    pub(super) const fn in_stock(&self, person: u64) -> bool {
        person >= self.persons
    }

    /// The day on which a person first appears, unless the figures of 2025 set another day.
    pub(super) fn drawn_start(&self, person: u64) -> Day {
        if self.in_stock(person) {
            return self.from;
        }
        if person < GIVEN_COUNT {
            return self.from + GIVEN_START_DAYS;
        }
        let mut dice = RandomStream::new(self.seed, person, Purpose::Start);
        let span = self.to - self.from;
        let soon = dice.chance(rates::IN_FIRST_WEEKS) && self.detained == 0;
        let days = if soon { span.min(rates::FIRST_WEEKS * 7) } else { span };
        self.from + dice.between(0, days)
    }
}
