//! Where records are kept: the promises that every backend makes, and their words.
//! Always: an append that returned is durable and in its place for good; nothing is ever changed.

pub mod append_size;
pub mod cluster;
pub mod embedded;
pub mod migrate;
pub mod open;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::domain::id::{DedupKey, PersonId, Position, RecordedTime, Revision};
use crate::domain::record::UnstampedRecord;

/// What the stream must be for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is: the backend itself keeps every pair unique in the stream.
    Any,
    /// It has no record yet.
    New,
    /// Its last revision is this.
    At(Revision),
}

/// What a write is tied to, for a backend that is atomic per stream only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// It stands alone.
    Alone,
    /// With the other writes to its stream it is all or none.
    Stream,
    /// The same, and no other write of the append begins before it is done.
    Ahead,
}

/// Records for one stream, in order.
#[derive(Debug, Clone)]
pub struct Write {
    /// The stream.
    pub stream: PersonId,
    /// What it must be. Of the writes of one append to one stream only the first expects anything.
    pub expected: Expected,
    /// What it is tied to.
    pub tie: Tie,
    /// At least one.
    pub records: Vec<UnstampedRecord>,
}

/// What became of one write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Durable, in this order; each with the `recordedtime` that the writer stamped on it.
    Appended(Vec<Stored>),
    /// These records, by place in the write, carry a pair that the log has already. None of the
    /// write was written: find them, compare contents, leave them out, and append the rest.
    AlreadyStored(Vec<usize>),
    /// The stream was not as expected, and none of the write was written. Read again, decide
    /// again.
    Conflict {
        /// Its last revision; `None` for a new stream.
        actual: Option<Revision>,
    },
    /// Another write of the same append was refused, so this one was left out.
    Withheld,
    /// It was not written, or that cannot be known, while another of the same append was: a
    /// cluster is atomic per stream.
    Failed(AppendError),
}

/// Why nothing of an append was written, or why that cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// More is queued than the writer can take: send again later. Nothing was written.
    #[error("the write queue is full")]
    Busy,
    /// No space left: make room, then send again. Nothing was written.
    #[error("the disk is full")]
    DiskFull,
    /// The cluster cannot be reached, or has no leader now: send again later. Nothing was written.
    #[error("the cluster cannot be reached")]
    Unreachable,
    /// The cluster did not say in time whether it was written: send the same again.
    #[error("the cluster did not say whether it was written")]
    Unsure,
    /// The records of one stream are more at once than the cluster takes: send fewer together.
    /// Nothing was written.
    #[error("the cluster takes no append of this size")]
    TooLarge,
    /// The store failed and takes no more writes: restart after looking at the disk. What was not
    /// acknowledged may or may not be there; sending it again is safe.
    #[error("the store has failed and takes no more writes")]
    Failed,
}

impl AppendError {
    /// What is to be told of two failures: that it cannot be known outranks all else.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if other == Self::Unsure { other } else { self }
    }
}

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk or the database failed.
    #[error("the store could not be read")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// This version cannot read the record there: a newer one wrote it, or it is damaged.
    #[error("the record at position {0} cannot be read by this version")]
    Unreadable(Position),
    /// One stream is too long to be answered at once: read the log instead.
    #[error("a stream has more than {limit} records")]
    TooLong {
        /// The most that is answered.
        limit: usize,
    },
}

impl ReadError {
    /// Wraps what the backend said.
    pub fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
}

/// A record as stored, in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its rank in the log.
    pub position: Position,
    /// Its rank in its stream.
    pub revision: Revision,
    /// The latest `recordedtime` among the records up to this one: its own, unless another writer
    /// stamped an earlier record with a later time.
    pub latest_recorded_time: RecordedTime,
    /// Whether a record of another stream carries the same dedup key, as far as the log went when
    /// this record was read.
    pub is_cross_stream_duplicate: bool,
    /// The record's bytes: see [`crate::domain::record`].
    pub record: Bytes,
}

/// Part of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
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
    /// The last write found no space; the next one is tried again.
    DiskFull,
    /// The cluster is not reached at the moment; reads are answered from its copy.
    Unreachable,
    /// The store takes no writes until a person has looked.
    Failed,
    /// The store takes no writes and reads nothing new: only a restart of the process helps.
    Ended,
}

/// How the `recordedtime` of records relates to their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamps {
    /// There is one writer: `recordedtime` rises with position.
    RiseWithPosition,
    /// Several writers each have a clock of their own: `recordedtime` rises within a stream only.
    RiseWithinStream,
}

/// What a store shows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreStatus {
    /// The position of the last record that reads show.
    pub tail: Position,
    /// The latest `recordedtime` among the records up to the tail; 1970 for an empty log.
    pub latest_recorded_time: RecordedTime,
    /// Whether the store takes writes.
    pub condition: Condition,
    /// How `recordedtime` relates to the order of records.
    pub stamps: Stamps,
    /// How often the store reconnected to its cluster; `None`: there is no cluster.
    pub reconnects: Option<u64>,
}

impl StoreStatus {
    /// The status of an empty log that takes writes and has one writer.
    pub const EMPTY: Self = Self {
        tail: Position::START,
        latest_recorded_time: RecordedTime::from_micros(0),
        condition: Condition::Writable,
        stamps: Stamps::RiseWithPosition,
        reconnects: None,
    };
}

/// Tells the `recordedtime` of a record that is written now.
pub type StampClock = Arc<dyn Fn() -> RecordedTime + Send + Sync>;

/// An append-only log of records. Every record lies in one stream as well.
///
/// ```text
/// position               1     2     3     4     5     6     ranks in the log, from 1, no gaps
/// stream and revision   A 0   B 0   A 1   C 0   B 1   A 2    ranks in the stream, from 0, no gaps
/// recordedtime           10    12    17    15    18    19    stamped by the writer
/// latest_recorded_time   10    12    17    17    18    19    never falls with position
///                                                       ▲
///                                                       tail = 6: reads show all up to here
/// ```
/// The record at position 4 shows what only a cluster can do: another writer, whose clock was
/// behind, stamped an earlier time on a later record. With one writer both rows of times are equal.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes records. When this returns [`Outcome::Appended`] the records are durable and ordered.
    ///
    /// Embedded: all or nothing over all writes of one append. A cluster: per stream, and the
    /// outcome of each write says which. Dedup keys are looked up before expectations: a retry
    /// whose answer was lost gets [`Outcome::AlreadyStored`], never [`Outcome::Conflict`]. A retry
    /// of the same append is safe at any time.
    async fn append(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError>;

    /// Reads at most `limit` records of a stream from a revision on. Sees every append that
    /// returned before the call.
    async fn read_stream(
        &self,
        stream: PersonId,
        from: Revision,
        limit: usize,
    ) -> Result<Slice, ReadError>;

    /// Reads at most `limit` records after a position, in the order of the log, up to the tail.
    /// Fewer records come where they are large; none come only at the tail.
    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError>;

    /// Finds for each dedup key all records that carry it, in the order of the log. More than one
    /// carries a key only where two writers of a cluster took it for two streams at once.
    async fn find(&self, dedup_keys: Vec<DedupKey>) -> Result<Vec<Vec<Stored>>, ReadError>;

    /// The status now, and whenever it changes. An append that returned before the call is within
    /// the tail. A store that can no longer say by itself that it ended is looked at by this call.
    fn status(&self) -> watch::Receiver<StoreStatus>;

    /// Reads the record at a position; `None`: the log has none there.
    async fn read_at(&self, position: Position) -> Result<Option<Stored>, ReadError> {
        let Some(previous) = position.previous() else { return Ok(None) };
        Ok(self.read_all(previous, 1).await?.into_iter().next())
    }
}

/// What a folder or cluster holds before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// No ledger has begun there: keys may be drawn for one.
    Nothing,
    /// A ledger has begun there: its keys must be there too.
    Ledger,
}

#[cfg(test)]
mod tests {
    use super::AppendError::{Failed, Unreachable, Unsure};

    #[test]
    fn that_it_cannot_be_known_outranks_all_else() {
        let rows = [
            (Unreachable, Unsure, Unsure),
            (Unsure, Unreachable, Unsure),
            (Failed, Unsure, Unsure),
            (Failed, Unreachable, Failed),
        ];
        for (one, other, expected) in rows {
            assert_eq!(one.or(other), expected, "{one:?} {other:?}");
        }
    }
}
