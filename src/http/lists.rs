//! The answers about all persons, a page at a time.
//! Always: an item says the same as the answer about its person at `asOf`. All pages of one cursor
//! show the same moment and the same position of the log, which is in the header `Ledger-Position`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::domain::credit::CreditOutcome;
use crate::domain::id::{Position, RecordedTime};
use crate::domain::time::calendar::At;
use crate::domain::trajectory::{AlertCode, CustodyState, SubstitutionState};
use crate::http::app::App;
use crate::http::openapi::names::{
    CodeSchema, CreditPageSchema, DaysSchema, LimitSchema, ListCursorSchema, TrajectoryPageSchema,
};
use crate::http::openapi::parameters::in_query;
use crate::http::openapi::problems;
use crate::http::problem::Problem;
use crate::http::problem::issue::RequestPart;
use crate::http::request::known_position::require_known;
use crate::http::request::params::{CURSOR, Params, cursor_instant, is_digits, number};
use crate::http::request::principal::Principal;
use crate::http::request::wait_for::{LEDGER_POSITION, WaitFor};
use crate::ledger::answer::format_at;
use crate::projection::{
    CreditFilter, ItemBody, ItemKey, ListError, ListPage, Lists, PageRequest, Pin, TrajectoryFilter,
};
use crate::work::Causes;

/// Items of a page, unless the request says otherwise, and at most. Source: the HTTP contract.
const ITEMS_DEFAULT: usize = 1_000;
const ITEMS_MAX: usize = 10_000;

/// The letter that begins every cursor of a list. Each list refuses the cursors of the other, which
/// numbers a person's items differently.
const TRAJECTORIES: char = 't';
const CREDITS: char = 'c';

const FACILITY: &str = "Must be a code in lowerCamelCase, of at most 100 characters.";

const ONE_MOMENT: &str = "All pages of one cursor show the same moment: `asOf` and `known`.";

/// Where everybody stands, by custody and care
#[utoipa::path(
    get,
    path = "/v1/trajectories",
    operation_id = "getTrajectories",
    description = ONE_MOMENT,
    params(
        ("facility" = Option<CodeSchema>, Query, description = "Only persons in this prison."),
        ("custody" = Option<CustodyState>, Query, description = "Only this state of custody."),
        ("substitution" = Option<SubstitutionState>, Query, description = "Only this state."),
        ("alert" = Option<AlertCode>, Query, description = "Only persons with this alert."),
        ListPageParams,
        WaitFor,
    ),
    responses(
        (
            status = 200,
            description = "Where everybody stands, by custody and care",
            body = TrajectoryPageSchema,
            headers(("Ledger-Position" = Position, description = "How far the log had been read.")),
        ),
        problems::BadRequest,
        problems::PositionUnknown,
        problems::Internal,
        problems::NotYetRead,
        problems::Unavailable,
    )
)]
pub async fn get_trajectories(
    State(app): State<App>,
    _: Principal,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let wait_for = WaitFor::read(&headers, &mut params);
    let filter = TrajectoryFilter {
        facility: params.parse("facility", FACILITY, facility),
        custody: params.choice("custody"),
        substitution: params.choice("substitution"),
        alert: params.choice("alert"),
    };
    let request = page_request(&app, &mut params, TRAJECTORIES).await?;
    params.finish()?;
    let lists = lists(&app)?;
    let waited = wait_for.lists(lists).await?;
    let page = lists.trajectories(&filter, request).await.map_err(refused)?;
    Ok((waited, answer(&page, TRAJECTORIES)).into_response())
}

/// What everybody's days in treatment are worth, by modality
#[utoipa::path(
    get,
    path = "/v1/credits",
    operation_id = "getCredits",
    description = ONE_MOMENT,
    params(
        ("minDays" = Option<DaysSchema>, Query, description =
            "Only with at least this number of treatment days."),
        ("facility" = Option<CodeSchema>, Query, description =
            "Only with a stay in this house within the window."),
        ("outcome" = Option<CreditOutcome>, Query, description =
            "Only modalities with this outcome."),
        ListPageParams,
        WaitFor,
    ),
    responses(
        (
            status = 200,
            description = "What everybody's days in treatment are worth, by modality",
            body = CreditPageSchema,
            headers(("Ledger-Position" = Position, description = "How far the log had been read.")),
        ),
        problems::BadRequest,
        problems::PositionUnknown,
        problems::Internal,
        problems::NotYetRead,
        problems::Unavailable,
    )
)]
pub async fn get_credits(
    State(app): State<App>,
    _: Principal,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let days = "Must be a whole number of days.";
    let wait_for = WaitFor::read(&headers, &mut params);
    let filter = CreditFilter {
        // No modality has as many days as the largest number.
        min_days: params.parse("minDays", days, |text| {
            is_digits(text).then(|| text.parse().unwrap_or(u32::MAX))
        }),
        facility: params.parse("facility", FACILITY, facility),
        outcome: params.choice("outcome"),
    };
    let request = page_request(&app, &mut params, CREDITS).await?;
    params.finish()?;
    let lists = lists(&app)?;
    let waited = wait_for.lists(lists).await?;
    let page = lists.credits(&filter, request).await.map_err(refused)?;
    Ok((waited, answer(&page, CREDITS)).into_response())
}

fn lists(app: &App) -> Result<&Lists, Problem> {
    app.lists.as_ref().ok_or_else(|| Problem::unavailable().detail("No lists are kept here."))
}

fn facility(text: &str) -> Option<String> {
    let mut letters = text.chars();
    let begins = letters.next().is_some_and(|first| first.is_ascii_lowercase());
    let goes_on = letters.all(|letter| letter.is_ascii_alphanumeric());
    (begins && goes_on && text.len() <= 100).then(|| text.to_owned())
}

/// The parameters that [`page_request`] reads.
struct ListPageParams;

impl IntoParams for ListPageParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            in_query::<LimitSchema>("limit", "The most items to give (1000; at most 10000)."),
            in_query::<ListCursorSchema>("cursor", "The `next` of an earlier page."),
        ]
    }
}

async fn page_request(app: &App, params: &mut Params, list: char) -> Result<PageRequest, Problem> {
    let limit = params.limit(ITEMS_DEFAULT, ITEMS_MAX);
    let sent = params.text("cursor").map(|text| cursor(text, list));
    if let Some(Some((pin, _))) = sent {
        require_known(&app.ledger, pin.position, RequestPart::Query, "cursor").await?;
    }
    let cursor = match sent {
        Some(Some((pin, after))) if is_of_log(app, &pin).await? => Some((pin, after)),
        Some(_) => params.parse("cursor", CURSOR, |_| None),
        None => None,
    };
    let (pin, after) = cursor.unzip();
    Ok(PageRequest { pin, after, limit })
}

/// Whether a cursor is of this log: at the cursor's position, the latest recorded time of the log
/// is the `known_at` of the cursor.
async fn is_of_log(app: &App, pin: &Pin) -> Result<bool, Problem> {
    let anchor = app.ledger.anchor(pin.position).await?;
    Ok(anchor.is_some_and(|anchor| anchor.latest_recorded_time == pin.known_at))
}

/// Reads a cursor: the letter of the list, the position, recorded time and instant of the page, and
/// the person and number of its last item, between dots.
fn cursor(text: &str, list: char) -> Option<(Pin, ItemKey)> {
    let parts: Vec<&str> = text.strip_prefix(list)?.strip_prefix('.')?.split('.').collect();
    let [position, known_at, at, person, number] = parts[..] else { return None };
    let pin = Pin {
        position: position.parse().ok()?,
        known_at: RecordedTime::from_micros(cursor_instant(known_at)?.timestamp_micros()),
        at: cursor_instant(at)?,
    };
    Some((pin, ItemKey { person: person.parse().ok()?, number: self::number(number)? }))
}

fn next(list: char, pin: &Pin, after: ItemKey) -> String {
    let ItemKey { person, number } = after;
    let (known_at, at) = (pin.known_at.micros(), pin.at.timestamp_micros());
    format!("{list}.{}.{known_at}.{at}.{person}.{number}", pin.position)
}

/// An item: the answer about one person, at the moment of the page.
#[derive(Serialize)]
struct ListItem<'a> {
    at: &'a str,
    known: &'a str,
    #[serde(flatten)]
    body: &'a ItemBody,
}

/// A page of a list, as it is sent.
#[derive(Serialize)]
struct ListAnswer<'a> {
    #[serde(rename = "asOf")]
    as_of: &'a str,
    known: &'a str,
    items: Vec<ListItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

fn answer(page: &ListPage, list: char) -> Response {
    let at = &*format_at(At::Instant(page.pin.at));
    let known = &*page.pin.known_at.to_string();
    let items = page.items.iter().map(|body| ListItem { at, known, body }).collect();
    let next = page.next.map(|after| next(list, &page.pin, after));
    let mut response = Json(ListAnswer { as_of: at, known, items, next }).into_response();
    let position = HeaderValue::from(page.pin.position.number());
    response.headers_mut().insert(LEDGER_POSITION, position);
    response
}

fn refused(error: ListError) -> Problem {
    match error {
        ListError::Behind(_) => {
            Problem::unavailable().detail("The lists are being made and have not come so far yet.")
        }
        ListError::State(error) => {
            tracing::error!(error = %Causes(&error), "the lists were not read");
            Problem::unavailable()
        }
        ListError::Log(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::PersonId;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        let person: PersonId = "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e".parse().unwrap();
        let pin = Pin {
            position: "17".parse().unwrap(),
            known_at: RecordedTime::from_micros(1_790_000_000_000_001),
            at: cursor_instant("1790000000000002").unwrap(),
        };
        let key = ItemKey { person, number: 3 };
        let text = next(CREDITS, &pin, key);
        assert_eq!(cursor(&text, CREDITS), Some((pin, key)));
        assert_eq!(cursor(&text, TRAJECTORIES), None, "of another list");
        for wrong in [
            "",
            "c.1.2.3",
            "c.1.2.3.x.0",
            &format!("c.1.2.3.{person}"),
            &format!("c.1.2.3.{person}.-1"),
            &format!("c.1.2.3.{person}.+1"),
            &format!("c.1.+2.3.{person}.0"),
            &format!("c.1.2.-9999999999999999.{person}.0"),
            &format!("c.1.2.9999999999999999.{person}.0"),
        ] {
            assert_eq!(cursor(wrong, CREDITS), None, "{wrong}");
        }
    }

    #[test]
    fn a_facility_is_a_code() {
        for (text, is_code) in [("gent", true), ("leuvenHulp", true), ("", false), ("a b", false)] {
            assert_eq!(facility(text).is_some(), is_code, "{text}");
        }
    }
}
