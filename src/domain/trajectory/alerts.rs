//! What someone should act on, each with the rule it rests on.
//! Always: an alert names records, codes and dates, nothing of the person; it goes when what it
//! asks for is recorded.
//! Rules: `projections/rules/continuity.toml`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::care::{ProgrammeState, ReferralState};
use super::clock::{Clock, end_of_day};
use super::custody::CustodyState;
use super::doses::{Dose, Timeline, Told, silent_from, window};
use super::residential::ResidentialState;
use super::rules::{Rules, Threshold};
use super::stops::ended_between;
use super::{Record, Trajectory};
use crate::domain::calendar::{days_after, end_of};
use crate::domain::choice::{Goal, ProgrammeKind, ReleaseReason, Setting, StopReason};
use crate::domain::fact::{Fact, HandoverSent, Prescribed};
use crate::domain::history::Item;
use crate::domain::workdays::workdays_after;

/// What is wrong, as a stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AlertCode {
    /// Nothing is recorded past the time when a dose was due, so that its state is unknown.
    SubstitutionOverdue,
    /// Nobody confirmed that they take over.
    HandoverUnconfirmed,
    /// A provider has not answered a referral.
    ReferralUnanswered,
    /// Released, and no structured treatment began.
    ReleaseWithoutFollowUp,
    /// Maintained before, and this prison only tapers.
    DetoxOnly,
    /// No session for too long, or the term is over.
    ProgrammeStalled,
}

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// To be followed up.
    Low,
    /// Care is about to be lost.
    Medium,
    /// Someone may come to harm today.
    High,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// What is wrong.
    pub code: AlertCode,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How urgent.
    pub severity: Severity,
    /// The records it rests on.
    pub events: Vec<String>,
    /// Codes and dates only.
    pub detail: String,
    /// Where the threshold comes from.
    pub source: String,
}

/// All alerts, in the order of their codes and beginnings.
pub fn raise(
    records: &[Record],
    timeline: &Timeline,
    trajectory: &Trajectory,
    clock: &Clock,
    rules: &Rules,
) -> Vec<Alert> {
    let mut alerts = Vec::new();
    alerts.extend(substitution_overdue(timeline, trajectory, rules));
    alerts.extend(handover_unconfirmed(records, timeline, trajectory, clock, rules));
    alerts.extend(referrals_unanswered(trajectory, clock, rules));
    alerts.extend(release_without_follow_up(records, timeline, trajectory, clock, rules));
    alerts.extend(detox_only(records, timeline, trajectory, rules));
    alerts.extend(programmes_stalled(trajectory, clock, rules));
    alerts.sort_by(|a, b| (a.code, a.since, &a.events).cmp(&(b.code, b.since, &b.events)));
    alerts
}

fn sources(thresholds: &[&Threshold]) -> String {
    let mut sources: Vec<&str> = Vec::new();
    for threshold in thresholds {
        if !sources.contains(&&*threshold.source) {
            sources.push(&threshold.source);
        }
    }
    sources.join("; ")
}

fn ids<'a>(items: impl IntoIterator<Item = &'a Item>) -> Vec<String> {
    let mut ids: Vec<String> = items.into_iter().map(|item| item.id().to_owned()).collect();
    ids.dedup();
    ids
}

fn shown(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

fn substitution_overdue(
    timeline: &Timeline,
    trajectory: &Trajectory,
    rules: &Rules,
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

/// A move on which substitution has to be handed over.
struct Move<'a, 't> {
    item: &'a Item,
    dose: &'t Dose<'a>,
}

/// Transfers and releases while substitution ran, as far as was known then. Whoever is let out
/// by day still gets it inside.
fn moves<'a, 't>(
    records: &[Record<'a>],
    timeline: &'t Timeline<'a>,
    rules: &Rules,
) -> Vec<Move<'a, 't>> {
    let ended = [StopReason::Planned, StopReason::Client, StopReason::Forced];
    let is_move = |fact: &Fact| match fact {
        Fact::Transferred(_) => true,
        Fact::Released(fact) => fact.reason != ReleaseReason::LimitedDetention,
        _ => false,
    };
    let running = |item: &'a Item| {
        let dose = timeline.last_dose(item.instant())?;
        let known = item.instant() <= silent_from(dose.next_due(), dose.interval_days, rules);
        let stopped = ended_between(timeline, dose.at, item.instant(), &ended);
        (known && !stopped).then_some(Move { item, dose })
    };
    records.iter().filter(|(_, fact)| is_move(fact)).filter_map(|(item, _)| running(item)).collect()
}

/// One interval or so many working days after a move, whichever ends first.
fn handover_until(from: &Item, interval_days: u32, rules: &Rules) -> DateTime<Utc> {
    let thresholds = &rules.thresholds;
    let days = interval_days.saturating_mul(thresholds.handover_intervals.value);
    let workday = workdays_after(from.date(), thresholds.handover_working_days.value);
    days_after(from.instant(), days).min(end_of(workday))
}

/// A handover that was sent stands until it is confirmed, or the receiving side gives a dose in
/// time; a move with none, until a dose is given after it. The last of either counts.
fn handover_unconfirmed(
    records: &[Record],
    timeline: &Timeline,
    trajectory: &Trajectory,
    clock: &Clock,
    rules: &Rules,
) -> Option<Alert> {
    use super::substitution::SubstitutionState as State;
    if matches!(trajectory.substitution.state, State::None | State::Stopped) {
        return None;
    }
    let moves = moves(records, timeline, rules);
    let sent = timeline.handovers.last().copied();
    let moved_after =
        |sent: DateTime<Utc>| moves.iter().filter(move |moved| moved.item.instant() >= sent);
    let covering = sent.filter(|(item, _)| moved_after(item.instant()).count() <= 1);
    let (since, events) = match covering {
        Some((_, sent)) if timeline.confirmed.contains_key(&sent.handover) => return None,
        Some((item, sent)) => {
            let from = moved_after(item.instant()).next().map_or(item, |moved| moved.item);
            if timeline.is_taken_over(from, sent, rules) {
                return None;
            }
            let since = handover_until(from, interval_of(timeline, item, sent), rules);
            (since, ids([item, from]))
        }
        None => {
            let last = moves.last()?;
            let given = |dose: &&Dose| dose.told == Told::Given;
            let later = timeline.doses.iter().rfind(given).map(|dose| dose.at);
            if later > Some(last.item.instant()) {
                return None;
            }
            let since = handover_until(last.item, last.dose.interval_days, rules);
            (since, ids([last.dose.item, last.item]))
        }
    };
    clock.reached(since).then(|| Alert {
        code: AlertCode::HandoverUnconfirmed,
        since,
        severity: rules.severities.handover_unconfirmed,
        events,
        detail: match covering {
            Some(_) => format!("handover sent, not confirmed by {}", shown(since)),
            None => format!("moved, no handover by {}", shown(since)),
        },
        source: sources(&[
            &rules.thresholds.handover_intervals,
            &rules.thresholds.handover_working_days,
        ]),
    })
}

fn interval_of(timeline: &Timeline, item: &Item, sent: &HandoverSent) -> u32 {
    let dose = timeline.last_dose(item.instant()).filter(|dose| dose.product == sent.product);
    dose.map_or(1, |dose| dose.interval_days)
}

fn referrals_unanswered<'a>(
    trajectory: &'a Trajectory,
    clock: &'a Clock,
    rules: &'a Rules,
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

/// A release to the community of someone with a recorded need, without structured treatment
/// outside prison. Not: removal from the territory, or leave by day.
fn release_without_follow_up(
    records: &[Record],
    timeline: &Timeline,
    trajectory: &Trajectory,
    clock: &Clock,
    rules: &Rules,
) -> Option<Alert> {
    let outside = match trajectory.custody.state {
        CustodyState::Released => true,
        CustodyState::UnderModality => trajectory.custody.facility.is_none(),
        _ => false,
    };
    let last = records.iter().rev().find_map(|(item, fact)| match fact {
        Fact::Released(released) => Some((*item, released.reason)),
        _ => None,
    });
    let (release, reason) = last.filter(|_| outside)?;
    let leaves = !matches!(reason, ReleaseReason::Removal | ReleaseReason::LimitedDetention);
    let needed = timeline.last.is_some() || records.iter().any(|(_, fact)| shows_need(fact));
    if !leaves || !needed || is_followed_up(records, trajectory, release) {
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

fn shows_need(fact: &Fact) -> bool {
    match fact {
        Fact::Screened(screened) => screened.need_identified,
        Fact::Referred(_) | Fact::TreatmentStarted(_) | Fact::Enrolled(_) | Fact::Admitted(_) => {
            true
        }
        _ => false,
    }
}

fn is_followed_up(records: &[Record], trajectory: &Trajectory, release: &Item) -> bool {
    let released = release.instant();
    let treated = trajectory.treatments.iter().any(|treatment| {
        treatment.structured
            && treatment.setting != Setting::Prison
            && treatment.until.is_none_or(|until| until >= released)
    });
    let admitted = records
        .iter()
        .any(|(item, fact)| matches!(fact, Fact::Admitted(_)) && item.date() >= release.date());
    treated || admitted || trajectory.residential.state != ResidentialState::None
}

/// In this prison only detoxification is prescribed, to someone maintained before.
fn detox_only(
    records: &[Record],
    timeline: &Timeline,
    trajectory: &Trajectory,
    rules: &Rules,
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
            Fact::DoseContinued(fact) => {
                earlier && fact.setting != Setting::Prison && fact.prescription.is_none()
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
    clock: &'a Clock,
    rules: &'a Rules,
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
