//! The report: one line a check, what to do where it is not well, and how the command ends.

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::domain::vocabulary::violation::without_content;

/// Every check, in the order in which they are made.
const NAMES: [&str; 9] = [
    "address",
    "ledger",
    "health",
    "clock",
    "contract",
    "dryRun",
    "duplicateKeys",
    "file",
    "refusals",
];

/// So many groups of refusals are listed; the rest is counted.
const GROUPS_TOLD: usize = 20;

/// How a check came out; the worst one is that of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Not made.
    Skipped,
    /// Well.
    Ok,
    /// Works, but look at it.
    Warning,
    /// Does not work.
    Failed,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// One check.
#[derive(Debug, Serialize)]
pub struct Check {
    name: &'static str,
    status: Status,
    detail: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Refusals of one kind each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Group>,
}

/// Refusals for one reason at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// How many.
    pub count: u64,
    /// The problem's type.
    pub problem: String,
    /// The finer code, or the last word of the problem's type.
    pub code: String,
    /// The place: a pointer or a header.
    pub name: String,
    /// The page to read, in the ledger.
    pub href: String,
    /// The first line of the file, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl Group {
    /// The groups that a problem belongs to, one an issue, without counting.
    pub fn of(problem: &Value, line: Option<u64>) -> Vec<Self> {
        let kind = problem["type"].as_str().unwrap_or_default();
        let word = kind.rsplit(':').next().unwrap_or_default();
        let group = |issue: &Value| Self {
            count: 1,
            problem: kind.to_owned(),
            code: issue["code"].as_str().unwrap_or(word).to_owned(),
            name: without_content(issue["name"].as_str().unwrap_or_default()),
            href: format!("/errors/{word}"),
            line,
        };
        let issues = problem["issues"].as_array().filter(|issues| !issues.is_empty());
        issues.map_or_else(|| vec![group(&Value::Null)], |all| all.iter().map(group).collect())
    }

    /// Adds to the group of the same kind, or begins it.
    pub fn count_in(self, groups: &mut Vec<Self>) {
        let same = |group: &&mut Self| {
            (&group.problem, &group.code, &group.name) == (&self.problem, &self.code, &self.name)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.count += 1,
            None => groups.push(self),
        }
    }
}

impl Check {
    /// Well.
    pub fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, detail: detail.into(), next: None, refused: Vec::new() }
    }

    /// Not made, and how to have it made.
    pub fn skipped(name: &'static str, detail: &str) -> Self {
        Self { status: Status::Skipped, ..Self::ok(name, detail) }
    }

    /// Not made, because another failed.
    pub fn after(name: &'static str, other: &str) -> Self {
        Self::skipped(name, &format!("{other} comes first"))
    }

    /// Works, but.
    pub fn warning(name: &'static str, detail: impl Into<String>, next: &str) -> Self {
        Self { status: Status::Warning, next: Some(next.into()), ..Self::ok(name, detail) }
    }

    /// Does not work, and what to do.
    pub fn failed(name: &'static str, detail: impl Into<String>, next: &str) -> Self {
        Self { status: Status::Failed, next: Some(next.into()), ..Self::ok(name, detail) }
    }

    /// With refusals, the most frequent first.
    pub fn refused(mut self, mut groups: Vec<Group>) -> Self {
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        self.refused = groups;
        self
    }

    fn text(&self, url: &str) -> String {
        let mut out = format!("{:<8} {:<14} {}\n", self.status.word(), self.name, self.detail);
        for group in self.refused.iter().take(GROUPS_TOLD) {
            let name = if group.name.is_empty() { "the whole event" } else { &group.name };
            let line = group.line.map(|line| format!(", first in line {line}"));
            out.push_str(&format!(
                "{:24}{} x {} at {name}{}; see {url}{}\n",
                "",
                group.count,
                group.code,
                line.unwrap_or_default(),
                group.href
            ));
        }
        if self.refused.len() > GROUPS_TOLD {
            let more = self.refused.len() - GROUPS_TOLD;
            out.push_str(&format!("{:24}and {more} further reasons (--json has all)\n", ""));
        }
        if let Some(next) = &self.next {
            out.push_str(&format!("{:24}-> {next}\n", ""));
        }
        out
    }
}

/// All checks of a ledger.
pub struct Report {
    url: String,
    checks: Vec<Check>,
    is_reached: bool,
}

impl Report {
    /// No checks yet.
    pub fn new(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), checks: Vec::new(), is_reached: false }
    }

    /// Notes whether something answered.
    pub fn reached(&mut self, is_answered: bool) {
        self.is_reached = is_answered;
    }

    /// Adds a check; says whether the next ones make sense.
    pub fn add(&mut self, check: Check) -> bool {
        let goes_on = check.status != Status::Failed;
        self.checks.push(check);
        goes_on
    }

    /// Names the checks that were not made because an earlier one failed.
    pub fn skip_the_rest(&mut self) {
        let Some(last) = self.checks.last().map(|check| check.name) else { return };
        for name in NAMES.iter().skip(self.checks.len()) {
            self.checks.push(Check::after(name, last));
        }
    }

    fn worst(&self) -> Status {
        self.checks.iter().map(|check| check.status).max().unwrap_or(Status::Ok)
    }

    fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// For a program.
    pub fn json(&self) -> String {
        let report = json!({"url": self.url, "status": self.worst(), "checks": self.checks});
        serde_json::to_string_pretty(&report).expect("serialises into memory") + "\n"
    }

    /// For a person.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n\n", self.url);
        self.checks.iter().for_each(|check| out.push_str(&check.text(&self.url)));
        out
    }

    /// How the command ends.
    ///
    /// # Errors
    /// Nothing was reached, or a check failed.
    pub fn end(&self) -> Result<(), Failure> {
        let failed = self.count(Status::Failed);
        if failed == 0 {
            let warnings = self.count(Status::Warning);
            let made = self.checks.len() - self.count(Status::Skipped);
            eprintln!("{made} checks made, {warnings} with a warning, none failed");
            return Ok(());
        }
        if !self.is_reached {
            return Err(Failure::unreachable("no ledger was reached"));
        }
        Err(Failure::no(format!("{failed} failed; what to do stands with each")))
    }
}
