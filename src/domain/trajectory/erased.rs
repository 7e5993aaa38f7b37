//! Corrects a trajectory after an erasure: a state is `unknown` rather than `none`, and an alert is
//! removed if an erased record of a class it rests on could have ended it.
//! Rules: principle 8 of the continuity rules.

use super::alerts::AlertCode;
use super::answer::Trajectory;
use super::care::{Residential, ResidentialState};
use super::order::CountedRecords;
use super::substitution::{Substitution, SubstitutionState};
use crate::domain::history::History;
use crate::domain::id::RecordedTime;
use crate::domain::vocabulary::kind::{Class, Kind};

/// Withholds from a trajectory the statements that rest on the absence of records, if records were
/// erased.
pub(super) fn withhold(trajectory: &mut Trajectory, history: &History, counted: &CountedRecords) {
    if history.erased.is_empty() {
        return;
    }
    // Whether no record of a section was recorded after the erased ones of the classes it reads.
    let is_unknown = |reads: &[Class], is_of_section: fn(Kind) -> bool| {
        let mut section = counted.records.iter().filter(|record| is_of_section(record.item.kind()));
        last_erased(history, reads)
            .is_some_and(|erased| section.all(|record| record.item.recorded.recorded_at <= erased))
    };
    if trajectory.substitution.state == SubstitutionState::None
        && is_unknown(&[Class::Clinical], |kind| kind.code().starts_with("substitution."))
    {
        trajectory.substitution = Substitution::of_state(SubstitutionState::Unknown);
    }
    // A dead person is in no residential treatment, even if records were erased. An arrival in
    // prison ends a stay.
    if counted.death.is_none()
        && trajectory.residential.state == ResidentialState::None
        && is_unknown(&[Class::Attested, Class::Judicial], |kind| {
            kind.code().starts_with("residential.")
        })
    {
        trajectory.residential = Residential::of_state(ResidentialState::Unknown);
    }
    // A death ends every alert.
    let may_be_dead = is_unknown(&[Class::Judicial], |kind| kind.class() != Some(Class::System));
    trajectory.alerts.retain(|alert| match rests_on(alert.code) {
        [] => true,
        classes => !may_be_dead && last_erased(history, classes).is_none(),
    });
}

/// The latest `recordedtime` of the erased records of these classes.
fn last_erased(history: &History, classes: &[Class]) -> Option<RecordedTime> {
    let of_classes = history.erasures().filter(|(class, _, _)| classes.contains(class));
    of_classes.map(|(_, recorded_at, _)| recorded_at).max()
}

/// The classes on which an alert rests: an erased record may be the record that the alert misses.
/// None for the alerts that rest on harm that readable records show.
const fn rests_on(code: AlertCode) -> &'static [Class] {
    match code {
        AlertCode::SubstitutionInterrupted
        | AlertCode::DoubleDose
        | AlertCode::DetoxOnly
        | AlertCode::ConditionAtRisk => &[],
        AlertCode::SubstitutionOverdue
        | AlertCode::ReferralUnanswered
        | AlertCode::ProgrammeStalled => &[Class::Clinical],
        AlertCode::OverdoseUnanswered => &[Class::Clinical, Class::Attested],
        AlertCode::HandoverUnconfirmed | AlertCode::PlanOverdue => {
            &[Class::Clinical, Class::Judicial]
        }
        AlertCode::DropoutUnanswered
        | AlertCode::ReleaseUnprepared
        | AlertCode::ReleaseWithoutFollowUp => &[Class::Clinical, Class::Judicial, Class::Attested],
    }
}
