//! The alerts of a person at an instant.
//! Always: an alert ends once the records show that someone acted on it, and with a death.
//! Rules: the section "Alerts" of the continuity rules; thresholds and severities in
//! `projections/rules/continuity.toml`.

mod alert;
mod course;
mod detox;
mod handover;
mod release;
mod stay;
mod substitution;

pub(super) use self::alert::Situation;
pub use self::alert::{Alert, AlertCode};

use self::alert::RaisedAlert;

/// All alerts, in the order of their codes, then of `since`, then of their records.
pub(super) fn alerts(on: &Situation) -> Vec<Alert> {
    let mut raised: Vec<RaisedAlert> = Vec::new();
    raised.extend(substitution::interrupted(on));
    raised.extend(substitution::overdue(on));
    raised.extend(substitution::double_doses(on));
    raised.extend(handover::unconfirmed(on));
    raised.extend(detox::detox_only(on));
    raised.extend(stay::overdoses_unanswered(on));
    let at_risk = stay::condition_at_risk(on);
    raised.extend(stay::dropout_unanswered(on, at_risk.is_some()));
    raised.extend(at_risk);
    raised.extend(release::unprepared(on));
    raised.extend(release::without_follow_up(on));
    raised.extend(course::referrals_unanswered(on));
    raised.extend(course::programmes_stalled(on));
    raised.extend(release::plan_overdue(on));
    raised.sort_by(|a, b| {
        (a.alert.code, a.alert.since, &a.places).cmp(&(b.alert.code, b.alert.since, &b.places))
    });
    raised.into_iter().map(|raised| raised.alert).collect()
}
