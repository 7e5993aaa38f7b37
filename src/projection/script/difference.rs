//! The difference between two states, member by member.

use serde_json::{Map, Value};

/// The place of a difference of the whole state.
const WHOLE: &str = "state";

/// The place of a difference where all values are equal.
const ORDER: &str = "state, in the order of its members";

/// The places of differences, each with `before -> after`.
type Differences = Vec<(String, String)>;

/// What an event changed in a state: a line for each member, `pointer: before -> after`. A pointer
/// is that of RFC 6901; the empty one is the whole state.
pub fn differences(before: Option<&str>, after: &str) -> Vec<String> {
    let found = all_differences(before, Some(after));
    found.into_iter().map(|(place, change)| format!("{place}: {change}")).collect()
}

/// The place of the first difference between two texts of a state that are not equal.
pub fn first_difference(one: Option<&str>, other: Option<&str>) -> String {
    let first = all_differences(one, other).into_iter().next();
    first.map_or_else(|| ORDER.to_owned(), |(place, _)| place)
}

/// The place of each difference, and `before -> after`.
fn all_differences(before: Option<&str>, after: Option<&str>) -> Differences {
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let mut found = Vec::new();
    let (before, after) = (before.map(parsed), after.map(parsed));
    compare("", before.as_ref(), after.as_ref(), &mut found);
    found
}

fn compare(place: &str, before: Option<&Value>, after: Option<&Value>, lines: &mut Differences) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            compare_members(place, before, after, lines);
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                let place = format!("{place}/{index}");
                compare(&place, before.get(index), after.get(index), lines);
            }
        }
        (before, after) => {
            let text = |value: Option<&Value>| value.map_or("-".to_owned(), Value::to_string);
            let place = if place.is_empty() { WHOLE } else { place };
            lines.push((place.to_owned(), format!("{} -> {}", text(before), text(after))));
        }
    }
}

fn compare_members(
    place: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    lines: &mut Differences,
) {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    for name in after.keys().chain(gone) {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        compare(&format!("{place}/{escaped}"), before.get(name), after.get(name), lines);
    }
}

#[cfg(test)]
mod tests {
    use super::{differences, first_difference};

    #[test]
    fn each_changed_member_is_a_line() {
        let rows: [(Option<&str>, &str, &[&str]); 6] = [
            (None, r#"{"n":1}"#, &[r#"state: - -> {"n":1}"#]),
            (Some(r#"{"n":1}"#), r#"{"n":1}"#, &[]),
            (Some(r#"{"n":1,"a":2}"#), r#"{"n":2}"#, &["/n: 1 -> 2", "/a: 2 -> -"]),
            (Some(r#"{"s":[1]}"#), r#"{"s":[1,{"x":0}]}"#, &[r#"/s/1: - -> {"x":0}"#]),
            (Some(r#"{"a/b":1}"#), r#"{"a/b":2}"#, &["/a~1b: 1 -> 2"]),
            (Some("1"), "null", &["state: 1 -> null"]),
        ];
        for (before, after, expected) in rows {
            assert_eq!(differences(before, after), expected, "{before:?} {after}");
        }
    }

    #[test]
    fn the_first_difference_is_a_place() {
        let rows = [
            (Some(r#"{"a":1,"b":[1]}"#), Some(r#"{"a":1,"b":[2]}"#), "/b/0"),
            (Some(r#"{"a":1,"b":2}"#), Some(r#"{"b":2,"a":1}"#), super::ORDER),
            (Some("1"), None, "state"),
        ];
        for (one, other, expected) in rows {
            assert_eq!(first_difference(one, other), expected, "{one:?} {other:?}");
        }
    }
}
