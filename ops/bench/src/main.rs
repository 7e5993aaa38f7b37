//! What the ledger costs, in ratios of one run: beside the same server over a store that keeps
//! nothing, and beside PostgreSQL.
//! Always: server and client are processes of their own; a figure stands only beside a count that
//! was verified.

mod answer;
mod events;
mod http;
mod machine;
mod measure;
mod nothing;
mod postgres;
mod server;
mod table;
mod trial;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::measure::Window;

/// What went wrong, for whoever runs the benchmark to read.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The command; `ops/bench/run` calls `table`, which calls the others.
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
    /// The ledger as a service, until standard input closes; prints its address
    Server {
        /// The data folder; without it nothing is kept
        #[arg(long)]
        data: Option<PathBuf>,
    },
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
        Command::Server { data } => server::run(data.as_deref()),
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

/// Runs a future on this one thread: a client that took more would take it from its server.
fn alone<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}

/// Prints what a client measured, for the process that started it.
fn told(report: Result<measure::Report, Failure>) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(&report?)?);
    Ok(())
}
