//! The cases of the dialect, and more of their kind.

use care_ledger::projection::script::case::DialectCase;
use serde_json::{Value, json};

use crate::support::command::{ends, text, written};

const CONFORMANCE: &str = include_str!("../fixtures/projection-conformance.json");

/// What differs in a case, with the values that most cases leave out.
pub fn differences(case: &Value) -> Vec<String> {
    let mut whole = json!({"name": "", "expected": {}});
    whole.as_object_mut().unwrap().extend(case.as_object().unwrap().clone());
    serde_json::from_value::<DialectCase>(whole).unwrap().differences()
}

/// Events of one type, one after the other, of stream `a-1`.
pub fn ups(count: u64) -> Value {
    let event = |number: u64| {
        json!({"eventType": "Up", "streamId": "a-1", "sequenceNumber": number,
            "data": {"by": number + 1}})
    };
    (0..count).map(event).collect()
}

#[test]
fn the_cases_of_the_dialect_hold() {
    let cases: Vec<DialectCase> = serde_json::from_str(CONFORMANCE).unwrap();
    assert_eq!(cases.len(), 160);
    for case in cases {
        assert_eq!(case.differences(), Vec::<String>::new(), "{}", case.name);
    }
}

#[test]
fn conform_counts_what_passes_and_names_what_fails() {
    let mut cases: Vec<Value> = serde_json::from_str(CONFORMANCE).unwrap();
    cases.truncate(3);
    cases[1]["expected"] = json!({"": {"n": 6}});
    let (_folder, file) = written("cases.json", &json!(cases).to_string());
    let output = ends(1, &["projection", "conform", &file]);
    let lines = text(&output.stdout);
    let name = cases[1]["name"].as_str().unwrap();
    assert!(lines.starts_with(&format!("{name}: ")), "{lines}");
    assert!(lines.ends_with("2 passed, 1 failed\n"), "{lines}");
    ends(3, &["projection", "conform", "no-such-file.json"]);
}

/// The body of a handler, and the state after one event.
#[test]
fn states_are_written_as_the_dialect_writes_them() {
    let rows = [
        ("toJSON is not called", "({ a: 1, toJSON: 2 })", json!({"a": 1, "toJSON": 2})),
        (
            "members that are not enumerable are written",
            "Object.defineProperty({}, 'a', { value: 1 })",
            json!({"a": 1}),
        ),
        ("an arrow function", "({ f: x => x })", json!({"f": {"length": 1, "name": "f"}})),
        ("a BigInt", "({ n: 12345678901234567890n })", json!({"n": "12345678901234567890"})),
        ("lone surrogates", r"'a\ud800b\udc00'", json!("a\u{fffd}b\u{fffd}")),
        ("a lone surrogate in a name", r"({ '\udfff': 1 })", json!({"\u{fffd}": 1})),
        ("a character that begins like one", r"'\ud7ff\ue000'", json!("\u{d7ff}\u{e000}")),
        ("what is no number", "[NaN, Infinity, -Infinity, -0]", json!([null, null, null, 0])),
        ("without a prototype", "Object.assign(Object.create(null), { a: 1 })", json!({"a": 1})),
        ("controls", r"'\u0000\u001f\u007f\b\f'", json!("\u{0}\u{1f}\u{7f}\u{8}\u{c}")),
        (
            "a sparse array",
            "(() => { const a = []; a[2] = 1; return a; })()",
            json!([null, null, 1]),
        ),
        ("an array keeps its places alone", "Object.assign([1], { a: 2 })", json!([1])),
        ("a proxy", "new Proxy({ a: 1 }, {})", json!({"a": 1})),
        ("a proxy of an array", "new Proxy([1, 2], {})", json!([1, 2])),
        (
            "integer-like names come first",
            "({ b: 1, 2: 2, 1: 1 })",
            json!({"1": 1, "2": 2, "b": 1}),
        ),
        ("an object that stands twice", "(o => [o, o])({ a: 1 })", json!([{"a": 1}, {"a": 1}])),
        (
            "64 containers",
            "(() => { let o = 1; for (let i = 0; i < 64; i++) o = [o]; return o; })()",
            (0..64).fold(json!(1), |inner, _| json!([inner])),
        ),
    ];
    for (why, value, expected) in rows {
        let source = format!("fromAll().when({{ Up: (s, e) => {value} }})");
        let case = json!({"source": source, "events": ups(1), "expected": {"": expected}});
        assert_eq!(differences(&case), Vec::<String>::new(), "{why}");
    }
}

#[test]
fn what_json_cannot_hold_is_a_fault() {
    let rows = [
        ("a symbol", "({ a: Symbol('x') })"),
        ("a symbol by itself", "Symbol('x')"),
        ("a getter in an array", "Object.defineProperty([], 0, { get: () => 1 })"),
        ("a getter that is not enumerable", "Object.defineProperty({}, 'a', { get: () => 1 })"),
        ("a cycle over an array", "(() => { const a = []; a.push({ a }); return a; })()"),
        ("a class", "class A {}"),
        ("an array of 2^31 places", "(() => { const a = []; a.length = 2 ** 31; return a; })()"),
        ("an array of 2^32 - 1 places", "(() => { const a = []; a[4294967294] = 1; return a; })()"),
        (
            "65 containers",
            "(() => { let o = 1; for (let i = 0; i < 65; i++) o = [o]; return o; })()",
        ),
    ];
    for (why, value) in rows {
        let source = format!("fromAll().when({{ Up: (s, e) => {value} }})");
        let case = json!({"source": source, "events": ups(1), "error": {"at": 0}});
        assert_eq!(differences(&case), Vec::<String>::new(), "{why}");
    }
}

#[test]
fn what_is_no_definition_is_a_compile_error() {
    let sources = [
        "fromStream()",
        "fromStream(1)",
        "fromStreams(['a', 1])",
        "fromStreams(['a'], 'b')",
        "fromCategory()",
        "fromAll().when()",
        "fromAll().when('x')",
        "fromAll().partitionBy('x')",
        "fromStream('a-1').foreachStream()",
        "fromAll().when({}).transformBy()",
        "fromAll().when({}).filterBy(1)",
        "fromAll().when({}).filterBy(Boolean)",
        "fromAll().partitionBy((e => '').bind(null))",
        "on_any(String)",
        "on_event('Up', () => {}, 5)",
        "options([])",
        "options({ [Symbol('x')]: 1 })",
        "options({ get biState() { return true; } })",
        "fromAll().when({}).outputTo()",
        "fromAll().when({}).outputTo('a', 'b', 'c')",
        "fromAll().when({}).outputTo('a').transformBy(s => s)",
        "fromAll().when({}).outputState().outputState()",
        "fromAll().when({}).when({})",
        "options({ unknown: 1 })",
        "options({ processingLag: '1' })",
        "options({ $includeLinks: 1 })",
        "options()",
        "on_event(1, () => {})",
        "on_event('Up')",
        "on_any(1)",
        "fromAll().when({ $deleted: s => s })",
        "options({ biState: true }); fromAll().foreachStream().when({ $deleted: s => s })",
        "fromAll().when({ Up: s => s }); on_event('Up', s => s)",
        "throw new Error('x')",
        // A rule that was broken stays broken.
        "try { fromStream(5); } catch (e) {} fromAll()",
        "try { options({ nope: 1 }); } catch (e) {} fromAll()",
    ];
    for source in sources {
        let case = json!({"source": source, "events": ups(1), "error": {"at": "compile"}});
        assert_eq!(differences(&case), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn an_event_looks_the_same_however_its_members_are_made() {
    // The comment makes the engine give the event own members.
    let reads = "(s, e) => ({ a: e.partition, b: e.created, c: e.bodyRaw, d: e.metadataRaw, \
        f: e.streamId, g: e.eventId, h: e.eventType, i: e.linkMetadataRaw, j: e.isJson, \
        k: e.category, l: e.sequenceNumber, m: e.data, n: e.body, o: e.metadata, \
        p: e.linkMetadata })";
    let of = |words: &str| format!("{words} fromAll().foreachStream().when({{ Up: {reads} }})");
    let events = json!([{"eventType": "Up", "streamId": "a-1", "sequenceNumber": 7,
        "data": {"by": 1}, "metadata": {"who": "x"}}]);
    let expected = json!({"a-1": {
        "a": "a-1", "b": "2026-01-02T03:04:05.6780000Z", "c": "{\"by\":1}",
        "d": "{\"who\":\"x\"}", "f": "a-1", "g": "11111111-2222-4333-8444-555555555555",
        "h": "Up", "i": null, "j": true, "k": "a", "l": 7, "m": {"by": 1}, "n": {"by": 1},
        "o": {"who": "x"}, "p": null,
    }});
    for words in ["", "/* in */"] {
        let case = json!({"source": of(words), "events": events, "expected": expected});
        assert_eq!(differences(&case), Vec::<String>::new(), "{words}");
    }
}

#[test]
fn an_event_that_is_kept_stays_itself() {
    let source = "var first; fromAll().when({ Up: (s, e) => { first = first || e; \
        return { n: first.sequenceNumber, by: first.data.by, at: first.created.length }; } })";
    let expected = json!({"": {"n": 0, "by": 1, "at": 28}});
    let case = json!({"source": source, "events": ups(3), "expected": expected});
    assert_eq!(differences(&case), Vec::<String>::new());
}

#[test]
fn a_pair_that_is_none_faults_at_the_next_event() {
    let source = "fromAll().when({ $initShared: () => ({ n: 0 }), Up: (s, e) => 5 })";
    let case = json!({"source": source, "events": ups(2), "expected": {"": 5},
        "error": {"at": 1}});
    assert_eq!(differences(&case), Vec::<String>::new());
}

#[test]
fn a_variable_of_the_program_may_have_any_name() {
    let source = "var options = 1; function log() { return 3; } \
        fromAll().when({ Up: () => ({ options, log: log() }) })";
    let expected = json!({"": {"options": 1, "log": 3}});
    let case = json!({"source": source, "events": ups(1), "expected": expected});
    assert_eq!(differences(&case), Vec::<String>::new());
}

#[test]
fn a_sort_is_that_of_the_language() {
    let rows = [
        ("[10, 9, 1].sort()", json!([1, 10, 9])),
        ("[3, undefined, 1, , 2].sort()", json!([1, 2, 3, null, null])),
        ("['b', undefined, 'a'].toSorted()", json!(["a", "b", null])),
        ("[3, 1, 2].sort((a, b) => b - a)", json!([3, 2, 1])),
        ("['\\u{1f600}', '\\uffff'].sort()", json!(["\u{1f600}", "\u{ffff}"])),
        ("[Array.prototype.sort.name, [].sort.length]", json!(["sort", 1])),
        ("'a-b-a'.split('-', 2).concat('aXa'.replaceAll('X', '-'))", json!(["a", "b", "a-a"])),
    ];
    for (value, expected) in rows {
        let source = format!("fromAll().when({{ Up: () => {value} }})");
        let case = json!({"source": source, "events": ups(1), "expected": {"": expected}});
        assert_eq!(differences(&case), Vec::<String>::new(), "{value}");
    }
}

/// Programs that do one thing, the state that comes of one event, or that it faults.
#[test]
fn an_event_is_read_only_and_each_function_has_its_own() {
    let whole = "for (const k in {}) {} ";
    let rows = [
        ("Up: (s, e) => { delete e.eventType; return e.eventType; }", json!("Up")),
        ("Up: (s, e) => e['hasOwn' + 'Property']('eventType')", json!(true)),
        ("Up: (s, e) => e['hasOwn' + 'Property']('data')", json!(false)),
        (
            "$created: (s, e) => { e.data.seen = 1; e.mark = 2; }, \
            Up: (s, e) => [e.data.seen || 0, e.mark || 0]",
            json!([0, 0]),
        ),
    ];
    for (handlers, expected) in rows {
        for words in ["", whole] {
            let source = format!("{words}fromAll().when({{ {handlers} }})");
            let case = json!({"source": source, "events": ups(1), "expected": {"": expected}});
            assert_eq!(differences(&case), Vec::<String>::new(), "{source}");
        }
    }
    let faults = [
        "Object.defineProperty(e, 'eventType', { value: 5 })",
        "emit('a', 'b', {}, null)",
        "emit('a', 'b', {}, undefined)",
        "try { emit('', 'b', {}); } catch (x) {}",
        "try { linkTo('a', {}); } catch (x) {}",
        "try { log(function () {}); } catch (x) {}",
        "try { log({ a: Symbol('x') }); } catch (x) {}",
    ];
    for body in faults {
        let source = format!("fromAll().when({{ Up: (s, e) => {{ {body}; }} }})");
        let case = json!({"source": source, "events": ups(1), "error": {"at": 0}});
        assert_eq!(differences(&case), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn a_lone_surrogate_is_a_replacement_character_wherever_it_goes() {
    let rows = [
        (r"fromAll().partitionBy(() => '\ud800').when({ Up: () => 1 })", json!({"\u{fffd}": 1})),
        (r"fromAll().when({ '\ud800': s => s, Up: () => 1 })", json!({"": 1})),
        (r"fromStreams('\ud800', 'a-1').when({ Up: () => 1 })", json!({"": 1})),
    ];
    for (source, expected) in rows {
        let case = json!({"source": source, "events": ups(1), "expected": expected});
        assert_eq!(differences(&case), Vec::<String>::new(), "{source}");
    }
    let case = json!({"source": r"fromAll().when({ Up: () => { log('\ud800'); \
        emit('\ud800', 'b', {}); } })", "events": ups(1), "expected": {"": {}},
        "logs": ["\u{fffd}"],
        "emitted": [{"at": 0, "streamId": "\u{fffd}", "eventType": "b", "data": {}}]});
    let case = case.to_string().replace(r"\\\n        ", "");
    assert_eq!(differences(&serde_json::from_str(&case).unwrap()), Vec::<String>::new());
}

#[test]
fn what_a_program_does_to_built_in_objects_stays_in_the_program() {
    let tampering = [
        "Array.prototype.includes = () => true;",
        "Array.prototype.push = () => { throw 1; };",
        "String.prototype.trim = () => ''; String.prototype.toLowerCase = () => 'x';",
        "Object.defineProperty(Array.prototype, 0, { set() { throw 1; } });",
        "delete Array.prototype[Symbol.iterator];",
        "Array.prototype[Symbol.iterator] = function* () {};",
        "Object.prototype.get = () => 1;",
        "Object.keys = () => []; Reflect.apply = null; JSON.stringify = () => 'x';",
    ];
    for words in tampering {
        let source = format!(
            "{words} options({{ biState: false }}); \
             fromAll().when({{ Up: (s) => {{ s.n = (s.n || 0) + 1; emit('a', 'b', s); }} }})"
        );
        let case = json!({"source": source, "events": ups(1), "expected": {"": {"n": 1}},
            "emitted": [{"at": 0, "streamId": "a", "eventType": "b", "data": {"n": 1}}]});
        assert_eq!(differences(&case), Vec::<String>::new(), "{words}");
    }
}
