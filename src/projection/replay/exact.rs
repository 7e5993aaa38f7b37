//! The run of a replay: one engine, exact.

use std::rc::Rc;

use super::batch::{Batch, Moments};
use super::fault::FaultAtRecord;
use crate::domain::id::{Position, RecordedTime};
use crate::projection::script::care_event::CareEvent;
use crate::projection::script::engine::{Engine, Notice};
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::fold::{Fold, FoldError, Folded, States};
use crate::projection::summary::{self, About, SummaryError, SummaryTable};

/// Sees each event that was folded: for a trace, and for what a program would emit.
pub trait Watch {
    /// The event, what became of it, and the states after it.
    fn folded(&mut self, event: &CareEvent, folded: &Folded, states: &States);
}

/// The end of a replay.
pub struct ReplayEnd {
    /// The fold, with its states.
    pub fold: Fold,
    /// How far the records were read.
    pub position: Position,
    /// How many records were folded.
    pub events: u64,
    /// When the last record that was read was recorded.
    pub known_at: Option<RecordedTime>,
    /// Why the replay stands still, if it does.
    pub fault: Option<FaultAtRecord>,
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
        let known_at = moments.known_at.or(self.known_at);
        let known_at = known_at.unwrap_or(RecordedTime::from_micros(0));
        let about = About { position: self.position, known_at, at: moments.at };
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

/// The order of partitions: by the code units of their names, as JavaScript compares texts.
pub fn by_code_units(one: &str, other: &str) -> std::cmp::Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

/// A replay on its way.
pub struct Replay {
    fold: Fold,
    /// Only this partition is wanted.
    partition: Option<String>,
    position: Position,
    events: u64,
    known_at: Option<RecordedTime>,
    fault: Option<FaultAtRecord>,
}

impl Replay {
    /// A replay of a program; of one partition alone, or of all.
    pub fn new(engine: Engine, partition: Option<String>) -> Self {
        let fold = Fold::new(engine, States::default());
        let position = Position::START;
        Self { fold, partition, position, events: 0, known_at: None, fault: None }
    }

    /// Folds a batch. False: the program stands still.
    pub fn push(&mut self, batch: Batch, watch: &mut dyn Watch) -> bool {
        self.known_at = self.known_at.max(batch.known_at);
        for record in batch.records {
            let told = Rc::new(CareEvent::new(record));
            if self.is_of_another_partition(&told) {
                continue;
            }
            let event: Rc<dyn ScriptEvent> = told.clone();
            match self.fold.push(&event, Notice::Fact) {
                Ok(folded) => watch.folded(&told, &folded, self.fold.states()),
                Err(FoldError::Program(fault)) => {
                    self.fault = Some(FaultAtRecord::new(fault, told.record()));
                    return false;
                }
                Err(FoldError::State) => unreachable!("states in memory can be read"),
            }
            self.position = told.record().position;
            self.events += 1;
        }
        self.position = batch.position;
        true
    }

    /// How many records were folded.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Whether an event cannot change the partition that is wanted.
    fn is_of_another_partition(&self, event: &CareEvent) -> bool {
        let is_of_streams = self.fold.engine().definition().is_of_streams();
        self.partition.as_deref().is_some_and(|wanted| is_of_streams && event.stream() != wanted)
    }

    /// Ends the replay.
    pub fn end(self) -> ReplayEnd {
        let Self { fold, position, events, known_at, fault, .. } = self;
        ReplayEnd { fold, position, events, known_at, fault }
    }
}
