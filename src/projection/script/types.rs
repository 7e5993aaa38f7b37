//! The types of a projection for TypeScript and editors, from the schemas of the events.
//! Form: a declaration file (`.d.ts`). A program stays JavaScript: `// @ts-check` and a reference
//! to the file make an editor check it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::domain::vocabulary::kind::Kind;
use crate::domain::vocabulary::schemas::instant_members;

/// What does not depend on the schemas.
const DIALECT: &str = include_str!("dialect.d.ts");

/// The declarations, as the text of a file.
pub fn declarations() -> String {
    let mut text = DIALECT.to_owned();
    text.push_str("\n/** The payload of each type of event, in its newest version. */\n");
    text.push_str("interface Payloads {\n");
    for kind in Kind::ALL {
        let schema: Value =
            serde_json::from_str(kind.newest().schema).expect("a shipped schema is JSON");
        let title = schema["title"].as_str().unwrap_or_default();
        put(&mut text, format_args!("  /** {title} */\n  '{kind}': {};\n", object(&schema, "  ")));
    }
    text.push_str(
        "}\n\n/** The civil dates of each type of event, beside those that all have. */\n",
    );
    text.push_str("interface CivilDates {\n");
    for kind in Kind::ALL {
        let dates = instant_members(*kind).iter().map(|name| format!("{name}?: CivilDate"));
        let dates: Vec<String> = dates.collect();
        put(&mut text, format_args!("  '{kind}': {{ {} }};\n", dates.join("; ")));
    }
    text + "}\n"
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a text takes every line");
}

/// The type of an object with its members.
fn object(schema: &Value, indent: &str) -> String {
    let Some(members) = schema["properties"].as_object() else {
        return "{ [name: string]: unknown }".to_owned();
    };
    let required = schema["required"].as_array();
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|found| found == name));
    let mut text = String::from("{\n");
    for (name, member) in members {
        let optional = if is_required(name) { "" } else { "?" };
        if let Some(words) = member["description"].as_str() {
            put(&mut text, format_args!("{indent}  /** {words} */\n"));
        }
        let kind = type_of(member, &format!("{indent}  "));
        put(&mut text, format_args!("{indent}  {name}{optional}: {kind};\n"));
    }
    text + indent + "}"
}

fn type_of(schema: &Value, indent: &str) -> String {
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(Value::to_string).collect();
        return values.join(" | ");
    }
    if let Some(choices) = schema["anyOf"].as_array().filter(|_| schema["type"].is_null()) {
        let choices: Vec<String> = choices.iter().map(|one| type_of(one, indent)).collect();
        return choices.join(" | ");
    }
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" => "Instant".to_owned(),
        Some("string") if schema["format"] == "date" => "CivilDate".to_owned(),
        Some("string") => "string".to_owned(),
        Some("integer" | "number") => "number".to_owned(),
        Some("boolean") => "boolean".to_owned(),
        Some("array") => format!("({})[]", type_of(&schema["items"], indent)),
        Some("object") => object(schema, indent),
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_payload() {
        let text = declarations();
        for kind in Kind::ALL {
            assert_eq!(text.matches(&format!("  '{kind}': {{")).count(), 2, "{kind}");
        }
        let unknown = |text: &str| text.matches("unknown;\n").count();
        assert_eq!(unknown(&text), unknown(DIALECT), "a member without a type");
    }

    #[test]
    fn a_member_has_the_type_of_its_schema() {
        let schema = serde_json::json!({"required": ["a"], "properties": {
            "a": {"type": "integer"}, "b": {"enum": [1, 7]}, "c": {"type": "array",
            "items": {"enum": ["x", "y"]}}, "d": {"type": "string", "format": "date-time"}}});
        let expected = "{\n  a: number;\n  b?: 1 | 7;\n  c?: (\"x\" | \"y\")[];\n  d?: Instant;\n}";
        assert_eq!(object(&schema, ""), expected);
    }
}
