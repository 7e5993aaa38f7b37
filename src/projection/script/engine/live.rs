//! An engine that keeps states as values between events, and writes them when it is asked to.
//! Always: at half of the engine's memory, the states that were least recently used are written
//! out. A value is not yet known to be a state that can be written, nor to be the state
//! that an exact fold would have: whoever folds live compares some of the states.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::{Persistent, Value};

use super::call::Call;
use super::compiled::Engine;
use super::failure::fault_of;
use super::limits::Limits;
use super::raw::remove_undefined;
use super::step::{Notice, SharedState};
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::fault::ScriptFault;
use crate::projection::script::sample::NameHash;

/// The shared state of a program that has none.
const NONE_SHARED: &SharedState = &SharedState::Unbegun;

/// A state as it is kept.
enum KeptState {
    /// The value itself.
    Value(Persistent<Value<'static>>),
    /// Its text: a state that was written out, or that another engine began.
    Text(Arc<str>),
    /// A handler has the value, or the partition has not begun.
    Taken,
}

/// A state, and when it was last used.
struct LiveState {
    kept: KeptState,
    /// The number of the event that used it last.
    used_at: u64,
    is_sampled: bool,
}

/// An event that changed a state.
#[derive(Debug)]
pub struct LiveStep {
    /// The partition of that state.
    pub partition: Arc<str>,
    /// Whether the partition is one of those that are folded exactly too.
    pub is_sampled: bool,
}

/// See the module.
pub struct LiveEngine {
    // The order of the fields is the order in which they end: values before their engine.
    states: HashMap<Arc<str>, LiveState>,
    engine: Engine,
    events: u64,
}

impl LiveEngine {
    /// An engine for a partitioned program without shared state.
    ///
    /// # Errors
    /// The program is not one of the dialect, or met a limit.
    pub fn new(program: &str, limits: Limits) -> Result<Self, ScriptFault> {
        let engine = Engine::new(program, limits)?;
        Ok(Self { states: HashMap::new(), engine, events: 0 })
    }

    /// Begins a partition with the text of a state. Returns whether the partition is one of those
    /// that are folded exactly too: one in 64, and the first.
    pub fn put(&mut self, partition: Arc<str>, text: Arc<str>) -> bool {
        let is_sampled = self.states.is_empty() || NameHash::of(&partition).is_sampled();
        let state = LiveState { kept: KeptState::Text(text), used_at: self.events, is_sampled };
        self.states.insert(partition, state);
        is_sampled
    }

    /// Folds an event; none: the event was passed over.
    ///
    /// # Errors
    /// The program threw or met a limit. The state of the event's partition is lost.
    pub fn fold(&mut self, event: &Rc<dyn ScriptEvent>) -> Result<Option<LiveStep>, ScriptFault> {
        if self.engine.skips(event.as_ref(), Notice::Fact).is_some() {
            return Ok(None);
        }
        self.events += 1;
        let Self { states, engine, events } = self;
        let step = engine.within_event(|ctx| {
            let call = engine.call(ctx, NONE_SHARED);
            let Some(partition) = call.partition(event)? else { return Ok(None) };
            let is_first = states.is_empty();
            let state = states.entry(partition.clone()).or_insert_with(|| LiveState {
                kept: KeptState::Taken,
                used_at: *events,
                is_sampled: is_first || NameHash::of(&partition).is_sampled(),
            });
            let before = match std::mem::replace(&mut state.kept, KeptState::Taken) {
                KeptState::Value(value) => {
                    Some(value.restore(ctx).expect("a value of this engine"))
                }
                KeptState::Text(text) => Some(call.read(&text)?),
                KeptState::Taken => None,
            };
            let after = call.after(event, &partition, before)?;
            let after = as_next(&call, after)?;
            state.kept = KeptState::Value(Persistent::save(ctx, after));
            state.used_at = *events;
            Ok(Some(LiveStep { partition, is_sampled: state.is_sampled }))
        });
        engine.take_output();
        if engine.memory_used() > engine.limits().memory_bytes / 2 {
            self.write_out()?;
        }
        step
    }

    /// The text of a partition's state; none if the partition has not begun.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn text(&self, partition: &str) -> Result<Option<Arc<str>>, ScriptFault> {
        let Some(state) = self.states.get(partition) else { return Ok(None) };
        match &state.kept {
            KeptState::Value(value) => written(&self.engine, value).map(Some),
            KeptState::Text(text) => Ok(Some(text.clone())),
            KeptState::Taken => Ok(None),
        }
    }

    /// The partitions that have begun.
    pub fn partitions(&self) -> impl Iterator<Item = &Arc<str>> {
        self.states.keys()
    }

    /// Writes out the states that were least recently used, half of those that are values at a
    /// time, until the engine uses no more than three eighths of its memory: then it is a while
    /// until the next writing.
    fn write_out(&mut self) -> Result<(), ScriptFault> {
        let enough = self.engine.limits().memory_bytes / 8 * 3;
        while self.engine.memory_used() > enough {
            let is_value = |state: &&mut LiveState| matches!(state.kept, KeptState::Value(_));
            let mut values: Vec<&mut LiveState> =
                self.states.values_mut().filter(is_value).collect();
            if values.len() < 2 {
                break;
            }
            values.sort_unstable_by_key(|state| state.used_at);
            let half = values.len() / 2;
            for state in values.into_iter().take(half) {
                if let KeptState::Value(value) = &state.kept {
                    state.kept = KeptState::Text(written(&self.engine, value)?);
                }
            }
        }
        Ok(())
    }
}

/// What the next handler gets of a value that was left as state. An event that is kept is another
/// object than its text tells, so it is read from its text. Members of the state itself that are
/// `undefined` go, since its text leaves them out: programs often copy a member that an event may
/// lack.
fn as_next<'js>(call: &Call<'_, 'js>, value: Value<'js>) -> Result<Value<'js>, ScriptFault> {
    if value.is_undefined() {
        return Ok(Value::new_null(call.ctx.clone()));
    }
    let is_event = |object| call.writer.as_event(object).is_some();
    if !value.is_array() && value.as_object().is_some_and(is_event) {
        return call.read(&call.write(&value)?);
    }
    if let Some(object) = value.as_object().filter(|object| call.writer.is_plain(object)) {
        let removed = remove_undefined(object);
        removed.map_err(|error| fault_of(call.ctx, &error))?;
    }
    Ok(value)
}

/// The text of a value that is kept.
fn written(engine: &Engine, value: &Persistent<Value<'static>>) -> Result<Arc<str>, ScriptFault> {
    engine.within_event(|ctx| {
        let value = value.clone().restore(ctx).expect("a value of this engine");
        engine.call(ctx, NONE_SHARED).write(&value).map(Arc::from)
    })
}
