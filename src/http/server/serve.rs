//! Accepting connections, with limits on time and size, until told to stop.
//! Always: a stop lets requests under way finish, for a while, and ends live feeds at once; a slow
//! sender of headers is cut off, and so is a client that takes nothing of its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
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

/// A client that has not sent its headers by then is cut off; an idle connection of a pool too.
const HEADERS_MAX: Duration = Duration::from_secs(75);

/// What the kernel holds of an answer that its client has not taken yet; it doubles this. Over a
/// line of 20 ms that is some 6 MB/s.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// All headers of a request. CloudEvents in binary mode with long ids take 2 KiB.
const HEADERS_BYTES_MAX: usize = 64 * 1024;

/// Headers in a request.
const HEADERS_COUNT_MAX: usize = 100;

/// Requests under way at a stop have so long to finish.
const FINISH_MAX: Duration = Duration::from_secs(20);

/// A live reader that does not take the end of its feed at a stop is not waited for: it resumes.
const FINISH_LIVE_MAX: Duration = Duration::from_secs(1);

/// After a failed accept (no file descriptors left, mostly) the next one waits so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is ready, then lets requests under way finish.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    serve_at(listener, router, stop, Timeouts::default()).await;
}

/// The same at a pace that a test can wait for.
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
        .max_buf_size(HEADERS_BYTES_MAX)
        .max_headers(HEADERS_COUNT_MAX);
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
        // Small answers should not wait for more to send.
        let _ = stream.set_nodelay(true);
        // A client that does not read holds little; by itself the kernel takes up to 4 MiB for it.
        let _ = set_socket_send_buffer_size(&stream, SEND_BUFFER_BYTES);
        let connection = ClientConnection::new(timeouts.keep_alive, stopped.clone());
        let stream = TokioIo::new(StallGuard::new(stream, timeouts.stall, connection.clone()));
        let service = TowerToHyperService::new(told_of(router.clone(), connection.clone()));
        let served = graceful.watch(builder.serve_connection(stream, service));
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                ended = served => if let Err(error) = ended {
                    tracing::debug!(error = %error, "a connection broke off");
                },
                () = end_of_patience(&connection) => {
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

/// The routes, where every request knows of its connection.
fn told_of(
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

/// Ready a while after the stop, for a connection with a live feed that has not ended.
async fn end_of_patience(connection: &ClientConnection) {
    connection.stopped().await;
    tokio::time::sleep(FINISH_LIVE_MAX).await;
    if !connection.is_live() {
        std::future::pending().await
    }
}

/// Asks the routes one question without a network, for a command on a data folder.
pub async fn ask(router: Router, path: &str, accept: &str) -> (StatusCode, String) {
    let request = Request::get(path).header(header::ACCEPT, accept).body(Body::empty());
    let Ok(request) = request else { return (StatusCode::BAD_REQUEST, String::new()) };
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status();
    let body = response.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    (status, String::from_utf8_lossy(&body).into_owned())
}
