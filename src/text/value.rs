//! A JSON value on one line, for people.
//! Always: a text cannot pass for a further member: a text with a space or with a sign of this form
//! stands in quotes.

use serde_json::{Map, Value};

use super::clock;
use super::escape::is_hidden;

/// The members of an answer that are instants, beside those whose name ends in `At`. Only these are
/// shown by the clock: an id may look like an instant, and stays as it is.
const INSTANTS: &[&str] = &[
    "asOf",
    "at",
    "dueBy",
    "firstDoseAfter",
    "known",
    "lastDoseBefore",
    "nextDueBy",
    "recordedtime",
    "since",
    "time",
    "until",
];

/// The members of an object: `name=value`, with a space between them.
pub fn members(object: &Map<String, Value>) -> String {
    let members =
        object.iter().map(|(name, value)| format!("{}={}", quoted(name), member(name, value)));
    members.collect::<Vec<_>>().join(" ")
}

/// The value of a member: an instant by the clock in Belgium, an object in parentheses.
pub fn member(name: &str, value: &Value) -> String {
    let is_instant = name.ends_with("At") || INSTANTS.contains(&name);
    match value {
        Value::String(text) => {
            let minute = is_instant.then(|| clock::minute_of_text(text)).flatten();
            minute.unwrap_or_else(|| quoted(text))
        }
        Value::Array(items) => {
            items.iter().map(|item| member(name, item)).collect::<Vec<_>>().join(",")
        }
        Value::Object(object) => format!("({})", members(object)),
        other => other.to_string(),
    }
}

/// A text, in quotes unless it can only be read as one word. Spaces that would align columns, and a
/// mark that would join the sign before the text, are written as escapes.
pub fn quoted(text: &str) -> String {
    let is_sign = |sign: char| {
        sign.is_whitespace()
            || is_hidden(sign)
            || matches!(sign, '=' | ',' | ';' | '"' | '(' | ')' | '\\' | '<' | '>')
    };
    let joins = |sign: char| {
        !sign.is_ascii() && (!sign.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&sign))
    };
    if !text.is_empty() && !text.contains(is_sign) && !text.starts_with(joins) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    let mut signs = text.chars().peekable();
    let mut before = ' ';
    while let Some(sign) = signs.next() {
        let is_between_words = before != ' ' && signs.peek().is_some_and(|next| *next != ' ');
        match sign {
            '\\' | '"' => out.extend(['\\', sign]),
            ' ' if is_between_words => out.push(' '),
            sign if sign.is_whitespace() || is_hidden(sign) || (before == ' ' && joins(sign)) => {
                out.extend(sign.escape_unicode());
            }
            sign => out.push(sign),
        }
        before = sign;
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_cannot_pass_for_a_member() {
        let rows = [
            (json!({"stay": "s1", "final": false}), "final=false stay=s1"),
            (json!({"stay": "s1 final=true"}), "stay=\"s1 final=true\""),
            (json!({"stay": "s1\" final=true"}), "stay=\"s1\\\" final=true\""),
            (json!({"stay": "s\u{1b}1"}), "stay=\"s\\u{1b}1\""),
            (json!({"stay": "s\u{a0}1"}), "stay=\"s\\u{a0}1\""),
            (json!({"stay": "a  b "}), "stay=\"a\\u{20}\\u{20}b\\u{20}\""),
            (json!({"stay": "\u{338}m1"}), "stay=\"\\u{338}m1\""),
            (json!({"stay": "café"}), "stay=café"),
            (json!({"stay": "2026-07-01T09:00:00Z"}), "stay=2026-07-01T09:00:00Z"),
            (json!({"x, 3 of urn:a": ""}), "\"x, 3 of urn:a\"=\"\""),
            (json!({"lastDoseAt": "2026-07-01T09:00:00Z"}), "lastDoseAt=2026-07-01 11:00"),
            (json!({"stay=x y": 1}), "\"stay=x y\"=1"),
            (json!({"a": ["b", "c,d"]}), "a=b,\"c,d\""),
            (json!({"a": {"b": null, "c": ""}}), "a=(b=null c=\"\")"),
            (json!({"since": "2026-07-01T09:00:00Z"}), "since=2026-07-01 11:00"),
            (json!({"on": "2026-07-01"}), "on=2026-07-01"),
        ];
        for (value, expected) in rows {
            assert_eq!(members(value.as_object().unwrap()), expected);
        }
    }
}
