//! Files of keys in a data folder.
//! Always: a file of keys is whole or absent (written beside its place, synced, then renamed), and
//! only its owner may read it.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::secret_file::{OpenToOthers, SecretFileError};

/// Every file of keys that a start may make in a data folder, and its draft.
pub const KEY_FILES: [&str; 4] = ["ledger.draft", "ledger.keys", "master.draft", "master.key"];

/// Why keys could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The ledger's keys are gone: put `ledger.keys` back from a backup.
    #[error(
        "ledger.keys is missing, but the ledger has begun; put it back from your backup, or copy \
         that of another replica"
    )]
    Missing,
    /// The keys are another ledger's: put this ledger's own back.
    #[error("ledger.keys is not that of this ledger; put its own back from your backup")]
    OtherLedger,
    /// The file holds something else: put the right file back.
    #[error("ledger.keys is not a file of a ledger's keys; put it back from your backup")]
    Malformed,
    /// Others may read the keys: take their rights away.
    #[error(transparent)]
    OpenToOthers(#[from] OpenToOthers),
    /// The file could not be read or made.
    #[error("ledger.keys or master.key could not be read or written")]
    Io(#[from] io::Error),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
}

impl From<SecretFileError> for KeyError {
    fn from(error: SecretFileError) -> Self {
        match error {
            SecretFileError::OpenToOthers(error) => Self::OpenToOthers(error),
            SecretFileError::Io(error) => Self::Io(error),
        }
    }
}

/// A new random key.
pub fn random_key() -> Result<[u8; 32], KeyError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|_| KeyError::Random)?;
    Ok(key)
}

/// Writes a file of keys into a data folder.
pub fn write(folder: &Path, name: &str, text: &str) -> Result<(), KeyError> {
    let path = folder.join(name);
    let draft = path.with_extension("draft");
    let mut file =
        File::options().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    Ok(File::open(folder)?.sync_all()?)
}
