//! A cluster on the command line: its address, its credentials, and opening this replica of it.
//! Always: no message holds a password.

use std::path::Path;
use std::time::Duration;

use super::failure::Failure;
use super::progress;
use crate::ledger::{ClusterAddress, Condition, Ledger};

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

/// Opens this replica of a cluster, with progress.
///
/// # Errors
/// See [`crate::ledger::LedgerError`].
pub async fn open(address: ClusterAddress, folder: &Path) -> Result<Ledger, Failure> {
    let name = address.to_string();
    let mut bar = None;
    let mut tell = |done, total| {
        let bar = bar.get_or_insert_with(|| progress::bar("reading the cluster's log", total));
        bar.set_length(total);
        bar.set_position(done);
    };
    let ledger = Ledger::open_replica(address, folder, &mut tell).await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    ledger.map_err(|error| Failure::because(&name, &error))
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
