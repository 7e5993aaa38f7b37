//! The log: one append-only SQLite table by position, nothing else in the write path.
//! Always: positions are 1, 2, 3, … without gaps; a committed row is synced and never changed.
//! SQLite 3.7.0 to 3.51.2 can lose committed rows when one connection checkpoints while another
//! writes, so an older library is refused, and only the writing connection checkpoints.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params};

use super::open_error::FolderOpenError;
use crate::domain::id::{Position, RecordedTime, Revision};
use crate::domain::record::View;
use crate::store::Stored;

/// 3.51.3, the first release without the loss described above.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// "Care" as big-endian ASCII: `PRAGMA application_id`, so that `file` and we know our own.
const APPLICATION_ID: i32 = 0x4361_7265;

/// The layout of the tables and of the records in them. Every other one is refused: 1 and 2 were
/// never released, and a newer one is not known here.
const FORMAT_VERSION: i32 = 3;

/// The write-ahead log is checkpointed into the table beyond this, between commits. The writer
/// waits for it: 64 MiB at a time showed as 200 ms and more at the 99th percentile of batches, 8
/// MiB as 30 to 50 ms, at rates that differ less than two runs do (ops/bench, 24 November 2026).
const WAL_PAGES_MAX: i64 = 8 * 1024 * 1024 / PAGE_BYTES;
const PAGE_BYTES: i64 = 8192;

/// What a connection that reads keeps of the table: the inner pages of 10 million records, 8 MiB,
/// and as much again for the pages that pass through, which would push them out. A stream of 200
/// records then costs 234 reads of the file; 320 with 8 MiB, 209 with 32 MiB.
const READER_CACHE_KIB: i64 = 16 * 1024;

/// Records of one read share allocations of so many bytes, about 120 each.
const ROOM_BYTES: usize = 64 * 1024;

/// What the connection that writes keeps: a larger commit is written to disk in parts.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// What the folder is to its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// The ledger itself: each commit is synced.
    Truth,
    /// A copy of a log that is kept elsewhere: after a loss of power the last commits may be gone,
    /// never a part of one (SQLite, "PRAGMA synchronous": NORMAL in WAL mode).
    Copy,
}

/// The connection that writes. There is one.
pub struct LogWriter {
    connection: Connection,
}

/// A record in its place, before it is committed.
pub struct Placed {
    /// The record, and where it is to lie.
    pub stored: Stored,
    /// The first record with the same dedup key, if a record of another stream carries it already:
    /// only several writers at once can make that.
    pub first_with_key: Option<Position>,
}

/// Why a commit did not happen.
pub enum CommitError {
    /// No space: everything was rolled back and is as before.
    DiskFull,
    /// Anything else: what is on disk is unknown until a restart has looked.
    Failed(rusqlite::Error),
}

impl LogWriter {
    /// Opens the log, creating it for the ledger of a check value where there is none; says which
    /// log it is.
    pub fn open(
        path: &Path,
        keeping: Keeping,
        check: [u8; 32],
    ) -> Result<(Self, [u8; 16]), FolderOpenError> {
        let version = rusqlite::version_number();
        if version < SQLITE_VERSION_MIN {
            return Err(FolderOpenError::Sqlite { version, least: SQLITE_VERSION_MIN });
        }
        // Its owner's alone, also in a folder that others may look into; -wal and -shm follow it.
        File::options().create(true).append(true).mode(0o600).open(path)?;
        let connection = Connection::open(path)?;
        let found: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let owner: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if found == 0 && owner == 0 {
            create(&connection, check)?;
        } else if owner != APPLICATION_ID || found > FORMAT_VERSION {
            return Err(FolderOpenError::Format { found, known: FORMAT_VERSION });
        } else if found < FORMAT_VERSION {
            return Err(FolderOpenError::OlderFormat { found, known: FORMAT_VERSION });
        }
        let synchronous = match keeping {
            Keeping::Truth => "FULL",
            Keeping::Copy => "NORMAL",
        };
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
             PRAGMA wal_autocheckpoint = 0;"
        ))?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        let (id, found): ([u8; 16], [u8; 32]) =
            connection.query_row("SELECT id, keys_check FROM ledger", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        if found != check {
            return Err(FolderOpenError::OtherLedger);
        }
        Ok((Self { connection }, id))
    }

    /// Appends records in one transaction; durable when it returns.
    pub fn commit(&mut self, records: &[Placed]) -> Result<(), CommitError> {
        self.insert(records).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => CommitError::DiskFull,
            _ => CommitError::Failed(error),
        })
    }

    fn insert(&mut self, records: &[Placed]) -> Result<(), rusqlite::Error> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO log (position, revision, latest_recorded_time, record)
                 VALUES (?1, ?2, ?3, ?4)",
            )?;
            for Placed { stored, first_with_key } in records {
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

    /// Checkpoints the write-ahead log once it is long. Call it between commits.
    pub fn checkpoint_if_long(&self) -> Result<(), rusqlite::Error> {
        // NOOP reports the length and does nothing (SQLite 3.51).
        let pages = self.checkpoint("NOOP")?;
        if pages > WAL_PAGES_MAX {
            // PASSIVE never waits for a reader; the next commit then starts the file anew.
            self.checkpoint("PASSIVE")?;
        }
        Ok(())
    }

    /// Checkpoints all of the write-ahead log, before the folder is left.
    pub fn checkpoint_all(&self) -> Result<(), rusqlite::Error> {
        self.checkpoint("TRUNCATE").map(|_| ())
    }

    fn checkpoint(&self, mode: &str) -> Result<i64, rusqlite::Error> {
        let pragma = format!("PRAGMA wal_checkpoint({mode})");
        self.connection.query_row(&pragma, [], |row| row.get(1))
    }
}

fn create(connection: &Connection, check: [u8; 32]) -> Result<(), FolderOpenError> {
    let mut id = [0_u8; 16];
    getrandom::fill(&mut id).map_err(|_| FolderOpenError::Random)?;
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = WAL; BEGIN;
         CREATE TABLE ledger (id BLOB NOT NULL, keys_check BLOB NOT NULL) STRICT;
         CREATE TABLE log (
             position INTEGER PRIMARY KEY, revision INTEGER NOT NULL,
             latest_recorded_time INTEGER, -- NULL: the record's own
             record BLOB NOT NULL
         ) STRICT;
         CREATE TABLE cross_stream_duplicates (
             position INTEGER PRIMARY KEY, first_with_key INTEGER NOT NULL
         ) STRICT;
         PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT_VERSION};",
    ))?;
    connection
        .execute("INSERT INTO ledger (id, keys_check) VALUES (?1, ?2)", params![id, check])?;
    connection.execute_batch("COMMIT")?;
    Ok(())
}

const AT: &str =
    "SELECT position, revision, latest_recorded_time, record FROM log WHERE position = ?1";

/// A connection that reads. There are several, and none can write.
pub struct LogReader {
    connection: Connection,
}

impl LogReader {
    /// Opens a log that a [`LogWriter`] of this process has opened before.
    pub fn open(path: &Path) -> Result<Self, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(Self { connection })
    }

    /// Frees what it keeps of the table.
    pub fn let_go(&self) -> Result<(), rusqlite::Error> {
        self.connection.execute_batch("PRAGMA shrink_memory")
    }

    /// The last position, [`Position::START`] when the log is empty.
    pub fn last(&self) -> Result<Position, rusqlite::Error> {
        self.connection
            .prepare_cached("SELECT coalesce(max(position), 0) FROM log")?
            .query_row([], |row| Ok(Position::new(unsigned(row.get(0)?))))
    }

    /// The record at a position.
    pub fn at(&self, position: Position) -> Result<Option<Stored>, rusqlite::Error> {
        self.connection
            .prepare_cached(AT)?
            .query_row(params![signed(position.number())], |row| {
                stored(row, Bytes::copy_from_slice)
            })
            .optional()
    }

    /// The records whose dedup key a record of another stream carried before them, each with the
    /// position of the first such record.
    pub fn cross_stream_duplicates(&self) -> Result<Vec<(Position, Position)>, rusqlite::Error> {
        self.connection
            .prepare("SELECT position, first_with_key FROM cross_stream_duplicates ORDER BY 1")?
            .query_map([], |row| {
                let position = |number| Position::new(unsigned(number));
                Ok((position(row.get(0)?), position(row.get(1)?)))
            })?
            .collect()
    }

    /// The records at these positions, each of which is in the log.
    pub fn all(&self, positions: &[Position]) -> Result<Vec<Stored>, rusqlite::Error> {
        // Together, because to begin and end a look at the database costs as much as to find one.
        let together = self.connection.unchecked_transaction()?;
        let mut statement = together.prepare_cached(AT)?;
        let mut room = Room::default();
        let mut at = |position: &Position| {
            statement.query_row(params![signed(position.number())], |row| {
                stored(row, |record| room.keep(record))
            })
        };
        positions.iter().map(&mut at).collect()
    }

    /// Visits at most `limit` records after a position and up to another, as long as the visitor
    /// says to go on.
    pub fn each(
        &self,
        after: Position,
        up_to: Position,
        limit: usize,
        mut visit: impl FnMut(Stored) -> bool,
    ) -> Result<(), rusqlite::Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT position, revision, latest_recorded_time, record FROM log
             WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let (after, up_to) = (signed(after.number()), signed(up_to.number()));
        let mut rows = statement.query(params![after, up_to, limit])?;
        let mut room = Room::default();
        while let Some(row) = rows.next()?
            && visit(stored(row, |record| room.keep(record))?)
        {}
        Ok(())
    }
}

/// Room for the records of one read: they share allocations, each of which lives as long as any
/// record in it.
#[derive(Default)]
struct Room(BytesMut);

impl Room {
    fn keep(&mut self, record: &[u8]) -> Bytes {
        if self.0.capacity() < record.len() {
            self.0 = BytesMut::with_capacity(record.len().max(ROOM_BYTES));
        }
        self.0.extend_from_slice(record);
        self.0.split().freeze()
    }
}

/// The record in a row, copied by `copy`.
fn stored(
    row: &rusqlite::Row<'_>,
    copy: impl FnOnce(&[u8]) -> Bytes,
) -> Result<Stored, rusqlite::Error> {
    let latest: Option<i64> = row.get(2)?;
    let record = copy(row.get_ref(3)?.as_blob()?);
    Ok(Stored {
        position: Position::new(unsigned(row.get(0)?)),
        revision: Revision(unsigned(row.get(1)?)),
        latest_recorded_time: latest.map_or_else(|| own_time(&record), RecordedTime::from_micros),
        is_cross_stream_duplicate: false,
        record,
    })
}

/// The record's own `recordedtime`; of bytes that are no record, which whoever opens them finds
/// out, 1970.
fn own_time(record: &[u8]) -> RecordedTime {
    View::new(record).map_or(RecordedTime::from_micros(0), View::recorded)
}

/// SQLite integers are signed; positions and revisions stay far below their half.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
