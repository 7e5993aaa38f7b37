//! A course of substitution treatment: product, dose, who gives it.
//! Always: doses in micrograms, within the ranges of sources B2.

use super::moment::{Day, LocalMoment};
use super::place::CodeText;
use super::random::RandomStream;
use super::rates;
use super::sender::SendingSystem;
use super::series::SeriesId;
use super::world::World;
use crate::domain::vocabulary::choice::{Formulation, Goal, Product, Setting};

/// Micrograms in a milligram.
pub(super) const MILLIGRAM: u32 = 1000;

/// A running course.
#[derive(Debug, Clone, Copy)]
pub(super) struct SubstitutionCourse {
    pub(super) prescription: SeriesId,
    pub(super) product: Product,
    pub(super) formulation: Formulation,
    /// One dose; a course with several doses a day has as many of them.
    pub(super) dose: u32,
    pub(super) doses_per_day: u32,
    /// The dose that titration goes to.
    pub(super) target: u32,
    pub(super) goal: Goal,
    pub(super) setting: Setting,
    pub(super) place: CodeText,
    pub(super) source: SendingSystem,
    /// The day of the prescription; a dose of that day is given in the afternoon, after it.
    pub(super) since: Day,
    /// When the next dose is due.
    pub(super) due: Day,
    /// When the last dose was given.
    pub(super) last: LocalMoment,
    /// Doses given under this prescription.
    pub(super) given: u32,
    /// Days of a break that are still left, and the days of the whole break.
    pub(super) pause: (i32, i32),
}

impl SubstitutionCourse {
    /// Days from one dose to the next.
    pub(super) const fn interval(&self) -> i32 {
        match self.formulation {
            Formulation::DepotWeekly => 7,
            Formulation::DepotMonthly => 28,
            Formulation::OralSolution | Formulation::Sublingual => 1,
        }
    }

    /// The same course with half the dose twice a day, if the product and the dose allow it.
    pub(super) fn split(self) -> Self {
        let daily = self.product == Product::Methadone && self.doses_per_day == 1;
        if !daily || self.dose < rates::SPLIT_FROM_MG * MILLIGRAM {
            return self;
        }
        let half = |dose: u32| dose / 2 / MILLIGRAM * MILLIGRAM;
        Self { dose: half(self.dose), target: half(self.target), doses_per_day: 2, ..self }
    }

    /// The step in which the dose is changed.
    pub(super) const fn step(&self) -> u32 {
        match self.formulation {
            Formulation::OralSolution => 5 * MILLIGRAM,
            Formulation::Sublingual => 2 * MILLIGRAM,
            Formulation::DepotWeekly => 8 * MILLIGRAM,
            Formulation::DepotMonthly => 32 * MILLIGRAM,
        }
    }

    /// The next dose of a taper; 0 ends the taper. A depot exists only in the doses of its range.
    pub(super) const fn tapered(&self) -> u32 {
        let less = self.dose.saturating_sub(self.step());
        if self.interval() > 1 && less < self.range().0 { 0 } else { less }
    }

    /// The least and the greatest dose of the form.
    pub(super) const fn range(&self) -> (u32, u32) {
        match self.formulation {
            Formulation::OralSolution => (5 * MILLIGRAM, 120 * MILLIGRAM),
            Formulation::Sublingual => (8 * MILLIGRAM, 24 * MILLIGRAM),
            Formulation::DepotWeekly => (8 * MILLIGRAM, 32 * MILLIGRAM),
            Formulation::DepotMonthly => (64 * MILLIGRAM, 160 * MILLIGRAM),
        }
    }
}

/// A course as the house outside gives it before an arrival.
pub(super) fn outside(
    world: &World,
    dice: &mut RandomStream,
    prescription: SeriesId,
    due: Day,
) -> SubstitutionCourse {
    let weights = if due >= world.milestones.depot {
        rates::PRODUCTS
    } else if due >= world.milestones.buprenorphine {
        rates::PRODUCTS_BEFORE_DEPOT
    } else {
        rates::PRODUCTS_EARLY
    };
    let forms = [
        (Product::Methadone, Formulation::OralSolution),
        (Product::BuprenorphineNaloxone, Formulation::Sublingual),
        (Product::Buprenorphine, Formulation::Sublingual),
        (Product::Buprenorphine, Formulation::DepotWeekly),
        (Product::Buprenorphine, Formulation::DepotMonthly),
    ];
    let choices = std::array::from_fn::<_, 5, _>(|place| (forms[place], weights[place]));
    let (product, formulation) = dice.pick(&choices);
    let milligrams = dice.pick(match formulation {
        Formulation::OralSolution => rates::METHADONE_MG,
        Formulation::Sublingual => rates::BUPRENORPHINE_MG,
        Formulation::DepotWeekly => rates::DEPOT_WEEKLY_MG,
        Formulation::DepotMonthly => rates::DEPOT_MONTHLY_MG,
    });
    SubstitutionCourse {
        prescription,
        product,
        formulation,
        dose: milligrams * MILLIGRAM,
        doses_per_day: 1,
        target: milligrams * MILLIGRAM,
        goal: Goal::Maintenance,
        setting: Setting::Community,
        place: "msoc",
        source: SendingSystem::House("msoc"),
        since: Day::MIN,
        due,
        last: LocalMoment::new(due - 1, 9 * 3600),
        given: 0,
        pause: (0, 0),
    }
}
