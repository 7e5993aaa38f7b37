//! Care inside: what is offered after each arrival, consent, drug-free units.
//! Always: on a day on which the prison is disrupted no care by outside staff takes place.

use super::held::{Exit, HeldPeriod};
use super::life::Life;
use super::moment::{Day, LocalMoment};
use super::place::{BRUGGE, CodeText, HASSELT, Prison};
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::Series;
use super::written::{CodeTexts, Date};
use crate::domain::vocabulary::choice::{
    ConsentScope, DisruptionCause, NotDeliveredCause, Service, UnitKind, UseBasis, UsePeriod,
};

const CONSENT_DAYS: i32 = 365;

impl Life<'_> {
    /// Offers care to a problem user who is held from one day to another: once after each arrival,
    /// and the preparation of the release when the release is near.
    pub(super) fn care(&mut self, held: &mut HeldPeriod, from: Day, to: Day, exit: Exit) {
        if !self.fate.problem || !self.goes_on(from) || to - from < 12 {
            return;
        }
        if !std::mem::replace(&mut held.cared_for, true) {
            self.consents(held, from, to);
            self.referral(held, from, to, exit);
            self.short_intervention(held, from, to);
            self.drug_free_unit(held, from, to, exit);
            self.use_inside(held, from, to);
        }
        if exit == Exit::Stays {
            return;
        }
        if self.fate.meets(rates::CONSULTED, &mut self.dice) {
            self.consultation(held, to);
        }
        if self.fate.meets(rates::RELEASE_PREPARED, &mut self.dice) {
            self.release_prepared(held, from, to);
        }
    }

    fn use_inside(&mut self, held: &HeldPeriod, from: Day, to: Day) {
        let bases = [(UseBasis::Test, 5), (UseBasis::SelfReport, 4), (UseBasis::Observation, 1)];
        let day = self.dice.between(from + 3, to);
        let source = SendingSystem::CareTeam(held.prison);
        self.use_told(day, UsePeriod::InDetention, &bases, source);
    }

    fn consents(&mut self, held: &HeldPeriod, from: Day, to: Day) {
        if !self.fate.meets(rates::CONSENTS, &mut self.dice) {
            return;
        }
        let (scope, recipients) = self.consent_scope();
        let consent = self.new_id(Series::Consent);
        let day = from + self.dice.between(1, 10);
        let limited = !self.fate.given && self.dice.below(2) == 0;
        let valid_until = limited.then_some(Date::on(day + CONSENT_DAYS));
        let referrer = self.world.referrer(held.prison, day);
        let source = referrer.map_or(SendingSystem::CareTeam(held.prison), SendingSystem::House);
        self.tell_on(day, source, Say::ConsentGiven { consent, scope, recipients, valid_until });
        let withdrawn = !self.fate.given && self.dice.chance(rates::CONSENT_WITHDRAWN);
        if withdrawn || self.fate.withdraws_consent {
            let day = self.dice.between(day + 1, to.max(day + 1));
            self.tell_on(day, source, Say::ConsentWithdrawn { consent });
        }
    }

    fn consent_scope(&mut self) -> (ConsentScope, CodeTexts) {
        if !self.fate.given && self.dice.below(4) == 0 {
            return (ConsentScope::Research, &["evaluation-of-the-projects"]);
        }
        let legal: CodeTexts = &["sentence-implementation-court", "counsel-of-the-person"];
        (ConsentScope::ClinicalToLegal, legal)
    }

    /// The drug-free sections of Hasselt and of Brugge.
    fn drug_free_unit(&mut self, held: &HeldPeriod, from: Day, to: Day, exit: Exit) {
        let placed = match held.prison {
            HASSELT => self.fate.meets(rates::DRUG_FREE_UNIT, &mut self.dice),
            BRUGGE => !self.fate.given && self.dice.chance(rates::DRUG_FREE_SECTION_BRUGGE),
            _ => false,
        };
        if placed {
            let start = from + self.dice.between(5, 10);
            let early = exit == Exit::Stays || self.dice.below(3) == 0;
            let end = if early { self.dice.between(start, to) } else { to };
            let reason = if early { "byResident" } else { "release" };
            self.on_unit(held.prison, UnitKind::DrugFreeUnit, (start, end), reason);
        }
    }

    /// A time on a unit of a prison.
    pub(super) fn on_unit(
        &mut self,
        prison: Prison,
        kind: UnitKind,
        (start, end): (Day, Day),
        reason: CodeText,
    ) {
        let placement = self.new_id(Series::Placement);
        let (registry, facility) = (SendingSystem::Registry(prison), prison.code());
        self.tell_on(start, registry, Say::UnitPlaced { placement, facility, kind: Some(kind) });
        let time = self.dice.moment(end, 9, 9);
        self.tell(time, registry, Say::UnitLeft { placement, reason: Some(reason) });
    }

    /// Whether a disruption of the prison prevents care that was planned for a day. If so, the
    /// cause is recorded.
    pub(super) fn undelivered(
        &mut self,
        prison: Prison,
        day: Day,
        service: Service,
        project: Option<CodeText>,
    ) -> bool {
        let cause = self.world.disrupted(prison, day).and_then(not_delivered);
        if let Some(cause) = cause {
            let facility = prison.code();
            let say = Say::NotDelivered { cause, service, facility, project, planned: None };
            let source = project.map_or(SendingSystem::CareTeam(prison), SendingSystem::House);
            let time = LocalMoment::new(day, 9 * 3600);
            self.tell(time, source, say);
        }
        cause.is_some()
    }
}

/// Why care is not delivered in a prison that is disrupted.
pub(super) fn not_delivered(cause: DisruptionCause) -> Option<NotDeliveredCause> {
    cause.code().parse().ok()
}
