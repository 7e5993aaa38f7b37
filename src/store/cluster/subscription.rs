//! A subscription to the records of the ledger: first the records behind a position of the
//! cluster's log, then each record as it is written.
//! Always: records arrive in the order of the cluster's log. A subscription that broke returns an
//! error from then on, and its reader opens the next one at the position where this one ended.
//!
//! ```text
//! client crate ──> task forward_events ──> channel, bounded ──> RecordSubscription::next
//! ```
//! The task exists because the client crate's own `next` must not be cancelled while it waits: the
//! crate would start the subscription again. A receive from the channel can be cancelled safely.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use eventstore::{Position, RecordedEvent, Subscription, SubscriptionEvent};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::call_error::{CallError, CallFailure};
use super::connection::Connection;
use super::event::{self, ClusterEvent, ForeignEvent};
use super::follow_error::FollowError;
use crate::domain::stream::StreamName;
use crate::store::embedded::Imported;
use crate::store::harm::LossMark;

/// The channel holds at most this many events, about two deliveries.
const WAITING_EVENTS_MAX: usize = 8_192;

/// The events in the channel hold at most this many bytes together: one event may be 1 MiB.
const WAITING_BYTES_MAX: u32 = 32 * 1024 * 1024;

/// A delivery holds at most this many records, so that the copy commits them together.
const DELIVERY_RECORDS_MAX: usize = 4_096;

/// A delivery ends once it holds this many bytes: one record may be 1 MiB.
const DELIVERY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A subscription that the server has not confirmed within this time has failed.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(10);

/// A position in the cluster's own log. The ledger's positions are ranks and have another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClusterPosition {
    /// The commit position.
    pub commit: u64,
    /// The prepare position.
    pub prepare: u64,
}

impl From<Position> for ClusterPosition {
    fn from(Position { commit, prepare }: Position) -> Self {
        Self { commit, prepare }
    }
}

impl From<ClusterPosition> for Position {
    fn from(ClusterPosition { commit, prepare }: ClusterPosition) -> Self {
        Self { commit, prepare }
    }
}

/// The records and signals that a subscription has delivered since the last call.
#[derive(Debug, Default)]
pub struct DeliveredRecords {
    /// Records in the order of the cluster's log, each with its position there.
    pub records: Vec<(ClusterPosition, Imported)>,
    /// What others wrote, in the order of the cluster's log; each after the records before it.
    pub harm: Vec<HarmNews>,
    /// The subscription has delivered every record that existed when it reached the end.
    pub is_caught_up: bool,
    /// Every record up to this position has been delivered.
    pub delivered_up_to: Option<ClusterPosition>,
}

/// What somebody else wrote to a stream or to its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HarmNews {
    /// The first event of somebody else in a stream. What stands behind it in the stream is not
    /// delivered.
    Foreign(ForeignEvent),
    /// What the metadata of a stream mark now.
    Mark(StreamName, Option<LossMark>),
}

/// An event on its way through the channel, with its share of `WAITING_BYTES_MAX`, which is given
/// back when the permit is dropped.
type ForwardedEvent = (Result<SubscriptionEvent, CallError>, Option<OwnedSemaphorePermit>);

/// An open subscription.
pub struct RecordSubscription {
    events: mpsc::Receiver<ForwardedEvent>,
    forwarding: JoinHandle<()>,
    broken: Option<CallError>,
    /// The streams that hold an event of somebody else.
    tampered: HashSet<StreamName>,
}

impl RecordSubscription {
    /// Subscribes to the records behind a position, or to all records. `tampered` are the streams
    /// that held an event of somebody else up to there.
    ///
    /// # Errors
    /// The server does not confirm the subscription.
    pub async fn open(
        connection: &Connection,
        after: Option<ClusterPosition>,
        tampered: HashSet<StreamName>,
    ) -> Result<Self, FollowError> {
        let subscription = connection.subscribe(after.map(Position::from)).await;
        let (sender, events) = mpsc::channel(WAITING_EVENTS_MAX);
        let forwarding = tokio::spawn(forward_events(subscription, sender));
        let mut opened = Self { events, forwarding, broken: None, tampered };
        let confirmed = tokio::time::timeout(CONFIRMED_WITHIN, opened.receive());
        let late = FollowError::Call(CallError::NotDone(CallFailure::Deadline));
        match confirmed.await.map_err(|_| late)?? {
            SubscriptionEvent::Confirmed(_) => Ok(opened),
            _ => Err(CallError::NotDone(CallFailure::Client).into()),
        }
    }

    /// Returns the records that have arrived since the last call. If nothing has arrived, waits for
    /// the next event. A cancelled call loses nothing.
    ///
    /// # Errors
    /// The subscription broke, or delivered an event that cannot be skipped and holds no record.
    pub async fn next(&mut self) -> Result<DeliveredRecords, FollowError> {
        let mut delivery = DeliveredRecords::default();
        let mut bytes = 0;
        let mut next = Some(self.receive().await?);
        while let Some(event) = next {
            match event {
                SubscriptionEvent::CaughtUp => delivery.is_caught_up = true,
                SubscriptionEvent::Checkpoint(position) => {
                    delivery.delivered_up_to = Some(position.into());
                }
                SubscriptionEvent::EventAppeared(appeared) => {
                    // A link to an event that is gone has no event, and is no record.
                    if let Some(event) = &appeared.event {
                        bytes += self.take(event, &mut delivery)?;
                    }
                }
                _ => {}
            }
            let is_full =
                delivery.records.len() >= DELIVERY_RECORDS_MAX || bytes >= DELIVERY_BYTES_MAX;
            next = if is_full { None } else { self.try_receive() };
        }
        Ok(delivery)
    }

    /// Puts an event into a delivery. Returns the size of the record.
    fn take(
        &mut self,
        event: &RecordedEvent,
        delivery: &mut DeliveredRecords,
    ) -> Result<usize, FollowError> {
        let is_behind = !self.tampered.is_empty()
            && event.stream_id.parse().is_ok_and(|name| self.tampered.contains(&name));
        if is_behind {
            return Ok(0);
        }
        let position = event.position.into();
        let mut bytes = 0;
        match event::read(event)? {
            ClusterEvent::Other => return Ok(0),
            ClusterEvent::Record(record) => {
                bytes = record.record.len();
                delivery.records.push((position, record));
            }
            ClusterEvent::Foreign(foreign) => {
                self.tampered.insert(foreign.stream.clone());
                delivery.harm.push(HarmNews::Foreign(foreign));
            }
            ClusterEvent::Metadata(stream, mark) => {
                delivery.harm.push(HarmNews::Mark(stream, mark));
            }
        }
        delivery.delivered_up_to = Some(position);
        Ok(bytes)
    }

    /// [`Self::next`], with the error `Deadline` where nothing arrives within this time.
    ///
    /// # Errors
    /// As for [`Self::next`].
    pub async fn next_within(&mut self, time: Duration) -> Result<DeliveredRecords, FollowError> {
        let silent = FollowError::Call(CallError::NotDone(CallFailure::Deadline));
        tokio::time::timeout(time, self.next()).await.map_err(|_| silent)?
    }

    /// An event that has arrived already. An error is kept for the next call, so that the events
    /// before the error are delivered first.
    fn try_receive(&mut self) -> Option<SubscriptionEvent> {
        match self.events.try_recv() {
            Ok((Ok(event), _)) => Some(event),
            Ok((Err(error), _)) => {
                self.broken = Some(error);
                None
            }
            Err(_) => None,
        }
    }

    async fn receive(&mut self) -> Result<SubscriptionEvent, FollowError> {
        if let Some(error) = self.broken {
            return Err(error.into());
        }
        let ended = CallError::NotDone(CallFailure::Connection);
        let (event, _) = self.events.recv().await.unwrap_or((Err(ended), None));
        event.map_err(FollowError::Call)
    }
}

impl Drop for RecordSubscription {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}

/// Takes events off the client crate's subscription and puts them into the channel.
async fn forward_events(mut subscription: Subscription, events: mpsc::Sender<ForwardedEvent>) {
    let free_bytes = Arc::new(Semaphore::new(WAITING_BYTES_MAX as usize));
    loop {
        let event = subscription.next_subscription_event().await;
        let event = event.map_err(|error| CallError::from(&error));
        let is_last = event.is_err();
        let bytes = event.as_ref().map_or(0, size).min(WAITING_BYTES_MAX);
        let permit = free_bytes.clone().acquire_many_owned(bytes).await.ok();
        if events.send((event, permit)).await.is_err() || is_last {
            return;
        }
    }
}

fn size(event: &SubscriptionEvent) -> u32 {
    let SubscriptionEvent::EventAppeared(appeared) = event else { return 0 };
    let bytes = appeared.event.as_ref().map_or(0, |e| e.data.len() + e.custom_metadata.len());
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
