//! The written form in which events are compared and stored.
//! Always: equal content gives equal bytes, and the bytes read back as equal content.
//! Form: RFC 8785 (JCS), for the values that the validator accepts: integers within ±(2^53 − 1), no
//! floats. Names in accepted events are ASCII, so sorting by bytes is sorting by UTF-16 code units.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Number;

use super::json::{INTEGER_MAX, JsonValue};

/// The RFC 8785 bytes of an event that the validator accepted.
pub fn write(value: &JsonValue) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    append(value, &mut out);
    out
}

/// The RFC 8785 bytes of a value whose maps are sorted by name, such as a `serde_json::Value`.
pub fn bytes(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    append_escaped(value, &mut out);
    out
}

/// Whether a number has one exact written form: an integer within ±[`INTEGER_MAX`].
pub fn is_exact(number: &Number) -> bool {
    number.as_i64().is_some_and(|number| (-INTEGER_MAX..=INTEGER_MAX).contains(&number))
}

fn append(value: &JsonValue, out: &mut Vec<u8>) {
    match value {
        JsonValue::Null => out.extend_from_slice(b"null"),
        JsonValue::Bool(true) => out.extend_from_slice(b"true"),
        JsonValue::Bool(false) => out.extend_from_slice(b"false"),
        JsonValue::Number(number) => append_escaped(number, out),
        JsonValue::Plain(text) => append_plain(text, out),
        JsonValue::Text(text) => append_escaped(text, out),
        JsonValue::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                append(item, out);
            }
            out.push(b']');
        }
        JsonValue::Object(members) => {
            out.push(b'{');
            for (index, (name, member)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                match name {
                    Cow::Borrowed(name) => append_plain(name, out),
                    Cow::Owned(name) => append_escaped(name, out),
                }
                out.push(b':');
                append(member, out);
            }
            out.push(b'}');
        }
    }
}

fn append_plain(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn append_escaped(value: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("a JSON value serialises into memory");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::domain::vocabulary::json::read;

    #[test]
    fn whole_numbers_have_one_form() {
        for (sent, kept) in [("1.0", "1"), ("1e2", "100"), ("-0", "0"), ("-0.0", "0")] {
            assert_eq!(write(&read(sent.as_bytes()).unwrap()), kept.as_bytes(), "{sent}");
        }
    }

    #[test]
    fn members_are_written_by_name_and_texts_in_their_one_form() {
        for (sent, kept) in [
            (r#"{"b":1,"a":{"d":[],"c":"x"}}"#, r#"{"a":{"c":"x","d":[]},"b":1}"#),
            (
                r#"{"\u0061":"\u00e9\/\u0001","A":"\ud83d\ude00"}"#,
                "{\"A\":\"😀\",\"a\":\"é/\\u0001\"}",
            ),
        ] {
            assert_eq!(write(&read(sent.as_bytes()).unwrap()), kept.as_bytes(), "{sent}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map("[ -~]{0,12}", inner, 0..8)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_a_general_rfc_8785_serialiser(value in value()) {
            let ours = bytes(&value);
            let theirs = serde_json_canonicalizer::to_vec(&value).unwrap();
            prop_assert_eq!(&ours, &theirs);
            let read = read(&ours).unwrap();
            prop_assert_eq!(write(&read), ours.clone());
            prop_assert_eq!(&JsonValue::from(&value).to_value(), &value);
            prop_assert_eq!(read.to_value(), value);
        }
    }
}
