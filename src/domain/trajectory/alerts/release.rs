//! Alerts about a release: unprepared, not followed up, without a plan.
//! Always: `releaseUnprepared` ends where `releaseWithoutFollowUp` begins.
//! Rules: `releaseUnprepared`, `releaseWithoutFollowUp` and `planOverdue` in the section "Alerts"
//! of the continuity rules.

use chrono::{DateTime, Days, Utc};

use super::alert::{AlertCode, RaisedAlert, shown};
use super::duties::{Handover, duty_moves, handovers, handovers_for};
use super::situation::Situation;
use crate::domain::history::DatedFact;
use crate::domain::time::calendar::{days_after, start_of};
use crate::domain::trajectory::care::{
    ProgrammeCourse, ProgrammeState, Release, ResidentialState, SentReferral, is_followed_up,
    is_followed_up_inside, programmes, referrals, release, treatments,
};
use crate::domain::trajectory::clock::after_day;
use crate::domain::trajectory::custody::{CustodyState, HeldSpan, InOrOut, MoveKind, PersonMove};
use crate::domain::vocabulary::choice::ReleaseReason;
use crate::domain::vocabulary::fact::Fact;

/// What a person needs who leaves prison.
#[derive(Debug, Clone, Copy)]
struct Need {
    of_substitution: bool,
    of_care: bool,
}

impl Need {
    const fn is_any(self) -> bool {
        self.of_substitution || self.of_care
    }
}

/// The needs at the present.
fn need_now(on: &Situation) -> Need {
    let is_open = |course: &ProgrammeCourse| course.programme.state == ProgrammeState::Open;
    Need {
        of_substitution: on.substitution.is_needed(),
        of_care: on.referrals.iter().any(|sent| sent.referral.is_need())
            || on.treatments.iter().any(|treatment| treatment.until.is_none())
            || on.programmes.iter().any(is_open),
    }
}

/// The needs just before a departure.
fn need_before(on: &Situation, departure: &PersonMove) -> Need {
    let instant = departure.record.instant;
    let before = &on.records[..on.records.partition_point(|record| record.instant < instant)];
    let is_need = |sent: &SentReferral| sent.referral.is_need();
    Need {
        of_substitution: on.followed.at_move(departure).was_needed,
        of_care: referrals(before).iter().any(is_need)
            || treatments(before).iter().any(|treatment| treatment.until.is_none())
            || programmes(before, on.rules)
                .iter()
                .any(|course| course.programme.state == ProgrammeState::Open),
    }
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
    let handovers = handovers(on.records);
    match on.places.held_now() {
        Some(held) => unprepared_inside(on, held, &handovers),
        None => unprepared_outside(on, departure(on)?, &handovers),
    }
}

fn unprepared_inside(
    on: &Situation,
    held: &HeldSpan,
    handovers: &[Handover],
) -> Option<RaisedAlert> {
    let need = need_now(on);
    let since =
        expected_from(&on.release.release, on.rules.thresholds.release_prepared_days.value)?;
    let ahead_days = on.rules.thresholds.handover_ahead_days.value;
    let is_confirmed = |handover: &Handover| {
        let sent = handover.record.instant;
        handover.confirmed.is_some()
            && held.holds(sent)
            && !on.clock.reached(days_after(sent, ahead_days))
    };
    let stands = need.is_any()
        && !is_followed_up_inside(held, on.treatments)
        && !handovers.iter().any(is_confirmed);
    (stands && on.clock.reached(since)).then(|| raised(on, since, None, need, handovers))
}

fn unprepared_outside(
    on: &Situation,
    departure: &PersonMove,
    handovers: &[Handover],
) -> Option<RaisedAlert> {
    let left = departure.record.instant;
    let thresholds = &on.rules.thresholds;
    let (now, before) = (need_now(on), need_before(on, departure));
    let ahead_days = thresholds.handover_ahead_days.value;
    let own = handovers_for(departure, &duty_moves(on), handovers, ahead_days);
    let stands = (now.is_any() || before.is_any())
        && !is_followed_up_outside(on, departure)
        && !own.iter().any(|handover| handover.confirmed.is_some());
    if !stands || on.clock.reached(after_day(left, thresholds.follow_up_days.value)) {
        return None;
    }
    let stood = stood_since(on, departure, handovers).filter(|_| before.is_any());
    let of_substitution = now.of_substitution || before.of_substitution;
    let need = Need { of_substitution, of_care: true };
    Some(raised(on, stood.unwrap_or(left), Some(departure.record), need, handovers))
}

/// Since when the alert stood just before the departure, if it did and the person had a need.
fn stood_since(
    on: &Situation,
    departure: &PersonMove,
    handovers: &[Handover],
) -> Option<DateTime<Utc>> {
    let left = departure.record.instant;
    let before = &on.records[..on.records.partition_point(|record| record.instant < left)];
    let ends = |held: &&HeldSpan| {
        held.departure.is_some_and(|ended| ended.place == departure.record.place)
    };
    let held = on.places.held.iter().rev().find(ends)?;
    let ahead_days = on.rules.thresholds.handover_ahead_days.value;
    let is_confirmed = |handover: &Handover| {
        let sent = handover.record.instant;
        handover.confirmed.is_some_and(|confirmed| confirmed < left)
            && held.holds(sent)
            && days_after(sent, ahead_days) >= left
    };
    let prepared = release(before, on.places, on.clock).release;
    let stood = !prepared.has_appointment()
        && !is_followed_up_inside(held, &treatments(before))
        && !handovers.iter().any(is_confirmed);
    let since = expected_from(&prepared, on.rules.thresholds.release_prepared_days.value);
    since.filter(|since| stood && *since < left)
}

fn is_followed_up_outside(on: &Situation, departure: &PersonMove) -> bool {
    let is_resident = on.residential.state != ResidentialState::None;
    is_followed_up(departure, on.records, on.places, on.treatments, is_resident)
}

fn raised(
    on: &Situation,
    since: DateTime<Utc>,
    departure: Option<DatedFact>,
    need: Need,
    handovers: &[Handover],
) -> RaisedAlert {
    let thresholds = &on.rules.thresholds;
    let named = [&thresholds.release_prepared_days, &thresholds.handover_ahead_days];
    let severity = on.rules.severities.release_unprepared;
    let records = on.release.record.into_iter().chain(departure);
    RaisedAlert::new(AlertCode::ReleaseUnprepared, since, severity, records, named)
        .detail(format!("not prepared since {}", shown(since)))
        .with("missing", missing(on, need, handovers))
}

/// What is missing, in the order of the rules.
fn missing(on: &Situation, need: Need, handovers: &[Handover]) -> Vec<&'static str> {
    let release = &on.release.release;
    let held = on.places.held.last();
    let bridges = |handover: &Handover| {
        handover.sent.bridging_days > 0
            && held.is_none_or(|held| held.holds(handover.record.instant))
    };
    let has_prescription =
        release.prescription_days.is_some_and(|days| days > 0) || handovers.iter().any(bridges);
    let rows = [
        ("appointment", !release.has_appointment()),
        ("prescription", need.of_substitution && !has_prescription),
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
    if sleeps_inside || !is_needed || is_followed_up_outside(on, departure) {
        return None;
    }
    let thresholds = &on.rules.thresholds;
    let left = departure.record.instant;
    let since = after_day(left, thresholds.follow_up_days.value);
    let at_risk_until = after_day(left, thresholds.high_risk_days.value);
    let severities = &on.rules.severities;
    on.clock.reached(since).then(|| {
        let severity = match on.clock.reached(at_risk_until) {
            true => severities.release_without_follow_up,
            false => severities.release_without_follow_up_at_high_risk,
        };
        let named = [&thresholds.follow_up_days, &thresholds.high_risk_days];
        let (code, records) = (AlertCode::ReleaseWithoutFollowUp, [departure.record]);
        RaisedAlert::new(code, since, severity, records, named)
            .detail(format!("released on {}, no follow-up recorded", shown(left)))
    })
}

/// Stands before a release for which no plan is agreed.
pub(super) fn plan_overdue(on: &Situation) -> Option<RaisedAlert> {
    let held = on.places.held_now()?;
    let threshold = &on.rules.thresholds.plan_before_release_days;
    let since = expected_from(&on.release.release, threshold.value)?;
    let is_agreed = |record: &DatedFact| {
        matches!(record.fact, Fact::PlanAgreed(_)) && held.holds(record.instant)
    };
    let stands = !on.records.iter().any(is_agreed) && on.clock.reached(since);
    stands.then(|| {
        let severity = on.rules.severities.plan_overdue;
        let records = on.release.record;
        RaisedAlert::new(AlertCode::PlanOverdue, since, severity, records, [threshold])
            .detail(format!("release expected, no plan agreed since {}", shown(since)))
    })
}
