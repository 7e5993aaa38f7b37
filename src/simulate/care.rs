//! Care inside: screening, referral, treatment, programmes, consultation, consent.
//! Always: a programme lies within the time inside that it was planned for; on a strike day of the
//! prison nothing that comes from outside takes place.

use super::custody::{Exit, Held};
use super::fate::Substitution;
use super::life::Life;
use super::moment::{Day, Moment};
use super::rates;
use super::say::{Code, Codes, Date, Id, Say, Series};
use super::source::Source;
use super::world::{HASSELT, Prison, RUISELEDE, working_day};
use crate::domain::choice::{
    ConsentScope, Eligibility, LegalStatus, NotDeliveredCause, ProgrammeKind, Service, SessionForm,
    Setting,
};

const SUBSTANCES: &[(Codes, u32)] = &[
    (&["heroin", "cocaine"], 30),
    (&["cocaine"], 25),
    (&["cannabis"], 20),
    (&["heroin", "benzodiazepines"], 15),
    (&["amphetamine", "cannabis"], 10),
];

const CONSENT_DAYS: i32 = 365;

/// A programme of sessions.
struct Programme {
    project: Code,
    kind: ProgrammeKind,
    prison: Prison,
    from: Day,
    to: Day,
    planned: u32,
    completed_from: u32,
    minutes: u32,
    eligibility: Eligibility,
}

impl Life<'_> {
    /// Screening, and substitution taken over.
    pub(super) fn arrival_care(&mut self, held: &Held) {
        let need = self.fate.problem;
        if self.fate.meets(rates::SCREENED, &mut self.dice) {
            let day = held.since + self.dice.between(0, 6);
            let drawn = self.dice.pick(SUBSTANCES);
            let substances = if need { drawn } else { &[] };
            let instrument = self.dice.pick(&[("arrivalTriage", 7), ("assist", 3)]);
            let say = Say::Screened { instrument, need, substances, project: None };
            self.tell_on(day, Source::CareTeam(held.prison), say);
        }
        if self.fate.substitution != Substitution::None || self.course.is_some() {
            self.substitution_on_arrival(held);
        }
    }

    /// What is offered to a problem user held from one day to another in one prison: once after
    /// each arrival, and the preparation of the release once it is near.
    pub(super) fn care(&mut self, held: &mut Held, from: Day, to: Day, exit: Exit) {
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

    fn consents(&mut self, held: &Held, from: Day, to: Day) {
        if !self.fate.meets(rates::CONSENTS, &mut self.dice) {
            return;
        }
        let (scope, recipients) = self.consent_scope();
        let consent = self.new_id(Series::Consent);
        let day = from + self.dice.between(1, 10);
        let limited = !self.fate.given && self.dice.below(2) == 0;
        let valid_until = limited.then_some(Date(day + CONSENT_DAYS));
        let source = Source::House(self.world.referrer(held.prison, day));
        self.tell_on(day, source, Say::ConsentGiven { consent, scope, recipients, valid_until });
        let withdrawn = !self.fate.given && self.dice.chance(rates::CONSENT_WITHDRAWN);
        if withdrawn || self.fate.withdraws_consent {
            let day = self.dice.between(day + 1, to.max(day + 1));
            self.tell_on(day, source, Say::ConsentWithdrawn { consent });
        }
    }

    fn consent_scope(&mut self) -> (ConsentScope, Codes) {
        if !self.fate.given && self.dice.below(4) == 0 {
            return (ConsentScope::Research, &["evaluation-of-the-projects"]);
        }
        let legal: Codes = &["sentence-implementation-court", "counsel-of-the-person"];
        (ConsentScope::ClinicalToLegal, legal)
    }

    fn referral(&mut self, held: &Held, from: Day, to: Day, exit: Exit) {
        if !self.fate.meets(rates::ORIENTED, &mut self.dice) {
            return;
        }
        let prison = held.prison.code();
        let mut day = working_day(from + self.dice.between(2, 8));
        let project = self.world.referrer(held.prison, day);
        let mode = self.dice.pick(&[("inPerson", 8), ("video", 2)]);
        if self.undelivered(held.prison, day, Service::Intake, Some(project)) {
            day = working_day(day + 2);
        }
        self.tell_on(day, Source::House(project), Say::Oriented { project, prison, mode });
        if !self.fate.meets(rates::REFERRED, &mut self.dice) {
            return;
        }
        let referral = self.new_id(Series::Referral);
        let to_provider = self.provider();
        day += self.dice.between(0, 4);
        let time = self.dice.moment(day, 18, 18);
        let say = Say::Referred { referral, project, to: to_provider, prison };
        self.tell(time, Source::House(project), say);
        if !self.fate.meets(rates::ANSWERED, &mut self.dice) {
            return;
        }
        day = working_day(day + self.dice.between(2, 8));
        let accepted = self.fate.meets(rates::ACCEPTED, &mut self.dice);
        let waiting = self.dice.between(5, 60).unsigned_abs();
        let reason = self.dice.pick(&[("noPlace", 5), ("notIndicated", 3), ("otherRegion", 2)]);
        let say = Say::Answered {
            referral,
            accepted,
            reason: (!accepted).then_some(reason),
            waiting: accepted.then_some(waiting),
        };
        self.tell_on(day, Source::House(to_provider), say);
        if accepted && self.fate.meets(rates::TREATED_INSIDE, &mut self.dice) {
            let (source, span) = ((to_provider, project, referral), (day + 3, to));
            self.treated_inside(source, span, exit);
        }
    }

    fn treated_inside(
        &mut self,
        (provider, project, referral): (Code, Code, Id),
        (from, to): (Day, Day),
        exit: Exit,
    ) {
        if from > to {
            return;
        }
        let episode = self.new_id(Series::Episode);
        let source = Source::House(provider);
        let say = Say::TreatmentStarted {
            episode,
            provider,
            setting: Setting::Prison,
            structured: self.dice.below(3) > 0,
            referral: Some(referral),
            project: Some(project),
        };
        self.tell_on(from, source, say);
        let early = self.dice.below(3) == 0;
        let (end, reason) = match (early, exit) {
            (true, _) => (self.dice.between(from, to), "byClient"),
            (false, Exit::Leaves) => (to, "release"),
            (false, Exit::Stays) => (to + self.dice.between(10, 90), "completed"),
        };
        let time = self.dice.moment(end, 18, 18);
        self.tell(time, source, Say::TreatmentEnded { episode, reason });
    }

    fn provider(&mut self) -> Code {
        self.dice.pick(&[
            ("deKiem", 35),
            ("cggAdentro", 25),
            ("cggScheldeDenderWaas", 15),
            ("msoc", 25),
        ])
    }

    /// 20 sessions in 4 weeks, for those in pretrial detention or with at most 12 months.
    fn short_intervention(&mut self, held: &Held, from: Day, to: Day) {
        let start = from + 10;
        let pretrial = held.status == LegalStatus::Pretrial;
        let eligible = pretrial || held.sentence_days.is_some_and(|days| days <= 360);
        if to - start < 30 || !eligible {
            return;
        }
        let Some(project) = self.world.short_intervention(held.prison, start) else { return };
        if !self.fate.meets(rates::SHORT_INTERVENTION, &mut self.dice) {
            return;
        }
        let short = Eligibility::Sentence12MonthsOrLess;
        self.programme(Programme {
            project,
            kind: ProgrammeKind::ShortIntervention,
            prison: held.prison,
            from: start,
            to: start + 30,
            planned: rates::SHORT_SESSIONS,
            completed_from: rates::SHORT_SESSIONS_MIN,
            minutes: 120,
            eligibility: if pretrial { Eligibility::Pretrial } else { short },
        });
    }

    /// B.Leave or Perspectief: 8 months, two sessions a week.
    pub(super) fn long_programme(&mut self, from: Day, exit: Day) {
        let project = self.world.long_programme(from, &mut self.dice);
        self.programme(Programme {
            project,
            kind: ProgrammeKind::PrisonTherapeuticCommunity,
            prison: RUISELEDE,
            from,
            to: exit.min(from + rates::LONG_PROGRAMME_DAYS),
            planned: rates::LONG_SESSIONS,
            completed_from: rates::LONG_SESSIONS * 3 / 4,
            minutes: 90,
            eligibility: Eligibility::Other,
        });
    }

    fn programme(&mut self, programme: Programme) {
        let enrolment = self.new_id(Series::Enrolment);
        let source = Source::House(programme.project);
        let say = Say::Enrolled {
            enrolment,
            project: programme.project,
            programme: programme.kind,
            planned: programme.planned,
            eligibility: programme.eligibility,
        };
        self.tell_on(programme.from - 2, source, say);
        let daily = programme.kind == ProgrammeKind::ShortIntervention;
        let (mut attended, mut lost) = (0, 0);
        let mut day = programme.from;
        for _ in 0..programme.planned {
            day = if daily { working_day(day + 1) } else { working_day(day + 3) };
            if day > programme.to || !self.goes_on(day) {
                break;
            }
            let leaves = !self.fate.given && self.dice.chance(rates::PROGRAMME_LEFT);
            if leaves || (self.fate.leaves_programme && attended == 5) {
                let reason = self.dice.pick(&[("byClient", 6), ("transfer", 3), ("rules", 2)]);
                self.tell_on(day, source, Say::ProgrammeLeft { enrolment, reason });
                return;
            }
            let held = self.session(&programme, enrolment, day, lost);
            attended += u32::from(held);
            lost += u32::from(!held);
        }
        let time = self.dice.moment(day.min(programme.to), 18, 18);
        let say = if attended >= programme.completed_from {
            Say::ProgrammeCompleted { enrolment, attended }
        } else {
            Say::ProgrammeLeft { enrolment, reason: "release" }
        };
        self.tell(time, source, say);
    }

    /// One planned session; answers whether it was held.
    fn session(&mut self, programme: &Programme, enrolment: Id, day: Day, lost: u32) -> bool {
        let session = self.new_id(Series::Session);
        let project = programme.project;
        let struck = self.world.strike(programme.prison, day);
        let spared = self.fate.given && lost >= 5;
        if struck || (self.dice.chance(rates::SESSION_LOST) && !spared) {
            let [staff, room, lockdown, client] = rates::SESSION_CAUSES;
            let drawn = self.dice.pick(&[
                (NotDeliveredCause::StaffShortage, staff),
                (NotDeliveredCause::RoomShortage, room),
                (NotDeliveredCause::Lockdown, lockdown),
                (NotDeliveredCause::Client, client),
            ]);
            let say = Say::NotDelivered {
                cause: if struck { NotDeliveredCause::Strike } else { drawn },
                service: Service::Session,
                facility: programme.prison.code(),
                project: Some(project),
                planned: Some(session),
            };
            self.tell_on(day, Source::House(project), say);
            return false;
        }
        let form = self.dice.pick(&[
            (SessionForm::Group, 6),
            (SessionForm::Individual, 3),
            (SessionForm::Peer, 1),
        ]);
        let individual = form == SessionForm::Individual;
        let minutes = if individual { 50 } else { programme.minutes };
        let say = Say::SessionHeld { enrolment, session, minutes, form };
        self.tell_on(day, Source::House(project), say);
        true
    }

    fn drug_free_unit(&mut self, held: &Held, from: Day, to: Day, exit: Exit) {
        if held.prison != HASSELT || !self.fate.meets(rates::DRUG_FREE_UNIT, &mut self.dice) {
            return;
        }
        let placement = self.new_id(Series::Placement);
        let registry = Source::Registry(held.prison);
        let start = from + self.dice.between(5, 10);
        let facility = held.prison.code();
        self.tell_on(start, registry, Say::UnitPlaced { placement, facility });
        let early = exit == Exit::Stays || self.dice.below(3) == 0;
        let end = if early { self.dice.between(start, to) } else { to };
        let reason = Some(if early { "byResident" } else { "release" });
        let time = self.dice.moment(end, 9, 9);
        self.tell(time, registry, Say::UnitLeft { placement, reason });
    }

    fn consultation(&mut self, held: &Held, to: Day) {
        let day = working_day(to - 10);
        if self.undelivered(held.prison, day, Service::Consultation, None) {
            return;
        }
        let roles: Codes = self.dice.pick(&[
            (&["prisonPhysician", "psychosocialService", "counsellor"] as Codes, 6),
            (&["prisonPhysician", "counsellor", "reintegrationCoordinator", "housing"], 4),
        ]);
        let minutes = self.dice.between(3, 6).unsigned_abs() * 15;
        let client_present = self.dice.below(4) > 0;
        let source = Source::House("deKiem");
        let time = self.dice.moment(day, 9, 11);
        self.tell(time, source, Say::Consulted { roles, minutes, client_present });
        let plan = self.new_id(Series::Plan);
        let domains: Codes = self.dice.pick(&[
            (&["treatment", "housing", "income", "daytime"] as Codes, 5),
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

    fn release_prepared(&mut self, held: &Held, from: Day, to: Day) {
        let day = (to - self.dice.between(3, 9)).max(from + 1);
        let prescription = self.course.is_some().then(|| self.dice.pick(&[(2, 5), (3, 3), (7, 2)]));
        let say = Say::ReleasePrepared {
            expected_on: Date(to),
            prescription_days: prescription,
            appointment: self.dice.below(5) > 1,
            insured: self.dice.chance(rates::INSURED),
            naloxone: self.dice.chance(rates::NALOXONE),
        };
        self.tell_on(day, Source::CareTeam(held.prison), say);
    }

    /// Whether a strike keeps away care planned for a day; then that is told.
    fn undelivered(
        &mut self,
        prison: Prison,
        day: Day,
        service: Service,
        project: Option<Code>,
    ) -> bool {
        let struck = self.world.strike(prison, day);
        if struck {
            let cause = NotDeliveredCause::Strike;
            let facility = prison.code();
            let say = Say::NotDelivered { cause, service, facility, project, planned: None };
            let source = project.map_or(Source::CareTeam(prison), Source::House);
            let time = Moment::new(day, 9 * 3600);
            self.tell(time, source, say);
        }
        struck
    }
}
