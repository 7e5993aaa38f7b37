//! The end of a replay: its states, and what can be made of them.

use super::batch::Moments;
use super::course::ReplayCourse;
use super::fault::FaultAtRecord;
use crate::domain::id::{Position, RecordedTime};
use crate::projection::script::fold::Fold;
use crate::projection::summary::{self, About, SummaryError, SummaryTable, by_code_units};

/// How far the records of a replay were read.
#[derive(Debug, Clone, Copy)]
pub struct ReplayProgress {
    /// The position that was read to.
    pub position: Position,
    /// How many records were folded.
    pub events: u64,
    /// When the last record that was read was recorded.
    pub known_at: Option<RecordedTime>,
}

impl ReplayProgress {
    /// The progress of a replay that begins.
    pub fn start() -> Self {
        Self { position: Position::START, events: 0, known_at: None }
    }
}

/// The end of a replay.
pub struct ReplayEnd {
    /// The fold, with its states.
    pub fold: Fold,
    /// How far the records were read.
    pub progress: ReplayProgress,
    /// Why the replay stands still, if it does.
    pub fault: Option<FaultAtRecord>,
    /// How the replay came to its states.
    pub course: ReplayCourse,
}

impl ReplayEnd {
    /// The table of a summary over all results.
    ///
    /// # Errors
    /// A result or the summary faulted, or gave no table.
    pub fn summary(&self, source: &str, moments: Moments) -> Result<SummaryTable, SummaryError> {
        let mut rows = Vec::new();
        for (partition, state) in self.sorted_states(None) {
            if let Some(result) = self.fold.result(state)? {
                rows.push((partition.to_owned(), result));
            }
        }
        let known_at = moments.known_at.or(self.progress.known_at);
        let known_at = known_at.unwrap_or(RecordedTime::from_micros(0));
        let about = About { position: self.progress.position, known_at, at: moments.at };
        summary::run(source, rows, &about)
    }

    /// The states in the order of their partitions; of one partition, or of all.
    pub fn sorted_states(&self, partition: Option<&str>) -> Vec<(&str, &str)> {
        let states = self.fold.states().partitions.iter();
        let states = states.map(|(partition, state)| (&**partition, &**state));
        let is_wanted = |(name, _): &(&str, &str)| partition.is_none_or(|wanted| wanted == *name);
        let mut states: Vec<(&str, &str)> = states.filter(is_wanted).collect();
        states.sort_unstable_by(|(one, _), (other, _)| by_code_units(one, other));
        states
    }
}
