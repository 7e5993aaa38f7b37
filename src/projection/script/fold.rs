//! A fold over events in memory: one engine, exact, and the states that it makes.
//! Always: after a fault everything stays as before the event that faulted.

use std::collections::HashMap;
use std::rc::Rc;

use super::definition::SkipReason;
use super::engine::{Change, Engine, Notice, ScriptOutput, SharedState, Step};
use super::event::ScriptEvent;
use super::fault::ScriptFault;

/// The states of a program, by partition, and the shared one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct States {
    /// The text of each partition's state.
    pub partitions: HashMap<Rc<str>, String>,
    /// The state that all share.
    pub shared: SharedState,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// Why the event was passed over, if it was.
    pub skipped: Option<SkipReason>,
    /// The partition that it changed.
    pub partition: Option<Rc<str>>,
    /// The state of that partition before; none if it began with this event.
    pub before: Option<String>,
    /// What the program gave.
    pub output: ScriptOutput,
}

/// See the module.
pub struct Fold {
    engine: Engine,
    states: States,
}

impl Fold {
    /// A fold that goes on from these states.
    pub fn new(engine: Engine, states: States) -> Self {
        Self { engine, states }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The states now.
    pub fn states(&self) -> &States {
        &self.states
    }

    /// Folds an event.
    ///
    /// # Errors
    /// The program threw or met a limit; nothing has changed.
    pub fn push(
        &mut self,
        event: &Rc<dyn ScriptEvent>,
        notice: Notice<'_>,
    ) -> Result<Folded, ScriptFault> {
        let States { partitions, shared } = &self.states;
        let state_of = |partition: &str| partitions.get(partition).map(String::as_str);
        let step = self.engine.fold(event, notice, state_of, shared)?;
        let output = self.engine.take_output();
        Ok(match step {
            Step::Skipped(reason) => {
                Folded { skipped: Some(reason), partition: None, before: None, output }
            }
            Step::Folded(change) => {
                let partition = change.partition.clone();
                let before = self.keep(change);
                Folded { skipped: None, partition: Some(partition), before, output }
            }
        })
    }

    /// Keeps what changed, and gives the state before.
    fn keep(&mut self, Change { partition, state, shared }: Change) -> Option<String> {
        if let Some(shared) = shared {
            self.states.shared = shared;
        }
        match self.states.partitions.get_mut(&partition) {
            Some(kept) => Some(std::mem::replace(kept, state)),
            None => self.states.partitions.insert(partition, state),
        }
    }

    /// The result of a partition; `None`: a filter did not pass, or a transform gave nothing.
    ///
    /// # Errors
    /// A transform or filter threw or met a limit.
    pub fn result(&self, state: &str) -> Result<Option<String>, ScriptFault> {
        self.engine.result(state, &self.states.shared)
    }
}
