//! Runs the summary of a version over its committed states.
//! Always: at most once for a position, and at most once a minute while events arrive.

use std::time::{Duration, Instant};

use crate::domain::id::{Position, RecordedTime};
use crate::projection::script::fault::ScriptFault;
use crate::projection::script::fold::Fold;
use crate::projection::state::{CachedStates, KeptSummary, ProjectionStateError};
use crate::projection::summary::{self, About, SummaryError};

/// The shortest time between two runs.
const EVERY: Duration = Duration::from_secs(60);

/// Partitions read at once.
const PAGE: usize = 10_000;

/// When a summary was run last.
#[derive(Debug, Default)]
pub struct SummaryPace {
    ran_at: Option<Instant>,
    position: Option<Position>,
}

impl SummaryPace {
    /// How long to wait until the summary runs for a position; none: it has run.
    pub fn wait(&self, position: Position) -> Option<Duration> {
        if self.position == Some(position) {
            return None;
        }
        Some(self.ran_at.map_or(Duration::ZERO, |ran_at| EVERY.saturating_sub(ran_at.elapsed())))
    }

    /// Notes that the summary has run for a position.
    pub fn ran(&mut self, position: Position) {
        (self.ran_at, self.position) = (Some(Instant::now()), Some(position));
    }
}

/// Runs a summary over the committed states, and keeps what it gave. Returns its fault as JSON.
///
/// # Errors
/// The file cannot be read or written.
pub fn run(
    source: &str,
    fold: &mut Fold<CachedStates>,
    position: Position,
    known_at: RecordedTime,
) -> Result<Option<String>, ProjectionStateError> {
    let about = About { position, known_at, at: None };
    let made = match rows(fold)? {
        Ok(rows) => summary::run(source, rows, &about),
        Err(fault) => Err(SummaryError::Program(fault)),
    };
    let made = made
        .map(|table| serde_json::to_string(&table).expect("a table serialises into memory"))
        .map_err(|error| fault_text(&error));
    let fault = made.as_ref().err().cloned();
    let kept = KeptSummary { position, known: known_at.to_string(), made };
    fold.states_mut().file().put_summary(&kept)?;
    Ok(fault)
}

fn fault_text(error: &SummaryError) -> String {
    let fault = match error {
        SummaryError::Program(fault) => fault.clone(),
        SummaryError::Table(error) => ScriptFault::new(None, &error.to_string()),
    };
    serde_json::to_string(&fault).expect("a fault serialises into memory")
}

/// Partitions and their results.
type Rows = Vec<(String, String)>;

/// The partitions that have a result.
fn rows(fold: &mut Fold<CachedStates>) -> Result<Result<Rows, ScriptFault>, ProjectionStateError> {
    let mut rows: Rows = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = fold.states_mut().file().page(after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (partition, state) in page {
            match fold.result(&state) {
                Ok(Some(result)) => rows.push((partition, result)),
                Ok(None) => {}
                Err(fault) => return Ok(Err(fault)),
            }
        }
    }
    Ok(Ok(rows))
}
