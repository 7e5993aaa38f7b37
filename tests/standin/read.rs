//! Reads with a count, and what reads and subscriptions share: the filter, an event's form on the
//! wire, and sending messages to the client.
//! Form: Streams.Read and the enumerators of the server, KurrentDB 44996ed.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tonic::Status;

use super::cluster::Node;
use super::faults::Fault;
use super::log::{Direction, Record};
use super::proto;
use super::proto::StreamIdentifier;
use super::proto::streams::ReadResp;
use super::proto::streams::read_req::options::all_options::AllOption;
use super::proto::streams::read_req::options::filter_options::{Expression, Filter as OnWhat};
use super::proto::streams::read_req::options::{FilterOptions, Position};
use super::proto::streams::read_resp::read_event::{self, RecordedEvent};
use super::proto::streams::read_resp::{Content, ReadEvent, StreamNotFound};
use super::status;

/// The call has ended: the client left, or a fault ended the call.
#[derive(Debug)]
pub(crate) struct Ended;

/// Sends messages to the client, and ends the call where its fault says so.
pub(crate) struct Out {
    sender: mpsc::Sender<Result<ReadResp, Status>>,
    fault: Option<Fault>,
    messages: usize,
    events: usize,
}

impl Out {
    pub(crate) fn new(
        sender: mpsc::Sender<Result<ReadResp, Status>>,
        fault: Option<Fault>,
    ) -> Self {
        Self { sender, fault, messages: 0, events: 0 }
    }

    pub(crate) async fn send(&mut self, content: Content) -> Result<(), Ended> {
        let is_event = matches!(content, Content::Event(_));
        self.meet(is_event).await?;
        self.messages += 1;
        self.events += usize::from(is_event);
        let message = ReadResp { content: Some(content) };
        self.sender.send(Ok(message)).await.map_err(|_| Ended)?;
        self.meet(true).await
    }

    /// Ends the call where its fault says so. A fault that counts events applies only once
    /// `may_end`, so that a subscription that ends after no event is confirmed first.
    async fn meet(&mut self, may_end: bool) -> Result<(), Ended> {
        match self.fault {
            Some(Fault::DropAfter(messages)) if self.messages >= messages => {
                Err(self.fail(status::cut()).await)
            }
            Some(Fault::EndAfter(events)) if may_end && self.events >= events => Err(Ended),
            Some(Fault::MuteAfter(events)) if may_end && self.events >= events => {
                self.closed().await;
                Err(Ended)
            }
            _ => Ok(()),
        }
    }

    pub(crate) async fn fail(&mut self, status: Status) -> Ended {
        // The call ends whether or not the client still listens.
        _ = self.sender.send(Err(status)).await;
        Ended
    }

    /// Waits until the client leaves.
    pub(crate) async fn closed(&self) {
        self.sender.closed().await;
    }
}

/// The form in which the client wants event ids.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ids {
    Text,
    Halves,
}

/// Whether an event on the wire carries its position. Reads of one stream carry none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithPosition {
    Yes,
    No,
}

/// An event on the wire.
pub(crate) fn event(record: &Record, ids: Ids, with_position: WithPosition) -> Content {
    let id = match ids {
        Ids::Text => proto::uuid::Value::String(record.event.id.to_string()),
        Ids::Halves => {
            let (most, least) = record.event.id.as_u64_pair();
            proto::uuid::Value::Structured(proto::uuid::Structured {
                most_significant_bits: most.cast_signed(),
                least_significant_bits: least.cast_signed(),
            })
        }
    };
    let metadata = BTreeMap::from([
        ("type".to_owned(), record.event.event_type.clone()),
        ("content-type".to_owned(), record.event.content_type.clone()),
        ("created".to_owned(), record.created_ticks.to_string()),
    ]);
    let has_position = with_position == WithPosition::Yes;
    let position = if has_position { record.position } else { u64::MAX };
    let recorded = RecordedEvent {
        id: Some(proto::Uuid { value: Some(id) }),
        stream_identifier: Some(identifier(&record.stream)),
        stream_revision: record.revision,
        prepare_position: position,
        commit_position: position,
        metadata,
        custom_metadata: record.event.metadata.clone(),
        data: record.event.data.clone(),
    };
    let position = if has_position {
        read_event::Position::CommitPosition(record.position)
    } else {
        read_event::Position::NoPosition(())
    };
    Content::Event(ReadEvent { event: Some(recorded), link: None, position: Some(position) })
}

fn identifier(stream: &str) -> StreamIdentifier {
    StreamIdentifier { stream_name: Bytes::copy_from_slice(stream.as_bytes()) }
}

/// Which events of `$all` a client wants.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    on_stream: bool,
    any_of: Vec<Pattern>,
}

#[derive(Clone, Debug)]
enum Pattern {
    Prefix(String),
    /// The client's `exclude_system_events`.
    NotSystem,
}

impl Filter {
    pub(crate) fn parse(options: &FilterOptions) -> Result<Self, Status> {
        let (on_stream, Expression { regex, prefix }) = match &options.filter {
            Some(OnWhat::StreamIdentifier(expression)) => (true, expression),
            Some(OnWhat::EventType(expression)) => (false, expression),
            None => return Err(Status::invalid_argument("A filter on nothing is not valid")),
        };
        let any_of = if regex.is_empty() {
            prefix.iter().cloned().map(Pattern::Prefix).collect()
        } else {
            parse_regex(regex)?
        };
        Ok(Self { on_stream, any_of })
    }

    pub(crate) fn passes(&self, record: &Record) -> bool {
        let name = if self.on_stream { &*record.stream } else { &*record.event.event_type };
        self.any_of.iter().any(|pattern| match pattern {
            Pattern::Prefix(prefix) => name.starts_with(&**prefix),
            Pattern::NotSystem => !name.is_empty() && !name.starts_with('$'),
        })
    }
}

/// Parses the few regexes that tests use: `^[^\$].*`, `^literal.*` and alternatives of these.
fn parse_regex(regex: &str) -> Result<Vec<Pattern>, Status> {
    let unsupported = || Status::invalid_argument(format!("the stand-in knows no regex {regex}"));
    let inner = regex.strip_prefix("^(").and_then(|rest| rest.strip_suffix(')'));
    let choices = inner.unwrap_or(regex).split('|');
    choices
        .map(|choice| {
            let choice = match inner {
                Some(_) => choice,
                None => choice.strip_prefix('^').ok_or_else(unsupported)?,
            };
            let choice = choice.strip_suffix(".*").unwrap_or(choice);
            if matches!(choice, r"[^\$]" | "[^$]") {
                return Ok(Pattern::NotSystem);
            }
            let literal = choice.replace(r"\-", "-").replace(r"\.", ".").replace(r"\$", "$");
            let plain = |c: char| c.is_alphanumeric() || "-_.:@$/ ".contains(c);
            let is_plain = literal.chars().all(plain);
            if is_plain { Ok(Pattern::Prefix(literal)) } else { Err(unsupported()) }
        })
        .collect()
}

/// A read of one stream.
pub(crate) struct StreamRead {
    pub(crate) stream: String,
    /// `u64::MAX` is the end.
    pub(crate) from: u64,
    pub(crate) direction: Direction,
    pub(crate) count: usize,
    pub(crate) ids: Ids,
    /// From 1 on, the client is told where the stream starts or ends.
    pub(crate) compatibility: u32,
}

impl StreamRead {
    pub(crate) async fn run(self, node: &Node, out: &mut Out) -> Result<(), Ended> {
        let (last, events) = {
            let log = node.cluster.log();
            let events = log.stream(&self.stream, self.from, self.direction, self.count);
            (log.current(&self.stream), events)
        };
        let Some(last) = last else {
            let stream_identifier = Some(identifier(&self.stream));
            return out.send(Content::StreamNotFound(StreamNotFound { stream_identifier })).await;
        };
        let tells_bounds = self.compatibility >= 1;
        let is_forwards = self.direction == Direction::Forwards;
        if tells_bounds && is_forwards && events.is_empty() && self.from != last + 1 {
            out.send(Content::FirstStreamPosition(last + 1)).await?;
        }
        for record in events {
            out.send(event(&record, self.ids, WithPosition::No)).await?;
        }
        if tells_bounds {
            out.send(Content::LastStreamPosition(last)).await?;
        }
        Ok(())
    }
}

/// Where a read or subscription of `$all` starts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    Start,
    End,
    At(u64),
}

impl From {
    pub(crate) fn parse(option: Option<AllOption>) -> Result<Self, Status> {
        match option {
            Some(AllOption::Start(())) => Ok(Self::Start),
            Some(AllOption::End(())) => Ok(Self::End),
            Some(AllOption::Position(Position { commit_position: u64::MAX, .. })) => Ok(Self::End),
            Some(AllOption::Position(position)) => Ok(Self::At(position.commit_position)),
            None => Err(Status::invalid_argument("'None' is not a valid AllOption")),
        }
    }
}

/// A read of `$all`.
pub(crate) struct AllRead {
    pub(crate) from: From,
    pub(crate) direction: Direction,
    pub(crate) count: usize,
    pub(crate) filter: Option<Filter>,
    pub(crate) ids: Ids,
}

impl AllRead {
    pub(crate) async fn run(self, node: &Node, out: &mut Out) -> Result<(), Ended> {
        let found = self.find(node);
        match found {
            Err(status) => Err(out.fail(status).await),
            Ok(events) => {
                for record in events {
                    out.send(event(&record, self.ids, WithPosition::Yes)).await?;
                }
                Ok(())
            }
        }
    }

    fn find(&self, node: &Node) -> Result<Vec<Arc<Record>>, Status> {
        let log = node.cluster.log();
        let from = match self.from {
            From::Start => 0,
            From::End => log.end(),
            From::At(position) => position,
        };
        if from > log.end() && self.direction == Direction::Backwards {
            let error = format!(
                "Requested position {from} is greater than writer checkpoint {} when requesting \
                 to read previous record from TF.",
                log.end()
            );
            return Err(status::read_all_failed("Error", &error));
        }
        // A read forwards from past the end is no error of the server: it finds nothing yet.
        if from < log.end() && !log.is_boundary(from) {
            let error = "No record starts at this position.";
            return Err(status::read_all_failed("InvalidPosition", error));
        }
        let wanted =
            |record: &&Arc<Record>| self.filter.as_ref().is_none_or(|filter| filter.passes(record));
        Ok(match self.direction {
            Direction::Backwards => {
                log.backwards(from).filter(wanted).take(self.count).cloned().collect()
            }
            Direction::Forwards => {
                log.forwards(from).filter(wanted).take(self.count).cloned().collect()
            }
        })
    }
}
