//! Evaluates the preludes and a program, and reads what the program defined.

use std::rc::Rc;

use rquickjs::context::EvalOptions;
use rquickjs::function::Func;
use rquickjs::{Ctx, Exception, Function, Object, Value};

use super::failure::{PROGRAM, fault_of};
use super::limits::Limits;
use super::meter::TimeMeter;
use super::output::Collector;
use super::program::Program;
use super::write::StateWriter;
use crate::projection::script::fault::ScriptFault;

const DETERMINISM: &str = include_str!("../determinism.js");
const DIALECT: &str = include_str!("../dialect.js");

/// See the module.
///
/// # Errors
/// The program is not one of the dialect.
pub fn compile(
    ctx: &Ctx<'_>,
    source: &str,
    collector: &Collector,
    limits: Limits,
    time: &Rc<TimeMeter>,
) -> Result<(Program, Rc<StateWriter>), ScriptFault> {
    let fault = |error: rquickjs::Error| fault_of(ctx, &error);
    let writer = Rc::new(StateWriter::new(ctx).map_err(fault)?);
    determine(ctx, time).map_err(fault)?;
    let functions = collector.functions(ctx, &writer, limits.state_bytes).map_err(fault)?;
    let end: Function = prelude(ctx, "dialect.js", DIALECT)
        .and_then(|begin: Function| begin.call((functions,)))
        .map_err(fault)?;
    evaluate::<Value>(ctx, PROGRAM, source).map_err(fault)?;
    let defined: Object = end.call(()).map_err(fault)?;
    let program = Program::read(ctx, &defined).map_err(fault)?;
    Ok((program, writer))
}

/// Makes a context give the same answers on every machine.
///
/// # Errors
/// The engine has no memory left.
pub fn determine(ctx: &Ctx<'_>, time: &Rc<TimeMeter>) -> rquickjs::Result<()> {
    let time = time.clone();
    let watch = move |ctx: Ctx<'_>| match time.check() {
        true => Err(Exception::throw_internal(&ctx, "this takes too long")),
        false => Ok(()),
    };
    prelude(ctx, "determinism.js", DETERMINISM)?.call((Func::from(watch),))
}

fn prelude<'js>(ctx: &Ctx<'js>, name: &str, source: &str) -> rquickjs::Result<Function<'js>> {
    evaluate(ctx, name, source)
}

/// Evaluates a script in sloppy mode, as the dialect's own engine does.
///
/// # Errors
/// The script threw, or is none.
pub fn evaluate<'js, V: rquickjs::FromJs<'js>>(
    ctx: &Ctx<'js>,
    name: &str,
    source: &str,
) -> rquickjs::Result<V> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    ctx.eval_with_options(source, options)
}
