//! Refused events, kept for a while, so that a vendor can read what was refused and why.
//! Always: a refusal holds ids, codes and pointers, never content. Items, sources, bytes and days
//! are bounded, and dropped refusals are counted. No sender waits for the disk.

mod bounds;
mod table;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use self::bounds::BYTES_MAX;
use self::table::{NewRefusal, RefusalTable, TableError};
use crate::work::{self, Control, HealthProbe, Worker};

pub use self::bounds::ITEMS_MAX;
pub use self::table::{RefusalPage, RefusedEvent};

/// The file in the data folder.
const FILE: &str = "refusals.db";

/// Refusals that have been kept long enough are deleted at least this often.
const EXPIRY: Duration = Duration::from_secs(3600);

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
    clock: fn() -> DateTime<Utc>,
    /// Writes everything that is queued and ends when the last clone is dropped.
    worker: Arc<Worker>,
}

/// A request to the worker.
enum KeeperRequest {
    Keep(Vec<NewRefusal>),
    Page { source: String, before: Option<i64>, limit: usize, reply: oneshot::Sender<RefusalPage> },
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
        Ok(Self { requests, losses, clock, worker })
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
        let (reply, page) = oneshot::channel();
        let source = source.to_owned();
        let sent = self.requests.send(KeeperRequest::Page { source, before, limit, reply });
        sent.map_err(|_| RefusalsError::Unread)?;
        page.await.map_err(|_| RefusalsError::Unread)
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
        loop {
            match control.wait_for(tokio::time::timeout(EXPIRY, inbox.recv())).await {
                Some(Ok(Some(request))) => self.serve(request, &control),
                Some(Err(_)) => {
                    let expired = self.table.expire((self.clock)());
                    self.check(expired, &control);
                }
                Some(Ok(None)) | None => break,
            }
        }
        // Requests that were sent before the stop are still served.
        while let Ok(request) = inbox.try_recv() {
            self.serve(request, &control);
        }
    }

    fn serve(&mut self, request: KeeperRequest, control: &Control) {
        let now = (self.clock)();
        let missing_until = self.losses.missing_until.load(Ordering::Relaxed);
        match request {
            KeeperRequest::Keep(refusals) => {
                let put = self.table.put(&refusals, missing_until, now);
                match self.check(put, control) {
                    Some(dropped) => self.losses.dropped.fetch_add(dropped, Ordering::Relaxed),
                    None => {
                        self.losses.lose(refusals.len(), now);
                        0
                    }
                };
                self.losses.queued_bytes.fetch_sub(bytes(&refusals), Ordering::Relaxed);
            }
            KeeperRequest::Page { source, before, limit, reply } => {
                let page = self.table.page(&source, before, limit, missing_until, now);
                if let Some(page) = self.check(page, control) {
                    // Sending fails if nobody waits for the page any more.
                    let _ = reply.send(page);
                }
            }
        }
    }

    /// Reports to the worker's health whether a step succeeded. After a failure, the next request
    /// tries again.
    fn check<T>(&self, done: Result<T, TableError>, control: &Control) -> Option<T> {
        match done {
            Ok(done) => {
                control.succeeded();
                Some(done)
            }
            Err(error) => {
                if !control.is_faulted() {
                    tracing::warn!(error = %error, "refusals.db failed; refusals are dropped");
                }
                control.failed();
                None
            }
        }
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
