//! The one form in which two events are compared and in which an event is stored.
//! Always: equal content gives equal bytes, and the bytes parse back to equal content.
//! Form: RFC 8785 (JCS), for the values the ledger takes: integers within ±(2^53 − 1), no floats.
//! Names in accepted events are ASCII, so sorting by bytes is sorting by UTF-16 code units.

use serde::de::DeserializeSeed as _;
use serde_json::{Number, Value};

use super::json::{self, JsonValue, REPEATED, Strict};

/// The largest integer that every JSON reader keeps exact (RFC 7493, 2.2).
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// Why bytes are not one I-JSON value. Never carries content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not JSON: the sender's serialiser or transport is at fault.
    #[error("not valid JSON at line {line}, column {column}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1; 0 where the text ends too early on a fresh line.
        column: usize,
    },
    /// A name stands twice in one object, so what was meant is unknown (RFC 7493, 2.3).
    #[error("a member name stands twice in one object, near line {line}, column {column}")]
    RepeatedName {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

/// Reads one JSON value in place, refusing repeated names; numbers that are whole become integers.
///
/// # Errors
/// See [`ParseError`].
pub fn read(bytes: &[u8]) -> Result<JsonValue<'_>, ParseError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        if error.to_string().starts_with(REPEATED) {
            ParseError::RepeatedName { line, column }
        } else {
            ParseError::Syntax { line, column }
        }
    })
}

/// The same, with strings of its own.
///
/// # Errors
/// See [`ParseError`].
pub fn parse(bytes: &[u8]) -> Result<Value, ParseError> {
    read(bytes).map(|value| value.to_value())
}

/// The RFC 8785 bytes of a value that [`read`] gave and validation let through.
pub fn write(value: &JsonValue) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    json::write(value, &mut out);
    out
}

/// The RFC 8785 bytes of a value that [`parse`] gave and validation let through.
pub fn bytes(value: &impl serde::Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let mut writer = serde_json::Serializer::new(&mut out);
    value.serialize(&mut writer).expect("a JSON value serialises into memory");
    out
}

/// Whether every number in the value has one exact form: an integer within ±[`INTEGER_MAX`].
pub fn is_exact(number: &Number) -> bool {
    match (number.as_i64(), number.as_u64()) {
        (Some(i), _) => i.abs() <= INTEGER_MAX,
        (None, Some(_)) | (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repeated_names_are_refused_at_any_depth() {
        let many: String = (0..100).map(|name| format!("\"{:02}\":0,", 99 - name)).collect();
        let many = format!("{{{many}\"50\":0}}");
        for text in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"b":2,"a":3}]}"#, &many] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(matches!(error, ParseError::RepeatedName { .. }), "{text}");
        }
    }

    #[test]
    fn whole_numbers_have_one_form() {
        for (sent, kept) in [("1.0", "1"), ("1e2", "100"), ("-0", "0"), ("-0.0", "0")] {
            assert_eq!(bytes(&parse(sent.as_bytes()).unwrap()), kept.as_bytes(), "{sent}");
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

    #[test]
    fn text_after_the_value_is_refused() {
        assert!(parse(b"{} {}").is_err());
        assert!(parse(b"{\"a\":").is_err());
        assert!(parse(&[b'[', 0xff, b']']).is_err());
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
            prop_assert_eq!(read.to_value(), value);
        }
    }
}
