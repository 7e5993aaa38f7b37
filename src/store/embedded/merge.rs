//! Merging neighbouring segments of the index into one, so that a look-up visits few.
//! Always: a merged segment holds exactly the entries of its parts, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::segment::{Entries, Entry, Header, Segment};

/// So many recent entries become a segment: about 30 MiB of memory, sorted in 50 ms.
pub const RECENT_MAX: usize = 1 << 18;

/// So many neighbours of one size become one: look-ups then visit about a dozen segments at 100
/// million records, and each entry is rewritten once a size.
const MERGE_AT: usize = 4;

/// Merges the newest neighbours of one size, if there are enough of them.
pub fn due(
    folder: &Path,
    segments: &[Arc<Segment>],
) -> io::Result<Option<(Range<usize>, Segment)>> {
    let Some(newest) = segments.last() else { return Ok(None) };
    let size = size_class(newest.count());
    let same = segments.iter().rev().take_while(|s| size_class(s.count()) <= size).count();
    if same < MERGE_AT {
        return Ok(None);
    }
    let range = segments.len() - same..segments.len();
    Ok(Some((range.clone(), merge(folder, &segments[range])?)))
}

fn size_class(count: usize) -> u32 {
    (count / RECENT_MAX).max(1).ilog(MERGE_AT)
}

fn merge(folder: &Path, parts: &[Arc<Segment>]) -> io::Result<Segment> {
    let (first, last) = (&parts[0].header, &parts[parts.len() - 1].header);
    let header = Header { first: first.first, ..*last };
    let dedup_keys = Sorted::new(parts.iter().map(|part| part.all_pairs()))?;
    let streams = Sorted::new(parts.iter().map(|part| part.all_streams()))?;
    Segment::write(folder, header, dedup_keys, streams)
}

/// Sorted entries of several sorted parts.
struct Sorted<'a> {
    parts: Vec<Entries<'a>>,
    heads: BinaryHeap<Reverse<(Entry, usize)>>,
}

impl<'a> Sorted<'a> {
    fn new(parts: impl Iterator<Item = Entries<'a>>) -> io::Result<Self> {
        let mut sorted = Self { parts: parts.collect(), heads: BinaryHeap::new() };
        for part in 0..sorted.parts.len() {
            sorted.pull(part)?;
        }
        Ok(sorted)
    }

    fn pull(&mut self, part: usize) -> io::Result<()> {
        if let Some(entry) = self.parts[part].next() {
            self.heads.push(Reverse((entry?, part)));
        }
        Ok(())
    }
}

impl Iterator for Sorted<'_> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<io::Result<Entry>> {
        let Reverse((entry, part)) = self.heads.pop()?;
        Some(self.pull(part).map(|()| entry))
    }
}
