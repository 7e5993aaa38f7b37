//! The figures of 2025 that a plan over the whole of that year gives exactly: the numbers of
//! referrals to five projects and of participants of B.Leave ([`rates::REFERRALS_2025`]).
//! Always: each figure is split into slots. Each slot has a holder, a person in whose life that
//! referral or participation happens in 2025; in no other life does one happen in that year. The
//! table of holders is as long for a million persons as for a thousand.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use chrono::NaiveDate;

use super::fate::{Fate, Slot};
use super::moment::{Day, day_of};
use super::place::{CodeText, Prison, RUISELEDE};
use super::plan::{GIVEN_COUNT, PlanDays};
use super::random::{Purpose, RandomStream, hash_numbers};
use super::rates::{self, Rate};

/// The holders of the slots.
pub(super) struct Quota {
    holders: HashMap<u64, Slot>,
}

/// How well a person fits a slot; persons who fit best are taken first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HolderFit {
    /// A problem user who arrives in the months that leave enough time.
    Wholly,
    /// A problem user; the arrival is moved if it leaves too little time.
    AfterMoving,
    /// Any person, who becomes a problem user; the arrival is moved if it leaves too little time.
    ByForce,
}

/// Days before 2025 on which no referral to a counted project is decided either, because a referral
/// is sent up to this many days after the decision.
const DAYS_AHEAD: Day = 10;

impl Quota {
    /// The holders of a plan; `None`: the plan does not promise the figures.
    pub(super) fn of(span: PlanDays) -> Option<Self> {
        let (first, last) = (date(1, 1), date(12, 31));
        let promised = span.persons >= rates::PERSONS_FOR_2025_MIN;
        if !promised || span.from > first || span.to < last {
            return None;
        }
        let mut seats = Seats { span, fit: HolderFit::Wholly, drawn: 0, holders: HashMap::new() };
        let each = referrals_a_person(span.persons);
        for _ in 0..rates::B_LEAVE_2025 {
            seats.take("bLeave", RUISELEDE, 0);
        }
        for (project, prison, count) in rates::REFERRALS_2025 {
            let mut left = *count;
            while left > 0 {
                let referrals = seats.referrals(each).min(left);
                seats.take(project, Prison::named(prison)?, referrals);
                left -= referrals;
            }
        }
        Some(Self { holders: seats.holders })
    }

    pub(super) fn slot(&self, person: u64) -> Option<Slot> {
        self.holders.get(&person).copied()
    }

    /// The days on which only holders are referred to a counted project, or begin B.Leave.
    pub(super) fn days() -> RangeInclusive<Day> {
        date(1, 1) - DAYS_AHEAD..=date(12, 31)
    }
}

/// Whether referrals to a project are counted.
pub(super) fn is_counted(project: CodeText) -> bool {
    rates::REFERRALS_2025.iter().any(|(counted, _, _)| *counted == project)
}

/// The last day on which a slot is used: time enough for a strike and a weekend before the year is
/// out.
pub(super) fn last_day() -> Day {
    date(12, 18)
}

fn date(month: u32, day: u32) -> Day {
    NaiveDate::from_ymd_opt(2025, month, day).map_or(Day::MIN, day_of)
}

/// The referrals that each holder must have on average, so that there are enough problem users.
fn referrals_a_person(persons: u64) -> u64 {
    let referrals: u32 = rates::REFERRALS_2025.iter().map(|(_, _, count)| count).sum();
    let problem_users = persons * u64::from(rates::REFERRED_PERSONS_MAX.0) / u64::from(Rate::SCALE);
    u64::from(referrals).div_ceil(problem_users - u64::from(rates::B_LEAVE_2025))
}

struct Seats {
    span: PlanDays,
    fit: HolderFit,
    drawn: u64,
    holders: HashMap<u64, Slot>,
}

impl Seats {
    fn take(&mut self, project: CodeText, prison: Prison, referrals: u32) {
        // Arrivals that leave time for the slot within the year.
        let (first, last) = (date(1, 1), date(11, 1));
        let (person, drawn) = self.next(first..=last);
        let start = if (first..=last).contains(&drawn) {
            drawn
        } else {
            let days = (last - first).unsigned_abs();
            first + (self.draw() % u64::from(days)) as Day
        };
        self.holders.insert(person, Slot { project, prison, referrals, start });
    }

    /// The next free person who fits, counted from a drawn person on, and that person's arrival.
    /// Once nobody fits, the next worse fit is accepted.
    fn next(&mut self, days: RangeInclusive<Day>) -> (u64, Day) {
        let count = self.span.persons - GIVEN_COUNT;
        loop {
            let first = self.draw() % count;
            for step in 0..count {
                let person = GIVEN_COUNT + (first + step) % count;
                if self.holders.contains_key(&person) {
                    continue;
                }
                let start = self.span.drawn_start(person);
                let fits = match self.fit {
                    HolderFit::Wholly => days.contains(&start) && self.is_problem_user(person),
                    HolderFit::AfterMoving => self.is_problem_user(person),
                    HolderFit::ByForce => true,
                };
                if fits {
                    return (person, start);
                }
            }
            self.fit = match self.fit {
                HolderFit::Wholly => HolderFit::AfterMoving,
                HolderFit::AfterMoving | HolderFit::ByForce => HolderFit::ByForce,
            };
        }
    }

    fn is_problem_user(&self, person: u64) -> bool {
        let mut dice = RandomStream::new(self.span.seed, person, Purpose::Life);
        Fate::drawn(&mut dice).problem
    }

    fn referrals(&mut self, each: u64) -> u32 {
        let drawn = self.draw();
        let [once, twice] = rates::REFERRALS_A_PERSON;
        let referrals = match each {
            1 => 1 + u64::from(drawn % u64::from(once + twice) >= u64::from(once)),
            more => more - 1 + drawn % 3,
        };
        referrals as u32
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        hash_numbers([self.span.seed, u64::from(u32::MAX), self.drawn])
    }
}
