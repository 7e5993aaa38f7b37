//! The writing side of a batch-append session: what the node does with each whole write, and the
//! answer.
//! Always: a write is decided after the writes that came before it.
//! Form: `ConvertMessage` in Streams.BatchAppend.cs of the server, oss-v23.10.6.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use tonic::{Code, Status};

use super::append;
use super::cluster::{Needs, Node};
use super::faults::{Call, Fault, Moment};
use super::log::{Expected, Outcome};
use super::proto::AllStreamPosition;
use super::proto::streams::batch_append_resp::success::{CurrentRevisionOption, PositionOption};
use super::proto::streams::batch_append_resp::{Result as Answer, Success};
use super::session::{AnswerQueue, SessionWrite};
use super::{session_status, status};

/// Writes are on their way as long as one comes within this time after another. A kernel delays
/// acknowledgements by 40 ms, and a client may wait for one before it sends more.
const ON_THE_WAY_WAIT: Duration = Duration::from_millis(150);

/// The writing side of a session.
pub(crate) struct Writing {
    pub(crate) node: Node,
    pub(crate) needs: Needs,
    pub(crate) queue: AnswerQueue,
    pub(crate) writes: UnboundedReceiver<SessionWrite>,
}

impl Writing {
    /// Decides writes until the session ends.
    pub(crate) async fn run(mut self) {
        while let Some(write) = self.writes.recv().await {
            if self.queue.has_ended() {
                // The client is gone: what is not yet written is not written.
                return;
            }
            if let Err(status) = self.decide(write).await {
                return self.queue.break_session(status);
            }
        }
    }

    /// Decides a write, as the node's controller and its writer do, and answers. An error ends the
    /// session.
    async fn decide(&mut self, mut write: SessionWrite) -> Result<(), Status> {
        let fault = self.node.cluster.faults().next(Call::Append);
        match fault {
            Some(Fault::CutHalfway) => return Err(self.cut_halfway(write).await),
            Some(Fault::Late(wait)) => {
                tokio::time::sleep(wait).await;
                if self.queue.has_ended() {
                    return Ok(());
                }
            }
            _ => {}
        }
        let met = fault.and_then(|fault| Some((fault, fault.moment()?)));
        if let Some((fault, Moment::Before)) = met {
            return self.meet(fault, &write);
        }
        if let Err(refused) = self.node.lead(self.needs) {
            if refused.code() != Code::Unavailable {
                return Err(refused);
            }
            self.queue.refuse(&write, session_status::not_ready());
            return Ok(());
        }
        let (expected, events) = (write.expected, std::mem::take(&mut write.events));
        let outcome = append::write(&self.node, &write.name(), expected, events, fault);
        if let Some((fault, Moment::After)) = met {
            return self.meet(fault, &write);
        }
        self.queue.answer(write.id, Some(write.stream), answer_to(outcome, expected));
        Ok(())
    }

    /// Does what a fault does in place of the answer: another answer, silence, or the end of the
    /// session.
    fn meet(&self, fault: Fault, write: &SessionWrite) -> Result<(), Status> {
        let bytes_max = self.node.cluster.append_bytes_max();
        if let Some(why) = fault.answer_in_session(&write.stream, bytes_max)? {
            self.queue.refuse(write, why);
        }
        Ok(())
    }

    /// Gathers the writes that are on their way, and writes the first half of them without an
    /// answer. Returns the status with which the session ends.
    async fn cut_halfway(&mut self, first: SessionWrite) -> Status {
        let mut held = vec![first];
        while let Ok(Some(write)) = timeout(ON_THE_WAY_WAIT, self.writes.recv()).await {
            self.node.cluster.faults().count(Call::Append);
            held.push(write);
        }
        let half = held.len() / 2;
        for write in held.into_iter().take(half) {
            if self.node.lead(self.needs).is_ok() {
                append::write(&self.node, &write.name(), write.expected, write.events, None);
            }
        }
        status::cut()
    }
}

fn answer_to(outcome: Outcome, expected: Expected) -> Answer {
    let (revision, position) = match outcome {
        Outcome::Written { revision, position } => (revision, position),
        // The server tells the position here only when its index has the event.
        Outcome::AlreadyThere { revision } => (Some(revision), None),
        Outcome::WrongRevision { current } => {
            return Answer::Error(session_status::wrong_expected_version(expected, current));
        }
    };
    let revision = revision
        .map_or(CurrentRevisionOption::NoStream(()), CurrentRevisionOption::CurrentRevision);
    let position = position.map_or(PositionOption::NoPosition(()), |position| {
        PositionOption::Position(AllStreamPosition {
            commit_position: position,
            prepare_position: position,
        })
    });
    Answer::Success(Success {
        current_revision_option: Some(revision),
        position_option: Some(position),
    })
}
