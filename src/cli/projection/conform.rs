//! `care-ledger projection conform`: runs cases of the dialect on our engine.

use std::path::PathBuf;

use clap::Args;

use super::trial::print_outcomes;
use crate::cli::failure::Failure;
use crate::projection::script::case::DialectCase;

/// Run cases of the dialect: programs, their events, and what must come of them.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger projection conform projection-conformance.json")]
pub struct Conform {
    /// A JSON array of cases
    cases: PathBuf,
}

impl Conform {
    /// Runs each case, exact and on one engine. Prints a line for each that fails, then the counts.
    pub fn run(self) -> Result<(), Failure> {
        let name = self.cases.display().to_string();
        let text = std::fs::read_to_string(&self.cases)
            .map_err(|error| Failure::because(&name, &error))?;
        let cases: Vec<DialectCase> = serde_json::from_str(&text)
            .map_err(|error| Failure::because(&format!("{name} is no array of cases"), &error))?;
        print_outcomes(cases.into_iter().map(|case| (case.name.clone(), case.differences())))
    }
}
