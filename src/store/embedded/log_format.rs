//! What makes a file of SQLite a log of this version.
//! Always: a file of any other format is refused and left as it is.

use rusqlite::Connection;

use super::open_error::FolderOpenError;

/// `PRAGMA application_id` of a log: "Care" in ASCII, big-endian. By this number the command
/// `file` and this program recognise a log among SQLite files.
pub const APPLICATION_ID: i32 = 0x4361_7265;

/// The format of the tables and of the records in them. Every other format is refused: formats 1
/// and 2 were never released, and this version does not know newer formats.
pub const FORMAT_VERSION: i32 = 3;

/// The content of a file that may become, or may be, a log of this format.
#[derive(PartialEq, Eq)]
pub enum FileContent {
    /// Nothing: the file was made just now, or a crash came before the tables were made.
    Nothing,
    /// The tables of a log.
    Log,
}

/// Finds out whether a file is a log of this format.
///
/// # Errors
/// The file is no log, or is a log of another format.
pub fn find_content(connection: &Connection) -> Result<FileContent, FolderOpenError> {
    let found: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let owner: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    match (owner, found) {
        (0, 0) => Ok(FileContent::Nothing),
        (APPLICATION_ID, FORMAT_VERSION) => Ok(FileContent::Log),
        (APPLICATION_ID, ..FORMAT_VERSION) => {
            Err(FolderOpenError::OlderFormat { found, known: FORMAT_VERSION })
        }
        _ => Err(FolderOpenError::Format { found, known: FORMAT_VERSION }),
    }
}

/// The id of a log, and the check value of its ledger's keys.
pub fn ledger(connection: &Connection) -> Result<([u8; 16], [u8; 32]), rusqlite::Error> {
    connection
        .query_row("SELECT id, keys_check FROM ledger", [], |row| Ok((row.get(0)?, row.get(1)?)))
}
