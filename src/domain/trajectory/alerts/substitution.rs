//! Alerts about the course of substitution: interrupted, overdue, given twice.
//! Always: `substitutionInterrupted` stands exactly while the state is `interrupted`.
//! Rules: the first three rows of the table, and "doubleDose", in the section "Alerts" of the
//! continuity rules.

use chrono::TimeDelta;

use super::alert::{AlertCode, RaisedAlert, shown, told};
use super::situation::Situation;
use crate::domain::history::DatedFact;
use crate::domain::trajectory::clock::hours_after;
use crate::domain::trajectory::substitution::{Dose, Onset, SubstitutionState, days_without_dose};

/// The source of what no threshold says.
const OURS: &str = "ours, unconfirmed";

/// Stands while the state is `interrupted`.
pub(super) fn interrupted(on: &Situation) -> Option<RaisedAlert> {
    let interruption = on.followed.now.interruption?;
    let days = days_without_dose(&on.followed.now, on.clock)?;
    if on.substitution.state != SubstitutionState::Interrupted {
        return None;
    }
    let thresholds = &on.rules.thresholds;
    let (threshold, is_ours) = match (days.review, interruption.onset) {
        (Some((_, threshold)), _) => (threshold, false),
        (None, Onset::Depot(due)) => (due.window(on.rules)?, false),
        (None, Onset::Forced { .. }) => (&thresholds.missed_review_days, true),
        (None, _) => (&thresholds.missed_review_days, false),
    };
    let severity = on.rules.severities.substitution_interrupted;
    let records = interruption.dose_before.into_iter().chain([interruption.record]);
    let code = AlertCode::SubstitutionInterrupted;
    let alert = RaisedAlert::new(code, interruption.since, severity, records, [threshold])
        .detail(format!("interrupted since {}", shown(interruption.since)))
        .with("daysWithoutDose", days.days);
    let alert = if is_ours { alert.source(OURS) } else { alert };
    Some(match days.review {
        Some((review, _)) => alert.with("review", review.code()),
        None => alert,
    })
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
    let last_record = on.followed.last_record();
    let severity = on.rules.severities.substitution_overdue;
    let records = last_dose.into_iter().chain(last_record);
    let mut alert =
        RaisedAlert::new(AlertCode::SubstitutionOverdue, since, severity, records, [threshold])
            .detail(format!("nobody knows since {}", shown(since)));
    if let Some(due) = on.standing.due {
        alert = alert.with("dueBy", told(due.at));
    }
    let days = days_without_dose(now, on.clock).filter(|_| faded.is_some());
    if let Some(days) = days {
        alert = alert.with("daysWithoutDose", days.days);
        if let Some((review, _)) = days.review {
            alert = alert.with("review", review.code());
        }
    }
    Some(alert)
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
    let alert = |(index, dose): (usize, &Dose)| {
        let ends = hours_after(dose.at, threshold.value);
        (!on.clock.reached(ends)).then(|| {
            let severity = on.rules.severities.double_dose;
            let records = [doses[index - 1].best.record, dose.best.record];
            RaisedAlert::new(AlertCode::DoubleDose, dose.at, severity, records, [threshold])
                .detail(format!("a second dose was given on {}", shown(dose.at)))
        })
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
