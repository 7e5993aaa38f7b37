//! Warnings about a program that compiles: what it does may surprise its author.
//! Always: a warning never stops a program; each names its place where it has one.

mod tokens;
mod words;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use self::tokens::tokens;
use super::care_event::CareEvent;
use super::engine::{Engine, Limits, Notice};
use super::event::ScriptEvent;
use super::fault::ScriptFault;
use super::fold::{Fold, States};
use crate::domain::event::{Content, Event, OpenRecord, Recorded};
use crate::domain::id::{Position, RecordedTime, Revision};
use crate::domain::vocabulary::canonical;
use crate::domain::vocabulary::kind::Kind;
use crate::projection::view::Delivered;

/// What is warned of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LintCode {
    /// A state holds what is no plain JSON.
    StateNotPlain,
    /// `$any` stands before a named handler, and so serves no type.
    AnyNotLast,
    /// A handler's name looks like an integer.
    IntegerLikeName,
    /// A variable of the file outlives an event, but not a restart.
    VariableOfFile,
    /// The clock, chance or a locale.
    ClockOrLocale,
    /// A date and time without an offset.
    DateWithoutOffset,
}

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Warning {
    /// The line in the program, from 1; none where the whole program is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What is warned of.
    pub code: LintCode,
    /// What to do.
    pub message: String,
}

/// The warnings about a program, in the order of their places.
///
/// # Errors
/// The program does not compile.
pub fn lint(source: &str) -> Result<Vec<Warning>, ScriptFault> {
    let engine = Engine::new(source, Limits::default())?;
    let mut warnings = words::warnings(&tokens(source));
    let definition = engine.definition();
    let whole = |code, message: &str| {
        let message = message.to_owned();
        Warning { line: None, column: None, code, message }
    };
    if definition.has_any && !definition.any_serves {
        let message = "$any stands before a named handler and serves no type; put it last";
        warnings.push(whole(LintCode::AnyNotLast, message));
    }
    if definition.types.iter().any(|name| is_integer_like(name)) {
        let message = "a name that looks like an integer comes before all others, wherever it \
            stands; no type of event has such a name";
        warnings.push(whole(LintCode::IntegerLikeName, message));
    }
    warnings.extend(odd_states(engine));
    warnings.sort();
    warnings.dedup();
    Ok(warnings)
}

/// Whether a name is an array index: ECMAScript lists such names first.
fn is_integer_like(name: &str) -> bool {
    name.parse::<u32>().is_ok_and(|number| number.to_string() == name)
}

/// Folds an example of each type of event, and looks what the states hold.
fn odd_states(engine: Engine) -> Vec<Warning> {
    let mut fold = Fold::new(engine, States::default());
    let mut odd: BTreeSet<String> = BTreeSet::new();
    for kind in Kind::ALL {
        let event: Rc<dyn ScriptEvent> = Rc::new(example(*kind));
        // A program that faults on an example is no matter of the lint.
        let _ = fold.push(&event, Notice::Fact);
        if fold.engine().take_odd() {
            odd.insert(kind.code().to_owned());
        }
    }
    let Some(first) = odd.first() else { return Vec::new() };
    let message = format!(
        "a state holds what is no plain JSON (after {first}): a Date, Map, Set, function or the \
         like is written by its own members alone, and loses its kind"
    );
    vec![Warning { line: None, column: None, code: LintCode::StateNotPlain, message }]
}

/// The shipped example of a type.
fn example(kind: Kind) -> CareEvent {
    let sent: Value =
        serde_json::from_str(kind.newest().example).expect("a shipped example is JSON");
    let text = canonical::bytes(&sent);
    let event = Event::from_canonical(&text).expect("a shipped example is an event");
    let record = Recorded {
        stream: event.subject.clone(),
        revision: Revision(0),
        position: Position::new(1),
        recorded_at: RecordedTime::from_micros(event.time.timestamp_micros()),
        content: Content::Open(event),
    };
    let record = OpenRecord::new(Arc::new(record)).expect("its content is open");
    CareEvent::new(Delivered::told(record))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program, and its warnings with their lines.
    type Row = (&'static str, &'static [(LintCode, Option<u32>)]);

    /// The smallest program that earns each warning, and one that earns none.
    #[test]
    fn each_warning_has_a_smallest_program() {
        use LintCode::*;
        let rows: [Row; 16] = [
            ("fromAll().when({ $any: s => { s.n = 1; } })", &[]),
            ("fromAll().when({ $any: s => s, Up: s => s })", &[(AnyNotLast, None)]),
            ("fromAll().when({ 12: s => s })", &[(IntegerLikeName, None)]),
            ("let n = 0;\nfromAll().when({ $any: s => s })", &[(VariableOfFile, Some(1))]),
            (
                "const m = new Map();\nfromAll().when({ $any: () => { m.set(1, 2); } })",
                &[(VariableOfFile, Some(1))],
            ),
            (
                "const m = { a: 1 };\nfromAll().when({ $any: () => { m.a++; } })",
                &[(VariableOfFile, Some(1))],
            ),
            ("const m = { a: 1 };\nfromAll().when({ $any: () => ({ a: m.a }) })", &[]),
            ("fromAll().when({ Up: () => Date.now() })", &[(ClockOrLocale, Some(1))]),
            ("fromAll().when({ Up: () => new Date() })", &[(ClockOrLocale, Some(1))]),
            ("fromAll().when({ Up: () => Math.random() })", &[(ClockOrLocale, Some(1))]),
            (
                "fromAll().when({ Up: (s, e) => new Date(e.created).toLocaleString() })",
                &[(ClockOrLocale, Some(1))],
            ),
            (
                "fromAll().when({ Up: () => Date.parse('2026-01-02T03:04') })",
                &[(DateWithoutOffset, Some(1))],
            ),
            ("fromAll().when({ Up: () => Date.parse('2026-01-02T03:04Z') })", &[]),
            ("fromAll().when({ $any: () => ({ at: new Map() }) })", &[(StateNotPlain, None)]),
            (
                "// let n = Date.now()\nfromAll().when({ Up: () => 'Date.now() /* ' + /let n/ })",
                &[],
            ),
            ("function f(s) { let n = 1; return n; }\nfromAll().when({ Up: f })", &[]),
        ];
        for (source, expected) in rows {
            let found = lint(source).unwrap();
            let found: Vec<_> = found.iter().map(|w| (w.code, w.line)).collect();
            assert_eq!(found, expected, "{source}");
        }
        assert!(lint("fromAll(").is_err());
    }
}
