//! What happens to facilities and projects, in records with no person in them.
//! Always: the same for every plan of one seed and period, whatever the number of persons; lasting
//! facts of the past are sent when the plan begins. No record has a data error.

use super::life::{Bearer, SentRecord};
use super::moment::{Day, LocalMoment};
use super::place::Prison;
use super::random::{Purpose, RandomStream};
use super::say::Say;
use super::sender::SendingSystem;
use super::world::World;
use crate::domain::vocabulary::registry::Registry;

/// The number that stands for all organisations where a record names a person's number.
pub(super) const ORGANISATIONS: u64 = u64::MAX;

/// The records about organisations while they are made.
pub(super) struct Organisations<'a> {
    pub(super) world: &'a World,
    pub(super) dice: RandomStream,
    told: Vec<SentRecord>,
}

/// Every record about an organisation, in no order.
pub(super) fn sent(world: &World) -> Vec<SentRecord> {
    let dice = RandomStream::new(world.span.seed, ORGANISATIONS, Purpose::Life);
    let mut organisations = Organisations { world, dice, told: Vec::new() };
    for (prison, weight) in Prison::weighed() {
        organisations.facility(prison, weight);
    }
    for project in Registry::shipped().projects() {
        organisations.project(project);
    }
    organisations.told
}

impl Organisations<'_> {
    /// Adds a record, unless it happens after the plan. Of the past, callers add lasting facts
    /// only.
    pub(super) fn tell(&mut self, time: LocalMoment, source: SendingSystem, say: Say) {
        self.tell_on(time, time.day(), source, say);
    }

    /// Adds a record that is sent on a later day.
    pub(super) fn tell_on(
        &mut self,
        time: LocalMoment,
        sent_on: Day,
        source: SendingSystem,
        say: Say,
    ) {
        if time.day() > self.world.span.to {
            return;
        }
        let first = LocalMoment::new(self.world.span.from, 0);
        let later = i64::from(self.dice.between(5, 3600));
        let sent = time.max(LocalMoment::new(sent_on, 0)).max(first).plus(later);
        let serial = u32::try_from(self.told.len()).expect("fewer than 2^32 records");
        let (about, episode) = (Bearer::Person, None);
        self.told.push(SentRecord { sent, time, serial, source, about, episode, say });
    }
}
