//! Moving the ledger of a folder into a cluster.
//! Always: the cluster is claimed before the first record is written. Until all records were
//! compared the claim says that a move is under way, so no replica serves half a ledger.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{FutureExt as _, StreamExt as _};

use super::compare::{Compared, Extent, compare, connect};
use super::error::MigrateError;
use super::plan::{MoveMode, MoveProgress, MoveStage, Moved, MovingKeys, open_log};
use crate::domain::id::{Position, Revision};
use crate::domain::record;
use crate::store::append_size::{APPEND_BYTES_MAX, AppendSize};
use crate::store::cluster::ClusterAddress;
use crate::store::cluster::call_error::CallError;
use crate::store::cluster::connection::Connection;
use crate::store::cluster::event;
use crate::store::cluster::follow_error::FollowStopReason;
use crate::store::cluster::identity::{LedgerClaim, claim_cluster, complete_claim};
use crate::store::cluster::session::AppendSession;
use crate::store::embedded::{self, Embedded, LockedFolder};
use crate::store::{Store as _, Stored};

/// The folder is read in pages of this many records.
const PAGE_RECORDS: usize = 1_000;

/// A move that the cluster acknowledges nothing of for this long is given up.
const TRIED_FOR: Duration = Duration::from_secs(60);

/// The appends that are on their way at once.
const APPENDS_AT_ONCE: usize = 256;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(250);

/// Moves the ledger of a folder into a cluster.
///
/// # Errors
/// See [`MigrateError`].
pub async fn move_into_cluster(
    folder: &Path,
    address: ClusterAddress,
    keys: &dyn MovingKeys,
    mode: MoveMode,
    progress: MoveProgress<'_>,
) -> Result<Moved, MigrateError> {
    if !folder.join(embedded::LOG_FILE).exists() {
        return Err(MigrateError::Empty(folder.to_owned()));
    }
    let locked = LockedFolder::lock(folder)?;
    let keys_check = keys.check().map_err(MigrateError::Keys)?;
    let log = open_log(locked, keys_check, progress)?;
    let total = log.status().borrow().tail.number();
    let (connection, claim) = connect(address, keys_check).await?;
    let claim = match (claim, mode) {
        (None, MoveMode::Move) => Some(claim_for_move(&connection, keys_check).await?),
        (claim, _) => claim,
    };
    let mut comparing = |done, of| progress(MoveStage::Comparing, done, of);
    let before = compare(&connection, &log, Extent::Both, &mut comparing).await?;
    if mode == MoveMode::Rehearse {
        let Compared { records, digest } = before;
        return Ok(Moved { records: total, already_there: records, digest });
    }
    let mut moving = |done, of| progress(MoveStage::Moving, done, of);
    append_after(&connection, &log, Position::new(before.records), &mut moving).await?;
    let mut verifying = |done, of| progress(MoveStage::Verifying, done, of);
    let after = compare(&connection, &log, Extent::Both, &mut verifying).await?;
    if after.records != total {
        return Err(MigrateError::Less { found: after.records, expected: total });
    }
    if let Some(LedgerClaim::Moving(_)) = claim {
        complete_claim(&connection, keys_check).await?;
    }
    Ok(Moved { records: total, already_there: before.records, digest: after.digest })
}

async fn claim_for_move(
    connection: &Connection,
    keys_check: [u8; 32],
) -> Result<LedgerClaim, MigrateError> {
    let claim = claim_cluster(connection, LedgerClaim::Moving(keys_check)).await?;
    if claim.keys_check() == keys_check {
        Ok(claim)
    } else {
        Err(FollowStopReason::OtherLedger.into())
    }
}

/// Appends every record behind a position of the folder's log to the cluster, and tries again until
/// the cluster has them.
async fn append_after(
    connection: &Connection,
    log: &Embedded,
    after: Position,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), MigrateError> {
    let mut reached = Reached { at: after, is_retry: false };
    let mut until = Instant::now() + TRIED_FOR;
    loop {
        let before = reached.at;
        let failed = append_in_order(connection, log, &mut reached, progress).await?;
        let Some(error) = failed else { return Ok(()) };
        if reached.at > before {
            until = Instant::now() + TRIED_FOR;
        } else if Instant::now() > until {
            return Err(error.into());
        }
        reached.is_retry = true;
        tokio::time::sleep(PAUSE).await;
    }
}

/// How far a move is.
struct Reached {
    /// The cluster has acknowledged every record up to here.
    at: Position,
    /// An earlier try may have written more.
    is_retry: bool,
}

/// Appends the records over one session, many at once and in their order: the cluster's log then
/// has the order of the folder's, unless one of them fails and those behind it do not. The
/// comparison at the end would find that. A large append, which a server may refuse for its size,
/// goes alone. Returns the error after which the same records are sent again; the cluster
/// recognises those that it has.
async fn append_in_order(
    connection: &Connection,
    log: &Embedded,
    reached: &mut Reached,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<CallError>, MigrateError> {
    let total = log.status().borrow().tail.number();
    let session = match connection.session().await {
        Ok(session) => session,
        Err(error @ CallError::Final(_)) => return Err(error.into()),
        Err(error) => return Ok(Some(error)),
    };
    loop {
        let page = log.read_all(reached.at, PAGE_RECORDS).await?;
        if page.is_empty() {
            return Ok(None);
        }
        let is_same_stream =
            |one: &Stored, next: &Stored| one.view().stream_id() == next.view().stream_id();
        let parts: Vec<&[Stored]> = page.chunk_by(is_same_stream).flat_map(cut).collect();
        for together in parts.chunk_by(|one, next| !is_large(one) && !is_large(next)) {
            let appends = together.iter().map(|part| {
                append(connection, &session, part).map(move |appended| (*part, appended))
            });
            let mut appends = futures::stream::iter(appends).buffered(APPENDS_AT_ONCE);
            while let Some((part, appended)) = appends.next().await {
                let failed = reached.take(part, appended?)?;
                if failed.is_some() {
                    return Ok(failed);
                }
                progress(reached.at.number(), total);
            }
        }
    }
}

/// Whether a server may refuse a part for its size.
fn is_large(part: &[Stored]) -> bool {
    part.iter().map(|stored| stored.record.len()).sum::<usize>() > APPEND_BYTES_MAX
}

impl Reached {
    /// Takes the answer to an append. Returns the error after which the rest is sent again.
    fn take(
        &mut self,
        part: &[Stored],
        appended: Result<(), CallError>,
    ) -> Result<Option<CallError>, MigrateError> {
        let Some(first) = part.first() else { return Ok(None) };
        let (written, failed) = match appended {
            Ok(()) => (part.last(), None),
            // An earlier try was written, perhaps in other parts. The comparison at the end looks
            // at every byte.
            Err(error @ CallError::Conflict(Some(actual)))
                if self.is_retry && actual >= first.revision =>
            {
                (part.iter().rfind(|stored| stored.revision <= actual), Some(error))
            }
            Err(CallError::Conflict(_)) => return Err(MigrateError::Differs(first.position)),
            Err(error @ CallError::Final(_)) => return Err(error.into()),
            Err(error) => (None, Some(error)),
        };
        self.at = written.map_or(self.at, |stored| stored.position);
        Ok(failed)
    }
}

/// Appends neighbouring records of one stream.
async fn append(
    connection: &Connection,
    session: &Arc<AppendSession>,
    records: &[Stored],
) -> Result<Result<(), CallError>, FollowStopReason> {
    let Some(first) = records.first() else { return Ok(Ok(())) };
    let stream =
        record::stream_name(first.view()).map_err(|_| FollowStopReason::RecordUnreadable)?;
    let before = first.revision.0.checked_sub(1).map(Revision);
    let events = records.iter().map(|stored| event::to_event(&stored.record, &stored.dedup_key()));
    Ok(connection.append_over(session, &stream.to_string(), before, events.collect()).await)
}

/// Cuts neighbours into the parts that are appended at once.
fn cut(neighbours: &[Stored]) -> Vec<&[Stored]> {
    let mut size = AppendSize::default();
    let fits_after = |before: &Stored, next: &Stored| {
        size.add(before.record.len());
        let has_room = size.has_room(next.record.len());
        if !has_room {
            size = AppendSize::default();
        }
        has_room
    };
    neighbours.chunk_by(fits_after).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::domain::id::RecordedTime;

    #[test]
    fn neighbours_go_together_within_the_size() {
        let stored = |bytes: usize| Stored {
            position: Position::new(1),
            revision: Revision(0),
            latest_recorded_time: RecordedTime::from_micros(0),
            is_cross_stream_duplicate: false,
            record: Bytes::from(vec![0; bytes]),
        };
        let rows: [(&[usize], &[usize]); 4] = [
            (&[10], &[1]),
            (&[APPEND_BYTES_MAX / 2, APPEND_BYTES_MAX / 2, 1], &[2, 1]),
            (&[APPEND_BYTES_MAX * 3, 1, 1], &[1, 2]),
            (&[1, APPEND_BYTES_MAX * 3, 1], &[1, 1, 1]),
        ];
        for (sizes, expected) in rows {
            let neighbours: Vec<Stored> = sizes.iter().map(|bytes| stored(*bytes)).collect();
            let lengths: Vec<usize> = cut(&neighbours).iter().map(|part| part.len()).collect();
            assert_eq!(lengths, expected, "{sizes:?}");
        }
    }
}
