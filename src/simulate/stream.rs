//! The records of all lives in the order of their sending.
//!
//! The period is cut into slabs of time, so short that the records sent in one fit in memory. For
//! each slab every life is told anew from its dice, and only what is sent within the slab is kept
//! and sorted; when too much is kept, the slab is cut at the middle record. Always: one life and at
//! most [`RECORDS_HELD_MAX`] records are held, whatever the number of persons; the price is telling
//! each life once a slab.

use serde_json::{Map, Value};

use super::data_errors;
use super::life::{Bearer, Life, SentRecord, start};
use super::moment::{Day, LocalMoment};
use super::plan::Plan;
use super::random::{Purpose, RandomStream, hash_numbers};
use super::rates::{self, Rate};
use super::say::{Ink, moment_text};
use super::series::numbered;
use super::world::World;
use crate::domain::id::PersonId;

/// How many records are held at most: at 128 bytes each, 128 MiB. More would tell each life less
/// often, fewer would spare memory.
pub const RECORDS_HELD_MAX: usize = 1 << 20;

/// How long before a life's first arrival something may be told of it.
const BEFORE_DAYS: Day = 14;

/// The events of a plan as a stream.
pub struct SimulatedEvents {
    world: World,
    records_max: usize,
    /// The first moment of the next slab.
    next: LocalMoment,
    /// Seconds of the last slab.
    seconds: i64,
    /// What is left of the slab at hand, last sent first.
    held: Vec<(u64, SentRecord)>,
}

impl SimulatedEvents {
    /// The events of a plan from the first.
    pub fn new(plan: Plan) -> Self {
        Self::with_bound(plan, RECORDS_HELD_MAX)
    }

    fn with_bound(plan: Plan, records_max: usize) -> Self {
        let world = World::new(&plan);
        let next = LocalMoment::new(world.span.from, 0);
        let seconds = LocalMoment::new(world.span.to + 1, 0).seconds_since(next);
        Self { world, records_max, next, seconds, held: Vec::new() }
    }

    /// How many records are held at this moment.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Tells every life anew and keeps what is sent within the next slab. False at the end.
    fn fill(&mut self) -> bool {
        let plan_end = LocalMoment::new(self.world.span.to + 1, 0);
        while self.held.is_empty() {
            if self.next >= plan_end {
                return false;
            }
            // The last slab's length was right for as many records; leave room for a quiet time.
            let mut end = self.next.plus(self.seconds.saturating_mul(2)).min(plan_end);
            for person in 0..self.world.span.everybody() {
                if start(&self.world, person) - BEFORE_DAYS > end.day() {
                    continue;
                }
                let sent = data_errors::sent(Life::whole(&self.world, person));
                let slab = self.next..end;
                let within = sent.into_iter().filter(|told| slab.contains(&told.sent));
                self.held.extend(within.map(|told| (person, told)));
                if self.held.len() > self.records_max {
                    end = self.cut(end);
                }
            }
            self.held.sort_unstable_by_key(|(person, told)| (told.sent, *person, told.serial));
            self.held.reverse();
            self.seconds = end.seconds_since(self.next);
            self.next = end;
        }
        true
    }

    /// Ends the slab at its middle record and lets go of what is sent later; answers the new end.
    /// What is sent in the first second stays, however much it is.
    fn cut(&mut self, end: LocalMoment) -> LocalMoment {
        let middle = self.held.len() / 2;
        let (_, (_, told), _) = self.held.select_nth_unstable_by_key(middle, |(_, told)| told.sent);
        let end = told.sent.max(self.next.plus(1)).min(end);
        self.held.retain(|(_, told)| told.sent < end);
        end
    }
}

impl Iterator for SimulatedEvents {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        if self.held.is_empty() && !self.fill() {
            return None;
        }
        let (person, told) = self.held.pop()?;
        Some(event(&self.world, person, &told))
    }
}

/// The two pseudonyms of a person; the second is in use only where a merge is to come.
pub(super) fn pseudonyms(seed: u64, person: u64) -> (PersonId, PersonId) {
    let mut dice = RandomStream::new(seed, person, Purpose::Identity);
    (PersonId::from_bytes(dice.uuid()), PersonId::from_bytes(dice.uuid()))
}

/// One record as a structured CloudEvent.
fn event(world: &World, person: u64, told: &SentRecord) -> Value {
    let (own, second) = pseudonyms(world.span.seed, person);
    let subject = match told.about {
        Bearer::Person => own.to_string(),
        Bearer::SecondPseudonym => second.to_string(),
        Bearer::Neighbour => pseudonyms(world.span.seed, neighbour(world, person)).0.to_string(),
    };
    let other = own.to_string();
    let tag = tag(&other, person);
    let ink = Ink { world, tag: &tag, source: told.source, other: &other };
    let kind = told.say.kind();
    let mut members = Map::new();
    let mut member = |name: &str, value: Value| members.insert(name.to_owned(), value);
    member("specversion", "1.0".into());
    member("id", numbered(&tag, told.serial).into());
    member("source", told.source.urn().into());
    member("type", kind.code().into());
    member("subject", subject.into());
    member("time", moment_text(told.time, world).into());
    // Made-up lives are told in the first version of each type.
    // From the record's number alone, so that a repetition is the same to the byte.
    let drawn = hash_numbers([world.span.seed, person, u64::from(told.serial)]);
    if drawn % u64::from(Rate::SCALE) < u64::from(rates::SCHEMA_NAMED.0) {
        member("dataschema", kind.versions()[0].id().into());
    }
    if let Some(episode) = told.episode {
        member("correlationid", episode.text().into());
    }
    member("data", Value::Object(told.say.data(ink)));
    Value::Object(members)
}

/// What every id of a person's records begins with: unique in the plan by the index, and between
/// seeds by the pseudonym.
fn tag(pseudonym: &str, person: u64) -> String {
    let mut tag = String::with_capacity(20);
    tag.push_str(&pseudonym[..8]);
    tag.push_str(&format!("-{person:x}-"));
    tag
}

/// The person on whose stream a record lands by mistake.
const fn neighbour(world: &World, person: u64) -> u64 {
    if person + 1 < world.span.everybody() { person + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(persons: u64) -> Plan {
        let (from, to) = ("2025-01-01".parse().unwrap(), "2025-12-31".parse().unwrap());
        Plan { persons, detained: 0, from, to, seed: 11 }
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_number_of_persons() {
        const RECORDS: usize = 1_000;
        for (persons, detained) in [(50, 0), (200, 0), (500, 300)] {
            let mut events =
                SimulatedEvents::with_bound(Plan { detained, ..plan(persons) }, RECORDS);
            let (mut held_max, mut count) = (0, 0);
            while events.next().is_some() {
                held_max = held_max.max(events.held());
                count += 1;
            }
            assert!(held_max <= RECORDS && count > RECORDS, "{persons} persons: {held_max}");
            // A life's own records come on top while it is told.
            assert!(events.held.capacity() < 4 * RECORDS, "{persons} persons");
        }
    }

    #[test]
    fn a_record_is_as_small_as_the_bound_reckons() {
        assert!(size_of::<(u64, SentRecord)>() <= 128, "{} bytes", size_of::<(u64, SentRecord)>());
    }

    #[test]
    fn nothing_is_sent_before_it_happened() {
        let world = World::new(&Plan { detained: 200, ..plan(400) });
        let first = LocalMoment::new(world.span.from, 0);
        for person in 0..world.span.everybody() {
            for told in data_errors::sent(Life::whole(&world, person)) {
                assert!(told.sent >= told.time && told.sent >= first, "{person}: {told:?}");
            }
        }
    }

    #[test]
    fn slabs_change_nothing() {
        let plan = Plan { detained: 10, ..plan(40) };
        let whole: Vec<Value> = SimulatedEvents::new(plan).collect();
        let cut: Vec<Value> = SimulatedEvents::with_bound(plan, 100).collect();
        assert_eq!(whole, cut);
    }
}
