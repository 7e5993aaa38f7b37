//! Accepting connections, with limits on time and size, until the service stops.
//! Always: a stop lets requests under way finish, for a while, and ends live feeds at once; a slow
//! sender of headers is cut off, and so is a client that takes nothing of its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use http_body_util::{BodyExt as _, Collected};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;

use crate::http::limits::CONNECTIONS_MAX;
use crate::http::server::connection::{ClientConnection, StallGuard, Timeouts};
use crate::work::Causes;

/// The longest wait for the head of a request; it also ends the idle connections of a client's
/// pool.
const HEADERS_MAX: Duration = Duration::from_secs(75);

/// Bytes of an answer that the kernel holds until the client takes them. The kernel doubles this
/// figure, which allows about 6 MB/s over a line of 20 ms.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// The HTTP library answers a request whose head is larger with a bare 431 or 414. Below that, the
/// routes answer with a problem.
const HEAD_BYTES_READ_MAX: usize = 64 * 1024;

/// The HTTP library answers a request with more headers with a bare 431.
const HEADERS_READ_MAX: usize = 128;

/// The time that requests under way have to finish after a stop.
const FINISH_MAX: Duration = Duration::from_secs(20);

/// The time that a live reader has to take the end of its feed after a stop. Short, because the
/// reader resumes later without a loss.
const FINISH_LIVE_MAX: Duration = Duration::from_secs(1);

/// The pause after a failed accept, whose usual cause is that no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is ready, then lets requests under way finish.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    serve_at(listener, router, stop, Timeouts::default()).await;
}

/// Serves with these timeouts, so that a test can choose short ones.
pub async fn serve_at(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    timeouts: Timeouts,
) {
    let graceful = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_READ_MAX)
        .max_headers(HEADERS_READ_MAX);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (stopping, stopped) = watch::channel(false);
    tokio::pin!(stop);
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Without this, a small answer waits for more to send.
        let _ = stream.set_nodelay(true);
        // Keeps the memory for a client that does not read small: by default the kernel buffers up
        // to 4 MiB for each.
        let _ = set_socket_send_buffer_size(&stream, SEND_BUFFER_BYTES);
        let connection = ClientConnection::new(timeouts.keep_alive, stopped.clone());
        let stream = TokioIo::new(StallGuard::new(stream, timeouts.stall, connection.clone()));
        let service = TowerToHyperService::new(with_connection(router.clone(), connection.clone()));
        let served = graceful.watch(builder.serve_connection(stream, service));
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                ended = served => if let Err(error) = ended {
                    tracing::debug!(error = %Causes(&error), "a connection broke off");
                },
                () = live_feed_overdue(&connection) => {
                    tracing::debug!("a live reader was cut off at the stop");
                }
            }
        });
    }
    drop(listener);
    stopping.send_replace(true);
    if tokio::time::timeout(FINISH_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests under way were cut off at the stop");
    }
}

/// The routes of one connection: every request carries the connection as an extension.
fn with_connection(
    router: Router,
    connection: ClientConnection,
) -> impl tower::Service<
    Request<Incoming>,
    Response = Response,
    Error = Infallible,
    Future: Send + 'static,
> + Clone {
    router.map_request(move |mut request: Request<Incoming>| {
        connection.set_live(false);
        request.extensions_mut().insert(connection.clone());
        request
    })
}

/// Ready a while after the stop, if the connection has a live feed that has not ended.
async fn live_feed_overdue(connection: &ClientConnection) {
    connection.stopped().await;
    tokio::time::sleep(FINISH_LIVE_MAX).await;
    if !connection.is_live() {
        std::future::pending().await
    }
}

/// Sends one request to the routes without a network, for a command on a data folder. `headers`
/// say which form and language the answer should have.
pub async fn ask(
    router: Router,
    path: &str,
    headers: impl Iterator<Item = (&'static str, &'static str)>,
) -> (StatusCode, String) {
    let request =
        headers.fold(Request::get(path), |request, (name, value)| request.header(name, value));
    let Ok(request) = request.body(Body::empty()) else {
        return (StatusCode::BAD_REQUEST, String::new());
    };
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status();
    let body = response.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    (status, String::from_utf8_lossy(&body).into_owned())
}
