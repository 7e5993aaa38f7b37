//! The log of a command, on standard error.
//! Always: a panic is a line of the log, with its place and its thread; its message, which may hold
//! content, is printed nowhere. In a line for people, no value adds a line or a control character.
//! A line has colours only on a terminal, where `NO_COLOR` is not set
//! and `TERM` is not `dumb`.

use std::ffi::OsStr;
use std::io::IsTerminal as _;

use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format;

use crate::cli::failure::Failure;
use crate::config::LogFormat;
use crate::text::escape::escaped;

/// Starts logging, of panics too.
///
/// # Errors
/// Wrong usage: the filter cannot be read.
pub fn log_to_stderr(filter: &str, format: LogFormat) -> Result<(), Failure> {
    // The client of a cluster logs each error, which the ledger logs once, in its own words. A
    // filter that names `eventstore` shows the client's lines as well. Panics pass every filter.
    let filter = format!("eventstore=off,panic=error,{filter}");
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .map_err(|_| Failure::usage("--log takes error, warn, info, debug, or a filter"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => {
            let fields = format::debug_fn(|line, field, value| match field.name() {
                "message" => write!(line, "{}", escaped(&format!("{value:?}"))),
                name => write!(line, "{name}={}", escaped(&format!("{value:?}"))),
            });
            let [no_color, term] = ["NO_COLOR", "TERM"].map(std::env::var_os);
            let is_refused = is_colour_refused(no_color.as_deref(), term.as_deref());
            let has_colours = std::io::stderr().is_terminal() && !is_refused;
            lines.with_ansi(has_colours).fmt_fields(fields.delimited(" ")).init();
        }
        LogFormat::Json => lines.json().init(),
    }
    // Rust's own hook prints the message.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let thread = std::thread::current();
        tracing::error!(target: "panic", place, thread = thread.name(), "a thread panicked");
    }));
    Ok(())
}

/// Whether the person who runs the command wants no colours (no-color.org), or the terminal shows
/// none (terminfo, `dumb`).
fn is_colour_refused(no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    no_color.is_some_and(|value| !value.is_empty()) || term.is_some_and(|term| term == "dumb")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Set in the process that panics, to the form of its log.
    const FORMAT: &str = "CARE_LEDGER_TEST_PANIC";

    #[test]
    fn colours_are_left_out_where_they_are_refused_or_not_shown() {
        let rows = [
            (None, Some("xterm-256color"), false),
            (Some(""), Some("xterm"), false),
            (Some("1"), Some("xterm"), true),
            (None, Some("dumb"), true),
            (None, None, false),
        ];
        for (no_color, term, refused) in rows {
            let is_refused = is_colour_refused(no_color.map(OsStr::new), term.map(OsStr::new));
            assert_eq!(is_refused, refused, "NO_COLOR {no_color:?}, TERM {term:?}");
        }
    }

    #[test]
    fn a_panic_is_logged_by_its_place_and_thread_without_its_message() {
        match std::env::var(FORMAT).as_deref() {
            Ok("json") => return panic_with_content(LogFormat::Json),
            Ok(_) => return panic_with_content(LogFormat::Text),
            Err(_) => {}
        }
        // The hook is the process's own, so the panic needs a process.
        let name = "cli::log::tests::a_panic_is_logged_by_its_place_and_thread_without_its_message";
        for format in ["text", "json"] {
            let mut command = Command::new(std::env::current_exe().unwrap());
            let command = command.args(["--exact", name, "--nocapture"]).env(FORMAT, format);
            let told = String::from_utf8(command.output().unwrap().stderr).unwrap();
            assert!(told.contains("src/cli/log.rs:") && told.contains("panicking"), "{told}");
            assert!(told.contains("a thread panicked") && !told.contains("content"), "{told}");
            let is_json = serde_json::from_str::<serde_json::Value>(told.trim()).is_ok();
            assert_eq!(is_json, format == "json", "{told}");
        }
    }

    fn panic_with_content(format: LogFormat) {
        log_to_stderr("hyper=warn", format).unwrap();
        let thread = std::thread::Builder::new().name("panicking".to_owned());
        thread.spawn(|| panic!("content")).unwrap().join().unwrap_err();
    }
}
