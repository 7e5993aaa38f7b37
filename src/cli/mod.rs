//! The command line: one match.
//! Always: what a program reads goes to standard output, what a person reads to standard error.

mod ask;
mod client;
mod cluster;
mod demo;
mod doctor;
mod emit;
mod events;
mod failure;
mod follow;
mod lists;
mod log;
mod migrate;
mod progress;
mod schema;
mod serve;
mod show;
mod simulate;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::cli::failure::Failure;

/// The command.
#[derive(Parser)]
#[command(name = "care-ledger", version, about, long_about = LONG, after_help = EXIT)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const LONG: &str = "An event-sourced continuity-of-care ledger: care systems send events, and \
    anyone with a right to it reads a person's care history, where the person stands, and what \
    the time in treatment is worth under each reading of the law.";

const EXIT: &str = "Exit status: 0 done, 1 the answer is no, 2 wrong usage, 3 something could not \
    be reached or opened.";

#[derive(Subcommand)]
enum Command {
    /// Run the ledger as a service
    Serve(serve::Serve),
    /// A made-up year in a separate ledger: see what this does
    Demo(demo::Demo),
    /// Write a made-up stream of events, one a line
    Simulate(simulate::Simulate),
    /// Send events to a ledger, one a line
    Emit(emit::Emit),
    /// Check a connection to a ledger, and what became of your events
    Doctor(doctor::Doctor),
    /// A person's events, in the order in which they happened
    History(ask::ShowHistory),
    /// Where a person stands in custody and care
    Trajectory(ask::ShowTrajectory),
    /// What a person's time in treatment is worth, under every reading of the law
    Credit(ask::ShowCredit),
    /// Where everybody stands in custody and care
    Trajectories(lists::Trajectories),
    /// What everybody's days in treatment are worth
    Credits(lists::Credits),
    /// All events, in the order in which they were recorded
    Events(events::Events),
    /// Move a ledger between a folder and a cluster
    Migrate(migrate::Migrate),
    /// The vocabulary: list the types, show a schema, check a file
    Schema(schema::Schema),
    /// Print a completion script for a shell
    #[command(after_help = "Examples:\n  source <(care-ledger completions bash)\n  \
        care-ledger completions fish > ~/.config/fish/completions/care-ledger.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs the command in the arguments of the process.
pub fn run() -> ExitCode {
    let command = Cli::parse().command;
    let result = match runtime() {
        Ok(runtime) => {
            let result = command.run(&runtime);
            // A task of the cluster's client may never end by itself.
            runtime.shutdown_timeout(ENDED_WITHIN);
            result
        }
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

impl Command {
    fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        match self {
            Self::Serve(serve) => serve.run(runtime),
            Self::Demo(demo) => demo.run(runtime),
            Self::Simulate(simulate) => simulate.run(),
            Self::Emit(emit) => emit.run(),
            Self::Doctor(doctor) => doctor.run(),
            Self::History(history) => history.run(runtime),
            Self::Trajectory(trajectory) => trajectory.run(runtime),
            Self::Credit(credit) => credit.run(runtime),
            Self::Trajectories(trajectories) => trajectories.run(runtime),
            Self::Credits(credits) => credits.run(runtime),
            Self::Events(events) => events.run(runtime),
            Self::Migrate(migrate) => migrate.run(runtime),
            Self::Schema(schema) => schema.run(),
            Self::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "care-ledger", &mut script);
                print(String::from_utf8_lossy(&script))
            }
        }
    }
}

/// Threads for reads of the store and checks of large requests, for each processor; further work
/// waits. Each thread takes memory: with 32 on 2 processors the server held 35 MiB more than with 8
/// (ops/bench, soak, 25 November 2026).
const READS_A_PROCESSOR: usize = 4;

/// The one tokio runtime of the process.
fn runtime() -> std::io::Result<Runtime> {
    let processors = std::thread::available_parallelism()?.get();
    tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(READS_A_PROCESSOR * processors.max(2))
        .enable_all()
        .build()
}

/// Prints what a program reads. A reader that closes our output early, such as `head`, is no fault.
fn print(text: impl std::fmt::Display) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// How long tasks in the background may take to end once the command is done.
const ENDED_WITHIN: Duration = Duration::from_secs(2);
