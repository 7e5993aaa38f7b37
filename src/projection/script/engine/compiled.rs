//! One engine: a program compiled in QuickJS, with its limits, that folds one event at a time.
//! Always: an event either changes a state as its handlers say, or faults and changes nothing. What
//! a program does depends on its source, the events and the states alone.
//! Source: KurrentDB's projection dialect, as `projection-conformance.json` observed it.

use std::rc::Rc;
use std::sync::Arc;

use rquickjs::Ctx;

use super::call::Call;
use super::compile::compile;
use super::event::can_tell_getters;
use super::limits::Limits;
use super::output::{Collector, ScriptOutput};
use super::program::Program;
use super::sandbox::Sandbox;
use super::step::{FoundState, Notice, SharedState, Step};
use super::write::StateWriter;
use crate::projection::script::definition::{Definition, SkipReason};
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::fault::{LimitName, ScriptFault};

/// One engine with one program. See the module.
pub struct Engine {
    // The order of the fields is the order in which they end: values before their runtime.
    program: Program,
    writer: Rc<StateWriter>,
    sandbox: Sandbox,
    collector: Collector,
    limits: Limits,
    has_own_members: bool,
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.writer.forget_keys();
    }
}

impl Engine {
    /// Compiles a program.
    ///
    /// # Errors
    /// The program is not one of the dialect, or met a limit.
    pub fn new(source: &str, limits: Limits) -> Result<Self, ScriptFault> {
        let sandbox = Sandbox::new(&limits)?;
        let collector = Collector::default();
        let compile_limit = (limits.compile_time, LimitName::CompileLimit);
        let compiled = sandbox.measured(compile_limit.0, compile_limit.1, |ctx| {
            compile(ctx, source, &collector, limits, sandbox.time())
        });
        let (program, writer) = judged(&collector, compiled)?;
        collector.take();
        let has_own_members = can_tell_getters(source);
        Ok(Self { program, writer, sandbox, collector, limits, has_own_members })
    }

    /// What the program defined.
    pub fn definition(&self) -> &Definition {
        &self.program.definition
    }

    /// Folds an event. `state_of` gives the text of a partition's state.
    ///
    /// # Errors
    /// The program threw or met a limit: nothing has changed.
    pub fn fold(
        &self,
        event: &Rc<dyn ScriptEvent>,
        notice: Notice<'_>,
        state_of: impl Fn(&Arc<str>) -> FoundState,
        shared: &SharedState,
    ) -> Result<Step, ScriptFault> {
        if let Notice::Deleted(stream) = notice {
            return self.end_of_stream(stream, state_of, shared);
        }
        if let Some(reason) = self.skips(event.as_ref(), notice) {
            return Ok(Step::Skipped(reason));
        }
        self.step(shared, |call| call.event(event, state_of))
    }

    /// Tells the program of the end of a stream. `state_of` gives the text of a partition's state.
    ///
    /// # Errors
    /// The program threw or met a limit: nothing has changed.
    pub fn end_of_stream(
        &self,
        stream: &str,
        state_of: impl Fn(&Arc<str>) -> FoundState,
        shared: &SharedState,
    ) -> Result<Step, ScriptFault> {
        let definition = &self.program.definition;
        if !definition.selection.selects(stream) {
            return Ok(Step::Skipped(SkipReason::WrongStream));
        }
        if !definition.handles_deleted {
            return Ok(Step::Skipped(SkipReason::NoDeleteHandler));
        }
        let partition: Arc<str> = stream.into();
        self.step(shared, |call| call.deleted(&partition, state_of(&partition)))
    }

    /// One call into the program, within the limits of an event.
    fn step(
        &self,
        shared: &SharedState,
        run: impl for<'c, 'js> FnOnce(Call<'c, 'js>) -> Result<Step, ScriptFault>,
    ) -> Result<Step, ScriptFault> {
        let folded = self.within_event(|ctx| run(self.call(ctx, shared)));
        // What a skipped event gave is dropped with it.
        if !matches!(folded, Ok(Step::Folded(_))) {
            self.collector.take();
        }
        folded
    }

    /// What the program gave since the last call.
    pub fn take_output(&self) -> ScriptOutput {
        self.collector.take()
    }

    /// Whether a state written since the last call held what is no plain JSON: a Date, a Map.
    pub fn take_odd(&self) -> bool {
        self.writer.take_odd()
    }

    /// The result of a state; `None`: a filter did not pass, or a transform gave nothing.
    ///
    /// # Errors
    /// A transform or filter threw or met a limit.
    pub fn result(&self, state: &str, shared: &SharedState) -> Result<Option<String>, ScriptFault> {
        let limit = (self.limits.result_time, LimitName::ResultLimit);
        let result =
            self.sandbox.measured(limit.0, limit.1, |ctx| self.call(ctx, shared).result(state));
        let result = judged(&self.collector, result);
        self.collector.take();
        result
    }

    /// Runs a part of the program within the limits of one event.
    ///
    /// # Errors
    /// The program threw, met a limit or broke a rule.
    pub(super) fn within_event<T>(
        &self,
        run: impl FnOnce(&Ctx<'_>) -> Result<T, ScriptFault>,
    ) -> Result<T, ScriptFault> {
        let given = self.sandbox.measured(self.limits.event_time, LimitName::TimeLimit, run);
        judged(&self.collector, given)
    }

    /// What the engine may use.
    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The memory that the engine uses, in bytes.
    pub(super) fn memory_used(&self) -> usize {
        self.sandbox.memory_used()
    }

    pub(super) fn call<'c, 'js>(
        &'c self,
        ctx: &'c Ctx<'js>,
        shared: &'c SharedState,
    ) -> Call<'c, 'js> {
        Call {
            program: &self.program,
            writer: &self.writer,
            verdict: &self.collector.verdict,
            limits: &self.limits,
            has_own_members: self.has_own_members,
            ctx,
            shared,
        }
    }

    /// Why an event is passed over before any code of the program runs. It tells of no end of a
    /// stream.
    pub(super) fn skips(&self, event: &dyn ScriptEvent, notice: Notice<'_>) -> Option<SkipReason> {
        let definition = &self.program.definition;
        if !definition.selection.selects(event.stream()) {
            return Some(SkipReason::WrongStream);
        }
        if notice == Notice::Link && !definition.includes_links {
            return Some(SkipReason::Link);
        }
        let is_handled =
            !definition.has_handlers() || self.program.handler(event.event_type()).is_some();
        (!is_handled).then_some(SkipReason::Unhandled)
    }
}

/// What a call gave, unless the program broke a rule in it and caught the exception.
fn judged<T>(collector: &Collector, given: Result<T, ScriptFault>) -> Result<T, ScriptFault> {
    match (collector.verdict.take(), given) {
        (Some(message), Ok(_)) => Err(ScriptFault::new(None, &message)),
        (_, given) => given,
    }
}
