//! The trial of a program, before several engines fold it: some of its streams are folded alone.
//! A program whose variables carry something from one stream to another is found by it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::projection::script::care_event::CareEvent;
use crate::projection::script::definition::Selection;
use crate::projection::script::engine::{Engine, Limits, Notice, UnreadState};
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::fold::{Fold, FoldError, StateStore, States};
use crate::projection::script::sample::NameHash;
use crate::projection::view::Delivered;

/// The events of a run among which the streams of the trial are chosen: enough to hold a few
/// hundred persons, and few enough to keep in memory.
const TRIAL_EVENTS: usize = 10_000;

/// The streams that are folded alone, each in an engine of its own.
const TRIAL_STREAMS: usize = 64;

/// The records of a run until its trial.
#[derive(Debug, Default)]
pub struct Trial {
    records: Vec<Delivered>,
}

impl Trial {
    /// Takes in records that the run has folded from its start. Those of streams that the program
    /// does not select do not count.
    pub fn note(&mut self, records: &[Delivered], selection: &Selection) {
        let selected = records.iter().filter(|r| selection.selects(&r.stream().to_string()));
        self.records.extend(selected.cloned());
    }

    /// Whether there are records enough.
    pub fn is_due(&self) -> bool {
        self.records.len() >= TRIAL_EVENTS
    }

    /// Whether the streams have the same state alone as in the run.
    ///
    /// # Errors
    /// A state of the run cannot be read.
    pub fn passes<S: StateStore>(
        &self,
        program: &str,
        limits: Limits,
        states: &S,
    ) -> Result<bool, UnreadState> {
        for (stream, records) in self.streams() {
            let alone = alone(program, limits, &stream, &records);
            let in_the_run = states.state(&stream)?;
            if alone.ok() != Some(in_the_run) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The streams with the lowest hashes, and all their records.
    fn streams(&self) -> Vec<(Arc<str>, Vec<&Delivered>)> {
        let mut streams: BTreeMap<NameHash, (String, Vec<&Delivered>)> = BTreeMap::new();
        for (place, record) in self.records.iter().enumerate() {
            let name = record.stream().to_string();
            let hash = NameHash::of(&name);
            if place < TRIAL_EVENTS {
                streams.entry(hash).or_insert_with(|| (name, Vec::new())).1.push(record);
            } else if let Some((_, records)) = streams.get_mut(&hash) {
                records.push(record);
            }
        }
        let lowest = streams.into_values().take(TRIAL_STREAMS);
        lowest.map(|(name, records)| (name.into(), records)).collect()
    }
}

/// The state that a stream has alone, in a fresh engine.
fn alone(
    program: &str,
    limits: Limits,
    stream: &Arc<str>,
    records: &[&Delivered],
) -> Result<Option<Arc<str>>, FoldError> {
    let engine = Engine::new(program, limits)?;
    let mut fold = Fold::new(engine, States::default());
    for record in records {
        let event: Rc<dyn ScriptEvent> = Rc::new(CareEvent::new((*record).clone()));
        fold.push(&event, Notice::Fact)?;
    }
    Ok(fold.states().partitions.get(stream).cloned())
}
