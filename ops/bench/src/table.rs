//! The table: every contender under every load, in one run.

use std::path::PathBuf;

use crate::events::{self, Form};
use crate::measure::Window;
use crate::postgres::{self, Way};
use crate::trial::{Ground, Trial};
use crate::{Failure, http, machine};

/// Connections that send one event a request.
const SINGLE_CONNECTIONS: usize = 64;

/// Connections that send many.
const BULK_CONNECTIONS: usize = 2;

/// Measure everything and print the table.
#[derive(clap::Args)]
pub struct Table {
    /// An empty folder on the disk that is to be measured
    #[arg(long)]
    folder: PathBuf,
    /// The folder of PostgreSQL's socket; without it PostgreSQL is left out
    #[arg(long, requires = "postgres_process")]
    postgres_socket: Option<PathBuf>,
    /// PostgreSQL's first process
    #[arg(long)]
    postgres_process: Option<u32>,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Only A and B over the embedded store, each with `perf` looking on, into this folder
    #[arg(long)]
    profile: Option<PathBuf>,
    #[command(flatten)]
    window: Window,
}

/// One kind of load.
struct Section {
    title: &'static str,
    /// The name of a profile's file.
    file: &'static str,
    load: http::Load,
    ways: &'static [Way],
}

const SECTIONS: [Section; 3] = [
    Section {
        title: "A. One event a request, 64 connections",
        file: "a-one",
        load: http::Load { form: Form::One, events: 1, connections: SINGLE_CONNECTIONS },
        ways: &[Way::Row],
    },
    Section {
        title: "B1. Batches of 1,000 events, 2 connections",
        file: "b-batch",
        load: http::Load { form: Form::Batch, events: 1_000, connections: BULK_CONNECTIONS },
        ways: &[Way::Copy, Way::Rows],
    },
    Section {
        title: "B2. NDJSON, 5,000 lines a request, 2 connections",
        file: "b-lines",
        load: http::Load { form: Form::Lines, events: 5_000, connections: BULK_CONNECTIONS },
        ways: &[Way::Copy, Way::Rows],
    },
];

impl Table {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        if let Some(folder) = self.profile.clone() {
            return self.profile(&folder);
        }
        let cluster =
            self.postgres_socket.clone().zip(self.postgres_process).map(|(socket, process)| {
                postgres::Cluster { socket, user: "bench".to_owned(), process }
            });
        self.head(cluster.as_ref())?;
        let ground = self.ground(None);
        let mut verified = 0;
        for section in &SECTIONS {
            eprintln!("bench: {}", section.title);
            let ledger = ground.ledger(section.load)?;
            let ceiling = ground.ceiling(section.load)?;
            let mut lines = vec![("care-ledger".to_owned(), ledger)];
            lines.push(("the same, keeping nothing".to_owned(), ceiling));
            for way in section.ways.iter().filter(|_| cluster.is_some()) {
                let Some(cluster) = &cluster else { continue };
                let load = postgres::Load {
                    way: *way,
                    rows: section.load.events,
                    connections: section.load.connections,
                };
                lines.push((way_title(*way, load.rows), ground.postgres(cluster, load)?));
            }
            print_section(section.title, &lines);
            verified += check(&lines)?;
        }
        println!();
        println!(
            "Counts: all {verified} acknowledged events were found afterwards, none more, in each \
             line: the ledger's in its log after its process was killed (SIGKILL), the others' as \
             their server tells it. Load average at the end: {}.",
            machine::load()
        );
        Ok(())
    }

    fn head(&self, cluster: Option<&postgres::Cluster>) -> Result<(), Failure> {
        let sync = machine::sync_median(&self.folder)?;
        let today = chrono::Utc::now().format("%Y-%m-%d %H:%M UTC");
        println!("{}; {today}; commit {}.", machine::describe(), self.commit);
        println!(
            "Each line {} s after {} s of warm-up; events of {} bytes on average; an append of \
             4 KiB and its fdatasync take {} µs here (median). Load average at the start: {}.",
            self.window.seconds,
            self.window.warm_up,
            events::mean_bytes()?,
            sync.as_micros(),
            machine::load()
        );
        if let Some(cluster) = cluster {
            println!("{}.", postgres::describe(cluster)?);
        }
        println!();
        println!(
            "| | events/s | of the ceiling | of PostgreSQL | p50 ms | p99 ms | max ms \
             | server µs/event | client µs/event | others' CPU |"
        );
        println!("|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        Ok(())
    }

    fn ground(&self, profile: Option<PathBuf>) -> Ground {
        Ground { folder: self.folder.clone(), window: self.window, profile }
    }

    fn profile(&self, folder: &std::path::Path) -> Result<(), Failure> {
        for section in &SECTIONS[..2] {
            let file = folder.join(section.file).with_extension("perf");
            let trial = self.ground(Some(file.clone())).ledger(section.load)?;
            println!("{}: {:.0} events/s, {}", section.title, rate(&trial), file.display());
        }
        Ok(())
    }
}

fn way_title(way: Way, rows: usize) -> String {
    match way {
        Way::Row => "PostgreSQL, INSERT of one row a transaction".to_owned(),
        Way::Rows => format!("PostgreSQL, INSERT of {rows} rows a transaction"),
        Way::Copy => format!("PostgreSQL, COPY of {rows} rows a transaction"),
    }
}

fn rate(trial: &Trial) -> f64 {
    trial.report.events as f64 / trial.report.seconds
}

/// The first line is the ledger's, the second the ceiling's, the rest are PostgreSQL's.
fn print_section(title: &str, lines: &[(String, Trial)]) {
    println!("| **{title}** | | | | | | | | | |");
    let ceiling = lines.get(1).map_or(f64::NAN, |(_, trial)| rate(trial));
    let postgres = lines.iter().skip(2).map(|(_, trial)| rate(trial)).fold(f64::NAN, f64::max);
    for (name, trial) in lines {
        let report = &trial.report;
        let millis = |micros: u32| f64::from(micros) / 1_000.0;
        let micros = |seconds: f64| seconds * 1e6 / report.events.max(1) as f64;
        let cpu =
            report.seconds * std::thread::available_parallelism().map_or(1, usize::from) as f64;
        println!(
            "| {name} | {:.0} | {} | {} | {:.2} | {:.2} | {:.1} | {:.1} | {:.1} | {:.0} % |",
            rate(trial),
            ratio(rate(trial) / ceiling),
            ratio(rate(trial) / postgres),
            millis(report.p50_micros),
            millis(report.p99_micros),
            millis(report.max_micros),
            micros(report.cpu.server),
            micros(report.cpu.client),
            100.0 * report.cpu.other / cpu,
        );
    }
}

fn ratio(ratio: f64) -> String {
    if ratio.is_finite() { format!("{ratio:.2}") } else { "–".to_owned() }
}

/// How many events were acknowledged, if each contender has exactly those.
fn check(lines: &[(String, Trial)]) -> Result<u64, Failure> {
    for (name, Trial { report, counted }) in lines {
        if report.acknowledged != *counted {
            let acknowledged = report.acknowledged;
            return Err(format!("{name}: {acknowledged} acknowledged, {counted} found").into());
        }
    }
    Ok(lines.iter().map(|(_, trial)| trial.counted).sum())
}
