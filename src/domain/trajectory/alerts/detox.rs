//! `detoxOnly`: a person who was maintained gets only a detoxification in this prison.
//! Always: the alert rests on a prescription of this prison and on evidence from before it.
//! Rules: "detoxOnly" in the section "Alerts" of the continuity rules.

use chrono::{DateTime, Utc};

use super::alert::{AlertCode, RaisedAlert, Situation};
use crate::domain::history::DatedFact;
use crate::domain::time::calendar::{date_of, days_after};
use crate::domain::trajectory::clock::hours_after;
use crate::domain::trajectory::custody::MoveKind;
use crate::domain::trajectory::substitution::{Prescription, Stop};
use crate::domain::vocabulary::choice::{Goal, Setting};
use crate::domain::vocabulary::fact::{Code, Fact};

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
    let is_after = |stop: &Stop| {
        let stopped = stop.record.instant;
        stopped > at || stopped == at && stop.names == Some(first.id)
    };
    if !is_detox || on.followed.ending_stops.iter().any(is_after) {
        return None;
    }
    let evidence = evidence(on, at)?;
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
fn evidence<'a>(on: &Situation<'_, 'a>, until: DateTime<Utc>) -> Option<DatedFact<'a>> {
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
    // At one instant a stop stands after the doses, and after the prescription that it names.
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
