//! The rules about use: which room may use which, the places of outside crates, the words that a
//! pure room must not use, and the backends.

use super::tree::{Finding, Tree, finding, has_word, paths};

/// Rooms, and the rooms that each may name. The command line may name all.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("domain", &[]),
    ("simulate", &["domain"]),
    ("text", &["domain"]),
    ("seal", &["domain"]),
    ("vault", &["domain"]),
    ("store", &["domain", "work"]),
    ("access", &["domain", "seal", "vault", "store"]),
    ("ledger", &["domain", "seal", "vault", "store", "access", "work"]),
    ("work", &[]),
    ("projection", &["domain", "ledger", "access", "work"]),
    ("refusals", &["work"]),
    ("http", HTTP),
    ("web", HTTP),
];

const HTTP: &[&str] =
    &["config", "domain", "seal", "text", "ledger", "projection", "refusals", "access", "work"];

/// Files beside the rooms: the map, the command, and the command line, which may name all.
const FREE: &[&str] = &["lib", "main", "cli"];

/// Outside crates and their only homes.
const HOMES: &[(&str, &[&str])] = &[
    ("axum", &["http", "web"]),
    ("hyper", &["http"]),
    ("hyper_util", &["http"]),
    ("http_body_util", &["http"]),
    ("tower", &["http"]),
    ("tower_http", &["http"]),
    ("utoipa", &["http"]),
    ("utoipa_axum", &["http"]),
    ("utoipa_swagger_ui", &["http"]),
    ("prometheus_client", &["http"]),
    ("eventstore", &["store/cluster"]),
    ("rustls", &["store/cluster"]),
    ("rustls_native_certs", &["store/cluster"]),
    ("tokio_rustls", &["store/cluster"]),
    ("fluent_bundle", &["text/words.rs"]),
    (
        "rusqlite",
        &["store/embedded", "projection/lists/state", "projection/state", "refusals", "vault"],
    ),
    ("jsonschema", &["domain/vocabulary"]),
    ("chrono_tz", &["domain/time/calendar.rs", "simulate"]),
    ("rand_chacha", &["simulate"]),
    ("getrandom", &["ledger", "store", "vault"]),
    ("percent_encoding", &["cli", "http/request", "store/cluster"]),
    (
        "uuid",
        &[
            "cli",
            "domain/id.rs",
            "ledger/clock.rs",
            "projection/script/care_event.rs",
            "store/cluster",
        ],
    ),
    ("clap", &["cli", "config.rs"]),
    ("clap_complete", &["cli"]),
    ("tracing_subscriber", &["cli"]),
    ("indicatif", &["cli"]),
    ("tikv_jemallocator", &["main.rs"]),
    ("ureq", &["cli"]),
    ("rquickjs", &["projection/script/engine"]),
    ("rustix", &["cli", "http/server", "projection/script/engine/meter.rs", "work"]),
    (
        "toml",
        &[
            "config.rs",
            "domain/credit/rules.rs",
            "domain/trajectory/rules.rs",
            "projection/summary",
        ],
    ),
];

/// Rooms that decide without I/O, clock or randomness: these arrive as arguments.
const PURE: &[&str] = &["domain", "seal", "simulate", "text"];

/// The words that a pure room must not use.
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

/// Calls that only these places may make.
const CALLS: &[(&str, &[&str])] =
    &[("Utc::now", &["cli", "ledger/clock.rs"]), ("new_v4", &["cli", "ledger/clock.rs"])];

/// The macros that print, and the only place that may use them. Every other place hands its text to
/// that place, which escapes it.
const PRINTING: &[&str] = &["println!", "print!", "eprintln!", "eprint!", "dbg!"];
const TERMINAL: &str = "cli/terminal.rs";

/// The only file with `unsafe` code.
const UNSAFE: &str = "projection/script/engine/raw.rs";

/// The modules and types of one backend, which only the store itself names.
const BACKENDS: &[&str] = &["embedded", "Embedded", "EventStoreDb", "eventstore"];

/// The other backend. Its word alone means the cluster itself, which any room may speak of.
const CLUSTER: &str = "store::cluster";

fn room(place: &str) -> &str {
    place.split('/').next().unwrap_or(place).trim_end_matches(".rs")
}

/// Each room names only the rooms that it may.
pub fn each_room_names_only_those_it_may(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, code) in tree.source() {
        let here = room(place);
        let Some((_, may)) = MAY_NAME.iter().find(|(name, _)| *name == here) else {
            if !FREE.contains(&here) {
                let rule = format!("{here} is no room of the map");
                findings.push(finding(place, 1, rule, "redraw the map in tests/tidy/rooms.rs"));
            }
            continue;
        };
        for (line, path) in paths(&code) {
            let other = path.get(1).map_or("", String::as_str);
            let is_room = MAY_NAME.iter().any(|(name, _)| *name == other) || other == "cli";
            if path[0] == "crate" && is_room && other != here && !may.contains(&other) {
                let rule = format!("{here} names {other}");
                findings.push(finding(place, line, rule, "ask a room between them"));
            }
        }
    }
    findings.dedup();
    findings
}

/// Each outside crate is named in its home alone.
pub fn each_outside_crate_has_one_home(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, code) in tree.source() {
        for (line, text) in (1..).zip(code.lines()) {
            for (outside, homes) in HOMES {
                let is_named = has_word(text, outside) && text.contains(&format!("{outside}::"));
                if is_named && !homes.iter().any(|home| place.starts_with(home)) {
                    let rule = format!("{outside} lives in {}", homes.join(" and "));
                    findings.push(finding(place, line, rule, "call its room"));
                }
            }
        }
    }
    findings
}

/// A pure room has no I/O, clock or randomness, and ids and times are made in one place.
pub fn pure_rooms_neither_look_nor_act(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, code) in tree.source() {
        let is_pure = PURE.contains(&room(place));
        for (line, text) in (1..).zip(code.lines()) {
            for word in IMPURE.iter().filter(|word| is_pure && has_word(text, word)) {
                let rule = format!("{word} in a pure room");
                findings.push(finding(place, line, rule, "take the value as an argument"));
            }
            for (call, homes) in CALLS.iter().filter(|_| !is_pure) {
                if has_word(text, call) && !homes.iter().any(|home| place.starts_with(home)) {
                    let rule = format!("{call} lives in {}", homes.join(" and "));
                    findings.push(finding(place, line, rule, "take the value as an argument"));
                }
            }
        }
    }
    findings
}

/// One file has `unsafe` code: all that the binding of an outside engine offers only by hand.
pub fn unsafe_code_has_one_home(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, code) in tree.source().filter(|(place, _)| *place != UNSAFE) {
        for (line, text) in (1..).zip(code.lines()) {
            if ["unsafe", "unsafe_code"].iter().any(|word| has_word(text, word)) {
                let rule = format!("unsafe code outside {UNSAFE}");
                findings.push(finding(place, line, rule, "use what is safe, or call that file"));
            }
        }
    }
    findings
}

/// One file prints: text from outside reaches a terminal through it, escaped.
pub fn only_the_terminal_prints(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, code) in tree.source().filter(|(place, _)| *place != TERMINAL) {
        for (line, text) in (1..).zip(code.lines()) {
            if let Some(word) = PRINTING.iter().find(|word| has_word(text, word)) {
                let rule = format!("{word} outside {TERMINAL}");
                findings.push(finding(place, line, rule, "call print_page, print_json or tell"));
            }
        }
    }
    findings
}

/// No file outside the store names a backend.
pub fn only_the_store_names_a_backend(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, code) in tree.source().filter(|(place, _)| room(place) != "store") {
        let is_cluster = |path: &[String]| path.join("::").starts_with("crate::store::cluster");
        let clusters = paths(&code).into_iter().filter(|(_, path)| is_cluster(path));
        let named_in_braces: Vec<usize> = clusters.map(|(line, _)| line).collect();
        for (line, text) in (1..).zip(code.lines()) {
            let backend = BACKENDS.iter().find(|word| has_word(text, word));
            let is_cluster = text.contains(CLUSTER) || named_in_braces.contains(&line);
            if let Some(name) = backend.or(is_cluster.then_some(&CLUSTER)) {
                let rule = format!("{name} above the store");
                findings.push(finding(place, line, rule, "go through store::open and the trait"));
            }
        }
    }
    findings
}
