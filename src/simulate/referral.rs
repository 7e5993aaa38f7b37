//! Referral inside: a first talk, the referral, its answer, and treatment.
//! Always: if a plan gives the figures of 2025, only the holder of a slot is referred to a counted
//! project in that year, at the project's prison, as often as the slot says.

use super::fate::Slot;
use super::held::{Exit, HeldPeriod};
use super::life::Life;
use super::moment::Day;
use super::place::{CodeText, Prison};
use super::quota;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::{Series, SeriesId};
use super::world::working_day;
use crate::domain::vocabulary::choice::{LegalPressure, Service, Setting};

/// A referral on its way.
#[derive(Debug, Clone, Copy)]
struct PendingReferral {
    project: CodeText,
    /// None for a registration at the project itself.
    to: Option<CodeText>,
    prison: Prison,
    day: Day,
}

impl Life<'_> {
    /// The work of the referral point for a problem user held from one day to another.
    pub(super) fn referral(&mut self, held: &mut HeldPeriod, from: Day, to: Day, exit: Exit) {
        if let Some(slot) = self.fate.slot.filter(|slot| !slot.is_b_leave()) {
            return self.counted_referrals(slot, held, from, to, exit);
        }
        if !self.fate.meets(rates::ORIENTED, &mut self.dice) {
            return;
        }
        let day = working_day(from + self.dice.between(2, 8));
        let Some(project) = self.world.referrer(held.prison, day) else { return };
        let day = self.oriented(project, held.prison, day);
        if !self.fate.meets(rates::REFERRED, &mut self.dice) {
            return;
        }
        let to_provider = self.provider();
        let day = day + self.dice.between(0, 4);
        // A referral point that has stopped in the meantime refers nobody.
        if self.world.referrer(held.prison, day).is_none() {
            return;
        }
        let to_provider = Some(to_provider);
        let referral = PendingReferral { project, to: to_provider, prison: held.prison, day };
        self.referred(referral, to, exit);
    }

    /// The referrals of a slot, spread over the stay; a short intervention may follow the first.
    fn counted_referrals(
        &mut self,
        slot: Slot,
        held: &mut HeldPeriod,
        from: Day,
        to: Day,
        exit: Exit,
    ) {
        let (project, prison) = (slot.project, held.prison);
        let start = from + 2;
        let last = (to - 12).min(quota::last_day());
        let count = slot.referrals.cast_signed();
        let each = (last - start) / count;
        for number in 0..count {
            let day = start + number * each + self.dice.between(0, (each - 3).max(0));
            let day = self.oriented(project, prison, working_day(day));
            let registered = self.dice.chance(rates::REGISTERED_AT_PROJECT);
            let to_provider = self.provider_of(project);
            let to_provider = (!registered).then_some(to_provider);
            self.referred(PendingReferral { project, to: to_provider, prison, day }, to, exit);
            if number > 0 {
                continue;
            }
            if self.dice.chance(rates::SHORT_INTERVENTION) {
                self.short_programme(project, held, day + 5, to);
            } else if project.starts_with("dd") && self.dice.chance(rates::GUIDED) {
                self.guidance(project, held, day + 5, to);
            }
        }
    }

    /// The first talk, on a later day if a strike keeps the referral point away; returns its day.
    fn oriented(&mut self, project: CodeText, prison: Prison, day: Day) -> Day {
        let mode = self.dice.pick(&[("inPerson", 8), ("video", 2)]);
        let struck = self.undelivered(prison, day, Service::Intake, Some(project));
        let day = if struck { working_day(day + 2) } else { day };
        let say = Say::Oriented { project, prison: prison.code(), mode };
        self.tell_on(day, SendingSystem::House(project), say);
        if self.fate.meets(rates::SCREENED_IN_DEPTH, &mut self.dice) {
            self.screened_in_depth(project, day + 1);
        }
        day
    }

    /// A referral, its answer, and the treatment inside that may follow.
    fn referred(&mut self, referral: PendingReferral, to: Day, exit: Exit) {
        let id = self.refer(referral);
        if !self.fate.meets(rates::ANSWERED, &mut self.dice) {
            return;
        }
        let PendingReferral { project, to: provider, day, .. } = referral;
        let answers = provider.unwrap_or(project);
        let day = working_day(day + self.dice.between(2, 8));
        let accepted = self.fate.meets(rates::ACCEPTED, &mut self.dice);
        let waiting = self.dice.between(5, 60).unsigned_abs();
        let reason = self.dice.pick(&[("noPlace", 5), ("notIndicated", 3), ("otherRegion", 2)]);
        let say = Say::Answered {
            referral: id,
            accepted,
            reason: (!accepted).then_some(reason),
            waiting: accepted.then_some(waiting),
        };
        self.tell_on(day, SendingSystem::House(answers), say);
        let provider = provider.unwrap_or_else(|| self.provider_of(project));
        if accepted && self.fate.meets(rates::TREATED_INSIDE, &mut self.dice) {
            self.treated_inside((provider, project, id), (day + 3, to), exit);
        }
    }

    fn refer(&mut self, referral: PendingReferral) -> SeriesId {
        let PendingReferral { project, to, prison, day } = referral;
        let referral = self.new_id(Series::Referral);
        let time = self.dice.moment(day, 18, 18);
        let by = Some(self.dice.pick(rates::REFERRED_BY));
        let say = Say::Referred { referral, project, to, by, prison: prison.code() };
        self.tell(time, SendingSystem::House(project), say);
        referral
    }

    /// Registers a person at a project that records its referrals itself, as Drugs de Baas?! does.
    pub(super) fn register(&mut self, project: CodeText, prison: Prison, day: Day, to: Day) {
        let referral = PendingReferral { project, to: None, prison, day };
        self.referred(referral, to, Exit::Leaves);
    }

    fn treated_inside(
        &mut self,
        (provider, project, referral): (CodeText, CodeText, SeriesId),
        (from, to): (Day, Day),
        exit: Exit,
    ) {
        if from > to {
            return;
        }
        let episode = self.new_id(Series::Episode);
        let source = SendingSystem::House(provider);
        let say = Say::TreatmentStarted {
            episode,
            provider,
            setting: Setting::Prison,
            structured: self.dice.below(3) > 0,
            referral: Some(referral),
            project: Some(project),
            mode: (provider == "msoc").then_some(&"antennaPost"),
            financing: Some(self.dice.pick(&[(&"community", 5), (&"justice", 3), (&"other", 2)])),
            pressure: Some(
                self.dice.pick(&[(LegalPressure::Voluntary, 8), (LegalPressure::Condition, 2)]),
            ),
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

    fn provider(&mut self) -> CodeText {
        self.dice.pick(&[
            ("deKiem", 35),
            ("cggAdentro", 25),
            ("cggScheldeDenderWaas", 15),
            ("msoc", 25),
        ])
    }

    /// The provider that treats. For the projects at Brugge and Kortrijk the slides name one
    /// partner.
    fn provider_of(&mut self, project: CodeText) -> CodeText {
        match project {
            "drugsDeBaasBrugge" | "drugsDeBaasKortrijk" => "deKiem",
            _ => self.provider(),
        }
    }
}
