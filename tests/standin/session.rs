//! A batch-append session of the stand-in: many writes over one call, each answered by its
//! correlation id.
//! Always: whole writes are handed on in the order in which their last parts came. An error of one
//! write does not end the session.
//! Form: Streams.BatchAppend.cs of the server, oss-v23.10.6; KurrentDB 44996ed adds only a limit
//! for single events.
//!
//! ```text
//! messages --> Receiving --whole writes--> Writing (session_writer)
//!                  |  early refusals          |  answers, or the end of the session
//!                  +-----------> queue <------+
//!                                  |
//!                               Sending --> answers
//! ```
//!
//! The server is surprising in three places, and the stand-in does the same. A write that the node
//! cannot take because another node leads ends the whole session (NOT_FOUND, with the leader). When
//! the client has said that it sends no more, the next answer ends the call, so that writes behind
//! that one stay without an answer. When no write is open by then, the call never ends by itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tonic::{Code, Request, Response, Status, Streaming};
use uuid::Uuid;

use super::append::parse_id;
use super::cluster::{Needs, Node, needs};
use super::log::{Expected, Proposed};
use super::proto;
use super::proto::google_rpc::Status as WriteStatus;
use super::proto::streams::batch_append_req::{Options, ProposedMessage};
use super::proto::streams::batch_append_resp::Result as Answer;
use super::proto::streams::{BatchAppendReq, BatchAppendResp};
use super::session_request::{parse_deadline, parse_event, parse_expected};
use super::session_writer::Writing;
use super::{session_status, status};

/// The server's `WriteTimeoutMs`: all parts of a write must have come after this time.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// The answers of a session, as they are sent.
pub(crate) type Answers = BoxStream<'static, Result<BatchAppendResp, Status>>;

/// A write whose parts are coming or have come.
#[derive(Debug)]
pub(crate) struct SessionWrite {
    pub(crate) id: proto::Uuid,
    pub(crate) stream: proto::StreamIdentifier,
    pub(crate) expected: Expected,
    pub(crate) events: Vec<Proposed>,
    bytes: usize,
    /// When the server stops to wait for further parts.
    expires_at: Instant,
}

impl SessionWrite {
    pub(crate) fn name(&self) -> String {
        String::from_utf8_lossy(&self.stream.stream_name).into_owned()
    }

    fn add(&mut self, messages: Vec<ProposedMessage>) -> Result<(), &'static str> {
        for message in messages {
            let event = parse_event(message)?;
            self.bytes += event.size();
            self.events.push(event);
        }
        Ok(())
    }
}

/// An entry of the queue that the sending side works off.
#[derive(Debug)]
enum Queued {
    Answer(BatchAppendResp),
    /// The client sends no more writes.
    Closing,
    /// The whole session ends with this status.
    Break(Status),
}

/// The queue before the sending side. A send fails only where the session has ended, and then
/// nobody waits for what is sent.
#[derive(Clone, Debug)]
pub(crate) struct AnswerQueue(UnboundedSender<Queued>);

impl AnswerQueue {
    /// Queues an answer. Like the server's, it does not tell the expected position.
    pub(crate) fn answer(
        &self,
        id: proto::Uuid,
        stream: Option<proto::StreamIdentifier>,
        result: Answer,
    ) {
        _ = self.0.send(Queued::Answer(BatchAppendResp {
            correlation_id: Some(id),
            stream_identifier: stream,
            result: Some(result),
            expected_stream_position: None,
        }));
    }

    pub(crate) fn refuse(&self, write: &SessionWrite, why: WriteStatus) {
        self.answer(write.id.clone(), Some(write.stream.clone()), Answer::Error(why));
    }

    pub(crate) fn break_session(&self, status: Status) {
        _ = self.0.send(Queued::Break(status));
    }

    /// Whether the session has ended, by either side.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.is_closed()
    }
}

/// Opens a session. Like the server, it sends nothing before the first answer, not even headers.
pub(crate) async fn batch_append(
    node: &Node,
    request: Request<Streaming<BatchAppendReq>>,
) -> Result<Response<Answers>, Status> {
    node.authenticate(request.metadata())?;
    let needs = needs(request.metadata(), Needs::SomeLeader);
    let (queue, queued) = unbounded_channel();
    let queue = AnswerQueue(queue);
    let (hand_on, writes) = unbounded_channel();
    let open = Arc::new(AtomicI64::new(0));
    let writing = Writing { node: node.clone(), needs, queue: queue.clone(), writes };
    let receiving = Receiving {
        node: node.clone(),
        queue,
        hand_on,
        open: Arc::clone(&open),
        coming: Arc::default(),
    };
    // Two tasks, as in the server: further messages are read while a write is on its way.
    tokio::spawn(writing.run());
    tokio::spawn(receiving.run(request.into_inner()));
    let mut sending = Sending { queued, open, stage: Stage::Open };
    let first = sending.next().await.transpose()?;
    let rest =
        stream::unfold(sending, |mut sending| async { Some((sending.next().await?, sending)) });
    Ok(Response::new(stream::iter(first.map(Ok)).chain(rest).boxed()))
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Closing,
    Ended,
}

/// The sending side of a session.
struct Sending {
    queued: UnboundedReceiver<Queued>,
    open: Arc<AtomicI64>,
    stage: Stage,
}

impl Sending {
    async fn next(&mut self) -> Option<Result<BatchAppendResp, Status>> {
        while self.stage != Stage::Ended {
            match self.queued.recv().await? {
                Queued::Answer(answer) => {
                    let left = self.open.fetch_sub(1, Ordering::SeqCst) - 1;
                    if left >= 0 && self.stage == Stage::Closing {
                        self.stage = Stage::Ended;
                    }
                    return Some(Ok(answer));
                }
                Queued::Closing => self.stage = Stage::Closing,
                Queued::Break(status) => {
                    self.stage = Stage::Ended;
                    return Some(Err(status));
                }
            }
        }
        None
    }
}

/// The writes whose last part has not come, by correlation id.
type Coming = HashMap<Uuid, SessionWrite>;

/// Takes a lock even after a panic: the test that panicked has failed already.
fn lock(coming: &Mutex<Coming>) -> MutexGuard<'_, Coming> {
    coming.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The receiving side of a session.
struct Receiving {
    node: Node,
    queue: AnswerQueue,
    hand_on: UnboundedSender<SessionWrite>,
    /// Writes that were handed on less answers that were sent, early refusals included: the server
    /// counts the same way.
    open: Arc<AtomicI64>,
    /// A lock, because timeouts take writes out.
    coming: Arc<Mutex<Coming>>,
}

impl Receiving {
    /// Takes messages until either side ends the session.
    async fn run(self, mut messages: Streaming<BatchAppendReq>) {
        loop {
            let message = tokio::select! {
                biased;
                () = self.queue.0.closed() => return,
                message = messages.message() => message,
            };
            let taken = match message {
                Ok(Some(message)) => self.take(message),
                Ok(None) => {
                    _ = self.queue.0.send(Queued::Closing);
                    // Without this side the queue would end, and with it the call.
                    return self.queue.0.closed().await;
                }
                Err(status) if status.code() == Code::OutOfRange => Err(status::too_long()),
                Err(status) => Err(status),
            };
            if let Err(status) = taken {
                return self.queue.break_session(status);
            }
        }
    }

    /// Takes one part of a write. An error ends the session.
    fn take(&self, message: BatchAppendReq) -> Result<(), Status> {
        let BatchAppendReq { correlation_id, options, proposed_messages, is_final } = message;
        let sent_id = correlation_id.ok_or_else(status::broken_request)?;
        let id = parse_id(sent_id.clone()).ok_or_else(status::broken_request)?;
        let has_options = options.is_some();
        if let Some(options) = options {
            let stream = options.stream_identifier.clone();
            if let Err(why) = self.begin(id, &sent_id, options) {
                self.queue.answer(sent_id, stream, Answer::Error(why));
                return Ok(());
            }
        }
        // Further parts of a write that was refused are passed over.
        let Some(mut write) = lock(&self.coming).remove(&id) else { return Ok(()) };
        if let Err(why) = write.add(proposed_messages) {
            if !has_options {
                return Err(status::broken_request());
            }
            self.queue.refuse(&write, session_status::bad_request(why));
            // The server forgets to take this write out, and so answers its timeout too.
            self.wait_for_more(id, write);
            return Ok(());
        }
        let bytes_max = self.node.cluster.append_bytes_max();
        if write.bytes > bytes_max {
            self.queue.refuse(&write, session_status::too_large(bytes_max));
        } else if is_final {
            self.open.fetch_add(1, Ordering::SeqCst);
            // A send fails only where the session has ended.
            _ = self.hand_on.send(write);
        } else {
            self.wait_for_more(id, write);
        }
        Ok(())
    }

    /// Notes a write at its first part, or refuses it.
    fn begin(&self, id: Uuid, sent_id: &proto::Uuid, options: Options) -> Result<(), WriteStatus> {
        let Some(stream) = options.stream_identifier else {
            return Err(session_status::bad_request("Required field StreamIdentifier not set."));
        };
        let time = parse_deadline(options.deadline_option).min(WRITE_TIMEOUT);
        if time.is_zero() {
            return Err(session_status::timeout());
        }
        let mut coming = lock(&self.coming);
        if coming.contains_key(&id) {
            return Ok(());
        }
        let write = SessionWrite {
            id: sent_id.clone(),
            stream,
            expected: parse_expected(options.expected_stream_position)?,
            events: Vec::new(),
            bytes: 0,
            expires_at: Instant::now() + time,
        };
        coming.insert(id, write);
        Ok(())
    }

    /// Keeps a write until its next part comes or its time is over.
    fn wait_for_more(&self, id: Uuid, write: SessionWrite) {
        let expires_at = write.expires_at;
        lock(&self.coming).insert(id, write);
        let (coming, queue) = (Arc::clone(&self.coming), self.queue.clone());
        tokio::spawn(async move {
            tokio::time::sleep_until(expires_at).await;
            let mut coming = lock(&coming);
            if coming.get(&id).is_some_and(|write| write.expires_at == expires_at)
                && let Some(write) = coming.remove(&id)
            {
                queue.refuse(&write, session_status::timeout());
            }
        });
    }
}
