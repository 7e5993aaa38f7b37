//! The state of substitution at an instant, and the silence that may make it unknown.
//! Always: the first row of the table that applies is the state; silence is `unknown`, never
//! missed.
//! Rules: "Silence and interruption" and the table of states in the section "Substitution" of the
//! continuity rules.

use chrono::{DateTime, Utc};

use super::cover::Due;
use super::flow::Flow;
use crate::domain::choices::choices;
use crate::domain::time::calendar::days_after;
use crate::domain::trajectory::clock::{AnswerClock, hours_after};
use crate::domain::trajectory::custody::SeenFrom;
use crate::domain::trajectory::rules::Threshold;
use crate::domain::vocabulary::choice::Goal;

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

impl SubstitutionState {
    /// Whether the records say that the substitution goes on.
    pub const fn goes_on(self) -> bool {
        matches!(self, Self::Maintained | Self::Tapering)
    }

    /// Whether the records say that the substitution broke off.
    pub const fn is_interrupted(self) -> bool {
        matches!(self, Self::Interrupted)
    }
}

/// The silence that sets in if nothing more is recorded.
#[derive(Debug, Clone, Copy)]
pub struct Silence<'r> {
    /// The instant u.
    pub sets_in: DateTime<Utc>,
    /// The threshold that it follows from.
    pub limit: &'r Threshold,
}

/// What decides the state.
struct StateEvidence<'a, 'f, 't> {
    flow: &'f Flow<'a, 't>,
    has_record: bool,
    is_silent: bool,
    goal: Option<Goal>,
}

impl StateEvidence<'_, '_, '_> {
    /// Whether an interruption runs (`false`) or has faded (`true`).
    fn faded(&self) -> Option<bool> {
        self.flow.interruption.map(|interruption| interruption.faded.is_some())
    }
}

/// A row of the table: a state, and when it applies.
type StateRow = (SubstitutionState, fn(&StateEvidence) -> bool);

/// The table of states: the first row that applies.
const STATES: [StateRow; 6] = [
    (SubstitutionState::None, |on| !on.has_record),
    (SubstitutionState::Stopped, |on| on.flow.is_stopped()),
    (SubstitutionState::Interrupted, |on| on.faded() == Some(false)),
    (SubstitutionState::Unknown, |on| {
        on.faded() == Some(true) || on.is_silent || on.flow.course.is_empty()
    }),
    (SubstitutionState::Tapering, |on| on.goal == Some(Goal::Detoxification)),
    (SubstitutionState::Maintained, |_| true),
];

/// The state of substitution, with what it follows from.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'r> {
    pub state: SubstitutionState,
    pub due: Option<Due>,
    pub silence: Option<Silence<'r>>,
}

/// The state that a flow leaves at the present of a clock. `seen_at` says from where covers are
/// seen at an instant.
pub fn standing<'t>(
    flow: &Flow<'_, 't>,
    seen_at: impl Fn(DateTime<Utc>) -> SeenFrom,
    clock: &AnswerClock,
) -> Standing<'t> {
    let due = flow.due(flow.seen);
    let silence = due.map(|due| silence(flow, due, seen_at(due.at.min(clock.now()))));
    let mut evidence = StateEvidence {
        flow,
        has_record: flow.has_record(clock.now()),
        is_silent: false,
        goal: flow.in_force().map(|prescription| prescription.prescribed.goal),
    };
    let applies = |evidence: &StateEvidence| {
        let row = STATES.iter().find(|(_, applies)| applies(evidence));
        row.map_or(SubstitutionState::Maintained, |(state, _)| *state)
    };
    let unless_silent = applies(&evidence);
    let silence = silence.filter(|_| unless_silent != SubstitutionState::Stopped);
    // The clock is asked only where silence changes the answer.
    let may_be_silent = unless_silent.goes_on() || unless_silent == SubstitutionState::Unknown;
    evidence.is_silent =
        may_be_silent && silence.is_some_and(|silence| clock.reached(silence.sets_in));
    Standing { state: applies(&evidence), due, silence: silence.filter(|_| evidence.is_silent) }
}

/// When silence sets in: some time after due, moved by each withheld dose that comes before it.
fn silence<'t>(flow: &Flow<'_, 't>, due: Due, seen: SeenFrom) -> Silence<'t> {
    let thresholds = &flow.rules.thresholds;
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
