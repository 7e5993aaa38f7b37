//! A project of the register: started, paid, evaluated, ended, and whom it trains.
//! Always: starts, ends and trials are those of the register; money and outcomes are invented, and
//! no finding about a real project.

use chrono::{Datelike as _, NaiveDate};

use super::moment::{Day, date_of, day_of};
use super::organisation::Organisations;
use super::place::CodeText;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::written::Date;
use crate::domain::vocabulary::choice::{EvaluationKind, EvaluationOutcome, FundingKind};
use crate::domain::vocabulary::registry::Project;

const OFFICE: SendingSystem = SendingSystem::ProjectOffice;

/// Days from the start of a project to the evaluation of its process: half of its trial.
const PROCESS_DAYS: Day = 913;
/// Days of a quarter of a year.
const QUARTER: Day = 91;

/// The days of a project.
#[derive(Clone, Copy)]
struct ProjectDays {
    code: CodeText,
    site: Option<CodeText>,
    start: Day,
    end: Option<Day>,
    trial_end: Option<Day>,
}

impl ProjectDays {
    /// The project if its start is known.
    fn of(project: &'static Project) -> Option<Self> {
        Some(Self {
            code: &project.code.0,
            site: project.site.as_ref().map(|site| &*site.0),
            start: day_of(project.started_on?.first),
            end: project.ended_on.map(|date| day_of(date.last)),
            trial_end: project.trial_ends_on.map(|date| day_of(date.last)),
        })
    }

    fn runs(&self, day: Day) -> bool {
        self.start <= day && self.end.is_none_or(|end| day < end)
    }
}

impl Organisations<'_> {
    pub(super) fn project(&mut self, project: &'static Project) {
        let Some(days) = ProjectDays::of(project) else { return };
        let project = days.code;
        let trial_ends_on = days.trial_end.map(Date::on);
        let begun = Say::ProjectBegun { project, site: days.site, trial_ends_on };
        self.on(days.start, OFFICE, begun);
        if let Some(end) = days.end {
            self.on(end, OFFICE, Say::ProjectOver { project, reason: "replaced" });
        }
        self.evaluated(&days);
        self.funded(&days);
        self.trains(&days);
    }

    fn on(&mut self, day: Day, source: SendingSystem, say: Say) {
        let time = self.dice.moment(day, 9, 16);
        self.tell(time, source, say);
    }

    /// Process and effect are evaluated in a trial. B.Leave was found effective (Todts 2006, quoted
    /// in the working group's note, 2.2).
    fn evaluated(&mut self, days: &ProjectDays) {
        let project = days.code;
        if project == "bLeave" {
            let (evaluation, outcome) = (EvaluationKind::Effect, EvaluationOutcome::Positive);
            let day = NaiveDate::from_ymd_opt(2006, 12, 1).map_or(days.start, day_of);
            self.on(day, OFFICE, Say::Evaluated { project, evaluation, outcome });
        }
        let Some(trial_end) = days.trial_end else { return };
        let rounds = [
            (days.start + PROCESS_DAYS, EvaluationKind::Process, rates::PROCESS_OUTCOMES),
            (trial_end, EvaluationKind::Effect, rates::EFFECT_OUTCOMES),
        ];
        for (day, evaluation, outcomes) in rounds {
            let outcome = self.dice.pick(outcomes);
            self.on(day, OFFICE, Say::Evaluated { project, evaluation, outcome });
        }
    }

    /// Money for each year of the plan in which the project runs.
    fn funded(&mut self, days: &ProjectDays) {
        let span = self.world.span;
        for year in date_of(span.from).year()..=date_of(span.to).year() {
            let first = NaiveDate::from_ymd_opt(year, 1, 1).map_or(span.from, day_of);
            let last = NaiveDate::from_ymd_opt(year, 12, 31).map_or(span.to, day_of);
            let from = first.max(days.start);
            if !days.runs(from) || from > last {
                continue;
            }
            let trial = days.trial_end.is_some_and(|end| from <= end);
            let euro = self.dice.between(rates::EURO_A_YEAR.0, rates::EURO_A_YEAR.1);
            let say = Say::Funded {
                project: days.code,
                funding: if trial { FundingKind::Trial } else { FundingKind::Structural },
                from: Date::on(from),
                to: Some(Date::on(last)),
                euro_cents: Some(euro.unsigned_abs() * 100),
            };
            self.on(from.max(span.from), OFFICE, say);
        }
    }

    /// Training of staff, at most once in a quarter.
    fn trains(&mut self, days: &ProjectDays) {
        let span = self.world.span;
        let mut quarter = span.from;
        while quarter <= span.to {
            let day = quarter + self.dice.between(0, QUARTER - 1);
            quarter += QUARTER;
            let trained = days.site.is_some() && days.runs(day);
            if !trained || !self.dice.chance(rates::TRAINED) {
                continue;
            }
            let say = Say::Trained {
                project: days.code,
                audience: self.dice.pick(rates::AUDIENCES),
                persons: self.dice.between(5, 25).unsigned_abs(),
                minutes: self.dice.between(2, 12).unsigned_abs() * 30,
                facility: days.site,
            };
            self.on(day, SendingSystem::House(days.code), say);
        }
    }
}
