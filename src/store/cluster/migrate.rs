//! Moving a log between a folder and a cluster: record by record, in order, as it is.
//! Always: what is there already is compared and never written over; a move that was cut off goes
//! on where it was; order and bytes are compared at the end, all of them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::address::ClusterAddress;
use super::call_error::{CallError, CallFailure};
use super::connection::Connection;
use super::event;
use super::follow_error::{FollowError, FollowStopReason};
use super::identity::{self, LedgerClaim};
use super::log_copy::{LogCopy, PROGRESS_FILE};
use super::subscription::RecordSubscription;
use crate::domain::id::{DedupKey, PersonId, Position, Revision};
use crate::domain::record::{View, commitment};
use crate::store::embedded::Embedded;
use crate::store::{ReadError, Store as _, Stored};

/// Neighbours of one stream go in one append up to so many bytes, within what any server takes
/// (MaxAppendSize, 1 MiB by default for long).
const APPEND_BYTES: usize = 256 * 1024;

/// So many records are read at once.
const PAGE_RECORDS: usize = 1_000;

/// Something comes within so long, or the move stops.
const SILENT: Duration = Duration::from_secs(20);

/// A write is tried for so long.
const TRIED: Duration = Duration::from_secs(60);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(250);

/// Why a log did not move.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The cluster does not answer: look at it, and run the same again.
    #[error("the cluster cannot do it now ({0}); run the same again, it goes on where it was")]
    Cluster(CallFailure),
    /// Where both have a record they have another one: one of them is of another ledger, or was
    /// written to by others. Nothing was written over.
    #[error("folder and cluster have different records at position {0}")]
    Differs(Position),
    /// The cluster has more than the folder: somebody writes to it.
    #[error("the cluster has more records than the folder ({0}): does somebody still write?")]
    More(u64),
    /// The cluster has less than the folder.
    #[error("the cluster has {found} records, the folder {expected}")]
    Less {
        /// In the cluster.
        found: u64,
        /// In the folder.
        expected: u64,
    },
    /// What the cluster has cannot be taken over.
    #[error(transparent)]
    Stopped(#[from] FollowStopReason),
    /// The folder could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl MoveError {
    /// Whether both were read, and do not hold the same.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Differs(_) | Self::More(_) | Self::Less { .. })
    }
}

impl From<CallError> for MoveError {
    fn from(trouble: CallError) -> Self {
        Self::Cluster(trouble.reason())
    }
}

impl From<FollowError> for MoveError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Call(error) => error.into(),
            FollowError::Stop(reason) => reason.into(),
        }
    }
}

/// What folder and cluster have in common, from the first record on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// How many records, all those of the cluster.
    pub records: u64,
    /// BLAKE3 over their commitments in order.
    pub digest: blake3::Hash,
}

/// Compares all that the cluster has with a folder's log. `told` hears how many records of how
/// many.
///
/// # Errors
/// See [`MoveError`].
pub async fn compare(
    connection: &Connection,
    log: &Embedded,
    told: &mut dyn FnMut(u64, u64),
) -> Result<Compared, MoveError> {
    let total = log.subscribe().borrow().number();
    let mut feed = RecordSubscription::open(connection, None).await?;
    let (mut at, mut hasher) = (Position::START, blake3::Hasher::new());
    loop {
        let batch = feed.next_within(SILENT).await?;
        let mut ours = Vec::new();
        while ours.len() < batch.records.len() {
            let after = ours.last().map_or(at, |last: &Stored| last.position);
            let page = log.read_all(after, batch.records.len() - ours.len()).await?;
            if page.is_empty() {
                return Err(MoveError::More(total));
            }
            ours.extend(page);
        }
        for ((_, theirs), ours) in batch.records.iter().zip(&ours) {
            if theirs.record != ours.record || theirs.revision != ours.revision {
                return Err(MoveError::Differs(ours.position));
            }
            hasher.update(commitment(&ours.record).as_bytes());
            at = ours.position;
        }
        told(at.number(), total);
        if batch.is_caught_up {
            return Ok(Compared { records: at.number(), digest: hasher.finalize() });
        }
    }
}

/// Appends all behind a position of a folder's log to the cluster, one append after the other.
///
/// # Errors
/// See [`MoveError`].
pub async fn write(
    connection: &Connection,
    log: &Embedded,
    behind: Position,
    told: &mut dyn FnMut(u64, u64),
) -> Result<(), MoveError> {
    let total = log.subscribe().borrow().number();
    let mut at = behind;
    loop {
        let page = log.read_all(at, PAGE_RECORDS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        at = last.position;
        for run in page.chunk_by(|one, next| stream(one) == stream(next)) {
            for part in parts(run) {
                append(connection, part).await?;
                told(part[part.len() - 1].position.number(), total);
            }
        }
    }
}

/// Takes all records of the cluster over into a folder's log, and says how many there are.
///
/// # Errors
/// See [`MoveError`].
pub async fn read(
    connection: &Connection,
    folder: &Path,
    log: Arc<Embedded>,
    told: &mut dyn FnMut(u64, u64),
) -> Result<u64, MoveError> {
    let mut copy = LogCopy::open(folder, log.clone()).await?;
    copy.check_last_record(connection).await?;
    let end = connection.last_position().await?.map_or(0, |end| end.commit);
    let mut feed = RecordSubscription::open(connection, copy.read_up_to()).await?;
    loop {
        let batch = feed.next_within(SILENT).await?;
        let is_caught_up = batch.is_caught_up;
        copy.take_over(batch).await?;
        copy.save_progress();
        told(copy.read_up_to().map_or(0, |cursor| cursor.commit), end);
        if is_caught_up {
            return Ok(log.subscribe().borrow().number());
        }
    }
}

/// Reads all records of the cluster and keeps none: how many there are, whether each stream is
/// without a gap, and the digest of all.
///
/// # Errors
/// See [`MoveError`].
pub async fn survey(
    connection: &Connection,
    told: &mut dyn FnMut(u64, u64),
) -> Result<Compared, MoveError> {
    let end = connection.last_position().await?.map_or(0, |end| end.commit);
    let mut feed = RecordSubscription::open(connection, None).await?;
    let mut counts: HashMap<PersonId, u64> = HashMap::new();
    let (mut records, mut hasher) = (0, blake3::Hasher::new());
    loop {
        let batch = feed.next_within(SILENT).await?;
        for (cursor, imported) in &batch.records {
            let stream = View::new(&imported.record)
                .map_err(|_| FollowStopReason::RecordUnreadable)?
                .stream();
            let next = counts.entry(stream).or_default();
            if imported.revision.0 != *next {
                return Err(FollowStopReason::RecordMissing.into());
            }
            *next += 1;
            records += 1;
            hasher.update(commitment(&imported.record).as_bytes());
            told(cursor.commit, end);
        }
        if batch.is_caught_up {
            return Ok(Compared { records, digest: hasher.finalize() });
        }
    }
}

/// Marks a folder that a ledger is being moved into: until it is whole nobody serves it.
///
/// # Errors
/// It cannot be written.
pub fn begin(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(PROGRESS_FILE);
    if file.exists() { Ok(()) } else { std::fs::write(file, "{}") }
}

/// Whether a folder is marked so.
pub fn is_unfinished(folder: &Path) -> bool {
    folder.join(PROGRESS_FILE).exists()
}

/// All of it is there: the folder stands alone from here.
///
/// # Errors
/// It cannot be written.
pub fn end(folder: &Path) -> std::io::Result<()> {
    std::fs::remove_file(folder.join(PROGRESS_FILE))
}

/// Says in the cluster that all of a ledger is there.
///
/// # Errors
/// It cannot be written.
pub async fn finish(connection: &Connection, check: [u8; 32]) -> Result<(), MoveError> {
    Ok(identity::complete_claim(connection, check).await?)
}

/// A way to a cluster that holds the ledger of `check`, and who holds it.
///
/// # Errors
/// It cannot be reached, or holds another.
pub async fn connect(
    address: ClusterAddress,
    check: [u8; 32],
) -> Result<(Connection, Option<LedgerClaim>), MoveError> {
    let connection = Connection::new(address)?;
    connection.check_version().await?;
    match identity::read_claim(&connection).await? {
        Some(held) if held.key_hash() != check => Err(FollowStopReason::OtherLedger.into()),
        held => Ok((connection, held)),
    }
}

/// Claims an empty cluster for a ledger that is to be moved into it.
///
/// # Errors
/// Somebody else was first, or it cannot be written.
pub async fn claim(connection: &Connection, check: [u8; 32]) -> Result<LedgerClaim, MoveError> {
    let held = identity::claim_cluster(connection, LedgerClaim::Moving(check)).await?;
    if held.key_hash() == check { Ok(held) } else { Err(FollowStopReason::OtherLedger.into()) }
}

async fn append(connection: &Connection, records: &[Stored]) -> Result<(), MoveError> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
    let before = first.revision.0.checked_sub(1).map(Revision);
    let until = Instant::now() + TRIED;
    let mut was_unsure = false;
    loop {
        let events =
            records.iter().map(|stored| event::to_event(&stored.record, &dedup_key(stored)));
        let name = stream(first).map_or_else(String::new, |stream| stream.stream());
        match connection.append(name, before, events.collect()).await {
            Ok(()) => return Ok(()),
            // A try before this one was written; the comparison at the end looks at every byte.
            Err(CallError::Conflict(Some(actual))) if was_unsure && actual >= last.revision => {
                return Ok(());
            }
            Err(CallError::Conflict(_)) => return Err(MoveError::Differs(first.position)),
            Err(CallError::Final(reason)) => return Err(MoveError::Cluster(reason)),
            Err(trouble) if Instant::now() > until => return Err(trouble.into()),
            Err(trouble) => was_unsure |= matches!(trouble, CallError::Unsure(_)),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Neighbours in parts of at most [`APPEND_BYTES`], a larger record by itself.
fn parts(run: &[Stored]) -> Vec<&[Stored]> {
    let (mut parts, mut begin, mut bytes) = (Vec::new(), 0, 0);
    for (place, stored) in run.iter().enumerate() {
        if place > begin && bytes + stored.record.len() > APPEND_BYTES {
            parts.push(&run[begin..place]);
            (begin, bytes) = (place, 0);
        }
        bytes += stored.record.len();
    }
    parts.push(&run[begin..]);
    parts
}

fn stream(stored: &Stored) -> Option<PersonId> {
    View::new(&stored.record).ok().map(View::stream)
}

fn dedup_key(stored: &Stored) -> DedupKey {
    View::new(&stored.record).expect("checked when the log was opened").dedup_key()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn neighbours_go_together_within_the_size() {
        let stored = |bytes: usize| Stored {
            position: Position::new(1),
            revision: Revision(0),
            record: Bytes::from(vec![0; bytes]),
        };
        let rows: [(&[usize], &[usize]); 4] = [
            (&[10], &[1]),
            (&[APPEND_BYTES / 2, APPEND_BYTES / 2, 1], &[2, 1]),
            (&[APPEND_BYTES * 3, 1, 1], &[1, 2]),
            (&[1, APPEND_BYTES * 3, 1], &[1, 1, 1]),
        ];
        for (sizes, expected) in rows {
            let run: Vec<Stored> = sizes.iter().map(|bytes| stored(*bytes)).collect();
            let lengths: Vec<usize> = parts(&run).iter().map(|part| part.len()).collect();
            assert_eq!(lengths, expected, "{sizes:?}");
        }
    }
}
