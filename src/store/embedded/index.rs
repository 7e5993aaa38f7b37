//! The derived index: where each pair and each stream lies in the log.
//! Always: it says what the log says, up to [`Index::covered`]; it is never the truth, and can be
//! deleted at any time. Recent entries are in memory, older ones in [`Segment`]s on disk.
//!
//! A B-tree with random keys would cap the append rate at a tenth; sorting a stretch of entries in
//! memory and writing it once costs a few percent of a core.

use std::collections::HashMap;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::merge::{self, RECENT_MAX};
use super::segment::{Entry, Header, Segment};
use crate::domain::id::{DedupKey, DedupKeyMap, PersonId, Position, Revision};

/// So many stretches may wait for the disk before the writer waits too.
pub const WAITING_MAX: usize = 4;

/// Entries of a stretch of the log, in memory.
#[derive(Default)]
struct Stretch {
    last: Option<Position>,
    dedup_keys: DedupKeyMap<Position, [u8; 16]>,
    streams: HashMap<PersonId, Vec<Position>>,
}

#[derive(Default)]
struct State {
    /// In the order of the log, each beginning where the one before ends.
    segments: Arc<Vec<Arc<Segment>>>,
    /// Stretches on their way to disk, oldest first.
    waiting: Vec<Arc<Stretch>>,
    recent: Stretch,
    /// How many records each stream has: about 40 bytes a person.
    counts: HashMap<PersonId, u64>,
}

/// A record, as the index sees it.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Where it lies.
    pub position: Position,
    /// Its duplicate key.
    pub dedup_key: DedupKey,
    /// Its stream.
    pub stream: PersonId,
}

impl Seen {
    /// The same for a record whose pair an earlier one carries, of another stream: that one is
    /// found by the pair, and this one by its stream only.
    pub fn again(self) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.dedup_key.0).update(&self.position.number().to_be_bytes());
        Self { dedup_key: DedupKey(hasher.finalize().into()), ..self }
    }
}

/// Reads the commitment of the record at a position, to tie a segment to its log.
pub type Anchor<'a> = &'a dyn Fn(Position) -> io::Result<Option<[u8; 32]>>;

/// See the module.
pub struct Index {
    folder: PathBuf,
    ledger: [u8; 16],
    state: RwLock<State>,
}

impl Index {
    /// Opens what lies in the folder and still fits the log; the rest is deleted.
    pub fn open(folder: &Path, ledger: [u8; 16], anchor: Anchor<'_>) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut counts = HashMap::new();
        let mut segments: Vec<Arc<Segment>> = Vec::new();
        let mut covered = Position::START;
        for path in candidates(folder)? {
            // A segment has the entries of a stream side by side.
            let mut streams: Vec<(PersonId, u64)> = Vec::new();
            let opened = Segment::open(&path, |stream| match streams.last_mut() {
                Some((last, count)) if *last == stream => *count += 1,
                _ => streams.push((stream, 1)),
            });
            let fits = |segment: &Segment| -> io::Result<bool> {
                let header = &segment.header;
                Ok(header.ledger == ledger
                    && header.first.number() == covered.number() + 1
                    && anchor(header.last)? == Some(header.anchor))
            };
            match opened {
                Ok(segment) if fits(&segment)? => {
                    covered = segment.header.last;
                    for (stream, count) in streams {
                        *counts.entry(stream).or_insert(0) += count;
                    }
                    segments.push(Arc::new(segment));
                }
                // Not whole, of another log, or already merged into a larger one.
                Ok(_) | Err(_) => std::fs::remove_file(&path)?,
            }
        }
        let segments = Arc::new(segments);
        let state = State { segments, counts, ..State::default() };
        Ok(Self { folder: folder.to_owned(), ledger, state: RwLock::new(state) })
    }

    /// The last position it knows of.
    pub fn covered(&self) -> Position {
        let state = self.read();
        let memory = state.recent.last.or(state.waiting.last().and_then(|stretch| stretch.last));
        memory
            .or(state.segments.last().map(|segment| segment.header.last))
            .unwrap_or(Position::START)
    }

    /// Adds the next records of the log, in order. True: there are now enough recent entries to
    /// call [`Index::retire`].
    pub fn add(&self, records: impl Iterator<Item = Seen>) -> bool {
        let mut state = self.write();
        let State { recent, counts, .. } = &mut *state;
        for Seen { position, dedup_key, stream } in records {
            recent.dedup_keys.insert(half(&dedup_key), position);
            recent.streams.entry(stream).or_default().push(position);
            *counts.entry(stream).or_insert(0) += 1;
            recent.last = Some(position);
        }
        recent.dedup_keys.len() >= RECENT_MAX
    }

    /// Moves the recent entries to those that wait for the disk; says how many stretches wait.
    pub fn retire(&self) -> usize {
        let mut state = self.write();
        let stretch = std::mem::take(&mut state.recent);
        if stretch.last.is_some() {
            state.waiting.push(Arc::new(stretch));
        }
        state.waiting.len()
    }

    /// Writes the oldest waiting stretch to disk, and merges segments that are due. False: nothing
    /// waits.
    pub fn settle(&self, anchor: Anchor<'_>) -> io::Result<bool> {
        let (stretch, first) = {
            let state = self.read();
            let Some(stretch) = state.waiting.first().cloned() else { return Ok(false) };
            let covered = state.segments.last().map_or(0, |segment| segment.header.last.number());
            (stretch, Position::new(covered + 1))
        };
        let last = stretch.last.unwrap_or(first);
        let anchor = anchor(last)?.ok_or(io::ErrorKind::NotFound)?;
        let header = Header { ledger: self.ledger, first, last, anchor };
        let (dedup_keys, streams) = stretch.sorted();
        let segment = Segment::write(
            &self.folder,
            header,
            dedup_keys.into_iter().map(Ok),
            streams.into_iter().map(Ok),
        )?;
        {
            let mut state = self.write();
            Arc::make_mut(&mut state.segments).push(Arc::new(segment));
            state.waiting.remove(0);
        }
        while let Some((range, merged)) = merge::due(&self.folder, &self.segments())? {
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

    /// Where the record with this pair lies.
    pub fn find(&self, dedup_key: &DedupKey) -> io::Result<Option<Position>> {
        let key = half(dedup_key);
        let segments = {
            let state = self.read();
            let waiting = state.waiting.iter().rev().map(|stretch| &**stretch);
            let memory = std::iter::once(&state.recent).chain(waiting);
            for stretch in memory {
                if let Some(position) = stretch.dedup_keys.get(&key) {
                    return Ok(Some(*position));
                }
            }
            state.segments.clone()
        };
        for segment in segments.iter().rev() {
            if let Some(position) = segment.dedup_key(&key)? {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Where the records of a stream lie, from a revision on, at most `limit`.
    pub fn positions(
        &self,
        stream: PersonId,
        from: Revision,
        limit: usize,
    ) -> io::Result<Vec<Position>> {
        let (segments, memory) = {
            let state = self.read();
            let waiting = state.waiting.iter().map(|stretch| &**stretch);
            let memory: Vec<Position> = waiting
                .chain(std::iter::once(&state.recent))
                .filter_map(|stretch| stretch.streams.get(&stream))
                .flatten()
                .copied()
                .collect();
            (state.segments.clone(), memory)
        };
        let mut positions = Vec::new();
        for segment in segments.iter() {
            segment.stream(stream, |position| positions.push(position))?;
        }
        positions.extend(memory);
        let from = usize::try_from(from.0).unwrap_or(usize::MAX).min(positions.len());
        positions.drain(..from);
        positions.truncate(limit);
        Ok(positions)
    }

    /// The last revision of a stream; `None`: it does not exist.
    pub fn last_revision(&self, stream: PersonId) -> Option<Revision> {
        self.read().counts.get(&stream).map(|count| Revision(count - 1))
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> Arc<Vec<Arc<Segment>>> {
        self.read().segments.clone()
    }

    // A panic while the lock is held cannot leave a half-made state: every change is one step.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stretch {
    fn sorted(&self) -> (Vec<Entry>, Vec<Entry>) {
        let mut dedup_keys: Vec<Entry> =
            self.dedup_keys.iter().map(|(key, position)| (*key, position.number())).collect();
        let mut streams: Vec<Entry> = self
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

fn half(dedup_key: &DedupKey) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&dedup_key.0[..16]);
    key
}

/// The segment files, in the order in which they are tried: by first position, the longest first.
/// Left-over drafts are deleted.
fn candidates(folder: &Path) -> io::Result<Vec<PathBuf>> {
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
