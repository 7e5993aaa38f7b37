//! Opening and deleting the files of projections.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{Connection, ErrorCode};

/// A file of the projections could not be opened, read or written.
pub use rusqlite::Error as ProjectionStateError;

/// How long a writer waits for another writer of the same file.
const BUSY: std::time::Duration = std::time::Duration::from_secs(10);

/// Opens a file, and makes it if there is none. Only its owner may read it.
pub fn connect(path: &Path) -> Result<Connection, ProjectionStateError> {
    let made = std::fs::File::options().create(true).append(true).mode(0o600).open(path);
    made.map_err(|error| {
        let reason = Some(error.to_string());
        ProjectionStateError::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
            reason,
        )
    })?;
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;
         PRAGMA secure_delete = ON;",
    )?;
    Ok(connection)
}

/// Whether a file is no database, or a broken one.
pub fn is_damage(error: &ProjectionStateError) -> bool {
    let code = error.sqlite_error_code();
    let lacks_table = match error {
        ProjectionStateError::SqliteFailure(_, Some(text)) => text.starts_with("no such table"),
        _ => false,
    };
    lacks_table || matches!(code, Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// Deletes a file and the files that SQLite keeps beside it.
pub fn delete(path: &Path) -> std::io::Result<()> {
    for ending in ["", "-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(ending);
        match std::fs::remove_file(beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
