//! The answers about one person.
//! Always: folded from the records as they are now; 404 only when there is no such stream.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::credit;
use crate::domain::id::{PersonId, RecordedTime};
use crate::domain::time::calendar::{self, At};
use crate::domain::vocabulary::kind::Kind;
use crate::http::app::App;
use crate::http::credit_table::credit_table;
use crate::http::problem::kind::ProblemType;
use crate::http::problem::{Problem, etag};
use crate::http::request::params::{Query, Reading, micros, prefers};
use crate::ledger::answer::{self, HistoryPage, Question};
use crate::ledger::clock;
use crate::ledger::read::open::Reader;
use crate::ledger::read::person::Person;
use crate::ledger::read::run_blocking_if_long;

/// Items of a history page, when nobody says otherwise and at most. Source: the HTTP contract.
const HISTORY_ITEMS_DEFAULT: usize = 1_000;
const HISTORY_ITEMS_MAX: usize = 10_000;

type PersonPath = Result<Path<String>, PathRejection>;

/// `GET /v1/persons/{person}/history`
pub async fn history(
    State(app): State<App>,
    path: PersonPath,
    query: Query,
) -> Result<Response, Problem> {
    let mut query = query.of(&["at", "known", "type", "limit", "cursor"]);
    let person = person(path, &mut query);
    let (at, mut known) = moments(&mut query);
    let kind = query.parse("type", "Must be an event type.", |text| text.parse::<Kind>().ok());
    let limit = query.limit("limit", HISTORY_ITEMS_DEFAULT, HISTORY_ITEMS_MAX);
    let cursor =
        query.parse("cursor", "Must be the `next` of an earlier page.", HistoryCursor::parse);
    let person = query.done_with(person).await?;
    let (mut at, mut skip) = (at.unwrap_or_else(now), 0);
    if let Some(cursor) = cursor {
        (at, known, skip) = (cursor.at(at), Some(cursor.known), cursor.skip);
    }
    let question = Question { person, at, known_at: known };
    let known = find(&app, &Reader::system("history"), &question).await?;
    let page = HistoryPage { kind, skip, limit };
    let next =
        || HistoryCursor { known: known.known_at, at: at.instant(), skip: skip + limit }.text();
    let answer = long(&known, || to_json(&answer::history(&question, &known, &page, next)));
    Ok(tagged(&known, answer))
}

/// `GET /v1/persons/{person}/trajectory`
pub async fn trajectory(
    State(app): State<App>,
    path: PersonPath,
    query: Query,
) -> Result<Response, Problem> {
    let mut query = query.of(&["at", "known"]);
    let person = person(path, &mut query);
    let (at, known) = moments(&mut query);
    let person = query.done_with(person).await?;
    let question = Question { person, at: at.unwrap_or_else(now), known_at: known };
    let known = find(&app, &Reader::system("trajectory"), &question).await?;
    let answer = long(&known, || to_json(&answer::trajectory(&question, &known)));
    Ok(tagged(&known, answer))
}

/// `GET /v1/persons/{person}/credit`
pub async fn credit(
    State(app): State<App>,
    path: PersonPath,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut query = query.of(&["at", "known", "boundary", "monthDays", "project"]);
    let person = person(path, &mut query);
    let (at, known) = moments(&mut query);
    let boundary = query.choice("boundary");
    let month_days = |text: &str| text.parse::<u32>().ok()?.try_into().ok();
    let month_days = query.parse("monthDays", "Must be 28 to 31.", month_days);
    let project = query.flag("project");
    let person = query.done_with(person).await?;
    let at = at.unwrap_or_else(now);
    let mut asked = credit::CreditQuery::new(at, calendar::date_of(clock::now()));
    asked.boundary = boundary.unwrap_or(asked.boundary);
    asked.month_days = month_days.unwrap_or(asked.month_days);
    asked.project = project;
    let question = Question { person, at, known_at: known };
    let known = find(&app, &Reader::system("credit"), &question).await?;
    if !credit::is_answerable(&known.history) {
        let limit = credit::LISTED_MAX;
        let detail = format!("Modalities times records is over {limit}; see GET /v1/events.");
        return Err(Problem::new(ProblemType::StreamTooLong).detail(detail));
    }
    if prefers(&headers, "text/plain") {
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        let table = long(&known, || {
            let credit = answer::credit(&question, &known, &asked).body;
            let known_at = question.known_at.map(|known_at| known_at.to_string());
            credit_table(&credit, &question.person.to_string(), known_at.as_deref())
        });
        return Ok(tagged(&known, ([(header::CONTENT_TYPE, kind)], table)));
    }
    let answer = long(&known, || to_json(&answer::credit(&question, &known, &asked)));
    Ok(tagged(&known, answer))
}

fn person(path: PersonPath, query: &mut Reading) -> Option<PersonId> {
    query.path(path, "person", "Must be a person's pseudonym: a UUID with hyphens.")
}

fn moments(query: &mut Reading) -> (Option<At>, Option<RecordedTime>) {
    (query.at("at"), query.known("known"))
}

/// The moment that is meant where none was given; taken after a wait, or it would be too early.
fn now() -> At {
    At::Instant(clock::now())
}

async fn find(app: &App, reader: &Reader, question: &Question) -> Result<Person, Problem> {
    let found = app.ledger.person(reader, question.person, question.known_at).await?;
    found.ok_or_else(|| {
        Problem::new(ProblemType::NotFound).detail("No event about this person was ever recorded.")
    })
}

/// An answer as JSON, made where it is folded: a long one takes as long.
fn to_json(answer: &impl Serialize) -> Response {
    let kind = HeaderValue::from_static("application/json");
    let text = serde_json::to_vec(answer).expect("an answer serialises into memory");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn long<T>(person: &Person, answer: impl FnOnce() -> T) -> T {
    run_blocking_if_long(person.history.items.len(), answer)
}

fn tagged(person: &Person, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Some(revision) = person.revision {
        response.headers_mut().insert(header::ETAG, etag(revision));
    }
    response
}

/// Where a history goes on: what the first page knew and spoke of stays so on the later ones.
struct HistoryCursor {
    known: RecordedTime,
    /// For an instant; a date is given again with each page.
    at: DateTime<Utc>,
    skip: usize,
}

impl HistoryCursor {
    fn text(&self) -> String {
        format!("{}.{}.{}", self.known.micros(), self.at.timestamp_micros(), self.skip)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let cursor = Self {
            known: RecordedTime::from_micros(micros(parts.next()?)?.timestamp_micros()),
            at: micros(parts.next()?)?,
            skip: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(cursor)
    }

    fn at(&self, asked: At) -> At {
        match asked {
            At::Date(_) => asked,
            At::Instant(_) => At::Instant(self.at),
        }
    }
}
