//! The faults that a test asks for: which kind of call meets which fault, and how often.
//! Always: calls of one kind meet their faults in the order in which the test asked for them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tonic::Status;

use super::status;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// An append to one stream.
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
    /// deadline that the client sent; a call without a deadline hangs.
    HangBeforeCommit,
    /// No answer, and the event is written. The deadline applies as above.
    HangAfterCommit,
    /// UNAVAILABLE, as if the connection broke; nothing is written.
    CutBefore,
    /// UNAVAILABLE, as if the connection broke; and the event is written.
    CutAfter,
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
    /// The normal answer, this much later.
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
            Self::CutBefore | Self::CutAfter => status::cut(),
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

    /// Counts the call and says which fault it meets.
    pub(crate) fn next(&mut self, call: Call) -> Option<Fault> {
        *self.met.entry(call).or_default() += 1;
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
