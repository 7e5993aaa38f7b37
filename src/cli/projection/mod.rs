//! `care-ledger projection`: the tools of who writes a projection.

mod conform;
mod deploy;
pub mod files;
mod lint;
mod pointed;
mod trial;
mod types;

use clap::{Args, Subcommand};

pub use self::pointed::pointed;
use super::failure::Failure;

/// Write, check and deploy projections.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger projection new dosesPerPrison\n  \
    care-ledger projection test dosesPerPrison.js\n  \
    care-ledger replay dosesPerPrison.js --data data/ledger\n  \
    care-ledger projection deploy dosesPerPrison.js --url http://127.0.0.1:8080")]
pub struct ProjectionCommand {
    #[command(subcommand)]
    command: ProjectionAction,
}

#[derive(Subcommand)]
enum ProjectionAction {
    New(trial::New),
    Test(trial::Test),
    Lint(lint::Lint),
    Types(types::Types),
    Conform(conform::Conform),
    Deploy(deploy::Deploy),
    Status(deploy::ShowStatus),
}

impl ProjectionCommand {
    /// Runs the subcommand.
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            ProjectionAction::New(new) => new.run(),
            ProjectionAction::Test(test) => test.run(),
            ProjectionAction::Lint(lint) => lint.run(),
            ProjectionAction::Types(types) => types.run(),
            ProjectionAction::Conform(conform) => conform.run(),
            ProjectionAction::Deploy(deploy) => deploy.run(),
            ProjectionAction::Status(status) => status.run(),
        }
    }
}
