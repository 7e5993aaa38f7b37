//! Files that belong together: a schema and its fixtures, the values of findings and their words,
//! decisions in a row.

use std::collections::BTreeSet;

use super::tree::{Finding, Tree};

/// The folders and endings of the example and the fixtures of a type.
const COMPANY: &[(&str, &str)] = &[
    ("schemas/examples/", ".json"),
    ("tests/fixtures/schemas/", ".valid.json"),
    ("tests/fixtures/schemas/", ".invalid.json"),
];

/// Each version of each schema has an example, a valid and an invalid fixture. One version of a
/// type has them under the name of the type, the others under the name of type and version.
pub fn each_schema_version_has_its_company(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let names =
        tree.0.keys().filter_map(|path| path.strip_prefix("schemas/")?.strip_suffix(".json"));
    let versions: Vec<&str> =
        names.filter(|name| !name.contains('/') && *name != "envelope").collect();
    for version in &versions {
        let Some((kind, number)) = version.rsplit_once(".v") else {
            let rule = format!("{version} has no version");
            findings.push(missing(version, rule, "name the file <type>.v<number>.json"));
            continue;
        };
        let is_the_only_one = versions.iter().filter(|other| is_of(other, kind)).count() == 1;
        for (folder, ending) in COMPANY {
            let has = |name: &str| tree.0.contains_key(&format!("{folder}{name}{ending}"));
            let others_have = versions
                .iter()
                .filter(|other| is_of(other, kind) && *other != version)
                .all(|other| has(other));
            if !(has(version) || has(kind) && (is_the_only_one || others_have)) {
                let rule = format!("version {number} lacks {folder}{kind}{ending}");
                findings.push(missing(version, rule, "write one of its own"));
            }
        }
    }
    findings
}

fn is_of(version: &str, kind: &str) -> bool {
    version.rsplit_once(".v").is_some_and(|(other, _)| other == kind)
}

fn missing(version: &str, rule: String, remedy: &'static str) -> Finding {
    Finding { path: format!("schemas/{version}.json"), line: 1, rule, remedy }
}

/// Each value that a finding names has words in each language.
pub fn each_value_of_a_finding_has_words(tree: &Tree) -> Vec<Finding> {
    let words = tree.0.iter().filter(|(path, _)| path.starts_with("src/text/words/"));
    let words: Vec<(&String, &String)> = words.collect();
    let mut findings = Vec::new();
    let is_of_findings = |path: &str| path.starts_with("src/domain/") && !path.contains("/alerts/");
    for (path, text) in tree.rust().filter(|(path, _)| is_of_findings(path)) {
        for (line, text) in (1..).zip(text.lines()) {
            let named = text.split(".with(\"").skip(1).filter_map(|rest| rest.split('"').next());
            for name in named {
                let key = format!("value-{name} = ");
                let lacks =
                    |(_, text): &&(&String, &String)| !text.lines().any(|l| l.starts_with(&key));
                findings.extend(words.iter().find(lacks).map(|(language, _)| Finding {
                    path: path.to_owned(),
                    line,
                    rule: format!("value {name} has no words in {language}"),
                    remedy: "write them in each language",
                }));
            }
        }
    }
    findings
}

/// Decisions are numbered from 1 without gaps.
pub fn decisions_are_numbered_without_gaps(tree: &Tree) -> Vec<Finding> {
    let names: Vec<&String> =
        tree.0.keys().filter(|path| path.starts_with("ops/decisions/")).collect();
    let number = |path: &str| -> Option<usize> {
        path.strip_prefix("ops/decisions/")?.split('-').next()?.parse().ok()
    };
    let numbers: BTreeSet<usize> = names.iter().filter_map(|path| number(path)).collect();
    let mut findings = Vec::new();
    for (place, path) in (1..).zip(&names) {
        if number(path) != Some(place) || numbers.len() != names.len() {
            findings.push(Finding {
                path: (*path).clone(),
                line: 1,
                rule: format!("decision {place} is missing or stands twice"),
                remedy: "number decisions without gaps",
            });
            break;
        }
    }
    findings
}
