//! Runs a summary: one function over the results of all partitions.
//! Always: the same rows give the same table; the dialect's functions are not there.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use rquickjs::function::Func;
use rquickjs::{Ctx, Function, Value};

use super::compile::{determine, evaluate};
use super::failure::{SUMMARY, fault_of, write_fault};
use super::limits::Limits;
use super::sandbox::Sandbox;
use super::write::StateWriter;
use crate::projection::script::fault::{LimitName, ScriptFault};

/// Processor time of one summary.
const TIME: Duration = Duration::from_secs(10);

/// Memory of one summary.
const MEMORY_BYTES: usize = 512 << 20;

/// The longest table, as text: what one state may have.
const TABLE_BYTES_MAX: usize = 16 << 20;

/// Gives the rows to the program: they have a `length` and can be gone over once.
const ROWS: &str = "(function (length, next) {
  'use strict';
  let isTaken = false;
  return Object.freeze({
    length,
    [Symbol.iterator]() {
      if (isTaken) throw new Error('rows can be gone over once');
      isTaken = true;
      return {
        next() {
          const row = next();
          if (row === undefined) return { done: true, value: undefined };
          return { done: false, value: { partition: row[0], result: JSON.parse(row[1]) } };
        },
        [Symbol.iterator]() { return this; },
      };
    },
  });
})";

/// Finds the function, which may be declared in any way.
const FUNCTION: &str = "typeof summary === 'function' ? summary : undefined";

/// The table of a summary, as JSON text. A row is a partition and its result, JSON text; `about` is
/// JSON text too.
///
/// # Errors
/// The summary is none, threw, or met a limit.
pub fn summarise(
    source: &str,
    rows: Vec<(String, String)>,
    about: &str,
) -> Result<String, ScriptFault> {
    let limits = Limits { memory_bytes: MEMORY_BYTES, ..Limits::default() };
    let sandbox = Sandbox::new(&limits)?;
    sandbox.measured(TIME, LimitName::TimeLimit, |ctx| {
        let fault = |error: rquickjs::Error| fault_of(ctx, &error);
        determine(ctx, sandbox.time()).map_err(fault)?;
        let writer = Rc::new(StateWriter::new(ctx).map_err(fault)?);
        let table = table(ctx, source, rows, about)?;
        let text = writer.text(&table, TABLE_BYTES_MAX);
        writer.forget_keys();
        text.map_err(|error| write_fault(ctx, &error))
    })
}

/// Whether a text is a summary: it compiles, and defines one function `summary`.
///
/// # Errors
/// It is none.
pub fn check_summary(source: &str) -> Result<(), ScriptFault> {
    let sandbox = Sandbox::new(&Limits { memory_bytes: MEMORY_BYTES, ..Limits::default() })?;
    let limit = (Limits::default().compile_time, LimitName::CompileLimit);
    sandbox.measured(limit.0, limit.1, |ctx| {
        determine(ctx, sandbox.time()).map_err(|error| fault_of(ctx, &error))?;
        function(ctx, source).map(drop)
    })
}

/// Evaluates a summary, and gives its function.
fn function<'js>(ctx: &Ctx<'js>, source: &str) -> Result<Function<'js>, ScriptFault> {
    let fault = |error: rquickjs::Error| fault_of(ctx, &error);
    evaluate::<Value>(ctx, SUMMARY, source).map_err(fault)?;
    let summary: Option<Function> = evaluate(ctx, "rows.js", FUNCTION).map_err(fault)?;
    let none = "a summary defines one function, summary(rows, about)";
    summary.ok_or_else(|| ScriptFault::new(None, none))
}

fn table<'js>(
    ctx: &Ctx<'js>,
    source: &str,
    rows: Vec<(String, String)>,
    about: &str,
) -> Result<Value<'js>, ScriptFault> {
    let fault = |error: rquickjs::Error| fault_of(ctx, &error);
    let length = rows.len();
    let left = RefCell::new(rows.into_iter());
    let next = move || left.borrow_mut().next().map(|(partition, result)| vec![partition, result]);
    let make_rows: Function = evaluate(ctx, "rows.js", ROWS).map_err(fault)?;
    let rows: Value = make_rows.call((length, Func::from(next))).map_err(fault)?;
    let about = ctx.json_parse(about).map_err(fault)?;
    function(ctx, source)?.call((rows, about)).map_err(fault)
}
