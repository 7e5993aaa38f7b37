//! Why a program stands still.

use serde::{Deserialize, Serialize};

/// The longest message of a fault, in characters. The message is the program's own.
const MESSAGE_MAX: usize = 500;

/// A limit that a program has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LimitName {
    /// Processor time of one event.
    TimeLimit,
    /// Processor time of compiling.
    CompileLimit,
    /// Processor time of reading one result.
    ResultLimit,
    /// Memory of an engine.
    MemoryLimit,
    /// Calls in one another.
    StackLimit,
    /// The text of one state.
    StateLimit,
    /// Containers in one another in a state.
    NestingLimit,
}

/// A fault of a program: what it threw, or which limit it met, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct ScriptFault {
    /// The limit that was met; none if the program threw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitName>,
    /// What was thrown, at most 500 characters. It may carry data of a person.
    pub message: String,
    /// The partition, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The line in the program, from 1; none where no line of the program was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl ScriptFault {
    /// A fault without a place.
    pub fn new(limit: Option<LimitName>, message: &str) -> Self {
        let message = message.chars().take(MESSAGE_MAX).collect();
        Self { limit, message, partition: None, line: None, column: None }
    }

    /// The same fault at a place in the program.
    pub fn at(self, place: Option<(u32, u32)>) -> Self {
        let (line, column) = place.unzip();
        Self { line, column, ..self }
    }
}
