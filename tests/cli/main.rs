//! The command line as a person and a script meet it: help, exit status, and what stands on
//! standard output.

#![allow(missing_docs, clippy::unwrap_used)]

mod doctor;
mod doors;
mod emit;
mod follow;
mod organisations;
mod proxy;
mod text;
mod untouched;

#[path = "../support/mod.rs"]
mod support;

use std::process::{Command, Stdio};

use serde_json::Value;
use support::command::{binary, care_ledger, ends, path, text, with_input, written};
use support::service::Service;
use support::{TIME, person, screening};

/// The commands that a help text lists.
fn commands(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = list.lines().take_while(|line| !line.trim().is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    names.filter(|name| name != "help").collect()
}

#[test]
fn the_help_of_every_command_has_an_example() {
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(command) = waiting.pop() {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = text(&ends(0, &arguments).stdout);
        let below = commands(&help);
        waiting.extend(below.iter().map(|name| [command.clone(), vec![name.clone()]].concat()));
        let name = format!("care-ledger {}", command.join(" "));
        let has_example = help.split_once("Examples:").is_some_and(|(_, e)| e.contains(&name));
        assert!(command.is_empty() || has_example, "{name} --help:\n{help}");
        seen += 1;
    }
    assert!(seen > 12, "{seen} commands found");
}

#[test]
fn each_way_to_end_has_its_exit_status_and_leaves_standard_output_clean() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let server = Service::start(&folder.path().join("data"));
    let one = person(1).to_string();
    let (_kept, empty) = written("empty.ndjson", "");
    let (_bad, bad) = written("bad.json", "{\"specversion\": \"1.0\"}");
    let none = "http://127.0.0.1:1";
    let rows: Vec<(&str, i32, Vec<&str>)> = vec![
        ("nothing to send", 0, vec!["emit", &empty, "--url", &server.url]),
        ("an unknown person", 1, vec!["history", &one, "--url", &server.url]),
        ("a moment that is none", 2, vec!["credit", &one, "--at", "soon", "--url", &server.url]),
        ("a bad event", 1, vec!["schema", "check", &bad]),
        ("a bad event sent", 1, vec!["emit", &bad, "--url", &server.url]),
        ("after the end", 1, vec!["events", "--after", "9", "--url", &server.url]),
        ("after the end, live", 1, vec!["events", "--after=9", "--follow", "--url", &server.url]),
        ("no events wanted", 2, vec!["events", "--limit", "0", "--url", &server.url]),
        ("no rows wanted", 2, vec!["credits", "--limit", "0", "--url", &server.url]),
        ("a line after the end", 2, vec!["emit", &bad, "--from-line=3", "--url", &server.url]),
        ("no such command", 2, vec!["frobnicate"]),
        ("no command", 2, vec![]),
        ("no such flag", 2, vec!["events", "--frobnicate"]),
        ("not a person", 2, vec!["history", "jan"]),
        ("two ledgers", 2, vec!["history", &one, "--data", "x", "--url", none]),
        ("no file", 2, vec!["emit"]),
        ("another protocol", 2, vec!["events", "--url", "https://127.0.0.1:1"]),
        ("no such type", 2, vec!["schema", "show", "no.such"]),
        ("no such shell", 2, vec!["completions", "dos"]),
        ("days turned round", 2, vec!["simulate", "--from", "2025-02-01", "--to", "2025-01-01"]),
        ("a year that is none", 2, vec!["simulate", "--from", "0000-01-01"]),
        ("a filter that is none", 2, vec!["serve", "--log", "care_ledger=loud"]),
        ("an address that is none", 2, vec!["serve", "--listen", "here"]),
        ("every address", 2, vec!["serve", "--listen", "0.0.0.0:0"]),
        ("every address, by the other name", 2, vec!["serve", "--listen", "[::]:0"]),
        ("no such configuration", 3, vec!["serve", "--config", path(&nowhere)]),
        ("nobody there", 3, vec!["history", &one, "--url", none]),
        ("nobody there to send to", 3, vec!["emit", &bad, "--url", none, "--retries", "0"]),
        ("no such folder", 3, vec!["credit", &one, "--data", path(&nowhere)]),
        ("no such file", 3, vec!["emit", path(&nowhere), "--url", &server.url]),
        ("no such file to check", 3, vec!["schema", "check", path(&nowhere)]),
        ("a folder as file", 3, vec!["emit", path(folder.path()), "--url", &server.url]),
        ("a taken port", 3, vec!["serve", "--listen", &taken, "--data", path(&nowhere)]),
    ];
    for (why, status, arguments) in rows {
        let output = care_ledger(&arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{why}: {told}");
        if why != "a bad event" {
            assert!(output.stdout.is_empty(), "{why}: {}", text(&output.stdout));
        }
        if status > 0 {
            assert!(!told.trim().is_empty(), "{why}: says nothing");
        }
        assert!(!told.contains("panicked"), "{why}: {told}");
    }
}

#[test]
fn an_answer_that_is_not_of_a_ledger_is_refused_and_not_taken_for_an_empty_one() {
    let one = person(1).to_string();
    let lists: [&[&str]; 4] = [&["events"], &["history", &one], &["trajectories"], &["credits"]];
    let others: [&[&str]; 2] = [&["trajectory", &one], &["credit", &one, "--json"]];
    let page = proxy::says(proxy::canned("200 OK", "text/html", "<h1>Welcome</h1>"));
    let object = proxy::says(proxy::canned("200 OK", "application/json", "{}"));
    let asks = lists.iter().chain(&others).map(|ask| (ask, &page, "not JSON"));
    for (ask, url, why) in asks.chain(lists.iter().map(|ask| (ask, &object, "no list"))) {
        let output = ends(1, &[ask, &["--url", url][..]].concat());
        let told = text(&output.stderr);
        assert!(told.contains(why) && output.stdout.is_empty(), "{ask:?}: {told}");
    }
}

#[test]
fn the_table_of_a_credit_is_in_the_language_asked_for_in_a_folder_and_of_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    server.send(&screening(person(1), "urn:test", "a", TIME));
    let one = person(1).to_string();
    let table = |from: [&str; 2], language: &[&str]| {
        text(&ends(0, &[&["credit", &one][..], &from, language].concat()).stdout)
    };
    let of_ledger = ["--url", &server.url];
    let dutch = table(of_ledger, &["--lang", "nl"]);
    assert!(dutch.starts_with("AFTREK VAN DAGEN"), "{dutch}");
    assert!(table(of_ledger, &[]).starts_with("CREDIT OF DAYS"));
    let told = text(&ends(2, &["credit", &one, "--lang", "fr"]).stderr);
    assert!(told.contains("must be one of en, nl"), "{told}");
    drop(server);
    let of_folder = ["--data", path(folder.path())];
    assert!(table(of_folder, &["--lang", "nl"]).starts_with("AFTREK VAN DAGEN"));
}

#[test]
fn a_move_in_clear_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = "esdb://127.0.0.1:1?tls=false";
    let told = text(&ends(2, &["migrate", cluster, path(folder.path())]).stderr);
    assert!(told.contains("in clear"), "{told}");
}

#[test]
fn a_folder_in_use_sends_who_asks_to_the_running_process() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    server.send(&screening(person(1), "urn:test", "a", TIME));
    let (data, one) = (path(folder.path()), person(1).to_string());
    for arguments in [
        vec!["serve", "--data", data, "--listen", "127.0.0.1:0"],
        vec!["history", &one, "--data", data],
        vec!["credit", &one, "--data", data],
        vec!["events", "--data", data],
    ] {
        let told = text(&ends(3, &arguments).stderr);
        assert!(told.contains("use --url"), "{arguments:?}: {told}");
    }
}

#[test]
fn the_versions_of_a_schema_are_shown_and_one_that_there_is_not_is_refused() {
    let show = |status, version: &str| {
        text(&ends(status, &["schema", "show", "cap.referred", "--version", version]).stdout)
    };
    assert!(show(0, "1").contains("cap.referred:1") && show(0, "2").contains("cap.referred:2"));
    show(2, "3");
    for (arguments, why) in [
        (["cap.referred", "--version", "3"], "cap.referred: there is no such version"),
        (["envelope", "--version", "2"], "envelope: there is no such version"),
        (["envelope", "--version", "0"], "envelope: there is no such version"),
        (["cap.preferred", "--version", "1"], "no such event type"),
        (["envelope", "--version=1", "--example"], "only an event type has an example"),
    ] {
        let told = text(&ends(2, &[&["schema", "show"], &arguments[..]].concat()).stderr);
        assert!(told.contains(why), "{arguments:?}: {told}");
    }
    let mut event: Value = serde_json::from_slice(
        &ends(0, &["schema", "show", "cap.referred", "--version", "1", "--example"]).stdout,
    )
    .unwrap();
    let check = |status, event: &Value| {
        let (_kept, file) = written("event.json", &event.to_string());
        text(&ends(status, &["schema", "check", &file]).stdout)
    };
    check(0, &event);
    event["dataschema"] = "urn:care-ledger:schema:cap.referred:3".into();
    let told = check(1, &event);
    assert!(told.starts_with("event 1: /dataschema: "), "{told}");
    assert!(told.contains("cap.referred:1 and ") && told.contains("cap.referred:2"), "{told}");
}

#[test]
fn the_vocabulary_is_listed_shown_and_checked() {
    let list = text(&ends(0, &["schema", "list"]).stdout);
    let json: Value =
        serde_json::from_slice(&ends(0, &["schema", "list", "--json"]).stdout).unwrap();
    let types = json.as_array().unwrap();
    let count = care_ledger::domain::vocabulary::kind::Kind::ALL.len();
    assert_eq!((list.lines().count(), types.len()), (count, count));
    let mut examples = Vec::new();
    for row in types {
        let name = row["type"].as_str().unwrap();
        assert!(list.contains(name));
        let schema = ends(0, &["schema", "show", name]).stdout;
        assert!(serde_json::from_slice::<Value>(&schema).unwrap()["title"].is_string(), "{name}");
        if name != "record.erased" {
            let example = ends(0, &["schema", "show", name, "--example"]).stdout;
            examples.push(serde_json::from_slice::<Value>(&example).unwrap());
        }
    }
    let envelope = ends(0, &["schema", "show", "envelope"]).stdout;
    assert!(serde_json::from_slice::<Value>(&envelope).is_ok());
    let lines: Vec<String> = examples.iter().map(Value::to_string).collect();
    let mut bad = examples[3].clone();
    bad["data"]["colour"] = "red".into();
    bad["time"] = "yesterday".into();
    let rows = [
        ("one a line", lines.join("\n"), 0),
        ("an array", Value::from(examples.clone()).to_string(), 0),
        ("one, over several lines", serde_json::to_string_pretty(&examples[0]).unwrap(), 0),
        ("a bad one among good ones", format!("{}\n{bad}\n", lines[..2].join("\n")), 1),
    ];
    for (why, contents, status) in rows {
        let (_kept, file) = written("events", &contents);
        let output = ends(status, &["schema", "check", &file]);
        let piped = with_input(&["schema", "check", "-"], contents.as_bytes());
        assert_eq!((piped.status.code(), &piped.stdout), (Some(status), &output.stdout), "{why}");
        if status == 1 {
            let told = text(&output.stdout);
            assert!(told.contains("event 3: /data/colour: "), "{told}");
            assert!(told.contains("event 3: /time: "), "{told}");
            assert!(!told.contains("red") && !told.contains("yesterday"), "content: {told}");
        }
    }
}

#[test]
fn no_proxy_of_the_environment_sees_a_question() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    server.send(&screening(person(1), "urn:test", "a", TIME));
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        let one = person(1).to_string();
        let mut command = Command::new(binary());
        command.args(["history", &one, "--url", &server.url]).env(name, "http://127.0.0.1:1");
        let output = command.env_remove("no_proxy").env_remove("NO_PROXY").output().unwrap();
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
    }
}

#[test]
fn a_folder_and_its_server_give_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    let stream = ends(0, &["simulate", "--persons", "6", "--seed", "4"]).stdout;
    let sent = with_input(&["emit", "-", "--url", &server.url], &stream);
    assert_eq!(sent.status.code(), Some(0));
    let events = text(&stream);
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut subjects = events.map(|event| event["subject"].as_str().unwrap().to_owned());
    let person = subjects.find(|subject| !subject.contains(':')).unwrap();
    let who = person.as_str();
    let moment = ["--at", "2025-09-12", "--json"];
    let questions: Vec<Vec<&str>> = vec![
        [&["history", who], &moment[..]].concat(),
        [&["history", who, "--type", "substitution.doseContinued"], &moment[..]].concat(),
        [&["credit", who], &moment[..]].concat(),
        [&["credit", who, "--boundary", "excludeLast", "--month-days", "31"], &moment[..]].concat(),
        vec!["credit", who, "--at", "2025-09-12"],
        vec!["events"],
        vec!["events", "--after", "100", "--limit", "7"],
        vec!["events", "--type", "detention.arrived"],
    ];
    let ask = |flag: &str, place: &str| -> Vec<String> {
        let ask = |question: &Vec<&str>| ends(0, &[&question[..], &[flag, place]].concat()).stdout;
        // The line of a table that says when it was printed differs by the minute.
        let is_lasting = |line: &&str| !line.starts_with("Printed ");
        let lasting = |page: String| page.lines().filter(is_lasting).collect::<Vec<_>>().join("\n");
        questions.iter().map(|question| lasting(text(&ask(question)))).collect()
    };
    let served = ask("--url", &server.url);
    server.stop();
    let stored = ask("--data", path(folder.path()));
    for ((served, stored), question) in served.iter().zip(&stored).zip(&questions) {
        assert_eq!(served, stored, "{question:?}");
        assert!(!served.is_empty(), "{question:?}");
    }
    assert_eq!(served[6].lines().count(), 7);
}

#[test]
fn the_settings_in_force_read_back_and_completions_are_not_empty() {
    let set = ["--data", "/srv/a b", "--listen", "127.0.0.1:9999", "--log-format", "json"];
    let printed = text(&ends(0, &[&["serve", "--print-config"], &set[..]].concat()).stdout);
    let (_kept, file) = written("ledger.toml", &printed);
    let again = text(&ends(0, &["serve", "--print-config", "--config", &file]).stdout);
    assert_eq!(again, printed);
    assert!(again.contains("/srv/a b") && again.contains("9999"), "{again}");
    let (_kept, file) = written("public.toml", "listenPublicly = true\n");
    let rows: [(&[&str], Option<&str>, bool); 5] = [
        (&[], None, true),
        (&[], Some("false"), false),
        (&["--listen-publicly=false"], Some("true"), false),
        (&["--listen-publicly"], Some("false"), true),
        (&["--listen-publicly", "--log", "warn"], None, true),
    ];
    for (flags, variable, is_public) in rows {
        let mut command = Command::new(binary());
        command.args(["serve", "--print-config", "--config", &file]).args(flags);
        command.envs(variable.map(|value| ("CARE_LEDGER_LISTEN_PUBLICLY", value)));
        let printed = text(&command.output().unwrap().stdout);
        let line = format!("listenPublicly = {is_public}");
        assert!(printed.contains(&line), "{flags:?} {variable:?}: {printed}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&ends(0, &["completions", shell]).stdout);
        assert!(script.contains("care-ledger") && script.contains("emit"), "{shell}");
    }
}

#[test]
fn who_reads_no_further_ends_the_command_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let server = Service::start(folder.path());
    server.send(&screening(person(1), "urn:test", "a", TIME));
    server.stop();
    let (data, one) = (path(folder.path()), person(1).to_string());
    let (_bad, bad) = written("bad.json", "{}");
    let rows: Vec<(i32, Vec<&str>)> = vec![
        (0, vec!["--help"]),
        (0, vec!["completions", "bash"]),
        (0, vec!["simulate", "--persons", "2"]),
        (0, vec!["schema", "list"]),
        (0, vec!["schema", "list", "--json"]),
        (0, vec!["schema", "show", "envelope"]),
        (1, vec!["schema", "check", &bad]),
        (0, vec!["serve", "--print-config"]),
        (0, vec!["events", "--data", data]),
        (0, vec!["history", &one, "--data", data]),
        (0, vec!["history", &one, "--data", data, "--json"]),
        (0, vec!["credit", &one, "--data", data]),
    ];
    for (status, arguments) in rows {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(binary());
        command.args(&arguments).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let told = text(&output.stderr);
        assert!(!told.contains("panicked"), "{arguments:?}: {told}");
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {told}");
    }
}
