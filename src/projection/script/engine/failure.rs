//! Turns an exception of the engine into a fault with its place in the program.

use rquickjs::{Ctx, Error, Exception, Value};

use super::write::WriteError;
use crate::projection::script::fault::{LimitName, ScriptFault};

/// The name of a program in traces of the engine.
pub const PROGRAM: &str = "projection.js";

/// The name of a summary in traces of the engine.
pub const SUMMARY: &str = "summary.js";

/// What QuickJS throws when calls go too deep.
const STACK_OVERFLOW: &str = "Maximum call stack size exceeded";

/// The fault of an error. An exception that is pending is taken.
pub fn fault_of(ctx: &Ctx<'_>, error: &Error) -> ScriptFault {
    match error {
        Error::Exception => thrown(&ctx.catch()),
        Error::Allocation => ScriptFault::new(Some(LimitName::MemoryLimit), "out of memory"),
        other => ScriptFault::new(None, &other.to_string()),
    }
}

/// The fault of a state that cannot be written.
pub fn write_fault(ctx: &Ctx<'_>, error: &WriteError) -> ScriptFault {
    let limit = match error {
        WriteError::Script(error) => return fault_of(ctx, error),
        WriteError::TooLong => Some(LimitName::StateLimit),
        WriteError::TooDeep => Some(LimitName::NestingLimit),
        WriteError::NotPlain(_) => None,
    };
    ScriptFault::new(limit, &error.message())
}

fn thrown(value: &Value<'_>) -> ScriptFault {
    let Some(exception) =
        value.as_object().and_then(|object| Exception::from_object(object.clone()))
    else {
        let text = value.get::<rquickjs::Coerced<String>>().map(|text| text.0);
        return ScriptFault::new(None, &text.unwrap_or_else(|_| "thrown".to_owned()));
    };
    let message = exception.message().unwrap_or_default();
    let limit = (message == STACK_OVERFLOW).then_some(LimitName::StackLimit);
    let stack = exception.stack().unwrap_or_default();
    ScriptFault::new(limit, &message).at(stack.lines().find_map(place))
}

/// The place of a line of a trace, if that line is of the program: `at f (projection.js:3:14)`.
fn place(line: &str) -> Option<(u32, u32)> {
    let of = |name: &str| line.rsplit_once(name)?.1.strip_prefix(':');
    let numbers = of(PROGRAM).or_else(|| of(SUMMARY))?;
    let mut numbers = numbers.trim_end_matches(')').split(':').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next().and_then(Result::ok).unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_place_of_a_trace_is_read() {
        let rows = [
            ("    at Up (projection.js:3:14)", Some((3, 14))),
            ("    at projection.js:1:33", Some((1, 33))),
            ("    at projection.js:7", Some((7, 1))),
            ("    at fail (dialect.js:9:3)", None),
            ("    at apply (native)", None),
        ];
        for (line, expected) in rows {
            assert_eq!(place(line), expected, "{line}");
        }
    }
}
