//! What a program gives beside its state: events that it would emit, and lines that it logs.
//! Always: what is given is collected and shown, and never written to the ledger.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::function::Func;
use rquickjs::{Ctx, Exception, Object, Result, Value};

use super::verdict::Verdict;
use super::write::{StateWriter, WriteError};

/// An event that a program would emit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// The stream that the event would go to.
    pub stream: String,
    /// Its type; `$>` is a link to an event, `$@` a link to a stream.
    pub event_type: String,
    /// Its body as JSON text; of a link the JSON text of its target.
    pub body: String,
    /// Metadata as names and values in turn. Each value is JSON text.
    pub metadata: Option<Vec<String>>,
    /// Whether it is a link to an event.
    pub is_link: bool,
}

/// What one event gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptOutput {
    /// The events, in their order.
    pub emitted: Vec<Emitted>,
    /// The lines, in their order.
    pub logs: Vec<String>,
}

/// Collects what a program gives. The functions in the program share it with the engine.
#[derive(Clone, Default)]
pub struct Collector {
    output: Rc<RefCell<ScriptOutput>>,
    /// Whether the program has broken a rule.
    pub verdict: Verdict,
}

impl Collector {
    /// Takes what was collected since the last call.
    pub fn take(&self) -> ScriptOutput {
        if self.is_empty() {
            ScriptOutput::default()
        } else {
            std::mem::take(&mut *self.output.borrow_mut())
        }
    }

    fn is_empty(&self) -> bool {
        let output = self.output.borrow();
        output.emitted.is_empty() && output.logs.is_empty()
    }

    /// The functions that the prelude of the dialect calls: `text(value)` writes a value as a state
    /// is written, `give(...)` collects an event, `say(line)` a line.
    pub fn functions<'js>(
        &self,
        ctx: &Ctx<'js>,
        writer: &Rc<StateWriter>,
        text_max: usize,
    ) -> Result<Object<'js>> {
        let functions = Object::new(ctx.clone())?;
        let writer = writer.clone();
        let verdict = self.verdict.clone();
        let text = move |ctx: Ctx<'js>, value: Value<'js>| {
            writer.text(&value, text_max).map_err(|error| {
                if !matches!(error, WriteError::Script(_)) {
                    verdict.condemn(error.message());
                }
                thrown(&ctx, &error)
            })
        };
        functions.set("text", Func::from(text))?;
        let output = self.output.clone();
        let give = move |stream, event_type, body, metadata, is_link| {
            let emitted = Emitted { stream, event_type, body, metadata, is_link };
            output.borrow_mut().emitted.push(emitted);
        };
        functions.set("give", Func::from(give))?;
        let output = self.output.clone();
        functions.set("say", Func::from(move |line| output.borrow_mut().logs.push(line)))?;
        let verdict = self.verdict.clone();
        functions.set("condemn", Func::from(move |message| verdict.condemn(message)))?;
        Ok(functions)
    }
}

/// The exception that a program meets where it gives a value that cannot be written.
fn thrown(ctx: &Ctx<'_>, error: &WriteError) -> rquickjs::Error {
    match error {
        WriteError::Script(_) => rquickjs::Error::Exception,
        other => Exception::throw_type(ctx, &other.message()),
    }
}
