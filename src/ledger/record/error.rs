//! Why drafts were not recorded.

use super::receipt::Receipt;
use crate::domain::id::Revision;
use crate::store::{AppendError, ReadError};

/// Why a batch was not recorded completely, and what was recorded of it.
#[derive(Debug)]
pub struct RecordFailure {
    /// The reason.
    pub why: RecordError,
    /// The receipts of the drafts that were recorded nevertheless. A failed [`Ledger::record`] on
    /// the embedded store has recorded none; on a cluster it may have recorded some, because a
    /// cluster is atomic per stream only. Sending the whole batch again is safe.
    ///
    /// [`Ledger::record`]: crate::ledger::Ledger::record
    pub recorded: Vec<Receipt>,
}

impl From<RecordError> for RecordFailure {
    fn from(why: RecordError) -> Self {
        Self { why, recorded: Vec::new() }
    }
}

/// Why a batch was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The drafts at these indexes have a (`source`, `id`) that the log has with other content. The
    /// sender must use a new id.
    #[error("a (source, id) is in use with other content")]
    Reused(Vec<usize>),
    /// The drafts at these indexes go to a stream of the cluster that holds an event of somebody
    /// else or was deleted. They were not written; the operator must repair the cluster first.
    #[error("a stream of the cluster takes no records any more")]
    Tampered(Vec<usize>),
    /// The stream is not at the expected revision. The sender must read it again and decide again.
    #[error("the stream is at another revision")]
    WrongRevision {
        /// The stream's last revision; `None` for a new stream.
        actual: Option<Revision>,
    },
    /// The store did not write.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}
