//! The state of substitution at an instant, and the silence that may make it unknown.
//! Always: the first row of the table that applies is the state; silence is `unknown`, never
//! missed.
//! Rules: "Silence and interruption" and the table of states in the section "Substitution" of the
//! continuity rules.

use chrono::{DateTime, Utc};

use super::cover::Due;
use super::flow::Flow;
use crate::domain::choices::choices;
use crate::domain::time::calendar::{days_after, hours_after};
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::trajectory::custody::{Places, SeenFrom};
use crate::domain::trajectory::rules::Threshold;
use crate::domain::vocabulary::choice::Goal;

choices! {
    #[derive(Default)]
    /// The state of a substitution.
    SubstitutionState:
        /// No substitution is recorded.
        #[default]
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

/// The silence that sets in if nothing more is recorded.
#[derive(Debug, Clone, Copy)]
pub struct Silence<'r> {
    /// The instant u.
    pub sets_in: DateTime<Utc>,
    /// The threshold that it follows from.
    pub limit: &'r Threshold,
}

/// The state of substitution, with what it follows from.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'r> {
    pub state: SubstitutionState,
    pub due: Option<Due>,
    /// The silence, if it has set in and the state is `unknown`.
    pub silence: Option<Silence<'r>>,
}

/// The state that a flow leaves at the present of a clock: the first row of the table that applies.
/// The clock is asked only where it alone changes the answer.
pub fn standing<'t>(flow: &Flow<'_, 't>, places: &Places, clock: &AnswerClock) -> Standing<'t> {
    let due = flow.due(flow.seen);
    let told = |state| Standing { state, due, silence: None };
    if !flow.records.has_begun(clock.now()) {
        return told(SubstitutionState::None);
    }
    if flow.is_stopped() {
        return told(SubstitutionState::Stopped);
    }
    let by_clock = flow.fades_at().or_else(|| Some(flow.depot_refused()?.since));
    if let Some(instant) = by_clock {
        clock.reached(instant);
    }
    if flow.is_interrupted() {
        return told(SubstitutionState::Interrupted);
    }
    let silence = due.map(|due| silence(flow, due, places, clock));
    let silence = silence.filter(|silence| clock.reached(silence.sets_in));
    if flow.interruption.is_some() || silence.is_some() || flow.course.is_empty() {
        return Standing { silence, ..told(SubstitutionState::Unknown) };
    }
    match flow.in_force().map(|prescription| prescription.prescribed.goal) {
        Some(Goal::Detoxification) => told(SubstitutionState::Tapering),
        _ => told(SubstitutionState::Maintained),
    }
}

/// When silence sets in: some time after due, moved by each withheld dose that comes before it.
fn silence<'t>(flow: &Flow<'_, 't>, due: Due, places: &Places, clock: &AnswerClock) -> Silence<'t> {
    let thresholds = &flow.rules.thresholds;
    let seen = if due.at < clock.now() { places.seen_at(due.at) } else { flow.seen };
    let by_hours = match seen {
        SeenFrom::Liberty => &thresholds.overdue_limit_hours,
        SeenFrom::Prison { .. } => &thresholds.overdue_limit_prison_hours,
    };
    let mut silence = match due.window(flow.rules) {
        Some(window) => Silence { sets_in: days_after(due.at, window.value), limit: window },
        None => Silence { sets_in: hours_after(due.at, by_hours.value), limit: by_hours },
    };
    for withheld in flow.withheld_since() {
        let at = withheld.record.instant;
        if at >= silence.sets_in {
            break;
        }
        let moved = hours_after(days_after(at, 1), by_hours.value);
        if moved > silence.sets_in {
            silence = Silence { sets_in: moved, limit: by_hours };
        }
    }
    silence
}
