//! The answers about all persons, a page at a time.
//! Always: an item is what the answer about that one person says at `asOf`; all pages that one
//! cursor leads to speak of one moment, which the header `Ledger-Position` names.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::domain::id::RecordedTime;
use crate::domain::time::calendar::At;
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::request::params::{Query, Reading, micros};
use crate::http::request::wait_for::LEDGER_POSITION;
use crate::ledger::answer::moment;
use crate::projection::{
    CreditFilter, ItemBody, ItemKey, ListError, ListPage, Lists, PageRequest, Pin, TrajectoryFilter,
};

/// Items of a page, when nobody says otherwise and at most. Source: the HTTP contract.
const ITEMS_DEFAULT: usize = 1_000;
const ITEMS_MAX: usize = 10_000;

/// What the cursors of each list begin with: a number among a person's items means nothing in the
/// other.
const TRAJECTORIES: char = 't';
const CREDITS: char = 'c';

const FACILITY: &str = "Must be a code in lowerCamelCase, of at most 100 characters.";

/// `GET /v1/trajectories`
pub async fn trajectories(State(app): State<App>, query: Query) -> Result<Response, Problem> {
    let mut query = query.of(&["facility", "custody", "substitution", "alert", "limit", "cursor"]);
    let filter = TrajectoryFilter {
        custody: query.choice("custody"),
        facility: query.parse("facility", FACILITY, facility),
        substitution: query.choice("substitution"),
        alert: query.choice("alert"),
    };
    let asked = asked(&app, &mut query, TRAJECTORIES).await?;
    query.done().await?;
    let page = lists(&app)?.trajectories(&filter, asked).await;
    Ok(shown(&page.map_err(refused)?, TRAJECTORIES))
}

/// `GET /v1/credits`
pub async fn credits(State(app): State<App>, query: Query) -> Result<Response, Problem> {
    let mut query = query.of(&["minDays", "facility", "limit", "cursor"]);
    let days = "Must be a whole number of days.";
    let filter = CreditFilter {
        min_days: query.parse("minDays", days, |text| text.parse().ok()),
        facility: query.parse("facility", FACILITY, facility),
    };
    let asked = asked(&app, &mut query, CREDITS).await?;
    query.done().await?;
    let page = lists(&app)?.credits(&filter, asked).await;
    Ok(shown(&page.map_err(refused)?, CREDITS))
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

async fn asked(app: &App, query: &mut Reading, list: char) -> Result<PageRequest, Problem> {
    let limit = query.limit("limit", ITEMS_DEFAULT, ITEMS_MAX);
    let cursor = match query.text("cursor").map(|text| cursor(text, list)) {
        Some(Some((pin, after))) if is_of_log(app, &pin).await? => Some((pin, after)),
        Some(_) => query.parse("cursor", "Must be the `next` of an earlier page.", |_| None),
        None => None,
    };
    let (pin, after) = cursor.unzip();
    Ok(PageRequest { pin, after, limit })
}

/// Whether the log holds that record, recorded then.
async fn is_of_log(app: &App, pin: &Pin) -> Result<bool, Problem> {
    let anchor = app.ledger.anchor(pin.position).await?;
    Ok(anchor.is_some_and(|anchor| anchor.latest_recorded_time == pin.known_at))
}

/// The list, position, recorded time, instant, person and number of the last item, between dots.
fn cursor(text: &str, list: char) -> Option<(Pin, ItemKey)> {
    let parts: Vec<&str> = text.strip_prefix(list)?.strip_prefix('.')?.split('.').collect();
    let [position, known_at, at, person, number] = parts[..] else { return None };
    let pin = Pin {
        position: position.parse().ok()?,
        known_at: RecordedTime::from_micros(micros(known_at)?.timestamp_micros()),
        at: micros(at)?,
    };
    let number = number.parse().ok().filter(|number| *number >= 0)?;
    Some((pin, ItemKey { person: person.parse().ok()?, number }))
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

fn shown(page: &ListPage, list: char) -> Response {
    let at = &*moment(At::Instant(page.pin.at));
    let known = &*page.pin.known_at.to_string();
    let items = page.items.iter().map(|body| ListItem { at, known, body }).collect();
    let next = page.next.map(|after| next(list, &page.pin, after));
    let mut response = Json(ListAnswer { as_of: at, known, items, next }).into_response();
    let position = HeaderValue::from(page.pin.position.number());
    response.headers_mut().insert(HeaderName::from_static(LEDGER_POSITION), position);
    response
}

fn refused(error: ListError) -> Problem {
    match error {
        ListError::Behind(_) => {
            Problem::unavailable().detail("The lists are being made and have not come so far yet.")
        }
        ListError::State(error) => {
            tracing::error!(error = %error, "the lists were not read");
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
            at: micros("1790000000000002").unwrap(),
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
            &format!("c.1.+2.3.{person}.0"),
            &format!("c.1.2.-9999999999999999.{person}.0"),
            &format!("c.1.2.9999999999999999.{person}.0"),
        ] {
            assert_eq!(cursor(wrong, CREDITS), None, "{wrong}");
        }
    }

    #[test]
    fn a_facility_is_a_code() {
        for (text, is_one) in [("gent", true), ("leuvenHulp", true), ("", false), ("a b", false)] {
            assert_eq!(facility(text).is_some(), is_one, "{text}");
        }
    }
}
