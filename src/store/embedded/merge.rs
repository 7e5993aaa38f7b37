//! Merging neighbouring segments of the index, so that a look-up visits few segments.
//! Always: a merged segment holds exactly the entries of the segments that it replaces, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::segment::{SEGMENT_RECORDS, Segment, SegmentEntry, SegmentHeader, TableEntries};

/// This many neighbours of one size become one segment. A look-up then visits about a dozen
/// segments at 100 million records, and each entry is rewritten once for each size.
const MERGE_AT: usize = 4;

/// Merges the newest neighbours of one size if there are enough of them. Returns the indexes of the
/// merged segments, and the segment that replaces them.
pub fn merge_if_due(
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

/// The size class of a segment: `n` for a segment as large as [`MERGE_AT`] to the power of `n` new
/// segments, rounded down.
fn size_class(count: usize) -> u32 {
    (count / SEGMENT_RECORDS).max(1).ilog(MERGE_AT)
}

fn merge(folder: &Path, parts: &[Arc<Segment>]) -> io::Result<Segment> {
    let (first, last) = (&parts[0].header, &parts[parts.len() - 1].header);
    let header = SegmentHeader { first: first.first, ..*last };
    let dedup_keys = MergedEntries::new(parts.iter().map(|part| part.dedup_key_entries()))?;
    let streams = MergedEntries::new(parts.iter().map(|part| part.stream_entries()))?;
    Segment::write(folder, header, dedup_keys, streams)
}

/// The entries of several sorted tables, in one sorted order.
struct MergedEntries<'a> {
    parts: Vec<TableEntries<'a>>,
    /// The next entry of each part, with the index of the part; the smallest entry on top.
    heads: BinaryHeap<Reverse<(SegmentEntry, usize)>>,
}

impl<'a> MergedEntries<'a> {
    fn new(parts: impl Iterator<Item = TableEntries<'a>>) -> io::Result<Self> {
        let mut merged = Self { parts: parts.collect(), heads: BinaryHeap::new() };
        for part in 0..merged.parts.len() {
            merged.push_next_of(part)?;
        }
        Ok(merged)
    }

    fn push_next_of(&mut self, part: usize) -> io::Result<()> {
        if let Some(entry) = self.parts[part].next() {
            self.heads.push(Reverse((entry?, part)));
        }
        Ok(())
    }
}

impl Iterator for MergedEntries<'_> {
    type Item = io::Result<SegmentEntry>;

    fn next(&mut self) -> Option<io::Result<SegmentEntry>> {
        let Reverse((entry, part)) = self.heads.pop()?;
        Some(self.push_next_of(part).map(|()| entry))
    }
}
