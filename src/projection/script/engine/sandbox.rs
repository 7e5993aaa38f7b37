//! QuickJS with bounds: the runtime and the context in which one program runs.
//! Always: a limit of time or memory faults what runs, also if the program caught the exception.

use std::rc::Rc;
use std::time::Duration;

use rquickjs::context::intrinsic;
use rquickjs::{Context, Ctx, Runtime};

use super::limits::Limits;
use super::meter::TimeMeter;
use super::raw::{LimitedAllocator, MemoryMeter};
use crate::projection::script::fault::{LimitName, ScriptFault};

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

/// See the module.
pub struct Sandbox {
    // The order of the fields is the order in which they end.
    context: Context,
    _runtime: Runtime,
    time: Rc<TimeMeter>,
    memory: Rc<MemoryMeter>,
}

impl Sandbox {
    /// A context without a program.
    ///
    /// # Errors
    /// The system gives no memory.
    pub fn new(limits: &Limits) -> Result<Self, ScriptFault> {
        let time = TimeMeter::new();
        let memory = MemoryMeter::new(limits.memory_bytes, time.clone());
        let no_memory = |_| ScriptFault::new(None, "the system gives no memory for an engine");
        let allocator = LimitedAllocator(memory.clone());
        let runtime = Runtime::new_with_alloc(allocator).map_err(no_memory)?;
        runtime.set_max_stack_size(limits.stack_bytes);
        let watch = time.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || watch.check())));
        let context = Context::custom::<Intrinsics>(&runtime).map_err(no_memory)?;
        Ok(Self { context, _runtime: runtime, time, memory })
    }

    /// Measures what runs.
    pub fn time(&self) -> &Rc<TimeMeter> {
        &self.time
    }

    /// The memory that is used, in bytes.
    pub fn memory_used(&self) -> usize {
        self.memory.used()
    }

    /// Runs a part of a program within its limits. `name` is that of the limit of time.
    ///
    /// # Errors
    /// The program threw, or met a limit.
    pub fn measured<T>(
        &self,
        time: Duration,
        name: LimitName,
        run: impl FnOnce(&Ctx<'_>) -> Result<T, ScriptFault>,
    ) -> Result<T, ScriptFault> {
        self.time.begin(time);
        let result = self.context.with(|ctx| run(&ctx));
        let limit = if self.time.check() {
            Some(name)
        } else {
            self.memory.take_exceeded().then_some(LimitName::MemoryLimit)
        };
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
        _ => "the program ran longer than allowed",
    };
    ScriptFault::new(Some(limit), message)
}
