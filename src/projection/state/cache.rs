//! The states of a running version: those last used in memory, all others in the file.
//! Always: what is not in memory was committed; memory stays bounded whatever the program keeps.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::file::ProjectionStateError;
use super::version_file::{Checkpoint, VersionFile};
use crate::projection::script::engine::{FoundState, SharedState, UnreadState};
use crate::projection::script::fold::StateStore;

/// States in memory beyond this size are written out and forgotten: 200,000 persons with states of
/// half a kilobyte fit.
const BYTES_MAX: usize = 128 << 20;

/// A state in memory.
struct CachedState {
    /// None: the partition was taken away.
    text: Option<Arc<str>>,
    is_changed: bool,
}

impl CachedState {
    fn bytes(&self) -> usize {
        self.text.as_ref().map_or(0, |text| text.len())
    }
}

/// See the module.
pub struct CachedStates {
    file: VersionFile,
    states: RefCell<HashMap<Arc<str>, CachedState>>,
    bytes: usize,
    /// Whether every state is in memory, so that the file need not be asked.
    is_whole: bool,
    shared: SharedState,
    failure: RefCell<Option<ProjectionStateError>>,
}

impl CachedStates {
    /// The states of a file that stands at this checkpoint.
    pub fn new(file: VersionFile, checkpoint: &Checkpoint) -> Self {
        let is_whole = checkpoint.position == crate::domain::id::Position::START;
        let shared = checkpoint.shared.clone();
        let (states, failure) = (RefCell::default(), RefCell::default());
        Self { file, states, bytes: 0, is_whole, shared, failure }
    }

    /// Whether memory holds so much that it should be written out.
    pub fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX
    }

    /// The file, whose states are those of the last commit.
    pub fn file(&mut self) -> &mut VersionFile {
        &mut self.file
    }

    /// Why a state could not be read.
    pub fn take_failure(&self) -> Option<ProjectionStateError> {
        self.failure.borrow_mut().take()
    }

    /// Commits what changed together with a checkpoint.
    ///
    /// # Errors
    /// The file cannot be written; nothing was committed.
    pub fn commit(&mut self, checkpoint: &Checkpoint) -> Result<(), ProjectionStateError> {
        let states = self.states.get_mut();
        // In the order of their names, which is the order of the file.
        let mut changed: Vec<(&str, Option<&str>)> = states
            .iter()
            .filter(|(_, state)| state.is_changed)
            .map(|(partition, state)| (&**partition, state.text.as_deref()))
            .collect();
        changed.sort_unstable();
        self.file.commit(changed.into_iter(), checkpoint)?;
        if self.bytes > BYTES_MAX {
            self.forget();
        } else {
            states.values_mut().for_each(|state| state.is_changed = false);
        }
        Ok(())
    }

    /// Forgets what is in memory, so that the states are those of the last commit.
    pub fn forget(&mut self) {
        self.states.get_mut().clear();
        (self.bytes, self.is_whole) = (0, false);
    }

    /// Deletes all states.
    ///
    /// # Errors
    /// The file cannot be made anew.
    pub fn start_over(&mut self) -> Result<(), ProjectionStateError> {
        self.forget();
        (self.is_whole, self.shared) = (true, SharedState::Unbegun);
        self.file.start_over()
    }

    /// Takes a partition away; with the next commit also from the file.
    pub fn take_away(&mut self, partition: Arc<str>) {
        self.set(partition, None);
    }

    /// Keeps the state of a partition, and gives the state before, if memory held it.
    fn set(&mut self, partition: Arc<str>, text: Option<Arc<str>>) -> Option<Arc<str>> {
        let put = CachedState { text, is_changed: true };
        let (name_bytes, state_bytes) = (partition.len(), put.bytes());
        let before = self.states.get_mut().insert(partition, put);
        self.bytes += state_bytes;
        match &before {
            Some(before) => self.bytes -= before.bytes(),
            None => self.bytes += name_bytes,
        }
        before.and_then(|before| before.text)
    }
}

impl StateStore for CachedStates {
    fn state(&self, partition: &Arc<str>) -> FoundState {
        if let Some(known) = self.states.borrow().get(partition) {
            return Ok(known.text.clone());
        }
        if self.is_whole {
            return Ok(None);
        }
        match self.file.state(partition) {
            Ok(found) => Ok(found),
            Err(error) => {
                *self.failure.borrow_mut() = Some(error);
                Err(UnreadState)
            }
        }
    }

    fn put(&mut self, partition: Arc<str>, state: Arc<str>) -> Option<Arc<str>> {
        self.set(partition, Some(state))
    }

    fn shared(&self) -> &SharedState {
        &self.shared
    }

    fn put_shared(&mut self, shared: SharedState) {
        self.shared = shared;
    }
}
