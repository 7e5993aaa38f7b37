//! The commands for who writes a projection, against a running ledger.

use serde_json::{Value, json};

use crate::kept::{STAYS, caught_up, lives, states};
use crate::support::command::{binary, care_ledger, ends, path, text, with_input, written};
use crate::support::service::fixture;
use crate::support::{TIME, person, screening};

#[test]
fn a_new_projection_passes_its_own_fixtures_and_is_deployed() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(binary());
        command.args(arguments).current_dir(folder.path()).output().unwrap()
    };
    assert!(run(&["projection", "new", "doses"]).status.success());
    assert_eq!(run(&["projection", "new", "doses"]).status.code(), Some(3), "a file stays");
    assert_eq!(run(&["projection", "new", "Bad-name"]).status.code(), Some(2));
    let tested = run(&["projection", "test", "doses.js"]);
    assert_eq!(text(&tested.stdout), "1 passed, 0 failed\n");
    let (_data, service) = fixture();
    service.send_lines(&lives(20));
    let url = ["--url", service.url.as_str()];
    let deployed = run(&[&["projection", "deploy", "doses.js", "--wait"], &url[..]].concat());
    assert!(deployed.status.success(), "{}", text(&deployed.stderr));
    let source = service.get("/v1/projections/doses/source").json();
    assert!(source["fixtures"].as_str().unwrap().contains("add up"));
    let listed = text(&run(&[&["projection", "status"], &url[..]].concat()).stdout);
    assert!(listed.starts_with("doses ") && listed.contains("running"), "{listed}");
    let one = run(&[&["projection", "status", "doses", "--json"], &url[..]].concat());
    let one: Value = serde_json::from_slice(&one.stdout).unwrap();
    assert_eq!((&one["lag"], &one["state"]), (&json!(0), &json!("running")));
    let missing = run(&[&["projection", "status", "other"], &url[..]].concat());
    assert_eq!(missing.status.code(), Some(1));
    // A fixture that fails is named, and nothing is deployed.
    let fixtures = folder.path().join("doses.fixtures.json");
    let failing = std::fs::read_to_string(&fixtures).unwrap().replace("80.5", "81");
    std::fs::write(&fixtures, failing).unwrap();
    let tested = run(&["projection", "test", "doses.js"]);
    assert_eq!(tested.status.code(), Some(1));
    assert!(text(&tested.stdout).contains("two doses at one prison add up: states"));
    let refused = run(&[&["projection", "deploy", "doses.js"], &url[..]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("fixtures"), "{}", text(&refused.stderr));
}

#[test]
fn a_fixture_says_what_the_summary_gives() {
    let folder = tempfile::tempdir().unwrap();
    let write = |ending: &str, text: &str| {
        std::fs::write(folder.path().join(format!("n.{ending}")), text).unwrap();
    };
    write("js", "fromAll().foreachStream().when({ $any: (s) => ({ n: (s.n || 0) + 1 }) })");
    write(
        "summary.js",
        "function summary(rows, about) { return {
            columns: [{ name: 'n', type: 'integer', role: 'measure' }],
            rows: [[[...rows].reduce((n, row) => n + row.result.n, 0)]],
            notes: [about.knownDate] }; }",
    );
    let fixture = |known: &str, n: u32, date: &str| {
        let event = |stream: &str| {
            json!({"eventType": "x", "streamId": stream, "sequenceNumber": 0, "data": {},
                "created": "2026-03-28T23:30:00.0000000Z"})
        };
        let mut fixture = json!({
            "name": "two", "events": [event("a-1"), event("a-2")],
            "expected": {"a-1": {"n": 1}, "a-2": {"n": 1}},
            "table": {"columns": [{"name": "n", "type": "integer", "role": "measure"}],
                "rows": [[n]], "notes": [date]},
        });
        if !known.is_empty() {
            fixture["known"] = json!(known);
        }
        json!([fixture]).to_string()
    };
    let test = || {
        let mut command = std::process::Command::new(binary());
        let tested = command.args(["projection", "test", "n.js"]).current_dir(folder.path());
        let tested = tested.output().unwrap();
        (tested.status.code(), text(&tested.stdout))
    };
    for (known, n, date, passes) in [
        ("", 2, "2026-03-29", true),
        ("2026-06-30", 2, "2026-06-30", true),
        ("2026-06-30T22:30:00Z", 2, "2026-07-01", true),
        ("2026-06-30", 3, "2026-06-30", false),
        ("", 2, "2026-03-28", false),
        ("soon", 2, "2026-03-29", false),
    ] {
        write("fixtures.json", &fixture(known, n, date));
        let (code, told) = test();
        assert_eq!(code, Some(i32::from(!passes)), "{known} {n} {date}: {told}");
        assert!(passes || told.contains("two: table: "), "{told}");
    }
    std::fs::remove_file(folder.path().join("n.summary.js")).unwrap();
    assert!(test().1.contains("the projection has no summary"));
}

#[test]
fn a_running_ledger_replays_as_a_folder_does() {
    let (_data, service) = fixture();
    service.send_lines(&lives(20));
    let (_folder, file) = written("stays.js", STAYS);
    let url = service.url.as_str();
    let replayed = ends(0, &["replay", &file, "--url", url, "--json"]);
    crate::kept::put(&service, "stays", STAYS);
    caught_up(&service, "stays");
    let found: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert_eq!(found, states(&service, "stays"));
    let partition = found.as_object().unwrap().keys().next().unwrap().clone();
    let arguments = ["replay", &file, "--url", url, "--partition", &partition, "--trace"];
    let traced = text(&ends(0, &arguments).stdout);
    assert!(traced.contains(&partition) && traced.contains("state: - -> {"), "{traced}");
    let none =
        ends(1, &["replay", &file, "--url", url, "--known", "2001-01-01", "--partition", "x"]);
    assert!(text(&none.stderr).contains("no such partition"));
    ends(2, &["replay", &file, "--url", url, "--dry-run"]);
    ends(2, &["replay", &file, "--url", url, "--cores", "2"]);
    let live = ends(0, &["replay", &file, "--url", url, "--json", "--live"]);
    assert_eq!(serde_json::from_slice::<Value>(&live.stdout).unwrap(), found);
    assert!(text(&live.stderr).contains("live, by the ledger"), "{}", text(&live.stderr));
    ends(2, &["replay", &file, "--url", url, "--at", "never"]);
    let (_other, bad) = written("bad.js", "fromAll().when({\n  $any: s => s.x.y });");
    let faulted = ends(1, &["replay", &bad, "--url", url]);
    let told = text(&faulted.stderr);
    assert!(told.contains("bad.js:2:") && told.contains("^"), "{told}");
    let (_third, broken) = written("broken.js", "fromAll(");
    let refused = ends(1, &["replay", &broken, "--url", url]);
    assert!(text(&refused.stderr).contains("projection:1:"), "{}", text(&refused.stderr));
}

#[test]
fn each_command_shows_examples() {
    for command in ["new", "test", "lint", "types", "conform", "deploy", "status"] {
        let help = care_ledger(&["projection", command, "--help"]);
        assert!(text(&help.stdout).contains("Examples:"), "{command}");
    }
    assert!(text(&care_ledger(&["replay", "--help"]).stdout).contains("Examples:"));
}

/// The folds of one file are equal whatever the zone of the machine.
#[test]
fn states_do_not_depend_on_the_zone_of_the_machine() {
    let source = "fromAll().when({ $init: () => [], $any: (s, e) => { \
        const d = new Date(e.metadata.time); \
        s.push(String(d), d.getHours(), d.toLocaleString(), e.metadata.civil, \
        new Date(2026, 2, 29, 2, 30).getTime(), Date.parse('2026-03-29T02:30')); } })";
    let (_folder, file) = written("p.js", source);
    let line = screening(person(1), "urn:example:a", "1", TIME).to_string();
    let (_lines, events) = written("e.ndjson", &line);
    let of_zone = |zone: &str| {
        let mut command = std::process::Command::new(binary());
        command.args(["replay", &file, "--events", &events, "--json"]).env("TZ", zone);
        text(&command.output().unwrap().stdout)
    };
    let here = of_zone("UTC");
    assert!(here.contains("GMT+0000"), "{here}");
    for zone in ["Pacific/Auckland", "America/St_Johns", "Europe/Brussels"] {
        assert_eq!(of_zone(zone), here, "{zone}");
    }
    assert!(with_input(&["replay", &file, "--events", "-"], line.as_bytes()).status.success());
}

#[test]
fn a_replay_writes_the_table_of_the_summary_beside_the_projection() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("stays.js", "fromCategory('person').foreachStream().when({ $any: s => ({ n: 1 }) })");
    let events: String = (0..3)
        .map(|number| screening(person(number), "urn:example:a", &number.to_string(), TIME))
        .map(|event| format!("{event}\n"))
        .collect();
    write("e.ndjson", &events);
    let run = |out: &str| {
        let arguments = ["replay", "stays.js", "--events", "e.ndjson", "--out", out];
        let mut command = std::process::Command::new(binary());
        command.args(arguments).current_dir(folder.path()).output().unwrap()
    };
    assert_eq!(run("t.csv").status.code(), Some(2), "there is no summary");
    write(
        "stays.summary.js",
        "function summary(rows, about) { let n = 0; for (const row of rows) n += row.result.n; \
         return { columns: [{ name: 'persons', type: 'integer', role: 'persons' }, \
         { name: 'known', type: 'date', role: 'note' }], \
         rows: [[n, about.knownDate]], notes: [] }; }",
    );
    assert_eq!(run("t.txt").status.code(), Some(2));
    assert!(run("t.csv").status.success() && run("t.json").status.success());
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("t.csv"), "persons,known\r\n3,2026-03-01\r\n");
    let table: Value = serde_json::from_str(&read("t.json")).unwrap();
    assert_eq!(table["rows"], json!([[3, "2026-03-01"]]));
    // A running ledger folds, and the table is made of its results as it is of a folder.
    let (data, service) = fixture();
    let events: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    service.send_lines(&events);
    let run_on = |from: [&str; 2], out: &str, more: &[&str]| {
        let arguments = [&["replay", "stays.js", "--out", out], &from[..], more].concat();
        let mut command = std::process::Command::new(binary());
        let done = command.args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(done.status.success(), "{}", text(&done.stderr));
        read(out)
    };
    let url = service.url.clone();
    let served = run_on(["--url", &url], "s.csv", &[]);
    let known = run_on(["--url", &url], "k.csv", &["--known", "2030-06-30", "--at", "2026-03-02"]);
    assert_eq!(known, "persons,known\r\n3,2030-06-30\r\n");
    service.stop();
    assert_eq!(run_on(["--data", path(data.path())], "d.csv", &[]), served);
    write("stays.summary.js", "function summary() {\n  return x.y; }");
    let faulted = run("t.csv");
    assert_eq!(faulted.status.code(), Some(1));
    assert!(text(&faulted.stderr).contains("stays.summary.js:2:"), "{}", text(&faulted.stderr));
}

#[test]
fn the_lint_warns_with_the_place_and_exit_status_1() {
    let (_folder, good) = written("good.js", STAYS);
    assert!(text(&ends(0, &["projection", "lint", &good]).stderr).contains("nothing to warn of"));
    let (_other, bad) = written("bad.js", "let n = 0;\nfromAll().when({ Up: () => Date.now() })");
    let shown = text(&ends(1, &["projection", "lint", &bad]).stdout);
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].contains("bad.js:1:5: a variable"), "{shown}");
    assert!(lines[1].contains("bad.js:2:28: there is no clock"), "{shown}");
    let json = ends(1, &["projection", "lint", &bad, "--json"]);
    let warnings: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(warnings[0]["code"], "variableOfFile");
    let (_third, broken) = written("broken.js", "fromAll(");
    ends(1, &["projection", "lint", &broken]);
}

#[test]
fn the_types_are_those_of_the_vocabulary() {
    let types = text(&ends(0, &["projection", "types"]).stdout);
    assert!(types.contains("'residential.droppedOut': {") && types.contains("lastDoseAt: Instant"));
}
