//! Alerts about the course of substitution: interrupted, overdue, given twice, detoxification only.
//! Always: `substitutionInterrupted` stands exactly while the state is `interrupted`.
//! Rules: the first three rows of the table, "doubleDose" and "detoxOnly" in the section "Alerts"
//! of the continuity rules.

use chrono::{DateTime, TimeDelta, Utc};

use super::alert::{AlertCode, RaisedAlert, Situation};
use crate::domain::history::DatedFact;
use crate::domain::time::calendar::{date_of, days_after, hours_after};
use crate::domain::trajectory::custody::MoveKind;
use crate::domain::trajectory::substitution::{
    DaysWithoutDose, Dose, Onset, Prescription, Stop, SubstitutionState, days_without_dose,
};
use crate::domain::vocabulary::choice::{Goal, Setting};
use crate::domain::vocabulary::fact::{Code, Fact};

/// The source of what no threshold says.
const OURS: &str = "ours, unconfirmed";

/// Stands while the state is `interrupted`.
pub(super) fn interrupted(on: &Situation) -> Option<RaisedAlert> {
    let interruption = on.followed.now.interruption?;
    let days = days_without_dose(on.followed, on.clock)?;
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
    Some(match days_without_dose(on.followed, on.clock).filter(|_| faded.is_some()) {
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

/// Stands from the later of the first prescription and the coming into this prison.
pub(super) fn detox_only(on: &Situation) -> Option<RaisedAlert> {
    let facility = on.custody.facility.as_ref()?;
    let enters = |kind| matches!(kind, MoveKind::Arrival | MoveKind::Transfer);
    let entered = on.places.moves.iter().rfind(|made| enters(made.kind))?.record;
    let prescriptions = &on.followed.now.records.prescriptions.all;
    let of_prison = |one: &&Prescription| is_of_prison(on, one, facility, &entered);
    let first = prescriptions.iter().find(of_prison)?;
    let mut since_first =
        prescriptions.iter().filter(|one| one.record.instant >= first.record.instant);
    let is_detox = first.prescribed.goal == Goal::Detoxification
        && since_first.all(|one| one.prescribed.goal != Goal::Maintenance);
    let at = first.record.instant;
    let is_after = |stop: &Stop| stop.record.instant > at;
    if !is_detox || on.followed.ending_stops.iter().any(is_after) {
        return None;
    }
    let evidence = maintained_by(on, at)?;
    let since = at.max(entered.instant);
    let thresholds = &on.rules.thresholds;
    let named = [&thresholds.prescription_ahead_hours, &thresholds.maintained_before_days];
    let detail = format!("facility {facility}, detoxification since {}", date_of(since));
    let alert = on.raise(AlertCode::DetoxOnly, since, detail, [evidence, first.record], named)?;
    Some(alert.with("facility", facility.to_string()))
}

/// Whether a prescription is of the prison that the person entered.
fn is_of_prison(on: &Situation, one: &Prescription, facility: &Code, entered: &DatedFact) -> bool {
    let named = one.prescribed.facility.as_ref();
    let ahead = on.rules.thresholds.prescription_ahead_hours.value;
    let is_ahead =
        || named == Some(facility) && hours_after(one.record.instant, ahead) >= entered.instant;
    one.prescribed.setting == Setting::Prison
        && named.is_none_or(|named| named == facility)
        && (one.record.date >= entered.date || is_ahead())
}

/// The last evidence that the person was maintained before an instant, with no end of a course
/// between.
fn maintained_by<'a>(on: &Situation<'_, 'a>, until: DateTime<Utc>) -> Option<DatedFact<'a>> {
    let followed = on.followed;
    let limit = on.rules.thresholds.maintained_before_days.value;
    let stopped = followed.ending_stops.iter().rfind(|stop| stop.record.instant <= until);
    let stopped_at = stopped.map(|stop| stop.record.instant);
    let known = &followed.now.records.prescriptions;
    let doses = followed.doses.iter().filter(|dose| {
        let ordered = known.named(dose.best.names).map(|one| one.prescribed.goal);
        dose.given.is_some()
            && dose.best.setting != Some(Setting::Prison)
            && ordered != Some(Goal::Detoxification)
    });
    let doses = doses.map(|dose| (dose.at, dose.best.record));
    let tellings = followed.now.records.doses.iter().flat_map(|dose| &dose.tellings);
    let verified = tellings.filter(|telling| matches!(telling.record.fact, Fact::Verified(_)));
    let verified = verified.map(|telling| (telling.at, telling.record));
    // At one instant a stop stands after the doses; a prescription that it does not name goes on.
    let doses = doses.chain(verified).filter(|(at, _)| Some(*at) > stopped_at);
    let prescribed = known.all.iter().filter(|one| {
        let is_named = stopped.is_some_and(|stop| stop.names == Some(one.id));
        let at = Some(one.record.instant);
        one.prescribed.goal == Goal::Maintenance
            && (at > stopped_at || at == stopped_at && !is_named)
    });
    let prescribed = prescribed.map(|one| (one.record.instant, one.record));
    let in_time = |at: DateTime<Utc>| at <= until && days_after(at, limit) >= until;
    let all = doses.chain(prescribed).filter(|(at, _)| in_time(*at));
    all.max_by_key(|(at, record)| (*at, record.place)).map(|(_, record)| record)
}
