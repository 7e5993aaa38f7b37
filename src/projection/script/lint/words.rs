//! Warnings that the words of a program earn.

use super::tokens::{Token, TokenKind};
use super::{LintCode, Warning};

/// Methods that change the object that they are called on.
const CHANGING: [&str; 13] = [
    "push",
    "pop",
    "shift",
    "unshift",
    "splice",
    "sort",
    "reverse",
    "fill",
    "set",
    "add",
    "delete",
    "clear",
    "copyWithin",
];

/// The warnings of these tokens.
pub fn warnings(tokens: &[Token<'_>]) -> Vec<Warning> {
    let mut warnings = variables(tokens);
    for (at, token) in tokens.iter().enumerate() {
        let is =
            |offset: usize, text: &str| tokens.get(at + offset).is_some_and(|t| t.text == text);
        let warn = |code, message: &str| Warning {
            line: Some(token.line),
            column: Some(token.column),
            code,
            message: message.to_owned(),
        };
        if token.kind == TokenKind::Text && is_without_offset(token.text) {
            let message = "a date and time without an offset is taken as UTC; write the offset";
            warnings.push(warn(LintCode::DateWithoutOffset, message));
        }
        if token.kind != TokenKind::Word {
            continue;
        }
        let is_clock = token.text == "Date" && is(1, ".") && is(2, "now")
            || token.text == "new" && is(1, "Date") && is(2, "(") && is(3, ")")
            || token.text == "Math" && is(1, ".") && is(2, "random")
            || token.text == "performance";
        if is_clock {
            let message = "there is no clock and no chance; use the times of the events";
            warnings.push(warn(LintCode::ClockOrLocale, message));
        }
        let is_locale =
            token.text.starts_with("toLocale") || ["localeCompare", "Intl"].contains(&token.text);
        if is_locale {
            let message = "there is no locale: forms are the same everywhere; write the form out";
            warnings.push(warn(LintCode::ClockOrLocale, message));
        }
    }
    warnings
}

/// Warnings of variables at the top level of the file that handlers may change.
fn variables(tokens: &[Token<'_>]) -> Vec<Warning> {
    let (mut warnings, mut depth) = (Vec::new(), 0_i32);
    for (at, token) in tokens.iter().enumerate() {
        match (token.kind, token.text) {
            (TokenKind::Sign, "(" | "[" | "{") => depth += 1,
            (TokenKind::Sign, ")" | "]" | "}") => depth -= 1,
            (TokenKind::Word, "let" | "var" | "const") if depth == 0 => {
                let Some(name) = tokens.get(at + 1).filter(|t| t.kind == TokenKind::Word) else {
                    continue;
                };
                if token.text != "const" || is_changed(tokens, name.text) {
                    warnings.push(Warning {
                        line: Some(name.line),
                        column: Some(name.column),
                        code: LintCode::VariableOfFile,
                        message: "a variable of the file is not saved: after a restart it begins \
                            anew; keep it in the state"
                            .to_owned(),
                    });
                }
            }
            _ => {}
        }
    }
    warnings
}

/// Whether a member of what a name holds is changed anywhere.
fn is_changed(tokens: &[Token<'_>], name: &str) -> bool {
    tokens.iter().enumerate().any(|(at, token)| {
        let is_it = token.kind == TokenKind::Word && token.text == name;
        is_it && after_members(tokens, at + 1).is_some_and(|end| is_change(tokens, at, end))
    })
}

/// The place behind the members that are read from there on: `.a`, `[b]`. None: there is none.
fn after_members(tokens: &[Token<'_>], mut at: usize) -> Option<usize> {
    let start = at;
    loop {
        match tokens.get(at)?.text {
            "." => at += 2,
            "[" => {
                let mut depth = 0;
                loop {
                    match tokens.get(at)?.text {
                        "[" => depth += 1,
                        "]" => depth -= 1,
                        _ => {}
                    }
                    at += 1;
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => return (at > start).then_some(at),
        }
    }
}

/// Whether the members from `at` to `end` are assigned to, counted up or down, or changed by a
/// method.
fn is_change(tokens: &[Token<'_>], at: usize, end: usize) -> bool {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let (first, second) = (text(end), text(end + 1));
    let is_assigned = first == "=" && !matches!(second, "=" | ">");
    let is_counted =
        matches!((first, second), ("+", "+" | "=") | ("-", "-" | "=") | ("*" | "/", "="));
    let is_counted_before =
        at > 1 && matches!((text(at - 2), text(at - 1)), ("+", "+") | ("-", "-"));
    let is_called = first == "(" && CHANGING.contains(&text(end - 1));
    is_assigned || is_counted || is_counted_before || is_called
}

/// Whether a text is a date and time of ISO 8601 without an offset.
fn is_without_offset(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', ' ']) else { return false };
    let is_date = date.len() == 10 && date.parse::<chrono::NaiveDate>().is_ok();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = time.split([':', '.']);
    is_date && time.contains(':') && parts.all(digits)
}
