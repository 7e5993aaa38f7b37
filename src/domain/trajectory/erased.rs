//! Corrects a trajectory after an erasure: a state is `unknown` rather than `none`, and an alert is
//! removed if an erased record of the classes it reads could have prevented it.
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

/// Removes from a trajectory the statements that rest on the absence of records, if records were
/// erased.
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
    // A dead person is in no residential treatment, even if records were erased.
    let residential = trajectory.residential.state;
    if is_alive
        && residential == ResidentialState::None
        && is_unknown(RESIDENTIAL_READS, is_residential)
    {
        trajectory.residential = Residential::UNKNOWN;
    }
    trajectory.alerts.retain(|alert| last_erased(history, reads(alert.code)).is_none());
}

/// The latest `recordedtime` of the erased records of these classes.
fn last_erased(history: &History, classes: &[Class]) -> Option<RecordedTime> {
    let of_classes = history.erasures().filter(|(class, _, _)| classes.contains(class));
    of_classes.map(|(_, recorded_at, _)| recorded_at).max()
}

/// The classes whose erasure suppresses an alert: an erased record may be the record that the alert
/// misses.
const fn reads(code: AlertCode) -> &'static [Class] {
    match code {
        AlertCode::SubstitutionOverdue
        | AlertCode::ReferralUnanswered
        | AlertCode::ProgrammeStalled => &[Class::Clinical],
        AlertCode::HandoverUnconfirmed => &[Class::Clinical, Class::Judicial],
        AlertCode::ReleaseWithoutFollowUp => &[Class::Clinical, Class::Judicial, Class::Attested],
        // Principle 8: still raised, because readable records show the detoxification.
        AlertCode::DetoxOnly => &[],
    }
}

fn is_substitution(kind: Kind) -> bool {
    kind.code().starts_with("substitution.")
}

fn is_residential(kind: Kind) -> bool {
    kind.code().starts_with("residential.")
}
