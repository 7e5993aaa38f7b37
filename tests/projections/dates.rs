//! Dates in a program: no clock, and local time is UTC whatever the zone of the machine.

use serde_json::{Value, json};

use crate::cases::{differences, ups};
use crate::support::command::binary;

/// Expressions, and their values in UTC.
fn rows() -> Vec<(&'static str, Value)> {
    vec![
        ("Date.parse('2026-03-29')", json!(1_774_742_400_000_u64)),
        ("Date.parse('2026-03-29T02:30')", json!(1_774_751_400_000_u64)),
        ("Date.parse('2026-03-29T02:30:00.5')", json!(1_774_751_400_500_u64)),
        ("Date.parse('2026-03-29T02:30:00+01:00')", json!(1_774_747_800_000_u64)),
        ("Date.parse('2026-03-29T02:30Z')", json!(1_774_751_400_000_u64)),
        ("Date.parse('Mar 29 2026 02:30')", json!(1_774_751_400_000_u64)),
        ("Date.parse('Sun, 29 Mar 2026 02:30:00 GMT')", json!(1_774_751_400_000_u64)),
        ("Date.parse('nonsense')", json!(null)),
        ("Date.parse('2026-03-29 02:30')", json!(1_774_751_400_000_u64)),
        ("Date.parse('2026-03-29 02:30+01:00')", json!(1_774_747_800_000_u64)),
        ("Date.parse('Sun, 29 Mar 2026 02:30:00 EST')", json!(1_774_769_400_000_u64)),
        ("Date.parse('2026-02-30')", json!(null)),
        ("Date.parse('2026-00-10')", json!(null)),
        ("Date.parse('2028-02-29')", json!(1_835_395_200_000_u64)),
        ("new Date(2026, 2, 29, 2, 30).getTime()", json!(1_774_751_400_000_u64)),
        ("new Date('2026-03-29T02:30').getHours()", json!(2)),
        ("new Date('2026-09-27T02:30').getHours()", json!(2)),
        ("new Date(new Date(5)).getTime()", json!(5)),
        ("new Date(undefined).getTime()", json!(null)),
        ("new Date({ valueOf: () => 7 }).getTime()", json!(7)),
        ("new Date(0).setHours(1)", json!(3_600_000)),
        ("new Date(0).setFullYear(1971)", json!(31_536_000_000_u64)),
        ("new Date(0).getTimezoneOffset()", json!(0)),
        ("new Date(NaN).getTimezoneOffset()", json!(null)),
        ("new Date(0).getDay()", json!(4)),
        ("new Date(0).getYear()", json!(70)),
        ("String(new Date(0))", json!("Thu Jan 01 1970 00:00:00 GMT+0000 (UTC)")),
        ("new Date(0) + ''", json!("Thu Jan 01 1970 00:00:00 GMT+0000 (UTC)")),
        ("new Date(0).toDateString()", json!("Thu Jan 01 1970")),
        ("new Date(0).toTimeString()", json!("00:00:00 GMT+0000 (UTC)")),
        ("new Date(0).toLocaleString()", json!("01/01/1970 00:00:00")),
        ("new Date(0).toLocaleDateString()", json!("01/01/1970")),
        ("new Date(0).toLocaleTimeString()", json!("00:00:00")),
        ("new Date(0).toISOString()", json!("1970-01-01T00:00:00.000Z")),
        ("String(new Date(NaN))", json!("Invalid Date")),
        ("Date.UTC(1970, 0, 2)", json!(86_400_000)),
        ("new Date(0) instanceof Date", json!(true)),
        ("new Date(0).constructor === Date", json!(true)),
        ("Date.length", json!(7)),
        ("Date.name", json!("Date")),
        ("(Date.parse('2026-03-30') - Date.parse('2026-03-28')) / 86400000", json!(2)),
    ]
}

/// The rows as one case: each expression's value under its own text.
fn case() -> Value {
    let members: Vec<String> = rows()
        .iter()
        .map(|(expression, _)| format!("{}: {expression}", json!(expression)))
        .collect();
    let source = format!("fromAll().when({{ Up: () => ({{ {} }}) }})", members.join(", "));
    let expected: Value =
        rows().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    json!({"name": "dates", "source": source, "events": ups(1), "expected": {"": expected}})
}

#[test]
fn local_time_is_utc() {
    assert_eq!(differences(&case()), Vec::<String>::new());
}

#[test]
fn local_time_is_utc_whatever_the_zone_of_the_machine() {
    let (_folder, file) =
        crate::support::command::written("dates.json", &json!([case()]).to_string());
    for zone in ["Pacific/Auckland", "America/St_Johns", "Europe/Brussels"] {
        let mut command = std::process::Command::new(binary());
        let output =
            command.args(["projection", "conform", &file]).env("TZ", zone).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text, "1 passed, 0 failed\n", "{zone}");
    }
}

#[test]
fn there_is_no_clock_and_no_chance() {
    let calls = [
        "Date.now()",
        "new Date()",
        "Date()",
        "Date(0)",
        "Math.random()",
        "performance.now()",
        "eval('1')",
        "Function('return 1')()",
        "(() => {}).constructor('return 1')()",
        "(async () => {}).constructor('return 1')()",
        "(function* () {}).constructor('return 1')()",
        "Reflect.construct(Function, ['return 1'])()",
        "Reflect.construct(Date, [])",
        "new (class extends Date {})()",
        "new Date(5n)",
    ];
    for call in calls {
        let source = format!("fromAll().when({{ Up: () => ({{ v: {call} }}) }})");
        let case = json!({"source": source, "events": ups(1), "error": {"at": 0}});
        assert_eq!(differences(&case), Vec::<String>::new(), "{call}");
    }
    let absent = [
        "WeakRef",
        "FinalizationRegistry",
        "SharedArrayBuffer",
        "Atomics",
        "console",
        "setTimeout",
        "setInterval",
        "queueMicrotask",
        "require",
        "process",
        "std",
        "os",
    ];
    for name in absent {
        let source = format!("fromAll().when({{ Up: () => typeof {name} }})");
        let case = json!({"source": source, "events": ups(1), "expected": {"": "undefined"}});
        assert_eq!(differences(&case), Vec::<String>::new(), "{name}");
    }
}
