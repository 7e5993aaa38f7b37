//! The trait [`Store`]: what every backend guarantees, and the types that the trait uses.
//! Always: once an append returns [`Outcome::Appended`], its records are durable and keep their
//! positions; no record is ever changed.

pub mod append_size;
pub mod cluster;
pub mod embedded;
pub mod harm;
pub mod migrate;
pub mod open;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::domain::id::{DedupKey, Position, RecordedTime, Revision};
use crate::domain::record::{UnstampedRecord, View};
use crate::domain::stream::Stream;

use self::harm::HarmedStreams;

/// The state that a stream must have for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Any state. Even then the backend never stores a dedup key twice in one stream.
    Any,
    /// The stream has no record yet.
    New,
    /// The last revision of the stream is this one.
    At(Revision),
}

/// Which writes of one append succeed or fail together in a cluster. The embedded store writes all
/// writes of an append or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendGroup {
    /// This write alone.
    Alone,
    /// All writes of the append to the same stream.
    WithStream,
    /// All writes of the append to the same stream; other streams are written only afterwards.
    WithStreamFirst,
}

/// Records for one stream, in order.
#[derive(Debug, Clone)]
pub struct Write {
    /// The stream.
    pub stream: Stream,
    /// The state that the stream must have before the write. If one append has several writes to
    /// a stream, only the first of them may expect anything but [`Expected::Any`].
    pub expected: Expected,
    /// The other writes that must succeed with this one.
    pub group: AppendGroup,
    /// At least one record.
    pub records: Vec<UnstampedRecord>,
}

/// The result of one write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The records are durable, in this order; each has the `recordedtime` that the writer stamped.
    Appended(Vec<Stored>),
    /// The log already holds the dedup keys of these records (indexes into the write). Nothing of
    /// the write was stored. The caller reads the stored records, compares contents, and appends
    /// the rest.
    AlreadyStored(Vec<usize>),
    /// The stream did not have the expected state, and nothing of the write was stored. The caller
    /// reads the stream again and decides again.
    Conflict {
        /// The last revision of the stream; `None` for a new stream.
        actual: Option<Revision>,
    },
    /// The stream takes no records any more: see [`harm::StreamHarm::is_tampered`]. Nothing of the
    /// write was stored. Only a cluster gives this outcome.
    Tampered,
    /// Another write of the same append was refused, so this one was left out.
    Withheld,
    /// This write failed although another write of the same append was stored. The error says
    /// whether this write may be stored too. Only a cluster gives this outcome, because a cluster
    /// is atomic per stream only.
    Failed(AppendError),
}

/// Why an append failed. After `Unsure` and `Failed`, its records may be stored nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The writer's queue is full: send again later. Nothing was written.
    #[error("the write queue is full")]
    Busy,
    /// No space left: make room, then send again. Nothing was written.
    #[error("the disk is full")]
    DiskFull,
    /// The cluster cannot be reached, or has no leader now: send again later. Nothing was written.
    #[error("the cluster cannot be reached")]
    Unreachable,
    /// The cluster did not confirm the append in time. The caller sends the same append again.
    #[error("the cluster did not say whether it was written")]
    Unsure,
    /// The append has more bytes for one stream than the cluster accepts: send fewer records at
    /// once. Nothing was written.
    #[error("the cluster takes no append of this size")]
    TooLarge,
    /// The store failed and takes no more writes. Check the disk, then restart. Records that were
    /// not acknowledged may be stored or not; sending them again is safe.
    #[error("the store has failed and takes no more writes")]
    Failed,
}

impl AppendError {
    /// Picks which of two failures to report: `Unsure` if one of them is `Unsure`, else the first.
    #[must_use]
    pub fn most_uncertain(self, other: Self) -> Self {
        if other == Self::Unsure { other } else { self }
    }
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk or the database failed.
    #[error("the store could not be read")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// This version of the program cannot read the record at this position: a newer version wrote
    /// the record, or the record is damaged.
    #[error("the record at position {0} cannot be read by this version")]
    Unreadable(Position),
    /// A stream has too many records for one answer. The caller reads the log in pages instead.
    #[error("a stream has more than {limit} records")]
    TooLong {
        /// The largest number of records in one answer.
        limit: usize,
    },
}

impl ReadError {
    /// Wraps the error of a backend.
    pub fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
}

/// A record with its position in the log and its revision in its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The record's number in the log.
    pub position: Position,
    /// The record's number in its stream.
    pub revision: Revision,
    /// The latest `recordedtime` of all records up to this position. This is the record's own
    /// time, unless another writer's clock gave an earlier record a later time.
    pub latest_recorded_time: RecordedTime,
    /// Whether a record of another stream had the same dedup key when this record was read.
    pub is_cross_stream_duplicate: bool,
    /// The record's bytes: see [`crate::domain::record`].
    pub record: Bytes,
}

impl Stored {
    /// Reads the record's bytes in place.
    fn view(&self) -> View<'_> {
        View::new(&self.record)
            .expect("laid out by UnstampedRecord, or checked when the log was opened")
    }

    /// The dedup key of the record.
    fn dedup_key(&self) -> DedupKey {
        self.view().dedup_key()
    }
}

/// Consecutive records of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSlice {
    /// Records in order of revision.
    pub records: Vec<Stored>,
    /// The stream's last revision; `None`: the stream does not exist.
    pub last: Option<Revision>,
}

/// Whether a store takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The store takes writes.
    Writable,
    /// The last write found no space on the disk. The next write is tried nevertheless.
    DiskFull,
    /// The cluster cannot be reached at the moment; reads are answered from the local copy.
    Unreachable,
    /// The store takes no writes until an operator repairs the cause and restarts the process.
    Failed,
    /// The store takes no writes and receives no new records. Only a restart of the process helps.
    Ended,
}

/// Whether `recordedtime` rises in the whole log, or only within each stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedTimeOrder {
    /// There is one writer: `recordedtime` rises with position.
    RisesInLog,
    /// Each of several writers has its own clock: `recordedtime` rises within a stream only.
    RisesInStream,
}

/// The status of a store: how far its log goes and whether it takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreStatus {
    /// The position of the last record that reads show.
    pub tail: Position,
    /// The latest `recordedtime` among the records up to the tail; 1970 for an empty log.
    pub latest_recorded_time: RecordedTime,
    /// Whether the store takes writes.
    pub condition: Condition,
    /// Whether `recordedtime` rises in the whole log, or only within each stream.
    pub recorded_time_order: RecordedTimeOrder,
    /// How often the store reconnected to its cluster; `None`: there is no cluster.
    pub reconnects: Option<u64>,
}

impl StoreStatus {
    /// The status of an empty log that takes writes and has one writer.
    pub const EMPTY: Self = Self {
        tail: Position::START,
        latest_recorded_time: RecordedTime::from_micros(0),
        condition: Condition::Writable,
        recorded_time_order: RecordedTimeOrder::RisesInLog,
        reconnects: None,
    };
}

/// Whether a ledger has begun in a folder or cluster that is about to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerPresence {
    /// No ledger has begun there: new keys may be drawn.
    Absent,
    /// A ledger has begun there: the keys must be there too.
    Begun,
}

/// The clock of the writer: gives the `recordedtime` for a record that is being written.
pub type StampClock = Arc<dyn Fn() -> RecordedTime + Send + Sync>;

/// An append-only log of records. Every record also belongs to one stream.
///
/// ```text
/// position               1     2     3     4     5     6     numbers in the log, from 1, no gaps
/// stream and revision   A 0   B 0   A 1   C 0   B 1   A 2    numbers in the stream, from 0
/// recordedtime           10    12    17    15    18    19    stamped by the writer
/// latest_recorded_time   10    12    17    17    18    19    never falls with position
///                                                       ▲
///                                                       tail = 6: reads show all up to here
/// ```
/// Position 4 happens in a cluster only: a second writer, whose clock was slow, gave a later record
/// an earlier time. With one writer, `recordedtime` and `latest_recorded_time` are always equal.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes records. When this returns [`Outcome::Appended`] the records are durable and ordered.
    ///
    /// The embedded store writes all writes of one append or none. A cluster is atomic for the
    /// writes of one [`AppendGroup`]; the outcome of each write says what happened. Dedup keys are
    /// checked before expectations, so a retry whose answer was lost gets
    /// [`Outcome::AlreadyStored`], never [`Outcome::Conflict`]. A retry of the same append is safe
    /// at any time.
    async fn append(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError>;

    /// Reads at most `limit` records of a stream from a revision on. Sees every append that
    /// returned before the call.
    async fn read_stream(
        &self,
        stream: &Stream,
        from: Revision,
        limit: usize,
    ) -> Result<StreamSlice, ReadError>;

    /// Reads at most `limit` records after a position, in the order of the log, up to the tail.
    /// Returns fewer than `limit` if the records are large. No record means that `after` is the
    /// tail.
    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError>;

    /// Finds for each dedup key all records that carry the key, in the order of the log. Two
    /// records carry the same key only if two writers of a cluster stored the same event in two
    /// streams at the same time.
    async fn find(&self, dedup_keys: Vec<DedupKey>) -> Result<Vec<Vec<Stored>>, ReadError>;

    /// The status now, and whenever it changes. The tail includes every append that returned before
    /// the call. A stuck thread reports nothing, so for a cluster this call itself checks whether
    /// the thread that follows the cluster is stuck.
    fn status(&self) -> watch::Receiver<StoreStatus>;

    /// The streams of the cluster to which somebody else did something; none for a folder. A stream
    /// of a facility or a project may be another program's: then it holds no record.
    fn harmed_streams(&self) -> Arc<HarmedStreams> {
        Arc::default()
    }

    /// Reads the record at a position; `None`: the log has none there.
    async fn read_at(&self, position: Position) -> Result<Option<Stored>, ReadError> {
        let Some(previous) = position.previous() else { return Ok(None) };
        Ok(self.read_all(previous, 1).await?.into_iter().next())
    }
}

#[cfg(test)]
mod tests {
    use super::AppendError::{Failed, Unreachable, Unsure};

    #[test]
    fn unsure_is_reported_before_all_others() {
        let rows = [
            (Unreachable, Unsure, Unsure),
            (Unsure, Unreachable, Unsure),
            (Failed, Unsure, Unsure),
            (Failed, Unreachable, Failed),
        ];
        for (one, other, expected) in rows {
            assert_eq!(one.most_uncertain(other), expected, "{one:?} {other:?}");
        }
    }
}
