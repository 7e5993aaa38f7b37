//! The state of the lists: a separate SQLite file, with one row for each person.
//! Always: a row and how far the lists have read are committed together; the file says which build
//! folded it and from which log, and one that does not fit is deleted. It may be deleted at any
//! time: nothing in it is the truth, so it is synced only where SQLite checkpoints its own log.

pub mod scan;

use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params};

use super::dependents::Dependency;
use super::item::ItemBody;
use super::row::{CreditRow, Row};
use crate::domain::credit::CreditOutcome;
use crate::domain::id::{DedupKey, PersonId, Position};
use crate::projection::contract::{Fault, LogPoint};

/// The state file could not be opened, read or written.
pub use rusqlite::Error as StateError;

/// Beyond this length SQLite's own log (the WAL) is checkpointed and cut. SQLite does so by itself
/// only at a moment without readers, and reads of pages that overlap leave no such moment.
const WAL_BYTES_MAX: u64 = 64 * 1024 * 1024;

const TABLES: &str = "
CREATE TABLE progress (
    build BLOB NOT NULL, position INTEGER NOT NULL, commitment BLOB,
    stretch_end INTEGER, stretch_commitment BLOB, stretch_done BLOB
) STRICT;
CREATE TABLE person (
    person BLOB PRIMARY KEY, position INTEGER NOT NULL, folded_at INTEGER NOT NULL,
    changes_at INTEGER, custody TEXT, facility TEXT, substitution TEXT, alerts INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX person_due ON person (changes_at) WHERE changes_at IS NOT NULL;
CREATE TABLE trajectory (person BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE credit (
    person BLOB NOT NULL, number INTEGER NOT NULL, treatment_days INTEGER, outcome TEXT,
    body BLOB NOT NULL,
    PRIMARY KEY (person, number)
) STRICT;
CREATE TABLE credit_facility (
    person BLOB NOT NULL, number INTEGER NOT NULL, facility TEXT NOT NULL,
    PRIMARY KEY (person, number, facility)
) STRICT, WITHOUT ROWID;
CREATE TABLE depends_on (person BLOB NOT NULL, stream BLOB, dedup_key BLOB) STRICT;
CREATE INDEX depends_on_person ON depends_on (person);
";

/// A stretch of the log of which some persons are folded and committed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfinishedStretch {
    /// Its last position.
    pub end: Position,
    /// The commitment of the record there.
    pub commitment: [u8; 32],
    /// Persons up to this one are done, in the order of their pseudonyms.
    pub done: Option<PersonId>,
}

/// The state file, with the one connection that writes to it.
pub struct ListState {
    path: PathBuf,
    /// A hash of this program. Another build may fold the same records differently.
    build: [u8; 32],
    /// Device and inode of the file. They show whether another file has taken its place.
    file: (u64, u64),
    connection: Connection,
}

impl ListState {
    /// Opens the file if this build made it; otherwise makes a new file.
    pub fn open(path: &Path, build: [u8; 32]) -> Result<Self, StateError> {
        match Self::connect(path, build) {
            Ok(state) if state.found_build().is_ok_and(|found| found == Some(build)) => {
                return Ok(state);
            }
            Ok(_) => {}
            Err(error) if is_damage(&error) => {}
            Err(error) => return Err(error),
        }
        Self::make(path, build)
    }

    /// Deletes the file and makes a new file.
    pub fn rebuild(&mut self) -> Result<(), StateError> {
        *self = Self::make(&self.path, self.build)?;
        Ok(())
    }

    fn make(path: &Path, build: [u8; 32]) -> Result<Self, StateError> {
        delete(path)?;
        let mut state = Self::connect(path, build)?;
        let transaction = state.connection.transaction()?;
        transaction.execute_batch(TABLES)?;
        transaction
            .execute("INSERT INTO progress (build, position) VALUES (?1, 0)", [build.as_slice()])?;
        transaction.commit()?;
        Ok(state)
    }

    fn connect(path: &Path, build: [u8; 32]) -> Result<Self, StateError> {
        // Readable by its owner alone; SQLite gives the same mode to the files beside it.
        let made = File::options().create(true).append(true).mode(0o600).open(path);
        let found = made.and_then(|file| file.metadata()).map_err(file_fault)?;
        let connection = Connection::open(path)?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        let file = (found.dev(), found.ino());
        Ok(Self { path: path.to_owned(), build, file, connection })
    }

    fn found_build(&self) -> Result<Option<[u8; 32]>, StateError> {
        let found = self.connection.query_row("SELECT build FROM progress", [], |row| row.get(0));
        found.optional()
    }

    /// Whether the file is still in its place.
    pub fn is_in_place(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.file)
    }

    /// Checkpoints SQLite's own log into the file once that log is long.
    pub fn checkpoint_wal(&self) -> Result<(), StateError> {
        let bytes = std::fs::metadata(beside(&self.path, "-wal")).map_or(0, |wal| wal.len());
        if bytes > WAL_BYTES_MAX {
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        Ok(())
    }

    /// The last record that the committed rows have taken in.
    pub fn committed(&self) -> Result<LogPoint, StateError> {
        committed(&self.connection)
    }

    /// The stretch that was committed only in part.
    pub fn unfinished(&self) -> Result<Option<UnfinishedStretch>, StateError> {
        let query = "SELECT stretch_end, stretch_commitment, stretch_done FROM progress
            WHERE stretch_end IS NOT NULL";
        let stretch = |row: &rusqlite::Row<'_>| {
            let done: Option<[u8; 16]> = row.get(2)?;
            let (end, commitment) = (position(row.get(0)?), row.get(1)?);
            Ok(UnfinishedStretch { end, commitment, done: done.map(PersonId::from_bytes) })
        };
        self.connection.query_row(query, [], stretch).optional()
    }

    /// Writes some rows of a stretch, and how far the stretch has come.
    pub fn put_part(&mut self, rows: &[Row], stretch: UnfinishedStretch) -> Result<(), StateError> {
        let transaction = self.connection.transaction()?;
        for row in rows {
            put(&transaction, row, Some(stretch.end))?;
        }
        let done = stretch.done.map(|person| person.as_bytes().to_vec());
        transaction.execute(
            "UPDATE progress SET stretch_end = ?1, stretch_commitment = ?2, stretch_done = ?3",
            params![number(stretch.end), stretch.commitment.as_slice(), done],
        )?;
        transaction.commit()
    }

    /// Writes the last rows of a stretch and ends it.
    pub fn put_end(&mut self, rows: &[Row], stretch: UnfinishedStretch) -> Result<(), StateError> {
        let transaction = self.connection.transaction()?;
        for row in rows {
            put(&transaction, row, Some(stretch.end))?;
        }
        transaction.execute(
            "UPDATE progress SET position = ?1, commitment = ?2,
             stretch_end = NULL, stretch_commitment = NULL, stretch_done = NULL",
            params![number(stretch.end), stretch.commitment.as_slice()],
        )?;
        transaction.commit()
    }

    /// Writes rows that only the clock has changed.
    pub fn put_due(&mut self, rows: &[Row]) -> Result<(), StateError> {
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

    /// Visits every dependency of a person on a stream or a record of others.
    pub fn each_dependency(
        &self,
        mut visit: impl FnMut(PersonId, Dependency),
    ) -> Result<(), StateError> {
        let query = "SELECT person, stream, dedup_key FROM depends_on";
        let mut dependencies = self.connection.prepare(query)?;
        let mut rows = dependencies.query([])?;
        while let Some(row) = rows.next()? {
            let (stream, dedup_key): (Option<[u8; 16]>, Option<[u8; 32]>) =
                (row.get(1)?, row.get(2)?);
            let stream = stream.map(|stream| Dependency::Stream(PersonId::from_bytes(stream)));
            let record = dedup_key.map(|dedup_key| Dependency::Record(DedupKey(dedup_key)));
            if let Some(dependency) = stream.or(record) {
                visit(person(row, 0)?, dependency);
            }
        }
        Ok(())
    }
}

/// Writes a row. Without a position the row keeps its position.
fn put(to: &Connection, row: &Row, position: Option<Position>) -> Result<(), StateError> {
    let person = row.person.as_bytes().as_slice();
    let keys = row.keys.as_ref();
    to.prepare_cached(
        "INSERT INTO person VALUES (?1, coalesce(?2, 0), ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (person) DO UPDATE SET position = coalesce(?2, position), folded_at = ?3,
         changes_at = ?4, custody = ?5, facility = ?6, substitution = ?7, alerts = ?8",
    )?
    .execute(params![
        person,
        position.map(number),
        row.folded_at.timestamp_micros(),
        row.changes_at.map(|instant| instant.timestamp_micros()),
        keys.map(|keys| keys.custody.code()),
        keys.and_then(|keys| keys.facility.as_ref()),
        keys.map(|keys| keys.substitution.code()),
        keys.map(|keys| keys.alerts),
    ])?;
    // A person who cannot be answered keeps the dependencies that were found before.
    let tables = ["trajectory", "credit", "credit_facility", "depends_on"];
    let is_unanswered = keys.is_none() && row.trajectory.is_some();
    for table in &tables[..if is_unanswered { 3 } else { 4 }] {
        to.prepare_cached(&format!("DELETE FROM {table} WHERE person = ?1"))?.execute([person])?;
    }
    if let Some(trajectory) = &row.trajectory {
        to.prepare_cached("INSERT INTO trajectory VALUES (?1, ?2)")?
            .execute(params![person, body_column(trajectory)])?;
    }
    for (number, credit) in (0_i64..).zip(&row.credits) {
        put_credit(to, person, number, credit)?;
    }
    let mut dependency = to.prepare_cached("INSERT INTO depends_on VALUES (?1, ?2, ?3)")?;
    for stream in &row.depends_on.streams {
        dependency.execute(params![person, stream.as_bytes().as_slice(), None::<&[u8]>])?;
    }
    for dedup_key in &row.depends_on.dedup_keys {
        dependency.execute(params![person, None::<&[u8]>, dedup_key.0.as_slice()])?;
    }
    Ok(())
}

fn put_credit(
    to: &Connection,
    person: &[u8],
    number: i64,
    credit: &CreditRow,
) -> Result<(), StateError> {
    let body = body_column(&credit.body);
    to.prepare_cached("INSERT INTO credit VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        person,
        number,
        credit.treatment_days,
        credit.outcome.map(CreditOutcome::code),
        body
    ])?;
    for facility in &credit.facilities {
        to.prepare_cached("INSERT INTO credit_facility VALUES (?1, ?2, ?3)")?
            .execute(params![person, number, facility])?;
    }
    Ok(())
}

/// The one place where the body of an item becomes the bytes of its column.
fn body_column(body: &ItemBody) -> Vec<u8> {
    serde_json::to_vec(body).expect("an item serialises into memory")
}

/// The one place where a column is read back as the body of an item.
fn body(row: &rusqlite::Row<'_>, column: usize) -> Result<ItemBody, StateError> {
    let bytes = row.get_ref(column)?.as_blob()?;
    serde_json::from_slice(bytes).map_err(|error| {
        StateError::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, error.into())
    })
}

/// A connection that reads, for one answer.
pub fn reader(path: &Path) -> Result<Connection, StateError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// The last record that the committed rows have taken in, as a connection sees it.
pub fn committed(connection: &Connection) -> Result<LogPoint, StateError> {
    connection.query_row("SELECT position, commitment FROM progress", [], |row| {
        Ok(LogPoint { position: position(row.get(0)?), commitment: row.get(1)? })
    })
}

/// The person in a column.
pub fn person(row: &rusqlite::Row<'_>, column: usize) -> Result<PersonId, StateError> {
    row.get(column).map(PersonId::from_bytes)
}

/// Deletes the state file and the files that SQLite keeps beside it.
fn delete(path: &Path) -> Result<(), StateError> {
    for ending in ["", "-wal", "-shm"] {
        match std::fs::remove_file(beside(path, ending)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(file_fault(error));
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

/// Converts an error of the file system into the error type of SQLite.
fn file_fault(error: std::io::Error) -> StateError {
    StateError::ToSqlConversionFailure(Box::new(error))
}

/// Whether the file is damaged, no database, or has other tables than those of this build.
fn is_damage(error: &StateError) -> bool {
    matches!(error, StateError::FromSqlConversionFailure(..) | StateError::InvalidColumnType(..))
        || matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown)
        )
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        let is_damaged = is_damage(&error);
        let error = Box::new(error);
        if is_damaged { Self::Damaged(error) } else { Self::State(error) }
    }
}

fn position(number: i64) -> Position {
    Position::new(u64::try_from(number).unwrap_or(0))
}

/// The position as SQLite stores integers, which are signed. Positions stay far below the largest
/// signed integer.
pub fn number(position: Position) -> i64 {
    i64::try_from(position.number()).unwrap_or(i64::MAX)
}
