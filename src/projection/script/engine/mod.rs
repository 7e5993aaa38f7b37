//! One engine: a program compiled in QuickJS, with its limits, that folds one event at a time.
//! Always: an event either changes a state as its handlers say, or faults and changes nothing. What
//! a program does depends on its source, the events and the states alone.
//! Source: KurrentDB's projection dialect, as `projection-conformance.json` observed it.

mod call;
mod compile;
mod event;
mod failure;
mod limits;
mod meter;
mod output;
mod program;
mod raw;
mod step;
mod write;

use std::rc::Rc;
use std::time::Duration;

use rquickjs::context::intrinsic;
use rquickjs::{Context, Ctx, Runtime};

use self::call::Call;
use self::compile::compile;
use self::event::can_tell_getters;
pub use self::limits::Limits;
use self::meter::TimeMeter;
use self::output::Collector;
pub use self::output::{Emitted, ScriptOutput};
use self::program::Program;
use self::raw::{LimitedAllocator, MemoryMeter};
pub use self::step::{Change, Notice, SharedState, Step};
use self::write::StateWriter;
use super::definition::{Definition, SkipReason};
use super::event::ScriptEvent;
use super::fault::{LimitName, ScriptFault};

/// What QuickJS offers a program. Not there: references that tell of garbage collection, clocks.
type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// One engine with one program. See the module.
pub struct Engine {
    // The order of the fields is the order in which they end: values before their runtime.
    program: Program,
    writer: Rc<StateWriter>,
    context: Context,
    _runtime: Runtime,
    collector: Collector,
    time: Rc<TimeMeter>,
    memory: Rc<MemoryMeter>,
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
        let time = TimeMeter::new();
        let memory = MemoryMeter::new(limits.memory_bytes, time.clone());
        let no_engine = |_| ScriptFault::new(None, "the system gives no memory for an engine");
        let runtime =
            Runtime::new_with_alloc(LimitedAllocator(memory.clone())).map_err(no_engine)?;
        runtime.set_max_stack_size(limits.stack_bytes);
        let watch = time.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || watch.check())));
        let context = Context::custom::<Intrinsics>(&runtime).map_err(no_engine)?;
        let collector = Collector::default();
        time.begin(limits.compile_time);
        let compiled = context.with(|ctx| compile(&ctx, source, &collector, limits));
        let compiled = match compiled {
            _ if time.check() => Err(exceeded(LimitName::CompileLimit)),
            _ if memory.take_exceeded() => Err(exceeded(LimitName::MemoryLimit)),
            other => other,
        };
        let (program, writer) = compiled?;
        let has_own_members = can_tell_getters(source);
        let _runtime = runtime;
        collector.take();
        Ok(Self {
            program,
            writer,
            context,
            _runtime,
            collector,
            time,
            memory,
            limits,
            has_own_members,
        })
    }

    /// What the program defined.
    pub fn definition(&self) -> &Definition {
        &self.program.definition
    }

    /// Folds an event. `state_of` gives the text of a partition's state.
    ///
    /// # Errors
    /// The program threw or met a limit: nothing has changed.
    pub fn fold<'s>(
        &self,
        event: &Rc<dyn ScriptEvent>,
        notice: Notice<'_>,
        state_of: impl Fn(&str) -> Option<&'s str>,
        shared: &SharedState,
    ) -> Result<Step, ScriptFault> {
        if let Some(reason) = self.skips(event.as_ref(), notice) {
            return Ok(Step::Skipped(reason));
        }
        self.measured(self.limits.event_time, LimitName::TimeLimit, |ctx| {
            let call = self.call(ctx, shared);
            match notice {
                Notice::Deleted(stream) => call.deleted(stream, state_of(stream)),
                _ => call.event(event, state_of),
            }
        })
    }

    /// What the program gave since the last call.
    pub fn take_output(&self) -> ScriptOutput {
        self.collector.take()
    }

    /// The result of a state; `None`: a filter did not pass, or a transform gave nothing.
    ///
    /// # Errors
    /// A transform or filter threw or met a limit.
    pub fn result(&self, state: &str, shared: &SharedState) -> Result<Option<String>, ScriptFault> {
        let result = self.measured(self.limits.result_time, LimitName::ResultLimit, |ctx| {
            self.call(ctx, shared).result(state)
        });
        self.collector.take();
        result
    }

    fn call<'c, 'js>(&'c self, ctx: &'c Ctx<'js>, shared: &'c SharedState) -> Call<'c, 'js> {
        Call {
            program: &self.program,
            writer: &self.writer,
            limits: &self.limits,
            has_own_members: self.has_own_members,
            ctx,
            shared,
        }
    }

    /// Why an event is passed over before any code of the program runs.
    fn skips(&self, event: &dyn ScriptEvent, notice: Notice<'_>) -> Option<SkipReason> {
        let definition = &self.program.definition;
        let (stream, is_deleted) = match notice {
            Notice::Deleted(stream) => (stream, true),
            _ => (event.stream(), false),
        };
        if !definition.selection.selects(stream) {
            return Some(SkipReason::WrongStream);
        }
        if is_deleted {
            return (!definition.handles_deleted).then_some(SkipReason::NoDeleteHandler);
        }
        if notice == Notice::Link && !definition.includes_links {
            return Some(SkipReason::Link);
        }
        let is_handled =
            !definition.has_handlers() || self.program.handler(event.event_type()).is_some();
        (!is_handled).then_some(SkipReason::Unhandled)
    }

    /// Runs a part of the program within its limits.
    fn measured<T>(
        &self,
        time: Duration,
        name: LimitName,
        run: impl FnOnce(&Ctx<'_>) -> Result<T, ScriptFault>,
    ) -> Result<T, ScriptFault> {
        self.time.begin(time);
        let result = self.context.with(|ctx| run(&ctx));
        // Also where the program caught the exception.
        let limit = if self.time.check() {
            Some(name)
        } else {
            self.memory.take_exceeded().then_some(LimitName::MemoryLimit)
        };
        if limit.is_some() || result.is_err() {
            self.collector.take();
        }
        let Some(limit) = limit else { return result };
        let fault = exceeded(limit);
        Err(match result {
            Ok(_) => fault,
            Err(thrown) => ScriptFault { limit: fault.limit, message: fault.message, ..thrown },
        })
    }
}

fn exceeded(limit: LimitName) -> ScriptFault {
    let message = match limit {
        LimitName::MemoryLimit => "the program used more memory than allowed",
        LimitName::CompileLimit => "the program took too long to compile",
        LimitName::ResultLimit => "the program took too long to give a result",
        _ => "the program took too long over this event",
    };
    ScriptFault::new(Some(limit), message)
}
