//! The house rules that a compiler does not see: who may name whom, one home for each outside
//! crate, headers, lengths, one name for one type, and a schema's company.
//! Every finding is `path:line: rule; what to do`.
//!
//! Each rule is a function over a tree of files. It is tried on this repository, and on a planted
//! breach (`planted`), so that a rule that finds nothing is known to look.

#![allow(missing_docs, clippy::unwrap_used)]

mod company;
mod planted;
mod rooms;
mod shape;
mod tree;

use tree::{Finding, Tree};

/// A rule and its name.
type Rule = (&'static str, fn(&Tree) -> Vec<Finding>);

const RULES: [Rule; 13] = [
    ("each room names only those it may", rooms::each_room_names_only_those_it_may),
    ("each outside crate has one home", rooms::each_outside_crate_has_one_home),
    ("pure rooms neither look nor act", rooms::pure_rooms_neither_look_nor_act),
    ("only the store names a backend", rooms::only_the_store_names_a_backend),
    ("unsafe code has one home", rooms::unsafe_code_has_one_home),
    ("only the terminal prints", rooms::only_the_terminal_prints),
    ("files are headed, short and narrow", shape::files_are_headed_short_and_narrow),
    ("functions are short", shape::functions_are_short),
    ("no type name stands twice", shape::no_type_name_stands_twice),
    ("no circle of files", shape::no_circle_of_files),
    ("each schema version has its company", company::each_schema_version_has_its_company),
    ("each value of a finding has words", company::each_value_of_a_finding_has_words),
    ("decisions are numbered", company::decisions_are_numbered_without_gaps),
];

#[test]
fn the_repository_keeps_the_rules() {
    let tree = Tree::of_the_repository();
    let findings = RULES.iter().flat_map(|(_, rule)| rule(&tree));
    let findings: Vec<String> = findings.map(|finding| finding.to_string()).collect();
    assert!(findings.is_empty(), "\n{}\n{} findings\n", findings.join("\n"), findings.len());
}
