//! The runs of dates behind the figures, each with its reason and the records it rests on.
//! Always: the runs of one list do not overlap; together they are all dates of the list.
//! Rules: "Readings" of the credit rules (`counted`, `excluded`), and its day book.

use super::answer::{DayReason, ReasonRun, RecordedRun, StateRun};
use super::day_book::DayState;
use super::evidence::{Evidence, Layer};
use super::reading::{ReadingRuns, RunsByReading};
use super::work::{CreditInput, WorkedModality};
use crate::domain::finding::RecordName;
use crate::domain::stays::Presence;
use crate::domain::time::dates::{DateRun, DateSet};

const STATE: &[Layer] = &[Layer::State];
const STAYS: &[Layer] = &[Layer::Stays];
const STATE_AND_STAYS: &[Layer] = &[Layer::State, Layer::Stays];

/// The dates of presences by the reason for which an absence or a closing leaves them out.
pub(super) struct PresenceDates {
    /// The dates of all presences, absences included.
    covered: DateSet,
    /// The dates that an unauthorised absence takes.
    absent: DateSet,
}

impl PresenceDates {
    pub fn of(input: &CreditInput<'_>) -> Self {
        let (at, rule) = (input.counted.at, input.query.absence);
        let presences = || input.stays.presences.iter();
        let taken = |presence: &Presence<'_>| {
            let taken = presence.unauthorised().map(|a| presence.dates_taken(a, at, rule));
            DateSet::new([presence.run(at)]).intersect(&taken.collect())
        };
        let taken: Vec<DateSet> = presences().map(taken).collect();
        Self {
            covered: presences().map(|presence| presence.run(at)).collect(),
            absent: taken.iter().flat_map(DateSet::runs).collect(),
        }
    }
}

/// The day book as the answer writes it.
pub(super) fn state_runs(worked: &WorkedModality<'_, '_>, evidence: &Evidence) -> Vec<StateRun> {
    let state_run = |state, run: DateRun, records| {
        let DateRun { first: from, last: to } = run;
        StateRun { from, to, days: run.days(), state, records }
    };
    with_records(worked.book.runs(), evidence, STATE, state_run)
}

/// The maximal runs of a set of dates, each with its records.
pub(super) fn recorded_runs(dates: &DateSet, evidence: &Evidence) -> Vec<RecordedRun> {
    let runs = dates.runs().map(|run| ((), run)).collect();
    with_records(runs, evidence, STATE, |(), run, records| RecordedRun::new(run, records))
}

/// Makes an answer from each of these runs, which stand in the order of dates, and its records.
fn with_records<K, A>(
    runs: Vec<(K, DateRun)>,
    evidence: &Evidence,
    layers: &[Layer],
    answer: impl Fn(K, DateRun, Vec<RecordName>) -> A,
) -> Vec<A> {
    let dates: Vec<DateRun> = runs.iter().map(|(_, run)| *run).collect();
    let names = evidence.names(&dates, layers);
    runs.into_iter().zip(names).map(|((kind, run), records)| answer(kind, run, records)).collect()
}

/// The runs of all readings of a modality.
pub(super) fn runs_by_reading(
    worked: &WorkedModality<'_, '_>,
    evidence: &Evidence,
    presences: &PresenceDates,
) -> RunsByReading {
    let book = &worked.book;
    let in_window = |dates: &DateSet| match worked.window.last() {
        Some(last) => dates.clip(book.extent.first, last),
        None => DateSet::default(),
    };
    let states = || DayState::ALL.iter().map(|&state| (DayReason::from(state), book.dates(state)));
    let not_lived = states().filter(|(why, _)| *why != DayReason::UnderModality);
    let not_lived: Vec<(DayReason, DateSet)> =
        not_lived.map(|(why, dates)| (why, in_window(dates))).collect();
    // Each date of a presence gets the first reason that excludes it.
    let mut left = presences.covered.minus(&worked.treated);
    let inside = in_window(&DateSet::new([book.extent]));
    let outside = left.minus(&inside);
    left = left.intersect(&inside);
    let mut not_treated = Vec::new();
    for (why, dates) in &not_lived {
        not_treated.push((*why, left.intersect(dates)));
        left = left.minus(dates);
    }
    not_treated.push((DayReason::UnauthorisedAbsence, left.intersect(&presences.absent)));
    not_treated.push((DayReason::ClosingDate, left.minus(&presences.absent)));
    let of = |why, dates: &DateSet, layers| reason_runs(&[(why, dates.clone())], evidence, layers);
    let mut not_treated = reason_runs(&not_treated, evidence, STATE_AND_STAYS);
    not_treated.extend(of(DayReason::OutsideWindow, &outside, STAYS));
    not_treated.sort_by_key(|run| run.from);
    RunsByReading {
        under_modality: ReadingRuns {
            counted: of(DayReason::UnderModality, &book.under_modality, STATE),
            excluded: reason_runs(&not_lived, evidence, STATE),
        },
        in_treatment: ReadingRuns {
            counted: of(DayReason::InTreatment, &worked.treated, STATE_AND_STAYS),
            excluded: not_treated,
        },
    }
}

/// The maximal runs of each set, in the order of dates.
fn reason_runs(
    sets: &[(DayReason, DateSet)],
    evidence: &Evidence,
    layers: &[Layer],
) -> Vec<ReasonRun> {
    let of_set = |(why, dates): &(DayReason, DateSet)| {
        let why = *why;
        dates.runs().map(move |run| (why, run)).collect::<Vec<_>>()
    };
    let mut runs: Vec<(DayReason, DateRun)> = sets.iter().flat_map(of_set).collect();
    runs.sort_by_key(|(_, run)| run.first);
    let reason_run = |why, run: DateRun, records| {
        let DateRun { first: from, last: to } = run;
        ReasonRun { from, to, days: run.days(), why, records }
    };
    with_records(runs, evidence, layers, reason_run)
}
