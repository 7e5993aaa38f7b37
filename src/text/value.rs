//! A JSON value on one line, for people.
//! Always: a text cannot pass for a further member: a text with a space or with a sign of this form
//! stands in quotes.

use serde_json::{Map, Value};

use super::clock;
use super::escape::{escaped, is_hidden};

/// The members of an object: `name=value`, with a space between them.
pub fn members(object: &Map<String, Value>) -> String {
    let members = object.iter().map(|(name, value)| format!("{}={}", quoted(name), shown(value)));
    members.collect::<Vec<_>>().join(" ")
}

/// A value: an instant by the clock in Belgium, an object in parentheses.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => clock::minute_of_text(text).unwrap_or_else(|| quoted(text)),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(","),
        Value::Object(object) => format!("({})", members(object)),
        other => other.to_string(),
    }
}

/// A text, in quotes unless it can only be read as one word.
fn quoted(text: &str) -> String {
    let is_sign = |sign: char| {
        sign.is_whitespace()
            || is_hidden(sign)
            || matches!(sign, '=' | ',' | '"' | '(' | ')' | '\\')
    };
    if !text.is_empty() && !text.contains(is_sign) {
        return text.to_owned();
    }
    format!("\"{}\"", escaped(&text.replace('\\', "\\\\").replace('"', "\\\"")))
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
            (json!({"stay": "s\u{a0}1"}), "stay=\"s\u{a0}1\""),
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
