//! One live reader of the log: first what it has missed, in small pages from the store, then what
//! is new, from the broadcaster.
//! Always: it sees each event after its position once and in order; it is pulled, so one that does
//! not read holds its position and a page or two; what it was sent last tells it where to resume.
//! Form: `text/event-stream`, WHATWG HTML, 9.2. A block with an `id` and no data dispatches no
//! event there, and moves the client's last event id (9.2.6): so one who waits for rare events does
//! not resume from long ago.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, sleep_until};

use crate::domain::id::Position;
use crate::http::feed::broadcaster::{Broadcaster, FeedPage, Subscription, WaitEnd, frame, held};
use crate::http::problem::Problem;
use crate::http::record_text::FEED_READER;
use crate::http::server::connection::ClientConnection;
use crate::ledger::ReadError;
use crate::ledger::read::feed::FeedFilter;

/// A page ends once it has so many bytes: what the connection buffers anyway.
const PAGE_BYTES: usize = 64 * 1024;

/// Records read at once, about a page; the step grows while nothing wanted is found.
const STEP: usize = 100;
const STEP_MAX: usize = 4_000;

/// A client that lost its connection comes back after so long, if it does as told.
const RETRY: &str = "retry: 2000\n\n";

/// Where the end of the log was just reached and there should be more, the next look waits so long.
const PAUSE: Duration = Duration::from_millis(10);

/// Answers with the feed of what is wanted after a position, at most so many events.
///
/// # Errors
/// 503 while there are as many live readers as there may be.
pub fn feed(
    broadcaster: &Arc<Broadcaster>,
    wanted: FeedFilter,
    after: Position,
    limit: usize,
    connection: ClientConnection,
) -> Result<Response, Problem> {
    let place = broadcaster.places.clone().try_acquire_owned().map_err(|_| {
        Problem::unavailable().detail("No more live readers can be served now; pages can be read.")
    })?;
    let reader = LiveReader::new(broadcaster.clone(), place, wanted, after, limit, connection);
    let pages = stream::unfold(reader, |mut reader| async move {
        let page = reader.next().await?;
        Some((Ok::<Bytes, Infallible>(page), reader))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Proxies of the nginx kind would gather answers into larger ones.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(pages)).into_response())
}

struct LiveReader {
    broadcaster: Arc<Broadcaster>,
    _place: OwnedSemaphorePermit,
    connection: ClientConnection,
    wanted: FeedFilter,
    /// Everything up to here was looked at.
    last: Position,
    /// The client would resume from here.
    told: Position,
    /// So many events are still to be sent; `None`: no end.
    left: Option<usize>,
    step: usize,
    is_greeted: bool,
}

/// What ends a wait.
enum TurnEnd {
    FeedPage(FeedPage),
    /// Read on from the log.
    ReadLog,
    Quiet,
    Stop,
}

impl LiveReader {
    fn new(
        broadcaster: Arc<Broadcaster>,
        place: OwnedSemaphorePermit,
        wanted: FeedFilter,
        after: Position,
        limit: usize,
        connection: ClientConnection,
    ) -> Self {
        broadcaster.metrics.reader_came();
        connection.set_live(true);
        let left = (limit < usize::MAX).then_some(limit);
        let (last, told) = (after, after);
        let (step, is_greeted) = (STEP, false);
        Self { broadcaster, _place: place, connection, wanted, last, told, left, step, is_greeted }
    }

    /// The next text to send; `None`: the service stops, the limit is reached, or the store failed.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.is_greeted {
            self.is_greeted = true;
            return Some(Bytes::from_static(RETRY.as_bytes()));
        }
        let quiet = Instant::now() + self.connection.keep_alive;
        while self.left != Some(0) {
            let subscription = match self.broadcaster.wait(self.last, &self.wanted) {
                Ok(subscription) => subscription,
                Err(end) => {
                    let connection = self.connection.clone();
                    let read = tokio::select! {
                        () = connection.stopped() => return None,
                        read = self.read(end) => read,
                    };
                    match read {
                        Ok(Some(page)) => return Some(page),
                        Ok(None) if Instant::now() < quiet => continue,
                        Ok(None) => return Some(self.sign_of_life()),
                        Err(error) => {
                            tracing::error!(error = %error, "a live reader could not be read for");
                            return None;
                        }
                    }
                }
            };
            match self.turn(subscription, quiet).await {
                // With a limit it may hold too many; from the log they are counted.
                TurnEnd::FeedPage(_) if self.left.is_some() => {}
                TurnEnd::FeedPage(page) => {
                    (self.last, self.told) = (page.end, page.last);
                    return Some(page.text);
                }
                TurnEnd::ReadLog => {}
                TurnEnd::Quiet => return Some(self.sign_of_life()),
                TurnEnd::Stop => return None,
            }
        }
        None
    }

    /// Waits among the others for something to send.
    async fn turn(&mut self, mut subscription: Subscription, quiet: Instant) -> TurnEnd {
        tokio::select! {
            page = &mut subscription.page => page.map_or(TurnEnd::ReadLog, TurnEnd::FeedPage),
            () = self.connection.stopped() => TurnEnd::Stop,
            () = sleep_until(quiet) => match subscription.leave() {
                WaitEnd::FeedPage(page) => TurnEnd::FeedPage(page),
                WaitEnd::ReadLog => TurnEnd::ReadLog,
                WaitEnd::Nothing(end) => {
                    self.last = self.last.max(end);
                    TurnEnd::Quiet
                }
            },
        }
    }

    /// Reads the next page from the log, no further than `end`. `None`: nothing wanted was in it.
    async fn read(&mut self, end: Position) -> Result<Option<Bytes>, ReadError> {
        let room = u32::try_from(PAGE_BYTES).unwrap_or(u32::MAX);
        let place = self.broadcaster.room.clone().acquire_many_owned(room).await;
        let mut place = place.map_err(ReadError::failed)?;
        let told = self.broadcaster.ledger.feed_events(&FEED_READER, self.last, self.step).await?;
        if told.is_empty() {
            sleep(PAUSE).await;
        }
        let mut text = Vec::new();
        for told in told {
            if text.len() >= PAGE_BYTES || self.left == Some(0) || told.position() > end {
                break;
            }
            self.last = told.position();
            if self.wanted.takes(&told) {
                frame(&told, &mut text);
                self.told = self.last;
                self.left = self.left.map(|left| left - 1);
            }
        }
        if text.is_empty() {
            self.step = (self.step * 2).min(STEP_MAX);
            return Ok(None);
        }
        self.step = STEP;
        // What is not needed is for others.
        drop(place.split(PAGE_BYTES.saturating_sub(text.len())));
        Ok(Some(held(text, place)))
    }

    /// Says that the feed goes on and, where that is new, how far it has come.
    fn sign_of_life(&mut self) -> Bytes {
        if self.told == self.last {
            return Bytes::from_static(b":\n\n");
        }
        self.told = self.last;
        Bytes::from(format!("id: {}\n\n", self.last))
    }
}

impl Drop for LiveReader {
    fn drop(&mut self) {
        self.broadcaster.metrics.reader_left(self.connection.is_stalled());
    }
}
