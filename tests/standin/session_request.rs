//! The parts of a BatchAppend request, and the words of the server for what is invalid in them.
//! Form: Streams.BatchAppend.cs and Event.cs of the server, oss-v23.10.6.

use std::time::{Duration, SystemTime};

use super::append::{kept_content_type, parse_id};
use super::log::{Expected, Proposed};
use super::proto::google_rpc::Status as WriteStatus;
use super::proto::streams::batch_append_req::ProposedMessage;
use super::proto::streams::batch_append_req::options::{DeadlineOption, ExpectedStreamPosition};
use super::session_status;

/// How long the client wants to wait for the answer. A deadline that has passed is no time.
pub(crate) fn parse_deadline(deadline: Option<DeadlineOption>) -> Duration {
    match deadline {
        None => Duration::MAX,
        Some(DeadlineOption::Deadline(wait)) => Duration::try_from(wait).unwrap_or_default(),
        Some(DeadlineOption::Deadline21100(at)) => SystemTime::try_from(at)
            .ok()
            .and_then(|at| at.duration_since(SystemTime::now()).ok())
            .unwrap_or_default(),
    }
}

pub(crate) fn parse_expected(
    expected: Option<ExpectedStreamPosition>,
) -> Result<Expected, WriteStatus> {
    match expected {
        Some(ExpectedStreamPosition::StreamPosition(revision)) => Ok(Expected::Revision(revision)),
        Some(ExpectedStreamPosition::NoStream(())) => Ok(Expected::NoStream),
        Some(ExpectedStreamPosition::Any(())) => Ok(Expected::Any),
        Some(ExpectedStreamPosition::StreamExists(())) => Ok(Expected::StreamExists),
        None => Err(session_status::bad_request(
            "Status(StatusCode=\"InvalidArgument\", Detail=\"'None' is not a valid \
             EventStore.Client.Streams.BatchAppendReq+Types+Options\
             +ExpectedStreamPositionOneofCase\")",
        )),
    }
}

pub(crate) fn parse_event(message: ProposedMessage) -> Result<Proposed, &'static str> {
    let property =
        |key| message.metadata.get(key).ok_or("The given key was not present in the dictionary.");
    let id = message.id.and_then(parse_id).ok_or("Value cannot be null. (Parameter 'dto')")?;
    let event_type = property("type")?.clone();
    let content_type = kept_content_type(property("content-type")?).to_owned();
    if id.is_nil() {
        return Err("Empty eventId provided. (Parameter 'eventId')");
    }
    if event_type.is_empty() {
        return Err("Empty eventType provided. (Parameter 'eventType')");
    }
    let (data, metadata) = (message.data, message.custom_metadata);
    Ok(Proposed { id, event_type, content_type, data, metadata })
}
