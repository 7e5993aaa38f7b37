//! What writers lose to a neighbour: readers that stall or idle, and a rebuild of the lists.
//! Always: windows with and without the neighbour in turn, on one ledger that grows, so that drift
//! shows; the ratio is the median of the pairs'.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::events::Form;
use crate::measure::Window;
use crate::process::Server;
use crate::readers::{Feed, Habit, Readers, has_live};
use crate::table::{BULK_CONNECTIONS, SINGLE_CONNECTIONS};
use crate::{Failure, aims, connection, http, machine, trial};

/// Numbers of events of each window: more than it can send.
const WINDOW_NUMBERS: u64 = 1_000_000_000;

/// Lists that take longer to catch up do not.
const CATCH_UP_MAX: Duration = Duration::from_secs(600);

/// What the lists keep in a data folder begins with this.
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
    /// Windows alone and windows with the neighbour, of each kind
    #[arg(long, default_value_t = 3)]
    pairs: usize,
    /// Events in the ledger at the start of each line
    #[arg(long, default_value_t = 500_000)]
    events: u64,
    /// Readers that idle
    #[arg(long, default_value_t = 10_000)]
    readers: usize,
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

    /// What the server lacks for it.
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

const LOADS: [(&str, http::Load); 2] = [
    (
        "one event a request",
        http::Load { form: Form::One, events: 1, connections: SINGLE_CONNECTIONS, first: 0 },
    ),
    (
        "batches of 1,000",
        http::Load { form: Form::Batch, events: 1_000, connections: BULK_CONNECTIONS, first: 0 },
    ),
];

/// The rates of one pair of windows, and the server's memory with the neighbour.
struct Pair {
    alone: f64,
    beside: f64,
    memory: f64,
    note: Option<String>,
}

impl Neighbours {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        println!("{}", machine::today(&self.commit));
        println!(
            "{} pairs of windows of {} s, in turn; the ratio is the median of the pairs'.",
            self.pairs, self.window.seconds
        );
        println!();
        println!(
            "| Writers, and beside them | alone events/s | beside it | ratio | of each pair \
             | server MiB |"
        );
        println!("|:--|--:|--:|--:|:--|--:|");
        let mut missed = Vec::new();
        for (how, load) in LOADS {
            for neighbour in Neighbour::ALL {
                let name = format!("{how}: {}", neighbour.name(self.readers));
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
        let bulk = http::Load { form: Form::Batch, events: 1_000, connections: 2, first: 0 };
        http::fill(server.address, bulk, self.events.div_ceil(1_000))?;
        if let Some(lacks) = neighbour.lacks(&server, &data)? {
            drop(server);
            std::fs::remove_dir_all(&data)?;
            println!("| {name} | skipped: the server has {lacks} | | | | |");
            return Ok(None);
        }
        let mut pairs = Vec::new();
        for place in 0..self.pairs as u64 {
            let first = (2 * place + 1) * WINDOW_NUMBERS;
            let [alone, beside] =
                [first, first + WINDOW_NUMBERS].map(|first| http::Load { first, ..load });
            pairs.push(match neighbour {
                Neighbour::Rebuild => self.beside_rebuild(&mut server, &data, alone, beside)?,
                _ => self.beside_readers(&server, neighbour, alone, beside)?,
            });
        }
        server.kill()?;
        std::fs::remove_dir_all(&data)?;
        let ratio = median(pairs.iter().map(|pair| pair.beside / pair.alone));
        let of_each: Vec<String> =
            pairs.iter().map(|pair| format!("{:.2}", pair.beside / pair.alone)).collect();
        let notes: Vec<&str> = pairs.iter().filter_map(|pair| pair.note.as_deref()).collect();
        println!(
            "| {name} | {:.0} | {:.0} | {ratio:.2} | {} {} | {:.0} |",
            median(pairs.iter().map(|pair| pair.alone)),
            median(pairs.iter().map(|pair| pair.beside)),
            of_each.join(", "),
            notes.first().unwrap_or(&""),
            median(pairs.iter().map(|pair| pair.memory)),
        );
        Ok(aims::short(name, ratio, 0.9, "of the rate alone"))
    }

    fn beside_readers(
        &self,
        server: &Server,
        neighbour: Neighbour,
        alone: http::Load,
        beside: http::Load,
    ) -> Result<Pair, Failure> {
        let alone = trial::send(server, alone, self.window)?.rate();
        let readers = neighbour.readers(server, self.readers)?.ok_or("no readers")?;
        let reading = readers.start()?;
        let beside = trial::send(server, beside, self.window)?.rate();
        let memory = server.memory().resident;
        let closed = reading.stop()?;
        let note = (closed > 0).then(|| format!("(the server closed {closed})"));
        Ok(Pair { alone, beside, memory, note })
    }

    /// Each window follows a start: alone with lists that are caught up, beside with none kept.
    fn beside_rebuild(
        &self,
        server: &mut Server,
        data: &Path,
        alone: http::Load,
        beside: http::Load,
    ) -> Result<Pair, Failure> {
        server.kill()?;
        *server = Server::ledger(data)?;
        wait_for_lists(server)?;
        let alone = trial::send(server, alone, self.window)?.rate();
        server.kill()?;
        for kept in kept_lists(data)? {
            if kept.is_dir() {
                std::fs::remove_dir_all(kept)?;
            } else {
                std::fs::remove_file(kept)?;
            }
        }
        *server = Server::ledger(data)?;
        let beside = trial::send(server, beside, self.window)?.rate();
        let memory = server.memory().resident;
        let note = is_current(&lists(server)?).then(|| "(rebuilt before the end)".to_owned());
        Ok(Pair { alone, beside, memory, note })
    }
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

fn wait_for_lists(server: &Server) -> Result<(), Failure> {
    let since = Instant::now();
    while !is_current(&lists(server)?) {
        if since.elapsed() > CATCH_UP_MAX {
            return Err("the lists do not catch up".into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The middle one.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
