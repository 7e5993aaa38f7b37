//! Rates of facilities and projects.

use crate::domain::vocabulary::choice::EvaluationOutcome;
use crate::simulate::rate::Rate;

/// Detained in 1000 places in February 2025: 12,635 for 11,040 (sources B4); before, the same,
/// because no earlier pair of figures was read.
pub const OCCUPANCY_EARLY_2025: i32 = 1144;
/// Detained in 1000 places in December 2025: 13,397 for 10,795 (sources B4).
pub const OCCUPANCY_END_2025: i32 = 1241;
/// Of 1,000 detained persons above the number of places, so many sleep on the floor: 614 of 2,602
/// (sources B4).
pub const FLOOR_SLEEPERS_PER_1000: i32 = 236;
/// A prison's own share of detained differs from the whole by so many in 1000 at most: invented.
pub const OCCUPANCY_SPREAD: i32 = 150;
/// Detained in 1000 places from which a prison is recorded as overcrowded: invented.
pub const OVERCROWDED_FROM: i32 = 1200;
/// A disruption is recorded on its first day, without its end: invented.
pub const DISRUPTION_OPEN: Rate = Rate::percent(20);
/// A project trains staff, a quarter of a year: training is named (slides, 2026), the rate is
/// invented.
pub const TRAINED: Rate = Rate::percent(60);
/// The audiences of trainings, with weights: invented.
pub const AUDIENCES: &[(&str, u32)] = &[("prisonOfficers", 5), ("careTeam", 3), ("physicians", 2)];
/// Euro a year for a project, at least and at most: invented.
pub const EURO_A_YEAR: (i32, i32) = (60_000, 320_000);
/// Outcomes of the process evaluation with weights: invented.
pub const PROCESS_OUTCOMES: &[(EvaluationOutcome, u32)] = &[
    (EvaluationOutcome::Positive, 5),
    (EvaluationOutcome::Mixed, 4),
    (EvaluationOutcome::Negative, 1),
];
/// Outcomes of the effect evaluation with weights: invented. A negative outcome would end the
/// project (the working group's note, 2.3); the lives go on in it, so no outcome is negative.
pub const EFFECT_OUTCOMES: &[(EvaluationOutcome, u32)] =
    &[(EvaluationOutcome::Positive, 6), (EvaluationOutcome::Mixed, 4)];
