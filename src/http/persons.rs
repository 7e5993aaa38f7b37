//! The answers about one person.
//! Always: each answer is folded from the records that are there at the time of the request. A 404
//! means that no event about the person was ever recorded.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::domain::credit::{self, AbsenceRule, Boundary, CreditQuery, MonthDays};
use crate::domain::id::{PersonId, RecordedTime, Revision};
use crate::domain::time::calendar::{self, At};
use crate::domain::vocabulary::kind::Kind;
use crate::http::app::App;
use crate::http::credit_table::{Printing, credit_table};
use crate::http::openapi::names::{
    CreditSchema, FlagSchema, HistoryCursorSchema, HistorySchema, LimitSchema, TextSchema,
    TrajectorySchema,
};
use crate::http::openapi::parameters::{in_path, in_query};
use crate::http::openapi::problems;
use crate::http::problem::issue::{Issue, RequestPart};
use crate::http::problem::kind::ProblemType;
use crate::http::problem::{Problem, etag};
use crate::http::request::accept::{AnswerForm, accepted_form, accepted_language};
use crate::http::request::known_position::position_unknown;
use crate::http::request::params::{CURSOR, EVENT_TYPE, Params, cursor_instant, number};
use crate::http::request::principal::Principal;
use crate::http::request::wait_for::WaitFor;
use crate::ledger::answer::{self, HistoryPage, Question};
use crate::ledger::clock;
use crate::ledger::read::open::Reader;
use crate::ledger::read::person::PersonHistory;
use crate::ledger::read::run_blocking_if_long;
use crate::text::clock::minute;

/// Items of a history page, unless the request says otherwise, and at most. Source: the HTTP
/// contract.
const HISTORY_ITEMS_DEFAULT: usize = 1_000;
const HISTORY_ITEMS_MAX: usize = 10_000;

/// A person's events in the order of time, as they stand
#[utoipa::path(
    get,
    path = "/v1/persons/{person}/history",
    operation_id = "getHistory",
    params(
        PersonRequest,
        ("type" = Option<Kind>, Query, description = "Only events of this type."),
        ("limit" = Option<LimitSchema>, Query,
            description = "The most items to give (1000; at most 10000)."),
        ("cursor" = Option<HistoryCursorSchema>, Query,
            description = "The `next` of an earlier page."),
        WaitFor,
    ),
    responses(
        (
            status = 200,
            description = "A person's events in the order of time, as they stand",
            body = HistorySchema,
            headers(("ETag" = Revision, description =
                "The last revision of the one person's stream.")),
        ),
        problems::BadRequest,
        problems::NotFound,
        problems::PositionUnknown,
        problems::StreamTooLong,
        problems::Internal,
        problems::NotYetRead,
        problems::Unavailable,
    )
)]
pub async fn get_history(
    State(app): State<App>,
    _: Principal,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let wait_for = WaitFor::read(&headers, &mut params);
    let asked = PersonRequest::read(&mut params);
    let kind = params.parse("type", EVENT_TYPE, |text| text.parse().ok());
    let limit = params.limit(HISTORY_ITEMS_DEFAULT, HISTORY_ITEMS_MAX);
    let cursor = params.parse("cursor", CURSOR, HistoryCursor::parse);
    let asked = params.finish_and_require(asked)?;
    let waited = wait_for.log(&app.ledger).await?;
    let (mut question, mut skip) = (asked.question(), 0);
    if let Some(cursor) = cursor {
        cursor.require_known(&app)?;
        question.at = cursor.at(question.at);
        (question.known_at, skip) = (Some(cursor.known_at), cursor.skip);
    }
    let person = find(&app, &Reader::system("history"), &question).await?;
    let page = HistoryPage { kind, skip, limit };
    let (known_at, at) = (person.known_at, question.at.instant());
    let next = || HistoryCursor { known_at, at, skip: skip + limit }.text();
    let answer = if_long(&person, || {
        answer::history(&question, &person, &page, next).map(|answer| to_json(&answer))
    });
    let answer = answer.ok_or_else(|| HistoryCursor::unknown(&app))?;
    Ok((waited, etag_of(&person), answer).into_response())
}

/// Where a person stands in custody and care
#[utoipa::path(
    get,
    path = "/v1/persons/{person}/trajectory",
    operation_id = "getTrajectory",
    params(
        PersonRequest,
        WaitFor,
    ),
    responses(
        (
            status = 200,
            description = "Where a person stands in custody and care",
            body = TrajectorySchema,
            headers(("ETag" = Revision, description =
                "The last revision of the one person's stream.")),
        ),
        problems::BadRequest,
        problems::NotFound,
        problems::StreamTooLong,
        problems::Internal,
        problems::NotYetRead,
        problems::Unavailable,
    )
)]
pub async fn get_trajectory(
    State(app): State<App>,
    _: Principal,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let wait_for = WaitFor::read(&headers, &mut params);
    let asked = PersonRequest::read(&mut params);
    let asked = params.finish_and_require(asked)?;
    let waited = wait_for.log(&app.ledger).await?;
    let question = asked.question();
    let person = find(&app, &Reader::system("trajectory"), &question).await?;
    let answer = if_long(&person, || to_json(&answer::trajectory(&question, &person)));
    Ok((waited, etag_of(&person), answer).into_response())
}

/// The credit of days under every reading of the law, side by side
#[utoipa::path(
    get,
    path = "/v1/persons/{person}/credit",
    operation_id = "getCredit",
    params(
        PersonRequest,
        ("boundary" = Option<Boundary>, Query,
            description = "Which dates of a stay count (anyPart)."),
        ("absence" = Option<AbsenceRule>, Query,
            description = "Which dates an unauthorised absence takes (wholeDates)."),
        ("monthDays" = Option<MonthDays>, Query,
            description = "Days in a month of a sentence (30)."),
        ("project" = Option<FlagSchema>, Query,
            description = "Run what is open on to a later `at`."),
        WaitFor,
    ),
    responses(
        (
            status = 200,
            description = "The credit; as text/plain a table to check by hand",
            content((CreditSchema = "application/json"), (TextSchema = "text/plain")),
            headers(("ETag" = Revision, description =
                "The last revision of the one person's stream.")),
        ),
        problems::BadRequest,
        problems::NotFound,
        problems::StreamTooLong,
        problems::Internal,
        problems::NotYetRead,
        problems::Unavailable,
    )
)]
pub async fn get_credit(
    State(app): State<App>,
    _: Principal,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let wait_for = WaitFor::read(&headers, &mut params);
    let asked = PersonRequest::read(&mut params);
    let boundary: Option<Boundary> = params.choice("boundary");
    let absence: Option<AbsenceRule> = params.choice("absence");
    let month_days = |text: &str| MonthDays::try_from(number::<u32>(text)?).ok();
    let month_days = params.parse("monthDays", "Must be 28 to 31.", month_days);
    let project = params.flag("project");
    let asked = params.finish_and_require(asked)?;
    let waited = wait_for.log(&app.ledger).await?;
    let question = asked.question();
    let mut query = CreditQuery::new(question.at, calendar::date_of(clock::now()));
    query.boundary = boundary.unwrap_or(query.boundary);
    query.absence = absence.unwrap_or(query.absence);
    query.month_days = month_days.unwrap_or(query.month_days);
    query.project = project;
    let person = find(&app, &Reader::system("credit"), &question).await?;
    if !credit::is_answerable(&person.history) {
        let limit = credit::MODALITIES_TIMES_RECORDS_MAX;
        let detail = format!("Modalities times records is over {limit}; see GET /v1/events.");
        return Err(Problem::new(ProblemType::StreamTooLong).detail(detail));
    }
    let vary = [(header::VARY, HeaderValue::from_static("accept, accept-language"))];
    let head = (vary, waited, etag_of(&person));
    if accepted_form(&headers, AnswerForm::Json, AnswerForm::PlainText) == AnswerForm::PlainText {
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        let language = accepted_language(&headers);
        let table = if_long(&person, || {
            let credit = answer::credit(&question, &person, &query).body;
            let printing = Printing {
                person: question.person.to_string(),
                known_at: question.known_at.map(|known_at| minute(known_at.instant())),
                position: person.position,
                printed_at: clock::now(),
                language,
            };
            credit_table(&credit, &person.history, &printing)
        });
        let spoken = HeaderValue::from_static(language.code());
        let form = [(header::CONTENT_TYPE, text), (header::CONTENT_LANGUAGE, spoken)];
        return Ok((head, form, table).into_response());
    }
    let answer = if_long(&person, || to_json(&answer::credit(&question, &person, &query)));
    Ok((head, answer).into_response())
}

/// The person that a request asks about, and the moments that it names.
struct PersonRequest {
    person: PersonId,
    at: Option<At>,
    known_at: Option<RecordedTime>,
}

impl IntoParams for PersonRequest {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let at = "The moment of the answer, by the `time` of events; default now.";
        let known = "Only what was recorded up to this moment; default all.";
        vec![
            in_path::<PersonId>("person", "The pseudonym."),
            in_query::<At>("at", at),
            in_query::<At>("known", known),
        ]
    }
}

impl PersonRequest {
    /// Reads the parameters. `None`: the pseudonym cannot be read, and `params` has an issue that
    /// says so.
    fn read(params: &mut Params) -> Option<Self> {
        let rule = "Must be a person's pseudonym: a UUID with hyphens.";
        let person = params.path("person", rule);
        let (at, known_at) = (params.at(), params.known_at());
        Some(Self { person: person?, at, known_at })
    }

    /// The question; where the request names no moment, it is asked as of now. The handler calls
    /// this after any wait: before it, now would be earlier than the events that are waited for.
    fn question(self) -> Question {
        let at = self.at.unwrap_or_else(|| At::Instant(clock::now()));
        Question { person: self.person, at, known_at: self.known_at }
    }
}

async fn find(app: &App, reader: &Reader, question: &Question) -> Result<PersonHistory, Problem> {
    let found = app.ledger.person(reader, question.person, question.known_at).await?;
    found.ok_or_else(|| {
        Problem::new(ProblemType::NotFound).detail("No event about this person was ever recorded.")
    })
}

/// An answer as JSON. Writing a long answer takes as long as folding it, so handlers do both within
/// [`if_long`].
fn to_json(answer: &impl Serialize) -> Response {
    let kind = HeaderValue::from_static("application/json");
    let text = serde_json::to_vec(answer).expect("an answer serialises into memory");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Computes an answer. A long history does not hold up the other requests of the thread.
fn if_long<T>(person: &PersonHistory, answer: impl FnOnce() -> T) -> T {
    run_blocking_if_long(person.history.items.len(), answer)
}

/// The revision of the person's stream, as a header.
fn etag_of(person: &PersonHistory) -> Option<[(HeaderName, HeaderValue); 1]> {
    person.revision.map(|revision| [(header::ETAG, etag(revision))])
}

/// The place where the next page of a history begins. Every page shows the moment of the first
/// page, and only what was recorded up to `known_at`.
struct HistoryCursor {
    known_at: RecordedTime,
    /// The moment of the first page; unused where the request has a date in `at`.
    at: DateTime<Utc>,
    skip: usize,
}

impl HistoryCursor {
    fn text(&self) -> String {
        format!("{}.{}.{}", self.known_at.micros(), self.at.timestamp_micros(), self.skip)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let cursor = Self {
            known_at: RecordedTime::from_micros(cursor_instant(parts.next()?)?.timestamp_micros()),
            at: cursor_instant(parts.next()?)?,
            skip: number(parts.next()?)?,
        };
        parts.next().is_none().then_some(cursor)
    }

    /// Refuses a cursor of a log that went further than this one.
    fn require_known(&self, app: &App) -> Result<(), Problem> {
        let status = *app.ledger.status().borrow();
        if self.known_at <= status.latest_recorded_time {
            return Ok(());
        }
        let issue = Issue::invalid(RequestPart::Query, "cursor", CURSOR);
        Err(position_unknown(status.tail, issue))
    }

    /// The refusal of a cursor behind more items than the history has.
    fn unknown(app: &App) -> Problem {
        let issue = Issue::invalid(RequestPart::Query, "cursor", CURSOR);
        let detail = "The earlier pages had more items than this history: the log may have been \
                      restored, or the question was another. Begin again at the first page.";
        position_unknown(app.ledger.tail(), issue).detail(detail)
    }

    fn at(&self, asked: At) -> At {
        match asked {
            At::Date(_) => asked,
            At::Instant(_) => At::Instant(self.at),
        }
    }
}
