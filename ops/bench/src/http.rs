//! Load over HTTP: keep-alive connections, each with one request under way.
//! Always: one thread, bytes rendered before; the client shares the processors with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::Failure;
use crate::answer::Answers;
use crate::events::{self, Form, Numbers, Request};
use crate::machine;
use crate::measure::{self, Clock, Report, Tally, Window};

/// Different requests a connection sends in turn, for forms with many events.
const REQUESTS: usize = 4;

/// What is sent.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Load {
    /// How events go into a request
    #[arg(long, value_enum)]
    pub form: Form,
    /// Events in a request
    #[arg(long)]
    pub events: usize,
    /// Connections
    #[arg(long)]
    pub connections: usize,
}

/// Sends events until the window is over.
pub fn run(
    address: SocketAddr,
    process: u32,
    load: Load,
    window: Window,
) -> Result<Report, Failure> {
    let parts = events::for_connections(load.connections)?;
    let requests = parts.iter().map(|events| requests(load, events));
    let requests = requests.collect::<Result<Vec<_>, _>>()?;
    let numbers = Arc::new(Numbers::default());
    crate::alone(async {
        let mut streams = Vec::new();
        for _ in 0..load.connections {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let clock = Clock::start(window);
        let tasks: Vec<_> = streams
            .into_iter()
            .zip(requests)
            .map(|(stream, requests)| {
                tokio::spawn(send(stream, requests, load.events as u64, numbers.clone(), clock))
            })
            .collect();
        let cpu = measure::watch(clock, || machine::of_process(process)).await?;
        let mut tallies = Vec::new();
        for task in tasks {
            tallies.push(task.await??);
        }
        Ok(measure::report(tallies, window, cpu))
    })
}

fn requests(load: Load, events: &[events::Event]) -> Result<Vec<Request>, Failure> {
    if load.events == 1 {
        return events.chunks(1).map(|event| Request::new(load.form, event)).collect();
    }
    let mut round = events.iter().cycle().cloned();
    (0..REQUESTS)
        .map(|_| Request::new(load.form, &round.by_ref().take(load.events).collect::<Vec<_>>()))
        .collect()
}

async fn send(
    mut stream: TcpStream,
    mut requests: Vec<Request>,
    events: u64,
    numbers: Arc<Numbers>,
    clock: Clock,
) -> Result<Tally, Failure> {
    let mut answers = Answers::new();
    let mut tally = Tally::default();
    loop {
        for request in &mut requests {
            let bytes = request.stamped(&numbers);
            if clock.is_over() {
                return Ok(tally);
            }
            let sent = Instant::now();
            stream.write_all(bytes).await?;
            match answers.next(&mut stream, None).await? {
                200 | 201 => tally.acknowledged(clock, sent, events),
                status => return Err(format!("the server answered {status}").into()),
            }
        }
    }
}

/// The last position, as the server tells it.
pub fn position(address: SocketAddr) -> Result<u64, Failure> {
    crate::alone(async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await?;
        let mut body = Vec::new();
        Answers::new().next(&mut stream, Some(&mut body)).await?;
        let health: Value = serde_json::from_slice(&body)?;
        let position = health["components"]["store"]["position"].as_str();
        Ok(position.ok_or("/health tells no position")?.parse()?)
    })
}
