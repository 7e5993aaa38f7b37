//! What the ledger costs, in ratios of one run: beside the same server over a store that keeps
//! nothing, beside PostgreSQL, and beside UmaDB.
//! Always: server and client are processes of their own; a figure stands only beside a count that
//! was verified.

mod aims;
mod analysts;
mod answer;
mod ceiling;
mod connection;
mod country;
mod engine;
mod events;
mod fold;
mod http;
mod lines;
mod lives;
mod machine;
mod measure;
mod neighbours;
mod nothing;
mod postgres;
mod process;
mod profile;
mod readers;
mod replay;
mod size;
mod soak;
mod table;
mod trial;
mod umadb;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use care_ledger::ledger::Ledger;
use care_ledger::store::open::StoreConfig;
use clap::{Parser, Subcommand};

use self::measure::Window;

/// A failure, in words for the person who runs the benchmark.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The command; `ops/bench/run` calls the first five, which call the others.
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure everything and print the table
    Table(table::Table),
    /// How rates, histories, memory and starts bear size
    Size(size::Size),
    /// What writers lose to stalled and idle readers, and to a rebuild of the lists
    Neighbours(neighbours::Neighbours),
    /// A month of a simulated country
    Country(country::Country),
    /// Projections over a large log
    Projections(analysts::Projections),
    /// The engine of projections alone
    Engine(engine::EngineAlone),
    /// Whether memory stays flat
    Soak(soak::Soak),
    /// The ledger's server over a store that keeps nothing
    Ceiling {
        /// Where to listen
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Readers of the feed that stay until standard input closes
    Readers(readers::Readers),
    /// Load on a server; prints one line of JSON
    Http {
        /// Where the server listens
        #[arg(long)]
        address: SocketAddr,
        /// The server's process, for its CPU time
        #[arg(long)]
        process: u32,
        #[command(flatten)]
        load: http::Load,
        #[command(flatten)]
        window: Window,
    },
    /// Load on UmaDB; prints one line of JSON
    Umadb {
        /// Where the server listens
        #[arg(long)]
        address: SocketAddr,
        /// The server's process, for its CPU time
        #[arg(long)]
        process: u32,
        #[command(flatten)]
        load: umadb::Load,
        #[command(flatten)]
        window: Window,
    },
    /// Load on PostgreSQL; prints one line of JSON
    Postgres {
        #[command(flatten)]
        cluster: postgres::Cluster,
        #[command(flatten)]
        load: postgres::Load,
        #[command(flatten)]
        window: Window,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Table(table) => table.run(),
        Command::Size(size) => size.run(),
        Command::Neighbours(neighbours) => neighbours.run(),
        Command::Country(country) => country.run(),
        Command::Projections(projections) => projections.run(),
        Command::Engine(engine) => engine.run(),
        Command::Soak(soak) => soak.run(),
        Command::Ceiling { listen } => ceiling::run(listen),
        Command::Readers(readers) => readers.run(),
        Command::Umadb { address, process, load, window } => {
            told(umadb::run(address, process, load, window))
        }
        Command::Http { address, process, load, window } => {
            told(http::run(address, process, load, window))
        }
        Command::Postgres { cluster, load, window } => told(postgres::run(&cluster, load, window)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a future on this thread alone: a client on more threads would take processor time from its
/// server.
fn alone<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}

/// The ledger in a folder.
fn ledger_in(data: &Path) -> Result<Ledger, Failure> {
    let store = StoreConfig::Folder(data.to_owned());
    alone(async { Ok(Ledger::open(&store, &mut |_, _| ()).await?) })
}

/// Prints what a client measured, for the process that started it.
fn told(report: Result<measure::Report, Failure>) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(&report?)?);
    Ok(())
}

/// As the command has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
