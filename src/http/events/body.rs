//! Reading the body of a request: within the memory that all bodies share, and within time.
//! Always: a body over its limit is refused without being stored, and read on for a while, so that
//! its sender sees the answer.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;

use crate::http::app::App;
use crate::http::limits::{BATCH_BYTES_MAX, SILENCE_MAX, with_memory};
use crate::http::problem::Problem;
use crate::http::problem::issue::{Issue, RequestPart};
use crate::http::problem::kind::ProblemType;

/// The longest time that a body may take: for 16 MiB that is 273 KiB a second, a slow line.
const BODY_TIME_MAX: Duration = Duration::from_secs(60);

/// Bytes of a refused body that are read and dropped before the answer, at most.
const DISCARDED_BYTES_MAX: usize = 4 * BATCH_BYTES_MAX;

/// The longest time in which the body of a request with a refused head is read and dropped, so that
/// even a sender that never stops writing gets its answer.
const DISCARDING_MAX: Duration = Duration::from_secs(2);

/// Reads a body of at most `bytes_max` bytes, within the memory that all bodies share. The memory
/// is given back when the last clone of the bytes is dropped.
///
/// # Errors
/// A 413 that names the `limit`; a 408, a 400 or a 503.
pub async fn read(
    app: &App,
    headers: &HeaderMap,
    mut body: Body,
    bytes_max: usize,
    limit: &str,
) -> Result<Bytes, Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > bytes_max) {
        discard(body).await;
        return Err(Problem::too_large(limit));
    }
    // Memory is reserved as bytes arrive; a Content-Length alone reserves none.
    let mut reserved = app.reserve_body_bytes(0)?;
    let mut bytes = Vec::new();
    let started = Instant::now();
    while let Some(chunk) = next_chunk(&mut body).await? {
        if started.elapsed() > BODY_TIME_MAX {
            return Err(Problem::new(ProblemType::Timeout));
        }
        reserved.merge(app.reserve_body_bytes(chunk.len())?);
        if bytes.len() + chunk.len() > bytes_max {
            discard(body).await;
            return Err(Problem::too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(with_memory(bytes, reserved))
}

/// Reads on for a while and drops what arrives. A client that is still writing when the answer
/// comes would see a broken connection instead of the answer.
async fn discard(mut body: Body) {
    let mut left = DISCARDED_BYTES_MAX;
    while let Ok(Some(chunk)) = next_chunk(&mut body).await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// Reads the body of a request with a refused head, and drops what arrives, for a while.
pub async fn discard_for_a_while(body: Body) {
    let _ = tokio::time::timeout(DISCARDING_MAX, discard(body)).await;
}

/// The next part of a body; `None`: the body has ended.
///
/// # Errors
/// A 408 for a sender that has fallen silent, a 400 for a sender that broke off.
pub async fn next_chunk(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = tokio::time::timeout(SILENCE_MAX, body.frame()).await;
        match frame.map_err(|_| Problem::new(ProblemType::Timeout))? {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(_)) => {
                let detail = "The body broke off.";
                return Err(Problem::bad_request(vec![Issue::invalid(
                    RequestPart::Body,
                    "",
                    detail,
                )]));
            }
        }
    }
}
