//! How much a program may use.

use std::time::Duration;

/// How much a program may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Processor time of one event: `partitionBy` and all its handlers together.
    pub event_time: Duration,
    /// Processor time of compiling.
    pub compile_time: Duration,
    /// Processor time of reading one result.
    pub result_time: Duration,
    /// Memory of an engine, in bytes.
    pub memory_bytes: usize,
    /// Stack of an engine, in bytes.
    pub stack_bytes: usize,
    /// The text of one state, in bytes.
    pub state_bytes: usize,
}

impl Default for Limits {
    /// The limits of the contract. 250 ms an event is what a KurrentDB server allows.
    fn default() -> Self {
        Self {
            event_time: Duration::from_millis(250),
            compile_time: Duration::from_secs(1),
            result_time: Duration::from_secs(1),
            memory_bytes: 256 << 20,
            stack_bytes: 256 << 10,
            state_bytes: 16 << 20,
        }
    }
}
