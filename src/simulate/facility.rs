//! A prison week by week: how many are there, what disrupts it, what care it offers.
//! Always: a disruption is the one that the lives in that prison meet. Counts follow figures of the
//! whole country and do not count the persons of the plan, who are fewer.

use super::moment::{Day, LocalMoment, day_of};
use super::organisation::Organisations;
use super::place::{BRUGGE, CodeText, HASSELT, Prison, RUISELEDE};
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::world::{Disruption, FORTNIGHT};
use super::written::Date;
use crate::domain::vocabulary::choice::DisruptionCause;

const ADMINISTRATION: SendingSystem = SendingSystem::PrisonAdministration;

/// Days for which the low-threshold centre keeps a post in a prison on trial: invented.
const ANTENNA_POST_DAYS: Day = 180;

impl Organisations<'_> {
    /// All records about a prison; `weight` is a tenth of its places.
    pub(super) fn facility(&mut self, prison: Prison, weight: u32) {
        self.counts(prison, weight.cast_signed() * 10);
        self.disruptions(prison);
        self.offers(prison);
    }

    /// A count each Monday, and once that the prison is overcrowded.
    fn counts(&mut self, prison: Prison, places: i32) {
        let (facility, span) = (prison.code(), self.world.span);
        let own = self.dice.between(-rates::OCCUPANCY_SPREAD, rates::OCCUPANCY_SPREAD);
        let mut told = false;
        for day in (span.from..=span.to).filter(|day| day.rem_euclid(7) == 1) {
            let share = occupancy(day) + own + self.dice.between(-20, 20);
            let present = places * share / 1000;
            let above = (present - places).max(0);
            let say = Say::Counted {
                facility,
                present: present.unsigned_abs(),
                places: places.unsigned_abs(),
                floor_sleepers: Some(
                    (above * rates::FLOOR_SLEEPERS_PER_1000 / 1000).unsigned_abs(),
                ),
            };
            let time = self.dice.moment(day, 7, 8);
            self.tell(time, ADMINISTRATION, say);
            if share >= rates::OVERCROWDED_FROM && !std::mem::replace(&mut told, true) {
                let cause = DisruptionCause::Overcrowding;
                let say = Say::Disrupted { facility, cause, from: Date::on(day), to: None };
                self.tell(time.plus(600), ADMINISTRATION, say);
            }
        }
    }

    fn disruptions(&mut self, prison: Prison) {
        let span = self.world.span;
        for fortnight in span.from / FORTNIGHT..=span.to / FORTNIGHT {
            let Some(disruption) = self.world.disruption(prison, fortnight) else { continue };
            let Disruption { cause, from, to } = disruption;
            if from < span.from {
                continue;
            }
            let open = self.dice.chance(rates::DISRUPTION_OPEN);
            let until = (!open).then_some(Date::on(to));
            let facility = prison.code();
            let say = Say::Disrupted { facility, cause, from: Date::on(from), to: until };
            let time = self.dice.moment(from, 6, 8);
            let sent_on = if open { from } else { to + 1 };
            self.tell_on(time, sent_on, ADMINISTRATION, say);
        }
    }

    fn offers(&mut self, prison: Prison) {
        let (world, span) = (self.world, self.world.span);
        let taper = world.detoxification_only(prison);
        self.offer(prison, if taper { "detoxificationOnly" } else { "maintenance" }, None, None);
        let begins = (span.from..=span.to)
            .find_map(|day| world.short_intervention(prison, day).map(|project| (day, project)));
        if let Some((day, project)) = begins {
            self.offer(
                prison,
                "shortIntervention",
                (day > span.from).then_some(day),
                Some(project),
            );
        }
        match prison {
            HASSELT | BRUGGE => self.offer(prison, "drugFreeUnit", None, None),
            RUISELEDE => {
                self.offer(prison, "prisonTherapeuticCommunity", None, Some("bLeave"));
            }
            _ => {}
        }
        if prison.code() == "gent" {
            self.antenna_post(prison);
        }
    }

    /// An offer from a day on, or that holds already when the plan begins.
    fn offer(
        &mut self,
        prison: Prison,
        offer: CodeText,
        from: Option<Day>,
        project: Option<CodeText>,
    ) {
        let day = from.unwrap_or(self.world.span.from);
        let facility = prison.code();
        let say = Say::Offered { facility, offer, from: Date::on(day), to: None, project };
        let time = LocalMoment::new(day, i64::from(self.dice.between(8 * 3600, 9 * 3600)));
        self.tell(time, SendingSystem::CareTeam(prison), say);
    }

    /// The post of a low-threshold centre that the working group's note asks for (2.2), on trial.
    fn antenna_post(&mut self, prison: Prison) {
        let day = self.world.span.from;
        let say = Say::Offered {
            facility: prison.code(),
            offer: "antennaPost",
            from: Date::on(day),
            to: Some(Date::on(day + ANTENNA_POST_DAYS)),
            project: None,
        };
        let time = self.dice.moment(day, 9, 9);
        self.tell(time, SendingSystem::CareTeam(prison), say);
    }
}

/// Detained in 1000 places on a day: a straight line between the two pairs of figures of 2025.
fn occupancy(day: Day) -> i32 {
    let date = |month, day| chrono::NaiveDate::from_ymd_opt(2025, month, day).map_or(0, day_of);
    let (first, last) = (date(2, 1), date(12, 1));
    let grown = rates::OCCUPANCY_END_2025 - rates::OCCUPANCY_EARLY_2025;
    rates::OCCUPANCY_EARLY_2025 + grown * (day.clamp(first, last) - first) / (last - first)
}
