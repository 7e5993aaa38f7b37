//! How a connection reads the log: beside the writer of this process, or with no writer anywhere.
//! Always: without a writer nothing is written, not even the files that SQLite keeps beside a
//! database in WAL mode.
//! SQLite: "Write-Ahead Logging", 5 (read-only databases) and 8 (without shared memory).

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// The file of the log in a data folder.
pub const LOG_FILE: &str = "ledger.db";

/// The VFS of SQLite that takes no file locks. The folder's own lock keeps writers out.
const WITHOUT_FILE_LOCKS: &str = "unix-none";

/// How a connection reads the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogAccess {
    /// A writer of this process has opened the log before.
    BesideWriter,
    /// No process writes, and all records are in the table.
    WholeTable,
    /// No process writes, and the write-ahead log holds records that the table lacks, as after a
    /// crash. Each connection keeps its index of them in its own memory.
    WithWriteAheadLog,
}

impl LogAccess {
    /// The access to a log that no process has open for writing.
    pub fn without_writer(path: &Path) -> Self {
        let mut beside = path.as_os_str().to_owned();
        beside.push("-wal");
        match std::fs::metadata(Path::new(&beside)) {
            Ok(found) if found.len() > 0 => Self::WithWriteAheadLog,
            _ => Self::WholeTable,
        }
    }

    /// Opens a connection that only reads.
    pub fn connect(self, path: &Path) -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match self {
            Self::BesideWriter => Connection::open_with_flags(path, flags),
            Self::WholeTable => {
                let flags = flags | OpenFlags::SQLITE_OPEN_URI;
                Connection::open_with_flags(immutable_uri(path), flags)
            }
            Self::WithWriteAheadLog => {
                let connection =
                    Connection::open_with_flags_and_vfs(path, flags, WITHOUT_FILE_LOCKS)?;
                // The last connection to close would otherwise move the records into the table.
                connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
                // With this, SQLite keeps its index in memory instead of in a file beside the log.
                connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
                Ok(connection)
            }
        }
    }
}

/// The address of a file that nobody changes (SQLite, "URI Filenames").
fn immutable_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            write!(uri, "%{byte:02X}").expect("writing into memory succeeds");
        }
    }
    uri + "?immutable=1"
}
