//! Reading what one has written: a read with `Prefer: wait=<seconds>` and `Ledger-Position` is
//! answered once that position has been read, or 504.
//! Always: without both headers a read waits for nothing.
//! Form: RFC 7240, section 4.3.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::{Problem, ProblemType};
use super::state::App;
use crate::domain::id::Position;

/// The header, in a request and in an answer.
pub const LEDGER_POSITION: &str = "ledger-position";

/// The longest wait; a longer one asked for is cut to it. Source: ours, what most proxies allow.
const SECONDS_MAX: u64 = 60;

/// Holds a read until what it asks for has been read.
pub async fn hold(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked = seconds(request.headers()).zip(position(request.headers()));
    let Some((seconds, position)) = asked.filter(|_| is_read(request.method())) else {
        return next.run(request).await;
    };
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let within = Duration::from_secs(seconds);
    let reached = match (path, &app.lists) {
        (Some("/v1/trajectories" | "/v1/credits"), Some(lists)) => {
            lists.reached(position, within).await
        }
        _ => {
            let mut last = app.ledger.subscribe();
            let reached = last.wait_for(|last| *last >= position);
            tokio::time::timeout(within, reached).await.is_ok_and(|reached| reached.is_ok())
        }
    };
    if !reached {
        return Problem::new(ProblemType::NotYetRead).into_response();
    }
    let mut response = next.run(request).await;
    let applied = HeaderValue::try_from(format!("wait={seconds}"));
    let name = HeaderName::from_static("preference-applied");
    response.headers_mut().extend(applied.ok().map(|applied| (name, applied)));
    response
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The wait asked for; a preference that does not read is none (RFC 7240, 2).
fn seconds(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut parts = values.flat_map(|value| value.split([',', ';']));
    let seconds = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let is_wait = name.trim().eq_ignore_ascii_case("wait");
        is_wait.then(|| value.trim().trim_matches('"').parse().ok()).flatten()
    });
    seconds.map(|seconds: u64| seconds.min(SECONDS_MAX))
}

/// The position in the headers; one that does not parse is told by whoever reads the query.
fn position(headers: &HeaderMap) -> Option<Position> {
    headers.get(LEDGER_POSITION)?.to_str().ok()?.parse().ok()
}

/// Whether the header stands there and is none.
pub fn is_malformed(headers: &HeaderMap) -> bool {
    headers.contains_key(LEDGER_POSITION) && position(headers).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_as_a_preference() {
        let rows = [
            ("wait=5", Some(5)),
            ("respond-async, wait=\"7\"", Some(7)),
            ("WAIT = 9; foo", Some(9)),
            ("wait=100000", Some(SECONDS_MAX)),
            ("wait=soon", None),
            ("wait", None),
        ];
        for (text, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", HeaderValue::from_static(text));
            assert_eq!(seconds(&headers), expected, "{text}");
        }
    }
}
