//! One live reader of the log. The reader first reads the events that it has missed from the store,
//! in small pages, and then waits at the broadcaster for new events.
//! Always: the reader sees each event after its position once and in order. Its client pulls, so a
//! client that does not read costs its position and a page or two. The client resumes from the last
//! `id` that it was sent.
//! Form: `text/event-stream`, WHATWG HTML, 9.2. A block with an `id` and no data gives the client
//! no event, and moves its last event id (9.2.6): a client that waits for rare events then does not
//! resume from long ago.

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
use crate::http::feed::broadcaster::{Broadcaster, FeedPage, Subscription, WaitEnd, write_block};
use crate::http::feed::record_text::FEED_READER;
use crate::http::limits::with_memory;
use crate::http::metrics::ReaderEnd;
use crate::http::problem::Problem;
use crate::http::server::connection::ClientConnection;
use crate::ledger::ReadError;
use crate::ledger::read::feed::FeedFilter;
use crate::work::Causes;

/// Bytes after which a page ends: as many as the connection buffers anyway.
const PAGE_BYTES: usize = 64 * 1024;

/// Records that are read at once: about a page at first, and more while none matches the filter.
const RECORDS_READ_MIN: usize = 100;
const RECORDS_READ_MAX: usize = 4_000;

/// Asks a client that has lost its connection to come back after 2 s.
const RETRY: &str = "retry: 2000\n\n";

/// The pause after a read that gave nothing although the log has more, or had no memory for more.
const PAUSE: Duration = Duration::from_millis(10);

/// Answers with the events after a position that match a filter, at most `limit` of them.
///
/// # Errors
/// 503 while there are as many live readers as there may be.
pub fn feed(
    broadcaster: &Arc<Broadcaster>,
    filter: FeedFilter,
    after: Position,
    limit: usize,
    connection: ClientConnection,
) -> Result<Response, Problem> {
    let place = broadcaster.free_places.clone().try_acquire_owned().map_err(|_| {
        Problem::unavailable()
            .detail("No more live readers can be served now. Pages can still be read.")
    })?;
    let reader = LiveReader::new(broadcaster.clone(), place, filter, after, limit, connection);
    let pages = stream::unfold(reader, |mut reader| async move {
        let page = reader.next().await?;
        Some((Ok::<Bytes, Infallible>(page), reader))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Without this, nginx and its like hold events back to send them together.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(pages)).into_response())
}

/// A live reader, between two pages.
struct LiveReader {
    broadcaster: Arc<Broadcaster>,
    _place: OwnedSemaphorePermit,
    connection: ClientConnection,
    filter: FeedFilter,
    /// Every event up to this position was sent, or does not match the filter.
    read_to: Position,
    /// The last `id` that was sent, from which the client would resume.
    last_id: Position,
    /// The number of events that may still be sent; `None`: no limit.
    left: Option<usize>,
    records_read: usize,
    is_greeted: bool,
}

/// The reason for which a turn of waiting ended.
enum TurnEnd {
    /// There is something to send.
    FeedPage(FeedPage),
    /// There is something to read from the log.
    ReadLog,
    /// Nothing came until the time at which the client needs a sign of life.
    Quiet,
    /// The service stops.
    Stop,
}

impl LiveReader {
    fn new(
        broadcaster: Arc<Broadcaster>,
        place: OwnedSemaphorePermit,
        filter: FeedFilter,
        after: Position,
        limit: usize,
        connection: ClientConnection,
    ) -> Self {
        broadcaster.metrics.reader_came();
        connection.set_live(true);
        let left = (limit < usize::MAX).then_some(limit);
        Self {
            broadcaster,
            _place: place,
            connection,
            filter,
            read_to: after,
            last_id: after,
            left,
            records_read: RECORDS_READ_MIN,
            is_greeted: false,
        }
    }

    /// The next text to send; `None`: the service stops, the limit is reached, or the store failed.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.is_greeted {
            self.is_greeted = true;
            return Some(Bytes::from_static(RETRY.as_bytes()));
        }
        let quiet = Instant::now() + self.connection.keep_alive;
        while self.left != Some(0) {
            let subscription = match self.broadcaster.subscribe(self.read_to, &self.filter) {
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
                            let what = "the log could not be read for a live reader";
                            tracing::error!(error = %Causes(&error), "{what}");
                            return None;
                        }
                    }
                }
            };
            match self.turn(subscription, quiet).await {
                // The page may have more events than are left to send: read from the log instead.
                TurnEnd::FeedPage(_) if self.left.is_some() => {}
                TurnEnd::FeedPage(page) => {
                    (self.read_to, self.last_id) = (page.end, page.last);
                    return Some(page.text);
                }
                TurnEnd::ReadLog => {}
                TurnEnd::Quiet => return Some(self.sign_of_life()),
                TurnEnd::Stop => return None,
            }
        }
        None
    }

    /// Waits at the broadcaster for something to send.
    async fn turn(&mut self, mut subscription: Subscription, quiet: Instant) -> TurnEnd {
        tokio::select! {
            page = &mut subscription.page => page.map_or(TurnEnd::ReadLog, TurnEnd::FeedPage),
            () = self.connection.stopped() => TurnEnd::Stop,
            () = sleep_until(quiet) => match subscription.leave() {
                WaitEnd::FeedPage(page) => TurnEnd::FeedPage(page),
                WaitEnd::ReadLog => TurnEnd::ReadLog,
                WaitEnd::Nothing(end) => {
                    self.read_to = self.read_to.max(end);
                    TurnEnd::Quiet
                }
            },
        }
    }

    /// Reads the next page from the log, no further than `end`. `None`: no event that was read
    /// matches the filter.
    async fn read(&mut self, end: Position) -> Result<Option<Bytes>, ReadError> {
        let permits = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let free = &self.broadcaster.free_text_bytes;
        let reserved = free.clone().acquire_many_owned(permits(PAGE_BYTES)).await;
        let mut reserved = reserved.map_err(ReadError::failed)?;
        let (after, records) = (self.read_to, self.records_read);
        let events = self.broadcaster.ledger.feed_events(&FEED_READER, after, records).await?;
        if events.is_empty() {
            sleep(PAUSE).await;
        }
        let mut text = Vec::new();
        for event in events {
            if text.len() >= PAGE_BYTES || self.left == Some(0) || event.position() > end {
                break;
            }
            if self.filter.matches(&event) {
                let page_bytes = text.len();
                write_block(&event, &mut text);
                // The last event of a page may be far larger than the page.
                let missing = text.len().saturating_sub(reserved.num_permits());
                let Ok(missing) = free.clone().try_acquire_many_owned(permits(missing)) else {
                    text.truncate(page_bytes);
                    sleep(PAUSE).await;
                    break;
                };
                reserved.merge(missing);
                self.last_id = event.position();
                self.left = self.left.map(|left| left - 1);
            }
            self.read_to = event.position();
        }
        if text.is_empty() {
            self.records_read = (self.records_read * 2).min(RECORDS_READ_MAX);
            return Ok(None);
        }
        self.records_read = RECORDS_READ_MIN;
        // The memory that the page does not fill is for other readers.
        drop(reserved.split(reserved.num_permits() - text.len()));
        Ok(Some(with_memory(text, reserved)))
    }

    /// Tells the client that the feed goes on, and how far the log has been read if that is new.
    fn sign_of_life(&mut self) -> Bytes {
        if self.last_id == self.read_to {
            return Bytes::from_static(b":\n\n");
        }
        self.last_id = self.read_to;
        Bytes::from(format!("id: {}\n\n", self.read_to))
    }
}

impl Drop for LiveReader {
    fn drop(&mut self) {
        let end = if self.connection.is_stalled() { ReaderEnd::CutOff } else { ReaderEnd::Left };
        self.broadcaster.metrics.reader_left(end);
    }
}
