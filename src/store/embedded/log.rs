//! The log: one append-only SQLite table by position. A commit writes nothing else.
//! Always: positions are 1, 2, 3, … without gaps; a committed row is never changed, and it is
//! synced unless the folder is a copy.
//! SQLite 3.7.0 to 3.51.2 can lose committed rows when one connection checkpoints while another
//! writes. So an older library is refused, and only the connection that writes checkpoints.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params};

use super::log_access::LogAccess;
use super::log_format::{APPLICATION_ID, FORMAT_VERSION, FileContent, find_content, ledger};
use super::open_error::FolderOpenError;
use crate::domain::id::{Position, RecordedTime, Revision};
use crate::domain::record::View;
use crate::store::Stored;

/// SQLite 3.51.3, the first release that cannot lose rows as the module's header says.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Once the write-ahead log is longer than 8 MiB, the writer copies its pages into the table (a
/// checkpoint) between two commits. Senders wait meanwhile: a checkpoint at 64 MiB took 200 ms and
/// more at the 99th percentile of batches, one at 8 MiB 30 to 50 ms. The append rates differed less
/// than those of two equal runs (ops/bench, 24 November 2026).
const WAL_PAGES_MAX: i64 = 8 * 1024 * 1024 / PAGE_BYTES;
const PAGE_BYTES: i64 = 8192;

/// The page cache of a connection that reads: 8 MiB for the inner pages of 10 million records, and
/// 8 MiB for the pages that pass through, which would push the inner pages out. Reading a stream of
/// 200 records then costs 234 reads of the file; a cache of 8 MiB costs 320, of 32 MiB 209.
const READER_CACHE_KIB: i64 = 16 * 1024;

/// The records of one read share buffers of this size: about 120 records fit into a buffer.
const BUFFER_BYTES: usize = 64 * 1024;

/// The page cache of the connection that writes. A commit with more pages is written in parts.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// Whether a folder holds the ledger or a copy of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderRole {
    /// The folder is the only place of the ledger: each commit is synced.
    Ledger,
    /// The folder is a copy of a log that lies elsewhere. After a loss of power the last commits
    /// may be missing, but never a part of a commit (SQLite, "PRAGMA synchronous": NORMAL in WAL
    /// mode).
    Copy,
}

/// The connection that writes to the log. A log has one writer, because only the connection that
/// writes may checkpoint.
pub struct LogWriter {
    connection: Connection,
}

/// A record that has its place in the log and is not committed yet.
pub struct PlacedRecord {
    /// The record and its place.
    pub stored: Stored,
    /// The first record with the same dedup key, where a record of another stream carries the key
    /// already. Only several writers at once can cause that.
    pub first_with_key: Option<Position>,
}

/// Why a commit did not happen.
pub enum CommitError {
    /// The disk is full. The commit was rolled back, and the log is as before.
    DiskFull,
    /// Any other error. What is on disk is unknown until a restart reads the log.
    Failed(rusqlite::Error),
}

impl LogWriter {
    /// Opens the log, or makes a log for the ledger whose keys have this check value. The second
    /// value is the id of the log.
    pub fn open(
        path: &Path,
        role: FolderRole,
        keys_check: [u8; 32],
    ) -> Result<(Self, [u8; 16]), FolderOpenError> {
        let version = rusqlite::version_number();
        if version < SQLITE_VERSION_MIN {
            return Err(FolderOpenError::Sqlite { version, least: SQLITE_VERSION_MIN });
        }
        // Only the owner may read the file, also in a folder that others may read. SQLite gives
        // the -wal and -shm files the same rights.
        File::options().create(true).append(true).mode(0o600).open(path)?;
        let connection = Connection::open(path)?;
        if find_content(&connection)? == FileContent::Nothing {
            create(&connection, keys_check)?;
        }
        let synchronous = match role {
            FolderRole::Ledger => "FULL",
            FolderRole::Copy => "NORMAL",
        };
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
             PRAGMA wal_autocheckpoint = 0;"
        ))?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        let (id, found) = ledger(&connection)?;
        if found != keys_check {
            return Err(FolderOpenError::OtherLedger);
        }
        Ok((Self { connection }, id))
    }

    /// Appends records in one transaction. The records are durable when this returns, unless the
    /// folder is a copy.
    pub fn commit(&mut self, records: &[PlacedRecord]) -> Result<(), CommitError> {
        self.insert(records).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => CommitError::DiskFull,
            _ => CommitError::Failed(error),
        })
    }

    fn insert(&mut self, records: &[PlacedRecord]) -> Result<(), rusqlite::Error> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO log (position, revision, latest_recorded_time, record)
                 VALUES (?1, ?2, ?3, ?4)",
            )?;
            for PlacedRecord { stored, first_with_key } in records {
                let Stored { position, revision, latest_recorded_time: latest, .. } = stored;
                let place = (signed(position.number()), signed(revision.0));
                let latest = (own_time(&stored.record) != *latest).then_some(latest.micros());
                insert.execute(params![place.0, place.1, latest, &stored.record[..]])?;
                if let Some(first) = first_with_key {
                    transaction.execute(
                        "INSERT INTO cross_stream_duplicates VALUES (?1, ?2)",
                        params![place.0, signed(first.number())],
                    )?;
                }
            }
        }
        transaction.commit()
    }

    /// Checkpoints the write-ahead log if it is long. Call this between commits.
    pub fn checkpoint_if_long(&self) -> Result<(), rusqlite::Error> {
        // NOOP only reports the length (SQLite 3.51).
        let pages = self.checkpoint("NOOP")?;
        if pages > WAL_PAGES_MAX {
            // PASSIVE never waits for a reader. The next commit starts the file from its beginning.
            self.checkpoint("PASSIVE")?;
        }
        Ok(())
    }

    /// Checkpoints all of the write-ahead log, before the process leaves the folder.
    pub fn checkpoint_all(&self) -> Result<(), rusqlite::Error> {
        self.checkpoint("TRUNCATE").map(|_| ())
    }

    fn checkpoint(&self, mode: &str) -> Result<i64, rusqlite::Error> {
        let pragma = format!("PRAGMA wal_checkpoint({mode})");
        self.connection.query_row(&pragma, [], |row| row.get(1))
    }
}

/// Refuses a file that is no log, or is a log of another format.
pub fn check_format(path: &Path) -> Result<(), FolderOpenError> {
    // Not read-only: such a connection would leave SQLite's side files behind.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    find_content(&Connection::open_with_flags(path, flags)?).map(drop)
}

fn create(connection: &Connection, keys_check: [u8; 32]) -> Result<(), FolderOpenError> {
    let mut id = [0_u8; 16];
    getrandom::fill(&mut id).map_err(|_| FolderOpenError::Random)?;
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = WAL; BEGIN;
         CREATE TABLE ledger (id BLOB NOT NULL, keys_check BLOB NOT NULL) STRICT;
         CREATE TABLE log (
             position INTEGER PRIMARY KEY, revision INTEGER NOT NULL,
             latest_recorded_time INTEGER, -- NULL: the record's recordedtime
             record BLOB NOT NULL
         ) STRICT;
         CREATE INDEX latest_recorded_times ON log (position, latest_recorded_time)
             WHERE latest_recorded_time IS NOT NULL;
         CREATE TABLE cross_stream_duplicates (
             position INTEGER PRIMARY KEY, first_with_key INTEGER NOT NULL
         ) STRICT;
         PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT_VERSION};",
    ))?;
    connection
        .execute("INSERT INTO ledger (id, keys_check) VALUES (?1, ?2)", params![id, keys_check])?;
    connection.execute_batch("COMMIT")?;
    Ok(())
}

/// Reads the record at a position.
const SELECT_BY_POSITION: &str =
    "SELECT position, revision, record, latest_recorded_time FROM log WHERE position = ?1";

/// A connection that reads the log. A log has several readers, and none of them can write.
pub struct LogReader {
    connection: Connection,
}

impl LogReader {
    /// Opens a log.
    pub fn open(path: &Path, access: LogAccess) -> Result<Self, rusqlite::Error> {
        let connection = access.connect(path)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(Self { connection })
    }

    /// Refuses a file that is no log, or is a log of another format.
    pub fn check_format(&self) -> Result<(), FolderOpenError> {
        match find_content(&self.connection)? {
            FileContent::Log => Ok(()),
            // A crash came before the tables were made.
            FileContent::Nothing => Err(io::Error::from(io::ErrorKind::NotFound).into()),
        }
    }

    /// The id of the log, and the check value of its ledger's keys.
    pub fn ledger(&self) -> Result<([u8; 16], [u8; 32]), rusqlite::Error> {
        ledger(&self.connection)
    }

    /// Frees the memory of the connection's page cache.
    pub fn shrink_memory(&self) -> Result<(), rusqlite::Error> {
        self.connection.execute_batch("PRAGMA shrink_memory")
    }

    /// The position of the last record; [`Position::START`] for an empty log.
    pub fn last_position(&self) -> Result<Position, rusqlite::Error> {
        self.connection
            .prepare_cached("SELECT coalesce(max(position), 0) FROM log")?
            .query_row([], |row| Ok(Position::new(unsigned(row.get(0)?))))
    }

    /// The record at a position; `None`: the log has no record there.
    pub fn record_at(&self, position: Position) -> Result<Option<Stored>, rusqlite::Error> {
        self.connection
            .prepare_cached(SELECT_BY_POSITION)?
            .query_row(params![signed(position.number())], |row| {
                stored_with_latest(row, Bytes::copy_from_slice)
            })
            .optional()
    }

    /// The records whose dedup key an earlier record of another stream carries, each with the
    /// position of the first record with this key.
    pub fn cross_stream_duplicates(&self) -> Result<Vec<(Position, Position)>, rusqlite::Error> {
        self.connection
            .prepare("SELECT position, first_with_key FROM cross_stream_duplicates ORDER BY 1")?
            .query_map([], |row| {
                let position = |number| Position::new(unsigned(number));
                Ok((position(row.get(0)?), position(row.get(1)?)))
            })?
            .collect()
    }

    /// The records at these positions. The log must have a record at each.
    pub fn records_at(&self, positions: &[Position]) -> Result<Vec<Stored>, rusqlite::Error> {
        // In one transaction: to begin and end a transaction costs as much as to find a record.
        let transaction = self.connection.unchecked_transaction()?;
        let mut statement = transaction.prepare_cached(SELECT_BY_POSITION)?;
        let mut buffer = RecordBuffer::default();
        let mut at = |position: &Position| {
            statement.query_row(params![signed(position.number())], |row| {
                stored_with_latest(row, |record| buffer.copy(record))
            })
        };
        positions.iter().map(&mut at).collect()
    }

    /// Visits at most `limit` records after one position and up to another, in order, until `visit`
    /// returns false.
    pub fn visit_range(
        &self,
        after: Position,
        up_to: Position,
        limit: usize,
        mut visit: impl FnMut(Stored) -> bool,
    ) -> Result<(), rusqlite::Error> {
        // `latest_recorded_time` is read apart, by its index: only a log of several writers has
        // any, and to read the column of each row would take a tenth of the time of a replay.
        let range = params![signed(after.number()), i64::try_from(limit).unwrap_or(i64::MAX)];
        let mut latest = self.connection.prepare_cached(
            "SELECT position, latest_recorded_time FROM log
             WHERE latest_recorded_time IS NOT NULL AND position > ?1 ORDER BY position LIMIT ?2",
        )?;
        let latest = latest.query_map(range, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut latest = latest.collect::<Result<Vec<(i64, i64)>, _>>()?.into_iter().peekable();
        let mut statement = self.connection.prepare_cached(
            "SELECT position, revision, record FROM log
             WHERE position > ?1 ORDER BY position LIMIT ?2",
        )?;
        let mut rows = statement.query(range)?;
        let mut buffer = RecordBuffer::default();
        while let Some(row) = rows.next()? {
            let mut stored = stored(row, |record| buffer.copy(record))?;
            let here = signed(stored.position.number());
            if let Some((_, latest)) = latest.next_if(|(position, _)| *position == here) {
                stored.latest_recorded_time = RecordedTime::from_micros(latest);
            }
            // Compared here, because SQLite would take several times as long to compare each row.
            if stored.position > up_to || !visit(stored) {
                break;
            }
        }
        Ok(())
    }
}

/// The buffer into which the records of one read are copied, so that few records cost an
/// allocation. A buffer is freed when its last record is dropped.
#[derive(Default)]
struct RecordBuffer(BytesMut);

impl RecordBuffer {
    fn copy(&mut self, record: &[u8]) -> Bytes {
        if self.0.capacity() < record.len() {
            self.0 = BytesMut::with_capacity(record.len().max(BUFFER_BYTES));
        }
        self.0.extend_from_slice(record);
        self.0.split().freeze()
    }
}

/// The record in a row of [`SELECT_BY_POSITION`], copied by `copy`.
fn stored_with_latest(
    row: &rusqlite::Row<'_>,
    copy: impl FnOnce(&[u8]) -> Bytes,
) -> Result<Stored, rusqlite::Error> {
    let mut stored = stored(row, copy)?;
    if let Some(latest) = row.get(3)? {
        stored.latest_recorded_time = RecordedTime::from_micros(latest);
    }
    Ok(stored)
}

/// The record in a row, copied by `copy`, with its own `recordedtime` as the latest one.
fn stored(
    row: &rusqlite::Row<'_>,
    copy: impl FnOnce(&[u8]) -> Bytes,
) -> Result<Stored, rusqlite::Error> {
    // `get_ref` takes a quarter fewer instructions than `get` (callgrind).
    let integer = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_i64()?);
    let record = copy(row.get_ref(2)?.as_blob()?);
    Ok(Stored {
        position: Position::new(unsigned(integer(0)?)),
        revision: Revision(unsigned(integer(1)?)),
        latest_recorded_time: own_time(&record),
        is_cross_stream_duplicate: false,
        record,
    })
}

/// The `recordedtime` in a record. Bytes that are no record get 1970; the code that opens the
/// record reports the damage.
fn own_time(record: &[u8]) -> RecordedTime {
    View::new(record).map_or(RecordedTime::from_micros(0), View::recorded_at)
}

/// The number as SQLite stores integers, which are signed. Positions and revisions stay far below
/// the largest signed integer.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
