//! A test of the rules: each rule finds the breach that is planted for it, and nothing in right
//! files.

use super::tree::Tree;
use super::{RULES, Rule};

/// The name of a rule, files with one breach (or none), and the findings as printed.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

const ROOMS: &[Row] = &[
    (
        "each room names only those it may",
        &[("src/domain/a.rs", "use crate::store::Position;"), ("src/store/mod.rs", "")],
        &["src/domain/a.rs:1: domain names store; ask a room between them"],
    ),
    (
        "each room names only those it may",
        &[("src/http/a.rs", "use crate::{\n    ledger::Ledger,\n    store::{self, Store},\n};")],
        &["src/http/a.rs:1: http names store; ask a room between them"],
    ),
    (
        "each room names only those it may",
        &[("src/work/a.rs", "fn f() {\n    crate::domain::now()\n}")],
        &["src/work/a.rs:2: work names domain; ask a room between them"],
    ),
    (
        "each room names only those it may",
        &[("src/attic/a.rs", "")],
        &["src/attic/a.rs:1: attic is no room of the map; redraw the map in tests/tidy/rooms.rs"],
    ),
    (
        "each room names only those it may",
        &[
            ("src/cli/a.rs", "use crate::store;"),
            ("src/seal/a.rs", "use crate::domain; // not crate::store"),
            ("src/web/a.rs", "use crate::access::Scope;\nconst A: &str = \"crate::store\";"),
        ],
        &[],
    ),
    (
        "each outside crate has one home",
        &[("src/ledger/a.rs", "\nuse axum::Router;"), ("src/http/a.rs", "use axum::Router;")],
        &["src/ledger/a.rs:2: axum lives in http and web; call its room"],
    ),
    (
        "pure rooms neither look nor act",
        &[("src/domain/a.rs", "use std::fs::read;"), ("src/cli/a.rs", "use std::fs::read;")],
        &["src/domain/a.rs:1: std::fs in a pure room; take the value as an argument"],
    ),
    (
        "pure rooms neither look nor act",
        &[("src/http/a.rs", "fn f() { Utc::now() }")],
        &["src/http/a.rs:1: Utc::now lives in cli and ledger/clock.rs; take the value as an \
            argument"],
    ),
    (
        "unsafe code has one home",
        &[
            ("src/store/a.rs", "fn f() { unsafe { g() } }"),
            ("src/projection/script/engine/raw.rs", "#![allow(unsafe_code)]\nunsafe fn f() {}"),
        ],
        &["src/store/a.rs:1: unsafe code outside projection/script/engine/raw.rs; use what is \
            safe, or call that file"],
    ),
    (
        "only the terminal prints",
        &[
            ("src/cli/a.rs", "fn f() { eprintln!(\"a\") } // print!"),
            ("src/cli/terminal.rs", "fn f() { print!(\"a\") }"),
        ],
        &["src/cli/a.rs:1: eprintln! outside cli/terminal.rs; call print_page, print_json or tell"],
    ),
    (
        "only the store names a backend",
        &[("src/ledger/a.rs", "use crate::store::embedded::Writer;")],
        &["src/ledger/a.rs:1: embedded above the store; go through store::open and the trait"],
    ),
    (
        "only the store names a backend",
        &[("src/cli/a.rs", "\ncrate::store::cluster::open();"), ("src/store/a.rs", "embedded")],
        &["src/cli/a.rs:2: store::cluster above the store; go through store::open and the trait"],
    ),
    (
        "only the store names a backend",
        &[("src/cli/a.rs", "\nuse crate::store::{Store, cluster};"), ("src/cli/cluster.rs", "")],
        &["src/cli/a.rs:2: store::cluster above the store; go through store::open and the trait"],
    ),
];

const SHAPE: &[Row] = &[
    (
        "files are headed, short and narrow",
        &[("tests/a.rs", "mod a;"), ("tests/generated/a.rs", "mod a;")],
        &["tests/a.rs:1: no header; say in `//!` what the file is for"],
    ),
    (
        "no type name stands twice",
        &[("src/a.rs", "struct Page;"), ("src/b.rs", "\npub(crate) enum Page {}")],
        &["src/b.rs:2: Page is also a type of src/a.rs; give one of them a name of its own"],
    ),
    (
        "no type name stands twice",
        &[("src/a.rs", "struct Page;"), ("src/b.rs", "choices! {\n    /// A page.\n    Page:")],
        &["src/b.rs:3: Page is also a type of src/a.rs; give one of them a name of its own"],
    ),
    (
        "no type name stands twice",
        &[
            ("src/a.rs", "struct Page;\nimpl Iterator for Page {\n    type Item = u8;\n}"),
            ("src/b.rs", "trait Item {}\n#[cfg(test)]\nmod tests {\n    struct Page;\n}"),
        ],
        &[],
    ),
    (
        "no circle of files",
        &[
            ("src/a/mod.rs", "mod b;\npub use self::b::B;\nstruct A;"),
            ("src/a/b.rs", "use super::A;"),
            ("src/c.rs", "use crate::a::B;"),
        ],
        &["src/a/b.rs:1: circle of a/b.rs, a/mod.rs; move what they share to a file below them"],
    ),
    (
        "no circle of files",
        &[
            ("src/a/mod.rs", "mod b;\nmod c;\npub use b::B;"),
            ("src/a/b.rs", "use super::c::{self, C};"),
            (
                "src/a/c.rs",
                "pub struct C;\n#[cfg(test)]\nmod tests {\n    use super::super::b::B;\n}",
            ),
        ],
        &[],
    ),
];

const COMPANY: &[Row] = &[
    (
        "each schema version has its company",
        &[
            ("schemas/x.y.v1.json", ""),
            ("schemas/examples/x.y.json", ""),
            ("tests/fixtures/schemas/x.y.valid.json", ""),
        ],
        &["schemas/x.y.v1.json:1: version 1 lacks tests/fixtures/schemas/x.y.invalid.json; write \
            one of its own"],
    ),
    (
        "each schema version has its company",
        &[
            ("schemas/x.y.v1.json", ""),
            ("schemas/x.y.v2.json", ""),
            ("schemas/examples/x.y.json", ""),
            ("schemas/examples/x.y.v1.json", ""),
            ("tests/fixtures/schemas/x.y.valid.json", ""),
            ("tests/fixtures/schemas/x.y.v1.valid.json", ""),
            ("tests/fixtures/schemas/x.y.v2.invalid.json", ""),
            ("tests/fixtures/schemas/x.y.v1.invalid.json", ""),
        ],
        &[],
    ),
    (
        "each schema version has its company",
        &[("schemas/envelope.json", ""), ("schemas/x.y.json", "")],
        &["schemas/x.y.json:1: x.y has no version; name the file <type>.v<number>.json"],
    ),
    (
        "each value of a finding has words",
        &[
            ("src/domain/a.rs", "fn f() {\n    found.with(\"on\", 1).with(\"until\", 2)\n}"),
            ("src/http/a.rs", "fn f() { found.with(\"other\", 1) }"),
            ("src/text/words/en.ftl", "value-on = on\nvalue-until = until"),
            ("src/text/words/nl.ftl", "value-on = op"),
        ],
        &["src/domain/a.rs:2: value until has no words in src/text/words/nl.ftl; write them in \
            each language"],
    ),
    (
        "decisions are numbered",
        &[("ops/decisions/0001-a.md", ""), ("ops/decisions/0003-b.md", "")],
        &["ops/decisions/0003-b.md:1: decision 2 is missing or stands twice; number decisions \
            without gaps"],
    ),
];

fn rule(name: &str) -> Rule {
    *RULES.iter().find(|(other, _)| *other == name).unwrap_or_else(|| panic!("no rule {name}"))
}

fn findings(name: &str, files: &[(&str, &str)]) -> Vec<String> {
    rule(name).1(&Tree::with(files)).iter().map(ToString::to_string).collect()
}

#[test]
fn each_rule_finds_the_breach_that_is_planted_for_it() {
    for (name, files, expected) in [ROOMS, SHAPE, COMPANY].concat() {
        assert_eq!(findings(name, files), expected, "{name}: {files:?}");
    }
}

#[test]
fn lengths_are_counted_and_a_table_of_rows_is_not() {
    let short = "    a();\n".repeat(58);
    let function = |body: &str| format!("//! A.\nfn long(\n) {{\n{body}}}\n");
    let rows = "        (\"}\", 1),\n".repeat(90);
    let tabled = format!("    let rows = [\n{rows}    ];\n{}", &short[27..]);
    let wide = format!("//! {}\n", "a".repeat(97));
    let put_off = format!("//! A.\n// {}{}: later\n", "TO", "DO");
    let rows: [(&str, &str, String, &[&str]); 7] = [
        ("functions are short", "57 lines and its ends", function(&short[9..]), &[]),
        ("functions are short", "55 lines, and a table of 90 rows", function(&tabled), &[]),
        (
            "functions are short",
            "one line more",
            function(&short),
            &["src/a.rs:2: long has over 60 lines; name its parts, or make its rows a table"],
        ),
        (
            "files are headed, short and narrow",
            "401 lines",
            format!("//! A.\n{}", "\n".repeat(400)),
            &["src/a.rs:401: over 400 lines; split the file by what it does"],
        ),
        (
            "files are headed, short and narrow",
            "400 lines",
            format!("//! A.\n{}", "\n".repeat(399)),
            &[],
        ),
        (
            "files are headed, short and narrow",
            "101 columns",
            wide,
            &["src/a.rs:1: over 100 columns; break the line"],
        ),
        (
            "files are headed, short and narrow",
            "put off",
            put_off,
            &[concat!("src/a.rs:2: TO", "DO puts work off; do the work or file an issue")],
        ),
    ];
    for (name, why, text, expected) in rows {
        assert_eq!(findings(name, &[("src/a.rs", &text)]), expected, "{why}");
    }
}

#[test]
fn every_rule_has_a_planted_breach() {
    let rows = [ROOMS, SHAPE, COMPANY].concat();
    for (name, _) in RULES.iter().filter(|(name, _)| *name != "functions are short") {
        let is_planted = rows.iter().any(|(row, _, expected)| row == name && !expected.is_empty());
        assert!(is_planted, "no breach is planted for: {name}");
    }
}
