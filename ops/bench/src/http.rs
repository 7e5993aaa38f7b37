//! Load over HTTP: keep-alive connections, each with one request under way.
//! Always: one thread, bytes rendered before; the client shares the processors with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::connection::Connection;
use crate::events::{self, Form, Numbers, Request};
use crate::machine;
use crate::measure::{self, Clock, Report, Tally, Window};

/// Different requests a connection sends in turn, for forms with many events.
const REQUESTS: usize = 4;

/// A load of requests.
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
    /// The number of the first event: beyond all that the server was sent before
    #[arg(long, default_value_t = 0)]
    pub first: u64,
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
    let numbers = Arc::new(Numbers::from(load.first));
    crate::alone(async {
        let mut connections = Vec::new();
        for _ in 0..load.connections {
            connections.push(Connection::to(address).await?);
        }
        let clock = Clock::start(window);
        let tasks: Vec<_> = connections
            .into_iter()
            .zip(requests)
            .map(|(connection, requests)| {
                tokio::spawn(send(connection, requests, load.events as u64, numbers.clone(), clock))
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

/// Sends this many requests as fast as they are answered; returns the time that it took.
pub fn fill(address: SocketAddr, load: Load, requests: u64) -> Result<Duration, Failure> {
    let parts = events::for_connections(load.connections)?;
    let numbers = Arc::new(Numbers::from(load.first));
    let left = Arc::new(AtomicU64::new(requests));
    crate::alone(async {
        let mut tasks = Vec::new();
        let mut started = Vec::new();
        for events in &parts {
            let connection = Connection::to(address).await?;
            started.push((connection, self::requests(load, events)?));
        }
        let since = Instant::now();
        for (connection, requests) in started {
            let (numbers, left) = (numbers.clone(), left.clone());
            tasks.push(tokio::spawn(send_some(connection, requests, numbers, left)));
        }
        for task in tasks {
            task.await??;
        }
        Ok(since.elapsed())
    })
}

async fn send_some(
    mut connection: Connection,
    mut requests: Vec<Request>,
    numbers: Arc<Numbers>,
    left: Arc<AtomicU64>,
) -> Result<(), Failure> {
    loop {
        for request in &mut requests {
            let took = left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
            if took.is_err() {
                return Ok(());
            }
            good(connection.send(request.stamped(&numbers)).await?)?;
        }
    }
}

fn good(status: u16) -> Result<(), Failure> {
    match status {
        200 | 201 => Ok(()),
        status => Err(format!("the server answered {status}").into()),
    }
}

/// The requests that one connection sends in turn.
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
    mut connection: Connection,
    mut requests: Vec<Request>,
    events: u64,
    numbers: Arc<Numbers>,
    clock: Clock,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    loop {
        for request in &mut requests {
            let bytes = request.stamped(&numbers);
            if clock.is_over() {
                return Ok(tally);
            }
            let sent = Instant::now();
            good(connection.send(bytes).await?)?;
            tally.acknowledged(clock, sent, events);
        }
    }
}
