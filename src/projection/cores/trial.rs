//! The trial of a program, before several engines fold it: some of its streams are folded alone.
//! A program whose variables carry something from one stream to another is found by it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

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

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialEnd {
    /// Each stream has the same state alone as in the run.
    Passed,
    /// A stream has another state alone, or faults.
    Differed,
    /// The system gave no thread.
    NoThread,
}

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

    /// Compares the streams' states in the run with those that they have alone. So many threads
    /// fold them.
    ///
    /// # Errors
    /// A state of the run cannot be read.
    pub fn end<S: StateStore>(
        &self,
        program: &str,
        limits: Limits,
        states: &S,
        threads: usize,
    ) -> Result<TrialEnd, UnreadState> {
        let streams = self.streams();
        let fold_some = |streams: &[TriedStream]| -> Vec<_> {
            streams.iter().map(|stream| alone(program, limits, stream).ok()).collect()
        };
        let folded = thread::scope(|scope| {
            let shares = streams.chunks(streams.len().div_ceil(threads).max(1));
            let threads = shares.map(|share| {
                let thread = thread::Builder::new().name("ledger-trial".to_owned());
                thread.spawn_scoped(scope, || fold_some(share))
            });
            let threads: Vec<_> = threads.collect::<Result<_, _>>().ok()?;
            threads.into_iter().map(|thread| thread.join().ok()).collect::<Option<Vec<_>>>()
        });
        let Some(folded) = folded else { return Ok(TrialEnd::NoThread) };
        for ((stream, _), alone) in streams.iter().zip(folded.into_iter().flatten()) {
            let in_the_run = states.state(stream)?;
            if alone != Some(in_the_run) {
                return Ok(TrialEnd::Differed);
            }
        }
        Ok(TrialEnd::Passed)
    }

    /// The streams with the lowest hashes, and all their records.
    fn streams(&self) -> Vec<TriedStream<'_>> {
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

/// A stream of the trial, and its records.
type TriedStream<'r> = (Arc<str>, Vec<&'r Delivered>);

/// The state that a stream has alone, in a fresh engine.
fn alone(
    program: &str,
    limits: Limits,
    (stream, records): &TriedStream,
) -> Result<Option<Arc<str>>, FoldError> {
    let engine = Engine::new(program, limits)?;
    let mut fold = Fold::new(engine, States::default());
    for record in records {
        let event: Rc<dyn ScriptEvent> = Rc::new(CareEvent::new((*record).clone()));
        fold.push(&event, Notice::Fact)?;
    }
    Ok(fold.states().partitions.get(stream).cloned())
}
