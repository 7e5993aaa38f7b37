//! Summaries: a table over the results of all partitions.

mod about;
pub mod csv;
mod table;

pub use self::about::About;
pub use self::table::{SummaryTable, TableError};
use super::script::engine::summarise;
use super::script::fault::ScriptFault;

/// Why there is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SummaryError {
    /// The summary threw, met a limit, or is none.
    #[error(transparent)]
    Program(#[from] ScriptFault),
    /// What it gave is no table: the text names the member.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// The table of a summary over partitions and their results (JSON text). The summary is given them
/// in the order of the partitions, without results that are `null`.
///
/// # Errors
/// See [`SummaryError`].
pub fn run(
    source: &str,
    mut rows: Vec<(String, String)>,
    about: &About,
) -> Result<SummaryTable, SummaryError> {
    rows.retain(|(_, result)| result != "null");
    rows.sort_unstable_by(|(one, _), (other, _)| by_code_units(one, other));
    let text = summarise(source, rows, &about.text())?;
    Ok(SummaryTable::read(&text)?)
}

/// The order of partitions: by the code units of their names, as JavaScript compares texts.
pub fn by_code_units(one: &str, other: &str) -> std::cmp::Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}
