//! All that a command prints: answers on standard output, words for the person who runs the
//! command on standard error.
//! Always: nothing else in the command line prints, so that text from outside reaches a terminal
//! escaped (see [`crate::text`]). A reader that closes our output early, such as `head`, is no
//! fault.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use serde_json::Value;

use super::failure::Failure;
use crate::text::escape::{escaped_json, escaped_lines};
use crate::text::page::TextPage;

/// Whether somebody still reads the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Somebody does.
    Read,
    /// Nobody does any more.
    Closed,
}

/// Prints a page for people.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_page(page: &TextPage) -> Result<(), Failure> {
    print_lines(page.text())
}

/// Prints lines for people, such as a page that a running ledger sent.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_lines(lines: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    checked(out.write_all(escaped_lines(lines).as_bytes()).and_then(|()| out.flush())).map(drop)
}

/// Prints JSON text for programs.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_json(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    checked(writeln!(out, "{}", escaped_json(text)).and_then(|()| out.flush())).map(drop)
}

/// Writes JSON text as a line.
///
/// # Errors
/// The output cannot be written.
pub fn write_json_text(out: &mut impl Write, text: &str) -> Result<Output, Failure> {
    checked(writeln!(out, "{}", escaped_json(text)).and_then(|()| out.flush()))
}

/// Writes a line for people.
///
/// # Errors
/// The output cannot be written.
pub fn write_text_line(out: &mut impl Write, text: &str) -> Result<Output, Failure> {
    checked(writeln!(out, "{}", escaped_lines(text)))
}

/// Writes one JSON value as a line.
///
/// # Errors
/// The output cannot be written.
pub fn write_json_line(out: &mut impl Write, value: &Value) -> Result<Output, Failure> {
    checked(writeln!(out, "{}", escaped_json(&value.to_string())))
}

/// Writes out what is buffered.
///
/// # Errors
/// The output cannot be written.
pub fn flush(out: &mut impl Write) -> Result<Output, Failure> {
    checked(out.flush())
}

fn checked(written: std::io::Result<()>) -> Result<Output, Failure> {
    match written {
        Ok(()) => Ok(Output::Read),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Output::Closed),
        Err(error) => Err(error.into()),
    }
}

/// Tells why a command failed, and gives its exit status.
pub fn report(failure: &Failure) -> ExitCode {
    let (message, exit) = failure.parts();
    tell(&format!("care-ledger: {message}"));
    exit
}

/// Tells the person who runs the command something. Parts from outside are escaped by the caller
/// where they must not break a line.
pub fn tell(lines: &str) {
    // Nobody can be told that standard error is closed.
    let _ = writeln!(std::io::stderr().lock(), "{}", escaped_lines(lines));
}
