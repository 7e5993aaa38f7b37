//! One immutable part of the derived index: every pair and every stream entry of a range of
//! positions, sorted, in one file.
//! Always: the file is whole or it is not used (BLAKE3 over all of it, checked when opened); it
//! can be deleted at any time and is rebuilt from the log.
//!
//! ```text
//! magic(8) ledger(16) first(8) last(8) count(8) anchor(32)   header, big-endian
//! count × (key(16) position(8))                               pairs, sorted
//! count × (stream(16) position(8))                            streams, sorted
//! BLAKE3(32) of all before
//! ```
//! `anchor` is the commitment of the record at `last`: it ties the file to this very log.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::domain::id::{PersonId, Position};

const MAGIC: &[u8; 8] = b"clindex1";
const HEADER_BYTES: usize = 80;
const ENTRY_BYTES: usize = 24;
const DIGEST_BYTES: usize = 32;

/// Every this many entries one key is kept in memory; a look-up reads at most this many (6 KiB).
const FENCE_EVERY: usize = 256;

/// Ten bits a key and seven probes: one absent key in a hundred reads the file in vain.
const FILTER_BITS_PER_KEY: usize = 10;
const FILTER_PROBES: u64 = 7;

/// A key (the first half of a pair, or a stream) and where its record lies. Half a pair is 128
/// bits of a keyed hash: two senders' ids do not meet in it, and contents are compared anyway.
pub type Entry = ([u8; 16], u64);

/// What a segment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Which ledger.
    pub ledger: [u8; 16],
    /// The first position it covers.
    pub first: Position,
    /// The last position it covers.
    pub last: Position,
    /// The commitment of the record at `last`.
    pub anchor: [u8; 32],
}

/// An opened segment.
pub struct Segment {
    /// What it is about.
    pub header: Header,
    /// Where it lies.
    pub path: PathBuf,
    count: usize,
    file: File,
    dedup_keys: Table,
    streams: Table,
    filter: Filter,
}

/// One sorted table of a segment: where it starts, and a key for every stretch of it.
struct Table {
    offset: u64,
    fence: Vec<[u8; 16]>,
}

impl Segment {
    /// The file name of a range: text order is log order.
    pub fn name(first: Position, last: Position) -> String {
        format!("{:020}-{:020}.segment", first.number(), last.number())
    }

    /// Writes sorted entries to a new file and opens it.
    pub fn write(
        folder: &Path,
        header: Header,
        dedup_keys: impl Iterator<Item = io::Result<Entry>>,
        streams: impl Iterator<Item = io::Result<Entry>>,
    ) -> io::Result<Self> {
        let path = folder.join(Self::name(header.first, header.last));
        let draft = path.with_extension("draft");
        let count = header.last.number() - header.first.number() + 1;
        let mut out =
            Hashing { out: BufWriter::new(File::create(&draft)?), hash: blake3::Hasher::new() };
        out.put(MAGIC)?;
        out.put(&header.ledger)?;
        out.put(&header.first.number().to_be_bytes())?;
        out.put(&header.last.number().to_be_bytes())?;
        out.put(&count.to_be_bytes())?;
        out.put(&header.anchor)?;
        for entry in dedup_keys.chain(streams) {
            let (key, position) = entry?;
            out.put(&key)?;
            out.put(&position.to_be_bytes())?;
        }
        let Hashing { mut out, hash } = out;
        out.write_all(hash.finalize().as_bytes())?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
        std::fs::rename(&draft, &path)?;
        Self::open(&path, |_| ())
    }

    /// Opens a file and checks all of it. `visit` sees every stream entry, in order.
    ///
    /// # Errors
    /// `InvalidData` for a file that is not whole; the caller deletes it.
    pub fn open(path: &Path, mut visit: impl FnMut(PersonId)) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let length = usize::try_from(file.metadata()?.len()).map_err(|_| damaged())?;
        let mut hash = blake3::Hasher::new();
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header)?;
        hash.update(&header);
        let (header, count) = parse(&header).ok_or_else(damaged)?;
        if length != HEADER_BYTES + 2 * count * ENTRY_BYTES + DIGEST_BYTES {
            return Err(damaged());
        }
        let mut filter = Filter::new(count);
        let mut dedup_keys = Table { offset: HEADER_BYTES as u64, fence: Vec::new() };
        let offset = HEADER_BYTES + count * ENTRY_BYTES;
        let mut streams = Table { offset: offset as u64, fence: Vec::new() };
        scan(&mut file, count, &mut hash, |key| filter.insert(key), &mut dedup_keys.fence)?;
        let mut seen = |key: [u8; 16]| visit(PersonId::from_bytes(key));
        scan(&mut file, count, &mut hash, &mut seen, &mut streams.fence)?;
        let mut digest = [0; DIGEST_BYTES];
        file.read_exact(&mut digest)?;
        if hash.finalize() != digest {
            return Err(damaged());
        }
        Ok(Self { header, path: path.to_owned(), count, file, dedup_keys, streams, filter })
    }

    /// Where the record with this pair lies.
    pub fn dedup_key(&self, key: &[u8; 16]) -> io::Result<Option<Position>> {
        if !self.filter.may_hold(key) {
            return Ok(None);
        }
        let mut found = None;
        self.matching(&self.dedup_keys, key, |position| found = Some(position))?;
        Ok(found)
    }

    /// Visits where the records of a stream lie, in order.
    pub fn stream(&self, person: PersonId, visit: impl FnMut(Position)) -> io::Result<()> {
        self.matching(&self.streams, person.as_bytes(), visit)
    }

    /// All pair entries, in order, for a merge.
    pub fn all_pairs(&self) -> Entries<'_> {
        Entries::new(&self.file, self.dedup_keys.offset, self.count)
    }

    /// All stream entries, in order, for a merge.
    pub fn all_streams(&self) -> Entries<'_> {
        Entries::new(&self.file, self.streams.offset, self.count)
    }

    /// How many records it covers.
    pub fn count(&self) -> usize {
        self.count
    }

    fn matching(
        &self,
        table: &Table,
        key: &[u8; 16],
        mut visit: impl FnMut(Position),
    ) -> io::Result<()> {
        let mut stretch = table.fence.partition_point(|fence| fence < key).saturating_sub(1);
        let mut buffer = [0; FENCE_EVERY * ENTRY_BYTES];
        while stretch * FENCE_EVERY < self.count {
            let first = stretch * FENCE_EVERY;
            let entries = FENCE_EVERY.min(self.count - first);
            let bytes = &mut buffer[..entries * ENTRY_BYTES];
            self.file.read_exact_at(bytes, table.offset + (first * ENTRY_BYTES) as u64)?;
            for bytes in bytes.chunks_exact(ENTRY_BYTES) {
                let (found, position) = entry(bytes);
                if found > *key {
                    return Ok(());
                }
                if found == *key {
                    visit(Position::new(position));
                }
            }
            stretch += 1;
        }
        Ok(())
    }
}

fn parse(header: &[u8; HEADER_BYTES]) -> Option<(Header, usize)> {
    let number = |at: usize| Some(u64::from_be_bytes(header[at..at + 8].try_into().ok()?));
    let (first, last, count) = (number(24)?, number(32)?, number(40)?);
    let whole = header.starts_with(MAGIC) && first > 0 && last >= first;
    if !whole || count != last - first + 1 {
        return None;
    }
    let header = Header {
        ledger: header[8..24].try_into().ok()?,
        first: Position::new(first),
        last: Position::new(last),
        anchor: header[48..80].try_into().ok()?,
    };
    Some((header, usize::try_from(count).ok()?))
}

fn scan(
    file: &mut File,
    count: usize,
    hash: &mut blake3::Hasher,
    mut visit: impl FnMut([u8; 16]),
    fence: &mut Vec<[u8; 16]>,
) -> io::Result<()> {
    let mut buffer = vec![0; FENCE_EVERY * ENTRY_BYTES];
    let mut left = count;
    while left > 0 {
        let entries = FENCE_EVERY.min(left);
        let bytes = &mut buffer[..entries * ENTRY_BYTES];
        file.read_exact(bytes)?;
        hash.update(bytes);
        fence.push(entry(bytes).0);
        bytes.chunks_exact(ENTRY_BYTES).for_each(|bytes| visit(entry(bytes).0));
        left -= entries;
    }
    Ok(())
}

fn entry(bytes: &[u8]) -> Entry {
    let mut key = [0; 16];
    key.copy_from_slice(&bytes[..16]);
    let mut position = [0; 8];
    position.copy_from_slice(&bytes[16..ENTRY_BYTES]);
    (key, u64::from_be_bytes(position))
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an index segment is not whole")
}

struct Hashing {
    out: BufWriter<File>,
    hash: blake3::Hasher,
}

impl Hashing {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes)
    }
}

/// The entries of one table, read a stretch at a time.
pub struct Entries<'a> {
    file: &'a File,
    offset: u64,
    left: usize,
    buffer: Vec<u8>,
    next: usize,
}

impl<'a> Entries<'a> {
    fn new(file: &'a File, offset: u64, count: usize) -> Self {
        Self { file, offset, left: count, buffer: Vec::new(), next: 0 }
    }

    fn fill(&mut self) -> io::Result<()> {
        let entries = (64 * FENCE_EVERY).min(self.left);
        self.buffer.resize(entries * ENTRY_BYTES, 0);
        self.file.read_exact_at(&mut self.buffer, self.offset)?;
        self.offset += self.buffer.len() as u64;
        self.left -= entries;
        self.next = 0;
        Ok(())
    }
}

impl Iterator for Entries<'_> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<io::Result<Entry>> {
        if self.next == self.buffer.len() {
            if self.left == 0 {
                return None;
            }
            if let Err(error) = self.fill() {
                self.left = 0;
                return Some(Err(error));
            }
        }
        let found = entry(&self.buffer[self.next..self.next + ENTRY_BYTES]);
        self.next += ENTRY_BYTES;
        Some(Ok(found))
    }
}

/// A Bloom filter over keys that are hashes already.
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    fn new(keys: usize) -> Self {
        Self { words: vec![0; keys * FILTER_BITS_PER_KEY / 64 + 1] }
    }

    fn bits(&self, key: &[u8; 16]) -> impl Iterator<Item = (usize, u64)> + use<> {
        let half = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&key[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let (start, step) = (half(0), half(8) | 1);
        let words = self.words.len() as u128;
        (0..FILTER_PROBES).map(move |probe| {
            let hash = start.wrapping_add(step.wrapping_mul(probe));
            // The high bits choose the word, the low ones the bit in it.
            let word = (u128::from(hash) * words) >> 64;
            (usize::try_from(word).unwrap_or(0), 1 << (hash & 63))
        })
    }

    fn insert(&mut self, key: [u8; 16]) {
        for (word, bit) in self.bits(&key) {
            self.words[word] |= bit;
        }
    }

    fn may_hold(&self, key: &[u8; 16]) -> bool {
        self.bits(key).all(|(word, bit)| self.words[word] & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_holds_all_it_was_given_and_one_in_a_hundred_others() {
        let key = |number: u32| -> [u8; 16] {
            let hash = blake3::hash(&number.to_be_bytes());
            hash.as_bytes()[..16].try_into().expect("16 of 32 bytes")
        };
        // Neither a power of two nor a multiple of a word.
        for keys in [1, 5_000, 100_003] {
            let mut filter = Filter::new(keys as usize);
            (0..keys).for_each(|number| filter.insert(key(number)));
            assert!((0..keys).all(|number| filter.may_hold(&key(number))));
            let others = keys..keys + 100_000;
            let wrong = others.filter(|number| filter.may_hold(&key(*number))).count();
            assert!(wrong <= 1_200, "{wrong} of 100,000 beside {keys}");
        }
    }
}
