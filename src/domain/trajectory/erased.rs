//! Corrects a trajectory after an erasure: a state is `unknown` rather than `none`, and an alert is
//! removed if an erased record of the classes it reads could have prevented it.
//! Rules: principle 8 of the continuity rules.

use super::alert::AlertCode;
use super::answer::Trajectory;
use super::residential::{Residential, ResidentialState};
use super::substitution::SubstitutionState;
use super::{RecordsInForce, supposes_life};
use crate::domain::history::History;
use crate::domain::id::RecordedTime;
use crate::domain::vocabulary::kind::{Class, Kind};

/// The classes that the section `substitution` reads.
const SUBSTITUTION_READS: &[Class] = &[Class::Clinical];

/// The classes that a death is read from. A death ends every alert.
const DEATH_READS: &[Class] = &[Class::Judicial];

/// The classes that the section `residential` reads: an arrival in prison ends a stay.
const RESIDENTIAL_READS: &[Class] = &[Class::Attested, Class::Judicial];

/// Withholds from a trajectory the statements that rest on the absence of records, if records were
/// erased.
pub(super) fn withhold(trajectory: &mut Trajectory, read: &RecordsInForce<'_>) {
    let history = read.history;
    if history.erased.is_empty() {
        return;
    }
    let later_than = |erased: RecordedTime, is_of: fn(Kind) -> bool| {
        let mut items = read.records.iter().map(|(item, _)| *item);
        items.any(|item| is_of(item.kind()) && item.recorded.recorded_at > erased)
    };
    let is_unknown = |reads, is_of_section| {
        last_erased(history, reads).is_some_and(|erased| !later_than(erased, is_of_section))
    };
    let substitution = &mut trajectory.substitution.state;
    if *substitution == SubstitutionState::None && is_unknown(SUBSTITUTION_READS, is_substitution) {
        *substitution = SubstitutionState::Unknown;
    }
    // A dead person is in no residential treatment, even if records were erased.
    if read.death.is_none()
        && trajectory.residential.state == ResidentialState::None
        && is_unknown(RESIDENTIAL_READS, is_residential)
    {
        trajectory.residential = Residential::UNKNOWN;
    }
    let may_be_dead = is_unknown(DEATH_READS, supposes_life);
    trajectory.alerts.retain(|alert| match reads(alert.code) {
        [] => true,
        classes => !may_be_dead && last_erased(history, classes).is_none(),
    });
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
