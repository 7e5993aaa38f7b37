//! A live fold: states stay values in their engine, and some partitions are folded exactly beside.
//! Always: the exact fold has an engine of its own, so neither reaches the other's values.

use std::rc::Rc;
use std::sync::Arc;

use super::difference::first_difference;
use super::engine::{Engine, Limits, LiveEngine, Notice};
use super::event::ScriptEvent;
use super::fault::ScriptFault;
use super::fold::{Fold, FoldError, StateStore as _, States};

/// Why a live fold cannot go on. Whoever folds starts over exactly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LiveError {
    /// The program threw or met a limit. States may be half changed.
    #[error(transparent)]
    Program(#[from] ScriptFault),
    /// A state is another than in the exact fold.
    #[error("a state differs at {path}")]
    Differs {
        /// The place inside the state: a pointer of RFC 6901, or `state` for the whole.
        path: String,
    },
}

/// See the module.
pub struct LiveFold {
    live: LiveEngine,
    exact: Fold,
}

impl LiveFold {
    /// A fold of a partitioned program without shared state.
    ///
    /// # Errors
    /// The program is not one of the dialect, or met a limit.
    pub fn new(program: &str, limits: Limits) -> Result<Self, ScriptFault> {
        let live = LiveEngine::new(program, limits)?;
        let exact = Fold::new(Engine::new(program, limits)?, States::default());
        Ok(Self { live, exact })
    }

    /// Begins a partition with a state that another fold has reached.
    pub fn put(&mut self, partition: Arc<str>, state: Arc<str>) {
        if self.live.put(partition.clone(), state.clone()) {
            self.exact.states_mut().put(partition, state);
        }
    }

    /// Folds an event.
    ///
    /// # Errors
    /// See [`LiveError`].
    pub fn push(&mut self, event: &Rc<dyn ScriptEvent>) -> Result<(), LiveError> {
        let Some(step) = self.live.fold(event)? else { return Ok(()) };
        if !step.is_sampled {
            return Ok(());
        }
        self.exact.push(event, Notice::Fact).map_err(|error| match error {
            FoldError::Program(fault) => LiveError::Program(fault),
            FoldError::State => unreachable!("states in memory can be read"),
        })?;
        self.compare(&step.partition)
    }

    /// Ends the fold. Returns all states.
    ///
    /// # Errors
    /// A state cannot be written, or a state was changed by the events of another partition.
    pub fn end(self) -> Result<States, LiveError> {
        for partition in self.exact.states().partitions.keys() {
            self.compare(partition)?;
        }
        let mut states = States::default();
        for partition in self.live.partitions() {
            let text = self.live.text(partition)?;
            states.partitions.extend(text.map(|text| (partition.clone(), text)));
        }
        Ok(states)
    }

    fn compare(&self, partition: &Arc<str>) -> Result<(), LiveError> {
        let live = self.live.text(partition)?;
        let exact = self.exact.states().partitions.get(partition);
        if live.as_ref() == exact {
            return Ok(());
        }
        let path = first_difference(live.as_deref(), exact.map(|text| &**text));
        Err(LiveError::Differs { path })
    }
}
