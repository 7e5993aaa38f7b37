//! What people read: no text from outside reaches a terminal as it is, and every instant is shown
//! by the clock in Belgium.

use std::process::Command;

use serde_json::{Value, json};

use crate::proxy;
use crate::support::command::{binary, care_ledger, ends, path, text, with_input, written};
use crate::support::service::Service;
use crate::support::{TIME, person, screening};

/// Events of one person: the kind, the time, the payload.
type Facts<'a> = &'a [(&'a str, &'a str, Value)];

fn lines(facts: Facts) -> String {
    let event = |(number, (kind, time, data)): (usize, &(&str, &str, Value))| {
        json!({"specversion": "1.0", "id": format!("t-{number}"), "source": "urn:example:registry",
            "type": kind, "subject": person(7), "time": time, "data": data})
    };
    facts.iter().enumerate().map(event).map(|event| format!("{event}\n")).collect()
}

/// A folder with a ledger of these events.
fn ledger_of(facts: Facts) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let sent = with_input(&["emit", "-", "--url", &server.url], lines(facts).as_bytes());
    assert!(sent.status.success(), "{}", text(&sent.stderr));
    server.stop();
    folder
}

/// Asks the folder.
fn ask(folder: &tempfile::TempDir, arguments: &[&str]) -> String {
    text(&ends(0, &[arguments, &["--data", path(folder.path())]].concat()).stdout)
}

/// The characters that no text for people may hold: controls, and directions of text.
fn is_foul(sign: char) -> bool {
    let is_mark = matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{61c}');
    sign != '\n' && (sign.is_control() || is_mark)
}

#[test]
fn every_page_shows_the_clock_in_belgium_and_says_so_once() {
    let folder = ledger_of(&[
        (
            "detention.arrived",
            "2026-01-05T10:00:00+01:00",
            json!({"detention": "d1", "facility": "gent", "legalStatus": "convicted"}),
        ),
        (
            "detention.released",
            "2026-07-01T10:00:00+02:00",
            json!({"detention": "d1", "reason": "conditionalRelease", "final": false}),
        ),
        (
            "residential.admitted",
            "2026-07-01T09:00:00Z",
            json!({"stay": "s1", "facility": "deKiem", "programme": "tc"}),
        ),
        (
            "residential.droppedOut",
            "2026-08-31T22:30:00Z",
            json!({"stay": "s1", "initiative": "resident"}),
        ),
        (
            "record.corrected",
            "2026-09-02T10:00:00+02:00",
            json!({"corrects": {"source": "urn:example:registry", "id": "t-1",
                "type": "detention.released"}, "time": "2026-07-01T00:10:00-11:00",
                "reason": "wrongHour"}),
        ),
    ]);
    let one = person(7).to_string();
    let history = ask(&folder, &["history", &one]);
    let trajectory = ask(&folder, &["trajectory", &one, "--at", "2026-08-15"]);
    let credit = ask(&folder, &["credit", &one, "--at", "2026-10-01"]);
    for page in [&history, &trajectory, &credit] {
        assert_eq!(page.matches("clock in Belgium").count(), 1, "{page}");
    }
    let times: Vec<&str> =
        history.lines().filter_map(|line| line.get(2..18)).filter(|t| t.starts_with('2')).collect();
    let expected = [
        "2026-01-05 10:00",
        "2026-07-01 11:00",
        "2026-07-01 13:10",
        "2026-09-01 00:30",
        "2026-09-02 10:00",
    ];
    assert_eq!(times, expected, "{history}");
    assert!(trajectory.contains("since=2026-07-01 11:00"), "{trajectory}");
    for page in [&history, &trajectory] {
        assert!(!page.contains("00Z") && !page.contains("T0"), "{page}");
    }
    let before = ask(&folder, &["history", &one, "--at", "2026-08-31"]);
    assert!(!before.contains("droppedOut"), "{before}");
    let raw = ask(&folder, &["history", &one, "--json"]);
    assert!(raw.contains("2026-08-31T22:30:00Z"), "JSON stays as sent: {raw}");
    let listed = ends(0, &["trajectories", "--data", path(folder.path())]);
    assert!(text(&listed.stderr).contains("clock in Belgium"), "{}", text(&listed.stderr));
    assert!(!text(&listed.stderr).contains('Z'), "{}", text(&listed.stderr));
}

#[test]
fn the_list_of_credits_says_days_left_only_where_a_reading_applies() {
    let data = json!({"modality": "m1", "kind": "conditionalRelease", "judgment": "SURB-1",
        "startsOn": "2025-03-03"});
    let granted = ("modality.granted", "2025-03-03T10:00:00+01:00", data);
    let folder = ledger_of(&[
        granted.clone(),
        (
            "modality.ended",
            "2025-09-10T10:00:00+02:00",
            json!({"modality": "m1", "reason": "fulfilled"}),
        ),
    ]);
    let listed = ask(&folder, &["credits"]);
    assert!(listed.contains("ended") && listed.contains("left - ("), "{listed}");
    let folder = ledger_of(&[granted]);
    let listed = ask(&folder, &["credits"]);
    assert!(listed.contains("left unknown ("), "{listed}");
}

#[test]
fn the_name_of_a_file_begins_no_line_of_an_error() {
    for arguments in [["emit", "m\nline 7: recorded"], ["schema check", "m\nline 7: holds"]] {
        let arguments: Vec<&str> = arguments[0].split(' ').chain([arguments[1]]).collect();
        let told = text(&ends(3, &arguments).stderr);
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains("m\\u{a}line 7"), "{told}");
    }
}

#[test]
fn no_value_forges_a_line_or_a_member_or_reaches_the_terminal_raw() {
    let forged = "d1\n  2026-02-02 09:00  modality.granted final=true\u{1b}[2J\u{9b}1m\u{202e}\0";
    let folder = ledger_of(&[
        (
            "detention.arrived",
            "2026-01-01T10:00:00+01:00",
            json!({"detention": forged, "facility": "gent", "legalStatus": "convicted"}),
        ),
        (
            "residential.admitted",
            "2026-02-03T10:00:00+01:00",
            json!({"stay": "s1\nalerts        none\u{7f}\u{200b}", "facility": "deKiem",
                "programme": "tc"}),
        ),
    ]);
    let one = person(7).to_string();
    let asks: [&[&str]; 7] = [
        &["history", &one],
        &["trajectory", &one],
        &["credit", &one],
        &["trajectories"],
        &["history", &one, "--json"],
        &["trajectory", &one, "--json"],
        &["events"],
    ];
    for ask_of in asks {
        let page = ask(&folder, ask_of);
        assert!(!page.contains(is_foul), "{ask_of:?}: {page:?}");
        let is_forged =
            |line: &str| line.starts_with("alerts  ") || line.starts_with("  2026-02-02 09:00");
        assert!(!page.lines().any(is_forged), "{ask_of:?}: {page}");
    }
    let history = ask(&folder, &["history", &one]);
    assert_eq!(history.lines().count(), 3, "{history}");
    assert!(history.contains("detention=\"d1\\u{a}"), "a value stands in quotes: {history}");
}

#[test]
fn what_a_refusal_or_another_service_says_is_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let foul = "x\u{1b}[2J\u{9b}\u{202e}\nline 9: all is well\u{7f}";
    let mut event = screening(person(1), "urn:test", "a", TIME);
    event["data"][foul] = 1.into();
    let (_kept, file) = written("event.json", &event.to_string());
    let body = json!({"status": 400, "title": foul, "detail": foul,
        "issues": [{"name": foul, "detail": foul}]});
    let problem = proxy::canned("400 Bad Request", "application/problem+json", &body.to_string());
    let other = proxy::says(problem);
    let page = proxy::says(proxy::canned("200 OK", "text/plain", &format!("CREDIT {foul}\r\n")));
    let one = person(1).to_string();
    let rows: [(i32, Vec<&str>); 7] = [
        (1, vec!["emit", &file, "--url", &server.url]),
        (1, vec!["schema", "check", &file]),
        (1, vec!["schema", "check", "--json", &file]),
        (1, vec!["doctor", "--url", &server.url, "--file", &file]),
        (2, vec!["history", &one, "--url", &other]),
        (0, vec!["credit", &one, "--url", &page]),
        (2, vec!["history", foul]),
    ];
    for (status, arguments) in rows {
        let output = care_ledger(&arguments);
        let told = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {told}");
        assert!(!told.contains(is_foul), "{arguments:?}: {told:?}");
        let is_own = arguments[0] == "history" && status == 2 && arguments.len() == 2;
        let is_page = arguments[0] == "credit";
        let is_forged = told.lines().any(|line| line.starts_with("line 9"));
        assert!(is_own || is_page || !is_forged, "{arguments:?}: {told}");
    }
}

#[test]
fn a_log_in_a_file_has_no_colours_and_names_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut serve = Command::new(binary());
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data", path(&folder.path().join("data"))]);
    serve.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1").env("TERM", "xterm-256color");
    let mut child = serve.stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let told = || std::fs::read_to_string(&log).unwrap();
    crate::support::until("listening", || told().contains("listening address=127.0.0.1:"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!told().contains('\u{1b}'), "{:?}", told());
    assert!(!told().contains("address=127.0.0.1:0"), "{}", told());
}
