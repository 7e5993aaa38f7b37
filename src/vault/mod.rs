//! The keys of the ledger.
//! Always: a key is made once, lies in the data folder readable by its owner only, and is never
//! printed or logged.

mod erasures;

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

pub use self::erasures::Erasures;

/// The file of the key in a data folder.
const FILE: &str = "master.key";

/// Domain separation of the key that hashes duplicate keys (BLAKE3 key derivation mode).
const DEDUP_CONTEXT: &str = "care-ledger 2026-11-23 pair of source and id v1";

/// Domain separation of what tells a cluster's ledger by its key.
const CHECK_CONTEXT: &str = "care-ledger 2026-11-25 check of the pair key v1";

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The log has records but its key is gone: put `master.key` back from where it is kept.
    #[error(
        "master.key is missing, but the log has records; put it back from your backup, or copy \
         that of another replica"
    )]
    Missing,
    /// The key is another ledger's: put this ledger's own back.
    #[error("master.key is not the key of this ledger; put its own back from your backup")]
    Foreign,
    /// The file holds something else: put the right one back.
    #[error("master.key is not 64 hexadecimal digits; put it back from your backup")]
    Malformed,
    /// The file could not be read or made.
    #[error("master.key could not be read or written")]
    Io(#[from] io::Error),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
}

/// The key from which all others derive; `DIR/master.key`, 64 hexadecimal digits.
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Reads the key of a data folder; an empty ledger gets a new one.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn open(folder: &Path, ledger_is_empty: bool) -> Result<Self, KeyError> {
        match Self::read(&folder.join(FILE)) {
            Err(KeyError::Missing) if ledger_is_empty => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(|_| KeyError::Random)?;
                Self(key).write(folder)
            }
            read => read,
        }
    }

    /// Reads the key in a file.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        match std::fs::read_to_string(path) {
            Ok(text) => blake3::Hash::from_hex(text.trim())
                .map(|hash| Self(hash.into()))
                .map_err(|_| KeyError::Malformed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(KeyError::Missing),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts the key into a data folder that has none; one that has another is left as it is.
    ///
    /// # Errors
    /// [`KeyError::Foreign`], or the folder cannot be written.
    pub fn keep(&self, folder: &Path) -> Result<(), KeyError> {
        match Self::read(&folder.join(FILE)) {
            Ok(found) if found.0 == self.0 => Ok(()),
            Ok(_) => Err(KeyError::Foreign),
            Err(KeyError::Missing) => Self(self.0).write(folder).map(|_| ()),
            Err(error) => Err(error),
        }
    }

    fn write(self, folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join(FILE);
        let draft = path.with_extension("draft");
        let mut file =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        writeln!(file, "{}", blake3::Hash::from_bytes(self.0).to_hex())?;
        file.sync_all()?;
        std::fs::rename(&draft, path)?;
        File::open(folder)?.sync_all()?;
        Ok(self)
    }

    /// Whether a data folder has a key.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// A hash of the key that tells whose a cluster is, and nothing of the key.
    pub fn check(&self) -> [u8; 32] {
        blake3::derive_key(CHECK_CONTEXT, &self.dedup_hash_key())
    }

    /// The key under which a duplicate key is hashed.
    pub fn dedup_hash_key(&self) -> [u8; 32] {
        blake3::derive_key(DEDUP_CONTEXT, &self.0)
    }
}
