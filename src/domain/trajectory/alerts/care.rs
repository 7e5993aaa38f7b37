//! Alerts about care that nobody gave or answered: after an overdose, a condition of treatment, a
//! drop-out, a referral, the last session of a programme.
//! Always: a condition at risk is told instead of the drop-out, not beside it; a course of a
//! programme is told once, over all prisons.
//! Rules: `overdoseUnanswered`, `conditionAtRisk`, `dropoutUnanswered`, `referralUnanswered` and
//! `programmeStalled` in the section "Alerts" of the continuity rules.

use super::alert::{AlertCode, RaisedAlert, Situation};
use crate::domain::history::{DatedFact, InOrOut};
use crate::domain::stays::Presence;
use crate::domain::time::calendar::{after_day, date_of, days_after};
use crate::domain::trajectory::care::{ProgrammeCourse, ReferralState, SentReferral};
use crate::domain::trajectory::custody::CustodyState;
use crate::domain::trajectory::substitution::Dose;
use crate::domain::vocabulary::choice::{ProgrammeKind, Setting};
use crate::domain::vocabulary::fact::Fact;

/// The condition that residential treatment fulfils.
const RESIDENTIAL_TREATMENT: &str = "residentialTreatment";

/// Each overdose after which no care is recorded.
pub(super) fn overdoses_unanswered(on: &Situation) -> Vec<RaisedAlert> {
    let last_care = on.records.iter().rfind(|record| is_care(record.fact));
    let is_answered =
        |overdose: &DatedFact| last_care.is_some_and(|care| care.instant >= overdose.instant);
    let threshold = &on.rules.thresholds.overdose_answer_days;
    let overdoses = on.records.iter().filter(|record| matches!(record.fact, Fact::Overdose(_)));
    let alert = |overdose: &DatedFact<'_>| {
        let since = days_after(overdose.instant, threshold.value);
        let detail = format!("overdose on {}, no care recorded since", overdose.date);
        on.raise(AlertCode::OverdoseUnanswered, since, detail, [*overdose], [threshold])
    };
    overdoses.filter(|overdose| !is_answered(overdose)).filter_map(alert).collect()
}

/// Whether a record answers an overdose. A screening finds a need and answers none.
fn is_care(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Consulted(_)
            | Fact::Prescribed(_)
            | Fact::DoseContinued(_)
            | Fact::DoseChanged(_)
            | Fact::Referred(_)
            | Fact::TreatmentStarted(_)
            | Fact::PlanAgreed(_)
            | Fact::PlanReviewed(_)
            | Fact::Admitted(_)
    )
}

/// Stands while the treatment that is a condition of the modality has broken off or not begun.
pub(super) fn condition_at_risk(on: &Situation) -> Option<RaisedAlert> {
    let modality = on.modality.filter(|modality| {
        let conditions = &modality.granted.conditions;
        on.custody.state == CustodyState::UnderModality
            && !modality.is_lived_inside()
            && conditions.iter().any(|condition| &*condition.0 == RESIDENTIAL_TREATMENT)
    })?;
    let ran = |presence: &&Presence| {
        presence.admitted.instant >= modality.starts
            || presence.until().is_none_or(|until| until > modality.starts)
    };
    let threshold = &on.rules.thresholds.dropout_answer_days;
    let (begins, record) = match on.stays.presences.iter().rfind(ran) {
        Some(presence) => {
            let record = risk(presence)?;
            (record.instant, Some(record))
        }
        None => (days_after(modality.starts, threshold.value), None),
    };
    let departed = on.places.last_departure().map(|departure| departure.record.instant);
    let since = departed.map_or(begins, |departed| departed.max(begins));
    let records = [modality.grant].into_iter().chain(record);
    let detail = format!("the condition of treatment is at risk since {}", date_of(since));
    on.raise(AlertCode::ConditionAtRisk, since, detail, records, [threshold])
}

/// The record that puts the condition at risk: what ended the presence badly, or an unauthorised
/// absence that runs.
fn risk<'a>(presence: &Presence<'a>) -> Option<DatedFact<'a>> {
    let Some(end) = presence.end.record() else {
        let away = presence.running_absences().find(|absence| !absence.authorised);
        return away.map(|absence| absence.start);
    };
    let is_bad =
        matches!(end.fact, Fact::DroppedOut(_) | Fact::StayTransferred(_) | Fact::Arrived(_));
    is_bad.then_some(end)
}

/// Stands while nobody has acted on a drop-out.
pub(super) fn dropout_unanswered(on: &Situation, is_at_risk: bool) -> Option<RaisedAlert> {
    let dropout = on.stays.presences.last()?.end.record()?;
    let is_dropout = matches!(dropout.fact, Fact::DroppedOut(_));
    let is_inside = on.places.now.place == InOrOut::Inside;
    if is_at_risk || is_inside || !is_dropout || is_answered(on, &dropout) {
        return None;
    }
    let threshold = &on.rules.thresholds.dropout_answer_days;
    let since = days_after(dropout.instant, threshold.value);
    let detail = format!("dropped out on {}", dropout.date);
    on.raise(AlertCode::DropoutUnanswered, since, detail, [dropout], [threshold])
}

fn is_answered(on: &Situation, dropout: &DatedFact) -> bool {
    let answers = |record: &DatedFact| match record.fact {
        Fact::Admitted(_) | Fact::Referred(_) | Fact::Arrived(_) => true,
        Fact::TreatmentStarted(started) => started.setting != Setting::Prison,
        _ => false,
    };
    let gives = |dose: &Dose| dose.given.is_some() && dose.best.setting != Some(Setting::Prison);
    let later = on.records.partition_point(|record| record.place <= dropout.place);
    on.records[later..].iter().any(answers)
        || on.followed.doses_after(dropout.instant).iter().any(gives)
}

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
