//! `care-ledger projection types`: the types of events and of the dialect, for editors.

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::terminal::print_lines;
use crate::projection::script::types::declarations;

/// Print the types of events and of the dialect, as a declaration file for TypeScript
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger projection types > care-ledger.d.ts\n  \
    npx tsc --noEmit --allowJs --checkJs --lib es2024 care-ledger.d.ts count.js\n\n\
    An editor checks a projection whose first lines are\n  \
    /// <reference path=\"care-ledger.d.ts\" />\n  // @ts-check")]
pub struct Types {}

impl Types {
    /// Prints the declarations.
    pub fn run(&self) -> Result<(), Failure> {
        print_lines(&declarations())
    }
}
