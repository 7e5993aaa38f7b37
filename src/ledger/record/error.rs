//! Why drafts were not recorded.

use super::receipt::Receipt;
use crate::domain::id::Revision;
use crate::store::{AppendError, ReadError};

/// A batch that was not recorded whole.
#[derive(Debug)]
pub struct Unrecorded {
    /// Why.
    pub why: RecordError,
    /// The receipts of the drafts that were recorded all the same: none with one writer; a cluster
    /// is atomic per person. Sending the whole batch again is safe.
    pub recorded: Vec<Receipt>,
}

impl From<RecordError> for Unrecorded {
    fn from(why: RecordError) -> Self {
        Self { why, recorded: Vec::new() }
    }
}

/// Why a batch was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The drafts at these places carry a (`source`, `id`) that the log has with other content: the
    /// sender must use a new id.
    #[error("a (source, id) is in use with other content")]
    Reused(Vec<usize>),
    /// The stream is not at the revision asked for: read again, decide again.
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
