//! JSON values that borrow from the bytes they were read from.
//! Always: no object has a name twice; members are in the order of their names; whole numbers are
//! integers. A validated value therefore has exactly one written form (RFC 8785).
//! Why not `serde_json::Value`: to make and to drop a tree of owned strings costs twice as much as
//! all other work on an event on its way in.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// The largest integer that every JSON reader keeps exact (RFC 7493, 2.2).
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// Among this many members or fewer, a name that is out of order is compared with all earlier names
/// at once. Among more members, repeated names are found after sorting.
const FEW_MEMBERS: usize = 32;

/// The beginning of the error text that reports a repeated name.
const REPEATED: &str = "\u{1}repeated member name";

/// The beginning of the error text by which `serde_json` reports nesting that is too deep.
const TOO_DEEP: &str = "recursion limit exceeded";

/// Levels of arrays and objects that are read: the limit of `serde_json`, which guards the stack.
const LEVELS_MAX: usize = 127;

/// U+FEFF in UTF-8. Some systems begin a file with it.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A JSON value that borrows its texts; see the module.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub enum JsonValue<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    /// A text without escapes, borrowed from between its quotes in the bytes that were read.
    Plain(&'a str),
    /// Any other text.
    Text(String),
    Array(Vec<JsonValue<'a>>),
    /// Members by name. A borrowed name has no escapes, like a [`JsonValue::Plain`].
    Object(Vec<(Cow<'a, str>, JsonValue<'a>)>),
}

impl<'a> JsonValue<'a> {
    /// The member of an object.
    pub fn get(&self, name: &str) -> Option<&JsonValue<'a>> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(found, _)| found == name).map(|(_, member)| member)
    }

    /// The text of a member.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text()
    }

    /// The text, if the value is a text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same value as a `serde_json::Value`, which owns its strings.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Plain(text) => Value::String((*text).to_owned()),
            Self::Text(text) => Value::String(text.clone()),
            Self::Array(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(members) => {
                let own = |(name, member): &(Cow<str>, Self)| (name.to_string(), member.to_value());
                Value::Object(members.iter().map(own).collect())
            }
        }
    }
}

impl From<&Value> for JsonValue<'static> {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(float) => from_float(float),
                None => Self::Number(number.clone()),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(members) => {
                let own = |(name, member): (&String, &Value)| {
                    (Cow::Owned(name.clone()), Self::from(member))
                };
                Self::Object(members.iter().map(own).collect())
            }
        }
    }
}

/// A whole number within the exact range becomes an integer.
fn from_float(value: f64) -> JsonValue<'static> {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    let whole = value.fract() == 0.0 && value.abs() <= INTEGER_MAX as f64;
    #[allow(clippy::cast_possible_truncation)]
    let number = if whole { Some((value as i64).into()) } else { Number::from_f64(value) };
    number.map_or(JsonValue::Null, JsonValue::Number)
}

/// Why bytes are not one I-JSON value. Never carries content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The bytes are not JSON: the sender's serialiser or transport is at fault.
    #[error("Not valid JSON in UTF-8, at line {line}, column {column}.")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1; 0: the text ends too early, at the start of a line.
        column: usize,
    },
    /// A name occurs twice in one object, so the sender's meaning is unknown (RFC 7493, 2.3).
    #[error("A member name is repeated in one object, at line {line}, column {column}.")]
    RepeatedName {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The JSON is valid and nested deeper than this reader follows; no event is.
    #[error("Nested deeper than {LEVELS_MAX} levels, at line {line}, column {column}.")]
    TooDeep {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The text begins with U+FEFF, which may only begin a whole body or file.
    #[error("Begins with a byte order mark, which only the start of a body or file may have.")]
    ByteOrderMark,
}

/// Reads one JSON value that borrows from the bytes.
///
/// # Errors
/// See [`ParseError`].
pub fn read(bytes: &[u8]) -> Result<JsonValue<'_>, ParseError> {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        return Err(ParseError::ByteOrderMark);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        if text.starts_with(REPEATED) {
            ParseError::RepeatedName { line, column }
        } else if text.starts_with(TOO_DEEP) {
            ParseError::TooDeep { line, column }
        } else {
            ParseError::Syntax { line, column }
        }
    })
}

/// Reads any JSON value, and refuses an object in which a name occurs twice.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = JsonValue<'de>;

    fn deserialize<D: de::Deserializer<'de>>(self, reader: D) -> Result<JsonValue<'de>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = JsonValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<JsonValue<'de>, E> {
        Ok(JsonValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<JsonValue<'de>, E> {
        Ok(JsonValue::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<JsonValue<'de>, E> {
        Ok(JsonValue::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<JsonValue<'de>, E> {
        Ok(from_float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<JsonValue<'de>, E> {
        Ok(JsonValue::Plain(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<JsonValue<'de>, E> {
        Ok(JsonValue::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<JsonValue<'de>, E> {
        Ok(JsonValue::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<JsonValue<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(JsonValue::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonValue<'de>, A::Error> {
        let mut members: Vec<(Cow<'de, str>, JsonValue<'de>)> = Vec::with_capacity(8);
        let mut in_order = true;
        while let Some(name) = map.next_key_seed(Self)? {
            let name = match name {
                JsonValue::Plain(name) => Cow::Borrowed(name),
                JsonValue::Text(name) => Cow::Owned(name),
                _ => return Err(de::Error::custom("a name is a text")),
            };
            let member = map.next_value_seed(Self)?;
            if members.last().is_some_and(|(last, _)| *last >= name) {
                in_order = false;
            }
            if !in_order
                && members.len() < FEW_MEMBERS
                && members.iter().any(|(other, _)| *other == name)
            {
                return Err(de::Error::custom(REPEATED));
            }
            members.push((name, member));
        }
        if !in_order {
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return Err(de::Error::custom(REPEATED));
            }
        }
        Ok(JsonValue::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_are_refused_at_any_depth() {
        let many: String = (0..100).map(|name| format!("\"{:02}\":0,", 99 - name)).collect();
        let many = format!("{{{many}\"50\":0}}");
        for text in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"b":2,"a":3}]}"#, &many] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(matches!(error, ParseError::RepeatedName { .. }), "{text}");
        }
    }

    #[test]
    fn nesting_that_is_too_deep_is_said_to_be_that() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(nested(LEVELS_MAX).as_bytes()).is_ok());
        for levels in [LEVELS_MAX + 1, 10_000] {
            let error = read(nested(levels).as_bytes()).unwrap_err();
            assert_eq!(error, ParseError::TooDeep { line: 1, column: LEVELS_MAX + 1 });
            assert!(error.to_string().contains("deeper than 127 levels"), "{error}");
        }
    }

    #[test]
    fn text_after_the_value_is_refused() {
        assert!(read(b"{} {}").is_err());
        assert!(read(b"{\"a\":").is_err());
        assert!(read(&[b'[', 0xff, b']']).is_err());
    }
}
