//! The broadcaster reads each new stretch of the log once, for all live readers that wait for it.
//! Always: every waiting reader has been offered every event up to `end`; an event costs four
//! look-ups, however many readers wait. Nothing is read or kept for a slow or busy reader, which
//! does not wait here: it reads from the log itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use crate::domain::id::Position;
use crate::http::feed::record_text::{FEED_READER, write_record};
use crate::http::limits::{FEED_BYTES_MAX, LIVE_MAX, with_memory};
use crate::http::metrics::Metrics;
use crate::ledger::Ledger;
use crate::ledger::read::feed::{FeedEvent, FeedFilter};
use crate::work::{self, Causes, Control, HealthProbe, Worker};

/// The number of records offered at once, about 600 KiB. With 4,000 most of the cost was fresh
/// memory for each read (perf, 25 November 2026).
const RECORDS_OFFERED_AT_ONCE: usize = 1_000;

/// The shortest pause between two stretches, so that a stream of small commits is read in few
/// pieces. A reader does not see the difference.
const PAUSE_MIN: Duration = Duration::from_millis(10);

/// The pause is this many times as long as reading and offering the stretch took, because writers
/// come before live readers. Without the pause, readers for whom no event was meant cost batches
/// 14 % of their rate (ops/bench, 25 November 2026).
const PAUSE_FACTOR: u32 = 4;

/// The longest pause, however slow the disk is and however many reads queue for it.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// The pause after a failed read.
const FAULT_PAUSE: Duration = Duration::from_secs(1);

/// The number of readers woken at once. All other requests wait meanwhile: waking 10,000 at once
/// delayed them by 1.4 s (ops/bench, 25 November 2026).
const WOKEN_AT_ONCE: usize = 100;

/// The pause after a group of readers was woken, for each reader of the group: waking, copying and
/// sending takes about 20 µs of a core, and the writers need cores too.
const PAUSE_A_READER: Duration = Duration::from_micros(20);

/// Offers the new events of the log to the live readers that wait.
pub struct Broadcaster {
    /// The ledger.
    pub ledger: Ledger,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// The bytes of text that may still be held for readers.
    pub free_text_bytes: Arc<Semaphore>,
    /// The places that are free for further readers.
    pub free_places: Arc<Semaphore>,
    table: Arc<SharedTable>,
    /// Started with the first reader: a command that asks one question needs none.
    worker: OnceLock<Worker>,
}

/// The table of waiting readers, shared by the requests and the worker.
#[derive(Default)]
struct SharedTable {
    // A lock held for look-ups only, never over a read or a wait.
    subscribers: Mutex<SubscriberTable>,
    /// Wakes the worker when the first reader begins to wait.
    somebody_waits: Notify,
}

#[derive(Default)]
struct SubscriberTable {
    /// Whether the worker offers the log; it rests when nobody waits.
    is_offering: bool,
    /// The position up to which all waiting readers have been offered the log.
    end: Option<Position>,
    /// The number of the next subscription.
    next: u64,
    waiting: HashMap<FeedFilter, Subscribers>,
}

/// The readers that wait with the same filter.
#[derive(Default)]
struct Subscribers {
    readers: HashMap<u64, Subscriber>,
    /// The events of the offered stretch that these readers will be sent.
    text: Vec<u8>,
    /// The last event in `text`.
    last: Option<Position>,
}

struct Subscriber {
    /// How far the reader had read when the wait began.
    from: Position,
    page: oneshot::Sender<FeedPage>,
}

/// Events for all readers that waited with the same filter.
#[derive(Clone)]
pub struct FeedPage {
    /// Frames of an event stream.
    pub text: Bytes,
    /// The last event in `text`.
    pub last: Position,
    /// The position up to which these readers have all their events.
    pub end: Position,
}

/// A waiting reader and its page; `None`: the wait ends without a page.
type Delivery = (oneshot::Sender<FeedPage>, Option<FeedPage>);

/// A place among the waiting readers. Dropping it frees the place.
pub struct Subscription {
    broadcaster: Arc<Broadcaster>,
    wanted: FeedFilter,
    number: u64,
    /// The page, once there is one. Closed without a page: read on from the log.
    pub page: oneshot::Receiver<FeedPage>,
}

/// The result of a wait that the reader has given up.
pub enum WaitEnd {
    /// No event was found up to this position.
    Nothing(Position),
    /// A page was found at the last moment.
    FeedPage(FeedPage),
    /// An event was found, but this reader has no page of it: read on from the log.
    ReadLog,
}

impl Broadcaster {
    /// A broadcaster of a ledger's log.
    pub fn new(ledger: Ledger, metrics: Arc<Metrics>) -> Self {
        let free_text_bytes = Arc::new(Semaphore::new(FEED_BYTES_MAX));
        let free_places = Arc::new(Semaphore::new(LIVE_MAX));
        let (table, worker) = (Arc::default(), OnceLock::new());
        Self { ledger, metrics, free_text_bytes, free_places, table, worker }
    }

    /// Waits for an event after a position that the filter `wanted` takes.
    ///
    /// # Errors
    /// The position up to which waiting readers have been offered the log. Read the log up to there
    /// first, and no further: a reader that is further gets no page from the next offer.
    pub fn subscribe(
        self: &Arc<Self>,
        from: Position,
        wanted: &FeedFilter,
    ) -> Result<Subscription, Position> {
        let mut table = self.table.lock();
        let end = match table.end.filter(|_| table.is_offering) {
            Some(end) => end,
            None => self.ledger.tail(),
        };
        if from < end {
            return Err(end);
        }
        table.end = Some(end);
        let number = table.next;
        table.next += 1;
        let (sender, page) = oneshot::channel();
        let reader = Subscriber { from, page: sender };
        table.waiting.entry(wanted.clone()).or_default().readers.insert(number, reader);
        if !std::mem::replace(&mut table.is_offering, true) {
            self.worker.get_or_init(|| self.spawn());
            self.table.somebody_waits.notify_one();
        }
        Ok(Subscription { broadcaster: self.clone(), wanted: wanted.clone(), number, page })
    }

    /// The health of the worker, once it was started.
    pub fn probe(&self) -> Option<HealthProbe> {
        self.worker.get().map(Worker::probe)
    }

    fn spawn(&self) -> Worker {
        let (ledger, free_text_bytes, table) =
            (self.ledger.clone(), self.free_text_bytes.clone(), self.table.clone());
        work::spawn_on_runtime("feed", CancellationToken::new(), |control| {
            broadcast(ledger, free_text_bytes, table, control)
        })
    }
}

impl SharedTable {
    fn lock(&self) -> MutexGuard<'_, SubscriberTable> {
        // The table is whole after each statement, so a panic elsewhere does not spoil it.
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task of the worker: while any reader waits, reads each new stretch of the log and offers it.
async fn broadcast(
    ledger: Ledger,
    free_text_bytes: Arc<Semaphore>,
    table: Arc<SharedTable>,
    control: Control,
) {
    let mut status = ledger.status();
    while !control.is_stopping() {
        let Some(end) = table.lock().end_if_anybody_waits() else {
            control.wait_for(table.somebody_waits.notified()).await;
            continue;
        };
        let moved = async { status.wait_for(|status| status.tail > end).await.is_ok() };
        if control.wait_for(moved).await != Some(true) {
            // The worker was asked to stop, or the store has ended and the process will end too.
            return;
        }
        if table.lock().end_if_anybody_waits().is_none() {
            continue;
        }
        let begun = Instant::now();
        let pause = match ledger.feed_events(&FEED_READER, end, RECORDS_OFFERED_AT_ONCE).await {
            Ok(events) => {
                let pages = table.lock().offer(&events, &free_text_bytes);
                let pause = (begun.elapsed() * PAUSE_FACTOR).clamp(PAUSE_MIN, PAUSE_MAX);
                deliver(pages).await;
                control.succeeded();
                pause
            }
            Err(error) => {
                tracing::error!(error = %Causes(&error), "the live feed could not be read on");
                control.failed();
                FAULT_PAUSE
            }
        };
        control.pause(pause).await;
    }
}

impl SubscriberTable {
    /// The position up to which the log was offered. `None`: nobody waits, and the offers end.
    fn end_if_anybody_waits(&mut self) -> Option<Position> {
        self.is_offering = !self.waiting.is_empty();
        self.end.filter(|_| self.is_offering)
    }

    /// The pages for all readers that wait for one of these events.
    fn offer(&mut self, events: &[FeedEvent], free_text_bytes: &Arc<Semaphore>) -> Vec<Delivery> {
        let Some((before, last)) = self.end.zip(events.last()) else { return Vec::new() };
        let end = last.position();
        self.end = Some(end);
        let mut found = Vec::new();
        for event in events {
            for wanted in event.matching_filters() {
                let Some(waiting) = self.waiting.get_mut(&wanted) else { continue };
                if waiting.text.is_empty() {
                    found.push(wanted);
                }
                write_block(event, &mut waiting.text);
                waiting.last = Some(event.position());
            }
        }
        let found = found.into_iter().filter_map(|wanted| self.waiting.remove(&wanted));
        found.flat_map(|waiting| waiting.pages(before, end, free_text_bytes)).collect()
    }
}

impl Subscribers {
    fn pages(
        self,
        before: Position,
        end: Position,
        free_text_bytes: &Arc<Semaphore>,
    ) -> Vec<Delivery> {
        let bytes = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let memory = free_text_bytes.clone().try_acquire_many_owned(bytes).ok();
        // Without free memory these readers get no page: they read from the log once some is free.
        let page = memory.zip(self.last);
        let page =
            page.map(|(memory, last)| FeedPage { text: with_memory(self.text, memory), last, end });
        // A reader that had read beyond `before` would see events twice.
        let deliver = |reader: Subscriber| {
            let page = page.clone().filter(|_| reader.from <= before);
            (reader.page, page)
        };
        self.readers.into_values().map(deliver).collect()
    }
}

/// Sends the pages, a few readers at a time.
async fn deliver(pages: Vec<Delivery>) {
    let mut pages = pages.into_iter();
    while pages.len() > 0 {
        let mut pause = Duration::ZERO;
        for (reader, page) in pages.by_ref().take(WOKEN_AT_ONCE) {
            if let Some(page) = page {
                // The reader may have left.
                let _ = reader.send(page);
            }
            pause += PAUSE_A_READER;
        }
        tokio::time::sleep(pause).await;
    }
}

impl Subscription {
    /// Stops waiting, and returns what the wait has found until now.
    pub fn leave(mut self) -> WaitEnd {
        let end = self.remove();
        match (end, self.page.try_recv()) {
            (Some(end), _) => WaitEnd::Nothing(end),
            (None, Ok(page)) => WaitEnd::FeedPage(page),
            (None, Err(_)) => WaitEnd::ReadLog,
        }
    }

    /// Frees the place, and returns the position up to which nothing was found. `None`: the place
    /// was already gone, because an event was found that the filter takes.
    fn remove(&self) -> Option<Position> {
        let mut table = self.broadcaster.table.lock();
        let waiting = table.waiting.get_mut(&self.wanted)?;
        waiting.readers.remove(&self.number)?;
        if waiting.readers.is_empty() {
            table.waiting.remove(&self.wanted);
        }
        table.end
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Appends an event as a block of an event stream. Form: WHATWG HTML, 9.2.5.
pub fn write_block(event: &FeedEvent, text: &mut Vec<u8>) {
    text.extend_from_slice(format!("id: {}\ndata: ", event.position()).as_bytes());
    write_record(&event.answer(), text);
    text.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_of_many_gets_the_page_or_the_end_of_the_wait() {
        let page = FeedPage {
            text: Bytes::from_static(b"data"),
            last: Position::new(7),
            end: Position::new(9),
        };
        let (pages, mut readers) = (0..2 * WOKEN_AT_ONCE + 50)
            .map(|number| {
                let (sender, reader) = oneshot::channel();
                ((sender, (number % 3 > 0).then(|| page.clone())), reader)
            })
            .unzip::<_, _, Vec<_>, Vec<_>>();
        deliver(pages).await;
        for (number, reader) in readers.iter_mut().enumerate() {
            let received = reader.try_recv().map(|page| (page.text.len(), page.last, page.end));
            let sent = Ok((4, Position::new(7), Position::new(9)));
            let closed = Err(oneshot::error::TryRecvError::Closed);
            assert_eq!(received, if number % 3 > 0 { sent } else { closed }, "reader {number}");
        }
    }
}
