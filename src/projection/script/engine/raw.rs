//! What the binding of QuickJS offers only by hand: its memory, and the bare members of objects.
//! Always: this is the only file of the crate with `unsafe` code, and each use says why it holds.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::rc::Rc;

use rquickjs::allocator::{Allocator, RustAllocator};
use rquickjs::{Atom, Ctx, Error, JsLifetime, Object, Value, qjs};

use super::event::EventObject;
use super::meter::TimeMeter;

/// From this size on, an allocation looks at the time limit. QuickJS itself looks only every 10,000
/// calls and turns of a loop, each of which may be a built-in function that takes long over a large
/// text or array. Such functions allocate what they give.
const LARGE_BYTES: usize = 64 << 10;

/// The memory of one engine: what is used, and whether the limit was ever reached.
#[derive(Debug)]
pub struct MemoryMeter {
    limit: usize,
    used: Cell<usize>,
    is_exceeded: Cell<bool>,
    time: Rc<TimeMeter>,
}

impl MemoryMeter {
    /// A meter that allows this many bytes.
    pub fn new(limit: usize, time: Rc<TimeMeter>) -> Rc<Self> {
        Rc::new(Self { limit, used: Cell::new(0), is_exceeded: Cell::new(false), time })
    }

    /// The bytes that are used.
    pub fn used(&self) -> usize {
        self.used.get()
    }

    /// Whether an allocation was refused since the last call.
    pub fn take_exceeded(&self) -> bool {
        self.is_exceeded.replace(false)
    }

    /// Whether this many more bytes may be used. A refusal is noted: a program can catch the
    /// exception that follows, the note stays.
    fn allows(&self, more: usize) -> bool {
        let fits = self.used.get().checked_add(more).is_some_and(|sum| sum <= self.limit);
        if !fits {
            self.is_exceeded.set(true);
        }
        fits && !(more >= LARGE_BYTES && self.time.check())
    }

    fn add(&self, pointer: *mut u8) -> *mut u8 {
        self.used.set(self.used.get() + size_of_block(pointer));
        pointer
    }

    fn remove(&self, pointer: *mut u8) {
        self.used.set(self.used.get().saturating_sub(size_of_block(pointer)));
    }
}

/// The size of a block; 0 for none.
fn size_of_block(pointer: *mut u8) -> usize {
    if pointer.is_null() {
        return 0;
    }
    // SAFETY: every pointer given here was returned by `RustAllocator` and not yet freed.
    unsafe { RustAllocator::usable_size(pointer) }
}

/// The allocator of one engine: that of Rust, with a limit.
pub struct LimitedAllocator(pub Rc<MemoryMeter>);

// SAFETY: each block comes from `RustAllocator` unchanged, or is null, which QuickJS takes as "out
// of memory"; sizes are counted, never altered.
unsafe impl Allocator for LimitedAllocator {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        if !self.0.allows(size) {
            return std::ptr::null_mut();
        }
        self.0.add(RustAllocator.alloc(size))
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        let bytes = count.checked_mul(size);
        if !bytes.is_some_and(|bytes| self.0.allows(bytes)) {
            return std::ptr::null_mut();
        }
        self.0.add(RustAllocator.calloc(count, size))
    }

    unsafe fn dealloc(&mut self, pointer: *mut u8) {
        self.0.remove(pointer);
        // SAFETY: as the caller promises.
        unsafe { RustAllocator.dealloc(pointer) }
    }

    unsafe fn realloc(&mut self, pointer: *mut u8, size: usize) -> *mut u8 {
        if pointer.is_null() {
            return self.alloc(size);
        }
        let old = size_of_block(pointer);
        if !self.0.allows(size.saturating_sub(old)) {
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promises. If the block cannot grow, the old one is still in use.
        let grown = unsafe { RustAllocator.realloc(pointer, size) };
        if !grown.is_null() {
            self.0.used.set(self.0.used.get().saturating_sub(old));
            self.0.add(grown);
        }
        grown
    }

    unsafe fn usable_size(pointer: *mut u8) -> usize {
        // SAFETY: as the caller promises.
        unsafe { RustAllocator::usable_size(pointer) }
    }
}

/// A member that an object has itself.
pub enum OwnMember<'js> {
    Value(Value<'js>),
    /// A getter or setter, which is not called.
    Accessor,
    Missing,
}

/// The own member of an object under a key. No code of the program runs, except traps of a proxy.
///
/// # Errors
/// An exception was thrown.
pub fn own_member<'js>(object: &Object<'js>, key: &Atom<'js>) -> Result<OwnMember<'js>, Error> {
    let ctx = object.ctx();
    let atom = atom_number(key);
    let mut found = MaybeUninit::<qjs::JSPropertyDescriptor>::uninit();
    // SAFETY: context, object and atom are alive; QuickJS fills `found` exactly if it returns 1,
    // and then its three values belong to us.
    unsafe {
        let raw = ctx.as_raw().as_ptr();
        match qjs::JS_GetOwnProperty(raw, found.as_mut_ptr(), object.as_value().as_raw(), atom) {
            0 => return Ok(OwnMember::Missing),
            1 => {}
            _ => return Err(Error::Exception),
        }
        let found = found.assume_init();
        let value = Value::from_raw(ctx.clone(), found.value);
        drop(Value::from_raw(ctx.clone(), found.getter));
        drop(Value::from_raw(ctx.clone(), found.setter));
        if found.flags.cast_unsigned() & qjs::JS_PROP_GETSET != 0 {
            return Ok(OwnMember::Accessor);
        }
        Ok(OwnMember::Value(value))
    }
}

/// Removes the own members of an object that are `undefined`. No code of the program runs, except
/// traps of a proxy. A live fold does this after each event, so it makes no value of the binding.
///
/// # Errors
/// A member cannot be removed, or the memory of the engine is used up.
pub fn remove_undefined(object: &Object<'_>) -> Result<(), Error> {
    let (mut keys, mut count) = (std::ptr::null_mut(), 0);
    // SAFETY: context and object are alive. QuickJS gives a table of `count` keys, which is freed
    // before this ends, and fills a descriptor exactly if it returns 1; its values belong to us.
    unsafe {
        let (raw, object) = (object.ctx().as_raw().as_ptr(), object.as_value().as_raw());
        let of_strings = qjs::JS_GPN_STRING_MASK.cast_signed();
        let (keys_at, count_at) = (&raw mut keys, &raw mut count);
        if qjs::JS_GetOwnPropertyNames(raw, keys_at, count_at, object, of_strings) < 0 {
            return Err(Error::Exception);
        }
        let mut is_done = true;
        for at in 0..count as usize {
            let atom = (*keys.add(at)).atom;
            let mut found = MaybeUninit::<qjs::JSPropertyDescriptor>::uninit();
            match qjs::JS_GetOwnProperty(raw, found.as_mut_ptr(), object, atom) {
                0 => continue,
                1 => {}
                _ => {
                    is_done = false;
                    break;
                }
            }
            let found = found.assume_init();
            let is_value = found.flags.cast_unsigned() & qjs::JS_PROP_GETSET == 0;
            let is_undefined = is_value && qjs::JS_IsUndefined(found.value);
            for value in [found.value, found.getter, found.setter] {
                qjs::JS_FreeValue(raw, value);
            }
            let throws = qjs::JS_PROP_THROW.cast_signed();
            if is_undefined && qjs::JS_DeleteProperty(raw, object, atom, throws) < 0 {
                is_done = false;
                break;
            }
        }
        qjs::JS_FreePropertyEnum(raw, keys, count);
        if is_done { Ok(()) } else { Err(Error::Exception) }
    }
}

/// The number under which QuickJS knows a key. It stays that key's for as long as the key is kept.
pub fn atom_number(key: &Atom<'_>) -> u32 {
    // `Atom` hashes by its number alone, which is the only safe way to read it.
    let mut number = AtomNumber(0);
    std::hash::Hash::hash(key, &mut number);
    number.0
}

/// Whether a key is a symbol.
pub fn is_symbol<'js>(ctx: &Ctx<'js>, key: &Atom<'js>) -> bool {
    // SAFETY: context and atom are alive; the value belongs to us.
    let value = unsafe {
        let raw = ctx.as_raw().as_ptr();
        Value::from_raw(ctx.clone(), qjs::JS_AtomToValue(raw, atom_number(key)))
    };
    value.is_symbol()
}

struct AtomNumber(u32);

impl std::hash::Hasher for AtomNumber {
    fn finish(&self) -> u64 {
        self.0.into()
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("an atom hashes as one number of 32 bits");
    }
    fn write_u32(&mut self, number: u32) {
        self.0 = number;
    }
}

/// Whether a value is an array, or a proxy of one.
pub fn is_array(value: &Value<'_>) -> bool {
    if !value.is_proxy() {
        return value.is_array();
    }
    // SAFETY: context and value are alive; the target belongs to us.
    let target = unsafe {
        let raw = value.ctx().as_raw().as_ptr();
        Value::from_raw(value.ctx().clone(), qjs::JS_GetProxyTarget(raw, value.as_raw()))
    };
    is_array(&target)
}

/// The class of an object, as QuickJS numbers them; 0 for what is no object.
pub fn class_of(value: &Value<'_>) -> u32 {
    // SAFETY: the value is alive, and only its class is read.
    unsafe { qjs::JS_GetClassID(value.as_raw()) }
}

/// The bytes of a text as QuickJS writes them: UTF-8, with lone surrogates in three bytes each.
///
/// # Errors
/// The memory of the engine is used up.
pub fn with_text<T>(value: &Value<'_>, read: impl FnOnce(&[u8]) -> T) -> Result<T, Error> {
    let ctx = value.ctx();
    let mut length: qjs::size_t = 0;
    // SAFETY: QuickJS gives a block of `length` bytes, which is read and freed before this ends.
    unsafe {
        let raw = ctx.as_raw().as_ptr();
        let start = qjs::JS_ToCStringLen2(raw, &raw mut length, value.as_raw(), false);
        if start.is_null() {
            return Err(Error::Exception);
        }
        let read = read(std::slice::from_raw_parts(start.cast::<u8>(), length as usize));
        qjs::JS_FreeCString(raw, start);
        Ok(read)
    }
}

// SAFETY: the type differs in the lifetime of its values alone.
unsafe impl<'js> JsLifetime<'js> for EventObject<'js> {
    type Changed<'to> = EventObject<'to>;
}
