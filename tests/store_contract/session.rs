//! The batch-append session of the stand-in: what the client crate sees of it, and what the crate
//! hides (details, parts, a session that goes on after an error), over plain messages.

use std::time::{Duration, Instant};

use eventstore::{AppendToStreamOptions, BatchAppendClient, BatchAppendOptions, BatchWriteResult};
use eventstore::{Client, Error, EventData, ExpectedRevision};
use futures::StreamExt as _;
use futures::future::join_all;
use prost::Message as _;
use tokio::sync::mpsc::unbounded_channel;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::codec::ProstCodec;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use uuid::Uuid;

use super::standin::proto::streams::batch_append_req::options::{
    DeadlineOption as Deadline, ExpectedStreamPosition as At,
};
use super::standin::proto::streams::batch_append_req::{Options, ProposedMessage};
use super::standin::proto::streams::batch_append_resp::Result as Answer;
use super::standin::proto::streams::{BatchAppendReq, BatchAppendResp};
use super::standin::proto::wrong_expected_version::CurrentStreamRevisionOption as Now;
use super::standin::proto::{self, WrongExpectedVersion};
use super::standin::{Call, Fault, Standin};

/// How long an answer that must not come is waited for.
const SILENCE: Duration = Duration::from_millis(300);

/// A session of the client crate, at the leader.
async fn session(standin: &Standin) -> BatchAppendClient {
    let settings = standin.connection_string().parse().unwrap();
    let client = Client::new(settings).unwrap();
    client.batch_append(&BatchAppendOptions::default()).await.unwrap()
}

async fn append(
    session: &BatchAppendClient,
    stream: &str,
    expected: ExpectedRevision,
    data: &str,
) -> eventstore::Result<BatchWriteResult> {
    let event = EventData::binary("test", data.to_owned().into()).id(Uuid::new_v4());
    session.append_to_stream(stream, expected, vec![event]).await
}

/// One part of a write. Only a first part has options.
fn part(id: u128, options: Option<Options>, data: &str, is_final: bool) -> BatchAppendReq {
    let uuid = |id: u128| proto::Uuid {
        value: Some(proto::uuid::Value::String(Uuid::from_u128(id).to_string())),
    };
    let message = ProposedMessage {
        id: Some(uuid(Uuid::new_v4().as_u128())),
        metadata: [("type", "test"), ("content-type", "application/json")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        data: data.to_owned().into(),
        ..ProposedMessage::default()
    };
    BatchAppendReq {
        correlation_id: Some(uuid(id)),
        options,
        proposed_messages: vec![message],
        is_final,
    }
}

fn options(stream: &str, at: At) -> Option<Options> {
    let stream_identifier = Some(proto::StreamIdentifier { stream_name: stream.to_owned().into() });
    Some(Options { stream_identifier, expected_stream_position: Some(at), deadline_option: None })
}

/// A write of one event.
fn whole(id: u128, stream: &str, at: At) -> BatchAppendReq {
    part(id, options(stream, at), "x", true)
}

/// What the client does once it has sent its messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It keeps the session open.
    Wait,
    /// It says that it sends no more.
    Close,
}

/// Sends messages over one session of a node; returns the answers until the session ends or falls
/// silent, and whether it ended by itself.
async fn converse(
    standin: &Standin,
    node: usize,
    header: Option<(&'static str, &'static str)>,
    messages: Vec<BatchAppendReq>,
    then: Then,
) -> Result<(Vec<BatchAppendResp>, bool), Status> {
    let endpoint = Endpoint::from_shared(format!("http://{}", standin.address(node))).unwrap();
    let mut grpc = tonic::client::Grpc::new(endpoint.connect().await.unwrap());
    grpc.ready().await.unwrap();
    let (sender, receiver) = unbounded_channel();
    for message in messages {
        sender.send(message).unwrap();
    }
    let sender = (then == Then::Wait).then_some(sender);
    let mut request = Request::new(UnboundedReceiverStream::new(receiver));
    if let Some((key, value)) = header {
        request.metadata_mut().insert(key, value.parse().unwrap());
    }
    let path = PathAndQuery::from_static("/event_store.client.streams.Streams/BatchAppend");
    let codec = ProstCodec::<BatchAppendReq, BatchAppendResp>::default();
    let mut answers = grpc.streaming(request, path, codec).await?.into_inner();
    let mut all = Vec::new();
    let ended = loop {
        match tokio::time::timeout(SILENCE, answers.next()).await {
            Ok(Some(answer)) => all.push(answer?),
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    drop(sender);
    Ok((all, ended))
}

/// The correlation id of an answer, and its error as code and text.
fn told(answer: &BatchAppendResp) -> (u128, Option<(Code, String)>) {
    let Some(proto::uuid::Value::String(id)) = &answer.correlation_id.as_ref().unwrap().value
    else {
        panic!("the id comes back as it was sent")
    };
    let error = match answer.result.as_ref().unwrap() {
        Answer::Success(_) => None,
        Answer::Error(error) => Some((Code::from(error.code), error.message.clone())),
    };
    (id.parse::<Uuid>().unwrap().as_u128(), error)
}

/// The answers of a session at the first node that stays open.
async fn answers(standin: &Standin, messages: Vec<BatchAppendReq>) -> Vec<BatchAppendResp> {
    converse(standin, 0, None, messages, Then::Wait).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_in_flight_are_written_and_answered_in_the_order_sent() {
    let standin = Standin::start(1).await;
    let session = session(&standin).await;
    let writes = (0..60_u64).map(|n| {
        let expected = match n / 3 {
            0 => ExpectedRevision::NoStream,
            round => ExpectedRevision::Exact(round - 1),
        };
        let (session, stream) = (&session, format!("s-{}", n % 3));
        async move { append(session, &stream, expected, &n.to_string()).await.unwrap() }
    });
    let results = join_all(writes).await;
    let log = standin.log();
    assert_eq!(log.len(), 60);
    for (n, (result, logged)) in results.iter().zip(&log).enumerate() {
        assert_eq!(logged.data, n.to_string());
        assert_eq!(
            (result.stream_name(), result.current_revision()),
            (logged.stream.as_str(), Some(logged.revision))
        );
        assert_eq!(result.current_position().unwrap().commit, logged.position);
    }
    assert_eq!((standin.appends(), standin.calls(Call::Append)), (60, 60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_error_is_answered_by_correlation_id_and_the_session_goes_on() {
    let code = |code, message: &str| Some((code, message.to_owned()));
    let rows = [
        (Fault::NotReady, code(Code::Ok, "Server Is Not Ready"), 0),
        (Fault::TooBusy, code(Code::Ok, "Server Is Busy"), 0),
        (Fault::NoLeaderInfo, code(Code::Ok, "No leader info available in response"), 0),
        (Fault::Timeout, code(Code::DeadlineExceeded, "Timeout"), 0),
        (Fault::TimeoutAfterCommit, code(Code::DeadlineExceeded, "Timeout"), 1),
        (Fault::WrongExpectedVersion, code(Code::AlreadyExists, "WrongExpectedVersion"), 0),
        (Fault::AccessDenied, code(Code::PermissionDenied, "AccessDenied"), 0),
        (Fault::StreamDeleted, code(Code::NotFound, "StreamDeleted"), 0),
        (Fault::TooLarge, code(Code::InvalidArgument, "MaximumAppendSizeExceeded"), 0),
        (Fault::Late(Duration::from_millis(100)), None, 1),
    ];
    let standin = Standin::start(1).await;
    for (fault, error, written) in rows {
        let before = standin.log().len();
        standin.fault(fault, Call::Append, 1);
        let messages = vec![whole(1, "a", At::Any(())), whole(2, "b", At::Any(()))];
        let told: Vec<_> = answers(&standin, messages).await.iter().map(told).collect();
        assert_eq!(told, [(1, error), (2, None)], "{fault:?}");
        assert_eq!(standin.log().len() - before, written + 1, "{fault:?}");
    }
    for (fault, written) in [(Fault::HangBeforeCommit, 1), (Fault::HangAfterCommit, 2)] {
        let before = standin.log().len();
        standin.fault(fault, Call::Append, 1);
        let messages = vec![whole(1, "a", At::Any(())), whole(2, "b", At::Any(()))];
        let told: Vec<_> = answers(&standin, messages).await.iter().map(told).collect();
        assert_eq!(told, [(2, None)], "{fault:?}");
        assert_eq!(standin.log().len() - before, written, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broken_session_writes_what_the_fault_says_and_answers_nothing_more() {
    let rows = [
        (Fault::CutBefore, Code::Unavailable, 0),
        (Fault::CutAfter, Code::Unavailable, 1),
        (Fault::CutHalfway, Code::Unavailable, 3),
        (Fault::Unauthenticated, Code::Unauthenticated, 0),
    ];
    for (fault, code, written) in rows {
        let standin = Standin::start(1).await;
        standin.fault(fault, Call::Append, 1);
        let messages = (0..6).map(|n| whole(n, &format!("s-{n}"), At::NoStream(()))).collect();
        let ended = converse(&standin, 0, None, messages, Then::Wait).await.unwrap_err();
        assert_eq!(ended.code(), code, "{fault:?}");
        let streams: Vec<_> = standin.log().into_iter().map(|event| event.stream).collect();
        assert_eq!(streams, ["s-0", "s-1", "s-2"][..written], "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refused_revision_tells_the_true_one_in_its_details() {
    let standin = Standin::start(1).await;
    standin.write("a", "test", "x");
    let wrong = vec![whole(1, "a", At::StreamPosition(7)), whole(2, "b", At::StreamPosition(7))];
    let answers = answers(&standin, wrong).await;
    let now = answers.iter().map(|answer| {
        let Some(Answer::Error(error)) = &answer.result else { panic!("refused") };
        let details = error.details.as_ref().unwrap();
        assert_eq!(details.type_url, "type.googleapis.com/event_store.client.WrongExpectedVersion");
        let details = WrongExpectedVersion::decode(details.value.as_slice()).unwrap();
        details.current_stream_revision_option.unwrap()
    });
    assert_eq!(now.collect::<Vec<_>>(), [Now::CurrentStreamRevision(0), Now::CurrentNoStream(())]);
    // The crate passes on the code and the text only, and then takes no more answers.
    let session = session(&standin).await;
    let refused = append(&session, "a", ExpectedRevision::NoStream, "x").await.unwrap_err();
    let Error::Grpc { code: Code::AlreadyExists, message } = refused else { panic!("{refused}") };
    assert_eq!(message, "WrongExpectedVersion");
    let after = append(&session, "a", ExpectedRevision::Any, "x").await.unwrap_err();
    assert!(matches!(after, Error::ServerError(_)), "{after}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_in_parts_is_written_whole_or_refused_before_its_last_part() {
    let standin = Standin::start(1).await;
    standin.set_append_bytes_max(100);
    let big = "x".repeat(60);
    let messages = vec![
        part(1, options("a", At::NoStream(())), "1", false),
        part(2, options("b", At::NoStream(())), &big, false),
        part(1, None, "2", false),
        part(2, None, &big, false),
        part(3, options("c", At::NoStream(())), "3", true),
        part(2, None, "passed over", true),
        part(1, None, "4", true),
        // A write whose last part never comes.
        part(4, options("d", At::NoStream(())), "5", false),
    ];
    let told: Vec<_> = answers(&standin, messages).await.iter().map(told).collect();
    let too_large = Some((Code::InvalidArgument, "MaximumAppendSizeExceeded".to_owned()));
    assert_eq!(told, [(2, too_large), (3, None), (1, None)]);
    let log: Vec<_> = standin.log().into_iter().map(|event| (event.stream, event.data)).collect();
    let log: Vec<_> = log.iter().map(|(stream, data)| (&**stream, &data[..])).collect();
    assert_eq!(log, [("c", &b"3"[..]), ("a", b"1"), ("a", b"2"), ("a", b"4")]);
    let session = session(&standin).await;
    let refused = append(&session, "e", ExpectedRevision::Any, &big.repeat(2)).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Grpc { code: Code::InvalidArgument, message }
            if message == "MaximumAppendSizeExceeded"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn invalid_parts_and_lost_last_parts_are_answered() {
    let standin = Standin::start(1).await;
    let mut untyped = whole(1, "a", At::Any(()));
    untyped.proposed_messages[0].metadata.clear();
    let mut nowhere = whole(2, "a", At::Any(()));
    nowhere.options.as_mut().unwrap().expected_stream_position = None;
    let within = |id, nanos| {
        let mut write = part(id, options("a", At::Any(())), "x", false);
        let deadline = Deadline::Deadline(prost_types::Duration { seconds: 0, nanos });
        write.options.as_mut().unwrap().deadline_option = Some(deadline);
        write
    };
    let messages = vec![untyped, nowhere, within(3, 50_000_000), within(4, -1)];
    let told: Vec<_> = answers(&standin, messages).await.iter().map(told).collect();
    let bad = Some((Code::InvalidArgument, "BadRequest".to_owned()));
    let late = Some((Code::DeadlineExceeded, "Timeout".to_owned()));
    assert_eq!(told, [(1, bad.clone()), (2, bad), (4, late.clone()), (3, late)]);
    assert!(standin.log().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_leader_ends_a_session_that_requires_the_leader() {
    let standin = Standin::start(2).await;
    let at_the_crate = session(&standin).await;
    append(&at_the_crate, "a", ExpectedRevision::NoStream, "x").await.unwrap();
    standin.elect_none();
    let refused = append(&at_the_crate, "a", ExpectedRevision::Any, "x").await.unwrap_err();
    let Error::Grpc { code: Code::Ok, message } = refused else { panic!("{refused}") };
    assert_eq!(message, "Server Is Not Ready");

    standin.elect(0);
    let at_the_crate = session(&standin).await;
    append(&at_the_crate, "a", ExpectedRevision::Exact(0), "x").await.unwrap();
    standin.elect(1);
    let refused = append(&at_the_crate, "a", ExpectedRevision::Any, "x").await.unwrap_err();
    let Error::NotLeaderException(leader) = refused else { panic!("{refused}") };
    assert_eq!(leader.port, u32::from(standin.address(1).port()));

    // Without the header a follower hands writes on.
    let write = || vec![whole(1, "a", At::StreamPosition(1))];
    let required = Some(("requires-leader", "true"));
    let ended = converse(&standin, 0, required, write(), Then::Wait).await.unwrap_err();
    assert_eq!((ended.code(), ended.message()), (Code::NotFound, "Leader info available"));
    let (written, _) = converse(&standin, 0, None, write(), Then::Wait).await.unwrap();
    assert_eq!(told(&written[0]), (1, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_that_sends_no_more_gets_one_more_answer() {
    let standin = Standin::start(1).await;
    // Both writes are open when the client closes. The first answer ends the session.
    standin.fault(Fault::Late(Duration::from_millis(100)), Call::Append, 2);
    let messages = vec![whole(1, "a", At::Any(())), whole(2, "a", At::Any(()))];
    let (answers, ended) = converse(&standin, 0, None, messages, Then::Close).await.unwrap();
    assert_eq!((answers.len(), ended), (1, true));
    // No write is open: nothing ends the session.
    let silent = converse(&standin, 0, None, Vec::new(), Then::Close);
    assert!(tokio::time::timeout(SILENCE, silent).await.is_err());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_of_its_own_waits_for_an_acknowledgement_and_a_write_of_a_session_does_not() {
    let standin = Standin::start(1).await;
    let client = Client::new(standin.connection_string().parse().unwrap()).unwrap();
    let (mut alone, mut in_session) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        let event = EventData::binary("test", "x".into()).id(Uuid::new_v4());
        let sent = Instant::now();
        client.append_to_stream("a", &AppendToStreamOptions::default(), event).await.unwrap();
        alone.push(sent.elapsed());
    }
    let session = client.batch_append(&BatchAppendOptions::default()).await.unwrap();
    for _ in 0..9 {
        let sent = Instant::now();
        append(&session, "a", ExpectedRevision::Any, "x").await.unwrap();
        in_session.push(sent.elapsed());
    }
    alone.sort();
    // Linux delays an acknowledgement by 40 ms. A busy machine only adds to it, so the best of the
    // session says whether its writes wait.
    assert!(alone[4] > Duration::from_millis(35), "{alone:?}");
    assert!(in_session.iter().min() < Some(&Duration::from_millis(20)), "{in_session:?}");
}
