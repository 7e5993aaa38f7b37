//! The loop that follows the cluster: connect, check that the cluster holds this ledger, subscribe,
//! write what arrives into the copy.
//! Always: after a failure the loop tries again by itself, with growing pauses. It stops for good
//! only where a person has to look, and says why.
//!
//! The loop has a thread and a connection of its own. Where a server ends a subscription with the
//! status OK, the client crate's `next_subscription_event` reads on behind the end and never
//! returns. The loop's thread therefore gives a heartbeat, and a store without one reports
//! [`crate::store::Condition::Ended`], so that a supervisor restarts the process.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::address::ClusterAddress;
use super::call_error::{CallError, CallFailure};
use super::connection::Connection;
use super::follow_error::{FollowError, FollowStopReason};
use super::identity::{LedgerClaim, read_claim};
use super::log_copy::LogCopy;
use super::probe::explain;
use super::subscription::{DeliveredRecords, RecordSubscription};
use crate::work::{self, Control, Worker};

/// The first pause after the cluster was followed live; each further pause is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// No pause is longer, so that replicas come back soon after the cluster was repaired.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// While the copy catches up, a subscription without a delivery for this long has failed. Once it
/// is live, silence is normal, so the node is then asked whether it still leads: a node that lost
/// the leadership may keep a subscription open and say nothing (the server ends none at a change
/// of leader).
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// How far the cluster was read is written down this often. Writing it at each delivery would cost
/// a file a delivery; a restart compares at most what arrived within this time once more.
const PROGRESS_SAVED_EVERY: Duration = Duration::from_secs(1);

/// The loop's thread gives a heartbeat this often.
const HEARTBEAT_EVERY: Duration = Duration::from_millis(250);

/// Without a heartbeat for this long the thread is stuck. A machine that was asleep gives one at
/// once.
const HEARTBEAT_MISSED: Duration = Duration::from_secs(10);

/// How the cluster is followed at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowState {
    /// The cluster is not followed; why the last try failed.
    Disconnected(Option<CallFailure>),
    /// The copy catches up.
    CatchingUp {
        /// The commit position up to which the cluster's log was read.
        read_up_to: u64,
        /// The commit position at which the cluster's log ended.
        end: u64,
    },
    /// The copy has all records, and takes over each new one as it is written.
    Live,
    /// The loop has stopped for good.
    Stopped(FollowStopReason),
}

/// The meaning of a subscription that delivers nothing for [`SILENCE_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IfSilent {
    /// The copy catches up, so there is more to deliver: the subscription has failed.
    Failed,
    /// The subscription is live, and nothing may have been written.
    Normal,
}

/// What the loop and the store tell each other.
pub struct FollowerSignals {
    /// From the loop: how the cluster is followed, now and at each change.
    pub state: watch::Sender<FollowState>,
    /// To the loop: a writer knows of records that the subscription has not delivered in time, so
    /// subscribe again.
    pub subscription_stalled: Notify,
    /// How many connections the loop has made, the first one included.
    pub connections: AtomicU64,
    started: Instant,
    heartbeat_ms: AtomicU64,
}

impl Default for FollowerSignals {
    fn default() -> Self {
        Self {
            state: watch::Sender::new(FollowState::Disconnected(None)),
            subscription_stalled: Notify::new(),
            connections: AtomicU64::new(0),
            started: Instant::now(),
            heartbeat_ms: AtomicU64::new(0),
        }
    }
}

impl FollowerSignals {
    /// Whether the loop's thread gives no heartbeat.
    pub fn is_stuck(&self) -> bool {
        let silent = self.now_ms().saturating_sub(self.heartbeat_ms.load(Ordering::Relaxed));
        u128::from(silent) > HEARTBEAT_MISSED.as_millis()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn set_state(&self, new: FollowState) {
        self.state.send_if_modified(|state| std::mem::replace(state, new) != new);
    }

    async fn give_heartbeats(&self) {
        loop {
            self.heartbeat_ms.store(self.now_ms(), Ordering::Relaxed);
            tokio::time::sleep(HEARTBEAT_EVERY).await;
        }
    }
}

/// The loop and what it works on.
pub struct LogFollower {
    /// The cluster to follow.
    pub address: ClusterAddress,
    /// The check value of the keys of the ledger that the cluster must hold.
    pub keys_check: [u8; 32],
    /// Where the records go.
    pub copy: LogCopy,
    /// What the store sees of the loop.
    pub signals: Arc<FollowerSignals>,
}

impl LogFollower {
    /// Starts the loop as a worker. `beside` runs on the same thread, and ends with the loop.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        self,
        beside: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<Worker> {
        work::spawn("follower", CancellationToken::new(), async move |control| {
            let signals = self.signals.clone();
            tokio::select! {
                () = signals.give_heartbeats() => {}
                () = self.run(&control) => {}
                () = beside => {}
                () = control.stopped() => {}
            }
        })
    }

    async fn run(mut self, control: &Control) {
        let mut pause = PAUSE_MIN;
        loop {
            let Err(error) = self.follow_until_failure(control).await;
            control.failed();
            self.copy.save_progress();
            if *self.signals.state.borrow() == FollowState::Live {
                pause = PAUSE_MIN;
            }
            match error {
                FollowError::Stop(reason) => {
                    tracing::error!(reason = %reason, "the cluster is no longer followed");
                    self.signals.set_state(FollowState::Stopped(reason));
                    return std::future::pending().await;
                }
                FollowError::Call(error) => {
                    let reason = error.reason();
                    if reason == CallFailure::Missing {
                        self.copy.go_back_to_last_record();
                    }
                    self.signals.set_state(FollowState::Disconnected(Some(reason)));
                    let reason = explain(&self.address, reason).await;
                    tracing::warn!(reason = %reason, "the cluster is not followed; trying again");
                }
            }
            control.pause(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn follow_until_failure(&mut self, control: &Control) -> Result<Infallible, FollowError> {
        // A new connection each time: what the last client knew of the cluster may be outdated.
        let connection = Connection::new(self.address.clone())?;
        self.signals.connections.fetch_add(1, Ordering::Relaxed);
        connection.check_version().await?;
        self.check_claim(&connection).await?;
        self.copy.check_last_record(&connection).await?;
        let end = connection.last_position().await?.map_or(0, |end| end.commit);
        let mut subscription =
            RecordSubscription::open(&connection, self.copy.read_up_to(), self.copy.tampered())
                .await?;
        // A stall of the subscription before this one says nothing about this one.
        let _ = self.signals.subscription_stalled.notified().now_or_never();
        self.signals.set_state(FollowState::CatchingUp { read_up_to: 0, end });
        let mut saved_at = Instant::now();
        let mut if_silent = IfSilent::Failed;
        loop {
            let delivery = self.next_delivery(&connection, &mut subscription, if_silent).await?;
            let is_caught_up = delivery.is_caught_up;
            self.copy.take_over(delivery).await?;
            if is_caught_up || saved_at.elapsed() > PROGRESS_SAVED_EVERY {
                self.copy.save_progress();
                saved_at = Instant::now();
            }
            if is_caught_up {
                if_silent = IfSilent::Normal;
                control.succeeded();
                self.signals.set_state(FollowState::Live);
            } else if if_silent == IfSilent::Failed {
                let read_up_to = self.copy.read_up_to().map_or(0, |position| position.commit);
                let end = end.max(read_up_to);
                self.signals.set_state(FollowState::CatchingUp { read_up_to, end });
            }
        }
    }

    async fn check_claim(&self, connection: &Connection) -> Result<(), FollowError> {
        match read_claim(connection).await? {
            Some(LedgerClaim::Complete(keys_check)) if keys_check == self.keys_check => Ok(()),
            Some(LedgerClaim::Moving(keys_check)) if keys_check == self.keys_check => {
                Err(FollowStopReason::MoveUnfinished.into())
            }
            _ => Err(FollowStopReason::OtherLedger.into()),
        }
    }

    /// The next delivery. Fails where the subscription no longer delivers what is written.
    async fn next_delivery(
        &self,
        connection: &Connection,
        subscription: &mut RecordSubscription,
        if_silent: IfSilent,
    ) -> Result<DeliveredRecords, FollowError> {
        let silent = FollowError::Call(CallError::NotDone(CallFailure::Deadline));
        loop {
            tokio::select! {
                delivery = subscription.next() => return delivery,
                () = self.signals.subscription_stalled.notified(),
                    if if_silent == IfSilent::Normal => return Err(silent),
                () = tokio::time::sleep(SILENCE_MAX) => match if_silent {
                    IfSilent::Failed => return Err(silent),
                    IfSilent::Normal => connection.check_leader().await?,
                },
            }
        }
    }
}

impl Drop for LogFollower {
    fn drop(&mut self) {
        self.copy.save_progress();
    }
}
