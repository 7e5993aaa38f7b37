//! A segment: one part of the derived index, in one file that never changes. It holds the entries
//! of all dedup keys and all streams in a range of positions, sorted.
//! Always: a damaged file is not used (opening a file checks a BLAKE3 hash of all its bytes). A
//! file can be deleted at any time; the next start indexes its part of the log again.
//!
//! ```text
//! magic(8) ledger(16) first(8) last(8) count(8) last_commitment(32)   header, big-endian
//! count × (key(16) position(8))                              dedup keys, sorted
//! count × (stream(16) position(8))                           streams, sorted
//! BLAKE3(32) of all before
//! ```
//! `last_commitment` is the commitment of the record at `last`: it ties the file to its log.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::domain::id::Position;
use crate::domain::stream::StreamId;

const MAGIC: &[u8; 8] = b"clindex1";
const HEADER_BYTES: usize = 80;
const ENTRY_BYTES: usize = 24;
const DIGEST_BYTES: usize = 32;

/// A table of this many records becomes a new segment. Until then the records take about 30 MiB of
/// memory; sorting them takes 50 ms.
pub const SEGMENT_RECORDS: usize = 1 << 18;

/// The key of every 256th entry is kept in memory, so that a look-up reads about 256 entries of the
/// file (6 KiB). The entries from one of these keys to the next are a block.
const BLOCK_ENTRIES: usize = 256;

/// With ten bits a key and seven probes, one absent key in a hundred reads the file in vain.
const FILTER_BITS_PER_KEY: usize = 10;
const FILTER_PROBES: u64 = 7;

/// A key (the first half of a dedup key, or a stream) and the position of its record.
pub type SegmentEntry = ([u8; 16], u64);

/// Which part of which log a segment indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The id of the log.
    pub ledger: [u8; 16],
    /// The first position of the part.
    pub first: Position,
    /// The last position of the part.
    pub last: Position,
    /// The commitment of the record at `last`.
    pub last_commitment: [u8; 32],
}

/// An opened segment.
pub struct Segment {
    /// Which part of which log the segment indexes.
    pub header: SegmentHeader,
    /// The file.
    pub path: PathBuf,
    count: usize,
    file: File,
    dedup_keys: SegmentTable,
    streams: SegmentTable,
    filter: BloomFilter,
}

/// One of the two sorted tables of a segment: where the table begins in the file, and the first key
/// of each of its blocks.
struct SegmentTable {
    offset: u64,
    block_keys: Vec<[u8; 16]>,
}

impl Segment {
    /// The file name of a range of positions. Names sort as the ranges do.
    pub fn file_name(first: Position, last: Position) -> String {
        format!("{:020}-{:020}.segment", first.number(), last.number())
    }

    /// Writes sorted entries to a new file and opens it.
    pub fn write(
        folder: &Path,
        header: SegmentHeader,
        dedup_keys: impl Iterator<Item = io::Result<SegmentEntry>>,
        streams: impl Iterator<Item = io::Result<SegmentEntry>>,
    ) -> io::Result<Self> {
        let path = folder.join(Self::file_name(header.first, header.last));
        let draft = path.with_extension("draft");
        let count = header.last.number() - header.first.number() + 1;
        let mut out =
            HashedFile { out: BufWriter::new(File::create(&draft)?), hash: blake3::Hasher::new() };
        out.put(MAGIC)?;
        out.put(&header.ledger)?;
        out.put(&header.first.number().to_be_bytes())?;
        out.put(&header.last.number().to_be_bytes())?;
        out.put(&count.to_be_bytes())?;
        out.put(&header.last_commitment)?;
        for entry in dedup_keys.chain(streams) {
            let (key, position) = entry?;
            out.put(&key)?;
            out.put(&position.to_be_bytes())?;
        }
        let HashedFile { mut out, hash } = out;
        out.write_all(hash.finalize().as_bytes())?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
        std::fs::rename(&draft, &path)?;
        Self::open(&path, |_| ())
    }

    /// Opens a file and checks all of it. `visit` gets the stream of every entry, in order.
    ///
    /// # Errors
    /// `InvalidData` for a damaged file; the caller deletes the file.
    pub fn open(path: &Path, mut visit: impl FnMut(StreamId)) -> io::Result<Self> {
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
        let mut filter = BloomFilter::new(count);
        let mut dedup_keys = SegmentTable { offset: HEADER_BYTES as u64, block_keys: Vec::new() };
        let offset = HEADER_BYTES + count * ENTRY_BYTES;
        let mut streams = SegmentTable { offset: offset as u64, block_keys: Vec::new() };
        read_table(&mut file, count, &mut hash, |key| filter.insert(key), &mut dedup_keys)?;
        let visit_key = |key: [u8; 16]| visit(StreamId::from_bytes(key));
        read_table(&mut file, count, &mut hash, visit_key, &mut streams)?;
        let mut digest = [0; DIGEST_BYTES];
        file.read_exact(&mut digest)?;
        if hash.finalize() != digest {
            return Err(damaged());
        }
        Ok(Self { header, path: path.to_owned(), count, file, dedup_keys, streams, filter })
    }

    /// The position of the record with a dedup key, by the first half of the key.
    pub fn find(&self, key: &[u8; 16]) -> io::Result<Option<Position>> {
        if !self.filter.may_hold(key) {
            return Ok(None);
        }
        let mut found = None;
        self.visit_matching(&self.dedup_keys, key, |position| found = Some(position))?;
        Ok(found)
    }

    /// Visits the positions of the records of a stream, in order.
    pub fn visit_stream(&self, stream: StreamId, visit: impl FnMut(Position)) -> io::Result<()> {
        self.visit_matching(&self.streams, stream.as_bytes(), visit)
    }

    /// All entries of dedup keys, in order, for a merge.
    pub fn dedup_key_entries(&self) -> TableEntries<'_> {
        TableEntries::new(&self.file, self.dedup_keys.offset, self.count)
    }

    /// All entries of streams, in order, for a merge.
    pub fn stream_entries(&self) -> TableEntries<'_> {
        TableEntries::new(&self.file, self.streams.offset, self.count)
    }

    /// How many records the segment indexes.
    pub fn count(&self) -> usize {
        self.count
    }

    fn visit_matching(
        &self,
        table: &SegmentTable,
        key: &[u8; 16],
        mut visit: impl FnMut(Position),
    ) -> io::Result<()> {
        let mut block = table.block_keys.partition_point(|first| first < key).saturating_sub(1);
        let mut buffer = [0; BLOCK_ENTRIES * ENTRY_BYTES];
        while block * BLOCK_ENTRIES < self.count {
            let first = block * BLOCK_ENTRIES;
            let entries = BLOCK_ENTRIES.min(self.count - first);
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
            block += 1;
        }
        Ok(())
    }
}

/// Reads a header, and the count in it; `None`: the bytes are no header.
fn parse(header: &[u8; HEADER_BYTES]) -> Option<(SegmentHeader, usize)> {
    let number = |at: usize| Some(u64::from_be_bytes(header[at..at + 8].try_into().ok()?));
    let (first, last, count) = (number(24)?, number(32)?, number(40)?);
    let is_valid = header.starts_with(MAGIC) && first > 0 && last >= first;
    if !is_valid || count != last - first + 1 {
        return None;
    }
    let header = SegmentHeader {
        ledger: header[8..24].try_into().ok()?,
        first: Position::new(first),
        last: Position::new(last),
        last_commitment: header[48..80].try_into().ok()?,
    };
    Some((header, usize::try_from(count).ok()?))
}

/// Reads and hashes one table, visits each key, and notes the first key of each block.
fn read_table(
    file: &mut File,
    count: usize,
    hash: &mut blake3::Hasher,
    mut visit: impl FnMut([u8; 16]),
    table: &mut SegmentTable,
) -> io::Result<()> {
    let mut buffer = vec![0; BLOCK_ENTRIES * ENTRY_BYTES];
    let mut left = count;
    while left > 0 {
        let entries = BLOCK_ENTRIES.min(left);
        let bytes = &mut buffer[..entries * ENTRY_BYTES];
        file.read_exact(bytes)?;
        hash.update(bytes);
        table.block_keys.push(entry(bytes).0);
        bytes.chunks_exact(ENTRY_BYTES).for_each(|bytes| visit(entry(bytes).0));
        left -= entries;
    }
    Ok(())
}

fn entry(bytes: &[u8]) -> SegmentEntry {
    let mut key = [0; 16];
    key.copy_from_slice(&bytes[..16]);
    let mut position = [0; 8];
    position.copy_from_slice(&bytes[16..ENTRY_BYTES]);
    (key, u64::from_be_bytes(position))
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an index segment is damaged")
}

/// A file that is being written, and the hash of the bytes written so far.
struct HashedFile {
    out: BufWriter<File>,
    hash: blake3::Hasher,
}

impl HashedFile {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes)
    }
}

/// The entries of one table, read 64 blocks (384 KiB) at a time.
pub struct TableEntries<'a> {
    file: &'a File,
    offset: u64,
    left: usize,
    buffer: Vec<u8>,
    next: usize,
}

impl<'a> TableEntries<'a> {
    fn new(file: &'a File, offset: u64, count: usize) -> Self {
        Self { file, offset, left: count, buffer: Vec::new(), next: 0 }
    }

    fn fill(&mut self) -> io::Result<()> {
        let entries = (64 * BLOCK_ENTRIES).min(self.left);
        self.buffer.resize(entries * ENTRY_BYTES, 0);
        self.file.read_exact_at(&mut self.buffer, self.offset)?;
        self.offset += self.buffer.len() as u64;
        self.left -= entries;
        self.next = 0;
        Ok(())
    }
}

impl Iterator for TableEntries<'_> {
    type Item = io::Result<SegmentEntry>;

    fn next(&mut self) -> Option<io::Result<SegmentEntry>> {
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

/// A Bloom filter over keys. The keys are hashes, so their own bits choose the bits of the filter.
struct BloomFilter {
    words: Vec<u64>,
}

impl BloomFilter {
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
            let mut filter = BloomFilter::new(keys as usize);
            (0..keys).for_each(|number| filter.insert(key(number)));
            assert!((0..keys).all(|number| filter.may_hold(&key(number))));
            let others = keys..keys + 100_000;
            let wrong = others.filter(|number| filter.may_hold(&key(*number))).count();
            assert!(wrong <= 1_200, "{wrong} of 100,000 beside {keys}");
        }
    }
}
