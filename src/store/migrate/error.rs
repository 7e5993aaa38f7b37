//! Why a ledger did not move.

use std::io;
use std::path::PathBuf;

use crate::domain::id::Position;
use crate::store::ReadError;
use crate::store::cluster::call_error::{CallError, CallFailure};
use crate::store::cluster::follow_error::{FollowError, FollowStopReason};
use crate::store::embedded::FolderOpenError;

/// Why the keys of a ledger could not be read or put into a folder.
pub type KeysError = Box<dyn std::error::Error + Send + Sync>;

/// Why a ledger did not move. What was written stays.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Both ends are clusters: move to a folder first.
    #[error("move it to a folder, and from there to the other")]
    TwoClusters,
    /// Both ends are folders: copy the folder.
    #[error("one of the two is a cluster, esdb://…; a folder is copied as it is")]
    TwoFolders,
    /// The folder holds a replica's copy: name another folder.
    #[error("{} is a replica's folder of a cluster; name another one", .0.display())]
    Replica(PathBuf),
    /// The folder has no ledger to move: look at its path.
    #[error("{} has no ledger", .0.display())]
    Empty(PathBuf),
    /// The keys of the ledger are missing, cannot be read or are another ledger's.
    #[error(transparent)]
    Keys(KeysError),
    /// The folder could not be opened.
    #[error(transparent)]
    Folder(#[from] FolderOpenError),
    /// The folder could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The cluster does not answer: look at the cluster, then run the same move again.
    #[error("the cluster cannot do it now ({0}); run the same again, it goes on where it was")]
    Cluster(CallFailure),
    /// The cluster refuses every call of this process: act on the reason first.
    #[error("the cluster could not be opened: {0}")]
    Refused(CallFailure),
    /// The records of the cluster cannot be taken over: a person has to look.
    #[error(transparent)]
    Stopped(#[from] FollowStopReason),
    /// The two sides have different records at this position: one of them is another ledger's, or
    /// another writer wrote to it. Nothing was written over.
    #[error("folder and cluster have different records at position {0}")]
    Differs(Position),
    /// The cluster has more records than the folder: a service still writes to the cluster.
    #[error("the cluster has more records than the folder ({0}): does somebody still write?")]
    More(u64),
    /// The cluster has fewer records than the folder.
    #[error("the cluster has {found} records, the folder {expected}")]
    Less {
        /// In the cluster.
        found: u64,
        /// In the folder.
        expected: u64,
    },
}

impl MigrateError {
    /// Whether no move is possible between the two sides that the caller named.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::TwoClusters | Self::TwoFolders | Self::Replica(_))
    }

    /// Whether both sides were read and hold different records.
    pub fn is_difference(&self) -> bool {
        matches!(self, Self::Differs(_) | Self::More(_) | Self::Less { .. })
    }
}

impl From<io::Error> for MigrateError {
    fn from(error: io::Error) -> Self {
        Self::Folder(error.into())
    }
}

impl From<CallError> for MigrateError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Final(reason) => Self::Refused(reason),
            error => Self::Cluster(error.reason()),
        }
    }
}

impl From<FollowError> for MigrateError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Call(error) => error.into(),
            FollowError::Stop(reason) => reason.into(),
        }
    }
}
