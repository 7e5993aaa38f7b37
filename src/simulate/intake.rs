//! On arrival: the person described and screened, insurance, and the care that ran before.
//! Always: a person is described once, on the first arrival.

use super::fate::SubstitutionStart;
use super::held::HeldPeriod;
use super::life::Life;
use super::moment::Day;
use super::place::{CodeText, Prison, REGIONS};
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::written::{CodeTexts, CodesRef, Date, ScreeningInstrument};
use crate::domain::vocabulary::choice::{InsuranceCapacity, Motivation, Sex, UseBasis, UsePeriod};

const NONE: CodesRef = &(&[] as CodeTexts);
const CANNABIS: CodesRef = &(&["cannabis"] as CodeTexts);
const HEROIN: CodesRef = &(&["heroin"] as CodeTexts);

/// Days from the arrival in which the triage is made.
const TRIAGE_DAYS: i32 = 6;

impl Life<'_> {
    /// Screens the person on arrival, and takes substitution over.
    pub(super) fn arrival_care(&mut self, held: &HeldPeriod) {
        self.described(held);
        if self.fate.meets(rates::SCREENED, &mut self.dice) {
            self.triage(held);
        }
        self.insured_on_arrival(held);
        self.care_confirmed(held);
        let bases = [(UseBasis::SelfReport, 8), (UseBasis::Test, 2)];
        let day = held.since + self.dice.between(1, TRIAGE_DAYS);
        let source = SendingSystem::CareTeam(held.prison);
        self.use_told(day, UsePeriod::BeforeDetention, &bases, source);
        if self.fate.substitution != SubstitutionStart::None || self.course.is_some() {
            self.substitution_on_arrival(held);
        }
    }

    fn described(&mut self, held: &HeldPeriod) {
        if std::mem::replace(&mut self.described, true)
            || !self.fate.meets(rates::DESCRIBED, &mut self.dice)
        {
            return;
        }
        let [female, male, other] = rates::SEXES;
        let sex = self.dice.pick(&[(Sex::Female, female), (Sex::Male, male), (Sex::Other, other)]);
        let region = self.dice.pick(REGIONS);
        let say = Say::Described {
            sex: Some(sex),
            decade: Some(self.dice.pick(rates::BIRTH_DECADES)),
            region: (self.dice.below(5) > 0).then_some(region),
        };
        self.tell_on(held.since, SendingSystem::CareTeam(held.prison), say);
    }

    /// The question to everybody who arrives: what was ever used, in prison too.
    fn triage(&mut self, held: &HeldPeriod) {
        let used = self.used;
        let need = self.fate.problem;
        let ever = need || self.dice.chance(rates::EVER_USED_OTHERS);
        let heroin = ever && self.dice.chance(rates::HEROIN_FIRST_IN_PRISON);
        let say = Say::Screened {
            instrument: self
                .dice
                .pick(&[(ScreeningInstrument::ArrivalTriage, 7), (ScreeningInstrument::Assist, 3)]),
            need,
            substances: if need { used } else { NONE },
            project: None,
            comorbidity: None,
            motivation: None,
            ever: Some(match (need, ever) {
                (true, _) => used,
                (false, true) => CANNABIS,
                (false, false) => NONE,
            }),
            inside: Some(if need { used } else { NONE }),
            first: Some(if heroin { HEROIN } else { NONE }),
            prior: None,
        };
        let day = held.since + self.dice.between(0, TRIAGE_DAYS);
        self.tell_on(day, SendingSystem::CareTeam(held.prison), say);
    }

    /// The screening of a problem user by a project, after the first talk.
    pub(super) fn screened_in_depth(&mut self, project: CodeText, day: Day) {
        let [internal, external, mixed] = rates::MOTIVATIONS;
        let used = self.used;
        let say = Say::Screened {
            instrument: ScreeningInstrument::Assist,
            need: true,
            substances: used,
            project: Some(project),
            comorbidity: Some(self.dice.pick(rates::COMORBIDITIES)),
            motivation: Some(self.dice.pick(&[
                (Motivation::Internal, internal),
                (Motivation::External, external),
                (Motivation::Mixed, mixed),
            ])),
            ever: Some(used),
            inside: None,
            first: None,
            prior: Some(self.dice.chance(rates::TREATED_BEFORE)),
        };
        self.tell_on(day, SendingSystem::House(project), say);
    }

    /// Detainees are insured since 2023; before, they fell out of the insurance (the working
    /// group's note, 3.1).
    fn insured_on_arrival(&mut self, held: &HeldPeriod) {
        if !self.fate.meets(rates::INSURANCE_ON_ARRIVAL, &mut self.dice) {
            return;
        }
        let insured = held.since >= self.world.milestones.insured;
        let capacity =
            if insured { InsuranceCapacity::Detainee } else { InsuranceCapacity::NotInsured };
        let say = Say::Insurance { insured, capacity, from: Date::on(held.since) };
        let day = held.since + self.dice.between(1, 20);
        self.tell_on(day, SendingSystem::CareTeam(held.prison), say);
    }

    /// Insurance from the release on, as the certificate says.
    pub(super) fn insured_at_release(&mut self, prison: Prison, insured: bool, day: Day, to: Day) {
        let capacity =
            if insured { InsuranceCapacity::Ordinary } else { InsuranceCapacity::NotInsured };
        let say = Say::Insurance { insured, capacity, from: Date::on(to) };
        self.tell_on(day, SendingSystem::CareTeam(prison), say);
    }

    fn care_confirmed(&mut self, held: &HeldPeriod) {
        if !self.fate.problem || !self.fate.meets(rates::CARE_VERIFIED, &mut self.dice) {
            return;
        }
        let (provider, kind): (CodeText, CodeText) = self.dice.pick(&[
            (("cggAdentro", "counselling"), 40),
            (("cggScheldeDenderWaas", "psychiatric"), 25),
            (("deKiem", "dayCentre"), 20),
            (("deKiem", "residential"), 15),
        ]);
        let since = held.since - self.dice.between(20, 500);
        let known = self.dice.below(4) > 0;
        let say = Say::CareConfirmed { provider, kind, since: known.then_some(Date::on(since)) };
        let day = held.since + self.dice.between(1, 14);
        self.tell_on(day, SendingSystem::CareTeam(held.prison), say);
    }

    /// Use in a period, if the person is a problem user and the use is recorded.
    pub(super) fn use_told(
        &mut self,
        day: Day,
        period: UsePeriod,
        bases: &[(UseBasis, u32)],
        source: SendingSystem,
    ) {
        let rate = rates::USE_TOLD[period as usize];
        if !self.fate.problem || !self.fate.meets(rate, &mut self.dice) {
            return;
        }
        let basis = self.dice.pick(bases);
        self.tell_on(day, source, Say::UseTold { substances: self.used, period, basis });
    }
}
