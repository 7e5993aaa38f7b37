//! The alert that nobody confirmed that they take over substitution.
//! Always: only a move, a confirmation, a dose or an end changes it; sending a handover late, or
//! again, does not.
//! Rules: `projections/rules/continuity.toml`.

use chrono::{DateTime, Utc};

use super::alerts::{Alert, AlertCode, ids, shown, sources};
use super::clock::Clock;
use super::doses::{Dose, Timeline, Told, silent_from};
use super::rules::Rules;
use super::stops::ended_between;
use super::substitution::SubstitutionState;
use super::{Record, Trajectory};
use crate::domain::calendar::{days_after, end_of};
use crate::domain::choice::{ReleaseReason, StopReason};
use crate::domain::fact::{Fact, HandoverSent};
use crate::domain::history::Item;
use crate::domain::workdays::workdays_after;

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

/// A handover that was sent stands until it is confirmed, the receiving side gives a dose in time,
/// or the person is back in prison and given doses; a move with none, until a dose is given after
/// it. The last of either counts. Sending it late, or again, gives nobody more time.
pub(super) fn unconfirmed(
    records: &[Record],
    timeline: &Timeline,
    trajectory: &Trajectory,
    clock: &Clock,
    rules: &Rules,
) -> Option<Alert> {
    use SubstitutionState::{None as Never, Stopped};
    if matches!(trajectory.substitution.state, Never | Stopped) {
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
            let moved = moved_after(item.instant()).next();
            let moved = moved.or_else(|| moves.last().filter(|_| !is_answered(timeline, &moves)));
            let from = moved.map_or(item, |moved| moved.item);
            if timeline.is_taken_over(from, sent, rules)
                || is_given_anew(records, timeline, from.instant().max(item.instant()))
            {
                return None;
            }
            let since = handover_until(from, interval_of(timeline, item, sent), rules);
            (since, ids([item, from]))
        }
        None => {
            let last = moves.last()?;
            if is_given_after(timeline, last.item.instant()) {
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

fn is_given_after(timeline: &Timeline, instant: DateTime<Utc>) -> bool {
    timeline.doses.iter().any(|dose| dose.told == Told::Given && dose.at > instant)
}

/// Whether someone took over after the last move: a dose was given, or a handover of it confirmed.
fn is_answered(timeline: &Timeline, moves: &[Move]) -> bool {
    let mut latest = moves.iter().rev().map(|moved| moved.item.instant());
    let (last, before) = (latest.next(), latest.next());
    let confirmed = timeline.handovers.iter().any(|(item, sent)| {
        Some(item.instant()) > before && timeline.confirmed.contains_key(&sent.handover)
    });
    confirmed || last.is_some_and(|last| is_given_after(timeline, last))
}

/// Whether the person arrived in a prison after an instant, and was given a dose there.
fn is_given_anew(records: &[Record], timeline: &Timeline, after: DateTime<Utc>) -> bool {
    let arrived = records
        .iter()
        .find(|(item, fact)| matches!(fact, Fact::Arrived(_)) && item.instant() > after);
    arrived.is_some_and(|(item, _)| is_given_after(timeline, item.instant()))
}

fn interval_of(timeline: &Timeline, item: &Item, sent: &HandoverSent) -> u32 {
    let dose = timeline.last_dose(item.instant()).filter(|dose| dose.product == sent.product);
    dose.map_or(1, |dose| dose.interval_days)
}
