//! `handoverUnconfirmed`: substitution was handed over, and nobody has confirmed.
//! Always: a move to take over counts before a handover that stands for itself.
//! Rules: "handoverUnconfirmed" in the section "Alerts" of the continuity rules.

use chrono::{DateTime, Utc};

use super::alert::{AlertCode, RaisedAlert, shown};
use super::duties::{Duty, Handover, deadline, duties_from_last, handovers};
use super::situation::Situation;
use crate::domain::history::DatedFact;
use crate::domain::time::calendar::days_after;
use crate::domain::trajectory::custody::MoveKind;
use crate::domain::trajectory::substitution::Dose;
use crate::domain::vocabulary::choice::Setting;

/// Stands while a duty is not taken over, or a handover that stands for itself is not answered.
pub(super) fn unconfirmed(on: &Situation) -> Option<RaisedAlert> {
    if !on.substitution.is_needed() {
        return None;
    }
    let handovers = handovers(on.records);
    let mut duties = duties_from_last(on, &handovers);
    match duties.next() {
        Some(last) if last.taken_over.is_none() => {
            let before = duties.take_while(|duty| duty.taken_over.is_none());
            of_duties(on, &std::iter::once(last).chain(before).collect::<Vec<Duty>>())
        }
        last => of_handovers(on, &handovers, last.and_then(|last| last.taken_over)),
    }
}

/// Duties that nobody took over, from the last to the first: since the deadline of the first.
fn of_duties(on: &Situation, open: &[Duty]) -> Option<RaisedAlert> {
    let first = open.last()?;
    let at = first.made.record.instant;
    let sent = first.handovers.iter().map(|handover| deadline(on, handover.record.instant));
    let since = sent.filter(|own| *own <= at).min().unwrap_or_else(|| deadline(on, at));
    let last = open.iter().flat_map(|duty| &duty.handovers).max_by_key(|h| h.record.place);
    let dose = on.followed.last_dose(at).map(|dose| dose.best.record);
    let records = [first.made.record].into_iter().chain(last.map_or(dose, |h| Some(h.record)));
    raised(on, since, records, last.copied())
}

/// No duty is open: each handover that nobody answered stands for itself.
fn of_handovers(
    on: &Situation,
    handovers: &[Handover],
    taken_over: Option<DateTime<Utc>>,
) -> Option<RaisedAlert> {
    let confirmed = handovers.iter().rfind(|handover| handover.confirmed.is_some());
    let confirmed = confirmed.map(|handover| handover.record.instant);
    let ahead_days = on.rules.thresholds.handover_ahead_days.value;
    let stands = |handover: &&Handover| {
        let sent = handover.record.instant;
        Some(sent) > taken_over
            && Some(sent) > confirmed
            && handover.confirmed.is_none()
            && !is_answered(on, handover)
            && !on.clock.reached(days_after(sent, ahead_days))
            && on.clock.reached(deadline(on, sent))
    };
    let standing: Vec<&Handover> = handovers.iter().filter(stands).collect();
    let (first, last) = (standing.first()?, standing.last()?);
    let since = standing.iter().map(|handover| deadline(on, handover.record.instant)).min()?;
    raised(on, since, [first.record, last.record], Some(last))
}

/// Whether a dose shows that someone took the person over after a handover.
fn is_answered(on: &Situation, handover: &Handover) -> bool {
    let later = on.followed.doses_after(handover.record.instant);
    let arrival =
        on.places.moves.iter().find(|made| {
            made.kind == MoveKind::Arrival && made.record.place > handover.record.place
        });
    let in_prison = |dose: &Dose| {
        dose.given.is_some()
            && dose.best.setting == Some(Setting::Prison)
            && arrival.is_some_and(|arrival| arrival.record.instant <= dose.at)
    };
    later.iter().any(|dose| handover.is_given_there(dose) || in_prison(dose))
}

fn raised<'a>(
    on: &Situation,
    since: DateTime<Utc>,
    records: impl IntoIterator<Item = DatedFact<'a>>,
    last: Option<&Handover>,
) -> Option<RaisedAlert> {
    let thresholds = &on.rules.thresholds;
    let named = [&thresholds.handover_intervals, &thresholds.handover_working_days];
    let severity = on.rules.severities.handover_unconfirmed;
    if !on.clock.reached(since) {
        return None;
    }
    let alert = RaisedAlert::new(AlertCode::HandoverUnconfirmed, since, severity, records, named)
        .detail(format!("nobody confirmed by {}", shown(since)));
    Some(match last {
        Some(last) => alert.with("toProvider", last.sent.to_provider.to_string()),
        None => alert,
    })
}
