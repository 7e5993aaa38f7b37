//! A steady load for a long time, and whether the server's memory stays flat.
//! Always: a fixed rate, so that hours compare; readers and live readers come and go. The ledger is
//! filled before. At the end a server that was started again over the same ledger gets the same
//! load, which separates the memory that time costs from the memory that the ledger's size costs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use crate::connection::Connection;
use crate::events::{self, Event, Form, Numbers, Request};
use crate::neighbours::median;
use crate::process::Server;
use crate::readers::{Feed, Habit, Readers, has_live};
use crate::{Failure, aims, connection, http, machine};

/// Connections that send one event per request, and the pause between their requests: 2,000
/// events/s.
const SINGLES: usize = 20;
const SINGLE_EVERY: Duration = Duration::from_millis(10);

/// The size of a batch, and the pause between batches: 500 events/s.
const BATCH: usize = 1_000;
const BATCH_EVERY: Duration = Duration::from_secs(2);

/// The events in the ledger before the load, numbered beyond all later events.
const FILL: http::Load =
    http::Load { form: Form::Batch, events: BATCH, connections: 2, first: 1_000_000_000_000 };

/// The pause between questions.
const QUESTION_EVERY: Duration = Duration::from_millis(50);

/// The number of live readers, and the time after which all are replaced.
const LIVE: usize = 30;
const LIVE_EVERY: Duration = Duration::from_secs(20);

/// Between two looks at the memory.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Looks of the first minute are of a server that is still warming up.
const LOOKS_LEFT_OUT: usize = 6;

/// The load on the server that was started again: this part of the minutes, and at least this many.
const ANEW: (f64, f64) = (0.1, 2.5);

/// Memory is flat if the median of the last third is at most this many times the median of the
/// first third, and of the server that was started again.
const GROWTH_MAX: f64 = 1.05;

/// Load a server steadily and print whether its memory grows.
#[derive(clap::Args)]
pub struct Soak {
    /// An empty folder on the disk that is to be measured
    #[arg(long)]
    folder: PathBuf,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Minutes of load
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    /// Events in the ledger before: as many as the country makes in one and a half to five years
    #[arg(long, default_value_t = 3_000_000)]
    events: u64,
}

/// The counts so far.
#[derive(Default)]
struct Counts {
    events: AtomicU64,
    answers: AtomicU64,
    lacking: AtomicU64,
    came: AtomicU64,
}

impl Soak {
    /// Loads and prints.
    pub fn run(self) -> Result<(), Failure> {
        let data = self.folder.join("ledger");
        let mut server = Server::ledger(&data)?;
        let requests = self.events.div_ceil(BATCH as u64);
        http::fill(server.address, FILL, requests)?;
        let counts = Arc::new(Counts::default());
        counts.events.store(requests * BATCH as u64, Relaxed);
        let numbers = Arc::new(Numbers::default());
        let live = has_live(server.address);
        let through = steady(&server, self.minutes, &counts, &numbers, live)?;
        let counters = [&counts.events, &counts.answers, &counts.lacking, &counts.came];
        let [events, answers, lacking, came] = counters.map(|count| count.load(Relaxed));
        server.kill()?;
        eprintln!("bench: started anew");
        server = Server::ledger(&data)?;
        let (part, least) = ANEW;
        let anew = steady(&server, least.max(part * self.minutes), &counts, &numbers, live)?;
        server.kill()?;
        println!("{}", machine::today(&self.commit));
        println!();
        println!(
            "{} minutes: {events} events in the ledger, {} of them from before; {answers} \
             questions answered ({lacking} of them on routes that the server lacks), {came} live \
             readers came and went{}.",
            self.minutes,
            requests * BATCH as u64,
            if live { "" } else { " (skipped: the server has no live feed)" }
        );
        aims::print(&judged(&through, &anew));
        Ok(())
    }
}

/// One server's memory over a time: (hours, MiB).
type Series = [(f64, f64)];

/// Loads a server, and checks that it holds all events that it acknowledged.
fn steady(
    server: &Server,
    minutes: f64,
    counts: &Arc<Counts>,
    numbers: &Arc<Numbers>,
    live: bool,
) -> Result<Vec<(f64, f64)>, Failure> {
    let end = Instant::now() + Duration::from_secs_f64(60.0 * minutes);
    let series = crate::alone(load(server, end, counts, numbers, live))?;
    let (sent, found) = (counts.events.load(Relaxed), connection::position(server.address)?);
    if sent != found {
        return Err(format!("{sent} acknowledged, {found} found").into());
    }
    Ok(series)
}

/// Prints both series; a sentence for each way in which memory is not flat.
fn judged(through: &Series, anew: &Series) -> Vec<String> {
    let left_out = |series: &Series| LOOKS_LEFT_OUT.min(series.len() / 2);
    let of = |part: &Series| median(part.iter().map(|(_, memory)| *memory));
    let kept = &through[left_out(through)..];
    let third = kept.len() / 3;
    let (first, last) = (of(&kept[..third]), of(&kept[kept.len() - third..]));
    let fresh = of(&anew[left_out(anew)..]);
    println!();
    println!(
        "Memory of the server, a look every {} s, {} of them, the first {} left out (medians): \
         first third {first:.1} MiB, last third {last:.1} MiB, slope {:+.1} MiB an hour. Killed, \
         started anew over the same ledger and loaded alike, {} looks: {fresh:.1} MiB. Flat means \
         at most {GROWTH_MAX} times. Load average at the end: {}.",
        LOOK_EVERY.as_secs(),
        through.len(),
        left_out(through),
        slope(kept),
        anew.len(),
        machine::load()
    );
    if third == 0 {
        return vec!["short: memory: too few looks to tell".to_owned()];
    }
    let beyond = [
        (first, "of the first third's memory in the last"),
        (fresh, "in the last third of what a server started anew takes"),
    ];
    let short = |(before, what): (f64, &str)| {
        (last / before > GROWTH_MAX).then(|| {
            format!("short: memory: {:.2} {what}, at most {GROWTH_MAX:.2} aimed at", last / before)
        })
    };
    beyond.into_iter().filter_map(short).collect()
}

/// The slope of the least squares' line.
fn slope(points: &Series) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    above / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

/// All of it, until the end; the memory over the hours.
async fn load(
    server: &Server,
    end: Instant,
    counts: &Arc<Counts>,
    numbers: &Arc<Numbers>,
    live: bool,
) -> Result<Vec<(f64, f64)>, Failure> {
    let address = server.address;
    let mut tasks = Vec::new();
    for part in events::for_connections(SINGLES)? {
        tasks.push(tokio::spawn(send(
            (address, end),
            (Form::One, SINGLE_EVERY),
            part.chunks(1).map(<[Event]>::to_vec).collect(),
            numbers.clone(),
            counts.clone(),
        )));
    }
    let batches = events::for_connections(1)?.concat();
    tasks.push(tokio::spawn(send(
        (address, end),
        (Form::Batch, BATCH_EVERY),
        batches.chunks_exact(BATCH).map(<[Event]>::to_vec).collect(),
        numbers.clone(),
        counts.clone(),
    )));
    tasks.push(tokio::spawn(ask(address, end, counts.clone())));
    if live {
        tasks.push(tokio::spawn(come_and_go(address, end, counts.clone())));
    }
    let (mut series, since) = (Vec::new(), Instant::now());
    while Instant::now() < end {
        tokio::time::sleep(LOOK_EVERY.min(end - Instant::now())).await;
        let memory = server.memory().resident;
        series.push((since.elapsed().as_secs_f64() / 3_600.0, memory));
        let events = counts.events.load(Relaxed);
        eprintln!(
            "bench: {:.0} s, {events} events, {memory:.1} MiB",
            since.elapsed().as_secs_f64()
        );
    }
    for task in tasks {
        task.await??;
    }
    Ok(series)
}

/// Sends requests in turn, with a pause between them.
async fn send(
    (address, end): (SocketAddr, Instant),
    (form, every): (Form, Duration),
    parts: Vec<Vec<Event>>,
    numbers: Arc<Numbers>,
    counts: Arc<Counts>,
) -> Result<(), Failure> {
    let mut connection = Connection::to(address).await?;
    let mut ticks = paced(every);
    loop {
        for part in &parts {
            ticks.tick().await;
            if Instant::now() >= end {
                return Ok(());
            }
            let mut request = Request::new(form, part)?;
            match connection.send(request.stamped(&numbers)).await? {
                201 => counts.events.fetch_add(part.len() as u64, Relaxed),
                status => return Err(format!("the server answered {status}").into()),
            };
        }
    }
}

/// Asks about persons, lists and the feed.
async fn ask(address: SocketAddr, end: Instant, counts: Arc<Counts>) -> Result<(), Failure> {
    let mut connection = Connection::to(address).await?;
    let mut ticks = paced(QUESTION_EVERY);
    for number in 0.. {
        ticks.tick().await;
        if Instant::now() >= end {
            break;
        }
        let person = events::person(number / 6);
        let path = match number % 6 {
            0 => format!("/v1/persons/{person}/history"),
            1 => format!("/v1/persons/{person}/trajectory"),
            2 => format!("/v1/persons/{person}/credit"),
            3 => "/v1/trajectories?limit=100".to_owned(),
            4 => "/v1/credits?limit=100".to_owned(),
            _ => format!("/v1/events?after={}&limit=100", number / 6 * 100),
        };
        let (status, _) = connection.get(&path).await?;
        match status {
            200 => {}
            // A person of whom nothing was sent yet, or a route that is not there.
            404 => drop(counts.lacking.fetch_add(1, Relaxed)),
            status => return Err(format!("{path} answered {status}").into()),
        }
        counts.answers.fetch_add(1, Relaxed);
    }
    Ok(())
}

/// Live readers: as many come as go, half of them reading.
async fn come_and_go(
    address: SocketAddr,
    end: Instant,
    counts: Arc<Counts>,
) -> Result<(), Failure> {
    let mut ticks = paced(LIVE_EVERY);
    let mut there = Vec::new();
    loop {
        ticks.tick().await;
        for reading in there.drain(..) {
            tokio::task::spawn_blocking(|| crate::readers::Reading::stop(reading)).await??;
        }
        if Instant::now() >= end {
            return Ok(());
        }
        let position = Connection::to(address).await?.position().await?;
        let path = format!("/v1/events?after={position}");
        for habit in [Habit::Reads, Habit::Stalls] {
            let (path, feed, count) = (path.clone(), Feed::Live, LIVE / 2);
            let readers = Readers { address, count, path, feed, habit };
            there.push(tokio::task::spawn_blocking(move || readers.start()).await??);
        }
        counts.came.fetch_add(LIVE as u64, Relaxed);
    }
}

/// Ticks that are not made up for when they are late.
fn paced(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
