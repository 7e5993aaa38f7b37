//! One person's life in the plan, told record by record.
//! Always: a life depends on the seed, the person's index and the period, on no other life.

use super::course::Course;
use super::dice::{Dice, Purpose};
use super::fate::{Fate, GIVEN_COUNT};
use super::moment::{Day, Moment};
use super::rates;
use super::say::{Id, SERIES_COUNT, Say, Series};
use super::source::Source;
use super::world::World;

/// Whose pseudonym a record bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Person,
    /// The person's second pseudonym, until a merge.
    SecondPseudonym,
    /// Somebody else, by mistake.
    Neighbour,
}

/// One record.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// When the sender sends it.
    pub(super) sent: Moment,
    /// When it happened.
    pub(super) time: Moment,
    /// Its number in the life; the sender's id is made of it.
    pub(super) serial: u32,
    pub(super) source: Source,
    pub(super) about: About,
    /// The detention in which it was said.
    pub(super) episode: Option<Id>,
    pub(super) say: Say,
}

/// A life while it is being told.
pub(super) struct Life<'a> {
    pub(super) world: &'a World,
    pub(super) person: u64,
    pub(super) dice: Dice,
    /// What is settled about the detention at hand.
    pub(super) fate: Fate,
    /// What was settled about the first one.
    pub(super) first: Fate,
    pub(super) told: Vec<Told>,
    /// The running substitution treatment.
    pub(super) course: Option<Course>,
    /// The running detention.
    pub(super) episode: Option<Id>,
    pub(super) died: Option<Moment>,
    next: [u16; SERIES_COUNT],
}

/// Days from the first day of the plan on which the persons with a given fate arrive.
const GIVEN_START_DAYS: i32 = 2;

/// Lives told before one of them is taken into stock for want of a better: about two in five are
/// inside on the first day, so one in 10^14 persons gets there.
const STOCK_TRIES_MAX: u32 = 64;

impl<'a> Life<'a> {
    /// Everything that is told of a person in the plan, by the order of writing, before the mess.
    pub(super) fn whole(world: &'a World, person: u64) -> Self {
        let mut life = Self::new(world, person, Dice::new(world.seed, person, Purpose::Life));
        if !world.in_stock(person) {
            life.live(start(world, person));
            return life;
        }
        // Whoever is inside on a given day more likely has a long stay, and is met anywhere in it:
        // so a start is drawn until the life that follows is inside on that day.
        for _ in 0..STOCK_TRIES_MAX {
            let start = world.from - life.dice.between(1, rates::STOCK_DAYS_MAX);
            life.live(start);
            if life.is_inside_at_first() {
                break;
            }
            life = Self::new(world, person, life.dice);
        }
        life
    }

    fn new(world: &'a World, person: u64, mut dice: Dice) -> Self {
        let fate = Fate::first(world, person, &mut dice);
        Self {
            world,
            person,
            dice,
            fate,
            first: fate,
            told: Vec::new(),
            course: None,
            episode: None,
            died: None,
            next: [0; SERIES_COUNT],
        }
    }

    /// Whether the person is detained when the plan begins, by what was told of earlier days.
    fn is_inside_at_first(&self) -> bool {
        let moves = self.told.iter().filter(|told| {
            let moves = matches!(told.say, Say::Arrived { .. } | Say::Released { .. });
            moves && told.time.day() < self.world.from
        });
        moves
            .max_by_key(|told| told.time)
            .is_some_and(|last| matches!(last.say, Say::Arrived { .. }))
    }

    fn live(&mut self, start: Day) {
        self.before(start);
        let mut arrival = Some(start);
        while let Some(day) = arrival {
            if !self.goes_on(day) {
                break;
            }
            arrival = self.detention(day);
            self.fate = self.fate.later(&mut self.dice);
        }
    }

    /// Whether the person lives and the plan lasts on a day.
    pub(super) fn goes_on(&self, day: Day) -> bool {
        day <= self.world.to && self.died.is_none()
    }

    /// Records something, unless it lies outside the plan or after the person's death. Of the past
    /// of someone in stock the lasting facts are told, all when the plan begins.
    pub(super) fn tell(&mut self, time: Moment, source: Source, say: Say) {
        let after_death = self.died.is_some_and(|died| time > died);
        let past = time.day() < self.world.from;
        let untold = past && (!self.world.in_stock(self.person) || is_routine(&say));
        if untold || time.day() > self.world.to || after_death {
            return;
        }
        let sent = time.max(Moment::new(self.world.from, 0));
        let serial = u32::try_from(self.told.len()).expect("a life holds fewer than 2^32 records");
        let (about, episode) = (About::Person, self.episode);
        self.told.push(Told { sent, time, serial, source, about, episode, say });
    }

    /// Records something on a day in working hours.
    pub(super) fn tell_on(&mut self, day: Day, source: Source, say: Say) {
        let time = self.dice.moment(day, 9, 17);
        self.tell(time, source, say);
    }

    pub(super) fn new_id(&mut self, series: Series) -> Id {
        let next = &mut self.next[series as usize];
        *next += 1;
        Id(series, *next)
    }

    /// Ends the life; what was already told of later moments is taken back, but for the record
    /// that the mess leaves behind.
    pub(super) fn die(&mut self, time: Moment) {
        if time.day() > self.world.to {
            return;
        }
        let stray = self.dice.chance(rates::TOLD_AFTER_DEATH);
        self.told.retain(|told| told.time <= time);
        self.renumber();
        self.tell(time, Source::CivilRegistry, Say::Died {});
        if stray {
            let enrolment = Id(Series::Enrolment, 99);
            let say = Say::ProgrammeLeft { enrolment, reason: "unknown" };
            self.tell_on(time.day() + 3, Source::House("deKiem"), say);
        }
        self.died = Some(time);
        self.course = None;
    }

    fn renumber(&mut self) {
        for (serial, told) in (0..).zip(&mut self.told) {
            told.serial = serial;
        }
    }
}

/// Whether it tells what went on day by day, and nothing that lasts.
const fn is_routine(say: &Say) -> bool {
    matches!(
        say,
        Say::Dose { .. }
            | Say::Withheld { .. }
            | Say::SessionHeld { .. }
            | Say::NotDelivered { .. }
    )
}

/// The day on which a person first appears, without telling the life.
pub(super) fn start(world: &World, person: u64) -> Day {
    world.slot(person).map_or_else(|| drawn_start(world, person), |slot| slot.start)
}

/// The same, but for those who are expected on a certain day for the figures of 2025.
pub(super) fn drawn_start(world: &World, person: u64) -> Day {
    if world.in_stock(person) {
        return world.from;
    }
    if person < GIVEN_COUNT {
        return world.from + GIVEN_START_DAYS;
    }
    let mut dice = Dice::new(world.seed, person, Purpose::Start);
    let span = world.to - world.from;
    let soon = dice.chance(rates::IN_FIRST_WEEKS) && world.detained == 0;
    let days = if soon { span.min(rates::FIRST_WEEKS * 7) } else { span };
    world.from + dice.between(0, days)
}
