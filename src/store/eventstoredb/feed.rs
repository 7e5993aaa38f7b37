//! All records of the cluster in the order of its log, then each as it is written.
//! Always: what comes is in order and without a gap as far as the cluster tells; a feed that broke
//! says so and ends, and whoever reads opens the next one where it was.

use std::time::Duration;

use eventstore::{Position, Subscription, SubscriptionEvent};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::connection::Connection;
use super::event::{self, NoRecord};
use super::trouble::{Reason, Trouble};
use crate::store::embedded::Imported;

/// So many events wait to be taken, about 5 MiB.
const WAITING_MAX: usize = 8_192;

/// So many records are taken at once.
const BATCH_RECORDS: usize = 4_096;

/// But no more than so many bytes: a record may be a mebibyte.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// A subscription that is not confirmed by then has failed.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(10);

/// A place in the cluster's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cursor {
    /// Its commit position.
    pub commit: u64,
    /// Its prepare position.
    pub prepare: u64,
}

impl From<Position> for Cursor {
    fn from(Position { commit, prepare }: Position) -> Self {
        Self { commit, prepare }
    }
}

impl From<Cursor> for Position {
    fn from(Cursor { commit, prepare }: Cursor) -> Self {
        Self { commit, prepare }
    }
}

/// Why a feed ended.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The cluster, or the way to it: open the next feed, unless it is final.
    #[error("{}", .0.reason())]
    Trouble(Trouble),
    /// A record there is none that can be read: a newer version wrote it, or it is damaged.
    #[error("the cluster has an event of type careRecord that this version cannot read")]
    Unreadable,
}

impl From<NoRecord> for FeedError {
    fn from(NoRecord: NoRecord) -> Self {
        Self::Unreadable
    }
}

/// What has come since the last time.
#[derive(Debug, Default)]
pub struct Batch {
    /// Records in the order of the cluster's log, each with its place there.
    pub records: Vec<(Cursor, Imported)>,
    /// The feed has shown all that was there.
    pub is_caught_up: bool,
}

/// An open feed.
pub struct Feed {
    events: mpsc::Receiver<Result<SubscriptionEvent, Trouble>>,
    pump: JoinHandle<()>,
    broken: Option<Trouble>,
}

impl Feed {
    /// Opens a feed of what lies behind a place, or of everything.
    pub async fn open(connection: &Connection, after: Option<Cursor>) -> Result<Self, FeedError> {
        let subscription = connection.subscribe(after.map(Position::from)).await;
        let (sender, events) = mpsc::channel(WAITING_MAX);
        let pump = tokio::spawn(pump(subscription, sender));
        let mut feed = Self { events, pump, broken: None };
        let confirmed = tokio::time::timeout(CONFIRMED_WITHIN, feed.receive());
        let late = FeedError::Trouble(Trouble::NotDone(Reason::Deadline));
        match confirmed.await.map_err(|_| late)?? {
            SubscriptionEvent::Confirmed(_) => Ok(feed),
            _ => Err(FeedError::Trouble(Trouble::NotDone(Reason::Client))),
        }
    }

    /// What has come since the last time, or the next thing that comes. Can be given up and asked
    /// again.
    pub async fn next(&mut self) -> Result<Batch, FeedError> {
        let mut batch = Batch::default();
        let mut bytes = 0;
        let mut next = Some(self.receive().await?);
        while let Some(event) = next {
            match event {
                SubscriptionEvent::CaughtUp => batch.is_caught_up = true,
                SubscriptionEvent::EventAppeared(appeared) => {
                    // Without an event it is a link to one that is gone: not ours.
                    let position = appeared.event.as_ref().map(|event| event.position);
                    let record = appeared.event.as_ref().map(event::record).transpose()?.flatten();
                    if let (Some(position), Some(record)) = (position, record) {
                        bytes += record.record.len();
                        batch.records.push((position.into(), record));
                    }
                }
                _ => {}
            }
            let is_full = batch.records.len() >= BATCH_RECORDS || bytes >= BATCH_BYTES;
            next = if is_full { None } else { self.waiting() };
        }
        Ok(batch)
    }

    /// What has come already. A failure stays for the next time: what came before it counts.
    fn waiting(&mut self) -> Option<SubscriptionEvent> {
        match self.events.try_recv() {
            Ok(Ok(event)) => Some(event),
            Ok(Err(trouble)) => {
                self.broken = Some(trouble);
                None
            }
            Err(_) => None,
        }
    }

    async fn receive(&mut self) -> Result<SubscriptionEvent, FeedError> {
        if let Some(trouble) = self.broken {
            return Err(FeedError::Trouble(trouble));
        }
        let ended = Trouble::NotDone(Reason::Connection);
        self.events.recv().await.unwrap_or(Err(ended)).map_err(FeedError::Trouble)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// Takes events off the subscription. Its own `next` must not be given up while it waits: it would
/// begin the subscription anew.
async fn pump(
    mut subscription: Subscription,
    events: mpsc::Sender<Result<SubscriptionEvent, Trouble>>,
) {
    loop {
        let event = subscription.next_subscription_event().await;
        let event = event.map_err(|error| Trouble::from(&error));
        let is_last = event.is_err();
        if events.send(event).await.is_err() || is_last {
            return;
        }
    }
}
