//! What a program meets that uses too much: also inside `try … catch`.

use std::time::Duration;

use care_ledger::projection::script::case::DialectCase;
use care_ledger::projection::script::engine::{Engine, Limits};
use care_ledger::projection::script::fault::{LimitName, ScriptFault};
use serde_json::json;

use crate::cases::{differences, ups};

/// The fault of a program at its only event.
fn fault(source: &str) -> ScriptFault {
    fault_within(source, Limits::default())
}

fn fault_within(source: &str, limits: Limits) -> ScriptFault {
    let case = json!({"name": "", "source": source, "events": ups(1), "expected": {}});
    let case: DialectCase = serde_json::from_value(case).unwrap();
    match Engine::new(source, limits) {
        Err(fault) => fault,
        Ok(engine) => case.fault_of(engine).expect("a program that uses too much faults"),
    }
}

#[test]
fn a_limit_faults_the_event_also_if_the_program_caught_it() {
    use LimitName::{MemoryLimit, NestingLimit, StackLimit, StateLimit, TimeLimit};
    let fill = "const a = []; for (let i = 0; ; i++) a.push(new Uint8Array(32 << 20));";
    let rows = [
        ("while (true) {}", TimeLimit),
        ("try { while (true) {} } catch (e) {} return s;", TimeLimit),
        ("for (;;) try { for (;;) {} } catch (e) {} finally { continue; }", TimeLimit),
        ("const t = 'x'.repeat(1e6); for (;;) t.split('');", TimeLimit),
        ("try { for (;;) 'x'.repeat(1e6).split(''); } catch (e) {} return s;", TimeLimit),
        ("/(a+)+b/.test('a'.repeat(40));", TimeLimit),
        (fill, MemoryLimit),
        ("let o = s; for (let i = 0; i < 70; i++) o = o.o = {};", NestingLimit),
        ("function f() { return f() + 1; } f();", StackLimit),
    ];
    for (body, limit) in rows {
        let source = format!("fromAll().when({{ Up: (s, e) => {{ {body} }} }})");
        assert_eq!(fault(&source).limit, Some(limit), "{body}");
    }
    // To write a long text takes long where nothing is optimised.
    let limits = Limits { event_time: Duration::from_secs(30), ..Limits::default() };
    let long = "fromAll().when({ Up: (s, e) => { s.t = 'x'.repeat(17 << 20); } })";
    assert_eq!(fault_within(long, limits).limit, Some(StateLimit));
    let caught =
        format!("fromAll().when({{ Up: (s, e) => {{ try {{ {fill} }} catch (e) {{}} }} }})");
    assert_eq!(fault(&caught).limit, Some(MemoryLimit));
    assert_eq!(fault("while (true) {}").limit, Some(LimitName::CompileLimit));
    assert_eq!(fault(fill).limit, Some(MemoryLimit));
}

#[test]
fn a_stack_that_overflows_is_an_exception_like_any_other() {
    let source = "fromAll().when({ Up: (s, e) => { function f() { return f() + 1; } \
        try { f(); } catch (e) { return { caught: e instanceof RangeError }; } } })";
    let case = json!({"source": source, "events": ups(1), "expected": {"": {"caught": true}}});
    assert_eq!(differences(&case), Vec::<String>::new());
}

#[test]
fn a_loop_inside_the_engine_ends() {
    let calls = [
        "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
        "Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 1)",
        "new Array(2 ** 32 - 1).forEach(() => {})",
        "Array.from({ length: 2 ** 53 - 1 })",
        "[].concat(new Array(2 ** 32 - 1))",
        "String.raw({ raw: { length: 2 ** 53 - 1 } })",
        "new Array(2 ** 32 - 1).join()",
        "new Array(2 ** 32 - 1).sort()",
        "Object.keys(Array.prototype.reverse.call({ length: 2 ** 53 - 1 }))",
        "('a'.repeat(1e6) + 'b').indexOf('a'.repeat(5e5) + 'c')",
        "('a'.repeat(1e6) + 'b').split('a'.repeat(5e5) + 'c')",
        "('a'.repeat(1e6) + 'b').replaceAll('a'.repeat(5e5) + 'c', '')",
        "for (const a = new Array(1e6).fill(0); ;) a.shift()",
        "new Array(1e6).fill(0).map((_, i) => i).sort()",
    ];
    for call in calls {
        let source = format!("fromAll().when({{ Up: (s, e) => {{ {call}; return 1; }} }})");
        let case = json!({"source": source, "events": ups(1), "error": {"at": 0}});
        assert_eq!(differences(&case), Vec::<String>::new(), "{call}");
    }
}

#[test]
fn a_fault_names_its_place() {
    let rows = [
        ("fromAll().when({\n  Up: (s, e) => { s.x.y = 1; }\n})", Some((2, 19))),
        ("fromAll().when({ Up: (s, e => s })", Some((1, 33))),
        ("fromAll()\n  .when({ Up: s => s })\n  .foreachStream()", Some((3, 4))),
    ];
    for (source, place) in rows {
        let fault = fault(source);
        assert_eq!(fault.line.zip(fault.column), place, "{source}: {fault:?}");
    }
}

#[test]
fn the_message_of_a_fault_is_short() {
    let fault = fault("fromAll().when({ Up: () => { throw new Error('é'.repeat(10000)); } })");
    assert_eq!(fault.message.chars().count(), 500);
    assert_eq!(fault.partition.as_deref(), Some(""));
}
