//! Where records are kept: the promises that every backend makes, and their words.
//! Always: an append that returned is durable and in its place for good; nothing is ever changed.

pub mod cluster;
pub mod embedded;
pub mod migrate;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::domain::id::{DedupKey, PersonId, Position, RecordedTime, Revision};
use crate::domain::record::Stamped;

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

/// Writes that stand alone are cut into such as hold about so many bytes: a server may take no more
/// than 1 MiB at once (EventStoreDB, MaxAppendSize, its default for long).
pub const ALONE_BYTES: usize = 256 * 1024;

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
    pub records: Vec<Stamped>,
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

/// Who else writes to a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writers {
    /// Nobody: `recordedtime` rises with position.
    One,
    /// Others, each with a clock of its own: `recordedtime` rises within a stream.
    Several,
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
    /// In the log.
    pub position: Position,
    /// In its stream.
    pub revision: Revision,
    /// `clear ‖ tag ‖ nonce ‖ sealed ‖ recordedtime`.
    pub record: Bytes,
}

/// Part of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// In order of revision.
    pub records: Vec<Stored>,
    /// The stream's last revision; `None`: it does not exist.
    pub last: Option<Revision>,
}

/// The records of several streams that carry the same pair, in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossStreamDuplicate(pub Vec<Stored>);

/// Whether a store takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It does.
    Writable,
    /// The last one found no space; the next is tried again.
    DiskFull,
    /// The cluster is not reached at the moment; what was read of it is answered from.
    Unreachable,
    /// None, until a person has looked.
    Failed,
    /// None, and nothing new is read: only a restart of the process helps.
    Ended,
}

/// An append-only log of records, of which every person's stream is a part.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes records. When this returns [`Outcome::Appended`] they are durable and ordered.
    ///
    /// Embedded: all or nothing over all writes of one append. A cluster: per stream, and the
    /// outcome of each says which. Dedup keys are looked up before expectations: a retry whose
    /// answer was lost gets [`Outcome::AlreadyStored`], never [`Outcome::Conflict`]. A retry of the
    /// same append is safe at any time.
    async fn append(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, AppendError>;

    /// Reads at most `limit` records of a stream from a revision on. Sees every append that
    /// returned before it was called.
    async fn read_stream(
        &self,
        stream: PersonId,
        from: Revision,
        limit: usize,
    ) -> Result<Slice, ReadError>;

    /// Reads at most `limit` records after a position, in the order of the log; fewer where they
    /// are large, none only at its end.
    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError>;

    /// The record that carries each pair, if one does.
    async fn find(&self, dedup_keys: Vec<DedupKey>) -> Result<Vec<Option<Stored>>, ReadError>;

    /// The latest `recordedtime` among the records up to a position; `None`: there is no record at
    /// it. With one writer that is the record's own; writers of a cluster have clocks of their own,
    /// so that it can be an earlier record's.
    async fn known(&self, position: Position) -> Result<Option<RecordedTime>, ReadError>;

    /// The pairs that one of these streams carries and another stream too. With one writer there
    /// are none; two writers of a cluster can take the same pair for two persons at once.
    async fn cross_stream_duplicates(
        &self,
        streams: &[PersonId],
    ) -> Result<Vec<CrossStreamDuplicate>, ReadError>;

    /// The last position, now and whenever it moves.
    fn subscribe(&self) -> watch::Receiver<Position>;

    /// Whether writes are taken.
    fn condition(&self) -> Condition;

    /// Who else writes.
    fn writers(&self) -> Writers {
        Writers::One
    }

    /// How often the way to a cluster was looked for anew; `None`: there is no cluster.
    fn reconnects(&self) -> Option<u64> {
        None
    }
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
