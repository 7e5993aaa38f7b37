//! The records of all lives in the order of their sending.
//!
//! The period is cut into slabs of time, so short that the records sent in one slab fit in memory.
//! For each slab every life is made again from its random numbers, and only the records sent within
//! the slab are kept and sorted; when too many are kept, the slab is cut at the middle record.
//! Always: at most one life and [`RECORDS_HELD_MAX`] records are held, whatever the number of
//! persons. The price: each life is made once per slab.

use serde_json::{Map, Value};

use super::data_errors;
use super::life::{Bearer, Life, SentRecord, start};
use super::moment::{Day, LocalMoment};
use super::organisation::{self, ORGANISATIONS};
use super::plan::Plan;
use super::random::{Purpose, RandomStream, hash_numbers};
use super::rates::{self, Rate};
use super::series::numbered;
use super::world::World;
use super::written::{Ink, moment_text};
use crate::domain::id::PersonId;

/// The most records that are held: at 128 bytes each, 128 MiB. With a higher limit each life would
/// be made less often, with a lower limit less memory would be used.
pub const RECORDS_HELD_MAX: usize = 1 << 20;

/// Days before a life's first arrival on which its first record may be sent.
const BEFORE_DAYS: Day = 14;

/// The events of a plan as a stream.
pub struct SimulatedEvents {
    world: World,
    records_max: usize,
    /// The first moment of the next slab.
    next: LocalMoment,
    /// Seconds of the last slab.
    seconds: i64,
    /// The records left of the current slab, the last sent first.
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

    /// The number of records held at this moment.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Makes every life again and keeps the records sent within the next slab. False at the end.
    fn fill(&mut self) -> bool {
        let plan_end = LocalMoment::new(self.world.span.to + 1, 0);
        while self.held.is_empty() {
            if self.next >= plan_end {
                return false;
            }
            // The last slab held about as many records as fit; twice its length allows for a
            // quieter time, and a slab that holds too many is cut.
            let mut end = self.next.plus(self.seconds.saturating_mul(2)).min(plan_end);
            for person in bearers(&self.world) {
                let Some(sent) = sent_before(&self.world, person, end.day()) else { continue };
                let slab = self.next..end;
                let within = sent.into_iter().filter(|record| slab.contains(&record.sent));
                self.held.extend(within.map(|record| (person, record)));
                if self.held.len() > self.records_max {
                    end = self.cut(end);
                }
            }
            self.held
                .sort_unstable_by_key(|(person, record)| (record.sent, *person, record.serial));
            self.held.reverse();
            self.seconds = end.seconds_since(self.next);
            self.next = end;
        }
        true
    }

    /// Ends the slab at its middle record and drops the records sent later; returns the new end.
    /// Records sent in the first second stay, however many they are.
    fn cut(&mut self, end: LocalMoment) -> LocalMoment {
        let middle = self.held.len() / 2;
        let (_, (_, record), _) =
            self.held.select_nth_unstable_by_key(middle, |(_, record)| record.sent);
        let end = record.sent.max(self.next.plus(1)).min(end);
        self.held.retain(|(_, record)| record.sent < end);
        end
    }
}

impl Iterator for SimulatedEvents {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        if self.held.is_empty() && !self.fill() {
            return None;
        }
        let (person, record) = self.held.pop()?;
        Some(event(&self.world, person, &record))
    }
}

/// Everybody of the plan, and the organisations if there is anybody.
fn bearers(world: &World) -> impl Iterator<Item = u64> + use<> {
    let count = world.span.everybody();
    (0..count).chain((count > 0).then_some(ORGANISATIONS))
}

/// All records of a life, or of the organisations; `None`: none is sent up to a day.
fn sent_before(world: &World, person: u64, day: Day) -> Option<Vec<SentRecord>> {
    if person == ORGANISATIONS {
        return Some(organisation::sent(world));
    }
    let starts = start(world, person) - BEFORE_DAYS <= day;
    starts.then(|| data_errors::sent(Life::whole(world, person)))
}

/// The two pseudonyms of a person; the second is in use only where a merge will follow.
pub(super) fn pseudonyms(seed: u64, person: u64) -> (PersonId, PersonId) {
    let mut dice = RandomStream::new(seed, person, Purpose::Identity);
    (PersonId::from_bytes(dice.uuid()), PersonId::from_bytes(dice.uuid()))
}

/// One record as a structured CloudEvent.
fn event(world: &World, person: u64, record: &SentRecord) -> Value {
    let (own, second) = pseudonyms(world.span.seed, person);
    let subject = record.say.organisation().unwrap_or_else(|| match record.about {
        Bearer::Person => own.to_string(),
        Bearer::SecondPseudonym => second.to_string(),
        Bearer::Neighbour => pseudonyms(world.span.seed, neighbour(world, person)).0.to_string(),
    });
    let other = own.to_string();
    let tag = tag(&other, person);
    let ink = Ink { world, tag: &tag, source: record.source, other: &other };
    let kind = record.say.kind();
    let mut members = Map::new();
    let mut member = |name: &str, value: Value| members.insert(name.to_owned(), value);
    member("specversion", "1.0".into());
    member("id", numbered(&tag, record.serial).into());
    member("source", record.source.urn().into());
    member("type", kind.code().into());
    member("subject", subject.into());
    member("time", moment_text(record.time, world).into());
    // Whether an event names the version of its payload depends on the record's number alone, so
    // that a repetition is the same to the byte.
    let drawn = hash_numbers([world.span.seed, person, u64::from(record.serial)]);
    if drawn % u64::from(Rate::SCALE) < u64::from(rates::SCHEMA_NAMED.0) {
        member("dataschema", record.say.schema().id().into());
    }
    if let Some(episode) = record.episode {
        member("correlationid", episode.text().into());
    }
    member("data", Value::Object(record.say.data(ink)));
    Value::Object(members)
}

/// The text with which every id of a person's records begins: the index makes it unique in the
/// plan, and the pseudonym makes it unique between seeds.
fn tag(pseudonym: &str, person: u64) -> String {
    let mut tag = String::with_capacity(20);
    tag.push_str(&pseudonym[..8]);
    tag.push_str(&format!("-{person:x}-"));
    tag
}

/// The person in whose stream a record lands by mistake.
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
            // While a life is made, its records are held beside the kept records.
            assert!(events.held.capacity() < 4 * RECORDS, "{persons} persons");
        }
    }

    #[test]
    fn a_record_takes_no_more_bytes_than_the_limit_assumes() {
        assert!(size_of::<(u64, SentRecord)>() <= 128, "{} bytes", size_of::<(u64, SentRecord)>());
    }

    #[test]
    fn nothing_is_sent_before_it_happened() {
        let world = World::new(&Plan { detained: 200, ..plan(400) });
        let first = LocalMoment::new(world.span.from, 0);
        for person in 0..world.span.everybody() {
            for record in data_errors::sent(Life::whole(&world, person)) {
                let in_time = record.sent >= record.time && record.sent >= first;
                assert!(in_time, "{person}: {record:?}");
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
