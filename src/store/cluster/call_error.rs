//! The meaning of an error of the client crate: whether a retry helps, and whether the call may
//! have written something.
//! Always: no text of the server is passed on, because a server may put names of streams in it.

use eventstore::{CurrentRevision, Error};

use super::node_fault::NodeFault;
use crate::domain::id::Revision;

/// Why a call to the cluster failed, by what the caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallError {
    /// Nothing was written: make the same call again once the cluster answers.
    NotDone(CallFailure),
    /// The write may or may not have happened: make the same call again, which is safe.
    Unsure(CallFailure),
    /// The stream is at this revision and not at the expected one: read again, decide again.
    Conflict(Option<Revision>),
    /// No retry helps until a person has acted on the reason.
    Final(CallFailure),
}

/// Why an append of a session failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionError {
    /// The stream is at another revision than the expected one; the session does not say at which.
    WrongRevision,
    /// Any other error.
    Call(CallError),
}

/// Why a call failed, as a sentence for the log and for the person who acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// Another node leads: the client crate goes there by itself.
    #[error("the node asked does not lead the cluster")]
    NotLeader,
    /// No connection could be made, or the connection broke.
    #[error("the connection to the cluster broke, or none could be made")]
    Connection,
    /// Another append of the session failed, which ended the session.
    #[error("the session of appends ended before the cluster had answered")]
    SessionEnded,
    /// No node can be talked to: wait, or act on the reason.
    #[error("{0}")]
    Node(NodeFault),
    /// The nodes answer, and none of them leads: they are starting, or too few of them run.
    #[error(
        "the cluster has no leader yet: start more than half of its nodes, and look at their logs \
         if they run"
    )]
    NoLeader,
    /// The node is too busy or failing.
    #[error("the cluster cannot do it now")]
    NotNow,
    /// No answer came in time.
    #[error("the cluster gave no answer in time")]
    Deadline,
    /// The user may not do this: look at the credentials and at the user's rights.
    #[error("the cluster refuses this user: look at the credentials and its rights")]
    Denied,
    /// The append is too large: raise the cluster's maximum.
    #[error("the cluster takes no append of this size: raise its MaxAppendSize")]
    TooLarge,
    /// The stream or the position does not exist, or no longer exists.
    #[error("the cluster does not have what was asked for")]
    Missing,
    /// A stream was deleted, which must never happen: restore the cluster.
    #[error("a stream was deleted in the cluster: restore it from its backup")]
    Deleted,
    /// The server is too old for this version: upgrade the server.
    #[error(
        "the server does not take this call: EventStoreDB 23.10, KurrentDB, or newer is needed"
    )]
    Unsupported,
    /// The stream `careLedger`, which names the ledger, is gone: restore it.
    #[error(
        "the cluster has records and does not say of which ledger: restore its stream careLedger"
    )]
    Unclaimed,
    /// An earlier build, which was never released, wrote the cluster's ledger.
    #[error(
        "an earlier version wrote the ledger in the cluster, in a format that this version does \
         not read: keep the cluster for that version, and name an empty one"
    )]
    OlderFormat,
    /// The folder of the copy is full, busy, or could not be read for a moment.
    #[error("the folder beside the cluster is full or could not be read")]
    Folder,
    /// The client crate failed.
    #[error("the client of the cluster failed in itself")]
    Client,
}

/// Parts of status messages that distinguish invalid arguments (server: RpcExceptions).
const TOO_LARGE: &str = "Maximum Append";
const NO_POSITION: &str = "invalid position";

/// The server's answers while a node starts or knows no leader (server: RpcExceptions).
const NO_LEADER: [&str; 2] = ["Server Is Not Ready", "No leader info available"];

/// Part of the server's answer to a read at a position where no event begins (server:
/// UnknownError of ReadAllResult).
const NO_RECORD: &str = "InvalidPosition";

impl From<&Error> for CallError {
    fn from(error: &Error) -> Self {
        match error {
            Error::ServerError(text) if text.contains(NO_RECORD) => {
                Self::NotDone(CallFailure::Missing)
            }
            Error::ServerError(text) if NO_LEADER.iter().any(|part| text.contains(part)) => {
                Self::Unsure(CallFailure::NoLeader)
            }
            // Unavailable, internal, data loss, unknown: the connection may have broken while the
            // answer was on its way.
            Error::ServerError(_) => Self::Unsure(CallFailure::NotNow),
            Error::NotLeaderException(_) => Self::NotDone(CallFailure::NotLeader),
            // The client's task has ended, so each later call fails as well: a new client helps.
            Error::ConnectionClosed | Error::GrpcConnectionError(_) => {
                Self::NotDone(CallFailure::Connection)
            }
            Error::DeadlineExceeded => Self::Unsure(CallFailure::Deadline),
            Error::WrongExpectedVersion { current, .. } => Self::Conflict(match current {
                CurrentRevision::Current(revision) => Some(Revision(*revision)),
                CurrentRevision::NoStream => None,
            }),
            Error::AccessDenied => Self::Final(CallFailure::Denied),
            Error::ResourceDeleted => Self::Final(CallFailure::Deleted),
            Error::UnsupportedFeature => Self::Final(CallFailure::Unsupported),
            Error::ResourceNotFound | Error::ResourceAlreadyExists => {
                Self::NotDone(CallFailure::Missing)
            }
            Error::Grpc { code, message } => from_status(*code as i32, message),
            Error::InternalParsingError(_)
            | Error::InternalClientError
            | Error::IllegalStateError(_) => Self::Unsure(CallFailure::Client),
            Error::InitializationError(_) => Self::Final(CallFailure::Client),
        }
    }
}

/// The statuses that the client crate passes on unmapped. Numbers: gRPC, "Status codes".
fn from_status(code: i32, message: &str) -> CallError {
    match code {
        3 if message.contains(TOO_LARGE) => CallError::Final(CallFailure::TooLarge),
        3 if message.contains(NO_POSITION) => CallError::NotDone(CallFailure::Missing),
        // Cancelled, aborted (the server's own time-outs of a write): written or not.
        1 | 10 => CallError::Unsure(CallFailure::NotNow),
        // Resource exhausted.
        8 => CallError::NotDone(CallFailure::NotNow),
        // Invalid argument, failed precondition, out of range: the same call fails again.
        _ => CallError::Final(CallFailure::Unsupported),
    }
}

/// What the client crate says where a session had ended before it had the answer.
const SESSION_CLOSED: &str = "Batch-append stream has been closed";

/// Part of the messages of an append of a session that is too large (server: Status).
const TOO_LARGE_IN_SESSION: &str = "MaximumAppend";

impl From<&Error> for SessionError {
    /// The answer to one append has a code of its own. Every other error is one of the session,
    /// which the crate tells to whoever waits: an append on its way may have been written.
    fn from(error: &Error) -> Self {
        Self::Call(match error {
            Error::Grpc { code, message } => return from_answer(*code as i32, message),
            Error::ServerError(text) if text.contains(SESSION_CLOSED) => {
                CallError::Unsure(CallFailure::SessionEnded)
            }
            _ => match CallError::from(error) {
                error @ CallError::Final(_) => error,
                error => CallError::Unsure(error.reason()),
            },
        })
    }
}

/// The codes of the answers to an append of a session (server: Streams.BatchAppend, Status).
fn from_answer(code: i32, message: &str) -> SessionError {
    SessionError::Call(match code {
        // Not ready, too busy, no leader: the server gives no code.
        0 => CallError::NotDone(CallFailure::NotNow),
        3 if message.contains(TOO_LARGE_IN_SESSION) => CallError::Final(CallFailure::TooLarge),
        // Invalid argument, failed precondition: the same append fails again.
        3 | 9 => CallError::Final(CallFailure::Unsupported),
        4 => CallError::Unsure(CallFailure::Deadline),
        5 => CallError::Final(CallFailure::Deleted),
        6 => return SessionError::WrongRevision,
        7 => CallError::Final(CallFailure::Denied),
        _ => CallError::Unsure(CallFailure::NotNow),
    })
}

impl CallError {
    /// Why the call failed.
    pub fn reason(self) -> CallFailure {
        match self {
            Self::NotDone(reason) | Self::Unsure(reason) | Self::Final(reason) => reason,
            Self::Conflict(_) => CallFailure::NotNow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_in_a_session_says_whether_a_retry_helps() {
        let answer = |code: i32, message: &str| {
            let (code, message) = (code.into(), message.to_owned());
            SessionError::from(&Error::Grpc { code, message })
        };
        let rows = [
            (0, "Server Is Not Ready", CallError::NotDone(CallFailure::NotNow)),
            (3, "MaximumAppendSizeExceeded", CallError::Final(CallFailure::TooLarge)),
            (3, "MaximumAppendEventSizeExceeded", CallError::Final(CallFailure::TooLarge)),
            (3, "BadRequest", CallError::Final(CallFailure::Unsupported)),
            (4, "Timeout", CallError::Unsure(CallFailure::Deadline)),
            (5, "StreamDeleted", CallError::Final(CallFailure::Deleted)),
            (7, "AccessDenied", CallError::Final(CallFailure::Denied)),
            (9, "InvalidTransaction", CallError::Final(CallFailure::Unsupported)),
            (2, "Unknown", CallError::Unsure(CallFailure::NotNow)),
            (13, "secret", CallError::Unsure(CallFailure::NotNow)),
        ];
        for (code, message, expected) in rows {
            assert_eq!(answer(code, message), SessionError::Call(expected), "{code} {message}");
        }
        assert_eq!(answer(6, "WrongExpectedVersion"), SessionError::WrongRevision);
    }

    #[test]
    fn an_error_of_the_session_leaves_every_append_unsure() {
        let closed = format!("status: Cancelled, message: {SESSION_CLOSED:?}");
        let leader = eventstore::Endpoint { host: "secret".into(), port: 1 };
        let rows = [
            (Error::ServerError(closed), CallError::Unsure(CallFailure::SessionEnded)),
            (Error::ServerError("secret".into()), CallError::Unsure(CallFailure::NotNow)),
            (Error::NotLeaderException(leader), CallError::Unsure(CallFailure::NotLeader)),
            (Error::ConnectionClosed, CallError::Unsure(CallFailure::Connection)),
            (Error::AccessDenied, CallError::Final(CallFailure::Denied)),
        ];
        for (error, expected) in rows {
            assert_eq!(SessionError::from(&error), SessionError::Call(expected), "{error}");
        }
    }

    #[test]
    fn each_status_says_whether_a_retry_helps() {
        let rows = [
            (1, "", CallError::Unsure(CallFailure::NotNow)),
            (
                3,
                "Maximum Append Size of 1048576 Exceeded.",
                CallError::Final(CallFailure::TooLarge),
            ),
            (
                3,
                "Event with Id: x, Size: 2, exceeds Maximum Append Event Size of 1.",
                CallError::Final(CallFailure::TooLarge),
            ),
            (
                3,
                "Trying to read from an invalid position.",
                CallError::NotDone(CallFailure::Missing),
            ),
            (3, "'x' is a required argument", CallError::Final(CallFailure::Unsupported)),
            (8, "", CallError::NotDone(CallFailure::NotNow)),
            (9, "", CallError::Final(CallFailure::Unsupported)),
            (10, "Operation timed out: ", CallError::Unsure(CallFailure::NotNow)),
        ];
        for (code, message, expected) in rows {
            assert_eq!(from_status(code, message), expected, "{code} {message}");
        }
        let rows = [
            (Error::ServerError("secret".into()), CallError::Unsure(CallFailure::NotNow)),
            (
                Error::ServerError("status: Unavailable, \"Server Is Not Ready\"".into()),
                CallError::Unsure(CallFailure::NoLeader),
            ),
            (
                Error::ServerError("Unexpected ReadAllResult: InvalidPosition".into()),
                CallError::NotDone(CallFailure::Missing),
            ),
            (Error::ConnectionClosed, CallError::NotDone(CallFailure::Connection)),
            (Error::DeadlineExceeded, CallError::Unsure(CallFailure::Deadline)),
            (Error::AccessDenied, CallError::Final(CallFailure::Denied)),
            (Error::ResourceDeleted, CallError::Final(CallFailure::Deleted)),
            (Error::UnsupportedFeature, CallError::Final(CallFailure::Unsupported)),
            (Error::ResourceNotFound, CallError::NotDone(CallFailure::Missing)),
            (Error::ResourceAlreadyExists, CallError::NotDone(CallFailure::Missing)),
            (Error::InternalClientError, CallError::Unsure(CallFailure::Client)),
            (Error::InitializationError("secret".into()), CallError::Final(CallFailure::Client)),
        ];
        for (error, expected) in rows {
            let call_error = CallError::from(&error);
            assert_eq!(call_error, expected, "{error}");
            assert!(!call_error.reason().to_string().contains("secret"));
        }
    }
}
