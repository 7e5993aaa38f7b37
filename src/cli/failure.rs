//! A command that failed: its message and its exit status.
//! Always: 1 the answer is no, 2 wrong usage, 3 something could not be reached or opened, 130
//! interrupted.

use std::process::ExitCode;

use crate::text::escape::escaped;
use crate::work::Causes;

/// The exit status of a command that Ctrl-C or SIGTERM ended, as shells give it for Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// Why a command failed, in a sentence that says what to do next.
#[derive(Debug)]
pub struct Failure {
    exit: u8,
    message: String,
}

impl Failure {
    /// Exit status 1. The answer is no: something was refused or does not hold.
    pub fn answer_no(message: impl Into<String>) -> Self {
        Self { exit: 1, message: message.into() }
    }

    /// Exit status 2. The command was used wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: 2, message: message.into() }
    }

    /// Exit status 3. Something could not be reached or opened.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self { exit: 3, message: message.into() }
    }

    /// Exit status 130. The command was asked to stop before its end.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { exit: INTERRUPTED, message: message.into() }
    }

    /// Exit status 3, with an error and all its causes as the message. `what` may be the name of a
    /// file: no line break in it begins a line of the message.
    pub fn because(what: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self::unreachable(format!("{}: {}", escaped(what), Causes(error)))
    }

    /// The message, and the exit status.
    pub fn parts(&self) -> (&str, ExitCode) {
        (&self.message, ExitCode::from(self.exit))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::because("input or output failed", &error)
    }
}
