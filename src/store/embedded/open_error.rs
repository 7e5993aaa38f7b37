//! Why the data folder of an embedded store could not be opened.
//! Always: each reason says what the operator can do; a folder that was refused is unchanged.

use std::io;

use crate::domain::id::Position;

/// Why a folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum FolderOpenError {
    /// Another process uses the folder: ask that process.
    #[error("the data folder is in use by another process; use --url to ask that process")]
    InUse,
    /// The folder could not be read or made: look at its path and access rights.
    #[error("the data folder could not be opened")]
    Folder(#[from] io::Error),
    /// SQLite could not open the file of the log: the file may be no database.
    #[error("the log could not be opened")]
    Log(#[from] rusqlite::Error),
    /// The linked SQLite can lose data: build with the bundled SQLite.
    #[error("SQLite {version} can lose committed data; {least} or newer is needed")]
    Sqlite {
        /// The number of the linked version, as SQLite numbers itself.
        version: i32,
        /// The number of the oldest version that is safe.
        least: i32,
    },
    /// A newer version wrote the file, or the file is no ledger: use the version that wrote the
    /// file, or a newer one.
    #[error("the log has format {found}; this version knows format {known}")]
    Format {
        /// The format of the file.
        found: i32,
        /// The format that this version reads.
        known: i32,
    },
    /// An earlier build wrote the file; no released version did.
    #[error(
        "the log in the data folder has format {found}, and this version reads only format \
         {known}: keep the folder for the version that wrote it, and name another --data folder"
    )]
    OlderFormat {
        /// The format of the file.
        found: i32,
        /// The format that this version reads.
        known: i32,
    },
    /// The log belongs to another ledger than the keys in the folder.
    #[error("ledger.keys is not that of this ledger; put its own back from your backup")]
    OtherLedger,
    /// A record cannot be read: restore the log from a backup.
    #[error("the record at position {0} cannot be read")]
    Damaged(Position),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
}
