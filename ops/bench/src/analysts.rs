//! Projections over a large log: replays from end to end, a rebuild beside writers, and what
//! writers notice of a program that misbehaves.
//! Always: the programs are those of `programs/`; a rate is of all records of the log.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use care_ledger::domain::event::Draft;
use care_ledger::domain::id::Position;
use care_ledger::domain::vocabulary::sent;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::ledger::read::open::Reader;
use care_ledger::ledger::record::WriteMode;
use care_ledger::ledger::{Expected, Ledger};
use care_ledger::store::open::StoreConfig;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::connection::{self, Connection};
use crate::events::{self, Form};
use crate::measure::{Report, Window};
use crate::neighbours::{median, wait_for_lists};
use crate::process::{self, Server};
use crate::table::{BULK_CONNECTIONS, SINGLE_CONNECTIONS};
use crate::{Failure, aims, http, machine, replay, trial};

const PROGRAMS: [(&str, &str); 3] = [
    ("count a person", include_str!("../programs/count.js")),
    ("state machine a person", include_str!("../programs/machine.js")),
    ("sum by facility", include_str!("../programs/sum.js")),
];

/// Programs that misbehave.
const BAD: [(&str, &str); 6] = [
    ("loops for ever", "for (;;) {}"),
    ("loops for ever in a try", "for (;;) try { for (;;) {} } catch {}"),
    ("eats memory", "const all = []; for (;;) all.push(new Array(9999).fill(1))"),
    (
        "eats memory in a try",
        "const all = []; for (;;) try { all.push(new Array(9999).fill(1)) } catch {}",
    ),
    ("recurses", "(function again() { return again() + 1 })()"),
    ("throws", "throw new Error('no')"),
];

/// Records made or read at once.
const BATCH: usize = 10_000;

/// The number of the first event that is sent: beyond all that the folder was filled with.
const SENT_FIRST: u64 = 1_000_000_000_000;

/// Event numbers for each window: more than a window can send.
const WINDOW_NUMBERS: u64 = 1_000_000_000;

/// A projection that takes longer to catch up does not.
const CATCH_UP_MAX: Duration = Duration::from_secs(3_600);

/// Measure projections over a large log.
#[derive(clap::Args)]
pub struct Projections {
    /// A folder on the disk that is to be measured; a ledger in it from an earlier run is used
    #[arg(long)]
    folder: PathBuf,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Records in the log
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// Persons who get them in turn
    #[arg(long, default_value_t = 200_000)]
    persons: u64,
    /// Leave the replays out
    #[arg(long)]
    without_replays: bool,
    /// Windows beside a rebuild; alone there is one more
    #[arg(long, default_value_t = 3)]
    windows: u64,
    #[command(flatten)]
    window: Window,
    /// The number of records when the run began.
    #[arg(skip)]
    started_at: Cell<u64>,
}

impl Projections {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        println!("{}", machine::today(&self.commit));
        let data = self.folder.join("ledger");
        if !data.exists() {
            self.fill(&data)?;
        }
        self.started_at.set(crate::ledger_in(&data)?.tail().number());
        let mut missed = Vec::new();
        let replayed = match self.without_replays {
            true => None,
            false => Some(self.end_to_end(&data, &mut missed)?),
        };
        self.beside(&data, replayed, &mut missed)?;
        self.misbehaving(&data)?;
        println!("Load average at the end: {}.", machine::load());
        aims::print(&missed);
        Ok(())
    }

    /// Fills a new ledger.
    fn fill(&self, data: &Path) -> Result<(), Failure> {
        let mut events = events::for_connections(1)?.concat();
        crate::alone(async {
            let store = StoreConfig::Folder(data.to_owned());
            let ledger = Ledger::open(&store, &mut |_, _| ()).await?;
            ledger.first_start().succeed();
            let mut number = 0;
            while number < self.events {
                let mut drafts: Vec<Draft> = Vec::with_capacity(BATCH);
                while drafts.len() < BATCH && number < self.events {
                    let place = number as usize % events.len();
                    let event = &mut events[place];
                    event.place.stamp_of(&mut event.json, number, self.persons);
                    drafts.push(draft(&event.json)?);
                    number += 1;
                }
                let recorded = ledger.record(&drafts, Expected::Any, WriteMode::Write).await;
                recorded.map_err(|failure| format!("{failure:?}"))?;
                if number % 1_000_000 == 0 {
                    eprintln!("bench: {number} records written");
                }
            }
            Ok(())
        })
    }

    /// Replays of a folder. Returns the rate of the state machine.
    fn end_to_end(&self, data: &Path, missed: &mut Vec<String>) -> Result<f64, Failure> {
        let records = crate::ledger_in(data)?.tail().number();
        let read = timed(|| replay::ledger(data, 0.0).map(drop))?;
        let opened = timed(|| open_all(data))?;
        println!(
            "\n{records} records. Read: {read:.1} s; read and opened: {opened:.1} s, on one \
            thread. A replay reads and opens on a thread beside the engine.\n"
        );
        println!("| `replay --data`, the second run | seconds | events/s | VmHWM MiB |");
        println!("|:--|--:|--:|--:|");
        let mut machine_rate = 0.0;
        for (name, source) in PROGRAMS {
            let file = self.folder.join("program.js");
            std::fs::write(&file, source)?;
            replayed(&file, data)?;
            let (seconds, peak) = replayed(&file, data)?;
            let rate = records as f64 / seconds;
            println!("| {name} | {seconds:.1} | {rate:.0} | {peak:.0} |");
            match name {
                "count a person" => {
                    missed.extend(aims::long("count a person", seconds, 120.0, "s"));
                    missed.extend(aims::long("count a person", peak, 1024.0, "MiB at most"));
                }
                "state machine a person" => machine_rate = rate,
                _ => {}
            }
        }
        Ok(machine_rate)
    }

    /// A rebuild alone and beside writers.
    fn beside(
        &self,
        data: &Path,
        replayed: Option<f64>,
        missed: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let server = Server::ledger(data)?;
        wait_for_lists(&server)?;
        let (_, source) = PROGRAMS[1];
        let records = connection::position(server.address)?;
        // An earlier run may have left it, built: this source is new.
        let since = Instant::now();
        let kept = format!("// {}\n{source}", self.started_at.get());
        put(server.address, "machine", &kept)?;
        until(&server, |status| status["lag"] == 0 && status["rebuild"].is_null())?;
        let alone = records as f64 / since.elapsed().as_secs_f64();
        println!(
            "\nThe state machine, kept by the service: {alone:.0} records/s without writers.\n"
        );
        if let Some(replayed) = replayed {
            let ratio = alone / replayed;
            missed.extend(aims::short("a rebuild", ratio, 0.9, "of a replay"));
            println!("That is {ratio:.2} of a replay.\n");
        }
        let (mut writers, mut writers_beside, mut rebuilds) = (Vec::new(), Vec::new(), Vec::new());
        for place in 0..=self.windows {
            until(&server, |status| status["lag"] == 0 && status["rebuild"].is_null())?;
            writers.push(self.send(&server, BULK, 2 * place)?.rate());
            if place == self.windows {
                break;
            }
            until(&server, |status| status["lag"] == 0)?;
            put(server.address, "machine", &format!("// {place}\n{source}"))?;
            until(&server, |status| !status["rebuild"].is_null())?;
            let (before, since) = (rebuilt(&server)?, Instant::now());
            writers_beside.push(self.send(&server, BULK, 2 * place + 1)?.rate());
            let built = rebuilt(&server)? - before;
            rebuilds.push(built as f64 / since.elapsed().as_secs_f64());
            // The kept source again: the rebuild is dropped.
            put(server.address, "machine", &kept)?;
        }
        let around = writers.windows(2).map(|two| (two[0] + two[1]) / 2.0);
        let ratio = median(writers_beside.iter().zip(around).map(|(beside, alone)| beside / alone));
        let rebuild = median(rebuilds.iter().copied()) / alone;
        println!("| batches of 1,000, and a rebuild beside them | alone | beside | ratio |");
        println!("|:--|--:|--:|--:|");
        let (one, other) = (median(writers.into_iter()), median(writers_beside.into_iter()));
        println!("| writers, events/s | {one:.0} | {other:.0} | {ratio:.2} |");
        let built = median(rebuilds.into_iter());
        println!("| rebuild, records/s | {alone:.0} | {built:.0} | {rebuild:.2} |");
        missed.extend(aims::short("writers beside a rebuild", ratio, 0.8, "of the rate alone"));
        missed.extend(aims::short("a rebuild beside writers", rebuild, 0.15, "of the rate alone"));
        Ok(())
    }

    /// Writers of one event a request, beside a program that misbehaves.
    fn misbehaving(&self, data: &Path) -> Result<(), Failure> {
        let server = Server::ledger(data)?;
        wait_for_lists(&server)?;
        println!("\n| one event a request, beside a program that | p99 ms | max ms | events/s |");
        println!("|:--|--:|--:|--:|");
        let mut place = 2 * self.windows + 1;
        let mut row = |name: &str| -> Result<(), Failure> {
            let report = self.send(&server, SINGLES, place)?;
            place += 1;
            let millis = |micros: u32| f64::from(micros) / 1e3;
            let (p99, max) = (millis(report.p99_micros), millis(report.max_micros));
            println!("| {name} | {p99:.2} | {max:.1} | {:.0} |", report.rate());
            Ok(())
        };
        row("– (alone)")?;
        for (name, body) in BAD {
            // It stands still at its first event, so it is put again and again in the window.
            let putting = Putting::start(server.address, body);
            row(name)?;
            putting.stop()?;
        }
        row("– (alone, again)")
    }

    fn send(&self, server: &Server, load: http::Load, place: u64) -> Result<Report, Failure> {
        // A ledger of an earlier run has the ids that were sent then.
        let first = SENT_FIRST + self.started_at.get() * 100_000 + place * WINDOW_NUMBERS;
        trial::send(server, http::Load { first, ..load }, self.window)
    }
}

const BULK: http::Load =
    http::Load { form: Form::Batch, events: 1_000, connections: BULK_CONNECTIONS, first: 0 };

const SINGLES: http::Load =
    http::Load { form: Form::One, events: 1, connections: SINGLE_CONNECTIONS, first: 0 };

/// Puts a program again and again, each time with another source, until it is stopped.
struct Putting {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), String>>,
}

impl Putting {
    fn start(address: SocketAddr, body: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut round = 0;
            while !stopped.load(Ordering::Relaxed) {
                let source = format!("// {round}\nfromAll().when({{ $any: () => {{ {body} }} }})");
                put(address, "bad", &source).map_err(|failure| failure.to_string())?;
                round += 1;
                std::thread::sleep(Duration::from_millis(300));
            }
            Ok(())
        });
        Self { stop, thread }
    }

    fn stop(self) -> Result<(), Failure> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "a thread panicked")??)
    }
}

fn draft(json: &[u8]) -> Result<Draft, Failure> {
    let event = sent::line(json).map_err(|_| "an event is no JSON")?;
    validate(&event, DateTime::<Utc>::MAX_UTC).map_err(|_| "an event is refused".into())
}

fn timed(work: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let since = Instant::now();
    work()?;
    Ok(since.elapsed().as_secs_f64())
}

/// Reads and opens every record.
fn open_all(data: &Path) -> Result<(), Failure> {
    let ledger = crate::ledger_in(data)?;
    let reader = Reader::system("bench");
    crate::alone(async {
        let mut after = Position::START;
        while let Some(last) = ledger.read_log(&reader, after, BATCH).await?.last {
            after = last;
        }
        Ok(())
    })
}

/// Runs `care-ledger replay`. Returns the seconds that it took, and its memory at most in MiB.
fn replayed(file: &Path, data: &Path) -> Result<(f64, f64), Failure> {
    let since = Instant::now();
    let mut command = process::bound(&process::beside("care-ledger")?);
    command.arg("replay").arg(file).arg("--data").arg(data).arg("--json");
    let mut replay = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peak: f64 = 0.0;
    loop {
        peak = peak.max(machine::memory(replay.id()).peak);
        if let Some(status) = replay.try_wait()? {
            let seconds = since.elapsed().as_secs_f64();
            let failed = || format!("a replay failed: {status}").into();
            return status.success().then_some((seconds, peak)).ok_or_else(failed);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn put(address: SocketAddr, name: &str, source: &str) -> Result<(), Failure> {
    let request = format!(
        "PUT /v1/projections/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: \
         text/javascript\r\nContent-Length: {}\r\n\r\n{source}",
        source.len()
    );
    let status =
        crate::alone(async { Connection::to(address).await?.send(request.as_bytes()).await })?;
    if status < 300 { Ok(()) } else { Err(format!("a projection was answered {status}").into()) }
}

fn status(server: &Server) -> Result<Value, Failure> {
    let path = "/v1/projections/machine";
    let asked = async { Connection::to(server.address).await?.get(path).await };
    let (_, body) = crate::alone(asked)?;
    Ok(serde_json::from_slice(&body)?)
}

/// Waits until the projection is so.
fn until(server: &Server, holds: impl Fn(&Value) -> bool) -> Result<(), Failure> {
    let since = Instant::now();
    while !holds(&status(server)?) {
        if since.elapsed() > CATCH_UP_MAX {
            return Err("a projection does not catch up".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// How far the rebuild is.
fn rebuilt(server: &Server) -> Result<u64, Failure> {
    let status = status(server)?;
    let lag = status["rebuild"]["lag"].as_u64().ok_or("the rebuild ended too early")?;
    Ok(connection::position(server.address)?.saturating_sub(lag))
}
