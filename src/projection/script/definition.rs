//! What a program selects and how its states are partitioned.

/// The streams that a program reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every stream.
    All,
    /// The named streams, and all streams of the named categories.
    Named {
        /// Streams by their whole name.
        streams: Vec<String>,
        /// Categories: a stream is in `c` if its name begins with `c-`.
        categories: Vec<String>,
    },
}

impl Selection {
    /// Whether a stream is selected.
    pub fn selects(&self, stream: &str) -> bool {
        let is_in = |category: &String| {
            stream.strip_prefix(category.as_str()).is_some_and(|rest| rest.starts_with('-'))
        };
        match self {
            Self::All => true,
            Self::Named { streams, categories } => {
                streams.iter().any(|name| name == stream) || categories.iter().any(is_in)
            }
        }
    }
}

/// What the states of a program are partitioned by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitioning {
    /// One state for all.
    Whole,
    /// `foreachStream`: one state a stream.
    ByStream,
    /// `partitionBy`: a function of the program says it.
    ByProgram,
}

/// What a program has defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The streams that the program reads.
    pub selection: Selection,
    /// What the states are partitioned by.
    pub partitioning: Partitioning,
    /// Whether there is a state that all partitions share.
    pub is_shared: bool,
    /// Whether links are read like other events.
    pub includes_links: bool,
    /// Whether the program wants to know of deleted streams.
    pub handles_deleted: bool,
    /// Whether `transformBy` or `filterBy` make results of the states.
    pub has_results: bool,
    /// The types with a handler of their own, in the order of their registration.
    pub types: Vec<String>,
    /// Whether there is a handler of any type.
    pub has_any: bool,
    /// Whether that handler serves the types without one of their own.
    pub any_serves: bool,
}

impl Definition {
    /// Whether any event reaches a handler. Otherwise the body of each event becomes the state.
    pub fn has_handlers(&self) -> bool {
        !self.types.is_empty() || self.has_any
    }

    /// Whether each stream has a state of its own that rests on that stream alone.
    pub fn is_of_streams(&self) -> bool {
        self.partitioning == Partitioning::ByStream && !self.is_shared
    }
}

/// Why an event was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// Its stream is not selected.
    WrongStream,
    /// It tells of a deleted stream, and there is no `$deleted`.
    NoDeleteHandler,
    /// It is a link, and links are not read.
    Link,
    /// Its type has no handler.
    Unhandled,
    /// `partitionBy` gave no partition.
    NoPartition,
}

impl SkipReason {
    /// The code of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::WrongStream => "wrong-stream",
            Self::NoDeleteHandler => "no-delete-handler",
            Self::Link => "link",
            Self::Unhandled => "unhandled",
            Self::NoPartition => "no-partition",
        }
    }
}
