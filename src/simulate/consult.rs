//! Before a release: the consultation, the plan, its review, and what the release needs.
//! Always: the consultation is cancelled on a strike day; a plan is reviewed after it was agreed.

use super::held::HeldPeriod;
use super::life::Life;
use super::moment::Day;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::{Series, SeriesId};
use super::world::working_day;
use super::written::{CodeTexts, Date, PlannedAppointment};
use crate::domain::vocabulary::choice::{ConsultationFinancing, Service};

/// The plans that are made with weights, and the domains that a review finds reached.
const PLANS: &[((CodeTexts, CodeTexts), u32)] = &[
    ((&["treatment", "housing", "income", "daytime"], &["treatment", "income"]), 30),
    ((&["treatment", "housing"], &["treatment"]), 20),
    ((&["treatment", "daytime"], &["treatment", "daytime"]), 15),
    ((&["treatment", "health", "network", "relapsePrevention"], &["health", "network"]), 15),
    ((&["treatment", "relapsePrevention"], &["relapsePrevention"]), 10),
    ((&["housing", "network"], &["housing"]), 10),
];

const ORGANISER: SendingSystem = SendingSystem::House("deKiem");

impl Life<'_> {
    pub(super) fn consultation(&mut self, held: &HeldPeriod, to: Day) {
        let day = working_day(to - 10);
        if self.undelivered(held.prison, day, Service::Consultation, None) {
            return;
        }
        let roles: CodeTexts = self.dice.pick(&[
            (&["prisonPhysician", "psychosocialService", "counsellor"] as CodeTexts, 6),
            (&["prisonPhysician", "counsellor", "reintegrationCoordinator", "housing"], 4),
        ]);
        let [mdo, unpaid, other] = rates::CONSULTATION_FINANCING;
        let financing = self.dice.pick(&[
            (ConsultationFinancing::Mdo, mdo),
            (ConsultationFinancing::Unpaid, unpaid),
            (ConsultationFinancing::Other, other),
        ]);
        let say = Say::Consulted {
            roles,
            minutes: self.dice.between(3, 6).unsigned_abs() * 15,
            client_present: self.dice.below(4) > 0,
            financing: Some(financing),
            reference_person: Some(financing == ConsultationFinancing::Mdo),
        };
        let time = self.dice.moment(day, 9, 11);
        self.tell(time, ORGANISER, say);
        self.plan(day);
    }

    /// Agrees on a plan, in a second version if the client did not agree with the first.
    fn plan(&mut self, day: Day) {
        let plan = self.new_id(Series::Plan);
        let (domains, reached) = self.dice.pick(PLANS);
        let agreed = self.dice.below(8) > 0;
        let last = 1 + u32::from(!agreed);
        for version in 1..=last {
            let agreed = agreed || version > 1;
            let time = self.dice.moment(day + version.cast_signed(), 12, 15);
            self.tell(time, ORGANISER, Say::PlanAgreed { plan, version, domains, agreed });
        }
        if self.fate.meets(rates::PLAN_REVIEWED, &mut self.dice) {
            let none = !self.fate.given && self.dice.below(4) == 0;
            let reached = if none { &[] } else { reached };
            let later = working_day(day + self.dice.between(21, 70));
            self.tell_on(later, ORGANISER, Say::PlanReviewed { plan, version: last, reached });
        }
    }

    pub(super) fn release_prepared(&mut self, held: &HeldPeriod, from: Day, to: Day) {
        let day = (to - self.dice.between(3, 9)).max(from + 1);
        let prescription = self.course.is_some().then(|| self.dice.pick(&[(2, 5), (3, 3), (7, 2)]));
        let insured = self.dice.chance(rates::INSURED);
        let say = Say::ReleasePrepared {
            expected_on: Date::on(to),
            prescription_days: prescription,
            appointment: Some(self.appointment()),
            insured: Some(insured),
            naloxone: Some(self.dice.chance(rates::NALOXONE)),
        };
        self.tell_on(day, SendingSystem::CareTeam(held.prison), say);
        if self.fate.meets(rates::INSURANCE_AT_RELEASE, &mut self.dice) {
            self.insured_at_release(held.prison, insured, day + 1, to);
        }
    }

    fn appointment(&mut self) -> PlannedAppointment {
        let [named, made, none] = rates::APPOINTMENTS;
        let id: SeriesId = self.new_id(Series::Appointment);
        self.dice.pick(&[
            (PlannedAppointment::Named(id), named),
            (PlannedAppointment::Made(true), made),
            (PlannedAppointment::Made(false), none),
        ])
    }
}
