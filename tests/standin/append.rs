//! An append to a stream of the stand-in: parse, meet a fault, write, answer.
//! Form: Streams.Append of the server, KurrentDB 44996ed.

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::cluster::{Needs, Node, needs};
use super::faults::{Call, Fault, Moment};
use super::log::{Expected, Outcome, Proposed};
use super::proto;
use super::proto::streams::append_req::options::ExpectedStreamRevision;
use super::proto::streams::append_req::{Content, Options, ProposedMessage};
use super::proto::streams::append_resp::wrong_expected_version as wrong;
use super::proto::streams::append_resp::{
    Position, Result as Answer, Success, WrongExpectedVersion, success,
};
use super::proto::streams::{AppendReq, AppendResp};
use super::status;

pub(crate) async fn append(
    node: &Node,
    request: Request<Streaming<AppendReq>>,
) -> Result<Response<AppendResp>, Status> {
    node.authenticate(request.metadata())?;
    let needs = needs(request.metadata(), Needs::SomeLeader);
    let mut messages = request.into_inner();
    let (stream, expected) = parse_options(messages.message().await?)?;
    let fault = node.meet(Call::Append, &stream).await?;
    let events = read_events(&mut messages, node.cluster.append_bytes_max()).await?;
    node.lead(needs)?;

    let outcome = write(node, &stream, expected, events, fault);
    if let Some(fault) = fault.filter(|fault| fault.moment() == Some(Moment::After)) {
        return Err(fault.answer(&stream, node.cluster.append_bytes_max()).await);
    }
    Ok(Response::new(AppendResp { result: Some(answer(outcome, expected)) }))
}

/// Writes events that were received whole, unless a fault refuses them. Counts the append when it
/// wrote something.
pub(crate) fn write(
    node: &Node,
    stream: &str,
    expected: Expected,
    events: Vec<Proposed>,
    fault: Option<Fault>,
) -> Outcome {
    if fault == Some(Fault::WrongExpectedVersion) {
        return Outcome::WrongRevision { current: node.cluster.log().current(stream) };
    }
    let outcome = node.cluster.write(|log| log.append(stream, expected, events, now_ticks()));
    if matches!(outcome, Outcome::Written { position: Some(_), .. }) {
        node.cluster.appends.fetch_add(1, Ordering::SeqCst);
    }
    outcome
}

/// Ticks of 100 ns since 1970, as the server stamps events.
pub(crate) fn now_ticks() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos() / 100).unwrap_or(i64::MAX)
}

fn parse_options(message: Option<AppendReq>) -> Result<(String, Expected), Status> {
    let Some(AppendReq { content: Some(Content::Options(options)) }) = message else {
        return Err(status::broken_request());
    };
    let Options { stream_identifier, expected_stream_revision } = options;
    let name = stream_identifier.ok_or_else(status::broken_request)?.stream_name;
    let name = String::from_utf8(name.to_vec()).map_err(|_| status::broken_request())?;
    let expected = match expected_stream_revision {
        Some(ExpectedStreamRevision::Revision(revision)) => Expected::Revision(revision),
        Some(ExpectedStreamRevision::NoStream(())) => Expected::NoStream,
        Some(ExpectedStreamRevision::Any(())) => Expected::Any,
        Some(ExpectedStreamRevision::StreamExists(())) => Expected::StreamExists,
        None => return Err(Status::invalid_argument("'None' is not a valid expected revision")),
    };
    Ok((name, expected))
}

async fn read_events(
    messages: &mut Streaming<AppendReq>,
    bytes_max: usize,
) -> Result<Vec<Proposed>, Status> {
    let mut events = Vec::new();
    let mut bytes = 0;
    while let Some(message) = messages.message().await? {
        let Some(Content::ProposedMessage(message)) = message.content else {
            return Err(status::broken_request());
        };
        let event = parse_event(message)?;
        bytes += event.size();
        if bytes > bytes_max {
            return Err(status::too_large(bytes_max));
        }
        events.push(event);
    }
    Ok(events)
}

fn parse_event(message: ProposedMessage) -> Result<Proposed, Status> {
    let property = |key| message.metadata.get(key).ok_or_else(|| status::property_missing(key));
    let event_type = property("type")?.clone();
    let content_type = kept_content_type(property("content-type")?);
    let id = message.id.and_then(parse_id).filter(|id| !id.is_nil());
    Ok(Proposed {
        id: id.ok_or_else(status::broken_request)?,
        event_type,
        content_type: content_type.to_owned(),
        data: message.data,
        metadata: message.custom_metadata,
    })
}

/// The server keeps only one bit of the content type: whether it is JSON.
pub(crate) fn kept_content_type(sent: &str) -> &'static str {
    match sent {
        "application/json" => "application/json",
        _ => "application/octet-stream",
    }
}

pub(crate) fn parse_id(id: proto::Uuid) -> Option<Uuid> {
    match id.value? {
        proto::uuid::Value::String(text) => text.parse().ok(),
        proto::uuid::Value::Structured(halves) => Some(Uuid::from_u64_pair(
            halves.most_significant_bits.cast_unsigned(),
            halves.least_significant_bits.cast_unsigned(),
        )),
    }
}

fn answer(outcome: Outcome, expected: Expected) -> Answer {
    match outcome {
        Outcome::Written { revision, position } => Answer::Success(success(revision, position)),
        // The server tells the position here only when its index has the event.
        Outcome::AlreadyThere { revision } => Answer::Success(success(Some(revision), None)),
        Outcome::WrongRevision { current } => {
            Answer::WrongExpectedVersion(wrong_version(expected, current))
        }
    }
}

fn success(revision: Option<u64>, position: Option<u64>) -> Success {
    let revision = revision.map_or(
        success::CurrentRevisionOption::NoStream(()),
        success::CurrentRevisionOption::CurrentRevision,
    );
    let position = position.map_or(success::PositionOption::NoPosition(()), |position| {
        success::PositionOption::Position(Position {
            commit_position: position,
            prepare_position: position,
        })
    });
    Success { current_revision_option: Some(revision), position_option: Some(position) }
}

fn wrong_version(expected: Expected, current: Option<u64>) -> WrongExpectedVersion {
    use wrong::{
        CurrentRevisionOption as Now, CurrentRevisionOption2060 as OldNow,
        ExpectedRevisionOption as Then, ExpectedRevisionOption2060 as OldThen,
    };
    let (then, old_then) = match expected {
        Expected::Any => (Then::ExpectedAny(()), OldThen::Any2060(())),
        Expected::StreamExists => (Then::ExpectedStreamExists(()), OldThen::StreamExists2060(())),
        Expected::NoStream => (Then::ExpectedNoStream(()), OldThen::ExpectedRevision2060(u64::MAX)),
        Expected::Revision(revision) => {
            (Then::ExpectedRevision(revision), OldThen::ExpectedRevision2060(revision))
        }
    };
    let (now, old_now) = match current {
        None => (Now::CurrentNoStream(()), OldNow::NoStream2060(())),
        Some(revision) => (Now::CurrentRevision(revision), OldNow::CurrentRevision2060(revision)),
    };
    WrongExpectedVersion {
        current_revision_option_20_6_0: Some(old_now),
        expected_revision_option_20_6_0: Some(old_then),
        current_revision_option: Some(now),
        expected_revision_option: Some(then),
    }
}
