//! The keys of the ledger.
//! Always: a key is drawn once, lies in the data folder readable by its owner only, and is never
//! printed or logged.

mod erasures;
mod key_file;
mod ledger_keys;
pub mod master_key;
mod secret_file;

pub use self::erasures::Erasures;
pub use self::key_file::{KEY_FILES, KeyError};
pub use self::ledger_keys::{HashKeys, LedgerKeys};
pub use self::secret_file::{OpenToOthers, SecretFileError, check_secret, read_secret};
