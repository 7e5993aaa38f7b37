//! Alerts about referrals that nobody answered, and about programmes that stand still.
//! Always: a course of a programme is told once, over all prisons.
//! Rules: `referralUnanswered` and `programmeStalled` in the section "Alerts" of the continuity
//! rules.

use super::alert::{AlertCode, RaisedAlert, shown};
use super::situation::Situation;
use crate::domain::trajectory::care::{
    ProgrammeCourse, ProgrammeState, ReferralState, SentReferral,
};
use crate::domain::trajectory::clock::after_day;
use crate::domain::vocabulary::choice::ProgrammeKind;

/// Each referral that is open for too long.
pub(super) fn referrals_unanswered(on: &Situation) -> Vec<RaisedAlert> {
    let threshold = &on.rules.thresholds.referral_unanswered_days;
    let alert = |sent: &SentReferral| {
        let since = after_day(sent.record.instant, threshold.value);
        on.clock.reached(since).then(|| {
            let severity = on.rules.severities.referral_unanswered;
            RaisedAlert::new(
                AlertCode::ReferralUnanswered,
                since,
                severity,
                [sent.record],
                [threshold],
            )
            .detail(format!("referred on {}, no answer", shown(sent.record.instant)))
        })
    };
    let open = on.referrals.iter().filter(|sent| sent.referral.state == ReferralState::Open);
    open.filter_map(alert).collect()
}

/// Each open course without a session for too long, or over its term.
pub(super) fn programmes_stalled(on: &Situation) -> Vec<RaisedAlert> {
    let open = on.programmes.iter().filter(|course| course.programme.state == ProgrammeState::Open);
    open.filter_map(|course| stalled(on, course)).collect()
}

fn stalled(on: &Situation, course: &ProgrammeCourse) -> Option<RaisedAlert> {
    let (programme, thresholds) = (&course.programme, &on.rules.thresholds);
    let silent = &thresholds.programme_stalled_days;
    let silent = (after_day(course.last.instant, silent.value), silent);
    let is_short = programme.programme == ProgrammeKind::ShortIntervention
        && programme.sessions_held < programme.planned_sessions as usize;
    let term = &thresholds.short_programme_days;
    let term = is_short.then(|| (after_day(programme.since, term.value), term));
    let (since, threshold) = term.into_iter().chain([silent]).min_by_key(|(since, _)| *since)?;
    on.clock.reached(since).then(|| {
        let severity = on.rules.severities.programme_stalled;
        let (code, records) = (AlertCode::ProgrammeStalled, [course.last]);
        RaisedAlert::new(code, since, severity, records, [threshold])
            .detail(format!("last on {}", shown(course.last.instant)))
            .with("sessionsHeld", programme.sessions_held)
            .with("plannedSessions", programme.planned_sessions)
    })
}
