//! The command under test, run to its end, and its input.

use std::ffi::OsString;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The command under test: the one just built, or another, such as an installed one.
pub fn binary() -> OsString {
    let built = env!("CARGO_BIN_EXE_care-ledger");
    std::env::var_os("CARE_LEDGER_BINARY").unwrap_or_else(|| built.into())
}

/// Runs a command to its end.
pub fn care_ledger(arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Runs a command that must end with this status.
pub fn ends(status: i32, arguments: &[&str]) -> Output {
    let output = care_ledger(arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "care-ledger {arguments:?}: {stderr}");
    output
}

/// Runs a command to its end, with this standard input, which the command need not read.
pub fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    match child.stdin.take().unwrap().write_all(input) {
        Err(why) if why.kind() == ErrorKind::BrokenPipe => {}
        written => written.unwrap(),
    }
    child.wait_with_output().unwrap()
}

/// Writes a file with this name and these contents; the file is deleted with its folder.
pub fn written(name: &str, contents: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, contents).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub fn path(folder: &Path) -> &str {
    folder.to_str().unwrap()
}
