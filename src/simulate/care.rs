//! Care inside: screening, consent, the drug-free unit, consultation, preparation of a release.
//! Always: on a strike day of the prison no care by outside staff takes place.

use super::custody::{Exit, HeldPeriod};
use super::fate::SubstitutionStart;
use super::life::Life;
use super::moment::{Day, LocalMoment};
use super::place::{CodeText, HASSELT, Prison};
use super::rates;
use super::say::{CodeTexts, Date, Say};
use super::sender::SendingSystem;
use super::series::Series;
use super::world::working_day;
use crate::domain::vocabulary::choice::{ConsentScope, NotDeliveredCause, Service};

const SUBSTANCES: &[(CodeTexts, u32)] = &[
    (&["heroin", "cocaine"], 30),
    (&["cocaine"], 25),
    (&["cannabis"], 20),
    (&["heroin", "benzodiazepines"], 15),
    (&["amphetamine", "cannabis"], 10),
];

const CONSENT_DAYS: i32 = 365;

impl Life<'_> {
    /// Screens the person on arrival, and takes substitution over.
    pub(super) fn arrival_care(&mut self, held: &HeldPeriod) {
        let need = self.fate.problem;
        if self.fate.meets(rates::SCREENED, &mut self.dice) {
            let day = held.since + self.dice.between(0, 6);
            let drawn = self.dice.pick(SUBSTANCES);
            let substances = if need { drawn } else { &[] };
            let instrument = self.dice.pick(&[("arrivalTriage", 7), ("assist", 3)]);
            let say = Say::Screened { instrument, need, substances, project: None };
            self.tell_on(day, SendingSystem::CareTeam(held.prison), say);
        }
        if self.fate.substitution != SubstitutionStart::None || self.course.is_some() {
            self.substitution_on_arrival(held);
        }
    }

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

    fn consents(&mut self, held: &HeldPeriod, from: Day, to: Day) {
        if !self.fate.meets(rates::CONSENTS, &mut self.dice) {
            return;
        }
        let (scope, recipients) = self.consent_scope();
        let consent = self.new_id(Series::Consent);
        let day = from + self.dice.between(1, 10);
        let limited = !self.fate.given && self.dice.below(2) == 0;
        let valid_until = limited.then_some(Date(day + CONSENT_DAYS));
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

    fn drug_free_unit(&mut self, held: &HeldPeriod, from: Day, to: Day, exit: Exit) {
        if held.prison != HASSELT || !self.fate.meets(rates::DRUG_FREE_UNIT, &mut self.dice) {
            return;
        }
        let placement = self.new_id(Series::Placement);
        let registry = SendingSystem::Registry(held.prison);
        let start = from + self.dice.between(5, 10);
        let facility = held.prison.code();
        self.tell_on(start, registry, Say::UnitPlaced { placement, facility });
        let early = exit == Exit::Stays || self.dice.below(3) == 0;
        let end = if early { self.dice.between(start, to) } else { to };
        let reason = Some(if early { "byResident" } else { "release" });
        let time = self.dice.moment(end, 9, 9);
        self.tell(time, registry, Say::UnitLeft { placement, reason });
    }

    fn consultation(&mut self, held: &HeldPeriod, to: Day) {
        let day = working_day(to - 10);
        if self.undelivered(held.prison, day, Service::Consultation, None) {
            return;
        }
        let roles: CodeTexts = self.dice.pick(&[
            (&["prisonPhysician", "psychosocialService", "counsellor"] as CodeTexts, 6),
            (&["prisonPhysician", "counsellor", "reintegrationCoordinator", "housing"], 4),
        ]);
        let minutes = self.dice.between(3, 6).unsigned_abs() * 15;
        let client_present = self.dice.below(4) > 0;
        let source = SendingSystem::House("deKiem");
        let time = self.dice.moment(day, 9, 11);
        self.tell(time, source, Say::Consulted { roles, minutes, client_present });
        let plan = self.new_id(Series::Plan);
        let domains: CodeTexts = self.dice.pick(&[
            (&["treatment", "housing", "income", "daytime"] as CodeTexts, 5),
            (&["treatment", "housing"], 3),
            (&["treatment", "daytime"], 2),
        ]);
        let agreed = self.dice.below(8) > 0;
        for version in 1..=1 + u32::from(!agreed) {
            let agreed = agreed || version > 1;
            let time = self.dice.moment(day + version.cast_signed(), 12, 15);
            self.tell(time, source, Say::PlanAgreed { plan, version, domains, agreed });
        }
    }

    fn release_prepared(&mut self, held: &HeldPeriod, from: Day, to: Day) {
        let day = (to - self.dice.between(3, 9)).max(from + 1);
        let prescription = self.course.is_some().then(|| self.dice.pick(&[(2, 5), (3, 3), (7, 2)]));
        let say = Say::ReleasePrepared {
            expected_on: Date(to),
            prescription_days: prescription,
            appointment: self.dice.below(5) > 1,
            insured: self.dice.chance(rates::INSURED),
            naloxone: self.dice.chance(rates::NALOXONE),
        };
        self.tell_on(day, SendingSystem::CareTeam(held.prison), say);
    }

    /// Whether a strike prevents care that was planned for a day. If so, the strike is recorded.
    pub(super) fn undelivered(
        &mut self,
        prison: Prison,
        day: Day,
        service: Service,
        project: Option<CodeText>,
    ) -> bool {
        let struck = self.world.strike(prison, day);
        if struck {
            let cause = NotDeliveredCause::Strike;
            let facility = prison.code();
            let say = Say::NotDelivered { cause, service, facility, project, planned: None };
            let source = project.map_or(SendingSystem::CareTeam(prison), SendingSystem::House);
            let time = LocalMoment::new(day, 9 * 3600);
            self.tell(time, source, say);
        }
        struck
    }
}
