//! Alerts about a release: unprepared, not followed up, without a plan.
//! Always: `releaseUnprepared` ends where `releaseWithoutFollowUp` begins.
//! Rules: `releaseUnprepared`, `releaseWithoutFollowUp` and `planOverdue` in the section "Alerts"
//! of the continuity rules; "Followed up" in its section "Care".

use chrono::{DateTime, Days, TimeDelta, Utc};

use super::alert::{AlertCode, RaisedAlert, Situation};
use super::handover::{Handover, duties, handovers, handovers_for};
use crate::domain::history::{DatedFact, InOrOut};
use crate::domain::time::calendar::{after_day, date_of, days_after, start_of};
use crate::domain::trajectory::care::{
    ProgrammeCourse, Release, ResidentialState, SentReferral, Treatment, programmes, referrals,
    release, treatments,
};
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::trajectory::custody::{CustodyState, HeldSpan, MoveKind, PersonMove};
use crate::domain::vocabulary::choice::{ReleaseReason, Setting};
use crate::domain::vocabulary::fact::Fact;

/// Whether a need is on record: substitution, or a referral, treatment or course that goes on.
fn has_need(
    of_substitution: bool,
    referrals: &[SentReferral],
    treatments: &[Treatment],
    programmes: &[ProgrammeCourse],
) -> bool {
    of_substitution
        || referrals.iter().any(|sent| sent.referral.is_need())
        || treatments.iter().any(|treatment| treatment.until.is_none())
        || programmes.iter().any(|course| course.programme.is_open())
}

/// So many days before the expected release, but not before someone began to prepare it.
fn expected_from(release: &Release, days: u32) -> Option<DateTime<Utc>> {
    let begins = start_of(release.expected_on?.checked_sub_days(Days::new(days.into()))?);
    release.prepared_at.map(|prepared| prepared.max(begins))
}

/// The last departure, while the person is outside and was not removed from the territory.
fn departure<'s, 'a>(on: &Situation<'s, 'a>) -> Option<&'s PersonMove<'a>> {
    let is_outside = on.places.now.place == InOrOut::Outside;
    let last = on.places.last_departure().filter(|_| is_outside)?;
    (last.kind != MoveKind::Departure(ReleaseReason::Removal)).then_some(last)
}

/// Stands before a release that is not prepared and, after the departure, until follow-up is late.
pub(super) fn unprepared(on: &Situation) -> Option<RaisedAlert> {
    if on.release.release.has_appointment() {
        return None;
    }
    let of_substitution = on.substitution.is_needed();
    let has_need_now = has_need(of_substitution, on.referrals, on.treatments, on.programmes);
    let Some(held) = on.places.held_now() else {
        return unprepared_outside(on, departure(on)?, has_need_now);
    };
    let since = unprepared_since(on, held, on.records, on.clock).filter(|_| has_need_now)?;
    raised(on, since, None, of_substitution)
}

fn unprepared_outside<'a>(
    on: &Situation<'_, 'a>,
    departure: &PersonMove<'a>,
    has_need_now: bool,
) -> Option<RaisedAlert> {
    let left = departure.record.instant;
    let term = on.rules.thresholds.follow_up_days.value;
    if is_followed_up(on, departure) || on.clock.reached(after_day(left, term)) {
        return None;
    }
    let records = &on.records[..on.records.partition_point(|record| record.instant < left)];
    let was_needed = on.followed.at_move(departure).was_needed;
    let had_need = has_need(
        was_needed,
        &referrals(records),
        &treatments(records),
        &programmes(records, on.rules),
    );
    let handovers = handovers(on.records);
    let own = handovers_for(on, departure, &duties(on), &handovers);
    let is_taken_over = own.iter().any(|handover| handover.confirmed.is_some());
    if is_taken_over || !(has_need_now || had_need) {
        return None;
    }
    let just_before = AnswerClock::at(left - TimeDelta::microseconds(1));
    let held = on.places.ended_by(departure).filter(|_| had_need);
    let stood = held.and_then(|held| unprepared_since(on, held, records, &just_before));
    let of_substitution = on.substitution.is_needed() || was_needed;
    raised(on, stood.unwrap_or(left), Some(departure.record), of_substitution)
}

/// Since when the release from a detention is unprepared, if it is at the present of a clock.
/// `records` are the records up to that present.
fn unprepared_since<'a>(
    on: &Situation<'_, 'a>,
    held: &HeldSpan,
    records: &[DatedFact<'a>],
    clock: &AnswerClock,
) -> Option<DateTime<Utc>> {
    let thresholds = &on.rules.thresholds;
    let prepared = release(records, on.places, clock).release;
    let since = expected_from(&prepared, thresholds.release_prepared_days.value)?;
    let is_confirmed = |handover: &Handover| {
        let sent = handover.record.instant;
        handover.confirmed.is_some()
            && held.holds(sent)
            && !clock.reached(days_after(sent, thresholds.handover_ahead_days.value))
    };
    let runs = |treatment: &Treatment| {
        follows_up(treatment) && held.holds(treatment.since) && treatment.until.is_none()
    };
    let stands = !prepared.has_appointment()
        && !treatments(records).iter().any(runs)
        && !handovers(records).iter().any(is_confirmed);
    (stands && clock.reached(since)).then_some(since)
}

/// Whether a treatment is structured and goes on outside prison.
fn follows_up(treatment: &Treatment) -> bool {
    treatment.structured && treatment.setting != Setting::Prison
}

/// Whether treatment outside prison began after a departure, or goes on from the detention that the
/// departure ended.
fn is_followed_up(on: &Situation, departure: &PersonMove) -> bool {
    let left = departure.record;
    let held = on.places.ended_by(departure);
    let goes_on = |treatment: &Treatment| {
        held.is_some_and(|held| held.holds(treatment.since))
            && treatment.until.is_none_or(|until| date_of(until) > left.date)
    };
    let mut treated = on.treatments.iter().filter(|treatment| follows_up(treatment));
    let admitted =
        |record: &DatedFact| matches!(record.fact, Fact::Admitted(_)) && record.date >= left.date;
    treated.any(|treatment| treatment.since >= left.instant || goes_on(treatment))
        || on.records.iter().rev().any(admitted)
        || on.residential.state != ResidentialState::None
}

fn raised<'a>(
    on: &Situation<'_, 'a>,
    since: DateTime<Utc>,
    departure: Option<DatedFact<'a>>,
    of_substitution: bool,
) -> Option<RaisedAlert> {
    let thresholds = &on.rules.thresholds;
    let named = [&thresholds.release_prepared_days, &thresholds.handover_ahead_days];
    let records = on.release.record.into_iter().chain(departure);
    let detail = format!("not prepared since {}", date_of(since));
    let alert = on.raise(AlertCode::ReleaseUnprepared, since, detail, records, named)?;
    Some(alert.with("missing", missing(on, of_substitution)))
}

/// The parts of the preparation that are missing, in the order of the rules. A prescription is
/// a part only where substitution is the need (`of_substitution`).
fn missing(on: &Situation, of_substitution: bool) -> Vec<&'static str> {
    let release = &on.release.release;
    let held = on.places.held.last();
    let bridges = |record: &DatedFact| match record.fact {
        Fact::HandoverSent(sent) => {
            sent.bridging_days > 0 && held.is_none_or(|held| held.holds(record.instant))
        }
        _ => false,
    };
    let has_prescription =
        release.prescription_days.is_some_and(|days| days > 0) || on.records.iter().any(bridges);
    let rows = [
        ("appointment", !release.has_appointment()),
        ("prescription", of_substitution && !has_prescription),
        ("naloxone", release.naloxone != Some(true)),
        ("insurance", release.insured != Some(true)),
    ];
    rows.into_iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| name).collect()
}

/// Stands after a departure that nobody followed up, without end.
pub(super) fn without_follow_up(on: &Situation) -> Option<RaisedAlert> {
    let departure = departure(on)?;
    let is_under = on.custody.state == CustodyState::UnderModality;
    let sleeps_inside = on.modality.is_some_and(|modality| is_under && modality.is_lived_inside());
    let shows_need = |record: &DatedFact| match record.fact {
        Fact::Screened(screened) => screened.need_identified,
        Fact::Referred(_) | Fact::TreatmentStarted(_) | Fact::Enrolled(_) | Fact::Admitted(_) => {
            true
        }
        _ => false,
    };
    let is_needed = on.followed.last_record().is_some() || on.records.iter().any(shows_need);
    if sleeps_inside || !is_needed || is_followed_up(on, departure) {
        return None;
    }
    let thresholds = &on.rules.thresholds;
    let DatedFact { instant: left, date, .. } = departure.record;
    let named = [&thresholds.follow_up_days, &thresholds.high_risk_days];
    let [since, high_risk_until] = named.map(|term| after_day(left, term.value));
    let detail = format!("released on {date}, no follow-up recorded");
    let code = AlertCode::ReleaseWithoutFollowUp;
    let mut raised = on.raise(code, since, detail, [departure.record], named)?;
    if on.clock.reached(high_risk_until) {
        raised.alert.severity = on.rules.severities.release_without_follow_up;
    }
    Some(raised)
}

/// Stands before a release for which no plan is agreed.
pub(super) fn plan_overdue(on: &Situation) -> Option<RaisedAlert> {
    let held = on.places.held_now()?;
    let threshold = &on.rules.thresholds.plan_before_release_days;
    let since = expected_from(&on.release.release, threshold.value)?;
    let is_agreed = |record: &DatedFact| {
        matches!(record.fact, Fact::PlanAgreed(_)) && held.holds(record.instant)
    };
    if on.records.iter().any(is_agreed) {
        return None;
    }
    let detail = format!("release expected, no plan agreed since {}", date_of(since));
    on.raise(AlertCode::PlanOverdue, since, detail, on.release.record, [threshold])
}
