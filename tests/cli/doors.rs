//! One validator behind every door: what is checked offline, rehearsed or sent, in any mode, is
//! accepted or refused alike, for the same reason.

use serde_json::{Value, json};

use crate::support::client::{BATCH, LINES, STRUCTURED};
use crate::support::command::{path, text, with_input};
use crate::support::service::Service;
use crate::support::{TIME, person, screening};

/// What a door said: whether it accepted the event, and in which words it refused.
type Verdict = (bool, String);

fn by_command(arguments: &[&str], input: &[u8]) -> Verdict {
    let output = with_input(arguments, input);
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

/// Offers the bytes of one event to every door.
fn offered(server: &Service, folder: &tempfile::TempDir, event: &[u8]) -> Vec<(String, Verdict)> {
    let file = folder.path().join("event.json");
    std::fs::write(&file, event).unwrap();
    let (file, url) = (path(&file), &*server.url);
    let mut verdicts = Vec::new();
    for command in [
        vec!["schema", "check", file],
        vec!["schema", "check", "-"],
        vec!["emit", "--dry-run", file, "--url", url],
        vec!["emit", "--dry-run", "-", "--url", url],
    ] {
        verdicts.push((command[..3].join(" "), by_command(&command, event)));
    }
    let (mark, bare) = match event.strip_prefix("\u{feff}".as_bytes()) {
        Some(bare) => ("\u{feff}".as_bytes(), bare),
        None => (&b""[..], event),
    };
    let batch = [mark, b"[", bare, b"]"].concat();
    for (kind, body) in [(STRUCTURED, event), (LINES, event), (BATCH, &batch)] {
        let answer = server.post("/v1/events?dryRun=true", &[("content-type", kind)], body);
        let is_good = answer.status == 200 && !answer.text.contains("\"refused\"");
        verdicts.push((kind.to_owned(), (is_good, answer.text)));
    }
    verdicts
}

#[test]
fn every_door_gives_the_same_verdict_for_the_same_reason() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(&folder.path().join("data"));
    let good = screening(person(1), "urn:test", "a", TIME);
    let with = |name: &str, value: Value| {
        let mut event = good.clone();
        event[name] = value;
        event.to_string()
    };
    let counted = |subject: &str| {
        let mut event = good.clone();
        event["type"] = "facility.counted".into();
        event["subject"] = subject.into();
        event["data"] = json!({"facility": "gent", "present": 430, "places": 299});
        event.to_string()
    };
    let mut death = good.clone();
    death["type"] = "death.recorded".into();
    death["data"] = Value::Null;
    let deep =
        format!("{{\"x\":{}1{},{}", "[".repeat(200), "]".repeat(200), &good.to_string()[1..]);
    let twice = format!("{{\"id\":\"b\",{}", &good.to_string()[1..]);
    let upper = person(0xabc).to_string().to_uppercase();
    let rows: Vec<(&str, String, Option<&str>)> = vec![
        ("as it should be", good.to_string(), None),
        ("an attribute that is null", with("traceparent", Value::Null), None),
        ("an unknown attribute that is null", with("batchnumber", Value::Null), None),
        ("a death whose data is null", death.to_string(), None),
        ("a byte order mark", format!("\u{feff}{good}"), None),
        ("a byte order mark, and lines", format!("\u{feff}{good:#}"), None),
        ("a pseudonym in upper case", with("subject", upper.into()), None),
        ("about a facility", counted("facility:gent"), None),
        ("about another facility", counted("facility:brugge"), Some("another facility than")),
        ("a count of a person", counted(&person(1).to_string()), Some("facility:<code>")),
        ("data that is null", with("data", Value::Null), Some("carries its facts in `data`")),
        ("an id that is null", with("id", Value::Null), Some("`id` is required")),
        ("two byte order marks", format!("\u{feff}\u{feff}{good}"), Some("byte order mark")),
        ("too deep", deep, Some("Nested deeper than 127 levels")),
        ("a form feed in front", format!("\u{c}{good}"), Some("Not valid JSON in UTF-8")),
        ("a form feed behind", format!("{good}\u{c}"), Some("Not valid JSON in UTF-8")),
        ("a name twice", twice, Some("repeated in one object")),
        ("no JSON", "{\"specversion\"".to_owned(), Some("Not valid JSON in UTF-8")),
        ("no object", "17".to_owned(), Some("An event is a JSON object.")),
    ];
    for (why, event, words) in rows {
        for (door, (is_good, told)) in offered(&server, &folder, event.as_bytes()) {
            // One event over several lines is no line.
            if door == LINES && event.contains('\n') {
                continue;
            }
            assert_eq!(is_good, words.is_none(), "{why}, {door}: {told}");
            // Inside an array, a mark is no start of anything.
            if door == BATCH && why == "two byte order marks" {
                continue;
            }
            let words = words.unwrap_or_default();
            assert!(told.contains(words), "{why}, {door}: {told}");
        }
    }
    let invalid = [b"{\"a\":\"".as_slice(), &[0xff], b"\"}"].concat();
    for (door, (is_good, told)) in offered(&server, &folder, &invalid) {
        assert!(!is_good && told.contains("Not valid JSON in UTF-8"), "not UTF-8, {door}: {told}");
    }
}

#[test]
fn blank_lines_before_an_array_cost_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(&folder.path().join("data"));
    let event = |id: &str| screening(person(1), "urn:test", id, TIME);
    for begin in ["\n", "\u{feff}\n", " \r\n\t\n"] {
        let file = format!("{begin}{:#}\n", json!([event("a"), event("b")]));
        let (is_good, told) = by_command(&["schema", "check", "-"], file.as_bytes());
        assert!(is_good && told.contains("2 events hold"), "{begin:?}: {told}");
        let emit = ["emit", "-", "--dry-run", "--url", &server.url];
        let (is_good, told) = by_command(&emit, file.as_bytes());
        assert!(is_good, "{begin:?}: {told}");
    }
    // A refusal names the number of its line in the file.
    let lines = format!("\n\n{}\n{{\n", event("c"));
    let (is_good, told) = by_command(&["emit", "-", "--url", &server.url], lines.as_bytes());
    assert!(!is_good && told.contains("line 4"), "{told}");
}

#[test]
fn a_line_that_is_too_long_is_refused_by_every_door_of_lines() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(&folder.path().join("data"));
    let event = screening(person(1), "urn:test", "a", TIME).to_string();
    let long = format!("{}{}", " ".repeat(1024 * 1024), event);
    for (door, (is_good, told)) in offered(&server, &folder, long.as_bytes()) {
        if door != BATCH {
            assert!(!is_good && told.to_lowercase().contains("too large"), "{door}: {told}");
        }
    }
}

#[test]
fn a_mark_costs_no_event_of_a_file_and_is_named_where_it_does_not_belong() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(&folder.path().join("data"));
    let event = |id: &str| screening(person(1), "urn:test", id, TIME);
    let file = format!("\u{feff}{}\r\n{}\n", event("a"), event("b"));
    let (is_good, told) = by_command(&["emit", "-", "--url", &server.url], file.as_bytes());
    assert!(is_good && told.contains("2 recorded"), "{told}");
    // A mark arrives in pieces, and a body may be a mark alone.
    let lines = [("content-type", LINES), ("prefer", "receipts=stream")];
    assert_eq!(server.post("/v1/events", &lines, "\u{feff}".as_bytes()).text, "");
    let joined = format!("{}\n{file}", event("c"));
    let (is_good, told) = by_command(&["schema", "check", "-"], joined.as_bytes());
    assert!(!is_good && told.contains("event 2: : Begins with a byte order mark"), "{told}");
    let (is_good, told) = by_command(&["emit", "-", "--url", &server.url], joined.as_bytes());
    assert!(!is_good && told.contains("Begins with a byte order mark"), "{told}");
    // A mark belongs to no later line, also where that line begins a request.
    let blank = format!("\n\u{feff}{}\n", event("e"));
    let twice = format!("\u{feff}\u{feff}{}\n", event("e"));
    let later = format!("{}\n\u{feff}{}\n", event("a"), event("e"));
    let lines = format!("{}\n", event("a")).repeat(5_000) + &blank[1..];
    let url = &server.url;
    for (why, file, more) in [
        ("after a blank line", &blank, None),
        ("after a mark", &twice, None),
        ("of the first line that is sent", &later, Some("--from-line=2")),
        ("of line 5,001", &lines, None),
    ] {
        let emit = ["emit", "-", "--dry-run", "--url", url];
        let (is_good, told) = by_command(&[&emit[..], more.as_slice()].concat(), file.as_bytes());
        assert!(!is_good && told.contains("Begins with a byte order mark"), "{why}: {told}");
        let (is_good, told) = by_command(&["schema", "check", "-"], file.as_bytes());
        assert!(!is_good && told.contains("Begins with a byte order mark"), "{why}: {told}");
        let doctor = ["doctor", "--file", "-", "--json", "--url", url];
        let (is_good, told) = by_command(&doctor, file.as_bytes());
        assert!(!is_good && told.contains("1 refused"), "{why}: {told}");
    }
    // Binary mode: the data is the body.
    let attributes = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "d"),
        ("ce-source", "urn:test"),
        ("ce-time", TIME),
        ("ce-subject", "00000000-0000-4000-8000-000000000001"),
    ];
    let data = json!({"instrument": "assist", "needIdentified": true});
    for (kind, body) in [
        ("care.screened", format!("\u{feff}{data}")),
        ("death.recorded", "null".to_owned()),
        ("death.recorded", "\u{feff}".to_owned()),
    ] {
        let headers = [&attributes[..], &[("ce-type", kind)]].concat();
        let answer = server.post("/v1/events?dryRun=true", &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
    }
}
