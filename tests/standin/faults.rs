//! The faults that a test asks for: which kind of call meets which fault, and how often.
//! Always: calls of one kind meet their faults in the order in which the test asked for them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tonic::Status;

use super::proto::StreamIdentifier;
use super::proto::google_rpc::Status as WriteStatus;
use super::{session_status, status};

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// An append to one stream, as a call of its own or as a write of a batch-append session.
    Append,
    /// A read of one stream with a count.
    ReadStream,
    /// A read of `$all` with a count.
    ReadAll,
    /// A subscription to `$all`.
    Subscribe,
    /// A read of the gossip, which finds the nodes.
    Gossip,
    /// The question for the server's version and methods, the first on each connection.
    Features,
}

/// What goes wrong with a call. For a call that writes nothing, a fault after the commit equals the
/// fault before it. A call that a fault cannot apply to is answered normally.
///
/// The statuses named here are those of a call of its own. A write of a batch-append session gets
/// the server's answer for its correlation id instead (`session_status`). What breaks a connection
/// ends the session, and so does UNAUTHENTICATED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// UNAVAILABLE, "Server Is Not Ready"; nothing is written.
    NotReady,
    /// UNAVAILABLE, "Server Is Too Busy"; nothing is written.
    TooBusy,
    /// ABORTED, "Operation timed out: Prepare phase timeout."; nothing is written.
    Timeout,
    /// ABORTED, "Operation timed out: Commit phase timeout."; and the event is written.
    TimeoutAfterCommit,
    /// No answer, and nothing is written. Like the real server, the stand-in ends the call at the
    /// deadline that the client sent; a call without a deadline hangs. A session goes on.
    HangBeforeCommit,
    /// No answer, and the event is written. The deadline applies as above.
    HangAfterCommit,
    /// UNAVAILABLE, as if the connection broke; nothing is written.
    CutBefore,
    /// UNAVAILABLE, as if the connection broke; and the event is written.
    CutAfter,
    /// UNAVAILABLE, as if the connection broke. Of the writes that are on their way in a session,
    /// the first half is written (rounded down, so a lone append is not); none is answered.
    CutHalfway,
    /// UNKNOWN, "No leader info available in response"; nothing is written.
    NoLeaderInfo,
    /// An append is refused with the stream's true revision, whatever it expected.
    WrongExpectedVersion,
    /// PERMISSION_DENIED; nothing is written.
    AccessDenied,
    /// UNAUTHENTICATED; nothing is written.
    Unauthenticated,
    /// INVALID_ARGUMENT, the maximum append size exceeded; nothing is written.
    TooLarge,
    /// FAILED_PRECONDITION, the stream is deleted; nothing is written.
    StreamDeleted,
    /// INVALID_ARGUMENT, "Trying to read from an invalid position."
    InvalidPosition,
    /// The normal answer, this much later. In a session the writes behind this one wait too.
    Late(Duration),
    /// A read or subscription ends UNAVAILABLE after this many messages, confirmation included.
    DropAfter(usize),
    /// A read or subscription ends with status OK after this many events.
    EndAfter(usize),
    /// A subscription stays open and sends nothing after this many events.
    MuteAfter(usize),
    /// A subscription starts with the last event at or before the asked position.
    Repeat,
    /// A subscription is confirmed and then sends nothing.
    Silent,
}

/// When a fault takes the place of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Instead of the work.
    Before,
    /// After the work, instead of its answer.
    After,
}

impl Fault {
    /// When the fault takes the place of the answer; `None`: never.
    pub(crate) fn moment(self) -> Option<Moment> {
        match self {
            Self::TimeoutAfterCommit | Self::HangAfterCommit | Self::CutAfter => {
                Some(Moment::After)
            }
            Self::WrongExpectedVersion
            | Self::Late(_)
            | Self::DropAfter(_)
            | Self::EndAfter(_)
            | Self::MuteAfter(_)
            | Self::Repeat
            | Self::Silent => None,
            _ => Some(Moment::Before),
        }
    }

    /// The status that takes the place of the answer. A hanging call gets none.
    pub(crate) async fn answer(self, stream: &str, append_bytes_max: usize) -> Status {
        match self {
            Self::NotReady => status::not_ready(),
            Self::TooBusy => status::too_busy(),
            Self::Timeout => status::timeout("Prepare phase timeout."),
            Self::TimeoutAfterCommit => status::timeout("Commit phase timeout."),
            Self::NoLeaderInfo => status::no_leader_info(),
            Self::AccessDenied => status::access_denied(),
            Self::Unauthenticated => status::unauthenticated(),
            Self::TooLarge => status::too_large(append_bytes_max),
            Self::StreamDeleted => status::stream_deleted(stream),
            Self::InvalidPosition => status::invalid_position(),
            Self::CutBefore | Self::CutAfter | Self::CutHalfway => status::cut(),
            Self::HangBeforeCommit | Self::HangAfterCommit => std::future::pending().await,
            Self::WrongExpectedVersion
            | Self::Late(_)
            | Self::DropAfter(_)
            | Self::EndAfter(_)
            | Self::MuteAfter(_)
            | Self::Repeat
            | Self::Silent => unreachable!("these have no moment"),
        }
    }
}

impl Fault {
    /// What a write of a session gets in place of its answer: a status for its correlation id, or
    /// nothing. An error ends the session.
    pub(crate) fn answer_in_session(
        self,
        stream: &StreamIdentifier,
        append_bytes_max: usize,
    ) -> Result<Option<WriteStatus>, Status> {
        match self {
            Self::NotReady => Ok(Some(session_status::not_ready())),
            Self::TooBusy => Ok(Some(session_status::too_busy())),
            Self::Timeout | Self::TimeoutAfterCommit => Ok(Some(session_status::timeout())),
            Self::NoLeaderInfo => Ok(Some(session_status::no_leader_info())),
            Self::AccessDenied => Ok(Some(session_status::access_denied())),
            Self::TooLarge => Ok(Some(session_status::too_large(append_bytes_max))),
            Self::StreamDeleted => Ok(Some(session_status::stream_deleted(stream.clone()))),
            Self::HangBeforeCommit | Self::HangAfterCommit => Ok(None),
            Self::Unauthenticated => Err(status::unauthenticated()),
            Self::InvalidPosition => Err(status::invalid_position()),
            Self::CutBefore | Self::CutAfter | Self::CutHalfway => Err(status::cut()),
            Self::WrongExpectedVersion
            | Self::Late(_)
            | Self::DropAfter(_)
            | Self::EndAfter(_)
            | Self::MuteAfter(_)
            | Self::Repeat
            | Self::Silent => unreachable!("these have no moment"),
        }
    }
}

/// The faults to come, and how many calls came so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    to_come: HashMap<Call, VecDeque<(Fault, usize)>>,
    met: HashMap<Call, usize>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault, call: Call, times: usize) {
        self.to_come.entry(call).or_default().push_back((fault, times));
    }

    /// Counts a call that meets no fault.
    pub(crate) fn count(&mut self, call: Call) {
        *self.met.entry(call).or_default() += 1;
    }

    /// Counts the call and says which fault it meets.
    pub(crate) fn next(&mut self, call: Call) -> Option<Fault> {
        self.count(call);
        let queue = self.to_come.get_mut(&call)?;
        queue.retain(|(_, times)| *times > 0);
        let (fault, times) = queue.front_mut()?;
        *times -= 1;
        Some(*fault)
    }

    pub(crate) fn calls(&self, call: Call) -> usize {
        self.met.get(&call).copied().unwrap_or_default()
    }

    pub(crate) fn clear(&mut self) {
        self.to_come.clear();
    }
}
