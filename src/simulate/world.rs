//! What all simulated lives share: prisons, projects, strikes, the calendar.
//! Always: every code but those named in [`UNLISTED`] is in the registries of the vocabulary.

use chrono::NaiveDate;

use super::Plan;
use super::dice::{Dice, scramble};
use super::moment::{Day, day_of, offset_hours};
use super::quota::{Quota, Slot};
use super::rates;
use super::say::Code;

/// Houses that no registry lists, as a new partner's would be: the ledger keeps such a code with a
/// finding. Invented, and no name of a real house.
pub const UNLISTED: &[&str] = &["otherCommunity", "shelteredLiving"];

/// Prisons with the weight of their arrivals: a tenth of the places that the registry gives, else
/// invented. Flanders whole, then one Brussels and two Walloon prisons for the rest, with invented
/// weights.
const PRISONS: &[(&str, u32)] = &[
    ("antwerpen", 44),
    ("beveren", 30),
    ("brugge", 61),
    ("dendermonde", 44),
    ("gent", 40),
    ("hasselt", 45),
    ("hoogstraten", 12),
    ("ieper", 8),
    ("kortrijk", 6),
    ("leuvenCentraal", 18),
    ("leuvenHulp", 18),
    ("mechelen", 8),
    ("merksplas", 25),
    ("oudenaarde", 14),
    ("ruiselede", 6),
    ("turnhout", 16),
    ("wortel", 14),
    ("haren", 40),
    ("lantin", 12),
    ("ittre", 4),
];

/// The open regime of the therapeutic programmes.
pub(super) const RUISELEDE: Prison = prison("ruiselede");
/// Three drug-free sections, about 130 places (sources B1).
pub(super) const HASSELT: Prison = prison("hasselt");
/// The oldest short intervention, since 1999 (slides, 2026).
pub(super) const BRUGGE: Prison = prison("brugge");

/// How many of them, from the first, are Flemish.
const FLEMISH: usize = 17;

/// A prison by its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prison(u8);

impl Prison {
    pub(super) const fn code(self) -> &'static str {
        PRISONS[self.0 as usize].0
    }

    /// The prison with a code.
    pub(super) fn named(code: &str) -> Option<Self> {
        let place = PRISONS.iter().position(|(own, _)| *own == code)?;
        u8::try_from(place).ok().map(Self)
    }
}

/// What all lives of a plan share.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) persons: u64,
    pub(super) detained: u64,
    pub(super) from: Day,
    pub(super) to: Day,
    pub(super) dates: Dates,
    detoxification_only: Vec<bool>,
    choices: Vec<(Prison, u32)>,
    offsets: Vec<u8>,
    quota: Option<Quota>,
}

/// How many days before the plan a payload may speak of an instant.
const OFFSETS_BEFORE: Day = 60;

impl World {
    pub(super) fn new(plan: &Plan) -> Self {
        let (from, to) = (day_of(plan.from), day_of(plan.to));
        let days = from - OFFSETS_BEFORE..=to;
        let all = (0..PRISONS.len() as u8).map(Prison);
        let mut world = Self {
            seed: plan.seed,
            persons: plan.persons,
            detained: plan.detained,
            from,
            to,
            dates: Dates::new(),
            detoxification_only: detoxification_only(plan.seed),
            choices: all.zip(PRISONS).map(|(prison, (_, weight))| (prison, *weight)).collect(),
            offsets: days.map(|day| offset_hours(day) as u8).collect(),
            quota: None,
        };
        world.quota = Quota::of(&world);
        world
    }

    /// All persons: those who arrive, then the stock.
    pub(super) const fn everybody(&self) -> u64 {
        self.persons.saturating_add(self.detained)
    }

    /// Whether a person is in prison already on the first day.
    pub(super) const fn in_stock(&self, person: u64) -> bool {
        person >= self.persons
    }

    /// What a person brings about of the figures of 2025.
    pub(super) fn slot(&self, person: u64) -> Option<Slot> {
        self.quota.as_ref()?.slot(person)
    }

    /// Whether what is decided on a day counts in the figures of 2025 that this plan gives.
    pub(super) fn counts(&self, day: Day) -> bool {
        self.quota.is_some() && Quota::days().contains(&day)
    }

    /// The Brussels offset of a day, in hours.
    pub(super) fn offset_hours(&self, day: Day) -> u32 {
        let place = usize::try_from(day - (self.from - OFFSETS_BEFORE)).ok();
        let known = place.and_then(|place| self.offsets.get(place)).copied();
        known.map_or_else(|| offset_hours(day), u32::from)
    }

    pub(super) fn any_prison(&self, dice: &mut Dice) -> Prison {
        dice.pick(&self.choices)
    }

    /// Whether a prison gives substitution on a detoxification basis only.
    pub(super) fn detoxification_only(&self, prison: Prison) -> bool {
        self.detoxification_only[usize::from(prison.0)]
    }

    /// Whether the whole prison is on strike on a day: one answer for everybody held there.
    pub(super) fn strike(&self, prison: Prison, day: Day) -> bool {
        let drawn = scramble([self.seed, u64::from(prison.0) + 1, u64::from(day.unsigned_abs())]);
        drawn % 1000 < rates::STRIKE_DAYS_PER_1000
    }

    /// Who refers from a prison on a day. Between CAP and TANDEM, and outside Flanders after CAP,
    /// the sources name nobody. Where D&D is counted, TANDEM refers whoever it does not.
    pub(super) fn referrer(&self, prison: Prison, day: Day) -> Option<Code> {
        let project = match prison.code() {
            _ if day < self.dates.cap_ended => "cap",
            _ if day < self.dates.tandem || usize::from(prison.0) >= FLEMISH => return None,
            _ if day < self.dates.drugs_and_detention || self.counts(day) => "tandem",
            "gent" => "ddGent",
            "dendermonde" => "ddDendermonde",
            _ => "tandem",
        };
        Some(project)
    }

    /// The short intervention of a prison on a day.
    pub(super) fn short_intervention(&self, prison: Prison, day: Day) -> Option<&'static str> {
        let (project, since) = match prison.code() {
            "brugge" => ("drugsDeBaasBrugge", Day::MIN),
            "oudenaarde" => ("drugsDeBaasOudenaarde", Day::MIN),
            "beveren" => ("drugsDeBaasBeveren", self.dates.beveren),
            "kortrijk" => ("drugsDeBaasKortrijk", self.dates.november_2025),
            "gent" => ("ddGent", self.dates.drugs_and_detention),
            "dendermonde" => ("ddDendermonde", self.dates.drugs_and_detention),
            _ => return None,
        };
        (day >= since).then_some(project)
    }

    /// The long programmes at Ruiselede in which someone without a slot may be enrolled on a day,
    /// weighed.
    pub(super) fn long_programmes(&self, day: Day) -> [(Code, u32); 2] {
        let b_leave = if self.counts(day) { 0 } else { 3 };
        let perspectief = u32::from(day >= self.dates.november_2025);
        [("bLeave", b_leave), ("perspectief", perspectief)]
    }
}

/// Days from which something holds.
pub(super) struct Dates {
    /// CAP stopped on 1 May 2016 (sources B1).
    pub(super) cap_ended: Day,
    /// TANDEM in all Flemish prisons: 1 October 2017 (sources B1).
    pub(super) tandem: Day,
    /// Drugs en Detentie at Gent and Dendermonde: autumn 2023 (sources B1).
    pub(super) drugs_and_detention: Day,
    /// Drugs de Baas at Beveren: 2022 (slides, 2026); the day is not known.
    pub(super) beveren: Day,
    /// Perspectief and Kortrijk: November 2025 (slides, 2026).
    pub(super) november_2025: Day,
    /// The first counts by product with depot are of 2022 (Senate question 7-1534); start invented.
    pub(super) depot: Day,
    /// Until when nearly all substitution was methadone (Senate question 4-5695, 2010); the turn
    /// is invented.
    pub(super) buprenorphine: Day,
}

impl Dates {
    fn new() -> Self {
        let day = |year, month| NaiveDate::from_ymd_opt(year, month, 1).map_or(Day::MIN, day_of);
        Self {
            cap_ended: day(2016, 5),
            tandem: day(2017, 10),
            drugs_and_detention: day(2023, 10),
            beveren: day(2022, 1),
            november_2025: day(2025, 11),
            depot: day(2021, 1),
            buprenorphine: day(2018, 1),
        }
    }
}

/// Saturday or Sunday; day 1, 1 January of the year 1, was a Monday.
pub(super) const fn is_weekend(day: Day) -> bool {
    (day - 1).rem_euclid(7) >= 5
}

/// The day itself, or the Monday after it.
pub(super) const fn working_day(day: Day) -> Day {
    let mut day = day;
    while is_weekend(day) {
        day += 1;
    }
    day
}

/// Which prisons give substitution on a detoxification basis only: drawn, for the source names
/// none. Not Brugge, where 71 were in substitution treatment in 2022 (Senate question 7-1534).
fn detoxification_only(seed: u64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..PRISONS.len()).collect();
    order.sort_by_key(|place| scramble([seed, 0, *place as u64]));
    order.retain(|place| *place != usize::from(BRUGGE.0));
    let mut only = vec![false; PRISONS.len()];
    for place in &order[..rates::DETOX_ONLY_PRISONS] {
        only[*place] = true;
    }
    only
}

const fn prison(code: &str) -> Prison {
    let mut place = 0;
    while !same(PRISONS[place].0, code) {
        place += 1;
    }
    Prison(place as u8)
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_prisons_give_detoxification_only_and_brugge_is_none_of_them() {
        for seed in 0..200 {
            let only = detoxification_only(seed);
            assert_eq!(only.iter().filter(|only| **only).count(), 5, "seed {seed}");
            assert!(!only[usize::from(BRUGGE.0)], "seed {seed}");
        }
    }
}
