//! Connecting to the cluster of a move, and comparing its records with a folder's, byte for byte.

use std::collections::HashSet;
use std::time::Duration;

use super::error::MigrateError;
use crate::domain::id::Position;
use crate::domain::record::commitment;
use crate::store::cluster::ClusterAddress;
use crate::store::cluster::connection::Connection;
use crate::store::cluster::follow_error::FollowStopReason;
use crate::store::cluster::identity::{LedgerClaim, read_claim};
use crate::store::cluster::probe::check_reachable;
use crate::store::cluster::subscription::RecordSubscription;
use crate::store::embedded::Embedded;
use crate::store::{Store as _, Stored};

/// A subscription that delivers nothing for this long ends the move.
pub const SILENCE_MAX: Duration = Duration::from_secs(20);

/// The records that folder and cluster have in common, from the first record on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// How many records the cluster has; the folder has the same ones, and perhaps more.
    pub records: u64,
    /// BLAKE3 over the commitments of these records in order.
    pub digest: blake3::Hash,
}

/// The records to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The folder's records. The cluster may have more.
    Folder,
    /// The records of both sides. The cluster must not have more than the folder.
    Both,
}

/// Connects to a cluster that is empty or holds the ledger whose keys have this check value.
///
/// # Errors
/// The cluster cannot be reached, or holds another ledger.
pub async fn connect(
    address: ClusterAddress,
    keys_check: [u8; 32],
) -> Result<(Connection, Option<LedgerClaim>), MigrateError> {
    check_reachable(&address).await?;
    let connection = Connection::new(address)?;
    connection.check_version().await?;
    match read_claim(&connection).await? {
        Some(claim) if claim.keys_check() != keys_check => {
            Err(FollowStopReason::OtherLedger.into())
        }
        claim => Ok((connection, claim)),
    }
}

/// Compares the records of the cluster with the folder's records at the same positions. `progress`
/// receives the number of compared records and the number of records in the folder.
///
/// # Errors
/// See [`MigrateError`].
pub async fn compare(
    connection: &Connection,
    log: &Embedded,
    extent: Extent,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Compared, MigrateError> {
    let total = log.status().borrow().tail.number();
    let mut subscription = RecordSubscription::open(connection, None, HashSet::new()).await?;
    let (mut at, mut hasher) = (Position::START, blake3::Hasher::new());
    loop {
        let mut delivered = subscription.next_within(SILENCE_MAX).await?;
        if extent == Extent::Folder {
            let rest = usize::try_from(total - at.number()).unwrap_or(usize::MAX);
            delivered.records.truncate(rest);
        }
        let ours = read_after(log, at, delivered.records.len()).await?;
        for ((_, theirs), ours) in delivered.records.iter().zip(&ours) {
            if theirs.record != ours.record || theirs.revision != ours.revision {
                return Err(MigrateError::Differs(ours.position));
            }
            hasher.update(commitment(&ours.record).as_bytes());
            at = ours.position;
        }
        progress(at.number(), total);
        let has_all = extent == Extent::Folder && at.number() == total;
        if delivered.is_caught_up || has_all {
            return Ok(Compared { records: at.number(), digest: hasher.finalize() });
        }
    }
}

/// Reads this many records of the folder behind a position. One read of the store may return fewer.
async fn read_after(
    log: &Embedded,
    after: Position,
    count: usize,
) -> Result<Vec<Stored>, MigrateError> {
    let mut records: Vec<Stored> = Vec::new();
    while records.len() < count {
        let after = records.last().map_or(after, |last| last.position);
        let page = log.read_all(after, count - records.len()).await?;
        if page.is_empty() {
            return Err(MigrateError::More(log.status().borrow().tail.number()));
        }
        records.extend(page);
    }
    Ok(records)
}
