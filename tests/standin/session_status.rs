//! The statuses with which a batch-append session answers one write, and goes on.
//! Form: Status.cs and `ConvertMessage` in Streams.BatchAppend.cs of the server, oss-v23.10.6.

use prost::{Message, Name};
use prost_types::Any;

use super::log::Expected;
use super::proto;
use super::proto::google_rpc::{Code, Status};
use super::proto::wrong_expected_version::{
    CurrentStreamRevisionOption as Now, ExpectedStreamPositionOption as Then,
};

/// A status whose details are a message of the package `event_store.client`.
fn with_details(code: Code, name: &str, details: &impl Message) -> Status {
    let type_url = format!("type.googleapis.com/event_store.client.{name}");
    let details = Some(Any { type_url, value: details.encode_to_vec() });
    Status { code: code.into(), message: name.to_owned(), details }
}

/// A status without a code: the server sets only the text of what it did not handle. The code that
/// is left out reads as OK.
fn not_handled(message: &str) -> Status {
    let type_url = <() as Name>::type_url();
    let details = Some(Any { type_url, value: Vec::new() });
    Status { code: Code::Ok.into(), message: message.to_owned(), details }
}

pub(crate) fn not_ready() -> Status {
    not_handled("Server Is Not Ready")
}

pub(crate) fn too_busy() -> Status {
    not_handled("Server Is Busy")
}

pub(crate) fn no_leader_info() -> Status {
    not_handled("No leader info available in response")
}

pub(crate) fn wrong_expected_version(expected: Expected, current: Option<u64>) -> Status {
    let then = match expected {
        Expected::Any => Then::ExpectedAny(()),
        Expected::StreamExists => Then::ExpectedStreamExists(()),
        Expected::NoStream => Then::ExpectedNoStream(()),
        Expected::Revision(revision) => Then::ExpectedStreamPosition(revision),
    };
    let now = current.map_or(Now::CurrentNoStream(()), Now::CurrentStreamRevision);
    let details = proto::WrongExpectedVersion {
        current_stream_revision_option: Some(now),
        expected_stream_position_option: Some(then),
    };
    with_details(Code::AlreadyExists, "WrongExpectedVersion", &details)
}

pub(crate) fn access_denied() -> Status {
    with_details(Code::PermissionDenied, "AccessDenied", &proto::AccessDenied {})
}

pub(crate) fn stream_deleted(stream: proto::StreamIdentifier) -> Status {
    let details = proto::StreamDeleted { stream_identifier: Some(stream) };
    with_details(Code::NotFound, "StreamDeleted", &details)
}

/// A phase of the write timed out, or the parts of the write did not come in time.
pub(crate) fn timeout() -> Status {
    with_details(Code::DeadlineExceeded, "Timeout", &proto::Timeout {})
}

pub(crate) fn too_large(bytes_max: usize) -> Status {
    let max_append_size = u32::try_from(bytes_max).unwrap_or(u32::MAX);
    let details = proto::MaximumAppendSizeExceeded { max_append_size };
    with_details(Code::InvalidArgument, "MaximumAppendSizeExceeded", &details)
}

pub(crate) fn bad_request(why: &str) -> Status {
    let details = proto::BadRequest { message: why.to_owned() };
    with_details(Code::InvalidArgument, "BadRequest", &details)
}
