//! Alerts about the course of substitution: interrupted, overdue, given twice.
//! Always: `substitutionInterrupted` stands exactly while the state is `interrupted`.
//! Rules: the first three rows of the table, and "doubleDose", in the section "Alerts" of the
//! continuity rules.

use chrono::TimeDelta;

use super::alert::{AlertCode, RaisedAlert, Situation};
use crate::domain::history::DatedFact;
use crate::domain::time::calendar::date_of;
use crate::domain::trajectory::clock::hours_after;
use crate::domain::trajectory::substitution::{
    DaysWithoutDose, Dose, Onset, SubstitutionState, days_without_dose,
};

/// The source of what no threshold says.
const OURS: &str = "ours, unconfirmed";

/// Stands while the state is `interrupted`.
pub(super) fn interrupted(on: &Situation) -> Option<RaisedAlert> {
    let interruption = on.followed.now.interruption?;
    let days = days_without_dose(&on.followed.now, on.clock)?;
    if on.substitution.state != SubstitutionState::Interrupted {
        return None;
    }
    let threshold = match (days.review, interruption.onset) {
        (Some((_, threshold)), _) => Some(threshold),
        (None, Onset::Depot(due)) => due.window(on.rules),
        (None, Onset::Forced { .. }) => None,
        (None, _) => Some(&on.rules.thresholds.missed_review_days),
    };
    let records = interruption.dose_before.into_iter().chain([interruption.record]);
    let (code, since) = (AlertCode::SubstitutionInterrupted, interruption.since);
    let detail = format!("interrupted since {}", date_of(since));
    let mut alert = with_days(on.raise(code, since, detail, records, threshold)?, days);
    if threshold.is_none() {
        OURS.clone_into(&mut alert.alert.source);
    }
    Some(alert)
}

fn with_days(alert: RaisedAlert, days: DaysWithoutDose) -> RaisedAlert {
    let alert = alert.with("daysWithoutDose", days.days);
    match days.review {
        Some((review, _)) => alert.with("review", review.code()),
        None => alert,
    }
}

/// Stands while the state is `unknown` because nobody has said anything for too long.
pub(super) fn overdue(on: &Situation) -> Option<RaisedAlert> {
    if on.substitution.state != SubstitutionState::Unknown {
        return None;
    }
    let now = &on.followed.now;
    let faded = now.interruption.and_then(|interruption| interruption.faded);
    let (since, threshold) = match (faded, on.standing.silence) {
        (Some(faded), _) => (faded, &on.rules.thresholds.interruption_stale_days),
        (None, Some(silence)) => (silence.sets_in, silence.limit),
        (None, None) => return None,
    };
    let last_dose = now.last_dose.map(|dose| dose.best.record);
    let records = last_dose.into_iter().chain(on.followed.last_record());
    let detail = format!("nobody knows since {}", date_of(since));
    let mut alert =
        on.raise(AlertCode::SubstitutionOverdue, since, detail, records, [threshold])?;
    if let Some(due) = on.standing.due {
        alert = alert.with("dueBy", serde_json::to_value(due.at).unwrap_or_default());
    }
    Some(match days_without_dose(now, on.clock).filter(|_| faded.is_some()) {
        Some(days) => with_days(alert, days),
        None => alert,
    })
}

/// Stands from each double dose until the next dose that is none.
pub(super) fn double_doses(on: &Situation) -> Vec<RaisedAlert> {
    let threshold = &on.rules.thresholds.double_dose_hours;
    let doses = &on.followed.doses;
    let is_double = |index: usize| {
        let before = index.checked_sub(1).map(|before| &doses[before]);
        before.is_some_and(|before| follows_too_soon(&doses[index], before))
    };
    let latest = doses.iter().enumerate().rev().take_while(|(index, _)| is_double(*index));
    let alert = |(index, dose): (usize, &Dose<'_>)| {
        if on.clock.reached(hours_after(dose.at, threshold.value)) {
            return None;
        }
        let records = [doses[index - 1].best.record, dose.best.record];
        let detail = format!("a second dose was given on {}", dose.date);
        on.raise(AlertCode::DoubleDose, dose.at, detail, records, [threshold])
    };
    latest.filter_map(alert).collect()
}

/// Whether a dose was given too soon after the dose before it, by another place or sender.
fn follows_too_soon(dose: &Dose, before: &Dose) -> bool {
    let Some(given) = dose.given.filter(|_| dose.best.interval_days == 1) else { return false };
    let half = TimeDelta::minutes(i64::from(before.interval_hours()) * 60 / 2);
    let elsewhere = before.best.place.is_some_and(|place| dose.best.place != Some(place));
    let source = |record: &DatedFact| record.item.event().key.source.clone();
    let other_sender = before.given.is_some_and(|before| source(&before) != source(&given));
    dose.at - before.at < half && (elsewhere || other_sender)
}
