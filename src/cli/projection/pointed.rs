//! A fault of a program as a person reads it: the line, and a caret under the place.

use crate::cli::failure::Failure;
use crate::projection::script::fault::{LimitName, ScriptFault};
use crate::text::escape::escaped;

/// The failure of a command that a fault of a program ended. `about` says at which event, if at
/// one.
pub fn pointed(name: &str, source: &str, about: &str, fault: &ScriptFault) -> Failure {
    let limit = fault.limit.map(|limit| format!(" ({})", limit_name(limit))).unwrap_or_default();
    let message = escaped(&fault.message);
    let name = escaped(name);
    let Some((line, column)) = fault.line.zip(fault.column) else {
        return Failure::answer_no(format!("{name}: {about}{message}{limit}"));
    };
    let index = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    let text = source.lines().nth(index).unwrap_or_default().replace('\t', " ");
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let indent = " ".repeat(usize::try_from(column).unwrap_or(1).saturating_sub(1));
    Failure::answer_no(format!(
        "{name}:{line}:{column}: {about}{message}{limit}\n {number} | {}\n {margin} | {indent}^",
        escaped(&text)
    ))
}

/// The name of a limit, as the status of a projection gives it.
fn limit_name(limit: LimitName) -> String {
    serde_json::to_value(limit)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}
