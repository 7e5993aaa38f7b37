//! What the client crate's errors mean for us, one by one: whether a retry helps, and whether
//! something may have been written.
//! Always: its texts go to the log at most, because a server may put names of streams in them.

use eventstore::{CurrentRevision, Error};

use crate::domain::id::Revision;

/// What became of a call that gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing was done; the same call helps once the cluster is reached again.
    NotDone(Reason),
    /// It may have been done or not; the same call is safe, and helps.
    Unsure(Reason),
    /// The stream is elsewhere: read again, decide again.
    Conflict(Option<Revision>),
    /// No retry helps until somebody has acted.
    Final(Reason),
}

/// Why, in a word for the log and for whoever acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Another node leads; the client goes there.
    #[error("the node asked does not lead the cluster")]
    NotLeader,
    /// No connection, or it broke.
    #[error("the connection to the cluster broke, or none could be made")]
    Connection,
    /// The node is starting, too busy, failing, or without a leader.
    #[error("the cluster cannot do it now")]
    NotNow,
    /// No answer in time.
    #[error("the cluster gave no answer in time")]
    Deadline,
    /// Look at the credentials and at the rights of the user.
    #[error("the cluster refuses this user: look at the credentials and its rights")]
    Denied,
    /// The cluster takes no append of this size: raise its maximum.
    #[error("the cluster takes no append of this size: raise its MaxAppendSize")]
    TooLarge,
    /// What was asked for is not there, or no longer.
    #[error("the cluster does not have what was asked for")]
    Missing,
    /// A stream was deleted, which nobody may do: restore the cluster.
    #[error("a stream was deleted in the cluster: restore it from its backup")]
    Deleted,
    /// The server is too old, or refuses a call as none.
    #[error(
        "the server does not take this call: EventStoreDB 23.10, KurrentDB, or newer is needed"
    )]
    Unsupported,
    /// It has records and does not say whose: its stream `careLedger` is gone. Restore it.
    #[error(
        "the cluster has records and does not say of which ledger: restore its stream careLedger"
    )]
    Nameless,
    /// The folder beside the cluster is full, busy, or could not be read for a moment.
    #[error("the folder beside the cluster is full or could not be read")]
    Folder,
    /// The client crate failed in itself.
    #[error("the client of the cluster failed in itself")]
    Client,
}

/// Status messages that tell one invalid argument from another (server: RpcExceptions).
const TOO_LARGE: &str = "Maximum Append";
const NO_POSITION: &str = "invalid position";

/// What a read of the log at a place where no record begins is told (server: UnknownError of
/// ReadAllResult).
const NO_RECORD: &str = "InvalidPosition";

impl From<&Error> for Trouble {
    fn from(error: &Error) -> Self {
        match error {
            Error::ServerError(text) if text.contains(NO_RECORD) => Self::NotDone(Reason::Missing),
            // Unavailable, internal, data loss, unknown: the connection may have broken on the way
            // back.
            Error::ServerError(_) => Self::Unsure(Reason::NotNow),
            Error::NotLeaderException(_) => Self::NotDone(Reason::NotLeader),
            // The client's own task has ended, and with it every later call: a new client helps.
            Error::ConnectionClosed | Error::GrpcConnectionError(_) => {
                Self::NotDone(Reason::Connection)
            }
            Error::DeadlineExceeded => Self::Unsure(Reason::Deadline),
            Error::WrongExpectedVersion { current, .. } => Self::Conflict(match current {
                CurrentRevision::Current(revision) => Some(Revision(*revision)),
                CurrentRevision::NoStream => None,
            }),
            Error::AccessDenied => Self::Final(Reason::Denied),
            Error::ResourceDeleted => Self::Final(Reason::Deleted),
            Error::UnsupportedFeature => Self::Final(Reason::Unsupported),
            Error::ResourceNotFound | Error::ResourceAlreadyExists => {
                Self::NotDone(Reason::Missing)
            }
            Error::Grpc { code, message } => grpc(*code as i32, message),
            Error::InternalParsingError(_)
            | Error::InternalClientError
            | Error::IllegalStateError(_) => Self::Unsure(Reason::Client),
            Error::InitializationError(_) => Self::Final(Reason::Client),
        }
    }
}

/// The statuses that the client maps to nothing. Numbers: gRPC, "Status codes".
fn grpc(code: i32, message: &str) -> Trouble {
    match code {
        3 if message.contains(TOO_LARGE) => Trouble::Final(Reason::TooLarge),
        3 if message.contains(NO_POSITION) => Trouble::NotDone(Reason::Missing),
        // Cancelled, aborted (the server's own time-outs of a write): done or not.
        1 | 10 => Trouble::Unsure(Reason::NotNow),
        // Resource exhausted.
        8 => Trouble::NotDone(Reason::NotNow),
        // Invalid argument, failed precondition, out of range: the same again fails again.
        _ => Trouble::Final(Reason::Unsupported),
    }
}

impl Trouble {
    /// Why.
    pub fn reason(self) -> Reason {
        match self {
            Self::NotDone(reason) | Self::Unsure(reason) | Self::Final(reason) => reason,
            Self::Conflict(_) => Reason::NotNow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_says_whether_a_retry_helps() {
        let rows = [
            (1, "", Trouble::Unsure(Reason::NotNow)),
            (3, "Maximum Append Size of 1048576 Exceeded.", Trouble::Final(Reason::TooLarge)),
            (
                3,
                "Event with Id: x, Size: 2, exceeds Maximum Append Event Size of 1.",
                Trouble::Final(Reason::TooLarge),
            ),
            (3, "Trying to read from an invalid position.", Trouble::NotDone(Reason::Missing)),
            (3, "'x' is a required argument", Trouble::Final(Reason::Unsupported)),
            (8, "", Trouble::NotDone(Reason::NotNow)),
            (9, "", Trouble::Final(Reason::Unsupported)),
            (10, "Operation timed out: ", Trouble::Unsure(Reason::NotNow)),
        ];
        for (code, message, expected) in rows {
            assert_eq!(grpc(code, message), expected, "{code} {message}");
        }
        let rows = [
            (Error::ServerError("secret".into()), Trouble::Unsure(Reason::NotNow)),
            (
                Error::ServerError("Unexpected ReadAllResult: InvalidPosition".into()),
                Trouble::NotDone(Reason::Missing),
            ),
            (Error::ConnectionClosed, Trouble::NotDone(Reason::Connection)),
            (Error::DeadlineExceeded, Trouble::Unsure(Reason::Deadline)),
            (Error::AccessDenied, Trouble::Final(Reason::Denied)),
            (Error::ResourceDeleted, Trouble::Final(Reason::Deleted)),
            (Error::UnsupportedFeature, Trouble::Final(Reason::Unsupported)),
            (Error::ResourceNotFound, Trouble::NotDone(Reason::Missing)),
            (Error::ResourceAlreadyExists, Trouble::NotDone(Reason::Missing)),
            (Error::InternalClientError, Trouble::Unsure(Reason::Client)),
            (Error::InitializationError("secret".into()), Trouble::Final(Reason::Client)),
        ];
        for (error, expected) in rows {
            let trouble = Trouble::from(&error);
            assert_eq!(trouble, expected, "{error}");
            assert!(!trouble.reason().to_string().contains("secret"));
        }
    }
}
