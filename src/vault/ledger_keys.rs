//! The ledger's own keys, in `DIR/ledger.keys`.
//! Always: drawn at random when the ledger begins, never changed, shared by all replicas, and not
//! derived from the master key, which rotates.
//!
//! ```text
//! care-ledger keys 1
//! dedup 64 hexadecimal digits         hashes source and id into the dedup key of a record
//! recordedby 64 hexadecimal digits    hashes the credential that recorded (none yet)
//! stream 64 hexadecimal digits        hashes the name of a stream that is no person's
//! ```

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use super::key_file::{self, KeyError, random_key};
use super::secret_file::read_secret;

/// The file of the keys in a data folder.
const FILE: &str = "ledger.keys";

/// The first line: it shows that the file holds keys, and in which form.
const FIRST_LINE: &str = "care-ledger keys 1";

/// The names of the keys, in the order of the file.
const NAMES: [&str; 3] = ["dedup", "recordedby", "stream"];

/// Domain separation of the check value (BLAKE3 key derivation mode).
const CHECK_CONTEXT: &str = "care-ledger 2026-11-28 check of ledger.keys v1";

/// The keys of one ledger, in the order of `NAMES`.
#[derive(Clone, PartialEq, Eq)]
pub struct LedgerKeys([[u8; 32]; 3]);

/// The keys under which a ledger hashes the names by which records are looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashKeys {
    /// The key under which a dedup key is hashed.
    pub dedup: [u8; 32],
    /// The key under which the name of a stream that is no person's is hashed.
    pub stream: [u8; 32],
}

impl LedgerKeys {
    /// Reads the keys of a data folder whose ledger has begun.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        Self::read(&folder.join(FILE))
    }

    /// Reads the keys of a data folder whose ledger has not begun; draws them where there are none.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn open_or_make(folder: &Path) -> Result<Self, KeyError> {
        match Self::open(folder) {
            Err(KeyError::Missing) => {
                let keys = Self([random_key()?, random_key()?, random_key()?]);
                keys.write(folder)?;
                Ok(keys)
            }
            found => found,
        }
    }

    /// Reads the keys in a file.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        match read_secret(path).map_err(KeyError::from) {
            Ok(text) => Self::parse(&text).ok_or(KeyError::Malformed),
            Err(KeyError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                Err(KeyError::Missing)
            }
            Err(KeyError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Err(KeyError::Malformed)
            }
            Err(error) => Err(error),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return None;
        }
        let mut keys = [[0; 32]; 3];
        for (name, key) in NAMES.into_iter().zip(&mut keys) {
            let digits = lines.next()?.strip_prefix(name)?.strip_prefix(' ')?;
            *key = blake3::Hash::from_hex(digits).ok()?.into();
        }
        lines.next().is_none().then_some(Self(keys))
    }

    /// Puts the keys into a data folder that has none; other keys there are left as they are.
    ///
    /// # Errors
    /// [`KeyError::OtherLedger`], or the folder cannot be written.
    pub fn put_into(&self, folder: &Path) -> Result<(), KeyError> {
        match Self::open(folder) {
            Ok(found) if found == *self => Ok(()),
            Ok(_) => Err(KeyError::OtherLedger),
            Err(KeyError::Missing) => self.write(folder),
            Err(error) => Err(error),
        }
    }

    fn write(&self, folder: &Path) -> Result<(), KeyError> {
        let mut text = format!("{FIRST_LINE}\n");
        for (name, key) in NAMES.into_iter().zip(self.0) {
            let digits = blake3::Hash::from_bytes(key).to_hex();
            writeln!(text, "{name} {digits}").expect("writing into memory succeeds");
        }
        key_file::write(folder, FILE, &text)
    }

    /// Whether a data folder has keys.
    pub fn are_in(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// A hash of the keys. It shows which ledger a log belongs to, and reveals nothing of the keys.
    pub fn check(&self) -> [u8; 32] {
        blake3::derive_key(CHECK_CONTEXT, self.0.as_flattened())
    }

    /// The key under which a dedup key is hashed.
    pub fn dedup_hash_key(&self) -> [u8; 32] {
        self.0[0]
    }

    /// The keys under which records are looked up.
    pub fn hash_keys(&self) -> HashKeys {
        HashKeys { dedup: self.dedup_hash_key(), stream: self.0[2] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_drawn_once_and_anything_else_in_their_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(LedgerKeys::open(folder.path()), Err(KeyError::Missing)));
        let made = LedgerKeys::open_or_make(folder.path()).unwrap();
        assert!(made == LedgerKeys::open_or_make(folder.path()).unwrap());
        let path = folder.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        for wrong in ["12".to_owned(), text.replace("dedup", "other"), format!("{text}more\n")] {
            std::fs::write(&path, wrong).unwrap();
            assert!(matches!(LedgerKeys::open(folder.path()), Err(KeyError::Malformed)));
        }
        let other = tempfile::tempdir().unwrap();
        let others = LedgerKeys::open_or_make(other.path()).unwrap();
        assert!(others.check() != made.check() && others.dedup_hash_key() != made.check());
        assert!(matches!(made.put_into(other.path()), Err(KeyError::OtherLedger)));
    }
}
