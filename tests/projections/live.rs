//! Live replays: where states that are kept as values would differ, the answer is the exact one.

use care_ledger::projection::replay::ReplayMode::{Exact, Live};
use care_ledger::projection::script::engine::Limits;
use serde_json::{Value, json};

use crate::folded::{replay, replay_within, screenings};
use crate::kept::SCRIPT;
use crate::support::service::fixture;
use crate::support::{TIME, person, screening};

/// Programs whose values tell more than the texts of their states.
#[test]
fn a_difference_names_event_and_path_and_the_answer_is_exact() {
    let rows = [
        (
            "a Date in the state",
            "$init: () => ({ n: 0, d: new Date(0) }), \
             $any: (s) => { s.n++; s.kind = typeof s.d.getTime; }",
            "after the event at 4 the state differs from the exact one at /kind",
        ),
        (
            "one object under two names",
            "$init: () => { const a = { n: 0 }; return { a, b: a }; }, $any: (s) => { s.a.n++; }",
            "after the event at 4 the state differs from the exact one at /b/n",
        ),
        (
            "an inner member that is undefined for a while",
            "$init: () => ({ n: 0, o: {} }), \
             $any: (s) => { s.n++; s.o.x = s.n > 1 ? 1 : undefined; s.o['y' + s.n] = 1; }",
            "after the event at 4 the state differs from the exact one at state, in the order of \
             its members",
        ),
        (
            "an object of the file in each state",
            "$init: () => ({ t }), $any: (s) => { s.t.n++; }",
            "after the event at 4 the state differs from the exact one at /t/n",
        ),
    ];
    // The first partition is folded exactly too, the others are not.
    let records = screenings(&[1, 2, 2, 1, 2]);
    for (name, handlers, why) in rows {
        let program = format!(
            "const t = {{ n: 0 }}; fromCategory('person').foreachStream().when({{ {handlers} }})"
        );
        let (expected, _) = replay(&program, &records, Exact, 1);
        let (came, how) = replay(&program, &records, Live, 2);
        assert_eq!(how.starts, [why], "{name}");
        let course = format!("exact, on one core: live gave another state; not live because {why}");
        assert_eq!(how.course, course, "{name}");
        assert_eq!(came, expected, "{name}");
        assert!(expected.fault.is_none(), "{name}");
    }
}

#[test]
fn a_state_that_another_partition_changed_is_found_at_the_end() {
    let program = "const t = { n: 0 }; fromCategory('person').foreachStream().when({ \
        $init: () => ({ t }), $any: (s) => { s.t.n++; } })";
    let records = screenings(&[1, 2, 3]);
    let (expected, _) = replay(program, &records, Exact, 1);
    let (came, how) = replay(program, &records, Live, 1);
    assert_eq!(how.starts, ["at the end the state differs from the exact one at /t/n"]);
    assert_eq!(came, expected);
}

/// One partition in 64 is looked at, so a difference in partitions other than the first is found
/// among many.
#[test]
fn a_difference_in_a_sampled_partition_is_found() {
    let program = format!(
        "fromCategory('person').foreachStream().when({{ \
         $init: () => ({{ d: new Date(0) }}), \
         $any: (s, e) => {{ s.kind = e.streamId === 'person-{}' ? '' : typeof s.d.getTime; }} }})",
        person(0)
    );
    let persons: Vec<u32> = (0..300).chain(0..300).collect();
    let records = screenings(&persons);
    let (expected, _) = replay(&program, &records, Exact, 1);
    let (came, how) = replay(&program, &records, Live, 1);
    assert_eq!(how.starts.len(), 1);
    assert!(how.starts[0].ends_with("the state differs from the exact one at /kind"), "{how:?}");
    assert_eq!(came, expected);
}

#[test]
fn states_larger_than_the_memory_of_the_engine_are_written_out() {
    let program = "fromCategory('person').foreachStream().when({ $init: () => ({ n: 0 }), \
        $any: (s, e) => { s.n++; s[`of ${s.n}`] = 'x'.repeat(20000) + e.sequenceNumber; } })";
    // Each state is used again after it was written out.
    let persons: Vec<u32> = (0..300).chain(0..300).collect();
    let records = screenings(&persons);
    let limits = Limits { memory_bytes: 8 << 20, ..Limits::default() };
    let (expected, _) = replay(program, &records, Exact, 1);
    let bytes: usize = expected.states.values().map(String::len).sum();
    assert!(bytes > limits.memory_bytes, "without writing out, the engine would be full");
    let (came, how) = replay_within(program, &records, Live, 1, limits);
    assert_eq!(how.course, "live, on one core: one processor");
    assert!(came == expected);
}

#[test]
fn a_fault_is_the_same_and_leaves_the_same_states_as_in_exact() {
    let rows = [
        ("a state half changed", "s.half = 1; if (e.metadata.position === 4) s.x.y = 1;"),
        ("a caught limit", "try { if (e.metadata.position === 4) for (;;); } catch (x) {}"),
        // No second event of that person is folded, so a live run meets these at its end.
        ("a cycle", "if (e.metadata.position === 3) s.self = s;"),
        ("a getter", "if (e.metadata.position === 3) s = { get a() { return 1; } }; return s;"),
    ];
    let records = screenings(&[1, 2, 3, 1, 2]);
    for (name, body) in rows {
        let program = format!(
            "fromCategory('person').foreachStream().when({{ $init: () => ({{ n: 0 }}), \
             $any: (s, e) => {{ s.n++; {body} }} }})"
        );
        let (expected, _) = replay(&program, &records, Exact, 1);
        let (came, how) = replay(&program, &records, Live, 1);
        assert_eq!(how.starts, ["an event or a state faulted"], "{name}");
        assert!(expected.fault.is_some(), "{name}");
        assert_eq!(came, expected, "{name}");
    }
}

#[test]
fn a_state_goes_on_as_its_text_would() {
    let rows = [
        (
            "undefined",
            "$init: () => undefined, \
             $any: (s, e) => e.sequenceNumber ? String(s) + 'x' : undefined",
        ),
        (
            "a member that is undefined for a while",
            "$init: () => ({ n: 0 }), \
             $any: (s) => { s.n++; s.x = s.n > 1 ? 1 : undefined; s['y' + s.n] = 1; }",
        ),
        ("an event", "$any: (s, e) => e.sequenceNumber ? { n: Object.keys(s).length } : e"),
        ("a text", "$init: () => '', $any: (s, e) => s + e.sequenceNumber"),
    ];
    let records = screenings(&[1, 2, 1, 2, 1]);
    for (name, handlers) in rows {
        let program = format!("fromCategory('person').foreachStream().when({{ {handlers} }})");
        let (expected, _) = replay(&program, &records, Exact, 1);
        let (came, how) = replay(&program, &records, Live, 1);
        assert_eq!(how.course, "live, on one core: one processor", "{name}");
        assert_eq!(came, expected, "{name}");
    }
}

#[test]
fn a_program_that_cannot_run_live_says_why() {
    let records = screenings(&[1, 2]);
    let rows = [
        ("fromAll().when({ $any: () => 1 })", "the program has one state for all"),
        (
            "fromAll().foreachStream().when({ $initShared: () => 1, $any: () => [1, 2] })",
            "the program has shared state",
        ),
    ];
    for (program, why) in rows {
        let (_, how) = replay(program, &records, Live, 2);
        assert!(how.course.starts_with("exact, on one core"), "{}", how.course);
        assert!(how.course.ends_with(&format!("; not live because {why}")), "{}", how.course);
        assert_eq!(how.starts, Vec::<String>::new());
    }
}

#[test]
fn a_running_ledger_says_which_mode_gave_its_answer() {
    let (_folder, service) = fixture();
    let events: Vec<Value> =
        (0..4).map(|n| screening(person(n % 2), "urn:example:a", &n.to_string(), TIME)).collect();
    service.send_lines(&events);
    let plain =
        "fromAll().foreachStream().when({ $init: () => ({ n: 0 }), $any: s => { s.n++; } })";
    let dated = "fromAll().foreachStream().when({ $init: () => ({ d: new Date(0) }), \
        $any: s => { s.kind = typeof s.d.getTime; } })";
    let rows = [
        ("", plain, "exact", json!({"n": 2})),
        ("?mode=exact", plain, "exact", json!({"n": 2})),
        ("?mode=live", plain, "live", json!({"n": 2})),
        ("?mode=live", dated, "exact", json!({"d": {}, "kind": "undefined"})),
    ];
    for (query, program, mode, state) in rows {
        let text = service.post(&format!("/v1/replays{query}"), SCRIPT, program.as_bytes()).text;
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let found = |name: &'static str| lines.iter().filter(move |line| !line[name].is_null());
        assert_eq!(found("done").next().unwrap()["done"]["mode"], mode, "{query} {text}");
        assert_eq!(found("state").count(), 2, "{query}");
        assert!(found("state").all(|line| line["state"] == state), "{query}: {text}");
    }
    assert_eq!(service.post("/v1/replays?mode=fast", SCRIPT, plain.as_bytes()).status, 400);
}
