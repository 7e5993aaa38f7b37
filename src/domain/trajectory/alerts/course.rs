//! Alerts about referrals that nobody answered, and about programmes that stand still.
//! Always: a course of a programme is told once, over all prisons.
//! Rules: `referralUnanswered` and `programmeStalled` in the section "Alerts" of the continuity
//! rules.

use super::alert::{AlertCode, RaisedAlert, Situation};
use crate::domain::trajectory::care::{ProgrammeCourse, ReferralState, SentReferral};
use crate::domain::trajectory::clock::after_day;
use crate::domain::vocabulary::choice::ProgrammeKind;

/// Each referral that is open for too long.
pub(super) fn referrals_unanswered(on: &Situation) -> Vec<RaisedAlert> {
    let threshold = &on.rules.thresholds.referral_unanswered_days;
    let alert = |sent: &SentReferral<'_>| {
        let since = after_day(sent.record.instant, threshold.value);
        let detail = format!("referred on {}, no answer", sent.record.date);
        on.raise(AlertCode::ReferralUnanswered, since, detail, [sent.record], [threshold])
    };
    let open = on.referrals.iter().filter(|sent| sent.referral.state == ReferralState::Open);
    open.filter_map(alert).collect()
}

/// Each open course without a session for too long, or over its term.
pub(super) fn programmes_stalled(on: &Situation) -> Vec<RaisedAlert> {
    let open = on.programmes.iter().filter(|course| course.programme.is_open());
    open.filter_map(|course| stalled(on, course)).collect()
}

fn stalled<'a>(on: &Situation<'_, 'a>, course: &ProgrammeCourse<'a>) -> Option<RaisedAlert> {
    let (programme, thresholds) = (&course.programme, &on.rules.thresholds);
    let silent = &thresholds.programme_stalled_days;
    let silent = (after_day(course.last.instant, silent.value), silent);
    let is_short = programme.programme == ProgrammeKind::ShortIntervention
        && programme.sessions_held < programme.planned_sessions as usize;
    let term = &thresholds.short_programme_days;
    let term = is_short.then(|| (after_day(programme.since, term.value), term));
    let (since, threshold) = term.into_iter().chain([silent]).min_by_key(|(since, _)| *since)?;
    let detail = format!("last on {}", course.last.date);
    let alert = on.raise(AlertCode::ProgrammeStalled, since, detail, [course.last], [threshold])?;
    Some(
        alert
            .with("sessionsHeld", programme.sessions_held)
            .with("plannedSessions", programme.planned_sessions),
    )
}
