//! Alerts about an overdose, a condition of treatment, and a drop-out that nobody answered.
//! Always: a condition at risk is told instead of the drop-out, not beside it.
//! Rules: `overdoseUnanswered`, `conditionAtRisk` and `dropoutUnanswered` in the section "Alerts"
//! of the continuity rules.

use chrono::{DateTime, Utc};

use super::alert::{AlertCode, RaisedAlert, shown};
use super::situation::Situation;
use crate::domain::history::DatedFact;
use crate::domain::stays::Presence;
use crate::domain::time::calendar::days_after;
use crate::domain::trajectory::care::{open_presence, running};
use crate::domain::trajectory::custody::{CustodyState, InOrOut};
use crate::domain::vocabulary::choice::Setting;
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
    let alert = |overdose: &DatedFact| {
        let since = days_after(overdose.instant, threshold.value);
        on.clock.reached(since).then(|| {
            let severity = on.rules.severities.overdose_unanswered;
            let code = AlertCode::OverdoseUnanswered;
            RaisedAlert::new(code, since, severity, [*overdose], [threshold])
                .detail(format!("overdose on {}, no care recorded since", shown(overdose.instant)))
        })
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
            let record = risk(on, presence)?;
            (record.instant, Some(record))
        }
        None => (days_after(modality.starts, threshold.value), None),
    };
    let departed = on.places.last_departure().map(|departure| departure.record.instant);
    let since = departed.map_or(begins, |departed| departed.max(begins));
    on.clock.reached(since).then(|| {
        let severity = on.rules.severities.condition_at_risk;
        let records = [modality.grant].into_iter().chain(record);
        RaisedAlert::new(AlertCode::ConditionAtRisk, since, severity, records, [threshold])
            .detail(format!("the condition of treatment is at risk since {}", shown(since)))
    })
}

/// The record that puts the condition at risk: what ended the presence badly, or an unauthorised
/// absence that runs.
fn risk<'a>(on: &Situation<'_, 'a>, presence: &Presence<'a>) -> Option<DatedFact<'a>> {
    let Some(end) = presence.end.record() else {
        let is_open = open_presence(on.stays)?.admitted.place == presence.admitted.place;
        let mut away = running(presence).filter(|absence| is_open && !absence.authorised);
        return away.next().map(|absence| absence.start);
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
    let since: DateTime<Utc> = days_after(dropout.instant, threshold.value);
    on.clock.reached(since).then(|| {
        let severity = on.rules.severities.dropout_unanswered;
        RaisedAlert::new(AlertCode::DropoutUnanswered, since, severity, [dropout], [threshold])
            .detail(format!("dropped out on {}", shown(dropout.instant)))
    })
}

fn is_answered(on: &Situation, dropout: &DatedFact) -> bool {
    let answers = |record: &DatedFact| match record.fact {
        Fact::Admitted(_) | Fact::Referred(_) | Fact::Arrived(_) => true,
        Fact::TreatmentStarted(started) => started.setting != Setting::Prison,
        Fact::DoseContinued(given) => given.setting != Setting::Prison,
        _ => false,
    };
    let later = on.records.partition_point(|record| record.place <= dropout.place);
    on.records[later..].iter().any(answers)
}
