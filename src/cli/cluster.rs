//! A cluster on the command line: its address, its credentials, and whether it is still followed.
//! Always: no message holds a password.

use std::path::Path;
use std::time::Duration;

use super::failure::Failure;
use crate::ledger::{Condition, Ledger};
use crate::store::open::ClusterAddress;
use crate::vault::{SecretFileError, check_secret, read_secret};

/// The pause between two looks at the ledger's condition.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The number of looks in a row that must find the ledger ended.
const LOOKS: usize = 3;

/// Whether the text is the address of a cluster, and not a folder.
pub fn is_address(text: &str) -> bool {
    ClusterAddress::is_address(text)
}

/// The address in a connection string, with the credentials from a file where one is given.
///
/// # Errors
/// Wrong usage, or a file with a secret cannot be read, or others may read it.
pub fn address(text: &str, credentials: Option<&Path>) -> Result<ClusterAddress, Failure> {
    let line = credentials.map(|path| read_secret(path).map_err(|error| refused(path, &error)));
    let line = line.transpose()?;
    let line = line.map(|line| line.trim_start_matches('\u{feff}').to_owned());
    let address = ClusterAddress::new(text, line.as_deref())
        .map_err(|error| Failure::usage(format!("--store: {error}")))?;
    if let Some(path) = address.user_key_file() {
        check_secret(path).map_err(|error| refused(path, &error))?;
    }
    if address.is_in_clear() {
        tracing::warn!(cluster = %address, "tls=false: all goes to the cluster in clear");
    }
    Ok(address)
}

/// Refuses a configuration file that holds a login for the cluster and that others may read.
///
/// # Errors
/// Others may read the file.
pub fn check_config_file(path: &Path, store: Option<&str>) -> Result<(), Failure> {
    if store.is_some_and(ClusterAddress::has_login) {
        check_secret(path).map_err(|error| refused(path, &error))?;
    }
    Ok(())
}

fn refused(path: &Path, error: &SecretFileError) -> Failure {
    match error {
        // The message names the file.
        SecretFileError::OpenToOthers(error) => Failure::unreachable(error.to_string()),
        SecretFileError::Io(error) => Failure::because(&path.display().to_string(), error),
    }
}

/// Ready once only a restart of the process helps the ledger. After the process was asleep, its
/// condition can be `Ended` for a moment; so several looks in a row must agree.
pub async fn ended(ledger: &Ledger) {
    let mut looks = 0;
    while looks < LOOKS {
        tokio::time::sleep(LOOK_EVERY).await;
        let condition = ledger.status().borrow().condition;
        looks = if condition == Condition::Ended { looks + 1 } else { 0 };
    }
}
