//! The event object that handlers are given.
//! Always: a part is made when it is first touched, and is read-only; `data` and `body` are one
//! object, which a handler may change.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::Constructor;
use rquickjs::function::{Func, This};
use rquickjs::object::{Accessor, Filter, Property};
use rquickjs::{Class, Coerced, Ctx, Exception, Object, Result, Value};

use super::verdict::Verdict;

use crate::projection::script::event::{ScriptEvent, category};

/// A member of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventMember {
    Partition,
    Created,
    BodyRaw,
    MetadataRaw,
    StreamId,
    EventId,
    EventType,
    LinkMetadataRaw,
    IsJson,
    Category,
    SequenceNumber,
    Body,
    Data,
    Metadata,
    LinkMetadata,
}

/// The own members of an event, in their order.
pub const OWN_MEMBERS: [(&str, EventMember); 11] = [
    ("partition", EventMember::Partition),
    ("created", EventMember::Created),
    ("bodyRaw", EventMember::BodyRaw),
    ("metadataRaw", EventMember::MetadataRaw),
    ("streamId", EventMember::StreamId),
    ("eventId", EventMember::EventId),
    ("eventType", EventMember::EventType),
    ("linkMetadataRaw", EventMember::LinkMetadataRaw),
    ("isJson", EventMember::IsJson),
    ("category", EventMember::Category),
    ("sequenceNumber", EventMember::SequenceNumber),
];

/// The members that an event has only when it is written as state.
pub const READ_MEMBERS: [(&str, EventMember); 4] = [
    ("body", EventMember::Body),
    ("data", EventMember::Data),
    ("metadata", EventMember::Metadata),
    ("linkMetadata", EventMember::LinkMetadata),
];

/// Words with which a program could tell getters of a class from own members of the event.
const TELLING_WORDS: [&str; 21] = [
    "Object",
    "Reflect",
    "JSON",
    "in",
    "hasOwnProperty",
    "constructor",
    "globalThis",
    "this",
    "delete",
    "assign",
    "__proto__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__defineGetter__",
    "__defineSetter__",
    "propertyIsEnumerable",
    "getOwnPropertyDescriptor",
    "Proxy",
    // These go over the members of an object that they are given.
    "emit",
    "linkTo",
    "linkStreamTo",
];

/// What ends a line of a program.
const LINE_ENDS: [char; 4] = ['\n', '\r', '\u{2028}', '\u{2029}'];

/// Whether a program could tell getters of a class from own members of the event.
pub fn can_tell_getters(source: &str) -> bool {
    let is_of_a_word = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == '$';
    // An escape of a character can spell any word.
    let tells = |line: &str| {
        ["...", "\\u", "\\x"].iter().any(|sign| line.contains(sign))
            || line.split(|sign| !is_of_a_word(sign)).any(|word| TELLING_WORDS.contains(&word))
    };
    // A line that begins with two slashes is a comment, unless it stands in a text or a comment
    // that began on an earlier line.
    let goes_over_lines = ["`", "/*"].iter().any(|sign| source.contains(sign))
        || LINE_ENDS.iter().any(|end| source.contains(&*format!("\\{end}")));
    let is_comment = |line: &str| !goes_over_lines && line.trim_start().starts_with("//");
    source.split(LINE_ENDS).any(|line| !is_comment(line) && tells(line))
}

/// The event object of one event. See the module.
pub struct EventObject<'js> {
    /// The event.
    pub event: Rc<dyn ScriptEvent>,
    /// Its partition; empty while it has none.
    pub partition: Arc<str>,
    /// Told of a body that is no JSON.
    pub verdict: Verdict,
    /// `data` and `body`, once it was touched.
    pub data: OnceCell<Value<'js>>,
    /// `metadata`, once it was touched.
    pub metadata: OnceCell<Value<'js>>,
}

type Instance<'js> = Class<'js, EventObject<'js>>;

impl<'js> EventObject<'js> {
    /// The object as a program is given it.
    pub fn instance(self, ctx: &Ctx<'js>, has_own_members: bool) -> Result<Instance<'js>> {
        let object = Class::instance(ctx.clone(), self)?;
        if has_own_members {
            for (name, member) in OWN_MEMBERS {
                let value = object.borrow().member(ctx, member)?;
                object.prop(name, Property::from(value).enumerable())?;
            }
        }
        Ok(object)
    }

    /// The value of a member.
    ///
    /// # Errors
    /// `data` or `metadata` is not JSON.
    pub fn member(&self, ctx: &Ctx<'js>, member: EventMember) -> Result<Value<'js>> {
        let event = &self.event;
        let text = |text: &str| {
            rquickjs::String::from_str(ctx.clone(), text).map(rquickjs::String::into_value)
        };
        let text_or_null =
            |found: Option<&str>| found.map_or_else(|| Ok(Value::new_null(ctx.clone())), text);
        match member {
            EventMember::Partition => text(&self.partition),
            EventMember::Created => text(&event.created()),
            EventMember::BodyRaw => text_or_null(event.body()),
            EventMember::MetadataRaw => text_or_null(event.metadata().as_deref()),
            EventMember::StreamId => text(event.stream()),
            EventMember::EventId => text(&event.event_id()),
            EventMember::EventType => text(event.event_type()),
            EventMember::IsJson => Ok(Value::new_bool(ctx.clone(), event.is_json())),
            EventMember::Category => text(category(event.stream())),
            #[expect(clippy::cast_precision_loss, reason = "no stream has 2^53 events")]
            EventMember::SequenceNumber => {
                Ok(Value::new_number(ctx.clone(), event.sequence_number() as f64))
            }
            EventMember::Data | EventMember::Body => self.once(&self.data, || self.read_data(ctx)),
            EventMember::Metadata => self.once(&self.metadata, || {
                self.read(ctx, event.metadata().as_deref(), "Event metadata is not valid JSON")
            }),
            EventMember::LinkMetadataRaw | EventMember::LinkMetadata => {
                Ok(Value::new_null(ctx.clone()))
            }
        }
    }

    fn once(
        &self,
        place: &OnceCell<Value<'js>>,
        make: impl FnOnce() -> Result<Value<'js>>,
    ) -> Result<Value<'js>> {
        if let Some(made) = place.get() {
            return Ok(made.clone());
        }
        let made = make()?;
        Ok(place.get_or_init(|| made).clone())
    }

    fn read_data(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        if !self.event.is_json() {
            return Ok(Value::new_undefined(ctx.clone()));
        }
        self.read(ctx, self.event.data(), "Event data is not valid JSON")
    }

    /// Reads JSON text; no text is `null`.
    fn read(&self, ctx: &Ctx<'js>, text: Option<&str>, message: &str) -> Result<Value<'js>> {
        let Some(text) = text else { return Ok(Value::new_null(ctx.clone())) };
        match ctx.json_parse(text) {
            Err(rquickjs::Error::Exception) => {
                drop(ctx.catch());
                self.verdict.condemn(message.to_owned());
                Err(Exception::throw_type(ctx, message))
            }
            other => other,
        }
    }
}

impl<'js> Trace<'js> for EventObject<'js> {
    fn trace(&self, tracer: Tracer<'_, 'js>) {
        for value in [&self.data, &self.metadata].into_iter().filter_map(OnceCell::get) {
            tracer.mark(value);
        }
    }
}

impl<'js> JsClass<'js> for EventObject<'js> {
    // The name that `Object.prototype.toString` gives of any object.
    const NAME: &'static str = "Object";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let prototype = Object::new(ctx.clone())?;
        for (name, member) in OWN_MEMBERS.into_iter().chain(READ_MEMBERS) {
            let get = move |this: This<Instance<'js>>, ctx: Ctx<'js>| {
                this.0.borrow().member(&ctx, member)
            };
            prototype.prop(name, Accessor::new_get(get).configurable())?;
        }
        // For a name that the program puts together, which no look at the source finds.
        let has_own = |this: This<Instance<'js>>, name: Coerced<String>| {
            let is_ours = OWN_MEMBERS.iter().any(|(own, _)| *own == name.0);
            let own = this.0.own_keys::<String>(Filter::new().string());
            is_ours || own.flatten().any(|own| own == name.0)
        };
        for name in ["hasOwnProperty", "propertyIsEnumerable"] {
            prototype.prop(name, Property::from(Func::from(has_own)).configurable())?;
        }
        Ok(Some(prototype))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::can_tell_getters;

    #[test]
    fn a_word_tells_where_it_may_be_code() {
        let rows = [
            ("fromAll().when({ $any: (s, e) => 'x' in e })", true),
            ("// how many in prison?\nfromAll().when({})", false),
            ("  // in\r\n// JSON\nfromAll().when({})", false),
            ("/* in */ fromAll()", true),
            ("/*\n// */ 'x' in e", true),
            ("fromAll() // in", true),
            ("// a\u{2028}'x' in e", true),
            ("`\n// ${'x' in e}`", true),
            ("'\\\n// in'", true),
            ("e['\\x69n']", true),
            ("f(...e)", true),
            ("fromAll().when({ $any: (s, e) => { s.inside = e.data.in_use; } })", false),
        ];
        for (source, expected) in rows {
            assert_eq!(can_tell_getters(source), expected, "{source:?}");
        }
    }
}
