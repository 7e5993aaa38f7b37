//! How a replay came to its states: live or exact, on how many cores, and why.

use std::fmt;

use crate::domain::choices::choices;
use crate::projection::cores::Cores;

choices! {
    /// How a replay keeps states between events.
    ReplayMode:
        /// As text, written after every event: what a projection that the service keeps does.
        Exact = "exact",
        /// As values of the engine, written at the end.
        Live = "live",
}

/// How a replay came to its states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayCourse {
    /// How the states were kept.
    pub mode: ReplayMode,
    /// How many engines folded.
    pub cores: Cores,
    /// Why the replay was exact although a live one was asked for.
    pub not_live: Option<String>,
}

impl fmt::Display for ReplayCourse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.mode, self.cores)?;
        match &self.not_live {
            Some(why) => write!(f, "; not live because {why}"),
            None => Ok(()),
        }
    }
}
