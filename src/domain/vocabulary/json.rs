//! A JSON value read in place: names and texts are those of the bytes it was sent in.
//! Always: no object has a name twice and its members are in the order of their names; numbers that
//! are whole are integers. So what is written is RFC 8785, for the values the ledger takes.
//! It is what most events come in as: a tree of strings of its own costs twice as much to make and
//! to let go as all that is done with it.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object};
use serde::Serialize;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::canonical::INTEGER_MAX;

/// Among so few members a repeated name is looked for at once, among more at the end.
const FEW_MEMBERS: usize = 32;

/// What an error for a repeated name begins with.
pub(super) const REPEATED: &str = "\u{1}repeated member name";

/// See the module.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub enum JsonValue<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    /// A text that stood in its quotes as it is: nothing in it has to be escaped.
    Plain(&'a str),
    /// Any other text.
    Text(String),
    Array(Vec<JsonValue<'a>>),
    /// A name that is borrowed is as plain as a [`JsonValue::Plain`].
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

    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same with strings of its own.
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

/// Writes the RFC 8785 form of a value.
pub(super) fn write(value: &JsonValue, out: &mut Vec<u8>) {
    match value {
        JsonValue::Null => out.extend_from_slice(b"null"),
        JsonValue::Bool(true) => out.extend_from_slice(b"true"),
        JsonValue::Bool(false) => out.extend_from_slice(b"false"),
        JsonValue::Number(number) => write_other(number, out),
        JsonValue::Plain(text) => write_plain(text, out),
        JsonValue::Text(text) => write_other(text, out),
        JsonValue::Array(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        JsonValue::Object(members) => {
            out.push(b'{');
            for (place, (name, member)) in members.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                match name {
                    Cow::Borrowed(name) => write_plain(name, out),
                    Cow::Owned(name) => write_other(name, out),
                }
                out.push(b':');
                write(member, out);
            }
            out.push(b'}');
        }
    }
}

fn write_plain(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn write_other(value: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("a JSON value serialises into memory");
}

/// Reads any JSON value, but no object with a name twice.
pub(super) struct Strict;

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
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
        let whole = value.fract() == 0.0 && value.abs() <= INTEGER_MAX as f64;
        #[allow(clippy::cast_possible_truncation)]
        let number = if whole { Some((value as i64).into()) } else { Number::from_f64(value) };
        Ok(number.map_or(JsonValue::Null, JsonValue::Number))
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

/// Lets a schema be held against a [`JsonValue`] as it is.
pub(super) struct InPlace;

impl Json for InPlace {
    type Node<'a> = &'a JsonValue<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = JsonValue<'static>;

    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(
        buffer: &mut JsonValue<'static>,
        string: &str,
        f: impl FnOnce(Self::Node<'_>) -> T,
    ) -> T {
        *buffer = JsonValue::Text(string.to_owned());
        f(buffer)
    }
}

impl<'a> Node<'a, InPlace> for &'a JsonValue<'a> {
    type Object = &'a [(Cow<'a, str>, JsonValue<'a>)];
    type Array = &'a [JsonValue<'a>];
    type Number = &'a Number;

    fn as_object(&self) -> Option<Self::Object> {
        if let JsonValue::Object(members) = self { Some(members) } else { None }
    }

    fn as_array(&self) -> Option<Self::Array> {
        if let JsonValue::Array(items) = self { Some(items) } else { None }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.as_text().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        if let JsonValue::Number(number) = self { Some(number) } else { None }
    }

    fn as_boolean(&self) -> Option<bool> {
        if let JsonValue::Bool(value) = self { Some(*value) } else { None }
    }

    fn is_null(&self) -> bool {
        matches!(self, JsonValue::Null)
    }

    fn json_type(&self) -> JsonType {
        match self {
            JsonValue::Null => JsonType::Null,
            JsonValue::Bool(_) => JsonType::Boolean,
            JsonValue::Number(_) => JsonType::Number,
            JsonValue::Plain(_) | JsonValue::Text(_) => JsonType::String,
            JsonValue::Array(_) => JsonType::Array,
            JsonValue::Object(_) => JsonType::Object,
        }
    }

    fn string_length_within(&self, min: u64, max: u64) -> Option<bool> {
        let text = self.as_text()?;
        // A code point takes one to four bytes.
        let bytes = text.len() as u64;
        if min <= bytes.div_ceil(4) && bytes <= max {
            return Some(true);
        }
        Some((min..=max).contains(&(text.chars().count() as u64)))
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match (self.as_text(), expected) {
            (Some(text), Value::String(expected)) => text == expected,
            (Some(_), _) | (None, Value::String(_)) => false,
            (None, _) => jsonschema::json::cmp::equal(&JsonValue::to_value(self), expected),
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(JsonValue::to_value(self))
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<JsonValue>(self) as usize))
    }
}

impl<'a> Object<'a, InPlace> for &'a [(Cow<'a, str>, JsonValue<'a>)] {
    type Node = &'a JsonValue<'a>;
    type MemberName = &'a str;
    type MembersIter = Members<'a>;

    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn get(&self, key: &Box<str>) -> Option<&'a JsonValue<'a>> {
        self.iter().find(|(name, _)| **name == **key).map(|(_, member)| member)
    }

    fn members(&self) -> Members<'a> {
        Members(self.iter())
    }

    fn try_for_each_name_node<B>(
        &self,
        _: &mut JsonValue<'static>,
        mut f: impl FnMut(<InPlace as Json>::Node<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.iter().try_for_each(|(name, _)| f(&JsonValue::Plain(name)))
    }
}

/// The members of an object, one after the other.
pub(super) struct Members<'a>(std::slice::Iter<'a, (Cow<'a, str>, JsonValue<'a>)>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a JsonValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, member)| (&**name, member))
    }
}

impl<'a> Array<'a, InPlace> for &'a [JsonValue<'a>] {
    type Node = &'a JsonValue<'a>;
    type ElementsIter = std::slice::Iter<'a, JsonValue<'a>>;

    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn elements(&self) -> std::slice::Iter<'a, JsonValue<'a>> {
        self.iter()
    }
}
