//! A cluster on the command line: its address, its credentials, and whether it is still followed.
//! Always: no message holds a password.

use std::path::Path;
use std::time::Duration;

use super::failure::Failure;
use crate::ledger::{Condition, Ledger};
use crate::store::open::ClusterAddress;

/// Between two looks at whether the ledger can go on.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// After so many looks in turn it cannot.
const LOOKS: usize = 3;

/// Whether the text means a cluster, and no folder.
pub fn is_address(text: &str) -> bool {
    ClusterAddress::is_address(text)
}

/// The cluster of a connection string, with the credentials in a file, if there is one.
///
/// # Errors
/// Wrong usage, or the file cannot be read.
pub fn address(text: &str, credentials: Option<&Path>) -> Result<ClusterAddress, Failure> {
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| Failure::because(&path.display().to_string(), &error))
    };
    let line = credentials.map(read).transpose()?;
    let address = ClusterAddress::new(text, line.as_deref())
        .map_err(|error| Failure::usage(format!("--store: {error}")))?;
    if address.is_in_clear() {
        tracing::warn!(cluster = %address, "tls=false: all goes to the cluster in clear");
    }
    Ok(address)
}

/// Ready once only a restart of the process helps the ledger. A process that was asleep looks so
/// for a moment, so it is looked at again.
pub async fn ended(ledger: &Ledger) {
    let mut looks = 0;
    while looks < LOOKS {
        tokio::time::sleep(LOOK_EVERY).await;
        let condition = ledger.status().borrow().condition;
        looks = if condition == Condition::Ended { looks + 1 } else { 0 };
    }
}
