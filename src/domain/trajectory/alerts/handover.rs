//! `handoverUnconfirmed`: substitution was handed over, and nobody has confirmed.
//! Always: a duty to take over counts before a handover that stands for itself; a duty is taken
//! over by a confirmation, or by the first dose that shows it.
//! Rules: "handoverUnconfirmed" in the section "Alerts" of the continuity rules.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::alert::{AlertCode, RaisedAlert, Situation};
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::time::calendar::{date_of, days_after, end_of};
use crate::domain::time::workdays::workdays_after;
use crate::domain::trajectory::custody::{MoveKind, PersonMove};
use crate::domain::trajectory::substitution::Dose;
use crate::domain::vocabulary::choice::Setting;
use crate::domain::vocabulary::fact::{Fact, HandoverSent};

/// A handover that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handover<'a> {
    pub record: DatedFact<'a>,
    pub sent: &'a HandoverSent,
    /// When it was confirmed; a confirmation counts from the later of its time and the handover's.
    pub confirmed: Option<DateTime<Utc>>,
}

/// The handovers, in order.
pub(super) fn handovers<'a>(records: &[DatedFact<'a>]) -> Vec<Handover<'a>> {
    let mut confirmed: BTreeMap<ScopedId, DateTime<Utc>> = BTreeMap::new();
    for record in records {
        if let Fact::HandoverConfirmed(fact) = record.fact {
            confirmed.entry(record.scoped(&fact.handover)).or_insert(record.instant);
        }
    }
    let handover = |record: &DatedFact<'a>| {
        let Fact::HandoverSent(sent) = record.fact else { return None };
        let confirmed = confirmed.get(&record.scoped(&sent.handover));
        let confirmed = confirmed.map(|at| (*at).max(record.instant));
        Some(Handover { record: *record, sent, confirmed })
    };
    records.iter().filter_map(handover).collect()
}

/// A duty to take substitution over, with its handovers, and when it was taken over.
#[derive(Debug)]
struct Duty<'h, 'a> {
    record: DatedFact<'a>,
    handovers: Vec<&'h Handover<'a>>,
    taken_over: Option<DateTime<Utc>>,
}

/// The moves at which someone had the duty to take substitution over.
pub(super) fn duties<'a>(on: &Situation<'_, 'a>) -> Vec<PersonMove<'a>> {
    on.places.moves.iter().filter(|made| on.followed.at_move(made).is_duty).copied().collect()
}

/// The handovers that are for a move: sent after the duty before and before the duty after it.
pub(super) fn handovers_for<'h, 'a>(
    on: &Situation,
    made: &PersonMove,
    duties: &[PersonMove],
    handovers: &'h [Handover<'a>],
) -> Vec<&'h Handover<'a>> {
    let place = made.record.place;
    let before = duties.iter().rfind(|duty| duty.record.place < place);
    let after = duties.iter().find(|duty| duty.record.place > place);
    let ahead_days = on.rules.thresholds.handover_ahead_days.value;
    let is_for = |handover: &&Handover| {
        let sent = handover.record.instant;
        before.is_none_or(|before| before.record.instant < sent)
            && after.is_none_or(|after| sent < after.record.instant)
            && days_after(sent, ahead_days) >= made.record.instant
    };
    handovers.iter().filter(is_for).collect()
}

/// Stands while a duty is not taken over, or a handover that stands for itself is not answered.
pub(super) fn unconfirmed(on: &Situation) -> Option<RaisedAlert> {
    if !on.substitution.is_needed() {
        return None;
    }
    let (duties, handovers) = (duties(on), handovers(on.records));
    let mut from_last =
        (0..duties.len()).rev().map(|index| duty(on, &duties, index, &handovers)).peekable();
    let taken_over = from_last.peek().and_then(|last| last.taken_over);
    let open: Vec<Duty> = from_last.take_while(|duty| duty.taken_over.is_none()).collect();
    match open.is_empty() {
        true => of_handovers(on, &handovers, taken_over),
        false => of_duties(on, &open),
    }
}

/// Duties that nobody took over, from the last to the first: since the deadline of the first.
fn of_duties(on: &Situation, open: &[Duty]) -> Option<RaisedAlert> {
    let first = open.last()?;
    let at = first.record.instant;
    let sent = first.handovers.iter().map(|handover| deadline(on, handover.record.instant));
    let since = sent.filter(|own| *own <= at).min().unwrap_or_else(|| deadline(on, at));
    let last = open.iter().flat_map(|duty| &duty.handovers).max_by_key(|one| one.record.place);
    let dose = on.followed.last_dose(at).map(|dose| dose.best.record);
    let other = last.map_or(dose, |last| Some(last.record));
    raised(on, since, [Some(first.record), other], last.copied())
}

/// No duty is open: each handover that nobody answered stands for itself.
fn of_handovers(
    on: &Situation,
    handovers: &[Handover],
    taken_over: Option<DateTime<Utc>>,
) -> Option<RaisedAlert> {
    let confirmed = handovers.iter().rfind(|handover| handover.confirmed.is_some());
    let answered = taken_over.max(confirmed.map(|handover| handover.record.instant));
    let ahead_days = on.rules.thresholds.handover_ahead_days.value;
    let stands = |handover: &&Handover| {
        let sent = handover.record.instant;
        let mut later = on.followed.doses_after(sent).iter();
        let shows = |dose: &Dose| {
            is_given_there(dose, handover) || is_given_inside(on, dose, &handover.record)
        };
        Some(sent) > answered
            && handover.confirmed.is_none()
            && !later.any(shows)
            && !on.clock.reached(days_after(sent, ahead_days))
            && on.clock.reached(deadline(on, sent))
    };
    let standing: Vec<&Handover> = handovers.iter().filter(stands).collect();
    let (first, last) = (standing.first()?, standing.last()?);
    let since = standing.iter().map(|handover| deadline(on, handover.record.instant)).min()?;
    raised(on, since, [Some(first.record), Some(last.record)], Some(last))
}

fn duty<'h, 'a>(
    on: &Situation,
    duties: &[PersonMove<'a>],
    index: usize,
    handovers: &'h [Handover<'a>],
) -> Duty<'h, 'a> {
    let PersonMove { kind, record, .. } = duties[index];
    let handovers = handovers_for(on, &duties[index], duties, handovers);
    let is_elsewhere = |dose: &Dose| match (kind, record.fact) {
        (MoveKind::Transfer, Fact::Transferred(moved)) => dose.best.place != Some(&moved.from),
        _ => dose.best.setting != Some(Setting::Prison),
    };
    let shows = |dose: &&Dose| {
        dose.given.is_some() && is_elsewhere(dose)
            || handovers.iter().any(|handover| is_given_there(dose, handover))
            || is_given_inside(on, dose, &record)
    };
    let next = duties.get(index + 1).map(|next| next.record.instant);
    let in_time = |dose: &&Dose| next.is_none_or(|next| dose.at <= next);
    let shown = on.followed.doses_after(record.instant).iter().take_while(in_time).find(shows);
    let confirmed = handovers.iter().filter_map(|handover| handover.confirmed).min();
    let confirmed = confirmed.map(|confirmed| confirmed.max(record.instant));
    let taken_over = confirmed.into_iter().chain(shown.map(|dose| dose.at)).min();
    Duty { record, handovers, taken_over }
}

/// Whether a dose was given by the provider who should take over.
fn is_given_there(dose: &Dose, handover: &Handover) -> bool {
    dose.given.is_some() && dose.best.place == Some(&handover.sent.to_provider)
}

/// Whether a dose was given in prison, after an arrival that stands after a record.
fn is_given_inside(on: &Situation, dose: &Dose, record: &DatedFact) -> bool {
    let is_arrival =
        |made: &&PersonMove| made.kind == MoveKind::Arrival && made.record.place > record.place;
    let arrival = || on.places.moves.iter().find(is_arrival);
    dose.given.is_some()
        && dose.best.setting == Some(Setting::Prison)
        && arrival().is_some_and(|arrival| arrival.record.instant <= dose.at)
}

/// The deadline of a duty or of a handover.
fn deadline(on: &Situation, at: DateTime<Utc>) -> DateTime<Utc> {
    let thresholds = &on.rules.thresholds;
    let interval_days = on.followed.last_dose(at).map_or(1, |dose| dose.best.interval_days);
    let by_interval = days_after(at, thresholds.handover_intervals.value * interval_days);
    let workday = workdays_after(date_of(at), thresholds.handover_working_days.value);
    by_interval.min(end_of(workday))
}

fn raised<'a>(
    on: &Situation<'_, 'a>,
    since: DateTime<Utc>,
    records: [Option<DatedFact<'a>>; 2],
    last: Option<&Handover>,
) -> Option<RaisedAlert> {
    let thresholds = &on.rules.thresholds;
    let named = [&thresholds.handover_intervals, &thresholds.handover_working_days];
    let detail = format!("nobody confirmed by {}", date_of(since));
    let records = records.into_iter().flatten();
    let alert = on.raise(AlertCode::HandoverUnconfirmed, since, detail, records, named)?;
    Some(match last {
        Some(last) => alert.with("toProvider", last.sent.to_provider.to_string()),
        None => alert,
    })
}
