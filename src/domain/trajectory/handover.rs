//! The alert that nobody confirmed that they take over substitution.
//! Always: only a move, a confirmation, a dose or an end changes it; sending a handover late, or
//! again, does not.
//! ContinuityRules: `projections/rules/continuity.toml`.

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

/// Transfers and departures while substitution ran, as far as was known then. Whoever is let out
/// by day still gets it inside.
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

/// One interval or so many working days after a move, whichever ends first.
fn handover_until(from: &Item, interval_days: u32, rules: &ContinuityRules) -> DateTime<Utc> {
    let thresholds = &rules.thresholds;
    let days = interval_days.saturating_mul(thresholds.handover_intervals.value);
    let workday = workdays_after(from.date(), thresholds.handover_working_days.value);
    days_after(from.instant(), days).min(end_of(workday))
}

/// What someone has to take over: substitution at a move, with what was sent for it, before or
/// after; or what was sent without a move.
#[derive(Default)]
struct OpenHandover<'a, 't> {
    moves: Vec<&'t Move<'a, 't>>,
    sent: Vec<(&'a Item, &'a HandoverSent)>,
    /// A handover of it was confirmed, or the receiving side gave the next dose in time.
    is_taken_over: bool,
}

impl<'a, 't> OpenHandover<'a, 't> {
    /// From when it counts: its first move, once there is one; its first sending before.
    fn from(&self) -> Option<&'a Item> {
        let sent = || self.sent.first().map(|(item, _)| *item);
        self.moves.first().map(|moved| moved.item).or_else(sent)
    }

    /// Its last record.
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

    /// Until when someone should have taken over: the first of what each of its records says.
    fn until(&self, timeline: &SubstitutionTimeline, rules: &ContinuityRules) -> Until {
        let moved = self.moves.first();
        let sent = self.sent.iter().map(|(item, sent)| {
            let from = moved.map_or(*item, |moved| moved.item);
            handover_until(from, interval_of(timeline, item, sent), rules)
        });
        let moved = moved.map(|moved| handover_until(moved.item, moved.dose.interval_days, rules));
        sent.chain(moved).min()
    }

    /// Whether it was answered up to an instant: without a handover any dose after the move is an
    /// answer, and so is always one in prison after an arrival there.
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

    /// Whether what was sent without a move was taken over, and a dose given since.
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
        // After a transfer an arrival is of the same detention.
        let is_transfer = |moved: &&Move| matches!(moved.item.fact, Some(Fact::Transferred(_)));
        let last = self.last().filter(|_| !self.moves.last().is_some_and(is_transfer));
        let Some(last) = last else { return false };
        // Of one instant a release comes first and an arrival last.
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

/// Up to this instant; `None`: to the end.
type Until = Option<DateTime<Utc>>;

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

/// The last handover. Whoever moves or sends before the one before is answered adds to that: it
/// gives nobody more time.
fn last_open_handover<'a, 't>(
    timeline: &SubstitutionTimeline<'a>,
    moves: &'t [Move<'a, 't>],
    arrivals: &[&Item],
    rules: &ContinuityRules,
) -> Option<OpenHandover<'a, 't>> {
    let sent = timeline.handovers.iter().map(|(item, sent)| (*item, Some(*sent), None));
    let moved = moves.iter().map(|moved| (moved.item, None, Some(moved)));
    let mut steps: Vec<_> = sent.chain(moved).collect();
    // At one instant what is sent is sent for the move.
    steps.sort_by_key(|(item, _, moved)| (item.instant(), moved.is_some()));
    let mut last: Option<OpenHandover> = None;
    for (item, sent, moved) in steps {
        let until = Some(item.instant());
        let goes_on = |handover: &OpenHandover| match handover.moves.first() {
            Some(_) => !handover.is_answered(timeline, arrivals, until),
            // What was confirmed holds for the move that follows; who is given doses meanwhile and
            // is then handed over again waits for that.
            None => moved.is_some() || !handover.is_over(timeline, until),
        };
        let mut handover = last.take().filter(goes_on).unwrap_or_default();
        if let Some(sent) = sent {
            handover.send(timeline, rules, item, sent);
        }
        if let Some(moved) = moved {
            handover.move_on(timeline, rules, moved);
        }
        last = Some(handover);
    }
    last
}

/// A handover that was sent stands until it is confirmed, the receiving side gives a dose in time,
/// or the person is back in prison and given doses; a move with none, until a dose is given after
/// it.
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
    let handover = last_open_handover(timeline, &moves, &arrivals, rules)?;
    if handover.is_answered(timeline, &arrivals, None) {
        return None;
    }
    let from = handover.from()?;
    let events = match handover.sent.last() {
        Some((last, _)) => ids([*last, from]),
        None => ids([handover.moves.first()?.dose.item, from]),
    };
    let since = handover.until(timeline, rules)?;
    clock.reached(since).then(|| Alert {
        code: AlertCode::HandoverUnconfirmed,
        since,
        severity: rules.severities.handover_unconfirmed,
        events,
        detail: match handover.sent.is_empty() {
            false => format!("handover sent, not confirmed by {}", shown(since)),
            true => format!("moved, no handover by {}", shown(since)),
        },
        source: sources(&[
            &rules.thresholds.handover_intervals,
            &rules.thresholds.handover_working_days,
        ]),
    })
}

fn interval_of(timeline: &SubstitutionTimeline, item: &Item, sent: &HandoverSent) -> u32 {
    let dose = timeline.last_dose(item.instant()).filter(|dose| dose.product == sent.product);
    dose.map_or(1, |dose| dose.interval_days)
}
