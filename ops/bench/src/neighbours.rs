//! What writers lose to a neighbour: readers that stall or idle, and a rebuild of the lists.
//! Always: windows alone and beside the neighbour in turn, on one ledger that grows, the first and
//! the last alone; each beside it is set against the mean of the two around it, so that drift
//! neither helps nor harms; the ratio is the median.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::events::Form;
use crate::measure::{Report, Window};
use crate::process::Server;
use crate::readers::{Feed, Habit, Readers, has_live};
use crate::table::{BULK_CONNECTIONS, SINGLE_CONNECTIONS};
use crate::{Failure, aims, connection, http, machine, trial};

/// Event numbers for each window: more than a window can send.
const WINDOW_NUMBERS: u64 = 1_000_000_000;

/// Lists that take longer to catch up do not.
const CATCH_UP_MAX: Duration = Duration::from_secs(600);

/// The names of the lists' files in a data folder begin with this.
const LISTS: &str = "lists";

/// Measure what writers lose to each neighbour.
#[derive(clap::Args)]
pub struct Neighbours {
    /// An empty folder on the disk that is to be measured
    #[arg(long)]
    folder: PathBuf,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Windows beside each neighbour; alone there is one more
    #[arg(long, default_value_t = 3)]
    windows: u64,
    /// Events in the ledger at the start of each line
    #[arg(long, default_value_t = 500_000)]
    events: u64,
    /// Seconds of load once the readers are there and before their window: whoever stops reading
    /// is first sent what its buffers hold
    #[arg(long, default_value_t = 10.0)]
    settle: f64,
    /// Readers that idle
    #[arg(long, default_value_t = 10_000)]
    readers: usize,
    /// Only the lines whose name holds this
    #[arg(long, default_value = "")]
    only: String,
    #[command(flatten)]
    window: Window,
}

/// Who is there beside the writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neighbour {
    StalledPages,
    StalledLive,
    IdleFiltered,
    IdleUnread,
    Rebuild,
}

impl Neighbour {
    const ALL: [Self; 5] = [
        Self::StalledPages,
        Self::StalledLive,
        Self::IdleFiltered,
        Self::IdleUnread,
        Self::Rebuild,
    ];

    fn name(self, readers: usize) -> String {
        match self {
            Self::StalledPages => "a reader of pages that stopped reading".to_owned(),
            Self::StalledLive => "a live reader from the start that stopped reading".to_owned(),
            Self::IdleFiltered => format!("{readers} live readers whom nothing concerns"),
            Self::IdleUnread => format!("{readers} live readers that stopped reading"),
            Self::Rebuild => "a rebuild of the lists".to_owned(),
        }
    }

    /// The feature that the server lacks for this neighbour.
    fn lacks(self, server: &Server, data: &Path) -> Result<Option<&'static str>, Failure> {
        let lists = connection::health(server.address)?["components"]["lists"].is_object();
        Ok(match self {
            Self::StalledPages => None,
            Self::Rebuild if !lists || kept_lists(data)?.is_empty() => Some("no lists"),
            Self::Rebuild => None,
            _ if !has_live(server.address) => Some("no live feed"),
            _ => None,
        })
    }

    fn readers(self, server: &Server, count: usize) -> Result<Option<Readers>, Failure> {
        let (address, end) = (server.address, connection::position(server.address)?);
        let nobody = "type=death.recorded&source=urn:care-ledger:bench:nobody";
        let (count, path, feed, habit) = match self {
            Self::StalledPages => {
                (1, "/v1/events?limit=10000".to_owned(), Feed::Pages, Habit::Stalls)
            }
            Self::StalledLive => (1, "/v1/events?after=0".to_owned(), Feed::Live, Habit::Stalls),
            Self::IdleFiltered => {
                (count, format!("/v1/events?after={end}&{nobody}"), Feed::Live, Habit::Reads)
            }
            Self::IdleUnread => {
                (count, format!("/v1/events?after={end}"), Feed::Live, Habit::Stalls)
            }
            Self::Rebuild => return Ok(None),
        };
        Ok(Some(Readers { address, count, path, feed, habit }))
    }
}

const SINGLES: http::Load =
    http::Load { form: Form::One, events: 1, connections: SINGLE_CONNECTIONS, first: 0 };

const BULK: http::Load =
    http::Load { form: Form::Batch, events: 1_000, connections: BULK_CONNECTIONS, first: 0 };

const LOADS: [(&str, http::Load); 2] =
    [("one event a request", SINGLES), ("batches of 1,000", BULK)];

/// One window beside a neighbour.
struct Beside {
    report: Report,
    /// While the readers settled.
    before: Option<Report>,
    /// The server's memory at its end.
    memory: f64,
    note: Option<String>,
}

impl Beside {
    fn acknowledged(&self) -> u64 {
        let reports = self.before.iter().chain([&self.report]);
        reports.map(|report| report.acknowledged).sum()
    }
}

impl Neighbours {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        println!("{}", machine::today(&self.commit));
        println!(
            "Windows of {} s, alone and beside it in turn, {} beside it; each is set against the \
             mean of the two around it, and the ratio is the median.",
            self.window.seconds, self.windows
        );
        println!();
        println!(
            "| Writers, and beside them | alone events/s | beside it | ratio | of each window \
             | ratio while it settled | max ms then | server MiB |"
        );
        println!("|:--|--:|--:|--:|:--|--:|--:|--:|");
        let mut missed = Vec::new();
        for (how, load) in LOADS {
            for neighbour in Neighbour::ALL {
                let name = format!("{how}: {}", neighbour.name(self.readers));
                if !name.contains(&self.only) {
                    continue;
                }
                eprintln!("bench: {name}");
                missed.extend(self.line(&name, neighbour, load)?);
            }
        }
        println!();
        println!("Load average at the end: {}.", machine::load());
        aims::print(&missed);
        Ok(())
    }

    fn line(
        &self,
        name: &str,
        neighbour: Neighbour,
        load: http::Load,
    ) -> Result<Option<String>, Failure> {
        let data = self.folder.join("ledger");
        let mut server = Server::ledger(&data)?;
        let bulk_requests = self.events.div_ceil(BULK.events as u64);
        http::fill(server.address, BULK, bulk_requests)?;
        if let Some(lacks) = neighbour.lacks(&server, &data)? {
            drop(server);
            std::fs::remove_dir_all(&data)?;
            println!("| {name} | skipped: the server has {lacks} | | | | | | |");
            return Ok(None);
        }
        let mut alone = Vec::new();
        let mut beside = Vec::new();
        for place in 0..=self.windows {
            let first = (2 * place + 1) * WINDOW_NUMBERS;
            if neighbour == Neighbour::Rebuild {
                restart(&mut server, &data)?;
                wait_for_lists(&server)?;
            }
            let load = http::Load { first, ..load };
            alone.push(trial::send(&server, load, self.window)?);
            if place == self.windows {
                break;
            }
            let load = http::Load { first: first + WINDOW_NUMBERS, ..load };
            beside.push(match neighbour.readers(&server, self.readers)? {
                Some(readers) => self.beside_readers(&server, &readers, load)?,
                None => self.beside_rebuild(&mut server, &data, load)?,
            });
        }
        let sent: u64 = alone.iter().map(|report| report.acknowledged).sum::<u64>()
            + beside.iter().map(Beside::acknowledged).sum::<u64>()
            + bulk_requests * BULK.events as u64;
        let found = connection::position(server.address)?;
        if sent != found {
            return Err(format!("{sent} acknowledged, {found} found").into());
        }
        server.kill()?;
        std::fs::remove_dir_all(&data)?;
        Ok(print_line(name, &alone, &beside))
    }

    fn beside_readers(
        &self,
        server: &Server,
        readers: &Readers,
        load: http::Load,
    ) -> Result<Beside, Failure> {
        let reading = readers.start()?;
        let settling = Window { warm_up: 0.0, seconds: self.settle };
        let first = load.first + WINDOW_NUMBERS / 2;
        let before = trial::send(server, http::Load { first, ..load }, settling)?;
        let report = trial::send(server, load, self.window)?;
        let memory = server.memory().resident;
        let closed = reading.stop()?;
        let note = (closed > 0).then(|| format!("(the server closed {closed})"));
        Ok(Beside { report, before: Some(before), memory, note })
    }

    /// A window that follows a start on a folder without lists.
    fn beside_rebuild(
        &self,
        server: &mut Server,
        data: &Path,
        load: http::Load,
    ) -> Result<Beside, Failure> {
        server.kill()?;
        for kept in kept_lists(data)? {
            if kept.is_dir() {
                std::fs::remove_dir_all(kept)?;
            } else {
                std::fs::remove_file(kept)?;
            }
        }
        *server = Server::ledger(data)?;
        let report = trial::send(server, load, self.window)?;
        let memory = server.memory().resident;
        let note = is_current(&lists(server)?).then(|| "(rebuilt before the end)".to_owned());
        Ok(Beside { report, before: None, memory, note })
    }
}

/// Prints a line; a sentence if writers lost too much.
fn print_line(name: &str, alone: &[Report], beside: &[Beside]) -> Option<String> {
    let around = alone.windows(2).map(|two| (two[0].rate() + two[1].rate()) / 2.0);
    let ratios: Vec<f64> =
        beside.iter().zip(around).map(|(beside, around)| beside.report.rate() / around).collect();
    let of_each: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    let ratio = median(ratios.iter().copied());
    let note = beside.iter().find_map(|beside| beside.note.as_deref()).unwrap_or("");
    let alone = median(alone.iter().map(Report::rate));
    let before = || beside.iter().filter_map(|beside| beside.before.as_ref());
    let (settling, slowest) = match before().map(|report| report.max_micros).max() {
        Some(micros) => {
            let ratio = median(before().map(Report::rate)) / alone;
            (format!("{ratio:.2}"), format!("{:.0}", f64::from(micros) / 1e3))
        }
        None => ("–".to_owned(), "–".to_owned()),
    };
    println!(
        "| {name} | {alone:.0} | {:.0} | {ratio:.2} | {} {note} | {settling} | {slowest} | {:.0} |",
        median(beside.iter().map(|beside| beside.report.rate())),
        of_each.join(", "),
        median(beside.iter().map(|beside| beside.memory)),
    );
    aims::short(name, ratio, 0.9, "of the rate alone")
}

fn restart(server: &mut Server, data: &Path) -> Result<(), Failure> {
    server.kill()?;
    *server = Server::ledger(data)?;
    Ok(())
}

/// The files and folders that the lists keep.
fn kept_lists(data: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(LISTS) {
            kept.push(entry.path());
        }
    }
    Ok(kept)
}

fn lists(server: &Server) -> Result<Value, Failure> {
    Ok(connection::health(server.address)?["components"]["lists"].take())
}

/// Whether nothing is left to fold.
fn is_current(lists: &Value) -> bool {
    let lag = lists["lag"].as_u64().or_else(|| lists["lag"].as_str()?.parse().ok());
    lists["state"] != "rebuilding" && lag == Some(0)
}

/// Waits until the lists have caught up.
pub fn wait_for_lists(server: &Server) -> Result<(), Failure> {
    let since = Instant::now();
    while !is_current(&lists(server)?) {
        if since.elapsed() > CATCH_UP_MAX {
            return Err("the lists do not catch up".into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The middle one, or the mean of the two in the middle.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => figures[count / 2],
        count => (figures[count / 2 - 1] + figures[count / 2]) / 2.0,
    }
}
