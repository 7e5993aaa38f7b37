//! How many engines fold a program, and why.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::projection::script::definition::Definition;

/// Why a program has the engines that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoresReason {
    /// The trial passed: several engines.
    TrialPassed,
    /// The states are not those of single streams.
    NotOfStreams,
    /// All partitions share a state.
    SharedState,
    /// No second processor may be used.
    OneProcessor,
    /// The trial needs more events.
    FewEvents,
    /// Each event is shown, in order.
    EachEventShown,
    /// One stream alone is folded.
    OneStream,
    /// The fold goes on from states that an earlier run made.
    Resumed,
    /// The source cannot be read a second time, so the work could not start over.
    ReadOnce,
    /// A stream alone had another state than in the run.
    TrialDiffered,
    /// Two engines gave one stream different states, or one faulted and another did not.
    EnginesDiffered,
    /// The live run gave another state than the exact one beside it.
    LiveDiffered,
    /// The system gave no thread or no memory for an engine.
    NoEngine,
}

impl CoresReason {
    /// Why a program may have one engine alone, if that is so.
    pub fn one_alone(definition: &Definition) -> Option<Self> {
        if definition.is_of_streams() {
            return None;
        }
        Some(if definition.is_shared { Self::SharedState } else { Self::NotOfStreams })
    }
}

impl fmt::Display for CoresReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TrialPassed => "the trial passed",
            Self::NotOfStreams => "not foreachStream",
            Self::SharedState => "shared state",
            Self::OneProcessor => "one processor",
            Self::FewEvents => "too few events for a trial",
            Self::EachEventShown => "each event is shown",
            Self::OneStream => "one stream alone",
            Self::Resumed => "it goes on from a checkpoint",
            Self::ReadOnce => "standard input or a pipe is read once",
            Self::TrialDiffered => "the trial found a difference",
            Self::EnginesDiffered => "an engine gave another state",
            Self::LiveDiffered => "live gave another state",
            Self::NoEngine => "the system gave no further engine",
        })
    }
}

impl Serialize for CoresReason {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(self)
    }
}

/// How many engines fold a program, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cores {
    /// The number of engines.
    pub n: usize,
    /// Why there are so many.
    pub why: CoresReason,
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.n {
            1 => write!(f, "on one core: {}", self.why),
            n => write!(f, "on {n} cores"),
        }
    }
}

/// The processors that this process may use, at least 1.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
