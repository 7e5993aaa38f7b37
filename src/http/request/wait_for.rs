//! The wait of a read for events that were just recorded: a read with `Prefer: wait=<seconds>` and
//! `Ledger-Position` is answered once the log or the lists have that position, or with a 504.
//! Always: a read without both headers does not wait; a request that breaks a rule is refused
//! before any wait.
//! Form: RFC 7240, 4.3.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponseParts, ResponseParts};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::params::Params;
use super::prefer::{self, PREFERENCE_APPLIED};
use crate::domain::id::Position;
use crate::http::openapi::names::TextSchema;
use crate::http::openapi::parameters::in_header;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::ledger::Ledger;
use crate::projection::Lists;

/// The header with a position of the log, in a request and in an answer.
pub const LEDGER_POSITION: HeaderName = HeaderName::from_static("ledger-position");

/// The same header, as the contract and an issue name it.
const POSITION_NAME: &str = "Ledger-Position";

/// The longest wait; a longer one is cut to this. Our choice: what most proxies allow.
const SECONDS_MAX: u64 = 60;

/// The wait that a read asks for. The handler chooses whether to wait for the log or the lists.
#[must_use = "the handler waits once the request is known to be good"]
pub struct WaitFor(Option<Wait>);

struct Wait {
    position: Position,
    seconds: u64,
}

impl IntoParams for WaitFor {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let wait = "wait=<seconds>: with Ledger-Position, answer once it has been read, or 504.";
        vec![
            in_header::<TextSchema>("Prefer", wait),
            in_header::<Position>(POSITION_NAME, "With Prefer: a `position`."),
        ]
    }
}

/// A wait that has ended. As part of a good answer it sets the header `Preference-Applied`; a
/// problem does not carry the header, as RFC 7240 leaves to the server.
#[must_use = "the answer says which preference was followed"]
pub struct Waited(Option<u64>);

impl WaitFor {
    /// Reads the wait that the headers ask for. A position that cannot be read becomes an issue.
    pub fn read(headers: &HeaderMap, params: &mut Params) -> Self {
        let rule = "Must be the `position` of an event.";
        let position = params.header(headers, POSITION_NAME, rule, |bytes| {
            std::str::from_utf8(bytes).ok()?.parse().ok()
        });
        let asked = position.zip(prefer::wait_seconds(headers));
        Self(asked.map(|(position, seconds)| Wait { position, seconds: seconds.min(SECONDS_MAX) }))
    }

    /// Waits until the log has the position.
    ///
    /// # Errors
    /// A 504: the log did not reach the position in time.
    pub async fn log(self, ledger: &Ledger) -> Result<Waited, Problem> {
        let Self(Some(Wait { position, seconds })) = self else { return Ok(Waited(None)) };
        let mut status = ledger.status();
        let reached = status.wait_for(|status| status.tail >= position);
        let reached = tokio::time::timeout(Duration::from_secs(seconds), reached).await;
        waited(reached.is_ok_and(|reached| reached.is_ok()), seconds, ledger.tail())
    }

    /// Waits until the lists have read the position.
    ///
    /// # Errors
    /// A 504: the lists did not reach the position in time. A 503: a fault keeps them from it.
    pub async fn lists(self, lists: &Lists) -> Result<Waited, Problem> {
        let Self(Some(Wait { position, seconds })) = self else { return Ok(Waited(None)) };
        let is_reached = lists.reached(position, Duration::from_secs(seconds)).await;
        if !is_reached && lists.probe().is_faulted() {
            return Err(Problem::unavailable());
        }
        waited(is_reached, seconds, lists.subscribe().borrow().position)
    }
}

fn waited(is_reached: bool, seconds: u64, last: Position) -> Result<Waited, Problem> {
    is_reached.then_some(Waited(Some(seconds))).ok_or_else(|| {
        let detail = format!("The time of Prefer: wait is over. Position {last} is the last read.");
        Problem::new(ProblemType::NotYetRead).detail(detail)
    })
}

impl IntoResponseParts for Waited {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        let value = |seconds: u64| HeaderValue::try_from(format!("wait={seconds}")).ok();
        let applied = self.0.and_then(value);
        parts.headers_mut().extend(applied.map(|applied| (PREFERENCE_APPLIED, applied)));
        Ok(parts)
    }
}
