//! The alerts of a person at an instant.
//! Always: an alert ends once the records show that someone acted on it, and with a death.
//! Rules: the section "Alerts" of the continuity rules; thresholds and severities in
//! `projections/rules/continuity.toml`.

mod alert;
mod care;
mod handover;
mod release;
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
    raised.extend(substitution::detox_only(on));
    raised.extend(care::overdoses_unanswered(on));
    let at_risk = care::condition_at_risk(on);
    raised.extend(care::dropout_unanswered(on, at_risk.is_some()));
    raised.extend(at_risk);
    raised.extend(release::unprepared(on));
    raised.extend(release::without_follow_up(on));
    raised.extend(care::referrals_unanswered(on));
    raised.extend(care::programmes_stalled(on));
    raised.extend(release::plan_overdue(on));
    raised.sort_by(|a, b| {
        (a.alert.code, a.alert.since, &a.places).cmp(&(b.alert.code, b.alert.since, &b.places))
    });
    raised.into_iter().map(|raised| raised.alert).collect()
}
