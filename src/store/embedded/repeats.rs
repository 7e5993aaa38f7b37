//! Pairs that several streams carry, which only several writers at once can make.
//! Always: in memory, made anew at each start from what the log notes; empty, it costs a look.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::{PoisonError, RwLock};

use super::index::{Index, Seen};
use super::log::Reader;
use crate::domain::id::{DedupKey, PersonId, Position};
use crate::store::CrossStreamDuplicate;

/// See the module.
#[derive(Default)]
pub struct Repeats(RwLock<State>);

#[derive(Default)]
struct State {
    /// Where they lie, but for the first of each.
    again: BTreeMap<DedupKey, Vec<Position>>,
    /// Those whose streams have not been looked up.
    fresh: BTreeSet<DedupKey>,
    by_stream: HashMap<PersonId, BTreeSet<DedupKey>>,
}

impl Repeats {
    /// Notes a record whose pair an earlier one carries.
    pub fn note(&self, dedup_key: DedupKey, position: Position) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.again.entry(dedup_key).or_default().push(position);
        state.fresh.insert(dedup_key);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).again.is_empty()
    }

    /// The pairs that one of these streams shares, each with the records that carry it.
    pub fn of(
        &self,
        streams: &[PersonId],
        reader: &Reader,
        index: &Index,
    ) -> io::Result<Vec<CrossStreamDuplicate>> {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let State { again, fresh, by_stream } = &mut *state;
        let carriers = |dedup_key: &DedupKey| -> io::Result<CrossStreamDuplicate> {
            let first = index.find(dedup_key)?;
            let again = again.get(dedup_key).into_iter().flatten().copied();
            let positions: Vec<Position> = first.into_iter().chain(again).collect();
            Ok(CrossStreamDuplicate(reader.all(&positions).map_err(io::Error::other)?))
        };
        for dedup_key in fresh.iter() {
            for stored in carriers(dedup_key)?.0 {
                by_stream.entry(Seen::from(&stored).stream).or_default().insert(*dedup_key);
            }
        }
        fresh.clear();
        let dedup_keys = streams.iter().filter_map(|stream| by_stream.get(stream)).flatten();
        dedup_keys.collect::<BTreeSet<_>>().into_iter().map(carriers).collect()
    }
}
