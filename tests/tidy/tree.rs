//! The files that the rules look at, and how Rust text is read: without comments and strings, by
//! lines, and by the paths that it names. Rules take a `Tree`, so that a test can plant a breach.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Files by their path from the root of the repository.
#[derive(Default)]
pub struct Tree(pub BTreeMap<String, String>);

/// A breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub path: String,
    pub line: usize,
    /// The breach, in words.
    pub rule: String,
    /// The remedy for the breach.
    pub remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.rule, self.remedy)
    }
}

impl Tree {
    /// Reads the folders of this repository that rules look at.
    pub fn of_the_repository() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = BTreeMap::new();
        let mut folders: Vec<_> =
            ["src", "tests", "schemas", "ops/decisions"].map(|name| root.join(name)).into();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(text) = std::fs::read_to_string(&path) {
                    let place = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                    files.insert(place, text);
                }
            }
        }
        Self(files)
    }

    /// Files with these paths and texts.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self(files.iter().map(owned).collect())
    }

    /// Rust files written by hand, with their texts.
    pub fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        files.filter(|(path, _)| path.ends_with(".rs") && !path.starts_with("tests/generated/"))
    }

    /// The files of `src`, by their path inside it, as code.
    pub fn source(&self) -> impl Iterator<Item = (&str, String)> {
        let files = self.rust().filter_map(|(path, text)| Some((path.strip_prefix("src/")?, text)));
        files.map(|(place, text)| (place, code(text)))
    }
}

/// A finding in a file of `src`.
pub fn finding(place: &str, line: usize, rule: String, remedy: &'static str) -> Finding {
    Finding { path: format!("src/{place}"), line, rule, remedy }
}

/// The text of a file up to its unit tests, without comments and the contents of strings.
pub fn code(text: &str) -> String {
    let blank = blank(text);
    let end = blank.find("#[cfg(test)]\nmod ").unwrap_or(blank.len());
    blank[..end].to_owned()
}

/// The same text, with spaces in place of every comment and of all text between quotes. Line breaks
/// stay, so each line keeps its number.
pub fn blank(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < signs.len() {
        let end = skipped(&signs, at);
        if end == at {
            out.push(signs[at]);
            at += 1;
            continue;
        }
        out.extend(signs[at..end].iter().map(|sign| if *sign == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

/// The end of the comment or literal that begins at `at`; `at` itself if neither begins there.
fn skipped(signs: &[char], at: usize) -> usize {
    let is = |offset: usize, sign: char| signs.get(at + offset) == Some(&sign);
    let until = |from: usize, end: &str| {
        let end: Vec<char> = end.chars().collect();
        let found = (from..signs.len()).find(|at| signs[*at..].starts_with(&end));
        found.map_or(signs.len(), |found| found + end.len())
    };
    match signs[at] {
        '/' if is(1, '/') => until(at, "\n").max(at + 1) - 1,
        '/' if is(1, '*') => until(at + 2, "*/"),
        '"' => quoted(signs, at, '"'),
        '\'' if is(1, '\\') || is(2, '\'') => quoted(signs, at, '\''),
        'r' if (is(1, '"') || is(1, '#')) && !follows_a_word(signs, at) => {
            let hashes = signs[at + 1..].iter().take_while(|sign| **sign == '#').count();
            if !is(1 + hashes, '"') {
                return at;
            }
            until(at + hashes + 2, &format!("\"{}", "#".repeat(hashes)))
        }
        _ => at,
    }
}

fn follows_a_word(signs: &[char], at: usize) -> bool {
    at > 0 && is_of_a_word(signs[at - 1]) && signs[at - 1] != 'b'
}

/// The end of a literal between two `quote` signs; a sign after a backslash does not end it.
fn quoted(signs: &[char], begin: usize, quote: char) -> usize {
    let mut at = begin + 1;
    while at < signs.len() && signs[at] != quote {
        at += if signs[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(signs.len())
}

pub fn is_of_a_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

/// Whether a line has a word or a path of words, and not as part of a longer word.
pub fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_of_a_word) && !after.is_some_and(is_of_a_word)
    })
}

/// Every path that begins with `crate`, `self` or `super`, with its line: those of `use` with
/// their braces written out, and those inside expressions.
pub fn paths(code: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for first in ["crate::", "self::", "super::"] {
        for (at, _) in code.match_indices(first) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|sign| is_of_a_word(sign) || sign == ':') {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            let mut all = Vec::new();
            expand(&code[at..], String::new(), &mut all);
            let parts = |path: String| path.split("::").map(str::to_owned).collect();
            found.extend(all.into_iter().map(|path| (line, parts(path))));
        }
    }
    found.sort();
    found
}

/// Reads one path at the beginning of a text, with the groups in its braces; returns its length.
fn expand(text: &str, prefix: String, found: &mut Vec<String>) -> usize {
    let space = text.len() - text.trim_start().len();
    let word = text[space..].find(|sign: char| !is_of_a_word(sign) && sign != '*');
    let word = word.unwrap_or(text.len() - space);
    let path = format!("{prefix}{}", &text[space..space + word]);
    let mut at = space + word;
    let Some(rest) = text[at..].strip_prefix("::") else {
        if word > 0 {
            found.push(path);
        }
        return at;
    };
    at += 2;
    if !rest.trim_start().starts_with('{') {
        return at + expand(rest, path + "::", found);
    }
    at += rest.find('{').unwrap() + 1;
    while at < text.len() && !text[at..].starts_with('}') {
        let read = expand(&text[at..], format!("{path}::"), found);
        // Two paths of a group are separated by a comma, a line break or `as name`.
        let next = text[at + read..].find([',', '}']).unwrap_or(text.len() - at - read);
        at += read + next;
        at += usize::from(text[at..].starts_with(','));
    }
    at + 1
}
