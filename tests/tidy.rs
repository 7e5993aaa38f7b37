//! The house rules that a compiler does not see: who may name whom, one home for each outside
//! crate, headers, lengths, and a schema's company. Every finding is `path:line: rule; what to do`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// Rooms and the rooms that they may name. The command line may name all.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("domain", &[]),
    ("simulate", &["domain"]),
    ("vault", &["domain"]),
    ("store", &["domain"]),
    ("ledger", &["domain", "vault", "store"]),
    ("work", &[]),
    ("projection", &["domain", "ledger", "work"]),
    ("refusals", &["work"]),
    ("http", &["config", "domain", "ledger", "projection", "refusals", "work"]),
    (
        "cli",
        &[
            "config",
            "domain",
            "http",
            "ledger",
            "projection",
            "refusals",
            "simulate",
            "store",
            "vault",
            "work",
        ],
    ),
];

/// Outside crates and their only homes.
const HOMES: &[(&str, &[&str])] = &[
    ("axum", &["http"]),
    ("hyper", &["http"]),
    ("utoipa", &["http"]),
    ("prometheus_client", &["http"]),
    ("eventstore", &["store/cluster"]),
    ("rusqlite", &["store/embedded", "projection/lists/state", "refusals"]),
    ("jsonschema", &["domain/vocabulary"]),
    ("chrono_tz", &["domain/time/calendar.rs", "simulate"]),
    ("rand_chacha", &["simulate"]),
    ("getrandom", &["ledger", "store/embedded", "vault"]),
    ("clap", &["cli", "config.rs"]),
    ("indicatif", &["cli"]),
    ("tikv_jemallocator", &["main.rs"]),
    ("ureq", &["cli"]),
    ("rustix", &["cli", "http/server", "work"]),
    ("toml", &["config.rs", "domain/credit/rules.rs", "domain/trajectory/rules.rs"]),
];

/// What a pure room has no use for.
const IMPURE: &[&str] = &[
    "tokio",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "std::process",
    "async fn",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "getrandom",
    "new_v4",
];

/// Rooms that decide without I/O, clock or randomness; what the simulator draws it is given.
const PURE: &[&str] = &["domain", "simulate"];

/// Calls that only these places may make.
const CALLS: &[(&str, &[&str])] =
    &[("Utc::now", &["cli", "ledger/clock.rs"]), ("new_v4", &["cli", "ledger/clock.rs"])];

const LINES_MAX: usize = 400;
const COLUMNS_MAX: usize = 100;

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The path inside `src`, with slashes.
fn inside(path: &Path) -> String {
    path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().replace('\\', "/")
}

/// Each line of code of a file, numbered, without comments and without its tests.
fn code(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim() == "#[cfg(test)]" {
            break;
        }
        let code = line.split("//").next().unwrap_or_default();
        lines.push((number, code.to_owned()));
    }
    lines
}

/// Whether a line names a word as a path, `word::` or `crate::word`, and not part of a longer one.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn report(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn each_room_names_only_those_it_may() {
    let mut findings = Vec::new();
    for path in files("src", "rs") {
        let place = inside(&path);
        let room = place.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let Some((_, may)) = MAY_NAME.iter().find(|(name, _)| *name == room) else {
            if !matches!(room.as_str(), "lib" | "main") {
                findings.push(format!("src/{place}:1: a room not on the map; redraw the map"));
            }
            continue;
        };
        for (number, line) in code(&std::fs::read_to_string(&path).unwrap()) {
            for (other, _) in MAY_NAME.iter().filter(|(other, _)| *other != room) {
                let named = names(&line, &format!("crate::{other}"));
                if named && !may.contains(other) {
                    findings.push(format!(
                        "src/{place}:{number}: {room} names {other}; ask a room between them"
                    ));
                }
            }
        }
    }
    report(&findings);
}

#[test]
fn each_outside_crate_has_one_home() {
    let mut findings = Vec::new();
    for path in files("src", "rs") {
        let place = inside(&path);
        for (number, line) in code(&std::fs::read_to_string(&path).unwrap()) {
            for (outside, homes) in HOMES {
                let named = names(&line, outside) && line.contains(&format!("{outside}::"));
                if named && !homes.iter().any(|home| place.starts_with(home)) {
                    findings.push(format!(
                        "src/{place}:{number}: {outside} lives in {homes:?}; call its room"
                    ));
                }
            }
        }
    }
    report(&findings);
}

#[test]
fn pure_rooms_neither_look_nor_act() {
    let mut findings = Vec::new();
    for path in files("src", "rs") {
        let place = inside(&path);
        let pure = PURE.iter().any(|room| place.starts_with(&format!("{room}/")));
        for (number, line) in code(&std::fs::read_to_string(&path).unwrap()) {
            for word in IMPURE.iter().filter(|word| pure && names(&line, word)) {
                findings.push(format!("src/{place}:{number}: {word} in a pure room; pass it in"));
            }
            for (call, homes) in CALLS {
                if names(&line, call) && !homes.iter().any(|home| place.starts_with(home)) {
                    findings.push(format!("src/{place}:{number}: {call} lives in {homes:?}"));
                }
            }
        }
    }
    report(&findings);
}

#[test]
fn files_are_headed_short_and_narrow() {
    let mut findings = Vec::new();
    for path in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        let place = path.strip_prefix(root()).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        if !text.starts_with("//!") {
            findings.push(format!("{place}:1: no header; say what the file is for"));
        }
        let lines = text.lines().count();
        if place.starts_with("src/") && lines > LINES_MAX {
            findings
                .push(format!("{place}:{lines}: over {LINES_MAX} lines; split it by what it does"));
        }
        for (number, line) in (1..).zip(text.lines()) {
            if line.chars().count() > COLUMNS_MAX {
                findings.push(format!("{place}:{number}: over {COLUMNS_MAX} columns; break it"));
            }
            for word in ["TODO", "FIXME", "XXX"] {
                // This very list names them.
                if names(line, word) && !place.ends_with("tidy.rs") {
                    findings.push(format!("{place}:{number}: {word}; do it or file it"));
                }
            }
        }
    }
    report(&findings);
}

#[test]
fn each_schema_has_its_fixtures_and_its_example() {
    let mut findings = Vec::new();
    let kinds: Vec<String> = care_ledger::domain::vocabulary::kind::Kind::ALL
        .iter()
        .map(|kind| kind.code().to_owned())
        .collect();
    for kind in &kinds {
        for path in [
            format!("schemas/{kind}.v1.json"),
            format!("schemas/examples/{kind}.json"),
            format!("tests/fixtures/schemas/{kind}.valid.json"),
            format!("tests/fixtures/schemas/{kind}.invalid.json"),
        ] {
            if !root().join(&path).exists() {
                findings.push(format!("{path}:1: missing; each type has all four"));
            }
        }
    }
    for path in std::fs::read_dir(root().join("schemas")).unwrap() {
        let name = path.unwrap().file_name().into_string().unwrap();
        let kind = name.strip_suffix(".v1.json");
        if let Some(kind) = kind.filter(|kind| !kinds.iter().any(|known| known == kind)) {
            findings
                .push(format!("schemas/{name}:1: {kind} is no type; name it in domain/kind.rs"));
        }
    }
    report(&findings);
}

#[test]
fn decisions_are_numbered_without_gaps() {
    let mut numbers: Vec<usize> = std::fs::read_dir(root().join("ops/decisions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap()[..4].parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
}
