//! A record as another log has it, and why an import of such records was not written.

use std::io;

use bytes::Bytes;

use crate::domain::id::{PersonId, Revision};
use crate::store::AppendError;

/// A record as the other log has it, next in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// In its stream.
    pub revision: Revision,
    /// Its bytes.
    pub record: Bytes,
}

/// Why nothing of an import was written.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The other log lacks records of a stream, or has some twice: look at it; do not go on.
    #[error("the next revision of a stream is {next}, and the other log gives {}", .found.0)]
    OutOfOrder {
        /// The stream.
        stream: PersonId,
        /// Its next revision here.
        next: u64,
        /// The one given.
        found: Revision,
    },
    /// What the other log gives is no record of this version: use a newer one.
    #[error("the other log has a record that this version cannot read")]
    Unreadable,
    /// The folder was not written.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> Self {
        tracing::error!(error = %error, "the index could not be read for an import");
        Self::Append(AppendError::Failed)
    }
}
