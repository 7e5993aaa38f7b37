//! Load on UmaDB: events with the tags by which an id and a person's stream are found.
//! Always: one connection a client; an append is answered once it is synced, which is UmaDB's
//! default (two `fdatasync` a commit: pages, then the head); its settings are those it comes with.
//! Form: the messages of `umadb.v1`, as `umadb-proto` 0.7.8 has them, written out so that no
//! `protoc` is needed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Streaming};
use tonic_prost::ProstCodec;

use crate::Failure;
use crate::events::{self, Event, Numbers};
use crate::machine;
use crate::measure::{self, Clock, Reading, Report, Tally, Window};

/// Events in a part of what is read: the most that the server gives.
const READ_EVENTS: u32 = 4_096;

/// More than a part of what is read.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What keeps an id unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Way {
    /// An append condition: no event has the tag of any of these ids
    Unique,
    /// Nothing
    Plain,
}

/// How events are written.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Load {
    /// What keeps an id unique
    #[arg(long, value_enum)]
    pub way: Way,
    /// Events in an append
    #[arg(long)]
    pub events: usize,
    /// Clients
    #[arg(long)]
    pub connections: usize,
}

#[derive(Clone, PartialEq, prost::Message)]
struct EventMessage {
    #[prost(string, tag = "1")]
    event_type: String,
    #[prost(string, repeated, tag = "2")]
    tags: Vec<String>,
    #[prost(bytes = "bytes", tag = "3")]
    data: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
struct QueryItem {
    #[prost(string, repeated, tag = "2")]
    tags: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Query {
    #[prost(message, repeated, tag = "1")]
    items: Vec<QueryItem>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AppendCondition {
    #[prost(message, optional, tag = "1")]
    fail_if_events_match: Option<Query>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AppendRequest {
    #[prost(message, repeated, tag = "1")]
    events: Vec<EventMessage>,
    #[prost(message, optional, tag = "2")]
    condition: Option<AppendCondition>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AppendResponse {
    #[prost(uint64, tag = "1")]
    position: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ReadRequest {
    #[prost(uint32, optional, tag = "6")]
    batch_size: Option<u32>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SequencedEvent {
    #[prost(uint64, tag = "1")]
    position: u64,
    #[prost(message, optional, tag = "2")]
    event: Option<EventMessage>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ReadResponse {
    #[prost(message, repeated, tag = "1")]
    events: Vec<SequencedEvent>,
}

/// The version that the server reports.
pub fn version(program: &Path) -> Result<String, Failure> {
    let output = Command::new(program).arg("--version").output()?;
    let version = String::from_utf8(output.stdout)?;
    Ok(format!("UmaDB {}", version.split_whitespace().last().unwrap_or("of unknown version")))
}

/// Whether a server answers there.
pub fn answers(address: SocketAddr) -> bool {
    crate::alone(async { connect(address).await.map(drop) }).is_ok()
}

/// Writes events until the window is over.
pub fn run(
    address: SocketAddr,
    process: u32,
    load: Load,
    window: Window,
) -> Result<Report, Failure> {
    let parts = events::for_connections(load.connections)?;
    let numbers = Arc::new(Numbers::default());
    crate::alone(async {
        let mut writers = Vec::new();
        for events in parts {
            let grpc = connect(address).await?;
            writers.push(Writer { grpc, load, events, turn: 0, numbers: numbers.clone() });
        }
        let clock = Clock::start(window);
        let tasks: Vec<_> =
            writers.into_iter().map(|writer| tokio::spawn(writer.run(clock))).collect();
        let cpu = measure::watch(clock, || machine::of_process(process)).await?;
        let mut tallies = Vec::new();
        for task in tasks {
            tallies.push(task.await??);
        }
        Ok(measure::report(tallies, window, cpu))
    })
}

/// Reads all events in order, over and over for a while.
pub fn read(address: SocketAddr, process: u32, seconds: f64) -> Result<Report, Failure> {
    crate::alone(async {
        let mut grpc = connect(address).await?;
        let reading = Reading::start(machine::of_process(process))?;
        let (mut read, mut has) = (0, 0);
        while reading.seconds() < seconds || has == 0 {
            let mut parts = read_all(&mut grpc).await?;
            has = 0;
            while let Some(part) = parts.message().await? {
                has += part.events.len() as u64;
            }
            read += has;
            if has == 0 {
                return Err("UmaDB has no events".into());
            }
        }
        reading.report(read, has, machine::of_process(process))
    })
}

/// The number of events, each read, with positions without gaps.
pub fn count(address: SocketAddr) -> Result<u64, Failure> {
    crate::alone(async {
        let mut parts = read_all(&mut connect(address).await?).await?;
        let mut count = 0;
        while let Some(part) = parts.message().await? {
            for event in part.events {
                count += 1;
                if event.position != count || event.event.is_none() {
                    return Err(format!("UmaDB has no event at {count}").into());
                }
            }
        }
        Ok(count)
    })
}

async fn connect(address: SocketAddr) -> Result<Grpc<Channel>, Failure> {
    let channel = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    let grpc = Grpc::new(channel.connect().await?);
    Ok(grpc.max_decoding_message_size(MESSAGE_BYTES_MAX))
}

async fn read_all(grpc: &mut Grpc<Channel>) -> Result<Streaming<ReadResponse>, Failure> {
    let request = ReadRequest { batch_size: Some(READ_EVENTS) };
    grpc.ready().await?;
    let path = PathAndQuery::from_static("/umadb.v1.DCB/Read");
    let codec = ProstCodec::<ReadRequest, ReadResponse>::default();
    Ok(grpc.server_streaming(Request::new(request), path, codec).await?.into_inner())
}

/// A client and its load.
struct Writer {
    grpc: Grpc<Channel>,
    load: Load,
    events: Vec<Event>,
    turn: usize,
    numbers: Arc<Numbers>,
}

impl Writer {
    async fn run(mut self, clock: Clock) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        let first = self.request();
        let mut request = first.clone();
        while !clock.is_over() {
            let sent = Instant::now();
            self.append(request).await?;
            tally.acknowledged(clock, sent, self.load.events as u64);
            request = self.request();
        }
        if self.load.way == Way::Unique && self.append(first).await.is_ok() {
            return Err("UmaDB took an id twice".into());
        }
        Ok(tally)
    }

    async fn append(&mut self, request: AppendRequest) -> Result<(), Failure> {
        self.grpc.ready().await?;
        let path = PathAndQuery::from_static("/umadb.v1.DCB/Append");
        let codec = ProstCodec::<AppendRequest, AppendResponse>::default();
        self.grpc.unary(Request::new(request), path, codec).await?;
        Ok(())
    }

    /// The next append, made before its clock starts.
    fn request(&mut self) -> AppendRequest {
        let mut events = Vec::with_capacity(self.load.events);
        let mut items = Vec::new();
        for _ in 0..self.load.events {
            let (number, event) = events::next(&mut self.events, &mut self.turn, &self.numbers);
            let id = format!("id:{}/{}", event.source, events::id(number));
            if self.load.way == Way::Unique {
                items.push(QueryItem { tags: vec![id.clone()] });
            }
            events.push(EventMessage {
                event_type: event.kind,
                tags: vec![id, format!("person:{}", events::person(number))],
                data: event.json.into(),
            });
        }
        let query = (!items.is_empty()).then_some(Query { items });
        let condition = query.map(|query| AppendCondition { fail_if_events_match: Some(query) });
        AppendRequest { events, condition }
    }
}
