//! One person's life in the plan, as a list of records.
//! Always: a life depends on the seed, the person's index and the period, and on no other life.

use super::course::SubstitutionCourse;
use super::fate::Fate;
use super::moment::{Day, LocalMoment};
use super::random::{Purpose, RandomStream};
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::{SERIES_COUNT, Series, SeriesId};
use super::world::World;
use super::written::CodesRef;
use crate::domain::vocabulary::choice::{LegalPressure, StopReason};

/// The person whose pseudonym a record bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearer {
    Person,
    /// The person's second pseudonym, until a merge.
    SecondPseudonym,
    /// Another person, by mistake.
    Neighbour,
}

/// One record.
#[derive(Debug, Clone)]
pub(super) struct SentRecord {
    /// When the sender sends it.
    pub(super) sent: LocalMoment,
    /// When it happened.
    pub(super) time: LocalMoment,
    /// The record's number in the life; the sender's id is made from this number.
    pub(super) serial: u32,
    pub(super) source: SendingSystem,
    pub(super) about: Bearer,
    /// The detention during which the sender sent the record.
    pub(super) episode: Option<SeriesId>,
    pub(super) say: Say,
}

/// A life while its records are made.
pub(super) struct Life<'a> {
    pub(super) world: &'a World,
    pub(super) person: u64,
    pub(super) dice: RandomStream,
    /// The fate of the current detention.
    pub(super) fate: Fate,
    /// The fate of the first detention.
    pub(super) first: Fate,
    pub(super) told: Vec<SentRecord>,
    /// The running substitution treatment.
    pub(super) course: Option<SubstitutionCourse>,
    /// The running detention.
    pub(super) episode: Option<SeriesId>,
    pub(super) died: Option<LocalMoment>,
    /// The substances that a problem user uses.
    pub(super) used: CodesRef,
    /// Whether the person was described, or never will be.
    pub(super) described: bool,
    /// Days of the sentence that unlawful absences took, not yet added to its end.
    pub(super) unserved: i32,
    /// The legal pressure since the last release.
    pub(super) pressure: LegalPressure,
    next: [u16; SERIES_COUNT],
}

/// The most lives made for a person of the stock until a life is in prison on the first day. About
/// two lives in five are, so one person in 10^14 is left without any record.
const STOCK_TRIES_MAX: u32 = 64;

impl<'a> Life<'a> {
    /// Every record of a person in the plan, in the order of writing, before data errors are added.
    pub(super) fn whole(world: &'a World, person: u64) -> Self {
        let mut life =
            Self::new(world, person, RandomStream::new(world.span.seed, person, Purpose::Life));
        if !world.span.in_stock(person) {
            life.live(start(world, person));
            return life;
        }
        // A person who is in prison on a given day more likely has a long stay, and may be anywhere
        // in that stay. So a start is drawn until the life that follows is in prison on that day.
        for _ in 0..STOCK_TRIES_MAX {
            let start = world.span.from - life.dice.between(1, rates::STOCK_DAYS_MAX);
            life.live(start);
            if life.is_inside_at_first() {
                break;
            }
            life = Self::new(world, person, life.dice);
        }
        life
    }

    fn new(world: &'a World, person: u64, mut dice: RandomStream) -> Self {
        let fate = Fate::first(person, world.slot(person), &mut dice);
        let used = dice.pick(rates::SUBSTANCES);
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
            used,
            described: false,
            unserved: 0,
            pressure: LegalPressure::Voluntary,
            next: [0; SERIES_COUNT],
        }
    }

    /// Whether the person is detained when the plan begins, by the records of earlier days.
    fn is_inside_at_first(&self) -> bool {
        let moves = self.told.iter().filter(|record| {
            let moves = match record.say {
                Say::Released { reason, .. } => !reason.is_by_day(),
                _ => matches!(record.say, Say::Arrived { .. }),
            };
            moves && record.time.day() < self.world.span.from
        });
        moves
            .max_by_key(|record| record.time)
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
        day <= self.world.span.to && self.died.is_none()
    }

    /// Adds a record, unless its time lies outside the plan or after the person's death. Of the
    /// past of a person in the stock only lasting facts are added, all sent when the plan begins.
    pub(super) fn tell(&mut self, time: LocalMoment, source: SendingSystem, say: Say) {
        let after_death = self.died.is_some_and(|died| time > died);
        let past = time.day() < self.world.span.from;
        let left_out = past && (!self.world.span.in_stock(self.person) || is_routine(&say));
        if left_out || time.day() > self.world.span.to || after_death {
            return;
        }
        let sent = time.max(LocalMoment::new(self.world.span.from, 0));
        let serial = u32::try_from(self.told.len()).expect("a life holds fewer than 2^32 records");
        let (about, episode) = (Bearer::Person, self.episode);
        self.told.push(SentRecord { sent, time, serial, source, about, episode, say });
    }

    /// Adds a record in the working hours of a day.
    pub(super) fn tell_on(&mut self, day: Day, source: SendingSystem, say: Say) {
        let time = self.dice.moment(day, 9, 17);
        self.tell(time, source, say);
    }

    /// Adds a record that is sent some days after it happened.
    pub(super) fn tell_late(
        &mut self,
        time: LocalMoment,
        days: i32,
        source: SendingSystem,
        say: Say,
    ) {
        let place = self.told.len();
        self.tell(time, source, say);
        if let Some(record) = self.told.get_mut(place) {
            record.sent = record.sent.max(time.days_later(days));
        }
    }

    pub(super) fn new_id(&mut self, series: Series) -> SeriesId {
        let next = &mut self.next[series as usize];
        *next += 1;
        SeriesId(series, *next)
    }

    /// Ends the life and removes the records of later moments. Sometimes one stray record after the
    /// death is added, as a data error.
    pub(super) fn die(&mut self, time: LocalMoment) {
        if time.day() > self.world.span.to {
            return;
        }
        let stray = self.dice.chance(rates::TOLD_AFTER_DEATH);
        self.told.retain(|record| record.time <= time);
        self.renumber();
        self.tell(time, SendingSystem::CivilRegistry, Say::Died {});
        let course = self.course.take();
        if let Some(course) =
            course.filter(|_| self.fate.meets(rates::STOPPED_AT_DEATH, &mut self.dice))
        {
            let (prescription, product) = (course.prescription, course.product);
            let reason = StopReason::Death;
            self.tell(time, course.source, Say::Stopped { reason, prescription, product });
        }
        if stray {
            let enrolment = SeriesId(Series::Enrolment, 99);
            let say = Say::ProgrammeLeft { enrolment, reason: "unknown" };
            self.tell_on(time.day() + 3, SendingSystem::House("deKiem"), say);
        }
        self.died = Some(time);
    }

    fn renumber(&mut self) {
        for (serial, record) in (0..).zip(&mut self.told) {
            record.serial = serial;
        }
    }
}

/// Whether a record is about daily routine, and about nothing that lasts.
const fn is_routine(say: &Say) -> bool {
    matches!(
        say,
        Say::Dose { .. }
            | Say::Withheld { .. }
            | Say::SessionHeld { .. }
            | Say::NotDelivered { .. }
    )
}

/// The day on which a person first appears, without making the life.
pub(super) fn start(world: &World, person: u64) -> Day {
    world.slot(person).map_or_else(|| world.span.drawn_start(person), |slot| slot.start)
}
