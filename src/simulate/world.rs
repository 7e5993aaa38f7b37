//! The world that all simulated lives share: prisons, projects, strikes, the calendar.
//! Always: the same for every life of a plan; the part of one person is in [`super::quota`].

use chrono::NaiveDate;

use super::fate::Slot;
use super::moment::{Day, date_of, day_of, offset_hours};
use super::place::{BRUGGE, CodeText, FLEMISH, PRISON_COUNT, Prison};
use super::plan::{Plan, PlanDays};
use super::quota::Quota;
use super::random::{RandomStream, hash_numbers};
use super::rates;
use crate::domain::vocabulary::choice::DisruptionCause;
use crate::domain::vocabulary::code::Code;
use crate::domain::vocabulary::place::Place;
use crate::domain::vocabulary::registry::Registry;

/// The facts that all lives of a plan share.
pub(super) struct World {
    pub(super) span: PlanDays,
    pub(super) milestones: Milestones,
    detoxification_only: Vec<bool>,
    choices: Vec<(Prison, u32)>,
    /// The register's entry of each prison.
    places: Vec<Option<&'static Place>>,
    offsets: Vec<u8>,
    quota: Option<Quota>,
}

/// Days on which a prison cannot give care as planned, both included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disruption {
    pub(super) cause: DisruptionCause,
    pub(super) from: Day,
    pub(super) to: Day,
}

/// Days of a fortnight, in which a prison has at most one disruption.
pub(super) const FORTNIGHT: Day = 14;

/// Days before the plan for which the offset is kept: payloads name instants up to so long before.
const OFFSETS_BEFORE: Day = 60;

impl World {
    pub(super) fn new(plan: &Plan) -> Self {
        let span = PlanDays::new(plan);
        let days = span.from - OFFSETS_BEFORE..=span.to;
        Self {
            span,
            milestones: Milestones::new(),
            detoxification_only: detoxification_only(span.seed),
            choices: Prison::weighed(),
            places: Prison::weighed().iter().map(|(prison, _)| entry(*prison)).collect(),
            offsets: days.map(|day| offset_hours(day) as u8).collect(),
            quota: Quota::of(span),
        }
    }

    /// A person's part of the figures of 2025.
    pub(super) fn slot(&self, person: u64) -> Option<Slot> {
        self.quota.as_ref()?.slot(person)
    }

    /// Whether decisions of a day count in the figures of 2025 that this plan gives.
    pub(super) fn counts(&self, day: Day) -> bool {
        self.quota.is_some() && Quota::days().contains(&day)
    }

    /// The Brussels offset of a day, in hours.
    pub(super) fn offset_hours(&self, day: Day) -> u32 {
        let place = usize::try_from(day - (self.span.from - OFFSETS_BEFORE)).ok();
        let known = place.and_then(|place| self.offsets.get(place)).copied();
        known.map_or_else(|| offset_hours(day), u32::from)
    }

    /// A prison that is open on a day.
    pub(super) fn any_prison(&self, dice: &mut RandomStream, day: Day) -> Prison {
        loop {
            let prison = dice.pick(&self.choices);
            let place = self.places[prison.index()];
            let closed = place.and_then(|place| place.closure_on(date_of(day))).is_some();
            if !closed {
                return prison;
            }
        }
    }

    /// Whether a prison gives substitution on a detoxification basis only.
    pub(super) fn detoxification_only(&self, prison: Prison) -> bool {
        self.detoxification_only[prison.index()]
    }

    /// What disrupts a whole prison on a day: one answer for everybody held there.
    pub(super) fn disrupted(&self, prison: Prison, day: Day) -> Option<DisruptionCause> {
        let disruption = self.disruption(prison, day / FORTNIGHT)?;
        (disruption.from..=disruption.to).contains(&day).then_some(disruption.cause)
    }

    /// The disruption of a prison in a fortnight, if there is one; fortnights are counted from
    /// day 0.
    pub(super) fn disruption(&self, prison: Prison, fortnight: Day) -> Option<Disruption> {
        let place = prison.index() as u64 + 1;
        let drawn = hash_numbers([self.span.seed, place, u64::from(fortnight.unsigned_abs())]);
        let mut left = drawn % 1000;
        let cause = rates::DISRUPTIONS_PER_1000_FORTNIGHTS.iter().find_map(|(cause, count)| {
            let found = left < *count;
            left = left.saturating_sub(*count);
            found.then_some(*cause)
        })?;
        let [length, offset] = [drawn / 1000, drawn / 1_000_000];
        let days = rates::DISRUPTION_LENGTHS[length as usize % rates::DISRUPTION_LENGTHS.len()];
        let from = fortnight * FORTNIGHT + (offset % (FORTNIGHT - days + 1) as u64) as Day;
        Some(Disruption { cause, from, to: from + days - 1 })
    }

    /// The project that refers from a prison on a day. Between CAP and TANDEM, and outside Flanders
    /// after CAP, the sources name nobody. Where the referrals of D&D are counted, TANDEM refers
    /// everybody else.
    pub(super) fn referrer(&self, prison: Prison, day: Day) -> Option<CodeText> {
        let project = match prison.code() {
            _ if day < self.milestones.cap_ended => "cap",
            _ if day < self.milestones.tandem || prison.index() >= FLEMISH => return None,
            _ if day < self.milestones.drugs_and_detention || self.counts(day) => "tandem",
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
            "beveren" => ("drugsDeBaasBeveren", self.milestones.beveren),
            "kortrijk" => ("drugsDeBaasKortrijk", self.milestones.november_2025),
            "gent" => ("ddGent", self.milestones.drugs_and_detention),
            "dendermonde" => ("ddDendermonde", self.milestones.drugs_and_detention),
            _ => return None,
        };
        (day >= since).then_some(project)
    }

    /// A prison other than `from` with a short intervention on a day; Brugge and Oudenaarde always
    /// have one.
    pub(super) fn another_site(
        &self,
        dice: &mut RandomStream,
        from: Prison,
        day: Day,
    ) -> (Prison, CodeText) {
        loop {
            let prison = self.any_prison(dice, day);
            let project = self.short_intervention(prison, day).filter(|_| prison != from);
            if let Some(project) = project {
                return (prison, project);
            }
        }
    }

    /// The long programmes at Ruiselede in which a person without a slot may be enrolled on a day,
    /// with weights.
    pub(super) fn long_programmes(&self, day: Day) -> [(CodeText, u32); 2] {
        let b_leave = if self.counts(day) { 0 } else { 3 };
        let perspectief = u32::from(day >= self.milestones.november_2025);
        [("bLeave", b_leave), ("perspectief", perspectief)]
    }
}

/// The days from which a fact holds in the real world.
pub(super) struct Milestones {
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
    /// The day until which nearly all substitution was methadone (Senate question 4-5695, 2010);
    /// the day is invented.
    pub(super) buprenorphine: Day,
    /// Detainees are insured: 1 January 2023 (sources B5).
    pub(super) insured: Day,
    /// Early release: the emergency act of 2025 (sources A3.10); the month is invented.
    pub(super) early_release: Day,
}

impl Milestones {
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
            insured: day(2023, 1),
            early_release: day(2025, 7),
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

fn entry(prison: Prison) -> Option<&'static Place> {
    Registry::shipped().place(&Code(prison.code().into()))
}

/// Which prisons give substitution on a detoxification basis only. The prisons are drawn, because
/// the source names none; never Brugge, where 71 were in substitution treatment in 2022 (Senate
/// question 7-1534).
fn detoxification_only(seed: u64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..PRISON_COUNT).collect();
    order.sort_by_key(|place| hash_numbers([seed, 0, *place as u64]));
    order.retain(|place| *place != BRUGGE.index());
    let mut only = vec![false; PRISON_COUNT];
    for place in &order[..rates::DETOX_ONLY_PRISONS] {
        only[*place] = true;
    }
    only
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_prisons_give_detoxification_only_and_brugge_is_none_of_them() {
        for seed in 0..200 {
            let only = detoxification_only(seed);
            assert_eq!(only.iter().filter(|only| **only).count(), 5, "seed {seed}");
            assert!(!only[BRUGGE.index()], "seed {seed}");
        }
    }
}
