//! Why a data folder could not be opened, and what to do about each reason.

use std::io;

use crate::domain::id::Position;

/// Why a folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum FolderOpenError {
    /// Another process has it: ask that one.
    #[error("the data folder is in use by another process; use --url to ask that process")]
    InUse,
    /// The folder is not to be read or made: look at its path and rights.
    #[error("the data folder could not be opened")]
    Folder(#[from] io::Error),
    /// The database could not be opened: it may not be one.
    #[error("the log could not be opened")]
    Log(#[from] rusqlite::Error),
    /// The linked SQLite can lose data: build with the bundled one.
    #[error("SQLite {version} can lose committed data; {least} or newer is needed")]
    Sqlite {
        /// As SQLite numbers itself.
        version: i32,
        /// The least that will do.
        least: i32,
    },
    /// Written by another version, or not a ledger: use the version that wrote it, or newer.
    #[error("the log has format {found}; this version knows format {known}")]
    Format {
        /// In the file.
        found: i32,
        /// Here.
        known: i32,
    },
    /// Written by an earlier build: no released version wrote it.
    #[error(
        "the log in the data folder has format {found}, and this version reads only format \
         {known}: keep the folder for the version that wrote it, and name another --data folder"
    )]
    OlderFormat {
        /// In the file.
        found: i32,
        /// Here.
        known: i32,
    },
    /// The log is another ledger's than the keys in the folder.
    #[error("ledger.keys is not that of this ledger; put its own back from your backup")]
    OtherLedger,
    /// A record cannot be read: restore the log from a backup.
    #[error("the record at position {0} cannot be read")]
    Damaged(Position),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
}
