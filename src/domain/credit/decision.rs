//! The decisions of courts on a modality: which one decides the figure, which are pending, and the
//! whole list for readers.
//! Always: a figure that is not final, or whose effect has not come, decides nothing.
//! Rules: "Readings" of the credit rules ("Decided").

use chrono::NaiveDate;

use super::answer::{Decision, DecisionEffect, PendingDecision};
use super::modality::{Modality, Revocation};
use crate::domain::history::DatedFact;
use crate::domain::vocabulary::fact::Fact;

/// The figure that a court decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecidedFigure {
    /// The days left to serve. This figure prevails over credited days.
    RemainingDays(i64),
    CreditedDays(i64),
}

/// The figure of a revocation, if it carries one.
fn figure(revocation: &Revocation<'_>) -> Option<DecidedFigure> {
    let remaining = revocation.revoked.remaining_days.map(i64::from);
    let credited = revocation.revoked.credited_days.map(i64::from);
    remaining.map(DecidedFigure::RemainingDays).or(credited.map(DecidedFigure::CreditedDays))
}

/// The decisions on a modality as they stand on a date.
pub(super) struct Decisions<'m, 'a> {
    /// The revocation that decides, with its figure.
    pub deciding: Option<(&'m Revocation<'a>, DecidedFigure)>,
    /// The later revocations with a figure that decide nothing yet.
    pub pending: Vec<&'m Revocation<'a>>,
}

impl<'m, 'a> Decisions<'m, 'a> {
    pub fn on(modality: &'m Modality<'a>, at: NaiveDate) -> Self {
        let decides = |r: &Revocation| r.revoked.is_final && r.effective_on <= at;
        let with_figure = || modality.revocations().filter_map(|r| Some((r, figure(r)?)));
        let deciding = with_figure().filter(|(r, _)| decides(r)).last();
        let is_later =
            |r: &Revocation| deciding.is_none_or(|(last, _)| last.record.place < r.record.place);
        let pending = with_figure().map(|(r, _)| r).filter(|r| !decides(r) && is_later(r));
        Self { deciding, pending: pending.collect() }
    }

    /// The pending decisions as a reading shows them.
    pub fn pending(&self) -> Vec<PendingDecision> {
        let pending = |revocation: &&Revocation| PendingDecision {
            judgment: revocation.revoked.judgment.clone(),
            credited_days: revocation.revoked.credited_days.map(i64::from),
            remaining_days: revocation.revoked.remaining_days.map(i64::from),
        };
        self.pending.iter().map(pending).collect()
    }

    /// All decisions on a modality, in order.
    pub fn listed(&self, modality: &Modality<'a>, at: NaiveDate) -> Vec<Decision> {
        modality.records.iter().map(|record| self.decision(modality, record, at)).collect()
    }

    fn decision(&self, modality: &Modality<'a>, record: &DatedFact<'a>, at: NaiveDate) -> Decision {
        let mut decision = Decision {
            kind: record.item.kind().code(),
            on: record.date,
            effective_on: record.date,
            judgment: None,
            basis: None,
            reason: None,
            is_final: None,
            credited_days: None,
            remaining_days: None,
            effect: DecisionEffect::InForce,
            record: record.name(),
        };
        match record.fact {
            Fact::Granted(granted) => {
                decision.judgment = Some(granted.judgment.clone());
                decision.effective_on = granted.starts_on.unwrap_or(record.date);
                if record.place != modality.grant.place {
                    decision.effect = DecisionEffect::Repeated;
                }
            }
            Fact::ModalitySuspended(fact) => decision.judgment = Some(fact.judgment.clone()),
            Fact::SuspensionLifted(fact) => decision.judgment = Some(fact.judgment.clone()),
            Fact::Restored(fact) => decision.judgment = Some(fact.judgment.clone()),
            Fact::ModalityEnded(fact) => decision.reason = Some(fact.reason.clone()),
            _ => {}
        }
        let revocations = &modality.all_revocations;
        if let Some(r) = revocations.iter().find(|r| r.record.place == record.place) {
            decision.judgment = Some(r.revoked.judgment.clone());
            decision.basis = Some(r.revoked.basis);
            decision.is_final = Some(r.revoked.is_final);
            decision.effective_on = r.effective_on;
            decision.credited_days = r.revoked.credited_days.map(i64::from);
            decision.remaining_days = r.revoked.remaining_days.map(i64::from);
            decision.effect = self.effect(r, at);
        }
        decision
    }

    fn effect(&self, revocation: &Revocation<'a>, at: NaiveDate) -> DecisionEffect {
        let place = revocation.record.place;
        let is_pending = || self.pending.iter().any(|pending| pending.record.place == place);
        match self.deciding {
            _ if revocation.restored_by.is_some() => DecisionEffect::Annulled,
            Some((deciding, _)) if deciding.record.place == place => DecisionEffect::Decides,
            _ if is_pending() => DecisionEffect::Pending,
            _ if figure(revocation).is_some() => DecisionEffect::Superseded,
            _ if revocation.effective_on > at => DecisionEffect::NotYet,
            _ => DecisionEffect::InForce,
        }
    }
}
