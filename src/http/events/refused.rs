//! Keeping what was refused, so that its sender can read it at `GET /v1/refusals`.
//! Always: of a refused event its id, its source and a type of the vocabulary, and of its problem
//! codes and pointers: never a value, a subject or content. A dry run is not kept: its sender has
//! the answer, and nothing is missing from the ledger.

use serde::Serialize;

use crate::domain::event::Draft;
use crate::domain::vocabulary::json::JsonValue;
use crate::domain::vocabulary::kind::Kind;
use crate::domain::vocabulary::violation::{Violation, ViolationCode, without_content};
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::problem::issue::Issue;
use crate::http::problem::kind::ProblemType;
use crate::http::request::cloudevents::{self, ContentMode};
use crate::ledger::record::{Unrecorded, WriteMode};
use crate::refusals::Refusal;

/// Issues kept of one event: who has corrected these sends again.
const ISSUES_KEPT: usize = 20;

/// Characters of an id or a source that can be kept. Source: the envelope's schema.
const KEY_CHARACTERS_MAX: usize = 300;

/// Whose a refused event is: its key, and its type if it is a known one.
pub struct EventLabel {
    source: Box<str>,
    id: Box<str>,
    kind: Option<&'static str>,
}

impl EventLabel {
    /// Whose an event is; `None` when it names no sender or no id as the envelope asks.
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

    /// Whose a draft is.
    pub fn of_draft(draft: &Draft) -> Self {
        let (source, id) = (Box::from(&*draft.key.source), Box::from(&*draft.key.id));
        Self { source, id, kind: Some(draft.kind.code()) }
    }
}

/// An event that the vocabulary refuses.
pub struct InvalidEvent {
    /// Its place in a batch.
    pub index: Option<usize>,
    /// Whose it is.
    pub who: Option<EventLabel>,
    /// All rules that it breaks.
    pub violations: Vec<Violation>,
}

/// What is kept of a problem.
#[derive(Serialize)]
struct RefusedProblem<'a> {
    #[serde(rename = "type")]
    urn: &'static str,
    href: String,
    status: u16,
    instance: &'a str,
    issues: Vec<Issue>,
    #[serde(rename = "furtherIssues", skip_serializing_if = "Option::is_none")]
    further: Option<usize>,
}

/// Refused events of one request, on their way to the shelf.
struct RefusedEvents<'a> {
    refusals: Vec<Refusal<RefusedProblem<'a>>>,
    unattributed: usize,
}

impl<'a> RefusedEvents<'a> {
    fn new() -> Self {
        Self { refusals: Vec::new(), unattributed: 0 }
    }

    fn add(
        &mut self,
        who: Option<EventLabel>,
        kind: ProblemType,
        instance: &'a str,
        mut issues: Vec<Issue>,
        all: usize,
    ) {
        let Some(EventLabel { source, id, kind: event }) = who else {
            self.unattributed += 1;
            return;
        };
        for issue in &mut issues {
            issue.name = without_content(&issue.name);
            issue.index = None;
        }
        let further = Some(all - issues.len()).filter(|more| *more > 0);
        let (urn, status) = (kind.urn(), kind.status().as_u16());
        let href = format!("/errors/{}", kind.code());
        let problem = RefusedProblem { urn, href, status, instance, issues, further };
        self.refusals.push(Refusal { source, id, kind: event, problem });
    }

    fn keep(self, app: &App) {
        app.metrics.refused(self.refusals.len(), self.unattributed);
        app.refusals.keep(self.refusals);
    }
}

/// The problem of events that the vocabulary refuses; each is kept for its sender.
pub fn invalid(
    app: &App,
    refused: Vec<InvalidEvent>,
    mode: ContentMode,
    write_mode: WriteMode,
) -> Problem {
    let mut events = Vec::with_capacity(refused.len());
    let mut keys = Vec::with_capacity(refused.len());
    for InvalidEvent { index, who, violations } in refused {
        if write_mode == WriteMode::Write {
            let all = violations.len();
            let only_source = violations.iter().all(|v| v.code == ViolationCode::OtherSource);
            let kind =
                if only_source { ProblemType::OtherSource } else { ProblemType::InvalidEvent };
            let first = violations.iter().take(ISSUES_KEPT).cloned();
            let issues = first.map(|violation| placed(Issue::violation(violation, None), mode));
            keys.push((who, kind, issues.collect::<Vec<_>>(), all));
        }
        events.push((index, violations));
    }
    let problem = Problem::invalid(events);
    let mut kept = RefusedEvents::new();
    for (who, kind, issues, all) in keys {
        kept.add(who, kind, problem.instance(), issues, all);
    }
    kept.keep(app);
    problem
}

/// The problem of drafts that could not be recorded; those with a reused key are kept.
pub fn unrecorded(
    app: &App,
    error: Unrecorded,
    drafts: &[Draft],
    mode: ContentMode,
    write_mode: WriteMode,
) -> Problem {
    let problem = Problem::record(error, mode == ContentMode::Batch);
    if write_mode == WriteMode::Write && problem.kind() == ProblemType::IdReused {
        let mut kept = RefusedEvents::new();
        for issue in problem.broken() {
            let who = drafts.get(issue.index.unwrap_or_default()).map(EventLabel::of_draft);
            let issues = vec![placed(issue.clone(), mode)];
            kept.add(who, problem.kind(), problem.instance(), issues, 1);
        }
        kept.keep(app);
    }
    problem
}

/// Keeps the refused lines of a group.
pub fn lines(app: &App, mut refused: Vec<(Option<EventLabel>, Problem)>, write_mode: WriteMode) {
    if write_mode == WriteMode::DryRun {
        return;
    }
    let mut kept = RefusedEvents::new();
    for (who, problem) in &mut refused {
        // A 5xx is no refusal: the same line is taken later.
        if !problem.kind().status().is_client_error() {
            continue;
        }
        let issues = problem.broken().iter().take(ISSUES_KEPT).cloned().collect();
        let count = problem.broken().len();
        kept.add(who.take(), problem.kind(), problem.instance(), issues, count);
    }
    kept.keep(app);
}

/// Counts a body in which no event can be read, so that nobody can be told of it.
pub fn unreadable(app: &App, problem: Problem, write_mode: WriteMode) -> Problem {
    let is_refused = matches!(problem.kind(), ProblemType::BadRequest | ProblemType::TooLarge);
    if write_mode == WriteMode::Write && is_refused {
        app.metrics.refused(0, 1);
    }
    problem
}

/// An issue at the place where its sender wrote what it is about.
fn placed(issue: Issue, mode: ContentMode) -> Issue {
    if mode == ContentMode::Binary { cloudevents::place_in_binary(issue) } else { issue }
}
