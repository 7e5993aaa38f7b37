//! Why a replica cannot follow the cluster at the moment, or stops following it for good.

use super::call_error::{CallError, CallFailure};
use super::event::UnreadableEvent;
use crate::store::embedded::ImportError;
use crate::store::{AppendError, ReadError};
use crate::work::Causes;

/// Why the cluster is no longer followed: a person has to look before the replica starts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FollowStopReason {
    /// The cluster was restored from an older backup, or is another cluster.
    #[error(
        "the cluster does not have the last record that was read from it: it is another one, or \
         was restored from an older backup"
    )]
    LastRecordMissing,
    /// A stream was truncated, scavenged or deleted, or a node lost part of its log.
    #[error("a record is missing in a stream of the cluster")]
    RecordMissing,
    /// A stream was deleted and written again, or the cluster was restored and then written to.
    #[error("the cluster has another record where it had one before")]
    RecordChanged,
    /// A newer version wrote the record, or the record is damaged.
    #[error("the cluster has a record that this version cannot read")]
    RecordUnreadable,
    /// A ledger is being moved into the cluster, and not all of its records are there yet.
    #[error("a ledger is being moved into the cluster: run the same `migrate` again to its end")]
    MoveUnfinished,
    /// The key in the folder is another ledger's.
    #[error("the cluster holds another ledger than this folder's ledger.keys")]
    OtherLedger,
    /// The folder of the copy could not be written.
    #[error("the folder beside the cluster could not be written")]
    FolderNotWritten,
}

/// Why reading the cluster's log or writing the copy of it failed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum FollowError {
    /// A call to the cluster failed, or the folder of the copy was busy: try again, unless the
    /// call error is final.
    #[error("{}", .0.reason())]
    Call(CallError),
    /// Do not try again: a person has to look.
    #[error(transparent)]
    Stop(#[from] FollowStopReason),
}

impl From<CallError> for FollowError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<UnreadableEvent> for FollowError {
    fn from(_: UnreadableEvent) -> Self {
        Self::Stop(FollowStopReason::RecordUnreadable)
    }
}

impl From<ReadError> for FollowError {
    fn from(error: ReadError) -> Self {
        log_copy_unreadable(&error);
        Self::Call(CallError::NotDone(CallFailure::Folder))
    }
}

/// Logs that the copy could not be read: the errors of the cluster name no cause.
pub fn log_copy_unreadable(error: &ReadError) {
    tracing::error!(error = %Causes(error), "the copy of the cluster's log could not be read");
}

impl From<ImportError> for FollowError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::OutOfOrder { .. } => Self::Stop(FollowStopReason::RecordMissing),
            ImportError::Unreadable => Self::Stop(FollowStopReason::RecordUnreadable),
            ImportError::Append(AppendError::Failed) => {
                Self::Stop(FollowStopReason::FolderNotWritten)
            }
            ImportError::Append(_) => Self::Call(CallError::NotDone(CallFailure::Folder)),
        }
    }
}
