//! Residential stays: admission, absences, attests, and how they end.
//! Always: an attest counts the dates of presence as the credit does, except where a data error was
//! added; dates wholly inside an unauthorised absence are not presence.

use super::course::SubstitutionCourse;
use super::fate::{GivenStay, StayEnding};
use super::life::Life;
use super::moment::{Day, LocalMoment};
use super::place::CodeText;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::{Series, SeriesId};
use super::written::Date;
use crate::domain::vocabulary::choice::{
    HousingKind, Initiative, LegalPressure, Setting, StopReason,
};

/// The therapeutic community of the registries.
const HOUSE: CodeText = "deKiem";
/// Another therapeutic community, which no registry lists.
const OTHER_HOUSE: CodeText = "otherCommunity";

/// The last day of a stay, and how the stay ended.
pub(super) struct EndedStay {
    pub(super) last: Day,
    pub(super) ending: StayEnding,
}

impl Life<'_> {
    /// Lives a stay that begins on a day and ends at the latest on `limit`.
    pub(super) fn stay(&mut self, from: Day, modality: Option<SeriesId>, limit: Day) -> EndedStay {
        let short = self.dice.chance(rates::SHORT_STAY);
        let GivenStay { days, ending } = match self.fate.stay.take() {
            Some(given) => given,
            None => self.drawn_stay(short),
        };
        let last = (from + days).min(limit);
        let stay = self.new_id(Series::Stay);
        let programme = if short { "shortProgramme" } else { "therapeuticCommunity" };
        let say = Say::Admitted { stay, facility: HOUSE, programme, modality };
        let time = self.dice.moment(from, 13, 15);
        self.tell(time, SendingSystem::House(HOUSE), say);
        let episode = self.treated_in_house(time, modality.is_some());
        self.course_in_house(from, last);
        let missed = self.stay_absences(stay, from, last);
        self.attest(stay, from, last, &missed);
        self.overlap(from, last);
        self.close(stay, episode, last, ending);
        self.course_after_house(last, ending);
        EndedStay { last, ending }
    }

    /// The treatment that begins with the stay; its end tells why a stay was broken off.
    fn treated_in_house(&mut self, admitted: LocalMoment, condition: bool) -> SeriesId {
        let episode = self.new_id(Series::Episode);
        let pressure = if condition { LegalPressure::Condition } else { LegalPressure::Voluntary };
        let say = Say::TreatmentStarted {
            episode,
            provider: HOUSE,
            setting: Setting::Residential,
            structured: true,
            referral: None,
            project: None,
            mode: None,
            financing: Some(&"insurance"),
            pressure: Some(pressure),
        };
        self.tell(admitted.plus(1800), SendingSystem::House(HOUSE), say);
        episode
    }

    fn drawn_stay(&mut self, short: bool) -> GivenStay {
        let [dropped_out, completed, moved] = rates::STAY_ENDINGS;
        let ending = self.dice.pick(&[
            (StayEnding::DroppedOut, dropped_out),
            (StayEnding::Completed, completed),
            (StayEnding::MovedHouse, moved),
        ]);
        let days = match (ending, short) {
            (StayEnding::Completed, false) => self.dice.between(240, 420),
            (StayEnding::Completed, true) => self.dice.between(60, 120),
            (_, true) => self.dice.between(4, 90),
            (_, false) => self.dice.between(10, 220),
        };
        GivenStay { days, ending }
    }

    /// Continues substitution in the house, or ends it as planned on admission.
    fn course_in_house(&mut self, from: Day, to: Day) {
        let Some(course) = self.course else { return };
        if !self.fate.meets(rates::CONTINUED_IN_HOUSE, &mut self.dice) {
            self.stop(from, StopReason::Planned);
            return;
        }
        let (setting, place, source) = (Setting::Residential, HOUSE, SendingSystem::House(HOUSE));
        self.prescribe(SubstitutionCourse { setting, place, source, ..course }, from);
        self.doses(from + 1, to, &[]);
    }

    /// Ends substitution in the house; it may go on at the low-threshold centre.
    fn course_after_house(&mut self, last: Day, ending: StayEnding) {
        if self.course.is_none() {
            return;
        }
        let reason = match ending {
            StayEnding::DroppedOut => StopReason::Client,
            StayEnding::Completed | StayEnding::MovedHouse => StopReason::Transfer,
        };
        let Some(course) = self.stop(last, reason) else { return };
        if self.fate.given || self.dice.below(2) == 0 {
            let due = last + self.dice.between(1, 5);
            let (setting, source) = (Setting::Community, SendingSystem::House("msoc"));
            let course = SubstitutionCourse { due, setting, source, place: "msoc", ..course };
            self.prescribe(course, due);
        }
    }

    /// Records weekends and unauthorised absences; returns the dates without presence.
    fn stay_absences(&mut self, stay: SeriesId, from: Day, to: Day) -> Vec<Day> {
        let mut missed = Vec::new();
        let mut month = from + 28;
        while month + 16 < to && self.goes_on(month) {
            let day = month + self.dice.between(0, 10);
            let authorised = self.dice.chance(rates::WEEKEND_MONTHLY);
            if authorised || self.dice.chance(rates::UNAUTHORISED_MONTHLY) {
                let back = day + self.dice.between(1, if authorised { 2 } else { 5 });
                let left = self.dice.moment(day, 10, 17);
                self.tell(left, SendingSystem::House(HOUSE), Say::Away { stay, authorised });
                let returned = self.dice.moment(back, 10, 21);
                self.tell(returned, SendingSystem::House(HOUSE), Say::BackInHouse { stay });
                if !authorised {
                    missed.extend(day + 1..back);
                }
            }
            month += 28;
        }
        missed
    }

    /// Records an attest for each quarter of a year, and one for the days left at the end.
    fn attest(&mut self, stay: SeriesId, from: Day, last: Day, missed: &[Day]) {
        if !self.fate.meets(rates::ATTESTED, &mut self.dice) {
            return;
        }
        let mut start = from;
        while start <= last {
            let to = last.min(start + 91);
            let away = missed.iter().filter(|day| (start..=to).contains(*day)).count();
            let wrong = !self.fate.given && self.dice.chance(rates::ATTEST_WRONG);
            let slip = if wrong { self.dice.between(1, 9) } else { 0 };
            let days = to - start + 1 - i32::try_from(away).unwrap_or(0);
            let say = Say::Attested {
                stay,
                from: Date::on(start),
                to: Date::on(to),
                days: (days - slip).max(0).unsigned_abs(),
            };
            let attested_on = to + self.dice.between(1, 9);
            self.tell_on(attested_on, SendingSystem::House(HOUSE), say);
            start = to + 1;
        }
    }

    /// Adds a contradiction: another house admits the person before this stay has ended.
    fn overlap(&mut self, from: Day, last: Day) {
        if self.fate.given || last - from < 20 || !self.dice.chance(rates::STAY_OVERLAP) {
            return;
        }
        let stay = self.new_id(Series::Stay);
        let source = SendingSystem::House(OTHER_HOUSE);
        let (facility, programme) = (OTHER_HOUSE, "crisisIntervention");
        let say = Say::Admitted { stay, facility, programme, modality: None };
        self.tell_on(last - 3, source, say);
        self.tell_on(last + 9, source, Say::StayCompleted { stay });
    }

    fn close(&mut self, stay: SeriesId, episode: SeriesId, last: Day, ending: StayEnding) {
        let time = self.dice.moment(last, 18, 21);
        let source = SendingSystem::House(HOUSE);
        let why = self.dice.pick(&[
            (Some("relapse"), 35),
            (Some("familyCircumstances"), 20),
            (Some("rules"), 20),
            (None, 25),
        ]);
        let say = self.closing(stay, ending, why);
        let reason = match ending {
            StayEnding::Completed => "completed",
            StayEnding::MovedHouse => "transfer",
            StayEnding::DroppedOut => why.unwrap_or("unknown"),
        };
        self.tell(time.plus(600), source, Say::TreatmentEnded { episode, reason });
        let again = matches!(say, Say::DroppedOut { .. }).then(|| say.clone());
        self.tell(time, source, say);
        if !self.fate.given && self.dice.chance(rates::CLOSED_TWICE) {
            let later = time.days_later(self.dice.between(1, 4));
            let say = again.unwrap_or(Say::StayCompleted { stay });
            self.tell(later, source, say);
        }
        match ending {
            StayEnding::MovedHouse => self.second_house(last),
            StayEnding::Completed if self.fate.meets(rates::HOUSED_AFTER_STAY, &mut self.dice) => {
                self.housed(last + 1, HousingKind::HalfwayHouse, HOUSE);
            }
            _ => {}
        }
    }

    fn closing(&mut self, stay: SeriesId, ending: StayEnding, why: Option<CodeText>) -> Say {
        match ending {
            StayEnding::Completed => Say::StayCompleted { stay },
            StayEnding::MovedHouse => Say::MovedHouse { stay, to: OTHER_HOUSE },
            StayEnding::DroppedOut => {
                let resident = self.dice.chance(rates::BY_RESIDENT);
                let initiative = if resident { Initiative::Resident } else { Initiative::Facility };
                let told = !self.fate.given && self.dice.chance(rates::REASON_TOLD);
                let reason = why.filter(|_| told);
                Say::DroppedOut { stay, initiative, reason }
            }
        }
    }

    fn second_house(&mut self, day: Day) {
        let stay = self.new_id(Series::Stay);
        let source = SendingSystem::House(OTHER_HOUSE);
        let programme = "therapeuticCommunity";
        let say = Say::Admitted { stay, facility: OTHER_HOUSE, programme, modality: None };
        self.tell_on(day + 1, source, say);
        let end = day + self.dice.between(20, 60);
        self.tell_on(end, source, Say::StayCompleted { stay });
    }

    /// A place in supported housing, for some months.
    pub(super) fn housed(&mut self, from: Day, kind: HousingKind, provider: CodeText) {
        let placement = self.new_id(Series::Placement);
        let source = SendingSystem::House(provider);
        self.tell_on(from, source, Say::HousingPlaced { placement, kind, provider });
        let end = from + self.dice.between(30, if self.fate.given { 60 } else { 240 });
        let reason = self.dice.pick(&[(Some("ownHousing"), 5), (Some("rules"), 2), (None, 3)]);
        self.tell_on(end, source, Say::HousingLeft { placement, reason });
    }
}
