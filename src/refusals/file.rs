//! The file of the table of refusals: opening, deleting, and the signs of damage.
//! Always: only the owner may read the file.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{Connection, Error, ErrorCode};

/// Opens the file, or makes an empty one.
pub fn connect(path: &Path) -> Result<Connection, Error> {
    // SQLite gives the same mode to the files beside it.
    File::options().create(true).append(true).mode(0o600).open(path).map_err(file_fault)?;
    Connection::open(path)
}

/// Deletes the file, and the files that SQLite keeps beside it.
pub fn delete(path: &Path) -> Result<(), Error> {
    for ending in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match std::fs::remove_file(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(file_fault(error)),
            _ => {}
        }
    }
    Ok(())
}

/// Whether the error means that the file is damaged, is no database, or has another format.
pub fn is_damage(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown)
    )
}

/// Converts an error of the file system into the error type of SQLite.
fn file_fault(error: io::Error) -> Error {
    Error::ToSqlConversionFailure(Box::new(error))
}
