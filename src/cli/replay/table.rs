//! The table of a replay: what the summary beside the projection gives.

use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::cli::projection::{files, pointed};
use crate::cli::terminal::tell;
use crate::projection::summary::{SummaryError, SummaryTable};

/// The forms of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TableForm {
    Csv,
    Json,
}

/// A summary, and where its table goes.
pub struct TableWriter {
    name: String,
    source: String,
    out: PathBuf,
    form: TableForm,
}

impl TableWriter {
    /// The summary that stands beside a projection.
    ///
    /// # Errors
    /// Wrong usage: there is no summary, or the table has another ending.
    pub fn beside(program: &Path, out: &Path) -> Result<Self, Failure> {
        let form = match out.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => TableForm::Csv,
            Some("json") => TableForm::Json,
            _ => return Err(Failure::usage("--out takes a file that ends in .csv or .json")),
        };
        let name = files::beside(program, "summary.js").display().to_string();
        let none = || Failure::usage(format!("--out needs a summary: write {name}"));
        let source = files::read(program)?.summary.ok_or_else(none)?;
        Ok(Self { name, source, out: out.to_owned(), form })
    }

    /// The text of the summary.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Writes the table that the summary gave.
    ///
    /// # Errors
    /// A result or the summary faulted, or the file cannot be written.
    pub fn write(&self, made: Result<SummaryTable, SummaryError>) -> Result<(), Failure> {
        let table = made.map_err(|error| match error {
            SummaryError::Program(fault) => pointed(&self.name, &self.source, "", &fault),
            SummaryError::Table(error) => Failure::answer_no(format!("{}: {error}", self.name)),
        })?;
        let text = match self.form {
            TableForm::Csv => table.csv(),
            TableForm::Json => {
                serde_json::to_string_pretty(&table).expect("a table serialises into memory") + "\n"
            }
        };
        let name = self.out.display().to_string();
        std::fs::write(&self.out, text).map_err(|error| Failure::because(&name, &error))?;
        tell(&format!("wrote {} rows to {name}", table.rows.len()));
        Ok(())
    }
}
