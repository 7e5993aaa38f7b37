//! A fold over events: one engine, exact, and the states that it makes.
//! Always: after a fault everything stays as before the event that faulted.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::definition::SkipReason;
use super::engine::{Engine, FoundState, Notice, ScriptOutput, SharedState, Step};
use super::event::ScriptEvent;
use super::fault::ScriptFault;

/// Keeps the states of a program.
pub trait StateStore {
    /// The text of a partition's state; none if the partition has not begun.
    fn state(&self, partition: &Arc<str>) -> FoundState;
    /// Keeps the state of a partition, and gives the state before.
    fn put(&mut self, partition: Arc<str>, state: Arc<str>) -> Option<Arc<str>>;
    /// The state that all partitions share.
    fn shared(&self) -> &SharedState;
    /// Keeps the state that all partitions share.
    fn put_shared(&mut self, shared: SharedState);
}

/// The states of a program in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct States {
    /// The text of each partition's state.
    pub partitions: HashMap<Arc<str>, Arc<str>>,
    /// The state that all share.
    pub shared: SharedState,
}

impl StateStore for States {
    fn state(&self, partition: &Arc<str>) -> FoundState {
        Ok(self.partitions.get(partition).cloned())
    }

    fn put(&mut self, partition: Arc<str>, state: Arc<str>) -> Option<Arc<str>> {
        self.partitions.insert(partition, state)
    }

    fn shared(&self) -> &SharedState {
        &self.shared
    }

    fn put_shared(&mut self, shared: SharedState) {
        self.shared = shared;
    }
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// Why the event was passed over, if it was.
    pub skipped: Option<SkipReason>,
    /// The partition that it changed.
    pub partition: Option<Arc<str>>,
    /// The state of that partition before; none if it began with this event.
    pub before: Option<Arc<str>>,
    /// What the program gave.
    pub output: ScriptOutput,
}

/// Why an event was not folded. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The program threw or met a limit: it stands still.
    #[error(transparent)]
    Program(#[from] ScriptFault),
    /// The state of the partition could not be read. The store of the states knows why.
    #[error("a state could not be read")]
    State,
}

/// See the module.
pub struct Fold<S = States> {
    engine: Engine,
    states: S,
}

impl<S: StateStore> Fold<S> {
    /// A fold that goes on from these states.
    pub fn new(engine: Engine, states: S) -> Self {
        Self { engine, states }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Goes on with another engine: the variables of the file begin anew.
    pub fn start_anew(&mut self, engine: Engine) {
        self.engine = engine;
    }

    /// The states now.
    pub fn states(&self) -> &S {
        &self.states
    }

    /// The states, to be written out.
    pub fn states_mut(&mut self) -> &mut S {
        &mut self.states
    }

    /// Folds an event.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub fn push(
        &mut self,
        event: &Rc<dyn ScriptEvent>,
        notice: Notice<'_>,
    ) -> Result<Folded, FoldError> {
        let states = &self.states;
        let state_of = |partition: &Arc<str>| states.state(partition);
        let step = self.engine.fold(event, notice, state_of, states.shared())?;
        self.keep(step)
    }

    /// Tells the program of the end of a stream.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub fn end_of_stream(&mut self, stream: &str) -> Result<Folded, FoldError> {
        let states = &self.states;
        let state_of = |partition: &Arc<str>| states.state(partition);
        let step = self.engine.end_of_stream(stream, state_of, states.shared())?;
        self.keep(step)
    }

    /// Keeps what a step changed.
    fn keep(&mut self, step: Step) -> Result<Folded, FoldError> {
        let output = self.engine.take_output();
        match step {
            Step::Unread => Err(FoldError::State),
            Step::Skipped(reason) => {
                Ok(Folded { skipped: Some(reason), partition: None, before: None, output })
            }
            Step::Folded(change) => {
                if let Some(shared) = change.shared {
                    self.states.put_shared(shared);
                }
                let before = self.states.put(change.partition.clone(), change.state);
                Ok(Folded { skipped: None, partition: Some(change.partition), before, output })
            }
        }
    }

    /// The result of a partition; `None`: a filter did not pass, or a transform gave nothing.
    ///
    /// # Errors
    /// A transform or filter threw or met a limit.
    pub fn result(&self, state: &str) -> Result<Option<String>, ScriptFault> {
        self.engine.result(state, self.states.shared())
    }
}
