//! The records of a person that count at one instant, in order, with what they say of custody.
//! Always: unset dates stand first and records after the death last, and neither is folded.

use serde_json::{Value, json};

use super::clock::{self, Instant};
use super::custody::{self, Custody};
use super::order;
use super::record::Rec;

pub struct World {
    pub now: Instant,
    /// All records up to now, in order.
    pub recs: Vec<Rec>,
    /// The folded records are those from `first` up to, without it, `last`.
    pub first: usize,
    pub last: usize,
    pub death: Option<usize>,
    pub custody: Custody,
}

impl World {
    /// `recs` are the effective records, whatever their time.
    pub fn new(recs: &[Rec], now: Instant) -> World {
        let counting = recs.iter().filter(|rec| rec.time <= now).cloned();
        let (mut unset, dated): (Vec<Rec>, Vec<Rec>) =
            counting.partition(|rec| clock::unset(rec.time));
        unset.sort_by(|a, b| (a.time, &a.source, &a.id).cmp(&(b.time, &b.source, &b.id)));
        let first = unset.len();
        let mut recs = unset;
        recs.extend(order::in_order(dated));
        let death = (first..recs.len()).find(|place| is_death(&recs[*place]));
        let is_after = |rec: &Rec| death.is_some_and(|death| rec.day() > recs[death].day());
        let last = (first..recs.len()).find(|at| is_after(&recs[*at])).unwrap_or(recs.len());
        let custody = custody::fold(&recs[first..last], first);
        World { now, recs, first, last, death, custody }
    }

    /// The same records without one of them.
    pub fn without(&self, place: usize) -> World {
        let mut recs = self.recs.clone();
        recs.remove(place);
        World::new(&recs, self.now)
    }

    /// The same records up to an earlier instant.
    pub fn cut(&self, now: Instant) -> World {
        World::new(&self.recs, now)
    }

    /// The folded records with their places.
    pub fn folded(&self) -> impl DoubleEndedIterator<Item = (usize, &Rec)> {
        (self.first..self.last).map(|place| (place, &self.recs[place]))
    }

    /// The folded records of a type.
    pub fn of(&self, kind: &'static str) -> impl DoubleEndedIterator<Item = (usize, &Rec)> {
        self.folded().filter(move |(_, rec)| rec.is(kind))
    }

    pub fn time(&self, place: usize) -> Instant {
        self.recs[place].time
    }

    /// The names of records, in order, each once.
    pub fn names(&self, places: &[usize]) -> Value {
        let mut places = places.to_vec();
        places.sort_unstable();
        places.dedup();
        let name = |place: &usize| {
            let rec = &self.recs[*place];
            json!({"source": rec.source, "id": rec.id})
        };
        places.iter().map(name).collect()
    }
}

fn is_death(rec: &Rec) -> bool {
    rec.is("death.recorded") || rec.is("detention.released") && rec.text("reason") == Some("death")
}
