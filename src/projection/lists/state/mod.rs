//! The state of the lists: a SQLite file of its own, one row a person.
//! Always: a row and how far the lists have read are committed together; the file says which build
//! folded it and from which log, and one that does not fit is deleted. It may be deleted at any
//! time: nothing in it is the truth, so it is synced only where SQLite folds its own log in.

pub mod scan;

use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row as Line, params};

use super::row::{CreditRow, Row};
use crate::domain::id::{DedupKey, PersonId, Position};

/// The state file could not be opened, read or written.
pub use rusqlite::Error as StateError;

/// Beyond this SQLite's own log is folded in and cut: readers that overlap keep it from starting
/// anew by itself.
const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;

const TABLES: &str = "
CREATE TABLE progress (
    build BLOB NOT NULL, position INTEGER NOT NULL, anchor BLOB,
    round_to INTEGER, round_anchor BLOB, round_done BLOB
) STRICT;
CREATE TABLE person (
    person BLOB PRIMARY KEY, position INTEGER NOT NULL, folded_at INTEGER NOT NULL,
    changes_at INTEGER, custody TEXT, facility TEXT, substitution TEXT, alerts INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX person_due ON person (changes_at) WHERE changes_at IS NOT NULL;
CREATE TABLE trajectory (person BLOB PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE credit (
    person BLOB NOT NULL, number INTEGER NOT NULL, treatment_days INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (person, number)
) STRICT;
CREATE TABLE credit_facility (
    person BLOB NOT NULL, number INTEGER NOT NULL, facility TEXT NOT NULL,
    PRIMARY KEY (person, number, facility)
) STRICT, WITHOUT ROWID;
CREATE TABLE rests_on (person BLOB NOT NULL, stream BLOB, pair BLOB) STRICT;
CREATE INDEX rests_on_person ON rests_on (person);
";

/// What the projection has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// How far.
    pub position: Position,
    /// The commitment of the record there; `None` at the start.
    pub anchor: Option<[u8; 32]>,
}

/// A stretch of the log that is being folded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Its last position.
    pub to: Position,
    /// The commitment of the record there.
    pub anchor: [u8; 32],
    /// Persons up to this one are done, in the order of their pseudonyms.
    pub done: Option<PersonId>,
}

/// A person whose answer rests on a stream or a record of another.
pub enum Link {
    Stream(PersonId),
    DedupKey(DedupKey),
}

/// The one connection that writes.
pub struct State {
    path: PathBuf,
    /// Device and number of the file.
    file: (u64, u64),
    connection: Connection,
}

impl State {
    /// Opens the file of this build, or makes it anew.
    pub fn open(path: &Path, build: &[u8; 32]) -> Result<Self, StateError> {
        match Self::reopen(path) {
            Ok(state) if state.build().is_ok_and(|found| found.as_ref() == Some(build)) => {
                return Ok(state);
            }
            Ok(_) => {}
            Err(error) if is_no_use(&error) => {}
            Err(error) => return Err(error),
        }
        Self::anew(path, build)
    }

    /// Makes the file anew.
    pub fn anew(path: &Path, build: &[u8; 32]) -> Result<Self, StateError> {
        delete(path)?;
        let state = Self::reopen(path)?;
        state.connection.execute_batch(&format!("BEGIN; {TABLES}"))?;
        state.connection.execute(
            "INSERT INTO progress (build, position) VALUES (?1, 0)",
            params![build.as_slice()],
        )?;
        state.connection.execute_batch("COMMIT")?;
        Ok(state)
    }

    fn reopen(path: &Path) -> Result<Self, StateError> {
        // Its owner's alone; -wal and -shm follow it.
        let made = File::options().create(true).append(true).mode(0o600).open(path);
        let found = made.and_then(|file| file.metadata()).map_err(not_of_sqlite)?;
        let connection = Connection::open(path)?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        let file = (found.dev(), found.ino());
        Ok(Self { path: path.to_owned(), file, connection })
    }

    fn build(&self) -> Result<Option<[u8; 32]>, StateError> {
        let found = self.connection.query_row("SELECT build FROM progress", [], |row| row.get(0));
        found.optional()
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file is still where it was: it may be deleted, or another put in its place, at
    /// any time.
    pub fn is_there(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.file)
    }

    /// Folds SQLite's own log into the file once it is long: readers that overlap let it grow.
    pub fn fold_log_in(&self) -> Result<(), StateError> {
        let long = std::fs::metadata(beside(&self.path, "-wal")).map_or(0, |log| log.len());
        if long > LOG_BYTES_MAX {
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        Ok(())
    }

    /// How far the log has been read.
    pub fn read(&self) -> Result<Read, StateError> {
        read(&self.connection)
    }

    /// The round that was begun and not ended.
    pub fn round(&self) -> Result<Option<Round>, StateError> {
        let query = "SELECT round_to, round_anchor, round_done FROM progress
            WHERE round_to IS NOT NULL";
        let round = |row: &Line<'_>| {
            let done: Option<[u8; 16]> = row.get(2)?;
            let (to, anchor) = (position(row.get(0)?), row.get(1)?);
            Ok(Round { to, anchor, done: done.map(PersonId::from_bytes) })
        };
        self.connection.query_row(query, [], round).optional()
    }

    /// Writes rows, with how far the round has come.
    pub fn put(&mut self, rows: &[Row], round: Round) -> Result<(), StateError> {
        let transaction = self.connection.transaction()?;
        for row in rows {
            put(&transaction, row, Some(round.to))?;
        }
        let done = round.done.map(|person| *person.as_bytes());
        transaction.execute(
            "UPDATE progress SET round_to = ?1, round_anchor = ?2, round_done = ?3",
            params![
                number(round.to),
                round.anchor.as_slice(),
                done.as_ref().map(<[u8; 16]>::as_slice)
            ],
        )?;
        transaction.commit()
    }

    /// Writes the last rows of a round and ends it.
    pub fn end(&mut self, rows: &[Row], read: Read) -> Result<(), StateError> {
        let transaction = self.connection.transaction()?;
        for row in rows {
            put(&transaction, row, Some(read.position))?;
        }
        transaction.execute(
            "UPDATE progress SET position = ?1, anchor = ?2,
             round_to = NULL, round_anchor = NULL, round_done = NULL",
            params![number(read.position), read.anchor.as_ref().map(<[u8; 32]>::as_slice)],
        )?;
        transaction.commit()
    }

    /// Writes rows that only the clock has changed.
    pub fn refold(&mut self, rows: &[Row]) -> Result<(), StateError> {
        let transaction = self.connection.transaction()?;
        for row in rows {
            put(&transaction, row, None)?;
        }
        transaction.commit()
    }

    /// Persons whose rows no longer hold at an instant, the longest due first.
    pub fn due(&self, now: DateTime<Utc>, most: usize) -> Result<Vec<PersonId>, StateError> {
        let mut due = self.connection.prepare_cached(
            "SELECT person FROM person WHERE changes_at <= ?1 ORDER BY changes_at LIMIT ?2",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = due.query_map(params![now.timestamp_micros(), most], |row| person(row, 0))?;
        rows.collect()
    }

    /// When the next row is due.
    pub fn next_due(&self) -> Result<Option<DateTime<Utc>>, StateError> {
        let query = "SELECT min(changes_at) FROM person WHERE changes_at IS NOT NULL";
        let micros: Option<i64> = self.connection.query_row(query, [], |row| row.get(0))?;
        Ok(micros.and_then(DateTime::from_timestamp_micros))
    }

    /// Visits every link between a person and a stream or record of another.
    pub fn links(&self, mut visit: impl FnMut(PersonId, Link)) -> Result<(), StateError> {
        let mut links = self.connection.prepare("SELECT person, stream, pair FROM rests_on")?;
        let mut rows = links.query([])?;
        while let Some(row) = rows.next()? {
            let (stream, dedup_key): (Option<[u8; 16]>, Option<[u8; 32]>) =
                (row.get(1)?, row.get(2)?);
            let stream = stream.map(|stream| Link::Stream(PersonId::from_bytes(stream)));
            if let Some(link) =
                stream.or(dedup_key.map(|dedup_key| Link::DedupKey(DedupKey(dedup_key))))
            {
                visit(person(row, 0)?, link);
            }
        }
        Ok(())
    }
}

/// Writes a row; without a position it keeps the one it has.
fn put(to: &Connection, row: &Row, at: Option<Position>) -> Result<(), StateError> {
    let who = row.person.as_bytes().as_slice();
    let keys = row.keys.as_ref();
    to.prepare_cached(
        "INSERT INTO person VALUES (?1, coalesce(?2, 0), ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (person) DO UPDATE SET position = coalesce(?2, position), folded_at = ?3,
         changes_at = ?4, custody = ?5, facility = ?6, substitution = ?7, alerts = ?8",
    )?
    .execute(params![
        who,
        at.map(number),
        row.folded_at.timestamp_micros(),
        row.changes_at.map(|instant| instant.timestamp_micros()),
        keys.map(|keys| &keys.custody),
        keys.and_then(|keys| keys.facility.as_ref()),
        keys.map(|keys| &keys.substitution),
        keys.map(|keys| keys.alerts),
    ])?;
    to.prepare_cached(
        "INSERT INTO trajectory VALUES (?1, ?2) ON CONFLICT (person) DO UPDATE SET body = ?2",
    )?
    .execute(params![who, row.trajectory])?;
    // Of a person who cannot be answered nothing new is known of what the answer rests on.
    let tables = ["credit", "credit_facility", "rests_on"];
    for table in &tables[..if keys.is_some() { 3 } else { 2 }] {
        to.prepare_cached(&format!("DELETE FROM {table} WHERE person = ?1"))?
            .execute(params![who])?;
    }
    for (number, credit) in (0_i64..).zip(&row.credits) {
        put_credit(to, who, number, credit)?;
    }
    let mut link = to.prepare_cached("INSERT INTO rests_on VALUES (?1, ?2, ?3)")?;
    for stream in &row.depends_on.streams {
        link.execute(params![who, stream.as_bytes().as_slice(), None::<&[u8]>])?;
    }
    for dedup_key in &row.depends_on.dedup_keys {
        link.execute(params![who, None::<&[u8]>, dedup_key.0.as_slice()])?;
    }
    Ok(())
}

fn put_credit(
    to: &Connection,
    who: &[u8],
    number: i64,
    credit: &CreditRow,
) -> Result<(), StateError> {
    to.prepare_cached("INSERT INTO credit VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        who,
        number,
        credit.treatment_days,
        credit.body
    ])?;
    for facility in &credit.facilities {
        to.prepare_cached("INSERT INTO credit_facility VALUES (?1, ?2, ?3)")?
            .execute(params![who, number, facility])?;
    }
    Ok(())
}

/// A connection that reads, for one answer.
pub fn reader(path: &Path) -> Result<Connection, StateError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// How far the log has been read, by what a connection sees.
pub fn read(connection: &Connection) -> Result<Read, StateError> {
    connection.query_row("SELECT position, anchor FROM progress", [], |row| {
        Ok(Read { position: position(row.get(0)?), anchor: row.get(1)? })
    })
}

/// The person in a column.
pub fn person(row: &Line<'_>, column: usize) -> Result<PersonId, StateError> {
    row.get(column).map(PersonId::from_bytes)
}

/// The state file and what SQLite keeps beside it.
fn delete(path: &Path) -> Result<(), StateError> {
    for ending in ["", "-wal", "-shm"] {
        match std::fs::remove_file(beside(path, ending)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(not_of_sqlite(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A file of SQLite's beside the state file.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A fault of the file system rather than of SQLite.
fn not_of_sqlite(error: std::io::Error) -> StateError {
    StateError::ToSqlConversionFailure(Box::new(error))
}

/// Whether a file is to be made anew: it is no database, a damaged one, or one of other tables.
pub fn is_no_use(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown)
    )
}

fn position(number: i64) -> Position {
    Position::new(u64::try_from(number).unwrap_or(0))
}

/// SQLite integers are signed; positions stay far below their half.
pub fn number(position: Position) -> i64 {
    i64::try_from(position.number()).unwrap_or(i64::MAX)
}
