//! The text of a state, as the dialect writes it.
//! Always: what is written is what `JSON.stringify` would give, but for: `toJSON` is not called; an
//! object is written by its own string-named members, enumerable or not; a typed array is `{}`, a
//! `String` object its `length` alone; BigInt is its digits as text; a lone surrogate is U+FFFD.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Write as _;

use rquickjs::atom::PredefinedAtom;
use rquickjs::object::Filter;
use rquickjs::{Atom, Class, Ctx, Object, Persistent, Value};

use super::event::{EventObject, OWN_MEMBERS, READ_MEMBERS};
use super::raw::{OwnMember, atom_number, class_of, is_array, is_symbol, own_member, with_text};

/// The most containers in one another that a state may have.
pub const NESTING_MAX: usize = 64;

/// The name of the length of an array.
const LENGTH: PredefinedAtom = PredefinedAtom::Length;

/// The most keys whose text is kept: a program that makes names of its own does not fill memory.
const KEYS_MAX: usize = 4_096;

/// Why a value cannot be written.
#[derive(Debug)]
pub enum WriteError {
    /// The value is not one that a state may hold; the text says what it holds.
    NotPlain(&'static str),
    /// The text would be longer than allowed.
    TooLong,
    /// More than [`NESTING_MAX`] containers in one another.
    TooDeep,
    /// The engine threw an exception.
    Script(rquickjs::Error),
}

impl WriteError {
    /// The reason in words, for the author of the program.
    pub fn message(&self) -> String {
        match self {
            Self::NotPlain(what) => format!("the state holds {what}, which JSON cannot hold"),
            Self::TooLong => "the text of the state is too long".to_owned(),
            Self::TooDeep => format!("more than {NESTING_MAX} containers in one another"),
            Self::Script(_) => "the state cannot be written".to_owned(),
        }
    }
}

impl From<rquickjs::Error> for WriteError {
    fn from(error: rquickjs::Error) -> Self {
        Self::Script(error)
    }
}

/// The quoted text of a key, with the key itself: while it is kept, its number stays its own.
struct Key {
    _kept: Persistent<Atom<'static>>,
    quoted: Box<[u8]>,
}

/// Writes values of one engine.
pub struct StateWriter {
    keys: RefCell<HashMap<u32, Key>>,
    plain_class: u32,
    string_class: u32,
    /// Whether an object was written that is no plain one.
    is_odd: Cell<bool>,
    typed_array_classes: Box<[u32]>,
}

impl StateWriter {
    /// The writer of a context.
    ///
    /// # Errors
    /// The engine has no memory left.
    pub fn new(ctx: &Ctx<'_>) -> Result<Self, rquickjs::Error> {
        let string: Value = ctx.eval("new String('')")?;
        let plain: Value = ctx.eval("({})")?;
        let arrays: Vec<Value> = ctx.eval(
            "[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, \
             Uint32Array, BigInt64Array, BigUint64Array, Float32Array, Float64Array]\
             .concat(typeof Float16Array === 'undefined' ? [] : [Float16Array])\
             .map((Kind) => new Kind(0))",
        )?;
        let typed_array_classes = arrays.iter().map(class_of).collect();
        Ok(Self {
            keys: RefCell::default(),
            plain_class: class_of(&plain),
            string_class: class_of(&string),
            is_odd: Cell::new(false),
            typed_array_classes,
        })
    }

    /// Whether an object was written since the last call that is no plain one: a Date, a Map.
    pub fn take_odd(&self) -> bool {
        self.is_odd.replace(false)
    }

    /// An object as the event that it is, if it is one. Most objects are plain, and to ask the
    /// binding about one of another class makes QuickJS throw, with a trace of all calls.
    pub fn as_event<'js>(&self, object: &Object<'js>) -> Option<Class<'js, EventObject<'js>>> {
        if self.is_plain(object) { None } else { Class::from_object(object) }
    }

    /// Whether an object is a plain one: no array, no Date, no function, no proxy.
    pub fn is_plain(&self, object: &Object<'_>) -> bool {
        class_of(object.as_value()) == self.plain_class
    }

    /// Forgets the keys, before the runtime ends.
    pub fn forget_keys(&self) {
        self.keys.borrow_mut().clear();
    }

    /// The text of a value, of at most this many bytes. `undefined` is `null`.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn text(&self, value: &Value<'_>, bytes_max: usize) -> Result<String, WriteError> {
        let mut text = StateText { writer: self, out: Vec::new(), bytes_max, open: Vec::new() };
        text.value(value)?;
        if text.out.len() > bytes_max {
            return Err(WriteError::TooLong);
        }
        Ok(String::from_utf8(text.out).expect("only whole characters are written"))
    }

    fn key(&self, key: &Atom<'_>, out: &mut Vec<u8>) -> Result<(), rquickjs::Error> {
        let number = atom_number(key);
        if let Some(known) = self.keys.borrow().get(&number) {
            out.extend_from_slice(&known.quoted);
            return Ok(());
        }
        let start = out.len();
        let text = key.to_value()?;
        with_text(&text, |bytes| quote(bytes, out))?;
        let mut keys = self.keys.borrow_mut();
        if keys.len() < KEYS_MAX {
            let kept = Persistent::save(text.ctx(), key.clone());
            keys.insert(number, Key { _kept: kept, quoted: out[start..].into() });
        }
        Ok(())
    }
}

/// A text on its way.
struct StateText<'w, 'js> {
    writer: &'w StateWriter,
    out: Vec<u8>,
    bytes_max: usize,
    /// The containers that are being written, from the outermost.
    open: Vec<Object<'js>>,
}

impl<'js> StateText<'_, 'js> {
    fn value(&mut self, value: &Value<'js>) -> Result<(), WriteError> {
        if self.out.len() > self.bytes_max {
            return Err(WriteError::TooLong);
        }
        if let Some(number) = value.as_int() {
            write!(self.out, "{number}").expect("a vector takes every byte");
        } else if value.is_string() {
            with_text(value, |bytes| quote(bytes, &mut self.out))?;
        } else if let Some(object) = value.as_object() {
            return self.container(object);
        } else if let Some(is_true) = value.as_bool() {
            self.out.extend_from_slice(if is_true { b"true" } else { b"false" });
        } else if value.is_number() {
            self.number(value)?;
        } else if value.is_big_int() {
            with_text(value, |bytes| quote(bytes, &mut self.out))?;
        } else if value.is_symbol() {
            return Err(WriteError::NotPlain("a symbol"));
        } else {
            self.out.extend_from_slice(b"null");
        }
        Ok(())
    }

    fn number(&mut self, value: &Value<'js>) -> Result<(), WriteError> {
        let number = value.as_number().unwrap_or(f64::NAN);
        if number == 0.0 {
            self.out.push(b'0');
        } else if number.is_finite() {
            with_text(value, |bytes| self.out.extend_from_slice(bytes))?;
        } else {
            self.out.extend_from_slice(b"null");
        }
        Ok(())
    }

    fn container(&mut self, object: &Object<'js>) -> Result<(), WriteError> {
        if self.open.contains(object) {
            return Err(WriteError::NotPlain("a cycle: an object that holds itself"));
        }
        if self.open.len() == NESTING_MAX {
            return Err(WriteError::TooDeep);
        }
        self.open.push(object.clone());
        if is_array(object.as_value()) {
            self.array(object)?;
        } else if let Some(event) = self.writer.as_event(object) {
            self.event(object, &event)?;
        } else {
            self.object(object)?;
        }
        self.open.pop();
        Ok(())
    }

    fn array(&mut self, array: &Object<'js>) -> Result<(), WriteError> {
        let ctx = array.ctx();
        let length = match own_member(array, &Atom::from_predefined(ctx.clone(), LENGTH))? {
            OwnMember::Value(length) => length.as_number().unwrap_or_default(),
            _ => 0.0,
        };
        self.out.push(b'[');
        let mut index = 0;
        // An array is shorter than 2^32; a proxy may claim more, and meets another limit first.
        while f64::from(index) < length {
            if index > 0 {
                self.out.push(b',');
            }
            match own_member(array, &Atom::from_u32(ctx.clone(), index)?)? {
                OwnMember::Value(value) => self.value(&value)?,
                OwnMember::Missing => self.value(&Value::new_null(ctx.clone()))?,
                OwnMember::Accessor => return Err(WriteError::NotPlain("a getter or setter")),
            }
            index += 1;
        }
        self.out.push(b']');
        Ok(())
    }

    fn object(&mut self, object: &Object<'js>) -> Result<(), WriteError> {
        let class = class_of(object.as_value());
        if class != self.writer.plain_class {
            self.writer.is_odd.set(true);
        }
        let is_text = class == self.writer.string_class;
        self.out.push(b'{');
        if !self.writer.typed_array_classes.contains(&class) {
            let start = self.out.len();
            for key in self.keys_of(object)? {
                if !is_text || key.to_string()? == "length" {
                    self.member(object, &key, start)?;
                }
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    /// The names of an object's own members. Names that are symbols come last (ECMAScript,
    /// OrdinaryOwnPropertyKeys), so that one look tells whether there are any; a proxy may give any
    /// order.
    fn keys_of(&self, object: &Object<'js>) -> Result<Vec<Atom<'js>>, WriteError> {
        let keys = object.own_keys::<Atom>(Filter::new().string().symbol());
        let keys: Vec<Atom> = keys.collect::<Result<_, _>>()?;
        let looked_at = if object.is_proxy() { 0 } else { keys.len().saturating_sub(1) };
        match keys[looked_at..].iter().any(|key| is_symbol(object.ctx(), key)) {
            true => Err(WriteError::NotPlain("a member named by a symbol")),
            false => Ok(keys),
        }
    }

    /// Writes a member of an object whose members begin at `start`.
    fn member(
        &mut self,
        object: &Object<'js>,
        key: &Atom<'js>,
        start: usize,
    ) -> Result<(), WriteError> {
        let value = match own_member(object, key)? {
            OwnMember::Value(value) => value,
            OwnMember::Missing => return Ok(()),
            OwnMember::Accessor => return Err(WriteError::NotPlain("a getter or setter")),
        };
        if value.is_undefined() {
            return Ok(());
        }
        if self.out.len() > start {
            self.out.push(b',');
        }
        self.writer.key(key, &mut self.out)?;
        self.out.push(b':');
        self.value(&value)
    }

    /// Writes an event that a program returned, or keeps in its state.
    fn event(
        &mut self,
        object: &Object<'js>,
        event: &Class<'js, EventObject<'js>>,
    ) -> Result<(), WriteError> {
        let ctx = object.ctx();
        self.out.push(b'{');
        let start = self.out.len();
        for (name, member) in OWN_MEMBERS.into_iter().chain(READ_MEMBERS) {
            let value = event.borrow().member(ctx, member)?;
            if value.is_undefined() {
                continue;
            }
            if self.out.len() > start {
                self.out.push(b',');
            }
            quote(name.as_bytes(), &mut self.out);
            self.out.push(b':');
            self.value(&value)?;
        }
        // Members that the program gave the event.
        for key in self.keys_of(object)? {
            let name = key.to_string()?;
            if OWN_MEMBERS.iter().all(|(own, _)| *own != name) {
                self.member(object, &key, start)?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }
}

/// Writes a text in quotes, from bytes as QuickJS gives them: UTF-8, with lone surrogates in three
/// bytes each.
fn quote(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = bytes;
    while !rest.is_empty() {
        let plain = rest.iter().take_while(|byte| is_plain(**byte)).count();
        let (whole, after) = rest.split_at(plain);
        out.extend_from_slice(whole);
        let Some((byte, behind)) = after.split_first() else { break };
        rest = behind;
        match byte {
            // U+D800 to U+DFFF are the three bytes ED A0..BF xx.
            0xED if behind.first().is_some_and(|next| *next >= 0xA0) => {
                out.extend_from_slice("\u{fffd}".as_bytes());
                rest = behind.get(2..).unwrap_or_default();
            }
            0xED => out.push(0xED),
            b'"' => out.extend_from_slice(br#"\""#),
            b'\\' => out.extend_from_slice(br"\\"),
            0x08 => out.extend_from_slice(br"\b"),
            b'\t' => out.extend_from_slice(br"\t"),
            b'\n' => out.extend_from_slice(br"\n"),
            0x0C => out.extend_from_slice(br"\f"),
            b'\r' => out.extend_from_slice(br"\r"),
            control => write!(out, "\\u{control:04x}").expect("a vector takes every byte"),
        }
    }
    out.push(b'"');
}

/// The text of bytes as QuickJS gives them, in which a lone surrogate is U+FFFD.
pub fn whole_text(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut quoted = Vec::new();
    quote(bytes, &mut quoted);
    serde_json::from_slice(&quoted).expect("a quoted text is JSON")
}

/// Whether a byte stands in a quoted text as it is, whatever follows it.
fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && !matches!(byte, b'"' | b'\\' | 0xED)
}
