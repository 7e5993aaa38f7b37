//! The command line: one match.
//! Always: what a program reads goes to standard output, what a person reads to standard error, and
//! both through `terminal`.

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
mod lists_folder;
mod log;
mod migrate;
mod progress;
mod projection;
mod replay;
mod schema;
mod serve;
mod show;
mod simulate;
mod terminal;

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
    be reached or opened, 130 interrupted.";

// Every command. The help of each stands with its arguments.
#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Simulate(simulate::Simulate),
    Emit(emit::Emit),
    Doctor(doctor::Doctor),
    History(ask::ShowHistory),
    Trajectory(ask::ShowTrajectory),
    Credit(ask::ShowCredit),
    Trajectories(lists::Trajectories),
    Credits(lists::Credits),
    Events(events::Events),
    Migrate(migrate::Migrate),
    Schema(schema::Schema),
    Replay(replay::ReplayCommand),
    Projection(projection::ProjectionCommand),
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
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        // Help and the version, which a colour may adorn.
        Err(error) if !error.use_stderr() => error.exit(),
        // The message repeats arguments, which may come from elsewhere.
        Err(error) => {
            terminal::tell(error.render().to_string().trim_end());
            return Failure::usage("").parts().1;
        }
    };
    match command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => terminal::report(&failure),
    }
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Serve(serve) => on_runtime(|runtime| serve.run(runtime)),
            Self::Demo(demo) => on_runtime(|runtime| demo.run(runtime)),
            Self::Simulate(simulate) => simulate.run(),
            Self::Emit(emit) => emit.run(),
            Self::Doctor(doctor) => on_runtime(|runtime| doctor.run(runtime)),
            Self::History(history) => on_runtime(|runtime| history.run(runtime)),
            Self::Trajectory(trajectory) => on_runtime(|runtime| trajectory.run(runtime)),
            Self::Credit(credit) => on_runtime(|runtime| credit.run(runtime)),
            Self::Trajectories(trajectories) => on_runtime(|runtime| trajectories.run(runtime)),
            Self::Credits(credits) => on_runtime(|runtime| credits.run(runtime)),
            Self::Events(events) => on_runtime(|runtime| events.run(runtime)),
            Self::Migrate(migrate) => on_runtime(|runtime| migrate.run(runtime)),
            Self::Schema(schema) => schema.run(),
            Self::Replay(replay) => on_runtime(|runtime| replay.run(runtime)),
            Self::Projection(projection) => projection.run(),
            Self::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "care-ledger", &mut script);
                terminal::print_lines(&String::from_utf8_lossy(&script))
            }
        }
    }
}

/// Threads for reads of the store and checks of large requests, for each processor; further work
/// waits. Each thread takes memory: with 32 on 2 processors the server held 35 MiB more than with 8
/// (ops/bench, soak, 25 November 2026).
const READS_A_PROCESSOR: usize = 4;

/// How long tasks in the background may take to end once the command is done.
const ENDED_WITHIN: Duration = Duration::from_secs(2);

/// Runs a command that waits, on the one tokio runtime of the process.
fn on_runtime(command: impl FnOnce(&Runtime) -> Result<(), Failure>) -> Result<(), Failure> {
    let processors = std::thread::available_parallelism()?.get();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(READS_A_PROCESSOR * processors.max(2))
        .enable_all()
        .build()?;
    let result = command(&runtime);
    // A task of the cluster's client may never end by itself.
    runtime.shutdown_timeout(ENDED_WITHIN);
    result
}

/// The form of what a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputForm {
    /// Text, for people.
    Text,
    /// JSON, for programs.
    Json,
}

impl OutputForm {
    /// The form that the flag `--json` asks for.
    fn of_flag(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}
