//! Reading what one has written: a read with `Prefer: wait=<seconds>` and `Ledger-Position` is
//! answered once that position has been read, or 504.
//! Always: without both headers a read waits for nothing.
//! Form: RFC 7240, section 4.3.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use crate::domain::id::Position;
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;

/// The header, in a request and in an answer.
pub const LEDGER_POSITION: &str = "ledger-position";

/// The longest wait; a longer one asked for is cut to it. Source: ours, what most proxies allow.
const SECONDS_MAX: u64 = 60;

/// What a read waits for, once it is known to be good.
#[derive(Clone)]
pub struct Hold {
    app: App,
    seconds: u64,
    position: Position,
    is_of_lists: bool,
    was_reached: Arc<AtomicBool>,
}

/// Gives a read what it is to wait for, and says in the answer that it has waited.
pub async fn hold(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let asked = seconds(request.headers()).zip(position(request.headers()));
    let Some((seconds, position)) = asked.filter(|_| is_read(request.method())) else {
        return next.run(request).await;
    };
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let is_of_lists = matches!(path, Some("/v1/trajectories" | "/v1/credits"));
    let was_reached = Arc::new(AtomicBool::new(false));
    let hold = Hold { app, seconds, position, is_of_lists, was_reached: was_reached.clone() };
    request.extensions_mut().insert(hold);
    let mut response = next.run(request).await;
    if was_reached.load(Ordering::Relaxed) {
        let applied = HeaderValue::try_from(format!("wait={seconds}"));
        let name = HeaderName::from_static("preference-applied");
        response.headers_mut().extend(applied.ok().map(|applied| (name, applied)));
    }
    response
}

impl Hold {
    /// Waits.
    ///
    /// # Errors
    /// A 504: the position was not read in time.
    pub async fn reached(self) -> Result<(), Problem> {
        let within = Duration::from_secs(self.seconds);
        let reached = match &self.app.lists {
            Some(lists) if self.is_of_lists => lists.reached(self.position, within).await,
            _ => {
                let mut status = self.app.ledger.status();
                let reached = status.wait_for(|status| status.tail >= self.position);
                tokio::time::timeout(within, reached).await.is_ok_and(|reached| reached.is_ok())
            }
        };
        if !reached {
            return Err(Problem::new(ProblemType::NotYetRead));
        }
        self.was_reached.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Whether a request only reads.
pub fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The wait asked for; a preference that does not read is none (RFC 7240, 2).
fn seconds(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut parts = values.flat_map(|value| value.split([',', ';']));
    let seconds = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let is_wait = name.trim().eq_ignore_ascii_case("wait");
        let value = value.trim().trim_matches('"');
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        (is_wait && is_number).then(|| value.parse().unwrap_or(u64::MAX))
    });
    seconds.map(|seconds| seconds.min(SECONDS_MAX))
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
