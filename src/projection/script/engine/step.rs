//! What one event does to the states of a program.

use std::sync::Arc;

use crate::projection::script::definition::SkipReason;

/// The state that all partitions share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SharedState {
    /// No event has begun it.
    #[default]
    Unbegun,
    /// Nothing was ever kept: handlers get `null`.
    Nothing,
    /// The text that was kept last.
    Kept(Arc<str>),
    /// A handler gave something else than `[own, shared]`, so the next event faults.
    Broken(Option<Arc<str>>),
}

impl SharedState {
    /// The text that was kept last.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Kept(text) | Self::Broken(Some(text)) => Some(text),
            Self::Unbegun | Self::Nothing | Self::Broken(None) => None,
        }
    }
}

/// What an event changed.
#[derive(Debug)]
pub struct Change {
    /// The partition.
    pub partition: Arc<str>,
    /// The new text of its state.
    pub state: Arc<str>,
    /// The new shared state; none where the program has none.
    pub shared: Option<SharedState>,
}

/// What became of an event.
#[derive(Debug)]
pub enum Step {
    /// It was passed over.
    Skipped(SkipReason),
    /// It changed a state.
    Folded(Change),
    /// The state of its partition could not be read, so nothing was folded.
    Unread,
}

/// The text of a partition's state, where it could be read; none: the partition begins.
pub type FoundState = Result<Option<Arc<str>>, UnreadState>;

/// A state could not be read. Whoever keeps the states knows why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnreadState;

/// What an event tells of, beside its own type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// Something that happened.
    Fact,
    /// A link to another event.
    Link,
    /// The end of this stream.
    Deleted(&'a str),
}
