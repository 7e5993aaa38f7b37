//! Things that records begin under an id.
//! Always: an id is read within its stream; of two records that begin one id the first counts; the
//! things stand in the order of those records.

use std::collections::BTreeMap;

use super::dated::ScopedId;

/// Things by their ids.
#[derive(Debug)]
pub struct ById<'a, T> {
    /// The things, in the order of the records that begin them.
    pub all: Vec<T>,
    places: BTreeMap<ScopedId<'a>, usize>,
}

impl<T> Default for ById<'_, T> {
    fn default() -> Self {
        Self { all: Vec::new(), places: BTreeMap::new() }
    }
}

impl<'a, T> ById<'a, T> {
    /// The thing of an id, which begins here unless it has begun.
    pub fn begin(&mut self, id: ScopedId<'a>, thing: impl FnOnce() -> T) -> &mut T {
        let place = *self.places.entry(id).or_insert_with(|| {
            self.all.push(thing());
            self.all.len() - 1
        });
        &mut self.all[place]
    }

    /// The place of an id among all, if the id has begun.
    pub fn place(&self, id: ScopedId<'a>) -> Option<usize> {
        self.places.get(&id).copied()
    }

    /// The thing of an id, if it has begun.
    pub fn get_mut(&mut self, id: ScopedId<'a>) -> Option<&mut T> {
        self.place(id).map(|place| &mut self.all[place])
    }
}
