//! The alert `handoverUnconfirmed`: nobody confirmed that they take over substitution.
//! Always: only a move, a confirmation, a dose or an end changes the alert. A handover that is sent
//! late or again gives nobody more time.
//! Rules: `projections/rules/continuity.toml`.

use chrono::{DateTime, Utc};

use super::alert::{Alert, AlertCode, ids, shown, sources};
use super::clock::AnswerClock;
use super::departures::departures;
use super::doses::{Dose, DoseSource, SubstitutionTimeline, silent_from};
use super::records::StatedFact;
use super::rules::ContinuityRules;
use super::stops::ended_between;
use super::substitution::{Substitution, SubstitutionState};
use crate::domain::history::Item;
use crate::domain::time::calendar::{days_after, end_of};
use crate::domain::time::workdays::workdays_after;
use crate::domain::vocabulary::choice::{ReleaseReason, Setting, StopReason};
use crate::domain::vocabulary::fact::{Fact, HandoverSent};

/// A move on which substitution has to be handed over.
struct Move<'a, 't> {
    item: &'a Item,
    dose: &'t Dose<'a>,
}

/// Transfers and departures while substitution ran, by the records up to the move. A person let out
/// by day still gets substitution inside.
fn moves<'a, 't>(
    records: &[StatedFact<'a>],
    timeline: &'t SubstitutionTimeline<'a>,
    rules: &ContinuityRules,
) -> Vec<Move<'a, 't>> {
    let ended = [StopReason::Planned, StopReason::Client, StopReason::Forced];
    let transfers = records.iter().filter(|(_, fact)| matches!(fact, Fact::Transferred(_)));
    let departures = departures(records).into_iter();
    let departures = departures.filter(|left| left.reason != ReleaseReason::LimitedDetention);
    let mut items: Vec<&Item> = transfers.map(|(item, _)| *item).collect();
    items.extend(departures.map(|left| left.item));
    items.sort_by(|a, b| a.order(b));
    let running = |item: &'a Item| {
        let dose = timeline.last_dose(item.instant())?;
        let is_recent = item.instant() <= silent_from(dose.next_due(), dose.interval_days, rules);
        let stopped = ended_between(timeline, dose.at, item.instant(), &ended);
        (is_recent && !stopped).then_some(Move { item, dose })
    };
    items.into_iter().filter_map(running).collect()
}

/// The deadline for taking over after a move: a number of intervals or of working days, whichever
/// ends first.
fn handover_until(from: &Item, interval_days: u32, rules: &ContinuityRules) -> DateTime<Utc> {
    let thresholds = &rules.thresholds;
    let days = interval_days.saturating_mul(thresholds.handover_intervals.value);
    let workday = workdays_after(from.date(), thresholds.handover_working_days.value);
    days_after(from.instant(), days).min(end_of(workday))
}

/// Substitution that someone has to take over: the moves of a person and the handovers sent for
/// them, before or after; or handovers sent without a move.
#[derive(Default)]
struct OpenHandover<'a, 't> {
    moves: Vec<&'t Move<'a, 't>>,
    sent: Vec<(&'a Item, &'a HandoverSent)>,
    /// Whether one of the handovers was confirmed or the receiving side gave the next dose in time.
    is_taken_over: bool,
}

impl<'a, 't> OpenHandover<'a, 't> {
    /// The record from which the time runs: the first move, or without a move the first handover.
    fn from(&self) -> Option<&'a Item> {
        let sent = || self.sent.first().map(|(item, _)| *item);
        self.moves.first().map(|moved| moved.item).or_else(sent)
    }

    /// The last move or handover.
    fn last(&self) -> Option<&'a Item> {
        let sent = self.sent.last().map(|(item, _)| *item);
        self.moves.last().map(|moved| moved.item).into_iter().chain(sent).max_by(|a, b| a.order(b))
    }

    fn send(
        &mut self,
        timeline: &SubstitutionTimeline,
        rules: &ContinuityRules,
        item: &'a Item,
        sent: &'a HandoverSent,
    ) {
        self.sent.push((item, sent));
        let from = self.from().unwrap_or(item);
        self.is_taken_over |= is_taken_over(timeline, rules, from, sent);
    }

    fn move_on(
        &mut self,
        timeline: &SubstitutionTimeline,
        rules: &ContinuityRules,
        moved: &'t Move<'a, 't>,
    ) {
        if self.moves.is_empty() {
            let mut sent = self.sent.iter();
            self.is_taken_over =
                sent.any(|(_, sent)| is_taken_over(timeline, rules, moved.item, sent));
        }
        self.moves.push(moved);
    }

    /// The deadline for taking over: the earliest deadline of all moves and handovers.
    fn until(&self, timeline: &SubstitutionTimeline, rules: &ContinuityRules) -> Until {
        let moved = self.moves.first();
        let sent = self.sent.iter().map(|(item, sent)| {
            let from = moved.map_or(*item, |moved| moved.item);
            handover_until(from, interval_of(timeline, item, sent), rules)
        });
        let moved = moved.map(|moved| handover_until(moved.item, moved.dose.interval_days, rules));
        sent.chain(moved).min()
    }

    /// Whether someone answered up to an instant. A handover taken over is an answer, and so is a
    /// dose in prison after an arrival there. Without a handover, any dose after the move is too.
    fn is_answered(
        &self,
        timeline: &SubstitutionTimeline,
        arrivals: &[&Item],
        until: Until,
    ) -> bool {
        let first = self.moves.first().filter(|_| self.sent.is_empty());
        let dosed = first.is_some_and(|moved| given_after(timeline, moved.item, until, |_| true));
        self.is_taken_over || dosed || self.is_given_anew(timeline, arrivals, until)
    }

    /// Whether a handover without a move was taken over, and a dose was given since.
    fn is_over(&self, timeline: &SubstitutionTimeline, until: Until) -> bool {
        let dosed = |last| given_after(timeline, last, until, |_| true);
        self.is_taken_over && self.last().is_some_and(dosed)
    }

    fn is_given_anew(
        &self,
        timeline: &SubstitutionTimeline,
        arrivals: &[&Item],
        until: Until,
    ) -> bool {
        // An arrival after a transfer belongs to the same detention.
        let is_transfer = |moved: &&Move| matches!(moved.item.fact, Some(Fact::Transferred(_)));
        let last = self.last().filter(|_| !self.moves.last().is_some_and(is_transfer));
        let Some(last) = last else { return false };
        // At one instant a release comes first and an arrival last.
        let next = arrivals.partition_point(|arrived| arrived.order(last).is_le());
        let inside = |dose: &Dose| dose.setting == Some(Setting::Prison);
        let dosed = |arrived: &&Item| given_after(timeline, arrived, until, inside);
        arrivals.get(next).is_some_and(dosed)
    }
}

/// Whether a handover was confirmed, or the receiving side gave the next dose in time.
fn is_taken_over(
    timeline: &SubstitutionTimeline,
    rules: &ContinuityRules,
    from: &Item,
    sent: &HandoverSent,
) -> bool {
    timeline.confirmed.contains_key(&sent.handover) || timeline.is_taken_over(from, sent, rules)
}

/// The instant up to which records count; `None`: all records.
type Until = Option<DateTime<Utc>>;

/// Whether a provider gave a dose that satisfies `is_meant` after a record.
fn given_after(
    timeline: &SubstitutionTimeline,
    after: &Item,
    until: Until,
    is_meant: impl Fn(&Dose) -> bool,
) -> bool {
    let first = timeline.doses.partition_point(|dose| dose.at <= after.instant());
    let later = timeline.doses[first..].iter();
    let mut later = later.take_while(|dose| until.is_none_or(|until| dose.at <= until));
    later.any(|dose| dose.source == DoseSource::Given && is_meant(dose))
}

/// The last open handover. A later move or handover joins the open handover until someone answers
/// it. After the first move, joining never makes the deadline later.
fn last_open_handover<'a, 't>(
    timeline: &SubstitutionTimeline<'a>,
    moves: &'t [Move<'a, 't>],
    arrivals: &[&Item],
    rules: &ContinuityRules,
) -> Option<OpenHandover<'a, 't>> {
    let sent = timeline.handovers.iter().map(|(item, sent)| (*item, Some(*sent), None));
    let moved = moves.iter().map(|moved| (moved.item, None, Some(moved)));
    let mut steps: Vec<_> = sent.chain(moved).collect();
    // A handover sent at the instant of a move is sent for that move.
    steps.sort_by_key(|(item, _, moved)| (item.instant(), moved.is_some()));
    let mut last: Option<OpenHandover> = None;
    for (item, sent, moved) in steps {
        let until = Some(item.instant());
        let goes_on = |open: &OpenHandover| match open.moves.first() {
            Some(_) => !open.is_answered(timeline, arrivals, until),
            // A confirmed handover also holds for the move that follows. After doses in between,
            // a new handover needs its own confirmation.
            None => moved.is_some() || !open.is_over(timeline, until),
        };
        let mut open = last.take().filter(goes_on).unwrap_or_default();
        if let Some(sent) = sent {
            open.send(timeline, rules, item, sent);
        }
        if let Some(moved) = moved {
            open.move_on(timeline, rules, moved);
        }
        last = Some(open);
    }
    last
}

/// The alert that is raised at the deadline of the last open handover. A handover stays open until
/// it is confirmed, the receiving side gives a dose in time, or the person is back in prison and is
/// given doses. A move without a handover stays open until a dose is given after the move.
pub(super) fn unconfirmed(
    records: &[StatedFact],
    timeline: &SubstitutionTimeline,
    substitution: &Substitution,
    clock: &AnswerClock,
    rules: &ContinuityRules,
) -> Option<Alert> {
    use SubstitutionState::{None as Never, Stopped};
    if matches!(substitution.state, Never | Stopped) {
        return None;
    }
    let moves = moves(records, timeline, rules);
    let arrivals = records.iter().filter(|(_, fact)| matches!(fact, Fact::Arrived(_)));
    let arrivals: Vec<&Item> = arrivals.map(|(item, _)| *item).collect();
    let open = last_open_handover(timeline, &moves, &arrivals, rules)?;
    if open.is_answered(timeline, &arrivals, None) {
        return None;
    }
    let from = open.from()?;
    let events = match open.sent.last() {
        Some((last, _)) => ids([*last, from]),
        None => ids([open.moves.first()?.dose.item, from]),
    };
    let since = open.until(timeline, rules)?;
    clock.reached(since).then(|| Alert {
        code: AlertCode::HandoverUnconfirmed,
        since,
        severity: rules.severities.handover_unconfirmed,
        events,
        detail: match open.sent.is_empty() {
            false => format!("handover sent, not confirmed by {}", shown(since)),
            true => format!("moved, no handover by {}", shown(since)),
        },
        source: sources(&[
            &rules.thresholds.handover_intervals,
            &rules.thresholds.handover_working_days,
        ]),
    })
}

/// The interval of the last dose before a handover, if the product is the same; else one day.
fn interval_of(timeline: &SubstitutionTimeline, item: &Item, sent: &HandoverSent) -> u32 {
    let dose = timeline.last_dose(item.instant()).filter(|dose| dose.product == sent.product);
    dose.map_or(1, |dose| dose.interval_days)
}
