//! Refused events, kept for a while, so that a vendor can read what was refused and why.
//! Always: a refusal holds ids, codes and pointers, never content. Items, sources, bytes and days
//! are bounded, and dropped refusals are counted. No sender waits for the disk.

mod bounds;
mod file;
mod table;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::bounds::BYTES_MAX;
use self::table::{NewRefusal, RefusalTable, TableError};
use crate::work::{self, Control, HealthProbe, Worker};

pub use self::bounds::ITEMS_MAX;
pub use self::table::{RefusalPage, RefusedEvent};

/// The file in the data folder.
const FILE: &str = "refusals.db";

/// All files of the refusals that a start may make in a data folder.
pub const START_FILES: [&str; 3] = [FILE, "refusals.db-wal", "refusals.db-shm"];

/// Refusals that have been kept long enough are deleted at least this often, also from SQLite's own
/// log. What is known to be missing is written down as often.
const EXPIRY: Duration = Duration::from_secs(3600);

/// A page is waited for this long. Before it are at most [`BYTES_MAX`] of refusals, which a disk
/// that works writes in a second.
const PAGE_WITHIN: Duration = Duration::from_secs(5);

/// So many pages may wait for the disk; readers of refusals are few.
const PAGES_MAX: usize = 64;

/// One refused event: who sent it, and why it was refused.
#[derive(Debug)]
pub struct Refusal<P> {
    /// The system that sent the event.
    pub source: Box<str>,
    /// The id that this system gave the event.
    pub id: Box<str>,
    /// The event's type, if the vocabulary has the type.
    pub kind: Option<&'static str>,
    /// The problem, without content.
    pub problem: P,
}

/// Why the refusals could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum RefusalsError {
    /// The table failed: look at the folder's rights and space, or go on in memory.
    #[error("refusals.db could not be used")]
    Table(#[from] TableError),
    /// The system gave no thread.
    #[error("the refusals could not be started")]
    Thread(#[from] std::io::Error),
    /// The table failed at the moment; the service's log says why: ask again later.
    #[error("the refusals cannot be read at the moment")]
    Unread,
}

/// The refusals of all sources. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Refusals {
    // A channel, so that requests that bring events wait neither for the disk nor for each other.
    requests: mpsc::UnboundedSender<KeeperRequest>,
    losses: Arc<Losses>,
    /// The places of pages in the queue, which a disk that stands still must not fill.
    pages: Arc<Semaphore>,
    clock: fn() -> DateTime<Utc>,
    /// Writes everything that is queued and ends when the last clone is dropped.
    worker: Arc<Worker>,
}

/// A request to the worker.
enum KeeperRequest {
    Keep(Vec<NewRefusal>),
    Page(QueuedPage),
}

/// A request for a page.
struct QueuedPage {
    source: String,
    before: Option<i64>,
    limit: usize,
    reply: oneshot::Sender<RefusalPage>,
    _place: OwnedSemaphorePermit,
}

/// The counts that the callers share with the worker: queued bytes and lost refusals.
#[derive(Default)]
struct Losses {
    /// Bytes of refusals on their way to the worker; more than the table may hold is not queued.
    queued_bytes: AtomicUsize,
    /// The number of refusals dropped since the start.
    dropped: AtomicU64,
    /// Refusals up to this moment may never have reached the table.
    missing_until: AtomicI64,
}

impl Losses {
    fn lose(&self, refusals: usize, now: DateTime<Utc>) {
        self.dropped.fetch_add(refusals as u64, Ordering::Relaxed);
        self.missing_until.fetch_max(now.timestamp_micros(), Ordering::Relaxed);
    }
}

impl Refusals {
    /// Refusals that end with the process.
    ///
    /// # Panics
    /// The system gives no thread or no memory: nothing else would run either.
    pub fn in_memory(clock: fn() -> DateTime<Utc>) -> Self {
        let table = RefusalTable::in_memory(clock());
        let started = table.map_err(Into::into).and_then(|table| Self::start(table, clock));
        started.expect("the system gives a thread and memory at the start")
    }

    /// The refusals of a data folder, kept in `DIR/refusals.db`. The caller holds the folder.
    ///
    /// # Errors
    /// See [`RefusalsError`].
    pub fn open(folder: &Path, clock: fn() -> DateTime<Utc>) -> Result<Self, RefusalsError> {
        Self::start(RefusalTable::open(&folder.join(FILE), clock())?, clock)
    }

    fn start(table: RefusalTable, clock: fn() -> DateTime<Utc>) -> Result<Self, RefusalsError> {
        let (requests, inbox) = mpsc::unbounded_channel();
        let losses: Arc<Losses> = Arc::default();
        let keeper = Keeper { table, losses: losses.clone(), clock };
        let run = |control| keeper.run(inbox, control);
        let worker = Arc::new(work::spawn("refusals", CancellationToken::new(), run)?);
        let pages = Arc::new(Semaphore::new(PAGES_MAX));
        Ok(Self { requests, losses, pages, clock, worker })
    }

    /// Keeps refusals, in order, without waiting. A crash of the process may lose the last of them.
    /// While the disk stands still, at most as many bytes as the table may hold are queued, and all
    /// further refusals are dropped.
    pub fn keep<P: Serialize>(&self, refusals: Vec<Refusal<P>>) {
        if refusals.is_empty() {
            return;
        }
        let refusals: Vec<NewRefusal> = refusals.into_iter().map(NewRefusal::from).collect();
        let (count, bytes) = (refusals.len(), bytes(&refusals));
        let queued = self.losses.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        let is_full = queued > 0 && queued + bytes > BYTES_MAX;
        if is_full || self.requests.send(KeeperRequest::Keep(refusals)).is_err() {
            self.losses.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.losses.lose(count, (self.clock)());
        }
    }

    /// The refusals of a source before a place, newest first; `before` is the `next` of a page.
    ///
    /// # Errors
    /// [`RefusalsError::Unread`].
    pub async fn page(
        &self,
        source: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<RefusalPage, RefusalsError> {
        let place = self.pages.clone().try_acquire_owned();
        let _place = place.map_err(|_| RefusalsError::Unread)?;
        let (reply, page) = oneshot::channel();
        let request = QueuedPage { source: source.to_owned(), before, limit, reply, _place };
        let sent = self.requests.send(KeeperRequest::Page(request));
        sent.map_err(|_| RefusalsError::Unread)?;
        match tokio::time::timeout(PAGE_WITHIN, page).await {
            Ok(Ok(page)) => Ok(page),
            Ok(Err(_)) | Err(_) => Err(RefusalsError::Unread),
        }
    }

    /// The number of refusals dropped since the start, to make room or because of a fault.
    pub fn dropped(&self) -> u64 {
        self.losses.dropped.load(Ordering::Relaxed)
    }

    /// The health of the worker that keeps them.
    pub fn probe(&self) -> HealthProbe {
        self.worker.probe()
    }
}

/// The task of the worker. No other task has the table, so requests are answered in their order.
struct Keeper {
    table: RefusalTable,
    losses: Arc<Losses>,
    clock: fn() -> DateTime<Utc>,
}

impl Keeper {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<KeeperRequest>, control: Control) {
        let mut expiry = Instant::now() + EXPIRY;
        loop {
            match control.wait_for(tokio::time::timeout_at(expiry, inbox.recv())).await {
                Some(Ok(Some(request))) => self.serve(request, &control),
                Some(Err(_)) => {
                    self.expire(&control);
                    expiry = Instant::now() + EXPIRY;
                }
                Some(Ok(None)) | None => break,
            }
        }
        // Requests that were sent before the stop are still served.
        while let Ok(request) = inbox.try_recv() {
            self.serve(request, &control);
        }
        self.expire(&control);
    }

    fn expire(&mut self, control: &Control) {
        let missing_until = self.losses.missing_until.load(Ordering::Relaxed);
        let expired = self.table.expire(missing_until, (self.clock)());
        if self.unless_failed(expired, control).is_some() {
            control.succeeded();
        }
    }

    fn serve(&mut self, request: KeeperRequest, control: &Control) {
        let now = (self.clock)();
        let missing_until = self.losses.missing_until.load(Ordering::Relaxed);
        match request {
            KeeperRequest::Keep(refusals) => {
                let put = self.table.put(&refusals, missing_until, now);
                match self.unless_failed(put, control) {
                    Some(dropped) => {
                        self.losses.dropped.fetch_add(dropped, Ordering::Relaxed);
                        control.succeeded();
                    }
                    None => self.losses.lose(refusals.len(), now),
                }
                self.losses.queued_bytes.fetch_sub(bytes(&refusals), Ordering::Relaxed);
            }
            // A page that comes says nothing of writing, so a fault stays a fault.
            KeeperRequest::Page(asked) if !asked.reply.is_closed() => {
                let QueuedPage { source, before, limit, reply, .. } = asked;
                let page = self.table.page(&source, before, limit, missing_until, now);
                if let Some(page) = self.unless_failed(page, control) {
                    // Sending fails if nobody waits for the page any more.
                    let _ = reply.send(page);
                }
            }
            KeeperRequest::Page(_) => {}
        }
    }

    /// The result of a step. Reports a failure to the worker's health, and replaces a file that was
    /// found to be damaged. The next request tries again.
    fn unless_failed<T>(&mut self, done: Result<T, TableError>, control: &Control) -> Option<T> {
        let error = match done {
            Ok(done) => return Some(done),
            Err(error) => error,
        };
        if !control.is_faulted() {
            tracing::warn!(error = %error, "refusals.db failed; refusals are dropped");
        }
        control.failed();
        if let Err(error) = self.table.replace_if_damaged(&error, (self.clock)()) {
            tracing::warn!(error = %error, "refusals.db could not be replaced");
        }
        None
    }
}

fn bytes(refusals: &[NewRefusal]) -> usize {
    refusals.iter().map(NewRefusal::bytes).sum()
}

impl<P: Serialize> From<Refusal<P>> for NewRefusal {
    fn from(refusal: Refusal<P>) -> Self {
        let Refusal { source, id, kind, problem } = refusal;
        let problem = serde_json::to_vec(&problem).expect("a problem serialises into memory");
        Self { source, id, kind, problem }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use chrono::TimeDelta;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-03-01T10:00:00Z".parse().unwrap()
    }

    fn refusal(bytes: usize) -> Vec<Refusal<String>> {
        let problem = "x".repeat(bytes);
        vec![Refusal { source: "a".into(), id: "i".into(), kind: None, problem }]
    }

    #[tokio::test]
    async fn a_fault_of_writing_stays_though_pages_are_read() {
        let table = RefusalTable::in_memory(now()).unwrap();
        table.allow_no_more_pages();
        let refusals = Refusals::start(table, now).unwrap();
        refusals.keep(refusal(1 << 20));
        let page = refusals.page("a", None, 9).await.unwrap();
        assert_eq!((page.items.len(), refusals.dropped()), (0, 1));
        assert!(refusals.probe().is_faulted());
        refusals.keep(refusal(1));
        assert_eq!(refusals.page("a", None, 9).await.unwrap().items.len(), 1);
        assert!(!refusals.probe().is_faulted());
    }

    #[tokio::test]
    async fn refusals_that_were_lost_are_missing_after_a_restart_too() {
        let folder = tempfile::tempdir().unwrap();
        let made = now() - TimeDelta::days(1);
        let table = RefusalTable::open(&folder.path().join(FILE), made).unwrap();
        table.allow_no_more_pages();
        let refusals = Refusals::start(table, now).unwrap();
        refusals.keep(refusal(1 << 20));
        drop(refusals);
        let refusals = Refusals::open(folder.path(), now).unwrap();
        let page = refusals.page("a", None, 9).await.unwrap();
        assert_eq!(page.complete_since, "2026-03-01T10:00:00.000000Z");
    }

    #[tokio::test]
    async fn a_disk_that_stands_still_keeps_no_reader_waiting() {
        static STANDS_STILL: AtomicBool = AtomicBool::new(false);
        // The worker reads the clock before it writes.
        fn slow_clock() -> DateTime<Utc> {
            while STANDS_STILL.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
            }
            now()
        }
        let refusals = Refusals::in_memory(slow_clock);
        STANDS_STILL.store(true, Ordering::Relaxed);
        let pages = (0..=PAGES_MAX).map(|_| refusals.page("a", None, 9));
        let pages = futures::future::join_all(pages).await;
        assert!(pages.iter().all(|page| matches!(page, Err(RefusalsError::Unread))));
        STANDS_STILL.store(false, Ordering::Relaxed);
        // The pages that nobody waits for any more are passed over first.
        let answered = async {
            while refusals.page("a", None, 9).await.is_err() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PAGE_WITHIN, answered).await.unwrap();
    }
}
