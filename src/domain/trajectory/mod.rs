//! The trajectory of one person: custody, the state of care, what someone should act on, and where
//! records contradict each other.
//! Always: the answer depends on the history, an instant and the rules alone.
//! Rules: the continuity rules, one file or folder a section: "Words" in `order.rs`, "Custody" in
//! `custody/`, "Substitution" in `substitution/`, "Care" in `care/`, "Transitions" in
//! `transitions.rs`, "Alerts" in `alerts/`, "Findings" in `findings/`, "What the clock changes" in
//! `clock.rs`, "Erased is unknown" in `erased.rs`; thresholds and products in
//! `projections/rules/continuity.toml`, read by `rules.rs`.

mod alerts;
mod answer;
mod care;
mod clock;
mod custody;
mod erased;
mod findings;
mod order;
pub mod rules;
mod substitution;
mod transitions;

use chrono::{DateTime, Utc};

pub use self::alerts::{Alert, AlertCode};
pub use self::answer::Trajectory;
pub use self::care::{
    AgreedPlan, Housing, Programme, ProgrammeState, Referral, ReferralState, Release, Residential,
    ResidentialState, Treatment,
};
pub use self::custody::{Custody, CustodyState, CustodyUnit};
pub use self::rules::{
    ContinuityRules, ContinuityRulesError, ProductForm, ProductForms, Severities, Severity,
    Threshold, Thresholds,
};
pub use self::substitution::{Review, Substitution, SubstitutionState};
pub use self::transitions::{Transition, TransitionKind};

use self::alerts::Situation;
use self::clock::AnswerClock;
use self::custody::Places;
use self::findings::OtherFindings;
use self::order::CountedRecords;
use self::substitution::SubstitutionRecords;
use self::transitions::transition;
use super::credit::Credit;
use super::history::{DatedFact, History, put_in_order};
use super::stays::Stays;
use super::time::calendar::At;
use super::vocabulary::registry::Registry;

/// The trajectory of a person at an instant. `credit` is the credit of the same history, asked on
/// the date of `at` for that date, with the default parameters, if the caller has it already.
pub fn answer(
    history: &History,
    at: At,
    rules: &ContinuityRules,
    registry: &Registry,
    credit: Option<&Credit>,
) -> Trajectory {
    fold(history, at, rules, Some(&OtherFindings::once(history, registry, credit))).0
}

/// The trajectory, and the first later instant at which it differs although nothing more is
/// recorded: a threshold is reached, a civil day begins, or the `time` of a record told ahead
/// comes. `None`: the trajectory never changes by itself. `credit` is as in [`answer`].
pub fn answer_until(
    history: &History,
    at: At,
    rules: &ContinuityRules,
    registry: &Registry,
    credit: Option<&Credit>,
) -> (Trajectory, Option<DateTime<Utc>>) {
    until(history, at, rules, Some(&OtherFindings::until(history, registry, credit)))
}

/// What [`answer_until`] gives, without the findings of the registers and of the credit.
pub fn own_answer_until(
    history: &History,
    at: At,
    rules: &ContinuityRules,
) -> (Trajectory, Option<DateTime<Utc>>) {
    until(history, at, rules, None)
}

fn until(
    history: &History,
    at: At,
    rules: &ContinuityRules,
    others: Option<&OtherFindings>,
) -> (Trajectory, Option<DateTime<Utc>>) {
    let (present, mut by_clock) = fold(history, at, rules, others);
    let times: Vec<DateTime<Utc>> = history.facts().map(|(item, _)| item.instant()).collect();
    let mut from = at.instant();
    loop {
        let by_record = times.get(times.partition_point(|time| *time <= from)).copied();
        let Some(next) = by_clock.into_iter().chain(by_record).min() else {
            return (present, None);
        };
        from = next;
        let (answer, next) = fold(history, At::Instant(from), rules, others);
        if answer != present {
            return (present, Some(from));
        }
        by_clock = next;
    }
}

/// The trajectory at an instant, and the next instant at which a threshold is reached.
fn fold(
    history: &History,
    at: At,
    rules: &ContinuityRules,
    others: Option<&OtherFindings>,
) -> (Trajectory, Option<DateTime<Utc>>) {
    let counted = CountedRecords::at(history, at);
    let clock = AnswerClock::at(at.instant());
    let mut trajectory = living(&counted, &clock, rules);
    if let Some(death) = &counted.death {
        end(&mut trajectory, death);
    }
    erased::withhold(&mut trajectory, history, &counted);
    trajectory.findings.extend(history.findings.iter().cloned());
    trajectory.findings.extend(others.iter().flat_map(|others| others.at(&counted, &clock)));
    let ordered = counted.records.iter().chain(&counted.after_death);
    put_in_order(&mut trajectory.findings, history, ordered);
    (trajectory, clock.next().filter(|_| counted.death.is_none()))
}

/// The trajectory as if the person lived on, with the findings that this fold makes itself.
fn living(counted: &CountedRecords, clock: &AnswerClock, rules: &ContinuityRules) -> Trajectory {
    let records = &counted.records[..];
    let places = Places::read(records);
    let modality = custody::deciding(records, &places, clock);
    let custody = custody::custody(&places, modality.as_ref());
    let stays = Stays::read(records);
    let substitution_records = SubstitutionRecords::read(records, rules);
    let followed = substitution::follow(&substitution_records, &places, clock.now(), rules);
    let standing = substitution::standing(&followed.now, &places, clock);
    let substitution = substitution::substitution(&followed, &standing, clock);
    let residential = care::residential(&stays, clock);
    let programmes = care::programmes(records, rules);
    let referrals = care::referrals(records);
    let treatments = care::treatments(records);
    let release = care::release(records, &places, clock);
    let alerts = alerts::alerts(&Situation {
        records,
        places: &places,
        modality: modality.as_ref(),
        custody: &custody,
        followed: &followed,
        standing: &standing,
        substitution: &substitution,
        stays: &stays,
        residential: &residential,
        programmes: &programmes,
        referrals: &referrals,
        treatments: &treatments,
        release: &release,
        clock,
        rules,
    });
    Trajectory {
        transitions: places.moves.iter().map(|made| transition(made, &followed)).collect(),
        housing: care::housing(records, &places),
        plans: care::plans(records),
        release: release.told(),
        programmes: programmes.into_iter().map(|course| course.programme).collect(),
        referrals: referrals.into_iter().map(|sent| sent.referral).collect(),
        custody,
        substitution,
        residential,
        treatments,
        alerts,
        findings: findings::findings(counted, places.findings, &followed, &stays, clock),
    }
}

/// Ends everything that still goes on at the death. No alert is raised after a death.
fn end(trajectory: &mut Trajectory, death: &DatedFact) {
    let died = death.instant;
    trajectory.custody = Custody::deceased(died);
    trajectory.substitution = trajectory.substitution.clone().ended();
    trajectory.residential = Residential::of_state(ResidentialState::None);
    (trajectory.housing, trajectory.release) = (None, None);
    let open = |programme: &&mut Programme| programme.state == ProgrammeState::Open;
    for programme in trajectory.programmes.iter_mut().filter(open) {
        (programme.state, programme.until) = (ProgrammeState::Left, Some(died));
    }
    for treatment in &mut trajectory.treatments {
        treatment.until.get_or_insert(died);
    }
    trajectory.alerts.clear();
}
