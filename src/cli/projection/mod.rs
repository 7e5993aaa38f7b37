//! `care-ledger projection`: the tools of who writes a projection.

mod conform;
mod pointed;

use clap::{Args, Subcommand};

pub use self::pointed::pointed;
use super::failure::Failure;

/// Write, check and deploy projections.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger projection conform cases.json")]
pub struct ProjectionCommand {
    #[command(subcommand)]
    command: ProjectionAction,
}

#[derive(Subcommand)]
enum ProjectionAction {
    Conform(conform::Conform),
}

impl ProjectionCommand {
    /// Runs the subcommand.
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            ProjectionAction::Conform(conform) => conform.run(),
        }
    }
}
