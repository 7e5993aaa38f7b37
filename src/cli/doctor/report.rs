//! The report of `doctor`: a line for each check, what to do about a failure, and the exit status.

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::terminal::tell;
use crate::domain::vocabulary::violation::without_content;
use crate::text::page::TextPage;

/// Every check of a ledger, in the order in which they are made.
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

/// Reasons of refusals that the text report lists; it counts the rest.
const REASONS_LISTED_MAX: usize = 20;

/// How a check came out. The worst status of all checks is the status of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckStatus {
    /// The check was not made.
    Skipped,
    /// Everything is as it should be.
    Ok,
    /// It works, but a person should look.
    Warning,
    /// It does not work.
    Failed,
}

impl CheckStatus {
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
    status: CheckStatus,
    detail: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The reasons of refused events, where the check is about refusals.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<RefusalReason>,
}

/// One reason of refusals: a code at a place of an event, and how often it occurred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusalReason {
    /// How many issues had this reason.
    pub count: u64,
    /// The problem's type.
    pub problem: String,
    /// The code of the violation, or the last word of the problem's type.
    pub code: String,
    /// The place: a pointer or a header.
    pub name: String,
    /// The path of the page about this problem, in the ledger.
    pub href: String,
    /// The first line of the file with this reason, where there is a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl RefusalReason {
    /// The reasons in a problem, one for each issue, each counted once.
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

    /// Counts this reason in a list: adds to an equal reason, or appends a new one.
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
    /// A check that found everything as it should be.
    pub fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            status: CheckStatus::Ok,
            detail: detail.into(),
            next: None,
            refused: Vec::new(),
        }
    }

    /// A check that was not made, with what the caller has to give for it.
    pub fn skipped(name: &'static str, detail: &str) -> Self {
        Self { status: CheckStatus::Skipped, ..Self::ok(name, detail) }
    }

    /// A check that was not made because another check failed.
    pub fn after(name: &'static str, other: &str) -> Self {
        Self::skipped(name, &format!("{other} comes first"))
    }

    /// A check that found something to look at.
    pub fn warning(name: &'static str, detail: impl Into<String>, next: &str) -> Self {
        Self { status: CheckStatus::Warning, next: Some(next.into()), ..Self::ok(name, detail) }
    }

    /// A check that failed, with what to do next.
    pub fn failed(name: &'static str, detail: impl Into<String>, next: &str) -> Self {
        Self { status: CheckStatus::Failed, next: Some(next.into()), ..Self::ok(name, detail) }
    }

    /// Adds the reasons of refusals, the most frequent first.
    pub fn refused(mut self, mut groups: Vec<RefusalReason>) -> Self {
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        self.refused = groups;
        self
    }

    fn write(&self, url: &str, page: &mut TextPage) {
        page.row(&format!("{:<8} {:<14} {}", self.status.word(), self.name, self.detail));
        for group in self.refused.iter().take(REASONS_LISTED_MAX) {
            let name = if group.name.is_empty() { "the whole event" } else { &group.name };
            let line = group.line.map(|line| format!(", first in line {line}"));
            page.row(&format!(
                "{:24}{} x {} at {name}{}; see {url}{}",
                "",
                group.count,
                group.code,
                line.unwrap_or_default(),
                group.href
            ));
        }
        if self.refused.len() > REASONS_LISTED_MAX {
            let more = self.refused.len() - REASONS_LISTED_MAX;
            page.row(&format!("{:24}and {more} further reasons (--json has all)", ""));
        }
        if let Some(next) = &self.next {
            page.row(&format!("{:24}-> {next}", ""));
        }
    }
}

/// The report: every check of one ledger, or of one cluster.
pub struct Report {
    /// The name of the subject in JSON.
    kind: &'static str,
    /// The URL of the ledger, or the hosts of the cluster.
    subject: String,
    /// Every check that can be made, in order.
    names: &'static [&'static str],
    checks: Vec<Check>,
    is_reached: bool,
}

impl Report {
    /// A report about a ledger, without checks.
    pub fn of_ledger(url: &str) -> Self {
        Self::new("url", url.trim_end_matches('/').to_owned(), &NAMES)
    }

    /// A report about a cluster, without checks.
    pub fn of_cluster(hosts: String, names: &'static [&'static str]) -> Self {
        Self::new("store", hosts, names)
    }

    fn new(kind: &'static str, subject: String, names: &'static [&'static str]) -> Self {
        Self { kind, subject, names, checks: Vec::new(), is_reached: false }
    }

    /// Notes whether anything answered at the address.
    pub fn reached(&mut self, is_answered: bool) {
        self.is_reached = is_answered;
    }

    /// Adds a check, and says whether the following checks make sense.
    pub fn add(&mut self, check: Check) -> bool {
        let goes_on = check.status != CheckStatus::Failed;
        self.checks.push(check);
        goes_on
    }

    /// Adds the checks that were not made because an earlier check failed.
    pub fn skip_the_rest(&mut self) {
        let Some(last) = self.checks.last().map(|check| check.name) else { return };
        for name in self.names.iter().skip(self.checks.len()) {
            self.checks.push(Check::after(name, last));
        }
    }

    fn worst(&self) -> CheckStatus {
        self.checks.iter().map(|check| check.status).max().unwrap_or(CheckStatus::Ok)
    }

    fn count(&self, status: CheckStatus) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// The report as JSON, for a program.
    pub fn json(&self) -> String {
        let report =
            json!({self.kind: self.subject, "status": self.worst(), "checks": self.checks});
        serde_json::to_string_pretty(&report).expect("serialises into memory")
    }

    /// The report as text, for a person.
    pub fn page(&self) -> TextPage {
        let mut page = TextPage::default();
        page.row(&self.subject);
        page.blank();
        self.checks.iter().for_each(|check| check.write(&self.subject, &mut page));
        page
    }

    /// The end of the command: success, or the failure that sets the exit status.
    ///
    /// # Errors
    /// Nothing was reached, or a check failed.
    pub fn end(&self) -> Result<(), Failure> {
        let failed = self.count(CheckStatus::Failed);
        if failed == 0 {
            let warnings = self.count(CheckStatus::Warning);
            let made = self.checks.len() - self.count(CheckStatus::Skipped);
            tell(&format!("{made} checks made, {warnings} with a warning, none failed"));
            return Ok(());
        }
        if !self.is_reached {
            return Err(Failure::unreachable(match self.kind {
                "url" => "no ledger was reached",
                _ => "no node of the cluster was reached",
            }));
        }
        Err(Failure::answer_no(format!("{failed} failed; what to do stands with each")))
    }
}
