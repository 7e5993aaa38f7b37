//! How the ledger bears size: rates, a person's history, memory and starts at 10 million events.
//! Always: 50,000 persons get the events in turn, so that each one's lie all over the log.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use care_ledger::domain::id::PersonId;
use care_ledger::domain::time::calendar::At;
use care_ledger::ledger::answer::{self, HistoryPage, Question};
use care_ledger::ledger::read::open::Reader;

use crate::events::{self, Form};
use crate::measure::{Report, Window};
use crate::process::Server;
use crate::table::{BULK_CONNECTIONS, SINGLE_CONNECTIONS};
use crate::{Failure, aims, connection, http, machine, trial};

/// Lines in a request.
const LINES: usize = 5_000;

/// So many persons' histories are read.
const HISTORIES: u64 = 2_000;

/// The first number of events that are sent one per request: beyond all other numbers.
const SINGLES_FIRST: u64 = 1_000_000_000_000;

/// Measure at two sizes and print what changes.
#[derive(clap::Args)]
pub struct Size {
    /// An empty folder on the disk that is to be measured
    #[arg(long)]
    folder: PathBuf,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Events at the first look
    #[arg(long, default_value_t = 1_000_000)]
    small: u64,
    /// Events at the second
    #[arg(long, default_value_t = 10_000_000)]
    large: u64,
    #[command(flatten)]
    window: Window,
}

/// The figures at one size of the ledger.
struct Look {
    at: u64,
    bulk_rate: f64,
    single: Report,
}

impl Size {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        println!("{}", machine::today(&self.commit));
        let data = self.folder.join("ledger");
        let mut server = Server::ledger(&data)?;
        let (mut sent, mut singles) = (0, 0);
        let small = self.look(&server, (&mut sent, &mut singles), self.small)?;
        let large = self.look(&server, (&mut sent, &mut singles), self.large)?;
        let sending = server.memory();
        server.kill()?;
        let mut missed = print_rates(&small, &large);
        println!();
        for part in ["ledger.db", "index"] {
            let mebibytes = machine::bytes_of(&data.join(part)) as f64 / 1_048_576.0;
            println!("- `{part}`: {mebibytes:.0} MiB.");
        }
        println!("- Server memory at most while they were sent: {:.0} MiB.", sending.peak);
        missed.extend(aims::long("memory", sending.peak, 1024.0, "MiB at most"));
        missed.extend(starts(&data)?);
        missed.extend(histories(&data)?);
        println!("- Load average at the end: {}.", machine::load());
        aims::print(&missed);
        Ok(())
    }

    /// Fills to a size, over which the rate is taken: from a quarter of the small size before it
    /// to a quarter after it; then one event a request, for a while.
    fn look(
        &self,
        server: &Server,
        (sent, singles): (&mut u64, &mut u64),
        at: u64,
    ) -> Result<Look, Failure> {
        let around = self.small / 2 / LINES as u64 * LINES as u64;
        let from = at - around / 2;
        while *sent < from {
            fill(server, sent, around.min(from - *sent))?;
            eprintln!("bench: {sent} events sent, {:.0} MiB", server.memory().resident);
        }
        let before = *sent;
        let took = fill(server, sent, around)?;
        let bulk_rate = (*sent - before) as f64 / took.as_secs_f64();
        let (form, connections) = (Form::One, SINGLE_CONNECTIONS);
        let load = http::Load { form, events: 1, connections, first: SINGLES_FIRST + *sent };
        let single = trial::send(server, load, self.window)?;
        *singles += single.acknowledged;
        let found = connection::position(server.address)?;
        if found != *sent + *singles {
            return Err(format!("{} acknowledged, {found} found", *sent + *singles).into());
        }
        Ok(Look { at, bulk_rate, single })
    }
}

/// Sends at least this many events as NDJSON.
fn fill(server: &Server, sent: &mut u64, events: u64) -> Result<Duration, Failure> {
    let (form, connections) = (Form::Lines, BULK_CONNECTIONS);
    let load = http::Load { form, events: LINES, connections, first: *sent };
    let requests = events.div_ceil(LINES as u64);
    let took = http::fill(server.address, load, requests)?;
    *sent += requests * LINES as u64;
    Ok(took)
}

fn print_rates(small: &Look, large: &Look) -> Vec<String> {
    println!();
    println!("| | events/s at {} | events/s at {} | ratio | p99 ms | max ms |", small.at, large.at);
    println!("|:--|--:|--:|--:|--:|--:|");
    let bulk = large.bulk_rate / small.bulk_rate;
    println!(
        "| NDJSON, {LINES} lines a request, {BULK_CONNECTIONS} connections | {:.0} | {:.0} | \
         {bulk:.2} | – | – |",
        small.bulk_rate, large.bulk_rate
    );
    let single = large.single.rate() / small.single.rate();
    let millis = |report: &Report| (report.p99_micros as f64 / 1e3, report.max_micros as f64 / 1e3);
    let ((p99_small, max_small), (p99, max)) = (millis(&small.single), millis(&large.single));
    println!(
        "| One event a request, {SINGLE_CONNECTIONS} connections | {:.0} | {:.0} | {single:.2} | \
         {p99_small:.2}, {p99:.2} | {max_small:.1}, {max:.1} |",
        small.single.rate(),
        large.single.rate()
    );
    let what = "of the rate at the smaller size";
    let rows = [("NDJSON", bulk), ("one event a request", single)];
    rows.into_iter().filter_map(|(name, ratio)| aims::short(name, ratio, 0.8, what)).collect()
}

/// How long a start takes, with the index as a kill left it and without one, and what it holds.
fn starts(data: &Path) -> Result<Vec<String>, Failure> {
    let mut missed = Vec::new();
    for (what, without_index) in [("the index as left", false), ("the index rebuilt", true)] {
        if without_index {
            std::fs::remove_dir_all(data.join("index"))?;
        }
        let mut server = Server::ledger(data)?;
        let (seconds, memory) = (server.started_in.as_secs_f64(), server.memory());
        server.kill()?;
        println!("- Start, {what}: {seconds:.1} s; memory {:.0} MiB then.", memory.resident);
        missed.extend(aims::long(what, memory.peak, 1024.0, "MiB at most at a start"));
    }
    Ok(missed)
}

/// One person's history in process, of persons taken anywhere, each once.
fn histories(data: &Path) -> Result<Vec<String>, Failure> {
    let ledger = crate::ledger_in(data)?;
    let (mut took, mut items) = (Vec::new(), 0);
    crate::alone(async {
        // Persons lie scattered over their numbers, and a step that shares no factor with their
        // count meets each once.
        for number in (0..HISTORIES).map(|place| place * 7_919) {
            let person: PersonId = events::person(number).to_string().parse()?;
            let at = At::Instant(chrono::Utc::now());
            let since = Instant::now();
            let found = ledger
                .person(&Reader::system("bench"), person, None)
                .await?
                .ok_or("a person is not found")?;
            let question = Question { person, at, known_at: None };
            let page = HistoryPage { kind: None, skip: 0, limit: 10_000 };
            let answer =
                serde_json::to_vec(&answer::history(&question, &found, &page, String::new))?;
            took.push(since.elapsed().as_secs_f64() * 1e3);
            std::hint::black_box(answer);
            items += found.history.items.len();
        }
        Ok(())
    })?;
    took.sort_by(f64::total_cmp);
    let (p50, p99) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    println!(
        "- One person's history in process, {} records on average, {HISTORIES} persons: p50 \
         {p50:.2} ms, p99 {p99:.2} ms, at most {:.2} ms; {:.1} µs a record.",
        items as u64 / HISTORIES,
        took.last().copied().unwrap_or(0.0),
        took.iter().sum::<f64>() * 1e3 / items as f64
    );
    Ok(aims::long("one person's history", p50, 1.0, "ms (median)").into_iter().collect())
}
