//! One call into a program: the state is read from its text, handlers run, the state is written.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::function::IntoArgs;
use rquickjs::{Array, Class, Ctx, Function, Object, Persistent, Value};

use super::event::EventObject;
use super::failure::{fault_of, write_fault};
use super::limits::Limits;
use super::program::Program;
use super::raw::with_text;
use super::step::{Change, FoundState, SharedState, Step};
use super::verdict::Verdict;
use super::write::{StateWriter, whole_text};
use crate::projection::script::definition::{Partitioning, SkipReason};
use crate::projection::script::event::{ScriptEvent, has_data};
use crate::projection::script::fault::ScriptFault;
use crate::projection::script::number::dotnet_text;

/// One call into the program.
pub struct Call<'c, 'js> {
    /// The program.
    pub program: &'c Program,
    /// Writes states.
    pub writer: &'c StateWriter,
    /// Whether the program has broken a rule.
    pub verdict: &'c Verdict,
    /// What the program may use.
    pub limits: &'c Limits,
    /// Whether events have own members, since the program could tell getters.
    pub has_own_members: bool,
    /// The context of the engine.
    pub ctx: &'c Ctx<'js>,
    /// The shared state before the call.
    pub shared: &'c SharedState,
}

impl<'js> Call<'_, 'js> {
    fn fault(&self, error: rquickjs::Error) -> ScriptFault {
        fault_of(self.ctx, &error)
    }

    fn call(
        &self,
        function: &Persistent<Function<'static>>,
        values: impl IntoArgs<'js>,
    ) -> Result<Value<'js>, ScriptFault> {
        let function = function.clone().restore(self.ctx).map_err(|error| self.fault(error))?;
        function.call(values).map_err(|error| self.fault(error))
    }

    /// The value of a state's text.
    pub fn read(&self, text: &str) -> Result<Value<'js>, ScriptFault> {
        self.ctx.json_parse(text).map_err(|error| self.fault(error))
    }

    /// The text of a state.
    pub fn write(&self, value: &Value<'js>) -> Result<String, ScriptFault> {
        let text = self.writer.text(value, self.limits.state_bytes);
        text.map_err(|error| write_fault(self.ctx, &error))
    }

    /// The text of a result: of `[own, shared]` each part may be as deep as a state.
    fn write_result(&self, value: &Value<'js>) -> Result<String, ScriptFault> {
        let pair = value.as_array().filter(|_| self.program.definition.is_shared);
        let Some(pair) = pair.filter(|pair| pair.len() == 2) else { return self.write(value) };
        let part = |index| {
            let part = pair.get::<Value>(index).map_err(|error| self.fault(error))?;
            self.write(&part)
        };
        Ok(format!("[{},{}]", part(0)?, part(1)?))
    }

    /// Folds an event.
    pub fn event(
        &self,
        event: &Rc<dyn ScriptEvent>,
        state_of: impl Fn(&Arc<str>) -> FoundState,
    ) -> Result<Step, ScriptFault> {
        let Some(partition) = self.partition(event)? else {
            return Ok(Step::Skipped(SkipReason::NoPartition));
        };
        let folded = self.event_of_partition(event, &partition, state_of);
        folded.map_err(|fault| ScriptFault { partition: Some(partition.to_string()), ..fault })
    }

    /// The event as one function of the program is given it. Each has an object of its own, so that
    /// none sees what another did to it.
    fn object(
        &self,
        event: &Rc<dyn ScriptEvent>,
        partition: &Arc<str>,
    ) -> Result<Class<'js, EventObject<'js>>, ScriptFault> {
        let made = EventObject {
            event: event.clone(),
            partition: partition.clone(),
            verdict: self.verdict.clone(),
            data: OnceCell::new(),
            metadata: OnceCell::new(),
        };
        made.instance(self.ctx, self.has_own_members).map_err(|error| self.fault(error))
    }

    fn event_of_partition(
        &self,
        event: &Rc<dyn ScriptEvent>,
        partition: &Arc<str>,
        state_of: impl Fn(&Arc<str>) -> FoundState,
    ) -> Result<Step, ScriptFault> {
        let Ok(text) = state_of(partition) else { return Ok(Step::Unread) };
        let before = text.map(|text| self.read(&text)).transpose()?;
        let state = self.after(event, partition, before)?;
        self.change(partition.clone(), state)
    }

    /// The state of a partition after an event; without a state before, the partition begins.
    pub fn after(
        &self,
        event: &Rc<dyn ScriptEvent>,
        partition: &Arc<str>,
        before: Option<Value<'js>>,
    ) -> Result<Value<'js>, ScriptFault> {
        let begins = before.is_none();
        let state = self.begin(before)?;
        if begins {
            for created in &self.program.created {
                self.call(created, (state.clone(), self.object(event, partition)?))?;
            }
        }
        if has_data(event.as_ref()) { self.handle(event, partition, state) } else { Ok(state) }
    }

    /// The partition of an event.
    pub fn partition(&self, event: &Rc<dyn ScriptEvent>) -> Result<Option<Arc<str>>, ScriptFault> {
        let Some(partition_by) = &self.program.partition_by else {
            let is_by_stream = self.program.definition.partitioning == Partitioning::ByStream;
            return Ok(Some(if is_by_stream { event.stream().into() } else { "".into() }));
        };
        let given = self.call(partition_by, (self.object(event, &"".into())?,))?;
        if given.is_string() {
            // A lone surrogate is U+FFFD: names of partitions are UTF-8.
            let text = with_text(&given, whole_text).map_err(|error| self.fault(error))?;
            return Ok(Some(text.into()));
        }
        Ok(given.as_number().map(|number| dotnet_text(number).into()))
    }

    /// The state as handlers get it, of a partition that begins if it has none yet.
    fn begin(&self, before: Option<Value<'js>>) -> Result<Value<'js>, ScriptFault> {
        let own = match (before, &self.program.init) {
            (Some(before), _) => before,
            (None, Some(init)) => self.call(init, ())?,
            (None, None) => self.empty_object()?,
        };
        self.with_shared(own)
    }

    fn empty_object(&self) -> Result<Value<'js>, ScriptFault> {
        let object = Object::new(self.ctx.clone()).map_err(|error| self.fault(error))?;
        Ok(object.into_value())
    }

    /// `[own, shared]`, where the program has shared state.
    fn with_shared(&self, own: Value<'js>) -> Result<Value<'js>, ScriptFault> {
        let program = self.program;
        if !program.definition.is_shared {
            return Ok(own);
        }
        let shared = match (self.shared, &program.init_shared) {
            (SharedState::Kept(text), _) => self.read(text)?,
            (SharedState::Nothing, _) => Value::new_null(self.ctx.clone()),
            (SharedState::Unbegun, Some(init)) => self.call(init, ())?,
            (SharedState::Unbegun, None) => self.empty_object()?,
            (SharedState::Broken(_), _) => {
                let message = "the handler before this event gave something else than \
                    [own, shared]";
                return Err(ScriptFault::new(None, message));
            }
        };
        let pair = Array::new(self.ctx.clone()).and_then(|pair| {
            pair.set(0, own)?;
            pair.set(1, shared)?;
            Ok(pair.into_value())
        });
        pair.map_err(|error| self.fault(error))
    }

    fn handle(
        &self,
        event: &Rc<dyn ScriptEvent>,
        partition: &Arc<str>,
        state: Value<'js>,
    ) -> Result<Value<'js>, ScriptFault> {
        let Some(handler) = self.program.handler(event.event_type()) else {
            return self.body(event.as_ref());
        };
        let given = self.call(handler, (state.clone(), self.object(event, partition)?))?;
        Ok(if given.is_undefined() { state } else { given })
    }

    /// The body as state, of a program without handlers; the text of one that is not JSON.
    fn body(&self, event: &dyn ScriptEvent) -> Result<Value<'js>, ScriptFault> {
        let text = event.data().or(event.body()).unwrap_or_default();
        let read = if event.is_json() { self.read(text).ok() } else { None };
        let body = match read {
            Some(read) => read,
            None => {
                let text = rquickjs::String::from_str(self.ctx.clone(), text);
                text.map_err(|error| self.fault(error))?.into_value()
            }
        };
        self.with_shared(body)
    }

    fn change(&self, partition: Arc<str>, state: Value<'js>) -> Result<Step, ScriptFault> {
        let change = if self.program.definition.is_shared {
            let (state, shared) = self.split(&state)?;
            Change { partition, state: state.into(), shared: Some(shared) }
        } else {
            Change { partition, state: self.write(&state)?.into(), shared: None }
        };
        Ok(Step::Folded(change))
    }

    /// The texts of both parts of `[own, shared]`.
    fn split(&self, state: &Value<'js>) -> Result<(String, SharedState), ScriptFault> {
        let kept = match self.shared {
            SharedState::Kept(text) => Some(text.clone()),
            _ => None,
        };
        let Some(pair) = state.as_array() else {
            return Ok((self.write(state)?, SharedState::Broken(kept)));
        };
        let slot = |index| pair.get::<Value>(index).map_err(|error| self.fault(error));
        let (own, shared) = (self.write(&slot(0)?)?, slot(1)?);
        let shared = if shared.is_null() || shared.is_undefined() {
            kept.map_or(SharedState::Nothing, SharedState::Kept)
        } else {
            SharedState::Kept(self.write(&shared)?.into())
        };
        Ok((own, shared))
    }

    /// Tells the program of the end of a stream.
    pub fn deleted(&self, stream: &Arc<str>, text: FoundState) -> Result<Step, ScriptFault> {
        let Ok(text) = text else { return Ok(Step::Unread) };
        let before = text.map(|text| self.read(&text)).transpose()?;
        let state = self.begin(before)?;
        if let Some(deleted) = &self.program.deleted {
            let values = (state.clone(), Value::new_null(self.ctx.clone()), &**stream, false);
            self.call(deleted, values)?;
        }
        self.change(stream.clone(), state)
    }

    /// The result of a state.
    pub fn result(&self, state: &str) -> Result<Option<String>, ScriptFault> {
        let mut value = self.with_shared(self.read(state)?)?;
        for step in &self.program.steps {
            let given = self.call(&step.function, (value.clone(),))?;
            let passes = if step.is_filter {
                given.as_bool() == Some(true)
            } else {
                !(given.is_null() || given.is_undefined())
            };
            if !passes {
                return Ok(None);
            }
            if !step.is_filter {
                value = given;
            }
        }
        self.write_result(&value).map(Some)
    }
}
