//! The trajectory of one person: custody, the state of care, and the care that may soon be lost.
//! Always: the answer depends on the history, an instant and the rules alone. Only records up to
//! that instant count, and a death ends everything on its date.
//! Form: the section "One person" of the HTTP contract; thresholds in
//! `projections/rules/continuity.toml`.

mod alert;
mod answer;
mod care;
mod clock;
mod custody;
mod departures;
mod doses;
mod erased;
mod handover;
mod modality;
mod raise;
mod records;
mod residential;
mod rules;
mod stops;
mod substitution;
mod transitions;

use chrono::{DateTime, Utc};

pub use self::alert::{Alert, AlertCode};
pub use self::answer::Trajectory;
pub use self::care::{Housing, Programme, ProgrammeState, Referral, ReferralState, Treatment};
pub use self::custody::{Custody, CustodyState};
pub use self::residential::{Residential, ResidentialState};
pub use self::rules::{
    ContinuityRules, ContinuityRulesError, Severities, Severity, Threshold, Thresholds,
};
pub use self::substitution::{Review, Substitution, SubstitutionState};
pub use self::transitions::{Transition, TransitionKind};

use self::clock::AnswerClock;
use self::doses::SubstitutionTimeline;
use self::records::{StatedFact, finding_about};
use super::finding::{Finding, FindingCode, RecordName};
use super::history::{History, Item};
use super::time::calendar::At;
use super::vocabulary::choice::ReleaseReason;
use super::vocabulary::fact::Fact;
use super::vocabulary::kind::{Class, Kind};
use super::vocabulary::registry::Registry;

/// The trajectory of a person at an instant.
pub fn trajectory(history: &History, at: At, rules: &ContinuityRules) -> Trajectory {
    let clock = AnswerClock::at(at.instant());
    let trajectory = RecordsInForce::at(history, at).trajectory(&clock, rules);
    trajectory.with_findings(history.findings.clone())
}

/// Findings about codes that no registry knows, in the records that count at an instant.
pub fn unknown_codes(history: &History, at: At, registry: &Registry) -> Vec<Finding> {
    let included = history.facts().filter(|(item, _)| at.includes(item.instant()));
    let stated = included.map(|(item, fact)| (RecordName::of(&item.recorded), fact));
    let found = registry
        .unknown(stated)
        .into_iter()
        .map(|(message, records)| Finding::new(FindingCode::UnknownCode, message, records));
    found.collect()
}

/// The whole answer at an instant, with the findings about unknown codes.
pub fn answer(
    history: &History,
    at: At,
    rules: &ContinuityRules,
    registry: &Registry,
) -> Trajectory {
    trajectory(history, at, rules).with_findings(unknown_codes(history, at, registry))
}

/// The whole answer, and the first later instant at which the answer differs although nothing more
/// is recorded: a threshold is reached, a civil day begins, or the `time` of a record in the future
/// comes. `None`: the answer never changes by itself.
pub fn answer_until(
    history: &History,
    at: At,
    rules: &ContinuityRules,
    registry: &Registry,
) -> (Trajectory, Option<DateTime<Utc>>) {
    let answer_at = |at: At| {
        let records = RecordsInForce::at(history, at);
        let clock = AnswerClock::at(at.instant());
        let trajectory = records.trajectory(&clock, rules).with_findings(history.findings.clone());
        let answer = trajectory.with_findings(unknown_codes(history, at, registry));
        // After a death no threshold counts.
        (answer, clock.next().filter(|_| records.death.is_none()))
    };
    let (present, mut by_clock) = answer_at(at);
    let mut from = at.instant();
    loop {
        let mut times = history.facts().map(|(item, _)| item.instant());
        let by_record = times.find(|time| *time > from);
        let Some(next) = by_clock.into_iter().chain(by_record).min() else {
            return (present, None);
        };
        from = next;
        let (answer, next) = answer_at(At::Instant(from));
        if answer != present {
            return (present, Some(from));
        }
        by_clock = next;
    }
}

/// The records that count at an instant.
struct RecordsInForce<'a> {
    history: &'a History,
    records: Vec<StatedFact<'a>>,
    death: Option<&'a Item>,
    after_death: Vec<&'a Item>,
}

impl<'a> RecordsInForce<'a> {
    fn at(history: &'a History, at: At) -> Self {
        let included: Vec<StatedFact> =
            history.facts().filter(|(item, _)| at.includes(item.instant())).collect();
        let death = included.iter().find(|(_, fact)| is_death(fact)).map(|(item, _)| *item);
        let lived = |item: &Item| death.is_none_or(|death| item.date() <= death.date());
        let (mut records, later): (Vec<StatedFact>, Vec<StatedFact>) =
            included.into_iter().partition(|(item, _)| lived(item));
        records.sort_by_key(|(item, fact)| (item.instant(), turn(fact)));
        let after_death = later
            .into_iter()
            .filter(|(item, fact)| !is_death(fact) && supposes_life(item.kind()))
            .map(|(item, _)| item)
            .collect();
        Self { history, records, death, after_death }
    }

    fn trajectory(&self, clock: &AnswerClock, rules: &ContinuityRules) -> Trajectory {
        let records = &self.records[..];
        let mut findings = Vec::new();
        let timeline = SubstitutionTimeline::read(records, rules, &mut findings);
        let mut trajectory = Trajectory {
            custody: custody::fold(records, clock, &mut findings),
            substitution: substitution::fold(&timeline, clock, rules),
            residential: residential::fold(records, clock, &mut findings),
            programmes: care::programmes(records, &mut findings),
            referrals: care::referrals(records, &mut findings),
            treatments: care::treatments(records, &mut findings),
            housing: care::housing(records, &mut findings),
            transitions: transitions::fold(records, &timeline, rules),
            alerts: Vec::new(),
            findings: Vec::new(),
        };
        match self.death {
            Some(death) => self.end(&mut trajectory, death, &mut findings),
            None => {
                trajectory.alerts = raise::alerts(records, &timeline, &trajectory, clock, rules);
            }
        }
        erased::withhold(&mut trajectory, self);
        trajectory.with_findings(findings)
    }

    /// Ends everything that still goes on at the death. No alert is raised after a death.
    fn end(&self, trajectory: &mut Trajectory, death: &Item, findings: &mut Vec<Finding>) {
        let died = death.instant();
        trajectory.custody = Custody::deceased(died);
        trajectory.substitution = trajectory.substitution.clone().ended();
        trajectory.residential = Residential::NONE;
        trajectory.housing = None;
        for programme in trajectory.programmes.iter_mut().filter(|p| p.until.is_none()) {
            (programme.state, programme.until) = (ProgrammeState::Left, Some(died));
        }
        for treatment in &mut trajectory.treatments {
            treatment.until.get_or_insert(died);
        }
        if !self.after_death.is_empty() {
            let events: Vec<&Item> =
                [death].into_iter().chain(self.after_death.iter().copied()).collect();
            let message = "Events with a date after the date of the death do not count.";
            findings.push(finding_about(FindingCode::RecordAfterDeath, message, &events));
        }
    }
}

/// The order of records at one instant, so that ids do not decide: a beginning comes first, then
/// the records that imply that beginning, then the end. A release comes before an arrival.
fn turn(fact: &Fact) -> u8 {
    match fact {
        Fact::Released(_) => 0,
        Fact::Admitted(_) | Fact::Referred(_) | Fact::Enrolled(_) | Fact::HousingPlaced(_) => 1,
        Fact::TreatmentStarted(_) | Fact::StayAbsenceStarted(_) => 2,
        Fact::Arrived(_) => 3,
        Fact::AbsenceEnded(_)
        | Fact::StayAbsenceEnded(_)
        | Fact::StayCompleted(_)
        | Fact::DroppedOut(_)
        | Fact::StayTransferred(_)
        | Fact::TreatmentEnded(_)
        | Fact::ProgrammeCompleted(_)
        | Fact::ProgrammeLeft(_)
        | Fact::HousingLeft(_) => 5,
        _ => 4,
    }
}

fn is_death(fact: &Fact) -> bool {
    match fact {
        Fact::Died => true,
        Fact::Released(released) => released.reason == ReleaseReason::Death,
        _ => false,
    }
}

/// Whether a record implies that the person is alive. Attestations, merges and consents may come
/// after a death.
fn supposes_life(kind: Kind) -> bool {
    kind != Kind::ResidentialAttested && kind.class() != Some(Class::System)
}
