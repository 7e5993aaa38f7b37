//! The loop that follows the cluster: find it, check that it is the one, read on, write the copy.
//! Always: it goes on by itself after whatever may pass, with growing pauses; it stops for good
//! only where a person has to look, and says why.
//!
//! It has a thread and a connection of its own. The client crate's subscription turns in a circle
//! without end when a server ends it with the status OK (its `next_subscription_event` reads on
//! behind the end), so the loop's thread gives a sign of life that others look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio::sync::{Notify, watch};

use super::address::Address;
use super::connection::Connection;
use super::copy::{Copy, CopyError, Lost};
use super::feed::{Feed, FeedError};
use super::identity::{self, Held};
use super::trouble::{Reason, Trouble};

/// The first pause after a feed that had caught up; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// No pause is longer: whoever mends the cluster sees the replicas come back at once.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// While it catches up something comes within so long, or another feed is opened. After it, the
/// node is then asked whether it still leads: one that no longer does may keep a feed open and say
/// nothing on it (the server drops none at a change of leader).
const SILENT: Duration = Duration::from_secs(10);

/// So often it is written down how far the cluster was read.
const KEPT_EVERY: Duration = Duration::from_secs(1);

/// So often the loop's thread gives a sign of life.
const BEAT: Duration = Duration::from_millis(250);

/// Without a sign for so long it turns in a circle. A machine that was asleep beats at once.
const BEAT_MISSED: Duration = Duration::from_secs(10);

/// How the cluster is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Following {
    /// Not at the moment; why the last try failed.
    Apart(Option<Reason>),
    /// It reads what it has not seen: a place in the cluster's log, of its end.
    CatchingUp(u64, u64),
    /// It has seen all, and sees what is written as it is written.
    Live,
    /// No more; why.
    Lost(Lost),
}

/// What the loop shares.
pub struct Shared {
    /// How the cluster is followed, now and whenever it changes.
    pub following: watch::Sender<Following>,
    /// Somebody knows of records that the feed has not shown: open another one.
    pub stalled: Notify,
    /// How often the cluster was looked for anew.
    pub renewals: AtomicU64,
    begun: Instant,
    beat_ms: AtomicU64,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            following: watch::Sender::new(Following::Apart(None)),
            stalled: Notify::new(),
            renewals: AtomicU64::new(0),
            begun: Instant::now(),
            beat_ms: AtomicU64::new(0),
        }
    }
}

impl Shared {
    /// Whether the loop's thread gives no sign of life.
    pub fn is_stuck(&self) -> bool {
        let silent = self.now_ms().saturating_sub(self.beat_ms.load(Ordering::Relaxed));
        u128::from(silent) > BEAT_MISSED.as_millis()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn tell(&self, now: Following) {
        self.following.send_if_modified(|following| std::mem::replace(following, now) != now);
    }
}

/// See the module.
pub struct Follower {
    /// The cluster.
    pub address: Address,
    /// What must be in it.
    pub check: [u8; 32],
    /// Where its records go.
    pub copy: Copy,
    /// What others see.
    pub shared: Arc<Shared>,
    /// When to end.
    pub stopped: watch::Receiver<bool>,
}

impl Follower {
    /// Runs on a thread of its own until it is told to stop.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn spawn(self) -> std::io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()?;
        std::thread::Builder::new().name("ledger-follower".into()).spawn(move || {
            runtime.block_on(async {
                let mut stopped = self.stopped.clone();
                tokio::select! {
                    () = beat(self.shared.clone()) => {}
                    () = self.run() => {}
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
            });
        })
    }

    async fn run(mut self) {
        let mut pause = PAUSE_MIN;
        loop {
            let error = match self.follow().await {
                Ok(never) => match never {},
                Err(error) => error,
            };
            self.copy.keep();
            if *self.shared.following.borrow() == Following::Live {
                pause = PAUSE_MIN;
            }
            match error {
                CopyError::Lost(lost) => {
                    tracing::error!(reason = %lost, "the cluster is no longer followed");
                    self.shared.tell(Following::Lost(lost));
                    return std::future::pending().await;
                }
                CopyError::Trouble(trouble) => {
                    let reason = trouble.reason();
                    if reason == Reason::Missing {
                        self.copy.step_back();
                    }
                    tracing::warn!(reason = %reason, "the cluster is not followed; trying again");
                    self.shared.tell(Following::Apart(Some(reason)));
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Follows until something fails.
    async fn follow(&mut self) -> Result<std::convert::Infallible, CopyError> {
        // A client of its own each time: what the last one knew of the cluster may be gone.
        let connection = Connection::new(self.address.clone()).map_err(CopyError::Trouble)?;
        self.shared.renewals.fetch_add(1, Ordering::Relaxed);
        connection.check_version().await.map_err(CopyError::Trouble)?;
        match identity::read(&connection).await.map_err(CopyError::Trouble)? {
            Some(Held::Whole(check)) if check == self.check => {}
            Some(Held::Moving(check)) if check == self.check => return Err(Lost::Unfinished.into()),
            _ => return Err(Lost::Foreign.into()),
        }
        self.copy.check(&connection).await?;
        let end = connection.end().await.map_err(CopyError::Trouble)?.map_or(0, |end| end.commit);
        let mut feed = Feed::open(&connection, self.copy.cursor()).await.map_err(told)?;
        let mut kept = Instant::now();
        // What was missed in the feed before this one says nothing of this one.
        let _ = self.shared.stalled.notified().now_or_never();
        self.shared.tell(Following::CatchingUp(0, end));
        let mut is_live = false;
        loop {
            let silent = CopyError::Trouble(Trouble::NotDone(Reason::Deadline));
            let batch = tokio::select! {
                batch = feed.next() => batch.map_err(told)?,
                () = self.shared.stalled.notified(), if is_live => return Err(silent),
                () = tokio::time::sleep(SILENT) => {
                    if !is_live {
                        return Err(silent);
                    }
                    connection.is_led().await.map_err(CopyError::Trouble)?;
                    continue;
                }
            };
            let is_caught_up = batch.is_caught_up;
            self.copy.take(batch).await?;
            if kept.elapsed() > KEPT_EVERY {
                self.copy.keep();
                kept = Instant::now();
            }
            if is_caught_up {
                self.copy.keep();
                is_live = true;
                self.shared.tell(Following::Live);
            } else if !is_live {
                let at = self.copy.cursor().map_or(0, |cursor| cursor.commit);
                self.shared.tell(Following::CatchingUp(at, end.max(at)));
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.copy.keep();
    }
}

fn told(error: FeedError) -> CopyError {
    match error {
        FeedError::Trouble(trouble) => CopyError::Trouble(trouble),
        FeedError::Lost(lost) => lost.into(),
    }
}

async fn beat(shared: Arc<Shared>) {
    loop {
        shared.beat_ms.store(shared.now_ms(), Ordering::Relaxed);
        tokio::time::sleep(BEAT).await;
    }
}
