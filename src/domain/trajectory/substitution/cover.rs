//! What the doses of a course cover, and when the next dose is due.
//! Always: cover is a union; a shorter dose never takes away what a longer one covers.
//! Rules: "Cover and due" in the section "Substitution" of the continuity rules.

use chrono::{DateTime, NaiveDate, Utc};

use super::prescriptions::Prescription;
use super::tellings::{Telling, ToldDose};
use crate::domain::history::DatedFact;
use crate::domain::time::calendar::{date_of, days_after, hours_after};
use crate::domain::trajectory::custody::SeenFrom;
use crate::domain::trajectory::rules::{ContinuityRules, Threshold};
use crate::domain::vocabulary::choice::Product;

/// The hours of a day by the clock, for doses that are hours apart.
const DAY_HOURS: u32 = 24;

/// A dose. All but its instant is as the best telling says: the one whose cover ends last.
#[derive(Debug, Clone, Copy)]
pub struct Dose<'a> {
    pub at: DateTime<Utc>,
    pub date: NaiveDate,
    pub best: Telling<'a>,
    /// The record of the provider who gave the dose.
    pub given: Option<DatedFact<'a>>,
    pub doses_per_day: u32,
    /// The prescription that the dose is compared with.
    pub ordered: Option<Prescription<'a>>,
    pub(super) cover: Cover,
}

impl<'a> Dose<'a> {
    /// The dose at an index of all, one of so many a day.
    pub(super) fn new(
        all: &[ToldDose<'a>],
        index: usize,
        doses_per_day: u32,
        ordered: Option<Prescription<'a>>,
    ) -> Self {
        let ToldDose { at, date, best, .. } = all[index];
        let given = all[index].given();
        let own_end = own_end(all, index, doses_per_day);
        let with_days = days_after(own_end, best.days_handed_over);
        // In prison only days that were given there count, not those of a report.
        let in_prison = if best.is_given { with_days } else { own_end };
        let cover = Cover { at, with_days, in_prison, interval_days: best.interval_days };
        Self { at, date, best, given, doses_per_day, ordered, cover }
    }

    /// Hours until the next dose is due by the interval alone.
    pub fn interval_hours(&self) -> u32 {
        DAY_HOURS * self.best.interval_days / self.doses_per_day
    }
}

/// The own end of a dose: what it covers without days handed over.
fn own_end(all: &[ToldDose], index: usize, doses_per_day: u32) -> DateTime<Utc> {
    let ToldDose { date, best, .. } = all[index];
    if doses_per_day == 1 {
        return days_after(best.at, best.interval_days);
    }
    let on_date = all[..index].iter().rev().take_while(|earlier| earlier.date == date);
    let of_product = on_date.filter(|earlier| earlier.best.product == best.product);
    let (earlier, first) = of_product.fold((0, best.at), |(count, _), one| (count + 1, one.at));
    match earlier + 1 {
        number if number < doses_per_day => {
            hours_after(first, number * (DAY_HOURS / doses_per_day))
        }
        _ => days_after(first, 1),
    }
}

/// The ends of cover of one dose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cover {
    at: DateTime<Utc>,
    with_days: DateTime<Utc>,
    /// The end for a dose since the entry in prison.
    in_prison: DateTime<Utc>,
    interval_days: u32,
}

impl Cover {
    /// The end of cover as seen from a place.
    pub fn end(&self, seen: SeenFrom) -> DateTime<Utc> {
        match seen {
            SeenFrom::Liberty => self.with_days,
            SeenFrom::Prison { entry } if self.at >= entry => self.in_prison,
            SeenFrom::Prison { entry } => self.with_days.min(days_after(entry, self.interval_days)),
        }
    }

    /// Whether a later cover ends last wherever both are seen from.
    fn is_wiped_by(&self, later: &Self) -> bool {
        later.in_prison >= self.with_days && later.interval_days >= self.interval_days
    }
}

/// The covers of the doses of one course, by product, without those that never end last.
#[derive(Debug, Clone, Default)]
pub(super) struct Covers([Vec<Cover>; Product::ALL.len()]);

impl Covers {
    /// Adds a dose. Returns whether its whole cover lies in that of an earlier dose of the product.
    pub fn add(&mut self, dose: &Dose, seen: SeenFrom) -> bool {
        let covers = &mut self.0[dose.best.product as usize];
        let end = dose.cover.end(seen);
        let lies_within = covers.iter().any(|earlier| end <= earlier.end(seen));
        covers.retain(|earlier| !earlier.is_wiped_by(&dose.cover));
        covers.push(dose.cover);
        lies_within
    }

    /// The latest end of cover of a product; of several doses, the one of the longest interval.
    pub fn due(&self, product: Product, seen: SeenFrom) -> Option<Due> {
        let due =
            |cover: &Cover| Due { at: cover.end(seen), covering_days: Some(cover.interval_days) };
        self.0[product as usize].iter().map(due).max_by_key(|due| (due.at, due.covering_days))
    }
}

/// When the next dose is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub at: DateTime<Utc>,
    /// The interval of the covering dose; `None`: no dose is covering.
    pub covering_days: Option<u32>,
}

impl Due {
    /// The window of a covering depot.
    pub fn window<'r>(&self, rules: &'r ContinuityRules) -> Option<&'r Threshold> {
        match self.covering_days? {
            28.. => Some(&rules.thresholds.depot_monthly_window_days),
            7.. => Some(&rules.thresholds.depot_weekly_window_days),
            _ => None,
        }
    }

    /// The last instant at which a dose is in time.
    pub fn in_time_until(&self, rules: &ContinuityRules) -> DateTime<Utc> {
        match self.window(rules) {
            Some(window) => days_after(self.at, window.value),
            None => hours_after(self.at, rules.thresholds.interval_tolerance_hours.value),
        }
    }

    /// The date of due.
    pub fn date(&self) -> NaiveDate {
        date_of(self.at)
    }
}
