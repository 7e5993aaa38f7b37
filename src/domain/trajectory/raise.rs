//! The alerts of a person at an instant, each with the source of its threshold.
//! Always: an alert disappears once the records show that someone acted on it.
//! Rules: `projections/rules/continuity.toml`.

use chrono::{DateTime, Utc};

use super::alert::{Alert, AlertCode, ids, shown, sources};
use super::answer::Trajectory;
use super::care::{ProgrammeState, ReferralState};
use super::clock::{AnswerClock, end_of_day};
use super::custody::CustodyState;
use super::departures::departures;
use super::doses::{SubstitutionTimeline, window};
use super::handover;
use super::records::StatedFact;
use super::residential::ResidentialState;
use super::rules::ContinuityRules;
use crate::domain::history::Item;
use crate::domain::time::calendar::date_of;
use crate::domain::vocabulary::choice::{Goal, ProgrammeKind, ReleaseReason, Setting};
use crate::domain::vocabulary::fact::{Fact, Prescribed};

/// All alerts, in the order of their codes, then of `since`.
pub fn alerts(
    records: &[StatedFact],
    timeline: &SubstitutionTimeline,
    trajectory: &Trajectory,
    clock: &AnswerClock,
    rules: &ContinuityRules,
) -> Vec<Alert> {
    let mut alerts = Vec::new();
    alerts.extend(substitution_overdue(timeline, trajectory, rules));
    alerts.extend(handover::unconfirmed(records, timeline, &trajectory.substitution, clock, rules));
    alerts.extend(referrals_unanswered(trajectory, clock, rules));
    alerts.extend(release_without_follow_up(records, timeline, trajectory, clock, rules));
    alerts.extend(detox_only(records, timeline, trajectory, rules));
    alerts.extend(programmes_stalled(trajectory, clock, rules));
    alerts.sort_by(|a, b| (a.code, a.since, &a.events).cmp(&(b.code, b.since, &b.events)));
    alerts
}

fn substitution_overdue(
    timeline: &SubstitutionTimeline,
    trajectory: &Trajectory,
    rules: &ContinuityRules,
) -> Option<Alert> {
    let silence = trajectory.substitution.silence?;
    let due = trajectory.substitution.next_due_by?;
    let limit = window(silence.interval_days, rules);
    let limit = limit.unwrap_or(&rules.thresholds.overdue_limit_hours);
    let dose = timeline.doses.last().map(|dose| dose.item);
    Some(Alert {
        code: AlertCode::SubstitutionOverdue,
        since: silence.since,
        severity: rules.severities.substitution_overdue,
        events: ids(dose.into_iter().chain(timeline.last)),
        detail: format!("nextDueBy {}, no dose recorded since", shown(due)),
        source: sources(&[limit]),
    })
}

fn referrals_unanswered<'a>(
    trajectory: &'a Trajectory,
    clock: &'a AnswerClock,
    rules: &'a ContinuityRules,
) -> impl Iterator<Item = Alert> + 'a {
    let threshold = &rules.thresholds.referral_unanswered_days;
    let open = trajectory.referrals.iter().filter(|r| r.state == ReferralState::Open);
    open.filter_map(move |referral| {
        let since = end_of_day(referral.at, threshold.value);
        clock.reached(since).then(|| Alert {
            code: AlertCode::ReferralUnanswered,
            since,
            severity: rules.severities.referral_unanswered,
            events: vec![referral.event.clone()],
            detail: format!("referred {}, {} days", shown(referral.at), threshold.value),
            source: sources(&[threshold]),
        })
    })
}

/// Raised when a person with a recorded need was released and no structured treatment outside
/// prison follows. Removal from the territory and leave by day do not count as such a release.
fn release_without_follow_up(
    records: &[StatedFact],
    timeline: &SubstitutionTimeline,
    trajectory: &Trajectory,
    clock: &AnswerClock,
    rules: &ContinuityRules,
) -> Option<Alert> {
    let outside = match trajectory.custody.state {
        CustodyState::Released => true,
        CustodyState::UnderModality => trajectory.custody.facility.is_none(),
        _ => false,
    };
    let departures = departures(records);
    let (last, earlier) = departures.split_last().filter(|_| outside)?;
    let leaves = !matches!(last.reason, ReleaseReason::Removal | ReleaseReason::LimitedDetention);
    let before = earlier.iter().rfind(|earlier| earlier.is_home).map(|earlier| earlier.item);
    let release = last.item;
    let needed = timeline.last.is_some() || records.iter().any(|(_, fact)| shows_need(fact));
    if !leaves || !needed || is_followed_up(records, trajectory, before, release) {
        return None;
    }
    let since = end_of_day(release.instant(), rules.thresholds.follow_up_days.value);
    let at_risk_until = end_of_day(release.instant(), rules.thresholds.high_risk_days.value);
    if !clock.reached(since) {
        return None;
    }
    let severity = match clock.reached(at_risk_until) {
        true => rules.severities.release_without_follow_up,
        false => rules.severities.release_without_follow_up_at_high_risk,
    };
    Some(Alert {
        code: AlertCode::ReleaseWithoutFollowUp,
        since,
        severity,
        events: ids([release]),
        detail: format!("released {}", shown(release.instant())),
        source: sources(&[&rules.thresholds.follow_up_days, &rules.thresholds.high_risk_days]),
    })
}

/// Whether a record shows a need for treatment.
fn shows_need(fact: &Fact) -> bool {
    match fact {
        Fact::Screened(screened) => screened.need_identified,
        Fact::Referred(_) | Fact::TreatmentStarted(_) | Fact::Enrolled(_) | Fact::Admitted(_) => {
            true
        }
        _ => false,
    }
}

/// Whether treatment outside prison began after a release, or goes on from the detention that the
/// release ended. `before` is the previous release: the detention began after `before`.
fn is_followed_up(
    records: &[StatedFact],
    trajectory: &Trajectory,
    before: Option<&Item>,
    release: &Item,
) -> bool {
    let released = release.instant();
    let arrived = records.iter().find(|(item, fact)| {
        let since = before.is_none_or(|before| item.instant() >= before.instant());
        matches!(fact, Fact::Arrived(_)) && since && item.instant() <= released
    });
    // A treatment that began before the detention may have ended without a record.
    let goes_on = |since: DateTime<Utc>, until: Option<DateTime<Utc>>| {
        arrived.is_some_and(|(arrived, _)| since >= arrived.instant())
            && until.is_none_or(|until| date_of(until) > release.date())
    };
    let treated = trajectory.treatments.iter().any(|treatment| {
        treatment.structured
            && treatment.setting != Setting::Prison
            && (treatment.since >= released || goes_on(treatment.since, treatment.until))
    });
    let admitted = records
        .iter()
        .any(|(item, fact)| matches!(fact, Fact::Admitted(_)) && item.date() >= release.date());
    treated || admitted || trajectory.residential.state != ResidentialState::None
}

/// Raised when this prison prescribes only detoxification to a person who was maintained before.
fn detox_only(
    records: &[StatedFact],
    timeline: &SubstitutionTimeline,
    trajectory: &Trajectory,
    rules: &ContinuityRules,
) -> Option<Alert> {
    let facility = trajectory.custody.facility.as_ref()?;
    let entered = records
        .iter()
        .rfind(|(_, fact)| matches!(fact, Fact::Arrived(_) | Fact::Transferred(_)))
        .map(|(item, _)| item.instant())
        .or(trajectory.custody.since)?;
    let here = |(item, prescribed): &&(&Item, &Prescribed)| {
        item.instant() >= entered
            && prescribed.setting == Setting::Prison
            && prescribed.facility.as_ref().is_none_or(|named| named == facility)
    };
    let mut prescriptions = timeline.prescriptions.iter().filter(here);
    let (first, _) = prescriptions.clone().next()?;
    if !prescriptions.all(|(_, prescribed)| prescribed.goal == Goal::Detoxification) {
        return None;
    }
    let before = records.iter().rfind(|(item, fact)| {
        let earlier = item.instant() < first.instant();
        match fact {
            Fact::Verified(_) => true,
            Fact::Prescribed(fact) => earlier && fact.goal == Goal::Maintenance,
            // If the prescription of a dose is recorded, its goal decides, not the dose.
            Fact::DoseContinued(fact) => {
                let ordered = fact.prescription.as_ref();
                let is_known = ordered.is_some_and(|id| timeline.by_id.contains_key(id));
                earlier && fact.setting != Setting::Prison && !is_known
            }
            _ => false,
        }
    })?;
    Some(Alert {
        code: AlertCode::DetoxOnly,
        since: first.instant(),
        severity: rules.severities.detox_only,
        events: ids([before.0, *first]),
        detail: format!("facility {facility}, detoxification since {}", shown(first.instant())),
        source: "Vander Laenen 2013: 5 of 15 prisons offered substitution as detoxification only; \
                 the rule itself: ours, unconfirmed"
            .to_owned(),
    })
}

fn programmes_stalled<'a>(
    trajectory: &'a Trajectory,
    clock: &'a AnswerClock,
    rules: &'a ContinuityRules,
) -> impl Iterator<Item = Alert> + 'a {
    let thresholds = &rules.thresholds;
    let open = trajectory.programmes.iter().filter(|p| p.state == ProgrammeState::Open);
    open.filter_map(move |programme| {
        let silent = (
            end_of_day(programme.last.0, thresholds.programme_stalled_days.value),
            &thresholds.programme_stalled_days,
        );
        let planned = match programme.planned_sessions {
            0 => thresholds.short_programme_sessions.value,
            planned => planned,
        };
        let short = programme.programme == ProgrammeKind::ShortIntervention
            && programme.sessions_held < planned as usize;
        let over = short.then(|| {
            let term = &thresholds.short_programme_days;
            (end_of_day(programme.since, term.value), term)
        });
        let (since, threshold) = over.into_iter().chain([silent]).min_by_key(|(from, _)| *from)?;
        clock.reached(since).then(|| Alert {
            code: AlertCode::ProgrammeStalled,
            since,
            severity: rules.severities.programme_stalled,
            events: vec![programme.last.1.clone()],
            detail: format!(
                "last {}, {} of {planned} sessions held",
                shown(programme.last.0),
                programme.sessions_held
            ),
            source: sources(&[threshold]),
        })
    })
}
