//! The derived index: the positions of each dedup key and of each stream in the log.
//! Always: the index agrees with the log up to [`Index::last_position`]. Only the log is the truth;
//! the index can be deleted at any time. Recent entries are in memory, older entries in
//! [`Segment`]s on disk, as in a log-structured merge tree.
//!
//! ```text
//! log      1 .................................................... tail
//! index    | segment | segment | segment | frozen | frozen | recent |
//!          '------ on disk, sorted ------'------ in memory ---------'
//! ```
//! A B-tree with random keys would cap the append rate at a tenth; sorting a part of the entries
//! in memory and writing that part once costs a few percent of a core.

use std::collections::HashMap;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::log::PlacedRecord;
use super::merge;
use super::segment::{SEGMENT_RECORDS, Segment, SegmentEntry, SegmentHeader};
use crate::domain::id::{DedupKey, DedupKeyMap, Position, Revision};
use crate::domain::stream::StreamId;
use crate::store::Stored;

/// Once this many frozen tables, about 30 MiB each, wait for a slow disk, the writer waits too.
pub const FROZEN_TABLES_MAX: usize = 4;

/// The folder of the index in a data folder.
pub const INDEX_FOLDER: &str = "index";

/// Once this many frozen tables wait for a disk that takes none, the log takes no record: 240 MiB,
/// or two million records after the first failure. A healthy log goes on that long, since only the
/// memory suffers. The writer then refuses and does not wait, because a writer that waits could not
/// end with the store. A slow disk alone never gets here: at most `FROZEN_TABLES_MAX` + 2 tables
/// wait for it.
const FROZEN_TABLES_WHILE_FAULTED_MAX: usize = 8;

/// The entries of one part of the log, in memory.
#[derive(Default)]
struct MemoryTable {
    /// The last position of that part; `None`: the table is empty.
    last: Option<Position>,
    dedup_keys: DedupKeyMap<Position, [u8; 16]>,
    streams: HashMap<StreamId, Vec<Position>>,
}

/// Whether the table that takes new entries has room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecentTable {
    HasRoom,
    IsFull,
}

/// All parts of the index, and the number of records of each stream.
#[derive(Default)]
struct IndexState {
    /// The parts on disk, in the order of the log; each begins where the part before ends.
    segments: Arc<Vec<Arc<Segment>>>,
    /// Tables that wait to be written to disk, oldest first. They change no more.
    frozen: Vec<Arc<MemoryTable>>,
    /// The table that takes new entries.
    recent: MemoryTable,
    /// How many records each stream has. An entry takes about 40 bytes.
    record_counts: HashMap<StreamId, u64>,
}

/// Whether the parts on disk are kept up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexAccess {
    /// Full tables are written to disk, and segments that do not fit are deleted.
    Maintain,
    /// The disk is only read. All that it lacks stays in memory.
    ReadOnly,
}

/// The fields of a record that the index stores.
#[derive(Debug, Clone, Copy)]
pub struct IndexedRecord {
    /// The record's position.
    pub position: Position,
    /// The record's dedup key.
    pub dedup_key: DedupKey,
    /// The record's stream.
    pub stream: StreamId,
}

impl IndexedRecord {
    /// The entry of a record whose dedup key an earlier record of another stream carries. A look-up
    /// of the key must find the earlier record, so this entry has a hash that nobody looks up.
    pub fn as_later_duplicate(self) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.dedup_key.0).update(&self.position.number().to_be_bytes());
        Self { dedup_key: DedupKey(hasher.finalize().into()), ..self }
    }
}

impl From<&PlacedRecord> for IndexedRecord {
    fn from(placed: &PlacedRecord) -> Self {
        let indexed = Self::from(&placed.stored);
        if placed.first_with_key.is_some() { indexed.as_later_duplicate() } else { indexed }
    }
}

impl From<&Stored> for IndexedRecord {
    fn from(stored: &Stored) -> Self {
        Self {
            position: stored.position,
            dedup_key: stored.dedup_key(),
            stream: stored.view().stream_id(),
        }
    }
}

/// Reads the commitment of the record at a position. A segment carries the commitment of its last
/// record, so that a segment of another log is recognised.
pub type ReadCommitment<'a> = &'a dyn Fn(Position) -> io::Result<Option<[u8; 32]>>;

/// The index: see the module.
pub struct Index {
    folder: PathBuf,
    ledger: [u8; 16],
    access: IndexAccess,
    /// Read by every look-up, and written once a commit and once a segment. The lock is never held
    /// during a read or write of the disk.
    state: RwLock<IndexState>,
}

impl Index {
    /// Opens the segments in a folder that fit the log, and deletes all other segments, unless the
    /// disk is only read.
    pub fn open(
        folder: &Path,
        ledger: [u8; 16],
        read_commitment: ReadCommitment<'_>,
        access: IndexAccess,
    ) -> io::Result<Self> {
        if access == IndexAccess::Maintain {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        // A copy of a ledger may lack the index, which is derived.
        let files = if folder.is_dir() { segment_files(folder)? } else { Vec::new() };
        let mut record_counts = HashMap::new();
        let mut segments: Vec<Arc<Segment>> = Vec::new();
        let mut indexed = Position::START;
        for path in files {
            // In a segment all entries of a stream stand side by side.
            let mut streams: Vec<(StreamId, u64)> = Vec::new();
            let opened = Segment::open(&path, |stream| match streams.last_mut() {
                Some((last, count)) if *last == stream => *count += 1,
                _ => streams.push((stream, 1)),
            });
            let fits = |segment: &Segment| -> io::Result<bool> {
                let header = &segment.header;
                Ok(header.ledger == ledger
                    && header.first.number() == indexed.number() + 1
                    && read_commitment(header.last)? == Some(header.last_commitment))
            };
            match opened {
                Ok(segment) if fits(&segment)? => {
                    indexed = segment.header.last;
                    for (stream, count) in streams {
                        *record_counts.entry(stream).or_insert(0) += count;
                    }
                    segments.push(Arc::new(segment));
                }
                // Damaged, of another log, or already merged into a larger segment.
                Ok(_) | Err(_) if access == IndexAccess::Maintain => std::fs::remove_file(&path)?,
                Ok(_) | Err(_) => {}
            }
        }
        let segments = Arc::new(segments);
        let state = IndexState { segments, record_counts, ..IndexState::default() };
        Ok(Self { folder: folder.to_owned(), ledger, access, state: RwLock::new(state) })
    }

    /// The position of the last record that was added.
    pub fn last_position(&self) -> Position {
        let state = self.read();
        let memory = state.recent.last.or(state.frozen.last().and_then(|table| table.last));
        memory
            .or(state.segments.last().map(|segment| segment.header.last))
            .unwrap_or(Position::START)
    }

    /// Adds the next records of the log, in order. If the recent table is full, call
    /// [`Index::freeze_recent`].
    pub fn add(&self, records: impl Iterator<Item = IndexedRecord>) -> RecentTable {
        let mut state = self.write();
        let IndexState { recent, record_counts, .. } = &mut *state;
        for IndexedRecord { position, dedup_key, stream } in records {
            recent.dedup_keys.insert(short_key(&dedup_key), position);
            recent.streams.entry(stream).or_default().push(position);
            *record_counts.entry(stream).or_insert(0) += 1;
            recent.last = Some(position);
        }
        if recent.dedup_keys.len() < SEGMENT_RECORDS {
            RecentTable::HasRoom
        } else {
            RecentTable::IsFull
        }
    }

    /// Whether the memory has room for more entries.
    pub fn has_room(&self) -> bool {
        self.read().frozen.len() < FROZEN_TABLES_WHILE_FAULTED_MAX
    }

    /// Freezes the recent table, so that it waits to be written to disk, and begins a new table.
    pub fn freeze_recent(&self) {
        let mut state = self.write();
        let table = std::mem::take(&mut state.recent);
        if table.last.is_some() {
            state.frozen.push(Arc::new(table));
        }
    }

    /// Writes the oldest frozen table to disk as a segment, and merges segments where enough of
    /// one size stand side by side. Returns false if no table is frozen, or the disk is only read.
    pub fn flush_oldest(&self, read_commitment: ReadCommitment<'_>) -> io::Result<bool> {
        if self.access == IndexAccess::ReadOnly {
            return Ok(false);
        }
        let (table, first) = {
            let state = self.read();
            let Some(table) = state.frozen.first().cloned() else { return Ok(false) };
            let on_disk = state.segments.last().map_or(0, |segment| segment.header.last.number());
            (table, Position::new(on_disk + 1))
        };
        let last = table.last.unwrap_or(first);
        let last_commitment = read_commitment(last)?.ok_or(io::ErrorKind::NotFound)?;
        let header = SegmentHeader { ledger: self.ledger, first, last, last_commitment };
        let (dedup_keys, streams) = table.sorted();
        let segment = Segment::write(
            &self.folder,
            header,
            dedup_keys.into_iter().map(Ok),
            streams.into_iter().map(Ok),
        )?;
        {
            let mut state = self.write();
            Arc::make_mut(&mut state.segments).push(Arc::new(segment));
            state.frozen.remove(0);
        }
        while let Some((range, merged)) = merge::merge_if_due(&self.folder, &self.segments())? {
            let old = {
                let mut state = self.write();
                let segments = Arc::make_mut(&mut state.segments);
                segments.splice(range, [Arc::new(merged)]).collect::<Vec<_>>()
            };
            for segment in old {
                std::fs::remove_file(&segment.path)?;
            }
        }
        Ok(true)
    }

    /// The position of the first record with a dedup key.
    pub fn find(&self, dedup_key: &DedupKey) -> io::Result<Option<Position>> {
        let key = short_key(dedup_key);
        let segments = {
            let state = self.read();
            let frozen = state.frozen.iter().rev().map(|table| &**table);
            for table in std::iter::once(&state.recent).chain(frozen) {
                if let Some(position) = table.dedup_keys.get(&key) {
                    return Ok(Some(*position));
                }
            }
            state.segments.clone()
        };
        for segment in segments.iter().rev() {
            if let Some(position) = segment.find(&key)? {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// The positions of at most `limit` records of a stream, from a revision on.
    pub fn positions(
        &self,
        stream: StreamId,
        from: Revision,
        limit: usize,
    ) -> io::Result<Vec<Position>> {
        let (segments, memory) = {
            let state = self.read();
            let frozen = state.frozen.iter().map(|table| &**table);
            let memory: Vec<Position> = frozen
                .chain(std::iter::once(&state.recent))
                .filter_map(|table| table.streams.get(&stream))
                .flatten()
                .copied()
                .collect();
            (state.segments.clone(), memory)
        };
        let mut positions = Vec::new();
        for segment in segments.iter() {
            segment.visit_stream(stream, |position| positions.push(position))?;
        }
        positions.extend(memory);
        let from = usize::try_from(from.0).unwrap_or(usize::MAX).min(positions.len());
        positions.drain(..from);
        positions.truncate(limit);
        Ok(positions)
    }

    /// The last revision of a stream; `None`: the stream does not exist.
    pub fn last_revision(&self, stream: StreamId) -> Option<Revision> {
        self.read().record_counts.get(&stream).map(|count| Revision(count - 1))
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> Arc<Vec<Arc<Segment>>> {
        self.read().segments.clone()
    }

    // A poisoned lock is used all the same: every change of the state is one step, so a panic
    // leaves no half-made state.
    fn read(&self) -> RwLockReadGuard<'_, IndexState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, IndexState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryTable {
    /// The entries of the dedup keys, and the entries of the streams, both sorted by key.
    fn sorted(&self) -> (Vec<SegmentEntry>, Vec<SegmentEntry>) {
        let mut dedup_keys: Vec<SegmentEntry> =
            self.dedup_keys.iter().map(|(key, position)| (*key, position.number())).collect();
        let mut streams: Vec<SegmentEntry> = self
            .streams
            .iter()
            .flat_map(|(stream, positions)| {
                positions.iter().map(|position| (*stream.as_bytes(), position.number()))
            })
            .collect();
        dedup_keys.sort_unstable();
        streams.sort_unstable();
        (dedup_keys, streams)
    }
}

/// The first half of a dedup key, under which the index stores the key. The half is 128 bits of a
/// keyed hash, so the ids of two senders do not collide; besides, a caller that finds a record by
/// its key compares the contents.
fn short_key(dedup_key: &DedupKey) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&dedup_key.0[..16]);
    key
}

/// The segment files in the order in which a start tries them: by first position, then the longest
/// first. Drafts that a crash left behind are deleted.
fn segment_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<(String, String, PathBuf)> = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let range = name.strip_suffix(".segment").and_then(|range| range.split_once('-'));
        match range {
            Some((first, last)) => found.push((first.to_owned(), last.to_owned(), path)),
            None if name.ends_with(".draft") => std::fs::remove_file(&path)?,
            None => {}
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    Ok(found.into_iter().map(|(_, _, path)| path).collect())
}
