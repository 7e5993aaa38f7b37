//! Checks JSON Schemas against a [`JsonValue`] directly, without copying its texts.
//! Always: the verdict is the same as the library's verdict on the equal `serde_json::Value`.

use std::borrow::Cow;
use std::ops::ControlFlow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object};
use serde_json::{Number, Value};

use super::json::JsonValue;

/// The representation of JSON that the validators of this crate read.
pub(super) struct BorrowedJson;

impl Json for BorrowedJson {
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

impl<'a> Node<'a, BorrowedJson> for &'a JsonValue<'a> {
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

impl<'a> Object<'a, BorrowedJson> for &'a [(Cow<'a, str>, JsonValue<'a>)] {
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
        mut f: impl FnMut(<BorrowedJson as Json>::Node<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.iter().try_for_each(|(name, _)| f(&JsonValue::Plain(name)))
    }
}

/// The members of an object, in order.
pub(super) struct Members<'a>(std::slice::Iter<'a, (Cow<'a, str>, JsonValue<'a>)>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a JsonValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, member)| (&**name, member))
    }
}

impl<'a> Array<'a, BorrowedJson> for &'a [JsonValue<'a>] {
    type Node = &'a JsonValue<'a>;
    type ElementsIter = std::slice::Iter<'a, JsonValue<'a>>;

    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn elements(&self) -> std::slice::Iter<'a, JsonValue<'a>> {
        self.iter()
    }
}
