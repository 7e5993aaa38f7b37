//! `care-ledger projection lint`: what in a projection may surprise its author.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::pointed;
use crate::cli::failure::Failure;
use crate::cli::terminal::{print_json, print_page, tell};
use crate::projection::script::lint::lint;
use crate::text::escape::escaped;
use crate::text::page::TextPage;

/// Warn of what in a projection may surprise its author
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger projection lint count.js\n  \
    care-ledger projection lint count.js --json")]
pub struct Lint {
    /// The projection: a file of JavaScript
    file: PathBuf,
    /// Print the warnings as JSON
    #[arg(long)]
    json: bool,
}

impl Lint {
    /// Prints the warnings. Exit status 1 if there are any.
    pub fn run(self) -> Result<(), Failure> {
        let name = self.file.display().to_string();
        let source =
            std::fs::read_to_string(&self.file).map_err(|error| Failure::because(&name, &error))?;
        let warnings = lint(&source).map_err(|fault| pointed(&name, &source, "", &fault))?;
        if self.json {
            print_json(&json!(warnings).to_string())?;
        } else {
            let mut page = TextPage::default();
            for warning in &warnings {
                let place = match (warning.line, warning.column) {
                    (Some(line), Some(column)) => format!("{}:{line}:{column}", escaped(&name)),
                    _ => escaped(&name).into_owned(),
                };
                page.row(&format!("{place}: {}", warning.message));
            }
            print_page(&page)?;
        }
        if warnings.is_empty() {
            tell("nothing to warn of");
            return Ok(());
        }
        Err(Failure::answer_no(format!("{} warnings", warnings.len())))
    }
}
