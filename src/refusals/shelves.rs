//! The refusals in memory, a shelf a source.
//! Always: `at` rises strictly over all sources, so it is the place of a refusal as well; of too
//! much, the fullest shelf gives up its oldest, so that a flood of one source costs that source.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{BYTES_MAX, DAYS_MAX, ITEMS_MAX, SOURCES_MAX};

/// What an item takes beside its text.
const ITEM_BYTES: usize = 64;

/// What a shelf takes beside its items and its name.
const SHELF_BYTES: usize = 256;

#[derive(Default)]
pub(super) struct Shelves {
    by_source: HashMap<Arc<str>, Shelf>,
    bytes: usize,
    /// The last `at` that was given, in microseconds.
    last: i64,
    /// Of all sources, since the start.
    dropped: u64,
    /// Let go of by their age, since the start.
    expired: u64,
    /// Up to here any source may have been forgotten altogether, and where the file says so.
    forgotten_until: i64,
    told_until: i64,
}

#[derive(Default)]
struct Shelf {
    items: VecDeque<Item>,
    bytes: usize,
    dropped: u64,
    /// The newest one dropped.
    dropped_until: Option<i64>,
    /// How many the file says were dropped.
    told: u64,
}

/// A refusal as a line of JSON.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) at: i64,
    pub(super) line: Arc<str>,
}

impl Item {
    fn bytes(&self) -> usize {
        self.line.len() + ITEM_BYTES
    }
}

/// What was dropped of a source, for the file.
pub(super) struct Loss {
    pub(super) source: Arc<str>,
    pub(super) dropped: u64,
    pub(super) until: i64,
}

/// A place as a moment.
pub(super) fn moment(at: i64) -> String {
    let time = DateTime::from_timestamp_micros(at).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What was refused before this is let go of.
pub(super) fn oldest(now: DateTime<Utc>) -> i64 {
    (now - TimeDelta::days(DAYS_MAX)).timestamp_micros()
}

impl Shelves {
    /// The place of what is refused now, after all others even when the clock steps back.
    pub(super) fn next_at(&self, now: DateTime<Utc>) -> i64 {
        now.timestamp_micros().max(self.last + 1)
    }

    pub(super) fn last(&self) -> i64 {
        self.last
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn expired(&self) -> u64 {
        self.expired
    }

    /// Puts a refusal on its shelf, and makes room.
    pub(super) fn put(&mut self, source: &str, at: i64, line: Arc<str>) {
        let item = Item { at, line };
        self.last = self.last.max(at);
        if !self.by_source.contains_key(source) {
            if self.by_source.len() == SOURCES_MAX {
                self.forget_the_quietest();
            }
            self.by_source.insert(source.into(), Shelf::default());
            self.bytes += source.len() + SHELF_BYTES;
        }
        let shelf = self.by_source.get_mut(source).expect("inserted above");
        self.bytes += item.bytes();
        shelf.bytes += item.bytes();
        shelf.items.push_back(item);
        if shelf.items.len() > ITEMS_MAX {
            self.bytes -= shelf.drop_oldest();
            self.dropped += 1;
        }
        while self.bytes > BYTES_MAX {
            let fullest = self.by_source.values_mut().max_by_key(|shelf| shelf.bytes);
            let fullest = fullest.expect("what fills the bytes lies on a shelf");
            self.bytes -= fullest.drop_oldest();
            self.dropped += 1;
        }
    }

    /// Takes away the source that was refused nothing for longest.
    fn forget_the_quietest(&mut self) {
        let quietest = self.by_source.iter().min_by_key(|(_, shelf)| shelf.newest());
        let Some(source) = quietest.map(|(source, _)| source.clone()) else { return };
        let Some(shelf) = self.by_source.remove(&source) else { return };
        self.bytes -= shelf.bytes + source.len() + SHELF_BYTES;
        self.dropped += shelf.items.len() as u64;
        self.forgotten_until = self.forgotten_until.max(shelf.newest());
    }

    /// Lets go of what has been kept long enough.
    pub(super) fn expire(&mut self, now: DateTime<Utc>) {
        let oldest = oldest(now);
        for shelf in self.by_source.values_mut() {
            while shelf.items.front().is_some_and(|item| item.at < oldest) {
                self.bytes -= shelf.take_oldest().map_or(0, |item| item.bytes());
                self.expired += 1;
            }
        }
        let bytes = &mut self.bytes;
        self.by_source.retain(|source, shelf| {
            let is_kept = shelf.newest() >= oldest;
            *bytes -= if is_kept { 0 } else { source.len() + SHELF_BYTES };
            is_kept
        });
    }

    /// At most `limit` lines of a source before a place, newest first, and the place of the last
    /// one if there are more.
    pub(super) fn read(
        &self,
        source: &str,
        before: Option<i64>,
        limit: usize,
    ) -> (Vec<Arc<str>>, Option<i64>) {
        let Some(shelf) = self.by_source.get(source) else { return (Vec::new(), None) };
        let end = before.map_or(shelf.items.len(), |before| {
            shelf.items.partition_point(|item| item.at < before)
        });
        let start = end.saturating_sub(limit);
        let lines = shelf.items.range(start..end).rev().map(|item| item.line.clone()).collect();
        (lines, (start > 0).then(|| shelf.items[start].at))
    }

    /// How many of a source were dropped, and up to where.
    pub(super) fn losses(&self, source: &str) -> (u64, i64) {
        let shelf = self.by_source.get(source);
        let until = shelf.and_then(|shelf| shelf.dropped_until).unwrap_or_default();
        (shelf.map_or(0, |shelf| shelf.dropped), until.max(self.forgotten_until))
    }

    /// All that was put after a place, in order.
    pub(super) fn after(&self, at: i64) -> Vec<Item> {
        let fresh = |shelf: &Shelf| {
            let start = shelf.items.partition_point(|item| item.at <= at);
            shelf.items.range(start..).cloned().collect::<Vec<_>>()
        };
        let mut items: Vec<Item> = self.by_source.values().flat_map(fresh).collect();
        items.sort_unstable_by_key(|item| item.at);
        items
    }

    /// What was dropped, for the file: of each source, and up to where sources were forgotten.
    /// Without `all`, what the file does not say yet.
    pub(super) fn tell_losses(&mut self, all: bool) -> (Vec<Loss>, Option<i64>) {
        let mut losses = Vec::new();
        for (source, shelf) in &mut self.by_source {
            let Some(until) = shelf.dropped_until.filter(|_| all || shelf.told < shelf.dropped)
            else {
                continue;
            };
            shelf.told = shelf.dropped;
            losses.push(Loss { source: source.clone(), dropped: shelf.dropped, until });
        }
        let forgotten = all || self.told_until < self.forgotten_until;
        self.told_until = self.forgotten_until;
        (losses, forgotten.then_some(self.forgotten_until))
    }

    /// Takes over what the file tells was dropped of a source up to that line of the file.
    pub(super) fn lost(&mut self, source: &str, dropped: u64, until: i64) {
        match self.by_source.get_mut(source) {
            Some(shelf) => {
                shelf.dropped = shelf.dropped.max(dropped);
                shelf.dropped_until = shelf.dropped_until.max(Some(until));
            }
            None => self.forgotten(until),
        }
    }

    /// Up to here any source may have been forgotten.
    pub(super) fn forgotten(&mut self, until: i64) {
        self.forgotten_until = self.forgotten_until.max(until);
    }
}

impl Shelf {
    fn newest(&self) -> i64 {
        self.items.back().map(|item| item.at).max(self.dropped_until).unwrap_or_default()
    }

    fn take_oldest(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        self.bytes -= item.bytes();
        Some(item)
    }

    /// Drops the oldest; gives its bytes.
    fn drop_oldest(&mut self) -> usize {
        let Some(item) = self.take_oldest() else { return 0 };
        self.dropped += 1;
        self.dropped_until = Some(item.at);
        item.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(bytes: usize) -> Arc<str> {
        "x".repeat(bytes).into()
    }

    #[test]
    fn each_bound_holds_and_what_it_cost_is_told() {
        let mut shelves = Shelves::default();
        for at in 1..=ITEMS_MAX as i64 + 5 {
            shelves.put("loud", at, line(100));
        }
        assert_eq!(shelves.read("loud", None, ITEMS_MAX * 2).0.len(), ITEMS_MAX);
        assert_eq!(shelves.losses("loud"), (5, 5));
        // A flood in bytes costs the flooder, not the quiet.
        shelves.put("quiet", 2_000, line(100));
        for at in 3_000..6_000 {
            shelves.put(&format!("flood-{}", at % 3), at, line(8_000));
        }
        assert!(shelves.bytes <= BYTES_MAX, "{}", shelves.bytes);
        assert_eq!(shelves.losses("quiet"), (0, 0));
        assert!(shelves.losses("flood-1").0 > 0);
        // A new source takes the place of the quietest.
        for n in 0..SOURCES_MAX as i64 {
            shelves.put(&format!("urn:{n}"), 10_000 + n, line(100));
        }
        assert_eq!(shelves.by_source.len(), SOURCES_MAX);
        let (gone, until) = shelves.losses("quiet");
        assert_eq!((gone, shelves.read("quiet", None, 9).0.len()), (0, 0));
        assert!(until >= 2_000, "{until}");
        let counted: usize = shelves
            .by_source
            .iter()
            .map(|(source, shelf)| shelf.bytes + source.len() + SHELF_BYTES)
            .sum();
        assert_eq!(counted, shelves.bytes);
    }

    #[test]
    fn places_rise_when_the_clock_steps_back_and_old_ones_go() {
        let now: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
        let mut shelves = Shelves::default();
        let mut places = Vec::new();
        for seconds in [0, 5, -60, -60] {
            let at = shelves.next_at(now + TimeDelta::seconds(seconds));
            shelves.put("a", at, line(10));
            places.push(at);
        }
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        shelves.expire(now + TimeDelta::days(DAYS_MAX) + TimeDelta::seconds(1));
        assert_eq!(shelves.read("a", None, 9).0.len(), 3);
        shelves.expire(now + TimeDelta::days(DAYS_MAX) + TimeDelta::seconds(60));
        assert_eq!((shelves.by_source.len(), shelves.bytes), (0, 0));
        assert_eq!(shelves.losses("a"), (0, 0), "kept to the end is not dropped");
    }

    #[test]
    fn pages_meet_without_a_gap_or_a_repeat() {
        let mut shelves = Shelves::default();
        (1..=7).for_each(|at| shelves.put("a", at, at.to_string().into()));
        let mut read: Vec<String> = Vec::new();
        let mut before = None;
        loop {
            let (lines, next) = shelves.read("a", before, 3);
            read.extend(lines.iter().map(ToString::to_string));
            // What comes meanwhile is newer, and not on a later page.
            shelves.put("a", 100 + read.len() as i64, line(1));
            let Some(next) = next else { break };
            before = Some(next);
        }
        assert_eq!(read, ["7", "6", "5", "4", "3", "2", "1"]);
    }
}
