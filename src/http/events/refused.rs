//! Keeping refused events, so that their sender can read them at `GET /v1/refusals`.
//! Always: a refused event is kept as its id, its source, its type if the vocabulary has that type,
//! and the codes and pointers of its problem: never a value, a subject or content. A dry run keeps
//! nothing: its sender has the answer, and nothing is missing from the ledger.

use serde::Serialize;

use crate::domain::event::Draft;
use crate::domain::vocabulary::json::JsonValue;
use crate::domain::vocabulary::kind::Kind;
use crate::domain::vocabulary::violation::{Violation, without_content};
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::problem::issue::{EventIndexing, Issue};
use crate::http::problem::kind::ProblemType;
use crate::http::request::cloudevents::{self, WholeMode};
use crate::ledger::record::{RecordFailure, WriteMode};
use crate::refusals::Refusal;

/// Issues that are kept of one event. A sender that has corrected these sends the event again and
/// then reads the others.
const ISSUES_KEPT_MAX: usize = 20;

/// Characters of an id or a source that can be kept. Source: the envelope's schema.
const KEY_CHARACTERS_MAX: usize = 300;

/// The key of an event, by which its sender knows it, and its type if the vocabulary has that type.
pub struct EventLabel {
    source: Box<str>,
    id: Box<str>,
    kind: Option<&'static str>,
}

impl EventLabel {
    /// The label of an event; `None`: its source or its id breaks a rule of the envelope.
    pub fn of(event: &JsonValue) -> Option<Self> {
        let text = |name: &str| {
            let text = event.text(name)?;
            let fits = !text.is_empty()
                && text.chars().take(KEY_CHARACTERS_MAX + 1).count() <= KEY_CHARACTERS_MAX
                && !text.chars().any(char::is_control);
            fits.then(|| Box::from(text))
        };
        let kind = event.text("type");
        let kind = kind.and_then(|name| name.parse::<Kind>().ok()).map(|kind| kind.code());
        Some(Self { source: text("source")?, id: text("id")?, kind })
    }

    /// The label of a draft.
    pub fn of_draft(draft: &Draft) -> Self {
        let (source, id) = (Box::from(&*draft.key.source), Box::from(&*draft.key.id));
        Self { source, id, kind: Some(draft.kind.code()) }
    }
}

/// An event that breaks rules of the vocabulary.
pub struct InvalidEvent {
    /// The index of the event in its batch.
    pub index: Option<usize>,
    /// The label of the event. `None`: it has no readable key, so no sender can ask for it.
    pub label: Option<EventLabel>,
    /// All rules that the event breaks.
    pub violations: Vec<Violation>,
}

/// A line that was refused.
pub struct RefusedLine {
    /// The label of the line's event. `None`: it has no readable key, so no sender can ask for it.
    pub label: Option<EventLabel>,
    /// Why the line was refused.
    pub problem: Problem,
}

/// The part of a problem that is kept.
#[derive(Serialize)]
struct RefusedProblem<'a> {
    #[serde(rename = "type")]
    urn: &'static str,
    href: String,
    status: u16,
    instance: &'a str,
    issues: Vec<Issue>,
    #[serde(rename = "furtherIssues", skip_serializing_if = "Option::is_none")]
    further_issues: Option<usize>,
}

/// The refused events of one request.
#[derive(Default)]
struct RefusedEvents<'a> {
    refusals: Vec<Refusal<RefusedProblem<'a>>>,
    /// Events without a readable source and id: no sender can ask for them.
    unattributed: usize,
}

impl<'a> RefusedEvents<'a> {
    /// Adds an event with the first of its issues; `issue_count` counts all of them.
    fn add(
        &mut self,
        label: Option<EventLabel>,
        problem: (ProblemType, &'a str),
        mut issues: Vec<Issue>,
        issue_count: usize,
    ) {
        let Some(EventLabel { source, id, kind }) = label else {
            self.unattributed += 1;
            return;
        };
        for issue in &mut issues {
            issue.name = without_content(&issue.name);
            issue.index = None;
        }
        let further_issues = Some(issue_count - issues.len()).filter(|more| *more > 0);
        let (problem, instance) = problem;
        let href = format!("/errors/{}", problem.code());
        let (urn, status) = (problem.urn(), problem.status().as_u16());
        let problem = RefusedProblem { urn, href, status, instance, issues, further_issues };
        self.refusals.push(Refusal { source, id, kind, problem });
    }

    fn keep(self, app: &App) {
        app.metrics.refused(self.refusals.len(), self.unattributed);
        app.refusals.keep(self.refusals);
    }
}

/// The problem of events that break rules of the vocabulary. Each event is kept for its sender.
pub fn invalid(
    app: &App,
    invalid: Vec<InvalidEvent>,
    mode: WholeMode,
    write_mode: WriteMode,
) -> Problem {
    let mut events = Vec::with_capacity(invalid.len());
    let mut kept = Vec::new();
    for InvalidEvent { index, label, violations } in invalid {
        if write_mode == WriteMode::Write {
            let kind = ProblemType::of_violations(violations.iter().map(|v| v.code));
            let first = violations.iter().take(ISSUES_KEPT_MAX).cloned();
            let issues = first.map(|violation| placed(Issue::violation(violation, None), mode));
            kept.push((label, kind, issues.collect::<Vec<_>>(), violations.len()));
        }
        events.push((index, violations));
    }
    let problem = Problem::invalid(events);
    let mut refused = RefusedEvents::default();
    for (label, kind, issues, issue_count) in kept {
        refused.add(label, (kind, problem.instance()), issues, issue_count);
    }
    refused.keep(app);
    problem
}

/// The problem of drafts that could not be recorded. Drafts with a reused key are kept for their
/// sender.
pub fn unrecorded(
    app: &App,
    error: RecordFailure,
    drafts: &[Draft],
    mode: WholeMode,
    write_mode: WriteMode,
) -> Problem {
    let index = match mode {
        WholeMode::Batch => EventIndexing::InBatch,
        _ => EventIndexing::OneEvent,
    };
    let problem = Problem::record(error, index);
    if write_mode == WriteMode::Write && problem.kind() == ProblemType::IdReused {
        let mut refused = RefusedEvents::default();
        for issue in problem.issue_list() {
            let label = drafts.get(issue.index.unwrap_or_default()).map(EventLabel::of_draft);
            let issues = vec![placed(issue.clone(), mode)];
            refused.add(label, (problem.kind(), problem.instance()), issues, 1);
        }
        refused.keep(app);
    }
    problem
}

/// Keeps the refused lines of a group.
pub fn lines(app: &App, mut lines: Vec<RefusedLine>, write_mode: WriteMode) {
    if write_mode == WriteMode::DryRun {
        return;
    }
    let mut refused = RefusedEvents::default();
    for RefusedLine { label, problem } in &mut lines {
        // A 5xx is no refusal: the same line is taken later.
        if !problem.kind().status().is_client_error() {
            continue;
        }
        let issues = problem.issue_list().iter().take(ISSUES_KEPT_MAX).cloned().collect();
        let issue_count = problem.issue_list().len();
        let label = label.take();
        refused.add(label, (problem.kind(), problem.instance()), issues, issue_count);
    }
    refused.keep(app);
}

/// Counts a body in which no event can be read. No sender is known, so nothing is kept.
pub fn unreadable(app: &App, problem: Problem, write_mode: WriteMode) -> Problem {
    let is_refused = matches!(problem.kind(), ProblemType::BadRequest | ProblemType::TooLarge);
    if write_mode == WriteMode::Write && is_refused {
        app.metrics.refused(0, 1);
    }
    problem
}

/// The issue, in binary mode moved to the header or body where the sender wrote the value.
fn placed(issue: Issue, mode: WholeMode) -> Issue {
    match mode {
        WholeMode::Binary => cloudevents::place_in_binary(issue),
        _ => issue,
    }
}
