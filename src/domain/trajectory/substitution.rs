//! The state of a person's substitution treatment.
//! Always: `interrupted` needs records that say so; silence is `unknown`, never missed; a day on
//! which no dose was offered is never counted as missed by the person.
//! Form: `substitution` of the trajectory in the HTTP contract.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;

use super::clock::AnswerClock;
use super::doses::{Cause, Dose, DoseSource, SubstitutionTimeline, Withheld, silent_from, window};
use super::rules::ContinuityRules;
use super::stops::{concerns_all, ended_between, is_after, product_at, stop_in_force};
use crate::domain::choices::choices;
use crate::domain::history::Item;
use crate::domain::time::calendar::{self, days_after};
use crate::domain::vocabulary::choice::{Goal, Product, StopReason};
use crate::domain::vocabulary::fact::Prescribed;

choices! {
    /// The state of a substitution.
    SubstitutionState:
        /// No substitution is recorded.
        None = "none",
        /// The substitution goes on.
        Maintained = "maintained",
        /// The substitution goes on and is being reduced.
        Tapering = "tapering",
        /// Records say that the substitution broke off.
        Interrupted = "interrupted",
        /// The substitution was ended by plan or by the person.
        Stopped = "stopped",
        /// The records do not say.
        Unknown = "unknown",
}

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Substitution {
    /// The state.
    pub state: SubstitutionState,
    /// The product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Product>,
    /// The dose last given, prescribed or changed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dose_micrograms: Option<u32>,
    /// The goal of the current prescription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// When the last recorded dose was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_dose_at: Option<DateTime<Utc>>,
    /// When the next dose is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due_by: Option<DateTime<Utc>>,
    /// Civil dates since the last dose on which the person refused or did not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed_days: Option<usize>,
    /// Civil dates since the last dose on which a due dose was not offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_offered_days: Option<usize>,
    /// The review that the guideline on missed methadone asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// The silence that makes the state `unknown`; `None`: the state has another reason.
    #[serde(skip)]
    pub silence: Option<Silence>,
}

/// A silence: for too long no record has said whether the substitution goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// When the time limit for a record ran out.
    pub since: DateTime<Utc>,
    /// The interval between doses from which the limit follows.
    pub interval_days: u32,
}

impl Substitution {
    /// The substitution after a death.
    pub fn ended(mut self) -> Self {
        if self.state != SubstitutionState::None {
            self.state = SubstitutionState::Stopped;
        }
        (self.next_due_by, self.review, self.silence) = (None, None, None);
        (self.missed_days, self.not_offered_days) = (None, None);
        self
    }

    /// Whether the records say that the substitution goes on.
    pub fn goes_on(&self) -> bool {
        matches!(self.state, SubstitutionState::Maintained | SubstitutionState::Tapering)
    }
}

/// Derives the state of the substitution from the records.
pub fn fold(
    timeline: &SubstitutionTimeline,
    clock: &AnswerClock,
    rules: &ContinuityRules,
) -> Substitution {
    let prescription = current_prescription(timeline);
    let mut substitution = Substitution {
        state: SubstitutionState::None,
        product: product_at(timeline, None),
        dose_micrograms: amount(timeline),
        goal: prescription.map(|(_, prescribed)| prescribed.goal),
        last_dose_at: timeline.doses.last().map(|dose| dose.at),
        next_due_by: None,
        missed_days: None,
        not_offered_days: None,
        review: None,
        silence: None,
    };
    if timeline.last.is_none() {
        return substitution;
    }
    if let Some((_, stop)) = stop_in_force(timeline) {
        substitution.state = after_stop(stop.reason);
        return substitution;
    }
    let course = SinceLastDose::of(timeline, rules);
    let run = course.run(rules);
    substitution.missed_days = Some(course.dates(Some(Cause::Missed)).len());
    substitution.not_offered_days = Some(course.dates(Some(Cause::NotOffered)).len());
    substitution.next_due_by = course.due;
    let silence = course.silence.filter(|silence| clock.reached(silence.since));
    substitution.review = review(substitution.product, run, rules);
    let broken_off = course.is_broken_off(run, clock, rules);
    let resumed_after_gap = resumed_after_gap(timeline, rules);
    substitution.state = if broken_off {
        SubstitutionState::Interrupted
    } else if !course.is_known() || silence.is_some() {
        SubstitutionState::Unknown
    } else if resumed_after_gap {
        SubstitutionState::Interrupted
    } else if substitution.goal == Some(Goal::Detoxification) {
        SubstitutionState::Tapering
    } else {
        SubstitutionState::Maintained
    };
    // A state that follows from records is no silence, even if the records are old.
    let is_unknown = substitution.state == SubstitutionState::Unknown;
    substitution.silence = silence.filter(|_| is_unknown);
    substitution
}

/// The prescription in force: the last one, unless a later dose names another prescription.
pub fn current_prescription<'a>(
    timeline: &SubstitutionTimeline<'a>,
) -> Option<(&'a Item, &'a Prescribed)> {
    let last = timeline.prescriptions.last().copied()?;
    let named = timeline.doses.last().filter(|dose| dose.at >= last.0.instant());
    named
        .and_then(|dose| dose.prescription)
        .and_then(|id| timeline.by_id.get(id))
        .copied()
        .or(Some(last))
}

/// The state after a stop. A stop by plan or by the person is a stop. A stop that others force on
/// the person, or that a move causes, is an interruption until a dose or a prescription follows.
fn after_stop(reason: StopReason) -> SubstitutionState {
    match reason {
        StopReason::Planned | StopReason::Client | StopReason::Death => SubstitutionState::Stopped,
        StopReason::Forced | StopReason::Transfer | StopReason::Release => {
            SubstitutionState::Interrupted
        }
    }
}

/// The last amount of the current product.
fn amount(timeline: &SubstitutionTimeline) -> Option<u32> {
    let current = product_at(timeline, None);
    timeline
        .amounts
        .iter()
        .rfind(|(_, product, _)| product.is_none() || *product == current)
        .map(|(.., micrograms)| *micrograms)
}

/// The records since the last dose.
struct SinceLastDose<'a, 't> {
    last: Option<&'t Dose<'a>>,
    withheld: Vec<&'t Withheld<'a>>,
    due: Option<DateTime<Utc>>,
    /// The silence that sets in if nothing more is recorded.
    silence: Option<Silence>,
    begun: Option<DateTime<Utc>>,
}

impl<'a, 't> SinceLastDose<'a, 't> {
    fn of(timeline: &'t SubstitutionTimeline<'a>, rules: &ContinuityRules) -> Self {
        let last = timeline.doses.last();
        let begun = begun_anew(timeline, last);
        let withheld: Vec<&Withheld> = timeline
            .withheld
            .iter()
            .filter(|withheld| last.is_none_or(|dose| withheld.item.instant() > dose.at))
            .filter(|withheld| last.is_none_or(|dose| withheld.item.date() > dose.date()))
            .collect();
        let unstated = rules.thresholds.unstated_interval_days.value;
        let (due, interval_days) = match (begun, last) {
            (Some(begun), _) => {
                (Some(days_after(begun, rules.thresholds.first_dose_days.value)), unstated)
            }
            (None, Some(dose)) => (Some(dose.next_due()), dose.interval_days),
            (None, None) => (None, unstated),
        };
        let limit = due.map(|due| silent_from(due, interval_days, rules));
        let again = |withheld: &&Withheld| days_after(withheld.item.instant(), 1);
        let heard = withheld.last().map(again);
        // A record of a dose not given extends the known time only if it comes before the silence
        // has set in.
        let mut unknown_from = limit;
        for (first, last) in stretches(&dates_of(&withheld), rules) {
            let of = |on: NaiveDate| move |withheld: &&&Withheld| withheld.item.date() == on;
            let began = withheld.iter().find(of(first)).map(|withheld| withheld.item.instant());
            if unknown_from.is_some() && began >= unknown_from {
                break;
            }
            let heard = withheld.iter().rfind(of(last)).map(again);
            unknown_from = unknown_from.max(match window(interval_days, rules) {
                Some(_) => heard,
                None => heard.map(|heard| silent_from(heard, interval_days, rules)),
            });
        }
        let silence = unknown_from.map(|since| Silence { since, interval_days });
        Self { last, withheld, due: due.or(heard), silence, begun }
    }

    /// Whether any record says that doses are given.
    fn is_known(&self) -> bool {
        self.last.is_some() || self.begun.is_some()
    }

    /// The dates of doses not given, for one cause or for all.
    fn dates(&self, cause: Option<Cause>) -> BTreeSet<NaiveDate> {
        self.withheld
            .iter()
            .filter(|withheld| cause.is_none_or(|cause| withheld.cause == cause))
            .map(|withheld| withheld.item.date())
            .collect()
    }

    /// The most consecutive dates without a dose: the dates on record as not given and, within a
    /// stretch of these, also the dates on which a dose was due and nothing was recorded.
    fn run(&self, rules: &ContinuityRules) -> u32 {
        let dates = self.dates(None);
        let due = self.last.filter(|_| self.begun.is_none()).map(Dose::next_due);
        let due_on = due.map(calendar::date_of);
        let of_stretch = |(first, last): (NaiveDate, NaiveDate)| {
            let mut from = due_on.map_or(first, |due_on| first.max(due_on));
            if from > last {
                return 0;
            }
            while let Some(before) = from.pred_opt().filter(|before| dates.contains(before)) {
                from = before;
            }
            u32::try_from((last - from).num_days() + 1).unwrap_or(u32::MAX)
        };
        let stretches = stretches(&dates, rules).into_iter().map(of_stretch);
        stretches.fold(longest_run(&dates), u32::max)
    }

    /// Whether records say that the substitution broke off. With a daily product: there were enough
    /// consecutive days without a dose, for any reason. With a depot: the window is over, and a
    /// dose due in the window is on record as not given.
    fn is_broken_off(&self, run: u32, clock: &AnswerClock, rules: &ContinuityRules) -> bool {
        let Some(dose) = self.last.filter(|_| self.begun.is_none()) else {
            return run >= rules.thresholds.missed_review_days.value;
        };
        let Some(window) = dose.window_days(rules) else {
            return run >= rules.thresholds.missed_review_days.value;
        };
        let due = dose.next_due();
        let due_on = calendar::date_of(due);
        let opens = due_on.checked_sub_days(Days::new(window.into())).unwrap_or(due_on);
        self.withheld.iter().any(|withheld| withheld.item.date() >= opens)
            && clock.reached(days_after(due, window))
    }
}

/// When the substitution began anew: at the first prescription after the last stop or, with no dose
/// and no stop, at the first prescription of all. A later prescription is a renewal: only a dose or
/// a stop ends the wait for a dose that is due.
fn begun_anew(timeline: &SubstitutionTimeline, last: Option<&Dose>) -> Option<DateTime<Utc>> {
    let since = |item: &Item| last.is_none_or(|dose| item.instant() >= dose.at);
    let stop = timeline
        .stops
        .iter()
        .rfind(|(item, stop)| since(item) && concerns_all(timeline, item, stop));
    let mut orders = timeline.prescriptions.iter();
    let first = match (stop, last) {
        (Some((item, stop)), _) => orders.find(|order| is_after(order, item, stop)),
        (None, None) => orders.next(),
        (None, Some(_)) => None,
    };
    first.map(|(order, _)| order.instant())
}

/// Whether the last dose came after a gap. The gap counts until the next dose comes in time, or
/// until a prescriber orders doses anew. A dose that a provider only reports shows no gap: the
/// provider who gave the doses before may not record in this ledger.
fn resumed_after_gap(timeline: &SubstitutionTimeline, rules: &ContinuityRules) -> bool {
    let [.., before, last] = &timeline.doses[..] else { return false };
    let ended = [StopReason::Planned, StopReason::Client];
    if last.source == DoseSource::Reported || ended_between(timeline, before.at, last.at, &ended) {
        return false;
    }
    let due = before.next_due();
    let ordered = |(order, _): &(&Item, _)| order.instant() > due && order.instant() <= last.at;
    if timeline.prescriptions.iter().any(ordered) {
        return false;
    }
    if before.window_days(rules).is_some() {
        return last.at > before.continuous_until(rules);
    }
    let missing = last.date().signed_duration_since(calendar::date_of(due));
    missing.num_days() >= rules.thresholds.missed_review_days.value.into()
}

/// The dates of doses not given, each once.
fn dates_of(withheld: &[&Withheld]) -> BTreeSet<NaiveDate> {
    withheld.iter().map(|withheld| withheld.item.date()).collect()
}

/// Groups dates into stretches, each by its first and last date. The gap between two dates of one
/// stretch is short enough that the substitution stays known.
fn stretches(dates: &BTreeSet<NaiveDate>, rules: &ContinuityRules) -> Vec<(NaiveDate, NaiveDate)> {
    let silent_max = i64::from(rules.thresholds.overdue_limit_hours.value / 24);
    let mut stretches: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for &date in dates {
        match stretches.last_mut() {
            Some((_, last)) if (date - *last).num_days() <= silent_max + 1 => *last = date,
            _ => stretches.push((date, date)),
        }
    }
    stretches
}

/// The length of the longest run of consecutive dates.
fn longest_run(dates: &BTreeSet<NaiveDate>) -> u32 {
    let (mut longest, mut run) = (0, 0);
    let mut before: Option<NaiveDate> = None;
    for &date in dates {
        run = if before.and_then(|before| before.succ_opt()) == Some(date) { run + 1 } else { 1 };
        longest = longest.max(run);
        before = Some(date);
    }
    longest
}

/// The review that the guideline asks for; the guideline is about methadone only.
fn review(product: Option<Product>, run: u32, rules: &ContinuityRules) -> Option<Review> {
    let thresholds = &rules.thresholds;
    if product != Some(Product::Methadone) {
        return None;
    }
    [
        (thresholds.missed_induction_days.value, Review::NewInduction),
        (thresholds.missed_prescriber_days.value, Review::ByPrescriber),
        (thresholds.missed_review_days.value, Review::BeforeNextDose),
    ]
    .into_iter()
    .find(|(days, _)| run >= *days)
    .map(|(_, review)| review)
}
