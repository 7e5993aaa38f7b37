//! The shape of files: header, lengths, one name for one type, and no circle of files.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Finding, Tree, blank, finding, has_word, is_of_a_word, paths};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 60;
const COLUMNS_MAX: usize = 100;

/// Words that put work off. In two parts, because this file is looked at too.
const PUT_OFF: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Each file says first what it is for, and has at most 400 lines of at most 100 columns.
pub fn files_are_headed_short_and_narrow(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust() {
        let mut find = |line: usize, rule: String, remedy: &'static str| {
            findings.push(Finding { path: path.to_owned(), line, rule, remedy });
        };
        if !text.starts_with("//!") {
            find(1, "no header".into(), "say in `//!` what the file is for");
        }
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            find(lines, format!("over {FILE_LINES_MAX} lines"), "split the file by what it does");
        }
        for (line, text) in (1..).zip(text.lines()) {
            if text.chars().count() > COLUMNS_MAX {
                find(line, format!("over {COLUMNS_MAX} columns"), "break the line");
            }
            for word in PUT_OFF.iter().filter(|word| has_word(text, word)) {
                find(line, format!("{word} puts work off"), "do the work or file an issue");
            }
        }
    }
    findings
}

/// A function has at most 60 lines, tables of rows apart. A table is what stands between a line
/// that ends in `[` and the line that closes it: rows are read across, one at a time.
pub fn functions_are_short(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust() {
        let blank = blank(text);
        let lines: Vec<&str> = blank.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = function_name(line) else { continue };
            let Some(end) = end_of_function(&lines[at..]) else { continue };
            let length = lines_without_tables(&lines[at..=at + end]);
            if length > FUNCTION_LINES_MAX {
                findings.push(Finding {
                    path: path.to_owned(),
                    line: at + 1,
                    rule: format!("{name} has over {FUNCTION_LINES_MAX} lines"),
                    remedy: "name its parts, or make its rows a table",
                });
            }
        }
    }
    findings
}

fn function_name(line: &str) -> Option<&str> {
    let at = line.find("fn ")?;
    let before = line[..at].trim();
    let are_qualifiers = before.split_whitespace().all(|word| {
        matches!(word, "pub" | "const" | "async") || word.starts_with("pub(") || word == "in"
    });
    let rest = &line[at + 3..];
    let name = &rest[..rest.find(|sign| !is_of_a_word(sign)).unwrap_or(rest.len())];
    (are_qualifiers && !name.is_empty()).then_some(name)
}

/// The place of the line that closes the function of the first line; none for a declaration.
fn end_of_function(lines: &[&str]) -> Option<usize> {
    let (mut braces, mut brackets) = (0_i32, 0_i32);
    for (at, line) in lines.iter().enumerate() {
        for sign in line.chars() {
            match sign {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets -= 1,
                ';' if braces == 0 && brackets == 0 => return None,
                '{' => braces += 1,
                '}' if braces == 1 => return Some(at),
                '}' => braces -= 1,
                _ => {}
            }
        }
    }
    None
}

fn lines_without_tables(lines: &[&str]) -> usize {
    let (mut count, mut depth) = (0, 0_i32);
    for line in lines {
        let line = line.trim();
        let opened = line.matches('[').count() as i32 - line.matches(']').count() as i32;
        if depth > 0 {
            depth += opened;
            count += usize::from(depth <= 0);
            continue;
        }
        count += 1;
        if line.ends_with('[') {
            depth = opened.max(1);
        }
    }
    count
}

/// No type name stands twice in the crate.
pub fn no_type_name_stands_twice(tree: &Tree) -> Vec<Finding> {
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    let mut findings = Vec::new();
    for (place, code) in tree.source() {
        for (line, text) in (1..).zip(code.lines()) {
            let Some(name) = type_name(text) else { continue };
            if let Some(other) = first.get(name).filter(|other| *other != place) {
                let rule = format!("{name} is also a type of src/{other}");
                findings.push(finding(place, line, rule, "give one of them a name of its own"));
            }
            first.entry(name.to_owned()).or_insert_with(|| place.to_owned());
        }
    }
    findings
}

/// The name that a line gives to a type: `struct Name`, or `Name:` alone on a line of the
/// `choices!` macro. A `type` inside an `impl` is part of a trait, so it does not count.
fn type_name(line: &str) -> Option<&str> {
    let choices = line.trim().strip_suffix(':').filter(|name| name.chars().all(is_of_a_word));
    if let Some(name) = choices.filter(|name| name.starts_with(char::is_uppercase)) {
        return Some(name);
    }
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        let after = after
            .strip_prefix('(')
            .map_or(after, |after| after.split_once(')').map_or(after, |(_, after)| after));
        rest = after.trim_start();
    }
    let kinds = ["struct ", "enum ", "trait ", "union ", "type "];
    let kind = kinds.iter().find(|kind| rest.starts_with(**kind))?;
    if *kind == "type " && line.starts_with(' ') {
        return None;
    }
    let rest = &rest[kind.len()..];
    let name = &rest[..rest.find(|sign| !is_of_a_word(sign)).unwrap_or(rest.len())];
    name.starts_with(char::is_uppercase).then_some(name)
}

/// No circle of files: where one file uses another, directly or through others, the other does not
/// use it.
pub fn no_circle_of_files(tree: &Tree) -> Vec<Finding> {
    let uses = uses(tree);
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|place| (place.as_str(), reachable(&uses, place))).collect();
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    let mut findings = Vec::new();
    for (place, others) in &reached {
        let circle: Vec<&str> =
            others.iter().copied().filter(|other| reached[other].contains(place)).collect();
        if circle.len() > 1 && reported.insert(place) {
            reported.extend(&circle);
            let rule = format!("circle of {}", circle.join(", "));
            findings.push(finding(place, 1, rule, "move what they share to a file below them"));
        }
    }
    findings
}

/// Which files of `src` each file uses. A path belongs to the longest module that begins it.
fn uses(tree: &Tree) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeMap<String, String> =
        tree.source().map(|(place, _)| (module(place), place.to_owned())).collect();
    let mut uses = BTreeMap::new();
    for (place, code) in tree.source() {
        let here = module(place);
        let here: Vec<&str> = here.split("::").filter(|part| !part.is_empty()).collect();
        let mut used = BTreeSet::new();
        for (_, path) in paths(&code) {
            let ups = path.iter().take_while(|part| *part == "super").count();
            let kept = if path[0] == "crate" { 0 } else { here.len().saturating_sub(ups) };
            let rest = path.iter().skip(ups.max(usize::from(ups == 0))).map(String::as_str);
            let whole: Vec<&str> = here[..kept].iter().copied().chain(rest).collect();
            let found = (1..=whole.len()).rev().find_map(|n| modules.get(&whole[..n].join("::")));
            used.extend(found.filter(|found| *found != place).cloned());
        }
        uses.insert(place.to_owned(), used);
    }
    uses
}

/// The module of a file of `src`: `domain/credit/mod.rs` is `domain::credit`.
fn module(place: &str) -> String {
    let path = place.trim_end_matches(".rs");
    path.strip_suffix("/mod").unwrap_or(path).replace('/', "::")
}

/// The files that a file uses, directly or through others.
fn reachable<'a>(uses: &'a BTreeMap<String, BTreeSet<String>>, from: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(place) = waiting.pop() {
        let next = uses.get(place).into_iter().flatten().map(String::as_str);
        waiting.extend(next.filter(|next| found.insert(*next)));
    }
    found
}
