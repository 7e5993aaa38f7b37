//! The states of one version of a projection: one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::file::{ProjectionStateError, connect, delete, is_damage};
use crate::domain::id::Position;
use crate::projection::script::engine::SharedState;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS checkpoint (
    one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, commitment BLOB,
    shared_kind INTEGER NOT NULL, shared TEXT, fault TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS state (
    partition TEXT PRIMARY KEY, state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS summary (
    one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, known TEXT NOT NULL,
    made TEXT, fault TEXT
) STRICT;
";

/// What a summary gave, at one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSummary {
    /// How far the log was read.
    pub position: Position,
    /// What was known, RFC 3339.
    pub known: String,
    /// The table as JSON, or the fault as JSON.
    pub made: Result<String, String>,
}

/// How far a version has read, and what goes with that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last record that was folded or passed over.
    pub position: Position,
    /// The commitment of the record there; none at the start of the log.
    pub commitment: Option<[u8; 32]>,
    /// The state that all partitions share.
    pub shared: SharedState,
    /// The fault at which the version stands still, as JSON.
    pub fault: Option<String>,
}

impl Checkpoint {
    /// The checkpoint of a version that has read nothing.
    pub fn start() -> Self {
        let position = Position::START;
        Self { position, commitment: None, shared: SharedState::Unbegun, fault: None }
    }
}

/// The file, with the one connection that writes to it.
pub struct VersionFile {
    path: PathBuf,
    connection: Connection,
}

impl VersionFile {
    /// Opens the file of a version; a damaged one is made anew.
    ///
    /// # Errors
    /// The file cannot be made or read.
    pub fn open(path: &Path) -> Result<Self, ProjectionStateError> {
        match Self::open_found(path) {
            Err(error) if is_damage(&error) => {
                delete(path).map_err(|_| error)?;
                Self::open_found(path)
            }
            other => other,
        }
    }

    fn open_found(path: &Path) -> Result<Self, ProjectionStateError> {
        let connection = connect(path)?;
        connection.execute_batch(TABLES)?;
        let file = Self { path: path.to_owned(), connection };
        file.checkpoint()?;
        Ok(file)
    }

    /// Deletes the file of a version whose worker has ended.
    ///
    /// # Errors
    /// The file cannot be deleted.
    pub fn delete(path: &Path) -> std::io::Result<()> {
        delete(path)
    }

    /// Deletes all states and begins at the start of the log.
    ///
    /// # Errors
    /// The file cannot be made anew.
    pub fn start_over(&mut self) -> Result<(), ProjectionStateError> {
        let _ = delete(&self.path);
        *self = Self::open_found(&self.path)?;
        Ok(())
    }

    /// The last checkpoint.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn checkpoint(&self) -> Result<Checkpoint, ProjectionStateError> {
        checkpoint(&self.connection)
    }

    /// The state of a partition.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn state(&self, partition: &str) -> Result<Option<Arc<str>>, ProjectionStateError> {
        state(&self.connection, partition)
    }

    /// At most `limit` partitions after one, by the bytes of their names, with their states.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn page(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, String)>, ProjectionStateError> {
        page(&self.connection, after, limit)
    }

    /// Keeps what the summary gave.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn put_summary(&mut self, summary: &KeptSummary) -> Result<(), ProjectionStateError> {
        let (made, fault) = match &summary.made {
            Ok(made) => (Some(made), None),
            Err(fault) => (None, Some(fault)),
        };
        let position = i64::try_from(summary.position.number()).unwrap_or(i64::MAX);
        self.connection.execute(
            "INSERT OR REPLACE INTO summary VALUES (1, ?1, ?2, ?3, ?4)",
            params![position, summary.known, made, fault],
        )?;
        Ok(())
    }

    /// Deletes the kept summary, and what the file and those beside it still hold of deleted rows.
    ///
    /// # Errors
    /// The file cannot be written, or a reader holds it.
    pub fn scrub(&mut self) -> Result<(), ProjectionStateError> {
        self.connection.execute("DELETE FROM summary", [])?;
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_held: bool = self.connection.query_row(truncate, [], |row| row.get(0))?;
        if is_held { Err(held()) } else { Ok(()) }
    }

    /// Writes changed states and the checkpoint that goes with them, all or nothing. A state that
    /// is none is deleted.
    ///
    /// # Errors
    /// The file cannot be written; nothing has changed.
    pub fn commit<'s>(
        &mut self,
        changed: impl Iterator<Item = (&'s str, Option<&'s str>)>,
        checkpoint: &Checkpoint,
    ) -> Result<(), ProjectionStateError> {
        let transaction = self.connection.transaction()?;
        {
            let mut put = transaction.prepare_cached(
                "INSERT INTO state (partition, state) VALUES (?1, ?2)
                 ON CONFLICT (partition) DO UPDATE SET state = excluded.state",
            )?;
            let mut delete =
                transaction.prepare_cached("DELETE FROM state WHERE partition = ?1")?;
            for (partition, state) in changed {
                match state {
                    Some(state) => put.execute([partition, state])?,
                    None => delete.execute([partition])?,
                };
            }
        }
        let (kind, shared) = shared_columns(&checkpoint.shared);
        transaction.execute(
            "INSERT OR REPLACE INTO checkpoint VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            params![
                i64::try_from(checkpoint.position.number()).unwrap_or(i64::MAX),
                checkpoint.commitment.as_ref().map(<[u8; 32]>::as_slice),
                kind,
                shared,
                checkpoint.fault,
            ],
        )?;
        transaction.commit()
    }
}

/// A reader of the file holds on to what must go.
fn held() -> ProjectionStateError {
    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    ProjectionStateError::SqliteFailure(busy, None)
}

/// Reads the states of a version while another connection writes them.
pub struct VersionReader(Connection);

impl VersionReader {
    /// Opens the file of a version to read.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, ProjectionStateError> {
        let connection = connect(path)?;
        connection.execute_batch(TABLES)?;
        // One transaction, so that all that is read is of one checkpoint.
        connection.execute_batch("BEGIN")?;
        Ok(Self(connection))
    }

    /// The last checkpoint.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn checkpoint(&self) -> Result<Checkpoint, ProjectionStateError> {
        checkpoint(&self.0)
    }

    /// The state of a partition.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn state(&self, partition: &str) -> Result<Option<Arc<str>>, ProjectionStateError> {
        state(&self.0, partition)
    }

    /// At most `limit` partitions after one, by the bytes of their names, with their states.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn page(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, String)>, ProjectionStateError> {
        page(&self.0, after, limit)
    }

    /// What the summary gave last.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn summary(&self) -> Result<Option<KeptSummary>, ProjectionStateError> {
        summary(&self.0)
    }
}

fn page(
    connection: &Connection,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, String)>, ProjectionStateError> {
    let mut page = connection.prepare_cached(
        "SELECT partition, state FROM state WHERE ?1 IS NULL OR partition > ?1
         ORDER BY partition LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = page.query_map(params![after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn summary(connection: &Connection) -> Result<Option<KeptSummary>, ProjectionStateError> {
    let query = "SELECT position, known, made, fault FROM summary";
    let read = |row: &rusqlite::Row<'_>| {
        let position: i64 = row.get(0)?;
        let (made, fault): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
        Ok(KeptSummary {
            position: Position::new(u64::try_from(position).unwrap_or_default()),
            known: row.get(1)?,
            made: made.ok_or_else(|| fault.unwrap_or_default()),
        })
    };
    connection.query_row(query, [], read).optional()
}

fn state(
    connection: &Connection,
    partition: &str,
) -> Result<Option<Arc<str>>, ProjectionStateError> {
    let mut found = connection.prepare_cached("SELECT state FROM state WHERE partition = ?1")?;
    found
        .query_row([partition], |row| row.get_ref(0)?.as_str().map(Arc::from).map_err(Into::into))
        .optional()
}

fn checkpoint(connection: &Connection) -> Result<Checkpoint, ProjectionStateError> {
    let query = "SELECT position, commitment, shared_kind, shared, fault FROM checkpoint";
    let read = |row: &rusqlite::Row<'_>| {
        let position: i64 = row.get(0)?;
        let (kind, shared): (i64, Option<String>) = (row.get(2)?, row.get(3)?);
        Ok(Checkpoint {
            position: Position::new(u64::try_from(position).unwrap_or_default()),
            commitment: row.get(1)?,
            shared: shared_state(kind, shared.map(Arc::from)),
            fault: row.get(4)?,
        })
    };
    Ok(connection.query_row(query, [], read).optional()?.unwrap_or_else(Checkpoint::start))
}

fn shared_columns(shared: &SharedState) -> (i64, Option<&str>) {
    match shared {
        SharedState::Unbegun => (0, None),
        SharedState::Nothing => (1, None),
        SharedState::Kept(text) => (2, Some(text)),
        SharedState::Broken(text) => (3, text.as_deref()),
    }
}

fn shared_state(kind: i64, text: Option<Arc<str>>) -> SharedState {
    match (kind, text) {
        (2, Some(text)) => SharedState::Kept(text),
        (3, text) => SharedState::Broken(text),
        (1, _) => SharedState::Nothing,
        _ => SharedState::Unbegun,
    }
}
