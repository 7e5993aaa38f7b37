//! All records of the cluster in the order of its log, then each as it is written.
//! Always: what comes is in order and without a gap as far as the cluster tells; a feed that broke
//! says so and ends, and whoever reads opens the next one where it was.

use std::sync::Arc;
use std::time::Duration;

use eventstore::{Position, Subscription, SubscriptionEvent};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::connection::Connection;
use super::copy::Lost;
use super::event::{self, NoRecord};
use super::trouble::{Reason, Trouble};
use crate::store::embedded::Imported;

/// So many events wait to be taken, and so many bytes of them: an event may be a mebibyte.
const WAITING_MAX: usize = 8_192;
const WAITING_BYTES_MAX: u32 = 32 * 1024 * 1024;

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
    /// An event that is not to be passed over, and holds no record.
    #[error(transparent)]
    Lost(#[from] Lost),
}

impl From<NoRecord> for FeedError {
    fn from(event: NoRecord) -> Self {
        Self::Lost(match event {
            NoRecord::Unreadable => Lost::Unreadable,
            NoRecord::Alien => Lost::Alien,
        })
    }
}

/// What has come since the last time.
#[derive(Debug, Default)]
pub struct Batch {
    /// Records in the order of the cluster's log, each with its place there.
    pub records: Vec<(Cursor, Imported)>,
    /// The feed has shown all that was there.
    pub is_caught_up: bool,
    /// Nothing of ours lies before this place that has not come.
    pub seen: Option<Cursor>,
}

/// What the pump hands over; its room is given back when it is dropped.
type Pumped = (Result<SubscriptionEvent, Trouble>, Option<OwnedSemaphorePermit>);

/// An open feed.
pub struct Feed {
    events: mpsc::Receiver<Pumped>,
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
                SubscriptionEvent::Checkpoint(position) => batch.seen = Some(position.into()),
                SubscriptionEvent::EventAppeared(appeared) => {
                    // Without an event it is a link to one that is gone: not ours.
                    let position = appeared.event.as_ref().map(|event| event.position);
                    let record = appeared.event.as_ref().map(event::record).transpose()?.flatten();
                    if let (Some(position), Some(record)) = (position, record) {
                        bytes += record.record.len();
                        batch.seen = Some(position.into());
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

    /// The same, if something comes within this time.
    pub async fn next_within(&mut self, time: Duration) -> Result<Batch, FeedError> {
        let silent = FeedError::Trouble(Trouble::NotDone(Reason::Deadline));
        tokio::time::timeout(time, self.next()).await.map_err(|_| silent)?
    }

    /// What has come already. A failure stays for the next time: what came before it counts.
    fn waiting(&mut self) -> Option<SubscriptionEvent> {
        match self.events.try_recv() {
            Ok((Ok(event), _)) => Some(event),
            Ok((Err(trouble), _)) => {
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
        let (event, _) = self.events.recv().await.unwrap_or((Err(ended), None));
        event.map_err(FeedError::Trouble)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// Takes events off the subscription. Its own `next` must not be given up while it waits: it would
/// begin the subscription anew.
async fn pump(mut subscription: Subscription, events: mpsc::Sender<Pumped>) {
    let room = Arc::new(Semaphore::new(WAITING_BYTES_MAX as usize));
    loop {
        let event = subscription.next_subscription_event().await;
        let event = event.map_err(|error| Trouble::from(&error));
        let is_last = event.is_err();
        let bytes = event.as_ref().map_or(0, size).min(WAITING_BYTES_MAX);
        let place = room.clone().acquire_many_owned(bytes).await.ok();
        if events.send((event, place)).await.is_err() || is_last {
            return;
        }
    }
}

fn size(event: &SubscriptionEvent) -> u32 {
    let SubscriptionEvent::EventAppeared(appeared) = event else { return 0 };
    let bytes = appeared.event.as_ref().map_or(0, |e| e.data.len() + e.custom_metadata.len());
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
