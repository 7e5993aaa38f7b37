//! The measurements of a project for its evaluation: at the start, at the end, some months later.
//! Always: scores lie within the scale that the record names, and the person of a follow-up was
//! measured before.

use super::life::Life;
use super::moment::Day;
use super::place::CodeText;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::SeriesId;
use super::written::CodeRef;
use crate::domain::vocabulary::choice::MeasuredMoment;

/// A person whom a project measures.
#[derive(Debug, Clone, Copy)]
pub(super) struct MeasuredPerson {
    project: CodeText,
    enrolment: SeriesId,
    /// On the outcome rating scale, 0 to 40.
    wellbeing: i32,
    /// Days of use in the last 28.
    use_days: i32,
}

const WELLBEING_MAX: i32 = 40;
const USE_DAYS_MAX: i32 = 28;

impl Life<'_> {
    /// Measures a person who begins a programme, perhaps; returns what the later measurements need.
    pub(super) fn measured_at_start(
        &mut self,
        project: CodeText,
        enrolment: SeriesId,
        day: Day,
    ) -> Option<MeasuredPerson> {
        if !self.fate.meets(rates::MEASURED, &mut self.dice) {
            return None;
        }
        let wellbeing = self.dice.between(6, 26);
        let use_days = self.dice.between(0, USE_DAYS_MAX);
        let person = MeasuredPerson { project, enrolment, wellbeing, use_days };
        self.measure(person, day, MeasuredMoment::Start);
        Some(person)
    }

    /// Measures again. Persons do somewhat better on average: invented, and no finding.
    pub(super) fn measured_again(
        &mut self,
        person: &mut MeasuredPerson,
        day: Day,
        moment: MeasuredMoment,
    ) {
        let better = self.dice.between(-4, 10);
        person.wellbeing = (person.wellbeing + better).clamp(0, WELLBEING_MAX);
        person.use_days = (person.use_days - better).clamp(0, USE_DAYS_MAX);
        self.measure(*person, day, moment);
    }

    /// The last day of the programme, and perhaps a follow-up some months later.
    pub(super) fn measured_at_end(&mut self, person: &mut MeasuredPerson, day: Day) {
        self.measured_again(person, day, MeasuredMoment::End);
        let score = self.dice.between(14, 32);
        self.score(*person, day, MeasuredMoment::End, (&"csq8", &"satisfaction"), (score, 8, 32));
        if self.fate.meets(rates::FOLLOWED_UP, &mut self.dice) {
            let later = day + self.dice.between(80, 110);
            self.measured_again(person, later, MeasuredMoment::FollowUp);
        }
    }

    fn measure(&mut self, person: MeasuredPerson, day: Day, moment: MeasuredMoment) {
        let scale = (person.wellbeing, 0, WELLBEING_MAX);
        self.score(person, day, moment, (&"outcomeRatingScale", &"wellbeing"), scale);
        let scale = (person.use_days, 0, USE_DAYS_MAX);
        self.score(person, day, moment, (&"treatmentOutcomesProfile", &"substanceUse"), scale);
    }

    fn score(
        &mut self,
        person: MeasuredPerson,
        day: Day,
        moment: MeasuredMoment,
        (instrument, domain): (CodeRef, CodeRef),
        (score, least, most): (i32, i32, i32),
    ) {
        let MeasuredPerson { project, enrolment, .. } = person;
        let say =
            Say::Measured { instrument, domain, score, least, most, moment, project, enrolment };
        self.tell_on(day, SendingSystem::House(project), say);
    }
}
