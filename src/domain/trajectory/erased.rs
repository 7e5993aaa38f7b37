//! What a trajectory says where records were erased: unknown, never none, and no alarm that a
//! missing record alone can raise.
//! Rules: principle 8 of the continuity rules.

use super::alert::AlertCode;
use super::answer::Trajectory;
use super::residential::{Residential, ResidentialState};
use super::substitution::SubstitutionState;
use crate::domain::history::{History, Item};
use crate::domain::id::RecordedTime;
use crate::domain::vocabulary::kind::{Class, Kind};

/// The classes that the section `substitution` reads.
const SUBSTITUTION_READS: &[Class] = &[Class::Clinical];

/// The classes that the section `residential` reads: an arrival in prison ends a stay.
const RESIDENTIAL_READS: &[Class] = &[Class::Attested, Class::Judicial];

/// Takes back what a trajectory says of the absence of records, where records were erased.
pub(super) fn unsay(trajectory: &mut Trajectory, history: &History, is_alive: bool) {
    if history.erased.is_empty() {
        return;
    }
    let is_unknown = |reads, is_of_section: fn(Kind) -> bool| {
        last_erased(history, reads).is_some_and(|erased| {
            let later = |item: &Item| item.recorded.recorded_at > erased;
            !history.items.iter().any(|item| is_of_section(item.kind()) && later(item))
        })
    };
    let substitution = &mut trajectory.substitution.state;
    if *substitution == SubstitutionState::None && is_unknown(SUBSTITUTION_READS, is_substitution) {
        *substitution = SubstitutionState::Unknown;
    }
    // The dead are in no residential treatment, whatever was erased.
    let residential = trajectory.residential.state;
    if is_alive
        && residential == ResidentialState::None
        && is_unknown(RESIDENTIAL_READS, is_residential)
    {
        trajectory.residential = Residential::UNKNOWN;
    }
    trajectory.alerts.retain(|alert| last_erased(history, reads(alert.code)).is_none());
}

/// When the last erased record of these classes was recorded.
fn last_erased(history: &History, classes: &[Class]) -> Option<RecordedTime> {
    let read = history.erasures().filter(|(class, _, _)| classes.contains(class));
    read.map(|(_, recorded_at, _)| recorded_at).max()
}

/// The classes by whose erasure an alert is not raised: an erased record may be what it asks for.
const fn reads(code: AlertCode) -> &'static [Class] {
    match code {
        AlertCode::SubstitutionOverdue
        | AlertCode::ReferralUnanswered
        | AlertCode::ProgrammeStalled => &[Class::Clinical],
        AlertCode::HandoverUnconfirmed => &[Class::Clinical, Class::Judicial],
        AlertCode::ReleaseWithoutFollowUp => &[Class::Clinical, Class::Judicial, Class::Attested],
        // Rests on what the readable records say, not on what they leave out.
        AlertCode::DetoxOnly => &[],
    }
}

fn is_substitution(kind: Kind) -> bool {
    kind.code().starts_with("substitution.")
}

fn is_residential(kind: Kind) -> bool {
    kind.code().starts_with("residential.")
}
