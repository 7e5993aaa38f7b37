//! Fixtures: cases of a projection that stand beside it, with what its summary must give.
//! Form: the cases of the dialect without `source`, each with `known?` and `table?`.

use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::script::case::{CaseOutcome, DialectCase, equal};
use super::summary::{self, About};
use crate::domain::id::{Position, RecordedTime};
use crate::domain::time::calendar::At;

/// One fixture.
#[derive(Debug, Clone, Deserialize)]
pub struct Fixture {
    /// The events, and what must come of them.
    #[serde(flatten)]
    pub case: DialectCase,
    /// The moment of knowledge that the summary is told: an instant or a civil date. Absent: when
    /// the last event was recorded.
    #[serde(default)]
    pub known: Option<String>,
    /// What the summary must give.
    #[serde(default)]
    pub table: Option<Value>,
}

impl Fixture {
    /// Runs the fixture with a program and its summary. Returns each difference in words; none: it
    /// passes.
    pub fn differences(self, program: &str, summary: Option<&str>) -> Vec<String> {
        let case = DialectCase { source: program.to_owned(), ..self.case };
        let found = case.run();
        let mut differences = case.differences_from(&found);
        if let Some(expected) = &self.table {
            let made = table(&case, self.known.as_deref(), summary, found);
            let differs = match made {
                Ok(made) if equal(expected, &made) => None,
                Ok(made) => Some(format!("table: expected {expected}, found {made}")),
                Err(message) => Some(format!("table: {message}")),
            };
            differences.extend(differs);
        }
        differences
    }
}

/// What the summary gives over the results of a case.
fn table(
    case: &DialectCase,
    known: Option<&str>,
    summary: Option<&str>,
    found: CaseOutcome,
) -> Result<Value, String> {
    let source = summary.ok_or("the projection has no summary")?;
    let last = case.events.last().map(|event| event.created());
    let known_at = moment(known.or(last).unwrap_or("1970-01-01T00:00:00Z"))
        .ok_or("known is no instant with offset, and no date")?;
    let results = found.results.unwrap_or_default();
    let rows: Vec<(String, String)> =
        results.into_iter().map(|(partition, result)| (partition, result.to_string())).collect();
    let position = Position::new(case.events.len() as u64);
    let about = About { position, known_at, at: None };
    let table = summary::run(source, rows, &about).map_err(|error| error.to_string())?;
    Ok(json!(table))
}

/// The moment of a text; a civil date means its end in Brussels.
fn moment(text: &str) -> Option<RecordedTime> {
    let instant = match text.parse() {
        Ok(date) => At::Date(date).instant(),
        Err(_) => DateTime::parse_from_rfc3339(text).ok()?.to_utc(),
    };
    Some(RecordedTime::from_micros(instant.timestamp_micros()))
}
