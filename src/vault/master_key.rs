//! The master key, in `DIR/master.key`: 64 hexadecimal digits.
//! Always: drawn when a ledger begins, and never changed here. Nothing uses the key yet; later it
//! wraps the keys of persons.

use std::path::Path;

use super::key_file::{self, KeyError, random_key};
use super::secret_file::check_secret;

/// The file of the key in a data folder.
const FILE: &str = "master.key";

/// Checks that others may not read the master key of a data folder, if it has one.
///
/// # Errors
/// See [`KeyError`].
pub fn check_if_there(folder: &Path) -> Result<(), KeyError> {
    let file = folder.join(FILE);
    if file.exists() { Ok(check_secret(&file)?) } else { Ok(()) }
}

/// Draws the master key of a data folder, unless it has one.
///
/// # Errors
/// See [`KeyError`].
pub fn make_if_absent(folder: &Path) -> Result<(), KeyError> {
    if folder.join(FILE).exists() {
        return check_if_there(folder);
    }
    let digits = blake3::Hash::from_bytes(random_key()?).to_hex();
    key_file::write(folder, FILE, &format!("{digits}\n"))
}
