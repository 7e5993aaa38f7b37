//! What is new in the log, read once for all who wait for it.
//! Always: one who waits has been offered every event up to `end`; an event costs four look-ups,
//! however many wait; nothing is read or kept for readers who do not wait, because they are slow
//! or busy: they read on from the log themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::domain::id::Position;
use crate::http::limits::{FEED_BYTES_MAX, LIVE_MAX};
use crate::http::metrics::Metrics;
use crate::http::record_text::{FEED_READER, write_record};
use crate::ledger::Ledger;
use crate::ledger::read::feed::{FeedEvent, FeedFilter};

/// Records offered at once, about 600 KiB. With 4,000 most of what it cost was fresh memory for
/// each read (perf, 25 November 2026).
const STRETCH_RECORDS: usize = 1_000;

/// Between two stretches, so that a stream of small commits is read in few pieces. A reader does
/// not see the difference.
const PAUSE: Duration = Duration::from_millis(10);

/// Longer where reading and offering the stretch took long: so many times as long. Where writers
/// have the processors, live readers wait: without it those whom nothing concerned cost batches
/// 14 % of their rate (ops/bench, 25 November 2026).
const REST: u32 = 4;

/// But no longer than this, however slow the disk is or long the queue of those who read.
const REST_MAX: Duration = Duration::from_millis(100);

/// After a failed read the next one waits so long.
const PAUSE_FAILED: Duration = Duration::from_secs(1);

/// So many readers are woken at once: whatever else runs waits for them, and 10,000 showed as 1.4 s
/// (ops/bench, 25 November 2026).
const WOKEN_AT_ONCE: usize = 100;

/// Then the next wait so long for each: waking, copying and sending takes about 20 µs of a core,
/// and the writers need theirs.
const PAUSE_A_READER: Duration = Duration::from_micros(20);

/// See the module.
pub struct Broadcaster {
    /// The ledger.
    pub ledger: Ledger,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// Bytes of text that may be held for readers.
    pub room: Arc<Semaphore>,
    /// Readers that may still come.
    pub places: Arc<Semaphore>,
    state: Mutex<SubscriberTable>,
}

#[derive(Default)]
struct SubscriberTable {
    /// Whether the loop runs; it ends when nobody waits.
    is_running: bool,
    /// See the module.
    end: Option<Position>,
    /// The next ticket's number.
    next: u64,
    waiting: HashMap<FeedFilter, Subscribers>,
}

/// Those who wait for the same choice.
#[derive(Default)]
struct Subscribers {
    readers: HashMap<u64, Subscriber>,
    /// What they will be sent of the stretch being offered.
    text: Vec<u8>,
    /// The last event in it.
    last: Option<Position>,
}

struct Subscriber {
    /// How far it had read when it began to wait.
    from: Position,
    page: oneshot::Sender<FeedPage>,
}

/// Events for all who waited for them.
#[derive(Clone)]
pub struct FeedPage {
    /// Frames of an event stream.
    pub text: Bytes,
    /// The last event in it.
    pub last: Position,
    /// Nothing more up to here.
    pub end: Position,
}

/// Who waits, and the page; `None`: the wait ends without one.
type Delivery = (oneshot::Sender<FeedPage>, Option<FeedPage>);

/// A place among those who wait; dropped, it is free.
pub struct Subscription {
    broadcaster: Arc<Broadcaster>,
    wanted: FeedFilter,
    number: u64,
    /// The page, once there is one; closed without one: read on from the log.
    pub page: oneshot::Receiver<FeedPage>,
}

/// How a wait that was given up had gone.
pub enum WaitEnd {
    /// There was nothing up to here.
    Nothing(Position),
    /// There was something at the last moment.
    FeedPage(FeedPage),
    /// Read on from the log.
    ReadLog,
}

impl Broadcaster {
    /// Over a ledger.
    pub fn new(ledger: Ledger, metrics: Arc<Metrics>) -> Self {
        let room = Arc::new(Semaphore::new(FEED_BYTES_MAX));
        let places = Arc::new(Semaphore::new(LIVE_MAX));
        Self { ledger, metrics, room, places, state: Mutex::default() }
    }

    /// Waits for what is wanted after a position.
    ///
    /// # Errors
    /// How far all who waited have been offered the log: there is more already, read it first, but
    /// no further, or the next offer comes too late.
    pub fn wait(
        self: &Arc<Self>,
        from: Position,
        wanted: &FeedFilter,
    ) -> Result<Subscription, Position> {
        let mut state = self.state();
        let end = match state.end.filter(|_| state.is_running) {
            Some(end) => end,
            None => self.ledger.tail(),
        };
        if from < end {
            return Err(end);
        }
        if !state.is_running {
            state.is_running = true;
            tokio::spawn(self.clone().run());
        }
        state.end = Some(end);
        let number = state.next;
        state.next += 1;
        let (sender, page) = oneshot::channel();
        let reader = Subscriber { from, page: sender };
        state.waiting.entry(wanted.clone()).or_default().readers.insert(number, reader);
        Ok(Subscription { broadcaster: self.clone(), wanted: wanted.clone(), number, page })
    }

    fn state(&self) -> MutexGuard<'_, SubscriberTable> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads each new stretch of the log and offers it, until nobody waits.
    async fn run(self: Arc<Self>) {
        let mut status = self.ledger.status();
        while let Some(end) = self.end() {
            if status.wait_for(|status| status.tail > end).await.is_err() {
                // The store is gone, and the process on its way out.
                return;
            }
            if self.end().is_none() {
                return;
            }
            let begun = Instant::now();
            let read = self.ledger.feed_events(&FEED_READER, end, STRETCH_RECORDS).await;
            let pause = match read {
                Ok(told) => {
                    let pages = self.state().offer(&told, &self.room);
                    let rest = (begun.elapsed() * REST).clamp(PAUSE, REST_MAX);
                    deliver(pages).await;
                    rest
                }
                Err(error) => {
                    tracing::error!(error = %error, "the live feed could not be read on");
                    PAUSE_FAILED
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// How far it has been offered; `None`, and the end of the loop: nobody waits.
    fn end(&self) -> Option<Position> {
        let mut state = self.state();
        state.is_running = !state.waiting.is_empty();
        state.end.filter(|_| state.is_running)
    }
}

impl SubscriberTable {
    /// Each event for those who wait for it.
    fn offer(&mut self, told: &[FeedEvent], room: &Arc<Semaphore>) -> Vec<Delivery> {
        let Some((before, last)) = self.end.zip(told.last()) else { return Vec::new() };
        let end = last.position();
        self.end = Some(end);
        let mut found = Vec::new();
        for told in told {
            for wanted in told.taken_by() {
                let Some(waiting) = self.waiting.get_mut(&wanted) else { continue };
                if waiting.text.is_empty() {
                    found.push(wanted);
                }
                frame(told, &mut waiting.text);
                waiting.last = Some(told.position());
            }
        }
        let found = found.into_iter().filter_map(|wanted| self.waiting.remove(&wanted));
        found.flat_map(|waiting| waiting.pages(before, end, room)).collect()
    }
}

impl Subscribers {
    fn pages(self, before: Position, end: Position, room: &Arc<Semaphore>) -> Vec<Delivery> {
        let bytes = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let place = room.clone().try_acquire_many_owned(bytes).ok();
        // Without room all read on from the log when there is.
        let page = place.zip(self.last);
        let page = page.map(|(place, last)| FeedPage { text: held(self.text, place), last, end });
        // One that had read further would see events again.
        let of = |reader: &Subscriber| page.clone().filter(|_| reader.from <= before);
        let deliver = |reader: Subscriber| {
            let page = of(&reader);
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
                // It may have left.
                let _ = reader.send(page);
            }
            pause += PAUSE_A_READER;
        }
        tokio::time::sleep(pause).await;
    }
}

impl Subscription {
    /// Stops waiting.
    pub fn leave(mut self) -> WaitEnd {
        let end = self.remove();
        match (end, self.page.try_recv()) {
            (Some(end), _) => WaitEnd::Nothing(end),
            (None, Ok(page)) => WaitEnd::FeedPage(page),
            (None, Err(_)) => WaitEnd::ReadLog,
        }
    }

    /// Gives the place free; `None`: it was gone, because something was found.
    fn remove(&self) -> Option<Position> {
        let mut state = self.broadcaster.state();
        let waiting = state.waiting.get_mut(&self.wanted)?;
        waiting.readers.remove(&self.number)?;
        if waiting.readers.is_empty() {
            state.waiting.remove(&self.wanted);
        }
        state.end
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.remove();
    }
}

/// An event as a block of an event stream. Form: WHATWG HTML, 9.2.5.
pub fn frame(told: &FeedEvent, text: &mut Vec<u8>) {
    text.extend_from_slice(format!("id: {}\ndata: ", told.position()).as_bytes());
    write_record(&told.answer(), text);
    text.extend_from_slice(b"\n\n");
}

/// Text that gives its room back once nobody holds it any more.
pub fn held(mut text: Vec<u8>, place: OwnedSemaphorePermit) -> Bytes {
    struct Held(Vec<u8>, #[allow(dead_code)] OwnedSemaphorePermit);
    impl AsRef<[u8]> for Held {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    text.shrink_to_fit();
    Bytes::from_owner(Held(text, place))
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
                let (reader, told) = oneshot::channel();
                ((reader, (number % 3 > 0).then(|| page.clone())), told)
            })
            .unzip::<_, _, Vec<_>, Vec<_>>();
        deliver(pages).await;
        for (number, reader) in readers.iter_mut().enumerate() {
            let told = reader.try_recv().map(|page| (page.text.len(), page.last, page.end));
            let sent = Ok((4, Position::new(7), Position::new(9)));
            let closed = Err(oneshot::error::TryRecvError::Closed);
            assert_eq!(told, if number % 3 > 0 { sent } else { closed }, "reader {number}");
        }
    }
}
