//! Moving the ledger of a cluster into a folder.
//! Always: the folder is marked before the first record is written, and the mark is removed after
//! all records were compared, so no process serves half a ledger.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::compare::{Compared, Extent, SILENCE_MAX, compare, connect};
use super::error::MigrateError;
use super::plan::{MoveMode, MoveProgress, MoveStage, Moved, MovingKeys, open_log};
use super::unfinished::{MARK_FILES, clear_mark, is_unfinished, mark_unfinished};
use crate::domain::record::{View, commitment};
use crate::domain::stream::StreamId;
use crate::store::cluster::ClusterAddress;
use crate::store::cluster::connection::Connection;
use crate::store::cluster::follow_error::FollowStopReason;
use crate::store::cluster::identity::LedgerClaim;
use crate::store::cluster::log_copy::LogCopy;
use crate::store::cluster::subscription::{HarmNews, RecordSubscription};
use crate::store::embedded::{Embedded, LockedFolder};
use crate::store::{LedgerPresence, Store as _};

/// Moves the ledger of a cluster into a folder.
///
/// # Errors
/// See [`MigrateError`].
pub async fn move_into_folder(
    address: ClusterAddress,
    folder: &Path,
    keys: &dyn MovingKeys,
    mode: MoveMode,
    progress: MoveProgress<'_>,
) -> Result<Moved, MigrateError> {
    let keys_check = keys.check().map_err(MigrateError::Keys)?;
    let (connection, claim) = connect(address, keys_check).await?;
    if let Some(LedgerClaim::Moving(_)) = claim {
        return Err(FollowStopReason::MoveUnfinished.into());
    }
    if mode == MoveMode::Rehearse {
        let mut verifying = |done, of| progress(MoveStage::Verifying, done, of);
        let Compared { records, digest } = survey(&connection, &mut verifying).await?;
        return Ok(Moved { records, already_there: 0, digest });
    }
    let mut locked = LockedFolder::lock(folder)?;
    locked.note_missing(keys.files());
    locked.note_missing(&MARK_FILES);
    keys.put_into(folder).map_err(MigrateError::Keys)?;
    if locked.ledger_presence() == LedgerPresence::Absent {
        mark_unfinished(folder)?;
    }
    let log = Arc::new(open_log(locked, keys_check, progress)?);
    let already_there = log.status().borrow().tail.number();
    if !is_unfinished(folder) {
        // The folder has a whole ledger. A mark stays until a move succeeds, so the folder is only
        // marked if the cluster has all of its records.
        let mut comparing = |done, of| progress(MoveStage::Comparing, done, of);
        let Compared { records, .. } =
            compare(&connection, &log, Extent::Folder, &mut comparing).await?;
        if records < already_there {
            return Err(MigrateError::Less { found: records, expected: already_there });
        }
        mark_unfinished(folder)?;
    }
    let mut moving = |done, of| progress(MoveStage::Moving, done, of);
    let records = take_over(&connection, folder, log.clone(), &mut moving).await?;
    let mut verifying = |done, of| progress(MoveStage::Verifying, done, of);
    let after = compare(&connection, &log, Extent::Both, &mut verifying).await?;
    if after.records != records {
        return Err(MigrateError::Less { found: after.records, expected: records });
    }
    clear_mark(folder)?;
    log.first_start().succeed();
    Ok(Moved { records, already_there, digest: after.digest })
}

/// Takes all records of the cluster over into a folder's log; returns how many the log then has.
async fn take_over(
    connection: &Connection,
    folder: &Path,
    log: Arc<Embedded>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u64, MigrateError> {
    let mut copy = LogCopy::open(folder, log.clone()).await?;
    copy.check_last_record(connection).await?;
    let end = connection.last_position().await?.map_or(0, |end| end.commit);
    let mut subscription =
        RecordSubscription::open(connection, copy.read_up_to(), copy.tampered()).await?;
    loop {
        let delivered = subscription.next_within(SILENCE_MAX).await?;
        let is_caught_up = delivered.is_caught_up;
        copy.take_over(delivered).await?;
        copy.save_progress();
        progress(copy.read_up_to().map_or(0, |position| position.commit), end);
        if is_caught_up {
            return Ok(log.status().borrow().tail.number());
        }
    }
}

/// Reads all records of the cluster without keeping any: how many there are, and the digest of all.
/// Fails where a stream has a gap.
async fn survey(
    connection: &Connection,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Compared, MigrateError> {
    let end = connection.last_position().await?.map_or(0, |end| end.commit);
    let mut subscription = RecordSubscription::open(connection, None, HashSet::new()).await?;
    let mut counts: HashMap<StreamId, u64> = HashMap::new();
    let (mut records, mut hasher) = (0, blake3::Hasher::new());
    loop {
        let delivered = subscription.next_within(SILENCE_MAX).await?;
        for (position, imported) in &delivered.records {
            let view = View::new(&imported.record);
            let stream = view.map_err(|_| FollowStopReason::RecordUnreadable)?.stream_id();
            let next = counts.entry(stream).or_default();
            if imported.revision.0 != *next {
                return Err(FollowStopReason::RecordMissing.into());
            }
            *next += 1;
            records += 1;
            hasher.update(commitment(&imported.record).as_bytes());
            progress(position.commit, end);
        }
        for news in &delivered.harm {
            if let HarmNews::Foreign(event) = news
                && let Some(person) = event.stream.person()
            {
                let held = counts.get(&person.into()).copied().unwrap_or_default();
                let is_whole = event.revision.map_or(held > 0, |revision| revision.0 == held);
                if !is_whole {
                    return Err(FollowStopReason::RecordMissing.into());
                }
            }
        }
        if delivered.is_caught_up {
            return Ok(Compared { records, digest: hasher.finalize() });
        }
    }
}
