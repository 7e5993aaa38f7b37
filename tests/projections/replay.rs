//! Replays of a file, as a person runs them.

use serde_json::{Value, json};

use crate::support::command::{ends, text, with_input, written};
use crate::support::{TIME, person, screening};

const COUNT: &str = "fromCategory('person').foreachStream().when({ $init: () => ({ n: 0 }), \
    $any: (s, e) => { s.n++; s.at = e.metadata.civil.time; } })";

fn replayed(source: &str, arguments: &[&str], lines: &str) -> std::process::Output {
    let (_folder, file) = written("p.js", source);
    with_input(&[&["replay", &file, "--events", "-"], arguments].concat(), lines.as_bytes())
}

fn states(source: &str, arguments: &[&str], lines: &str) -> Value {
    let output = replayed(source, &[arguments, &["--json"]].concat(), lines);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn stream(number: u32) -> String {
    format!("person-{}", person(number))
}

#[test]
fn a_file_is_read_as_the_ledger_would_record_it() {
    let one = screening(person(1), "urn:example:a", "1", TIME).to_string();
    let other = screening(person(1), "urn:example:a", "1", "2026-03-02T10:00:00+01:00").to_string();
    let merge = json!({
        "specversion": "1.0", "id": "2", "source": "urn:example:a", "type": "person.merged",
        "subject": person(1), "time": TIME, "data": {"from": person(2), "reason": "sameNumber"}
    });
    let example: Value =
        serde_json::from_str(include_str!("../../schemas/examples/person.merged.json")).unwrap();
    let mut data = example["data"].clone();
    for member in data.as_object_mut().unwrap().values_mut() {
        if member.as_str().is_some_and(|text| text.len() == 36) {
            *member = json!(person(2));
        }
    }
    let merge = {
        let mut merge = merge;
        merge["data"] = data;
        merge.to_string()
    };
    let lines = ["\u{feff}", &one, "\n\n", &one, "\n", &other, "\nnonsense\n", &merge].concat();
    let output = replayed(COUNT, &["--json"], &lines);
    let told = text(&output.stderr);
    assert!(told.contains("1 repeated lines"), "{told}");
    assert!(
        told.contains("2 lines that the ledger would refuse") && told.contains("line 4"),
        "{told}"
    );
    let states: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!({
        stream(1): {"n": 2, "at": "2026-03-01"}, stream(2): {"n": 1, "at": "2026-03-01"},
    });
    assert_eq!(states, expected);
}

#[test]
fn moments_leave_out_what_was_later() {
    let early = screening(person(1), "urn:example:a", "1", "2026-03-01T10:00:00+01:00");
    // Told on 5 March, as the ledger gives it out.
    let mut late = screening(person(1), "urn:example:a", "2", "2026-03-02T23:30:00+01:00");
    late["recordedtime"] = json!("2026-03-05T10:00:00.000000Z");
    (late["position"], late["revision"], late["stream"]) = (json!("9"), json!(4), json!("x"));
    let lines = format!("{early}\n{late}\n");
    let count = |arguments: &[&str]| states(COUNT, arguments, &lines)[stream(1)]["n"].clone();
    assert_eq!(count(&[]), 2);
    assert_eq!(count(&["--at", "2026-03-02"]), 2);
    assert_eq!(count(&["--at", "2026-03-02T22:00:00Z"]), 1);
    assert_eq!(count(&["--known", "2026-03-04"]), 1);
    assert_eq!(count(&["--known", "2026-03-05"]), 2);
}

#[test]
fn a_partition_is_shown_alone_with_its_trace() {
    let lines: String = [1, 2, 1]
        .iter()
        .enumerate()
        .map(|(id, number)| {
            let event = screening(person(*number), "urn:example:a", &id.to_string(), TIME);
            format!("{event}\n")
        })
        .collect();
    let wanted = stream(1);
    let one = states(COUNT, &["--partition", &wanted], &lines);
    assert_eq!(one, json!({wanted.as_str(): {"n": 2, "at": "2026-03-01"}}));
    let trace = replayed(COUNT, &["--partition", &wanted, "--trace"], &lines);
    let expected = format!(
        "1 care.screened {wanted}\n    state: - -> {{\"at\":\"2026-03-01\",\"n\":1}}\n\
         3 care.screened {wanted}\n    /n: 1 -> 2\n"
    );
    assert_eq!(text(&trace.stdout), expected);
    let absent = replayed(COUNT, &["--partition", "person-x"], &lines);
    assert_eq!(absent.status.code(), Some(1));
    assert!(text(&absent.stderr).contains("no such partition"));
}

#[test]
fn what_a_program_would_emit_is_shown_and_not_written() {
    let source =
        "fromAll().when({ $any: (s, e) => { log('seen'); emit('out', 'Seen', { n: 1 }); } })";
    let line = screening(person(1), "urn:example:a", "1", TIME).to_string();
    let output = replayed(source, &["--dry-run"], &line);
    let shown = text(&output.stdout);
    assert!(shown.contains(r#""streamId":"out""#) && shown.contains("logs seen"), "{shown}");
}

#[test]
fn a_fault_points_into_the_file() {
    let line = screening(person(1), "urn:example:a", "1", TIME).to_string();
    let source = "fromAll().when({\n\t$any: (s, e) => { s.a.b = 1; },\n});\n";
    let output = replayed(source, &["--json"], &line);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    let caret = told.lines().last().unwrap().find('^').unwrap();
    let place = told.lines().nth_back(1).unwrap();
    assert_eq!(&place[caret..caret + 5], "s.a.b", "{told}");
    assert!(told.contains(":2:") && told.contains("at position 1"), "{told}");
    assert_eq!(text(&output.stdout).trim(), "{}");
    let (_folder, missing) = written("p.js", "");
    ends(3, &["replay", &format!("{missing}.not"), "--events", "-"]);
}
