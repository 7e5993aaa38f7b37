//! Substitution treatment: its state, what is due, and what the last days were like.
//! Always: `interrupted` needs records that say so; silence is `unknown`, never missed; cover is a
//! union, never the last record.
//! Rules: the section "Substitution" of the continuity rules.

mod course;
mod cover;
mod elements;
mod flow;
mod follow;
mod interruption;
mod prescriptions;
mod standing;
mod tellings;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

pub(super) use self::cover::Dose;
pub(super) use self::elements::{Stop, SubstitutionRecords};
pub(super) use self::follow::{AtMove, FollowedSubstitution, follow};
pub(super) use self::interruption::Onset;
pub(super) use self::prescriptions::{Prescription, Prescriptions, days_of};
pub use self::standing::SubstitutionState;
pub(super) use self::standing::{Standing, standing};
pub(super) use self::tellings::Telling;

use self::flow::Flow;
use super::clock::AnswerClock;
use super::rules::Threshold;
use crate::domain::choices::choices;
use crate::domain::history::is_unset;
use crate::domain::time::dates::days_between;
use crate::domain::vocabulary::choice::{Goal, Product};

choices! {
    /// The review that the guideline on missed methadone asks for. The ledger never proposes a
    /// dose.
    Review:
        /// The dose is held until the person is assessed.
        BeforeNextDose = "beforeNextDose",
        /// The prescriber reviews the treatment.
        ByPrescriber = "byPrescriber",
        /// The treatment starts again with an induction.
        NewInduction = "newInduction",
}

/// Substitution at the instant of the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Substitution {
    /// The state; in the state `none` there is no other member.
    pub state: SubstitutionState,
    /// The product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Product>,
    /// The goal of the prescription in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// The last amount of one dose that a dose, a prescription or a change says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dose_micrograms: Option<u32>,
    /// Doses a day, if more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doses_per_day: Option<u32>,
    /// The amount of one day, if there is more than one dose a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_micrograms: Option<u64>,
    /// When the last recorded dose was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_dose_at: Option<DateTime<Utc>>,
    /// When the next dose is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due_by: Option<DateTime<Utc>>,
    /// Dates since the last dose on which the person refused or did not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed_days: Option<usize>,
    /// Dates since the last dose on which a due dose was not offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_offered_days: Option<usize>,
    /// The review that the guideline on missed methadone asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

impl Substitution {
    /// A substitution of which only the state is told.
    pub fn of_state(state: SubstitutionState) -> Self {
        Self { state, ..Self::default() }
    }

    /// The substitution after a death, or after a stop.
    pub fn ended(self) -> Self {
        if self.state == SubstitutionState::None {
            return self;
        }
        let state = SubstitutionState::Stopped;
        let (next_due_by, missed_days, not_offered_days, review) = (None, None, None, None);
        Self { state, next_due_by, missed_days, not_offered_days, review, ..self }
    }

    /// Whether someone has to see to substitution.
    pub const fn is_needed(&self) -> bool {
        !matches!(self.state, SubstitutionState::None | SubstitutionState::Stopped)
    }
}

/// The days without a dose, and the review that they call for.
#[derive(Debug, Clone, Copy)]
pub(super) struct DaysWithoutDose<'r> {
    pub days: u32,
    /// The review, with its threshold.
    pub review: Option<(Review, &'r Threshold)>,
}

/// The days without a dose, while an interruption runs or has faded.
pub(super) fn days_without_dose<'t>(
    followed: &FollowedSubstitution<'_, 't>,
    clock: &AnswerClock,
) -> Option<DaysWithoutDose<'t>> {
    let now = &followed.now;
    let interruption = now.interruption?;
    let forced = match interruption.onset {
        Onset::Forced { due_on } => {
            let first = followed.doses_after(interruption.since).first();
            days_between(due_on, first.map_or_else(|| clock.today(), |dose| dose.date))
        }
        _ => 0,
    };
    let days = forced.max(now.without.days());
    let thresholds = &now.rules.thresholds;
    let steps = [
        (Review::NewInduction, &thresholds.missed_induction_days),
        (Review::ByPrescriber, &thresholds.missed_prescriber_days),
        (Review::BeforeNextDose, &thresholds.missed_review_days),
    ];
    let is_methadone = now.product() == Some(Product::Methadone);
    let reached = steps.into_iter().find(|(_, threshold)| is_methadone && days >= threshold.value);
    Some(DaysWithoutDose { days, review: reached })
}

/// The members of the answer.
pub(super) fn substitution(
    followed: &FollowedSubstitution,
    standing: &Standing,
    clock: &AnswerClock,
) -> Substitution {
    let (state, now) = (standing.state, &followed.now);
    if state == SubstitutionState::None {
        return Substitution::of_state(state);
    }
    let product = now.product();
    let in_force = now.in_force().map(|prescription| prescription.prescribed);
    // While no element names a product, a change without product says the amount of each.
    let dose_micrograms = now.amounts[product.unwrap_or(Product::Methadone) as usize];
    let doses_per_day = in_force
        .filter(|one| Some(one.product) == product && days_of(one, now.rules) == 1)
        .and_then(|prescribed| prescribed.doses_per_day)
        .filter(|doses| *doses > 1);
    let day = |(doses, each): (u32, u32)| u64::from(doses) * u64::from(each);
    let only_shown = now.records.only_shown.iter().filter(|dose| !is_unset(dose.date));
    let doses = only_shown.map(|dose| dose.at).chain(now.last_dose.map(|dose| dose.at));
    let answer = Substitution {
        state,
        product,
        goal: in_force.map(|prescribed| prescribed.goal),
        dose_micrograms,
        doses_per_day,
        day_micrograms: doses_per_day.zip(dose_micrograms).map(day),
        last_dose_at: doses.max(),
        next_due_by: standing.due.map(|due| due.at),
        missed_days: Some(withheld_dates(now, true)),
        not_offered_days: Some(withheld_dates(now, false)),
        review: days_without_dose(followed, clock).and_then(|days| Some(days.review?.0)),
    };
    if state == SubstitutionState::Stopped { answer.ended() } else { answer }
}

/// The number of dates of doses withheld since the last dose, for one of the two causes.
fn withheld_dates(now: &Flow, is_missed: bool) -> usize {
    let dates = now.withheld_since().filter(|withheld| withheld.is_missed == is_missed);
    let mut dates: Vec<NaiveDate> = dates.map(|withheld| withheld.record.date).collect();
    dates.dedup();
    dates.len()
}
